"""Weights are earned: the best that harms neither side, and none where none is harmless."""

import pytest

from db.records import Hit, LectureId, SegmentId
from services.research.calibrate import GRID, TIMES, Sides, Tried, Weights, choose, others
from services.research.evaluate import EvalQuestion, Moment, Outcome

OWN = tuple(f"own-{number}" for number in range(10))
OTHER = tuple(f"other-{number}" for number in range(10))
APART = Sides(own=frozenset(OWN), other=frozenset(OTHER))


def outcome(question: str, rank: int) -> Outcome:
    """The question's answer at that place among ten hits."""
    hits = tuple(
        Hit(
            rank=at,
            segment_id=SegmentId(at),
            lecture_id=LectureId(1),
            lecture="right" if at == rank else "wrong",
            title="a",
            language="pt",
            video_url=None,
            duration_s=None,
            start_s=0,
            end_s=60,
            score=None,
            text="x",
            cue_offsets=(0,),
            cue_starts_s=(0.0,),
        )
        for at in range(1, 11)
    )
    asked = EvalQuestion(id=question, lang="pt", question="?", relevant=(Moment(lecture_id="right", start=0, end=60),))
    return Outcome(question=asked, hits=hits, latency_ms=1.0)


def tried(weights: Weights, own: int, other: int) -> Tried:
    return Tried(
        weights=weights,
        outcomes=(*(outcome(one, own) for one in OWN), *(outcome(one, other) for one in OTHER)),
    )


def rounds(own: dict[float, int], other: dict[float, int], *, harm: dict[float, int] | None = None) -> list[Tried]:
    """Both rounds: ranks by weight in the first, by factor in the second; *harm* is what it does to the first side."""
    best = min(own, key=lambda weight: (own[weight], weight))
    return [
        *(tried({"*": weight}, own[weight], 9) for weight in GRID),
        *(
            tried({"*": best, "other": best * times}, (harm or {}).get(times, own[best]), other[times])
            for times in TIMES
        ),
    ]


def test_each_side_gets_the_weight_that_serves_it_best() -> None:
    own = {weight: 1 if 0.7 <= weight <= 1.0 else 3 for weight in GRID}

    weights = choose(rounds(own, {1.15: 8, 1.3: 4, 1.5: 5, 2.0: 6, 3.0: 6}), APART)

    assert weights["*"] == pytest.approx(0.85)
    assert weights["other"] == pytest.approx(0.7 * 1.3)


def test_what_harms_questions_in_the_lecture_s_language_is_not_kept() -> None:
    own = {weight: 2 if weight == 0 else 1 for weight in GRID}

    weights = choose(rounds(own, {1.15: 8, 1.3: 4, 1.5: 1, 2.0: 1, 3.0: 1}, harm={1.5: 3, 2.0: 4, 3.0: 5}), APART)

    assert weights["other"] == pytest.approx(0.1 * 1.3)


def test_other_languages_are_tried_where_likeness_is_worth_nothing_in_the_own() -> None:
    """One question of forty decides that, and says nothing about what words hardly find."""
    tried_others = others({"*": 0.0, "en": 0.3})

    assert len({weights["other"] for weights in tried_others} - {0.0}) == len(TIMES)
    assert all((weights["*"], weights["en"]) == (0.0, 0.3) for weights in tried_others)


def test_a_model_that_only_harms_gets_no_weight() -> None:
    own = {weight: 1 if weight == 0 else 4 for weight in GRID}

    weights = choose(rounds(own, dict.fromkeys(TIMES, 9)), APART)

    assert weights == {"*": 0.0, "other": 0.0}
