"""Say how far two raters agree: coefficients over a square table of counts, a row and a column for each class."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, Literal

Matrix = Sequence[Sequence[int]]
"""Counts by the first rater's class (row) and the second's (column), in one order of the classes."""

Interval = tuple[float, float]
CONFIDENCE = 0.95
RESAMPLES = 2_000
SEED = 20260
"""Of the resampling, so that the same counts give the same interval."""


def total(matrix: Matrix) -> int:
    return sum(map(sum, matrix))


def agreed(matrix: Matrix) -> int:
    """How often both raters gave the same class."""
    return sum(matrix[k][k] for k in range(len(matrix)))


def prevalences(matrix: Matrix) -> list[float]:
    """The share of each class among all ratings of both raters; *matrix* is not empty."""
    both = 2 * total(matrix)
    return [(sum(row) + sum(column)) / both for row, column in zip(matrix, zip(*matrix, strict=True), strict=True)]


def wilson(part: int, whole: int) -> Interval | None:
    """
    Return the 95 % score interval of a share, without continuity correction; None of nothing.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    from scipy.stats import binomtest  # noqa: PLC0415 - takes half a second, which no other command should wait for

    if not whole:
        return None
    interval = binomtest(part, whole).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def is_single_class(matrix: Matrix) -> bool:
    """Tell whether both raters gave one and the same class throughout: then chance alone agrees always."""
    return any(matrix[k][k] == total(matrix) for k in range(len(matrix)))


def kappa(matrix: Matrix, weights: Literal["linear"] | None = None) -> float | None:
    """
    Return Cohen's κ, or None where it is undefined: of nothing, and of a single class.

    With `linear` weights the classes are taken in their order, and a disagreement counts as many steps as lie between.
    Sources: Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20(1),
    1960, and "Weighted kappa", Psychological Bulletin 70(4), 1968.
    """
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415 - takes a second

    if is_single_class(matrix):
        return None
    classes = range(len(matrix))
    return cohen_kappa_score(
        [row for row in classes for _ in classes],
        [column for _ in classes for column in classes],
        weights=weights,
        sample_weight=[count for row in matrix for count in row],
    )


def ac1(matrix: Matrix) -> float | None:
    """
    Return Gwet's AC1, or None of nothing.

    AC1 = (pa - pe) / (1 - pe), where pa is the share of agreements and, with q classes and p_k the share of class k
    among all ratings of both raters, pe = sum of p_k (1 - p_k) over k, divided by q - 1. Classes that nobody gave
    count in q: they could have been given.
    Source: Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement", British
    Journal of Mathematical and Statistical Psychology 61(1), 2008.
    """
    if not (n := total(matrix)):
        return None
    by_chance = sum(share * (1 - share) for share in prevalences(matrix)) / (len(matrix) - 1)
    return (agreed(matrix) / n - by_chance) / (1 - by_chance)


def kappa_interval(matrix: Matrix) -> Interval | None:
    """Return the 95 % interval of Cohen's κ, by the percentile bootstrap; None where κ is undefined."""
    if is_single_class(matrix):
        return None
    rows, columns, agreeing = _resampled(matrix)
    return _middle(agreeing, (rows * columns).sum(axis=1))


def ac1_interval(matrix: Matrix) -> Interval | None:
    """Return the 95 % interval of Gwet's AC1, by the percentile bootstrap; None of nothing."""
    if not total(matrix):
        return None
    rows, columns, agreeing = _resampled(matrix)
    shares = (rows + columns) / 2
    return _middle(agreeing, (shares * (1 - shares)).sum(axis=1) / (len(matrix) - 1))


def paired(better: int, worse: int, pairs: int, *, tries: int = 1) -> Interval | None:
    """
    Return the 95 % interval of a difference of two shares on the same cases; None of nothing.

    *better* cases went from no to yes, *worse* ones from yes to no. Of several *tries* on the same cases, all intervals
    together hold in 95 % (Bonferroni). Source: Bonett and Price, "Adjusted Wald confidence
    interval for a difference of binomial proportions based on paired data", Journal of Educational and Behavioral
    Statistics 37(4), 2012.
    """
    if not pairs:
        return None
    up, down = (better + 1) / (pairs + 2), (worse + 1) / (pairs + 2)
    errors = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / tries)
    reach = errors * math.sqrt((up + down - (up - down) ** 2) / (pairs + 2))
    return max(up - down - reach, -1.0), min(up - down + reach, 1.0)


def difference(before: tuple[float, Interval], after: tuple[float, Interval]) -> Interval:
    """
    Return the interval of *after* - *before*, each a figure with its own interval.

    It takes the two as measured on different cases; on cases that they share it is wider than it need be. Source: Zou
    and Donner, "Construction of confidence limits about effect measures: a general approach", Statistics in Medicine
    27(10), 2008.
    """
    (was, (was_low, was_high)), (now, (now_low, now_high)) = before, after
    return (
        now - was - math.hypot(now - now_low, was_high - was),
        now - was + math.hypot(now_high - now, was - was_low),
    )


def _resampled(matrix: Matrix) -> tuple[Any, Any, Any]:
    """
    Draw the cases again: by resample, the share of each class by the first and by the second rater, and of agreements.

    Drawing cases with replacement is drawing how many of them fall into each cell of the table.
    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    import numpy as np  # noqa: PLC0415 - no command that counts nothing waits for it

    counts = np.asarray(matrix, dtype=float)
    n = counts.sum()
    drawn = np.random.default_rng(SEED).multinomial(int(n), (counts / n).ravel(), size=RESAMPLES) / n
    tables = drawn.reshape(RESAMPLES, *counts.shape)
    return tables.sum(axis=2), tables.sum(axis=1), tables.trace(axis1=1, axis2=2)


def _middle(agreeing: Any, by_chance: Any) -> Interval | None:  # noqa: ANN401 - arrays of numpy, loaded later
    """Return what the middle 95 % of coefficients lie between; resamples that leave one undefined do not count."""
    import numpy as np  # noqa: PLC0415

    defined = by_chance < 1 - 1e-12
    if not defined.any():
        return None
    low, high = np.quantile((agreeing[defined] - by_chance[defined]) / (1 - by_chance[defined]), [0.025, 0.975])
    return float(low), float(high)
