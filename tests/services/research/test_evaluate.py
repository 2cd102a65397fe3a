"""Figures of retrieval: what counts as a hit, and what the measures say of it."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Hit, LectureId, SegmentId
from services.errors import Refused
from services.research.evaluate import (
    EvalQuestion,
    Moment,
    Outcome,
    by_group,
    covers,
    figures,
    first_relevant,
    ndcg,
    read_set,
)


def hit(rank: int, start: float, end: float, lecture: str = "a") -> Hit:
    return Hit(
        rank=rank,
        segment_id=SegmentId(rank),
        lecture_id=LectureId(1),
        lecture=lecture,
        title=lecture,
        language="pt",
        video_url=None,
        duration_s=None,
        start_s=start,
        end_s=end,
        score=None,
        text="x",
        cue_offsets=(0,),
        cue_starts_s=(start,),
    )


def asked(hits: Sequence[Hit], *moments: tuple[float, float], lang: str = "pt", tags: tuple[str, ...] = ()) -> Outcome:
    relevant = tuple(Moment(lecture_id="a", start=start, end=end) for start, end in moments)
    question = EvalQuestion(id="1", lang=lang, question="?", relevant=relevant, tags=tags)
    return Outcome(question=question, hits=tuple(hits), latency_ms=1.0)


@pytest.mark.parametrize(
    ("start", "end", "counts"),
    [
        (0, 115, True),  # 15 s of a minute
        (0, 114, False),
        (140, 200, True),
        (160, 200, False),
        (110, 120, False),  # wholly inside, but short of both
    ],
)
def test_a_hit_counts_when_it_overlaps_fifteen_seconds(start: float, end: float, *, counts: bool) -> None:
    assert covers(hit(1, start, end), Moment(lecture_id="a", start=100, end=160)) is counts


def test_half_of_a_short_moment_is_enough() -> None:
    assert covers(hit(1, 0, 105), Moment(lecture_id="a", start=100, end=110))
    assert not covers(hit(1, 0, 104), Moment(lecture_id="a", start=100, end=110))


def test_another_lecture_never_counts() -> None:
    assert not covers(hit(1, 0, 500, lecture="b"), Moment(lecture_id="a", start=100, end=160))


def test_recall_and_reciprocal_rank_of_three_questions() -> None:
    miss = [hit(rank, 900, 950) for rank in range(1, 11)]
    results = [
        asked([hit(1, 100, 160)], (100, 160)),
        asked([*miss[:3], hit(4, 100, 160)], (100, 160)),
        asked(miss, (100, 160)),
    ]

    reached = figures(results)

    assert (reached.recall_at_1, reached.recall_at_5, reached.recall_at_10) == (1 / 3, 2 / 3, 2 / 3)
    assert reached.mrr_at_10 == pytest.approx((1 + 1 / 4) / 3)


def test_a_second_hit_on_the_same_moment_gains_nothing() -> None:
    twice = asked([hit(1, 100, 160), hit(2, 100, 160)], (100, 160), (500, 560))
    both = asked([hit(1, 100, 160), hit(2, 500, 560)], (100, 160), (500, 560))

    assert ndcg(both) == 1
    assert ndcg(twice) == pytest.approx(1 / (1 + 1 / math.log2(3)))


@given(st.lists(st.tuples(st.floats(0, 900), st.floats(1, 200)), max_size=10), st.integers(1, 5))
def test_every_measure_lies_between_nothing_and_all(spans: list[tuple[float, float]], moments: int) -> None:
    hits = [hit(rank, start, start + width) for rank, (start, width) in enumerate(spans, start=1)]
    outcome = asked(hits, *((200.0 * i, 200.0 * i + 60) for i in range(moments)))

    assert 0 <= ndcg(outcome) <= 1 + 1e-9
    assert (first_relevant(outcome) is None) == (ndcg(outcome) == 0)


def test_questions_without_an_answer_are_not_part_of_the_figures() -> None:
    groups = by_group([asked([hit(1, 100, 160)], (100, 160), tags=("typo",)), asked([], lang="en")])

    assert list(groups) == ["all", "same-language", "lang pt", "tag typo"]
    assert groups["all"].questions == 1


def test_a_set_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    line = {"id": "q", "lang": "pt", "question": "?", "relevant": [{"lecture_id": "a", "start": 1, "end": 2}]}
    path.write_text(json.dumps(line) + "\n\n" + json.dumps({"id": "r", "question": "?", "relevant": []}))

    assert [question.id for question in read_set(path)] == ["q", "r"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "line 1"),
        ('{"id": "q", "question": "", "relevant": []}', "line 1, cannot be used (question:"),
        ('{"id": "q", "question": "?"}', "relevant"),
        ('{"id": "q", "question": "?", "relevant": []}', "no question with a relevant moment"),
        ('{"id":"q","question":"?","relevant":[{"lecture_id":"a","start":9,"end":3}]}', "end"),
    ],
)
def test_a_set_that_cannot_be_used_is_refused_by_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(text)

    with pytest.raises(Refused) as refusal:
        read_set(path)

    assert says in str(refusal.value)
    assert "set.jsonl" in str(refusal.value)


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere\.jsonl"):
        read_set(tmp_path / "nowhere.jsonl")
