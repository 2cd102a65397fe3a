from hypothesis import given
from hypothesis import strategies as st

from bot.discord.messages.splitting import LONGEST, MOST, split

WORDS = st.sampled_from(["palavra", "```python\n", "\n```\n", "\n\n", "fim. ", "x" * 300, " ", "~", "`"])


def test_a_short_text_is_one_page() -> None:
    assert split("O gradiente some.") == ["O gradiente some."]


def test_a_page_ends_at_a_paragraph() -> None:
    first, second = split("a" * 1_200 + "\n\n" + "b" * 1_200)

    assert (set(first), set(second)) == ({"a"}, {"b"})


def test_a_code_block_is_closed_and_opened_again() -> None:
    first, second = split("```python\n" + "x = 1\n" * 500 + "```")

    assert first.endswith("```")
    assert second.startswith("```python\n")


def test_code_keeps_its_indentation_over_pages() -> None:
    pages = split("```python\nif x:\n" + "    y = 1\n" * 300 + "```")

    assert all(page.split("\n")[-2] == "    y = 1" for page in pages)
    assert pages[1].startswith("```python\n    y = 1\n")


def test_a_code_block_that_begins_in_a_line_is_closed_too() -> None:
    first, second = split("Assim: ```python\n" + "x = 1\n" * 500 + "```")

    assert first.endswith("\n```")
    assert second.startswith("```python\n")


@given(st.lists(WORDS, max_size=400))
def test_no_page_is_too_long_and_every_block_is_closed(words: list[str]) -> None:
    pages = split("".join(words))

    assert len(pages) <= MOST
    for page in pages:
        assert len(page) <= LONGEST
        assert page.count("```") % 2 == 0, page
