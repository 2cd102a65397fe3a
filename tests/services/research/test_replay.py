"""Figures of answered question sets, and the paired comparison of two of them."""

import random

import pytest

from services.research.evaluate import EvalQuestion, Moment
from services.research.replay import Played, differences, summary

MOMENT = Moment(lecture_id="a", start=0, end=10)


def played(score: int | None = 3, *, answerable: bool = True, **more: object) -> Played:
    question = EvalQuestion(id="q", question="?", relevant=(MOMENT,) if answerable else ())
    known = {
        "question": question,
        "outcome": "answered",
        "text": "Porque encolhe.",
        "references": (),
        "score": score,
        "statuses": ("ok",) if score is not None else ("parse_error",),
        "abstention": None,
        "supports": ("full", "none"),
        "latency_ms": 100.0,
        "tokens": 50,
    }
    return Played(**(known | more))  # pyright: ignore[reportArgumentType]


def test_a_missing_score_is_missing_and_never_zero() -> None:
    reached = summary([played(3), played(0), played(None)])

    assert (reached.relevance, reached.scored, reached.failures) == (0.5, 2, {"parse_error": 1})


def test_silence_is_counted_apart_where_the_course_has_the_answer_and_where_not() -> None:
    reached = summary(
        [
            played(),
            played(None, outcome="no_material", statuses=("ok",), abstention="wrong", supports=()),
            played(None, answerable=False, outcome="no_material", statuses=("ok",), abstention="right", supports=()),
        ]
    )

    assert (reached.silent_when_answerable, reached.silent_when_not, reached.wrong_silences) == (0.5, 1.0, 1)
    assert (reached.full_support, reached.no_support) == (0.5, 0.5)


def test_a_comparison_pairs_the_questions_that_both_have_a_figure_for() -> None:
    first = [played(0), played(None), played(3)]
    second = [played(3), played(3), played(None)]

    found = differences(first, second)["relevance"]

    assert found is not None
    assert (found.pairs, found.mean, found.low, found.high) == (1, 1.0, 1.0, 1.0)


def test_the_interval_holds_the_mean_and_narrows_with_pairing() -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    latencies = [chance.uniform(100, 10_000) for _ in range(200)]
    first = [played(latency_ms=latency) for latency in latencies]
    second = [played(latency_ms=latency + 50 + chance.uniform(-10, 10)) for latency in latencies]

    found = differences(first, second)["latency_ms"]

    # Unpaired, the interval would be hundreds of milliseconds wide: the questions differ that much.
    assert found is not None
    assert found.low < found.mean < found.high
    assert found.mean == pytest.approx(50, abs=2)
    assert found.high - found.low < 4


def test_nothing_to_compare_is_no_difference() -> None:
    assert differences([played(None)], [played(None)])["relevance"] is None
