"""No way of an answer cuts a block of code or a formula, or lets a mark, link or mention out of one or into one."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.discord.messages.answers import answer, draft
from bot.discord.messages.defang import harmless
from bot.discord.messages.layout import Page
from bot.discord.messages.splitting import LONGEST, ROOM, split
from db.records import Hit, Reference, SegmentId
from services.answering.drafts import preview
from services.citing.attribution import attributed
from services.citing.citations import claims, resolve
from services.citing.corrections import WrongMark, corrected
from services.citing.marks import has_marks, normalised
from services.notation.parts import CODES, FORMULAS, beginning, code_masked, masked, read
from services.notation.shown import MOST_DRAWN, shown, to_draw, undrawn
from services.research.dossier import one_line
from tests.bot.discord.made_up.answers import reply
from tests.fake_discord.markdown import seen
from tests.passages import hit

HITS: tuple[Hit, ...] = (hit("O gradiente encolhe até sumir nas redes recorrentes longas."),)
INSIDE = [
    *(
        "[1]",
        "[ 1, 2 ]",
        "https://evil.example/x",
        "<@123456789>",
        "@everyone",
        "(1)",
        "x",
        "1",
        "[t1]",
        "|| y ||",
        ". ",
    ),
    *("[2](https://evil.example)", "¹", "【1】", "\\[1\\]"),
]
MARK = "O gradiente encolhe até sumir nas redes recorrentes [1]. "
OUTSIDE = [
    MARK,
    *("Custa R$ 5. ", "fora ", "\n\n", "**sim** ", "\n"),
]


def held(opening: str, closing: str) -> st.SearchStrategy[str]:
    """Something that stays code wherever it is shown: no such command of LaTeX is known."""
    words = st.lists(st.sampled_from(INSIDE), min_size=1, max_size=8).map(" = ".join)
    return words.map(lambda inside: f"{opening}\\nosuch {inside} \\nosuch{closing}")


PARTS = st.one_of(
    st.sampled_from(OUTSIDE),
    held("```python\n", "\n```\n"),
    st.just("```python\n\\nosuch(1)\n\n# Fontes:\n[1]: x\n\nprint(1)\n\\nosuch\n```\n"),
    held("`", "` "),
    held(r"\(", r"\) "),
    held(r"\begin{align}", r"\end{align} "),
    held("$$", "$$ "),
    held("$", "$ "),
)
TEXTS = st.lists(PARTS, min_size=1, max_size=12).map("".join)
LONG = st.lists(st.one_of(PARTS, st.sampled_from([one * 30 for one in OUTSIDE])), min_size=1, max_size=40).map("".join)


CUT_MARK = re.compile(r"\[[0-9]+\Z")
LINKED = (("[1]", "https://youtu.be/a_b?t=1"), ("[2]", "https://cdn.example/Aula%2005.mp4#t=75"))
STRAY = [
    "[0, 1) ",
    "a<b[1] ",
    "[ver ",
    "] ",
    "`",
    "\\`",
    "**",
    "_init ",
    "w_i [1] ",
    "[1][2] ",
    "[[2]] ",
    "\\[1] ",
    "(",
    "x <[1] ",
    r"\([1]\) ",
    r"$x = [1] + [2]$ ",
    "<«x»[1] ",
    "x" * 1_970 + "»",
]
WRITTEN = st.lists(st.one_of(PARTS, st.sampled_from([*OUTSIDE, *STRAY, *INSIDE])), min_size=1, max_size=40).map("".join)


def moment(number: int, url: str | None) -> Reference:
    return Reference(
        number=number, segment_id=SegmentId(7), lecture="a", title="A", start_s=0, end_s=1, url=url, quote="q"
    )


MOMENTS = (*(moment(number, url) for number, (_, url) in enumerate(LINKED, start=1)), moment(3, None))


def insides(text: str) -> list[str]:
    return [" ".join(part.inside.split()) for part in read(text) if part.kind != "prose"]


def prose(text: str) -> str:
    return "".join(text[part.start : part.end] for part in read(text) if part.kind == "prose")


@given(TEXTS)
def test_marks_links_and_lists_of_sources_leave_code_and_formulas_as_they_are(text: str) -> None:
    cited = resolve(normalised(text), HITS)

    assert insides(cited.text) == insides(text)
    assert "nosuch" not in prose(cited.text)
    assert has_marks(cited.text) == bool(claims(cited.text))


@given(TEXTS)
def test_a_sentence_without_marks_keeps_its_formulas_or_goes_with_them(text: str) -> None:
    kept = attributed(text.replace("[1]", ""), HITS)

    assert "nosuch" not in prose(kept)
    assert set(insides(kept)) <= set(insides(text.replace("[1]", "")))


@given(TEXTS)
def test_a_correction_keeps_them_whole_and_reads_no_mark_in_them(text: str) -> None:
    try:
        cited = corrected(text, MOMENTS[:1], HITS)
    except WrongMark as wrong:
        pytest.fail(f"{wrong} stands inside")

    assert insides(cited.text) == insides(text)
    assert len(cited.references) == ("[1]" in prose(text))


@given(TEXTS)
def test_the_marks_of_a_correction_are_links_to_what_it_cites_and_to_nothing_else(text: str) -> None:
    cited = corrected(text, MOMENTS[:1], HITS)
    pages = answer(replace(reply("answered", "pt-BR", cited.text), references=cited.references), "pt-BR")
    links = [link for page in pages for link in seen(page.content).links]

    assert set(links) == {LINKED[0]} & set(links)
    assert bool(links) == bool(cited.references)
    assert not any("nosuch" in outside_code(page.content) for page in pages)


@given(st.integers(1_880, 1_995), st.sampled_from(["a = b + c", r"\nabla L = x_i - y_i", r"x \le y \implies y > 0"]))
def test_no_page_ends_within_a_formula(length: int, latex: str) -> None:
    text = ("palavra " * 250)[:length] + rf" \({latex}\) " + "fim " * 20
    written = shown(rf"\({latex}\)", (), "pt-BR")

    assert " " not in written
    assert sum(written in page for page in split(harmless(shown(text, (), "pt-BR")))) == 1


@given(TEXTS, st.data())
def test_a_draft_shows_no_half_of_one(text: str, data: st.DataObject) -> None:
    written = text[: data.draw(st.integers(0, len(text)))]

    shown_so_far = preview(written)

    assert "nosuch" not in prose(shown_so_far)
    assert "nosuch" not in outside_code(draft(shown_so_far))
    assert not seen(draft(shown_so_far)).links


@given(TEXTS)
def test_an_export_on_one_line_and_a_form_keep_them_whole(text: str) -> None:
    assert [one.removeprefix("python ") for one in insides(one_line(text))] == insides(text)
    assert "nosuch" not in prose(one_line(text))
    for most in range(0, len(text), 7):
        assert "nosuch" not in prose(beginning(text, most))
        assert len(beginning(text, most)) <= most


@given(LONG)
def test_pages_cut_none_that_a_page_can_hold(text: str) -> None:
    for written in (undrawn(text), shown(text, to_draw(text), "pt-BR")):
        safe = harmless(written)
        pages = split(safe, most=50)

        assert all(len(page) <= LONGEST for page in pages)
        assert not any("nosuch" in outside_code(page) for page in pages)
        wanted = [safe[part.start : part.end] for part in read(safe) if part.kind in CODES]
        for code in wanted:
            assert len(code) > LONGEST - ROOM or any(code in page for page in pages)
        assert sum(page.count("```") for page in pages) == safe.count("```")


@given(TEXTS)
def test_nothing_that_stands_inside_acts_in_discord(text: str) -> None:
    acting = outside_code(harmless(shown(text, to_draw(text), "pt-BR")))

    assert not any(bad in acting for bad in ("nosuch", "evil", "<@", "@everyone", "||"))


@example(MARK.join(["[0, 1) ", ""]))
@example(MARK.join(["um ` solto ", "\ne ` outro ", ""]))
@example("x" * 1_955 + "»[1][2]" + " fim" * 20)
@example(MARK.join([r"\([2] + y\) ", ""]))
@given(WRITTEN)
def test_each_mark_that_is_a_link_opens_its_moment_and_nothing_else_is_one(text: str) -> None:
    told = reply("answered", "pt-BR", text)
    for page in answer(replace(told, references=MOMENTS), "pt-BR"):
        read_by_people = seen(page.content)

        assert set(read_by_people.links) <= {LINKED[number - 1] for number in claims(text) if number <= len(LINKED)}
        assert len(read_by_people.links) == page.content.count("](<https://")
        assert not read_by_people.bare
        assert not any("](<https://" in code for code in read_by_people.code)
        assert not CUT_MARK.search(page.content)
        assert len(page.content) <= LONGEST


@given(WRITTEN)
def test_links_change_no_word_of_an_answer_and_cost_no_page(text: str) -> None:
    told = reply("answered", "pt-BR", text)
    plain = answer(replace(told, references=()), "pt-BR")
    linked = answer(replace(told, references=MOMENTS), "pt-BR")

    assert len(linked) == len(plain)
    assert said(linked) == said(plain)


def said(pages: Sequence[Page]) -> str:
    """The words of all pages, without what a page or a defence adds."""
    content = "".join(one.content.removesuffix("\n```") for one in pages)
    return re.sub(r"\]\(<https://[^\s<>]*>\)|```(?:python\n)?|[\s\\\[\]\u200b]", "", content)


@given(TEXTS)
def test_at_most_so_many_formulas_are_drawn_and_each_is_in_the_text(text: str) -> None:
    drawn = to_draw(text)

    assert len(drawn) <= MOST_DRAWN
    assert set(drawn) <= {part.inside for part in read(text) if part.kind in FORMULAS}


def outside_code(page: str) -> str:
    """What of a page Discord does not show as code."""
    return code_masked(page)


def test_the_masks_agree() -> None:
    assert masked("`a` $b$ c", CODES) == code_masked("`a` $b$ c")
