"""Tell whether the judge scores frozen answers otherwise than at first, or misses what is wrong on purpose."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from services.ground.statistics import Interval

FIRST_RUNS = 4
"""So many runs of a configuration say what is usual; later ones do not, or a slow drift would become usual."""
FEWEST = 8
"""Canaries that both have; with fewer, chance moves their mean too far."""
LEAST_SHIFT = 0.2
"""Points of 0 to 3: well below the half that must be found, for some answers are at an end of the scale already."""

Scores = Mapping[int, float]
"""Score by canary, the mean of several askings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How much higher the judge scores now, in points of 0 to 3, on the same canaries."""

    n: int
    mean: float
    interval: Interval | None  # 95 %, paired; None of a single one

    @property
    def is_real(self) -> bool:
        """Whether chance is no explanation, and it is large enough to matter."""
        if self.n < FEWEST or self.interval is None or abs(self.mean) < LEAST_SHIFT:
            return False
        return not self.interval[0] <= 0 <= self.interval[1]


def shift(first: Sequence[Scores], now: Scores) -> Shift | None:
    """Compare with the mean of the *first* runs, canary by canary; None where no canary is in both."""
    usual = {canary: [scores[canary] for scores in first if canary in scores] for canary in now}
    changes = [now[canary] - fmean(before) for canary, before in usual.items() if before]
    if not changes:
        return None
    return Shift(n=len(changes), mean=fmean(changes), interval=_interval(changes))


def _interval(changes: Sequence[float]) -> Interval | None:
    """Return the 95 % interval of the mean by Student's t ("The probable error of a mean", Biometrika 6, 1908)."""
    from scipy.stats import t  # noqa: PLC0415 - takes half a second, which only canaries wait for

    if len(changes) < 2:
        return None
    reach = t.ppf(0.975, len(changes) - 1) * stdev(changes) / math.sqrt(len(changes))
    return fmean(changes) - reach, fmean(changes) + reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What earlier rounds say of the judge: those of the same configuration, else the one before the change."""

    first: Sequence[Scores]
    is_same: bool  # they are of the same configuration
    missed: frozenset[int]  # wrong ones that the last of them missed
    shift: float | None  # that staff were told of last


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one round of canaries came to."""

    scores: Scores  # of the frozen answers
    caught: Mapping[int, bool]  # of those made wrong
    missing: int  # without a verdict
    shift: Shift | None  # None: there is nothing to compare with
    is_same: bool  # compared with the same configuration, not with the one before a change
    is_shift_news: bool
    missed_news: frozenset[int]  # that were not missed the last time

    @property
    def missed(self) -> frozenset[int]:
        return frozenset(canary for canary, is_caught in self.caught.items() if not is_caught)

    @property
    def is_alarming(self) -> bool:
        return self.is_shift_news or bool(self.missed_news)


def watched(scores: Scores, caught: Mapping[int, bool], *, missing: int, past: Past) -> Watched:
    """Compare a round with what was; what staff were told of already is no news."""
    moved = shift(past.first, scores)
    known = past.shift is not None and moved is not None and abs(moved.mean - past.shift) < LEAST_SHIFT
    return Watched(
        scores=scores,
        caught=caught,
        missing=missing,
        shift=moved,
        is_same=past.is_same,
        is_shift_news=moved is not None and moved.is_real and not known,
        missed_news=frozenset(canary for canary, is_caught in caught.items() if not is_caught) - past.missed,
    )
