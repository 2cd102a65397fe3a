"""A shift is found where there is one, and staff are told once."""

import pytest

from services.judging.canaries.comparing import FEWEST, Past, Scores, shift, watched

USUAL: Scores = {canary: (3, 3, 2, 1, 0)[canary % 5] for canary in range(20)}
HARSHER: Scores = {canary: max(score - 1, 0) for canary, score in USUAL.items()}


def past(*first: Scores, is_same: bool = True, missed: frozenset[int] = frozenset(), told: float | None = None) -> Past:
    return Past(first=first, is_same=is_same, missed=missed, shift=told)


def test_a_judge_that_scores_as_before_is_no_news() -> None:
    found = watched(USUAL, {}, missing=0, past=past(USUAL))

    assert found.shift is not None
    assert (found.shift.mean, found.is_alarming) == (0, False)


def test_a_shift_is_news_once() -> None:
    first = watched(HARSHER, {}, missing=0, past=past(USUAL))
    again = watched(HARSHER, {}, missing=0, past=past(USUAL, told=-0.8))
    further = watched(dict.fromkeys(USUAL, 0), {}, missing=0, past=past(USUAL, told=-0.8))

    assert first.shift is not None
    assert first.shift.mean == pytest.approx(-0.8)
    assert (first.is_shift_news, again.is_shift_news, further.is_shift_news) == (True, False, True)


def test_a_few_canaries_prove_nothing() -> None:
    few = {canary: USUAL[canary] for canary in range(FEWEST - 1)}

    found = shift([few], dict.fromkeys(few, 0))

    assert found is not None
    assert not found.is_real
    assert shift([], USUAL) is None
    assert shift([{99: 3}], USUAL) is None
    assert shift([{1: 3}], {1: 2}) is not None


def test_small_moves_are_chance() -> None:
    moved = {canary: score + (canary in {3, 7}) for canary, score in USUAL.items()}

    found = shift([USUAL], moved)

    assert found is not None
    assert not found.is_real


def test_a_missed_one_is_news_once() -> None:
    first = watched({}, {1: True, 2: False}, missing=3, past=past())
    again = watched({}, {1: True, 2: False}, missing=0, past=past(missed=frozenset({2})))
    another = watched({}, {1: False, 2: False}, missing=0, past=past(missed=frozenset({2})))

    assert (first.is_alarming, first.missed, first.missing) == (True, {2}, 3)
    assert not again.is_alarming
    assert another.missed_news == {1}
