"""κ, AC1 and Wilson's interval against published tables, and what must hold of them whatever the table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ground.statistics import Matrix, ac1, agreed, is_single_class, kappa, total, wilson

# Cohen, "A coefficient of agreement for nominal scales", 1960: 200 patients, two tables of proportions.
COHEN_WORSE_THAN_CHANCE = ((50, 26, 24), (24, 4, 32), (6, 30, 4))
COHEN = ((88, 14, 18), (10, 40, 10), (2, 6, 12))
# Feinstein and Cicchetti, "High agreement but low kappa: I. The problems of two paradoxes", J Clin Epidemiol 43, 1990.
BALANCED = ((40, 9), (6, 45))
PREVALENT = ((80, 10), (5, 5))
# Gwet's irrCAC for R, data set cont3x3abstractors, and its results (Handbook of Inter-Rater Reliability, 2014).
ABSTRACTORS = ((13, 0, 0), (0, 20, 7), (0, 4, 56))

tables = st.lists(st.integers(0, 40), min_size=9, max_size=9).map(lambda counts: (counts[:3], counts[3:6], counts[6:]))


def by_definition(matrix: Matrix, power: int) -> float:
    """Weighted κ as Cohen (1968) defines it, 1 - observed over expected disagreement; power 0: unweighted."""
    n, classes = total(matrix), range(len(matrix))
    rows, columns = [sum(row) for row in matrix], [sum(column) for column in zip(*matrix, strict=True)]
    cost = {(i, j): 0 if i == j else abs(i - j) ** power for i in classes for j in classes}
    observed = sum(cost[i, j] * matrix[i][j] for i in classes for j in classes)
    return 1 - observed * n / sum(cost[i, j] * rows[i] * columns[j] for i in classes for j in classes)


def transposed(matrix: Matrix) -> Matrix:
    return list(zip(*matrix, strict=True))


@pytest.mark.parametrize(
    ("matrix", "published"),
    [(COHEN_WORSE_THAN_CHANCE, -0.09), (COHEN, 0.49), (BALANCED, 0.70), (PREVALENT, 0.32), (ABSTRACTORS, 0.80)],
)
def test_kappa_is_that_of_published_tables(matrix: Matrix, published: float) -> None:
    assert kappa(matrix) == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize(("matrix", "published"), [(ABSTRACTORS, 0.84933), (PREVALENT, 0.808), (BALANCED, 0.7003)])
def test_ac1_is_that_of_published_tables(matrix: Matrix, published: float) -> None:
    """Those of Feinstein and Cicchetti by the formula: pe = 2 p (1 - p), p = 0.875 and 0.475."""
    assert ac1(matrix) == pytest.approx(published, abs=0.0005)


def test_kappa_is_0_19_at_93_percent_agreement_where_95_percent_are_c() -> None:
    """The terminal says so below every report, docs/agreement.md as well."""
    matrix = ((92, 0, 4), (0, 0, 0), (3, 0, 1))

    assert agreed(matrix) / total(matrix) == 0.93
    assert kappa(matrix) == pytest.approx(0.19, abs=0.005)
    assert ac1(matrix) == pytest.approx(0.93, abs=0.005)


@given(tables.filter(lambda matrix: not is_single_class(matrix)))
def test_kappa_and_weighted_kappa_are_cohens_definition(matrix: Matrix) -> None:
    assert kappa(matrix) == pytest.approx(by_definition(matrix, 0))
    assert kappa(matrix, "linear") == pytest.approx(by_definition(matrix, 1))


def test_wilsons_interval_is_that_of_newcombe() -> None:
    """Newcombe, "Two-sided confidence intervals for the single proportion", Stat Med 17, 1998, table I, method 3."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }

    for (part, whole), interval in published.items():
        assert wilson(part, whole) == pytest.approx(interval, abs=0.00005)
    assert wilson(0, 0) is None


@given(tables.filter(total))
def test_the_coefficients_do_not_mind_who_is_who(matrix: Matrix) -> None:
    swapped = transposed(matrix)

    assert ac1(matrix) == pytest.approx(ac1(swapped))
    for one, other in ((kappa(matrix), kappa(swapped)), (kappa(matrix, "linear"), kappa(swapped, "linear"))):
        assert one == (other if other is None else pytest.approx(other))


@given(tables.filter(total))
def test_the_coefficients_stay_within_their_bounds(matrix: Matrix) -> None:
    coefficient, interval, share = ac1(matrix), wilson(agreed(matrix), total(matrix)), agreed(matrix) / total(matrix)

    assert coefficient is not None
    assert -0.5 - 1e-9 <= coefficient <= share + 1e-9
    assert interval is not None
    assert 0 <= interval[0] <= share + 1e-9
    assert share - 1e-9 <= interval[1] <= 1
    for one in (kappa(matrix), kappa(matrix, "linear")):
        assert one is None or -1 - 1e-9 <= one <= 1 + 1e-9
        assert one is None or (one == pytest.approx(1)) == (share == 1)
