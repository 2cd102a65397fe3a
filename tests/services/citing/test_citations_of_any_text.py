"""What holds for citations whatever a model writes."""

import re
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from db.records import Hit
from services.citing.citations import (
    MOST_REFERENCES,
    NEIGHBOURS_S,
    SPACED,
    Cited,
    is_list,
    resolve,
)
from services.notation.parts import masked
from tests.passages import hit
from tests.services.citing.test_citations import ATTENTION, RECURRENT

WORDS = st.sampled_from(
    [
        "gradiente",
        "matriz",
        "LSTM",
        "tensor",
        "caixa",
        "softmax",
        "scores",
        "64",
        "a",
        ".",
        ",",
        "\n\n",
        "-",
        "(",
        ")",
        "`",
        "[",
        "]",
        "[0,1]",
        "x[1]",
        "`x[1]`",
        "[2](y)",
    ]
)


MARKS = st.integers(0, 12).map(lambda number: f"[{number}]") | st.sampled_from(
    ["[1, 2]", "[1-3]", "【2】", "[^3]", "([1])"]
)


LINKS = st.sampled_from(
    ["https://evil.example/x", "www.a.b", "youtu.be/x", "[w](https://e.x)", "http:", "//evil.example", "://", "ht"]
)


GAPS = st.sampled_from(["", " ", "  ", ". ", "\n"])


DRAFTS = st.lists(st.tuples(WORDS | MARKS | LINKS, GAPS), max_size=25).map(
    lambda parts: "".join(a + b for a, b in parts)
)


MARK_IN_TEXT = re.compile(r"(?<![\w\])])(?<!\w\()\[([1-9][0-9]*)\]")


CODE_IN_TEXT = re.compile(r"```.*?(?:```|\Z)|``.+?``|`[^`\n]+`", re.DOTALL)


@st.composite
def passages(draw: st.DrawFn) -> list[Hit]:
    cues = st.lists(st.sampled_from([*RECURRENT.text.split(", "), *ATTENTION.text.split(", ")]), min_size=1, max_size=5)
    return [
        hit(
            *draw(cues),
            rank=rank,
            lecture=draw(st.sampled_from(["aula-1", "aula-2", "aula-3"])),
            start_s=draw(st.floats(0, 500)),
            duration_s=draw(st.none() | st.floats(1, 600)),
            video_url=draw(st.sampled_from([None, "https://youtu.be/abc"])),
        )
        for rank in range(1, draw(st.integers(1, 11)))
    ]


def numbers_in(text: str) -> list[int]:
    chained = re.sub(r"(?<=\])(?=\[)", " ", CODE_IN_TEXT.sub("", text))
    return [int(number) for number in MARK_IN_TEXT.findall(chained)]


@given(DRAFTS, passages())
def test_every_reference_lies_in_its_passage_and_before_the_end_of_the_video(draft: str, hits: Sequence[Hit]) -> None:
    cited = resolve(draft, hits)

    assert [reference.number for reference in cited.references] == list(range(1, len(cited.references) + 1))
    assert len(cited.references) <= MOST_REFERENCES
    for reference in cited.references:
        passage = next(hit for hit in hits if hit.segment_id == reference.segment_id)
        assert passage.start_s <= reference.start_s <= passage.end_s
        assert reference.start_s <= reference.end_s
        assert passage.duration_s is None or reference.start_s < passage.duration_s
        assert reference.quote
        assert reference.quote in passage.text
        assert (reference.url is None) == (passage.video_url is None)


@given(DRAFTS, passages())
def test_references_of_one_lecture_are_never_neighbours(draft: str, hits: Sequence[Hit]) -> None:
    shown = sorted(resolve(draft, hits).references, key=lambda reference: (reference.lecture, reference.start_s))

    for one, other in pairwise(shown):
        assert one.lecture != other.lecture or other.start_s - one.end_s >= NEIGHBOURS_S


@given(
    st.lists(st.tuples(st.sampled_from(["gradiente", "tensor [0, 1]", "`x[1]`", "LSTM"]), MARKS), max_size=12),
    passages(),
)
def test_marks_and_references_are_the_same_numbers_in_order(parts: list[tuple[str, str]], hits: Sequence[Hit]) -> None:
    cited = resolve(" ".join(f"{word} {mark}." for word, mark in parts), hits)

    assert list(dict.fromkeys(numbers_in(cited.text))) == [reference.number for reference in cited.references]


@given(DRAFTS, passages())
def test_no_address_survives(draft: str, hits: Sequence[Hit]) -> None:
    text = CODE_IN_TEXT.sub("", resolve(draft, hits).text)

    assert not re.search(r"\w://|\bwww\.\w|(?<![\w@.-])youtu\.be/\w", text)


@given(st.text("abc `.,;()\n!?-é", max_size=60), passages())
def test_a_text_without_marks_and_addresses_is_unchanged(draft: str, hits: Sequence[Hit]) -> None:
    assert resolve(draft, hits) == Cited(text=draft, references=())


@given(DRAFTS)
def test_without_passages_no_mark_is_left(draft: str) -> None:
    cited = resolve(draft, [])

    assert cited.references == ()
    # A list in code-like text, such as "([1, 2]", is no mark and stays.
    assert all(is_list(cited.text, marks) for marks in SPACED.finditer(masked(cited.text)))


@given(
    st.lists(
        st.tuples(st.sampled_from(["O gradiente passa pela matriz", "A LSTM soma", "O softmax satura"]), MARKS),
        max_size=8,
    ),
    passages(),
)
def test_a_result_is_stable_for_the_passages_that_it_cites(parts: list[tuple[str, str]], hits: Sequence[Hit]) -> None:
    once = resolve(" ".join(f"{word} {mark}." for word, mark in parts), hits)
    cited = [next(hit for hit in hits if hit.segment_id == reference.segment_id) for reference in once.references]

    assert numbers_in(resolve(once.text, cited).text) or not cited
    assert re.sub(r"\s?\[\d+\]", "", resolve(once.text, cited).text) == re.sub(r"\s?\[\d+\]", "", once.text)
