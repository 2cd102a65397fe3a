import pytest
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


@pytest.mark.parametrize("code", ["```python\na = 1\n\nb = 2\n```", "`a. b. c`", "`um dois`"])
def test_no_page_ends_within_code_that_a_page_can_hold(code: str) -> None:
    text = "palavra" * 230 + code + "palavra" * 60

    assert sum(code in page for page in split(text)) == 1


def test_a_block_that_would_not_fit_begins_the_next_page_and_a_longer_one_ends_after_a_line() -> None:
    block = "```python\n" + "linha = 1\n" * 100 + "```"
    first, second = split("palavra " * 150 + "\n\n" + block)

    assert "```" not in first
    assert second == block

    first, second = split("palavra " * 150 + "\n\n" + block.replace("\n```", "\n" + "linha = 2\n" * 150 + "```"))
    assert first.endswith("linha = 1\n```")
    assert second.startswith("```python\nlinha = 1\n")
