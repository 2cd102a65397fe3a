"""Say how far two raters agree: coefficients over a square table of counts, a row and a column for each class."""

from collections.abc import Sequence
from typing import Literal

Matrix = Sequence[Sequence[int]]
"""Counts by the first rater's class (row) and the second's (column), in one order of the classes."""

Interval = tuple[float, float]
CONFIDENCE = 0.95


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
