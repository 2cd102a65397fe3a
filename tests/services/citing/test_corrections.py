"""What staff write in place of an answer: their words, and the moments that they cite by number."""

import pytest

from db.records import Hit, LectureId, Reference, SegmentId
from services.citing.corrections import TooManyMarks, WrongMark, corrected

FIRST = Reference(
    number=1,
    segment_id=SegmentId(1),
    lecture="a",
    title="A",
    start_s=5,
    end_s=9,
    url="https://youtu.be/x?t=5",
    quote="um",
)
SECOND = Reference(
    number=2,
    segment_id=SegmentId(2),
    lecture="a",
    title="A",
    start_s=50,
    end_s=59,
    url="https://youtu.be/x?t=50",
    quote="dois",
)


def passage(rank: int) -> Hit:
    return Hit(
        rank=rank,
        segment_id=SegmentId(10 + rank),
        lecture_id=LectureId(1),
        lecture="b",
        title="B",
        language="pt",
        video_url="https://youtu.be/y",
        duration_s=None,
        start_s=100.0 * rank,
        end_s=100.0 * rank + 60,
        score=None,
        text="Hoje falamos de memória. A LSTM soma em vez de multiplicar o gradiente.",
        cue_offsets=(0, 25),
        cue_starts_s=(100.0 * rank, 100.0 * rank + 30),
    )


HITS = [passage(rank) for rank in range(1, 8)]


def test_a_reference_is_kept_by_its_number_and_numbered_by_first_mention() -> None:
    cited = corrected("A LSTM soma [2]. O gradiente encolhe [1].", [FIRST, SECOND], [])

    assert cited.text == "A LSTM soma [1]. O gradiente encolhe [2]."
    assert [(one.number, one.quote) for one in cited.references] == [(1, "dois"), (2, "um")]


def test_a_passage_is_cited_at_the_cue_that_says_so() -> None:
    cited = corrected("A LSTM soma em vez de multiplicar [T2].", [FIRST], HITS)

    [reference] = cited.references
    assert cited.text == "A LSTM soma em vez de multiplicar [1]."
    assert (reference.segment_id, reference.start_s) == (12, 228.0)  # two seconds before the cue at 230
    assert "youtu.be/y" in (reference.url or "")


def test_the_same_moment_cited_twice_is_one_reference() -> None:
    cited = corrected("Soma [1]. E soma [1].", [FIRST], [])

    assert (cited.text, len(cited.references)) == ("Soma [1]. E soma [1].", 1)


@pytest.mark.parametrize("mark", ["[3]", "[0]", "[t0]", "[t8]", "[t99]"])
def test_a_mark_that_points_at_nothing_is_told(mark: str) -> None:
    with pytest.raises(WrongMark) as wrong:
        corrected(f"Soma {mark}.", [FIRST, SECOND], HITS)

    assert str(wrong.value) == mark


def test_more_than_five_moments_are_too_many() -> None:
    with pytest.raises(TooManyMarks):
        corrected("a [t1] b [t2] c [t3] d [t4] e [t5] f [t6]", [], HITS)


def test_addresses_are_taken_out_and_code_stays() -> None:
    cited = corrected("Veja https://evil.example/x e `v[i]` [1].", [FIRST], [])

    assert cited.text == "Veja e `v[i]` [1]."


def test_words_without_a_mark_are_an_answer_too() -> None:
    assert corrected("Isso é com a secretaria.", [FIRST], HITS).references == ()
