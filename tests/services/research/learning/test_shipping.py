"""What ships, and what does not, on made-up test halves."""

import pytest

from db.records import Label
from services.research.learning.choosing import Labels
from services.research.learning.shipping import Decision, TriedPair, cards_for, decide

SHIPPED: Labels = ("I", "I", "P", "C")


def pairs(*rows: tuple[Label, int | None, int | None, int]) -> list[TriedPair]:
    """Each row so many times: staff's label, the score before, the score after."""
    return [TriedPair(label=label, before=before, after=after) for label, before, after, n in rows for _ in range(n)]


def many(label: Label, score: int, n: int) -> list[tuple[Label, int]]:
    return [(label, score)] * n


def decided(*rows: tuple[Label, int | None, int | None, int]) -> Decision:
    return decide(pairs(*rows), SHIPPED, 2)


def test_one_that_agrees_clearly_more_ships() -> None:
    found = decided(("C", 3, 3, 50), ("I", 0, 0, 10), ("I", 3, 1, 20), ("C", 3, 2, 2))

    assert found.ships
    assert (found.n, found.missing, found.difference) == (82, 0, pytest.approx(18 / 82))
    assert found.difference_interval is not None
    assert found.difference_interval[0] > 0


def test_the_more_often_one_tries_on_the_same_answers_the_more_it_takes() -> None:
    rows = pairs(("C", 3, 3, 50), ("I", 0, 0, 10), ("I", 3, 1, 9), ("C", 3, 2, 1))

    assert [decide(rows, SHIPPED, 2, tries).ships for tries in (1, 2, 20)] == [True, True, False]


def test_one_that_is_the_same_does_not_ship_for_it_costs_more() -> None:
    found = decided(("C", 3, 3, 60), ("I", 0, 0, 20))

    assert not found.ships
    assert "agreement with staff may have fallen" in found.reason


def test_one_that_agrees_less_does_not_ship() -> None:
    assert not decided(("C", 3, 2, 30), ("C", 3, 3, 30), ("I", 3, 0, 20)).ships


def test_one_that_flags_more_to_find_as_many_does_not_ship() -> None:
    """It has the labels right more often, but what needs repair hides among its lower scores."""
    found = decided(("P", 1, 2, 20), ("C", 2, 3, 60), ("C", 2, 0, 5), ("P", 3, 3, 5))

    assert found.difference_interval is not None
    assert found.difference_interval[0] > 0
    assert (found.ships, found.cards_before, found.cards_after) == (False, 20, 25.0)
    assert "it would flag 25.0, not 20" in found.reason


def test_what_got_no_score_is_missing_and_never_0() -> None:
    few = decided(("C", 3, 3, 60), ("I", 3, 0, 20), ("I", None, 0, 3), ("I", 3, None, 2))
    many = decided(("C", 3, 3, 60), ("I", 3, 0, 20), ("I", None, 0, 10))

    assert (few.ships, few.n, few.missing) == (True, 80, 5)
    assert (many.ships, many.missing) == (False, 10)
    assert "10 of 90 answers of the test half got no score" in many.reason


@pytest.mark.parametrize("rows", [[("C", 0, 3, 80)], [("I", 3, 0, 80)], [("C", 0, 3, 20), ("I", 3, 0, 15)], []])
def test_too_few_or_one_class_ships_nothing(rows: list[tuple[Label, int, int, int]]) -> None:
    found = decided(*rows)

    assert (found.ships, "too few labels on the test half" in found.reason) == (False, True)


def test_cards_between_two_thresholds_are_a_share_of_them() -> None:
    scored = [*many("I", 0, 4), *many("I", 1, 4), *many("C", 1, 4), *many("C", 3, 10)]

    assert [cards_for(found, scored) for found in (0, 4, 6, 8)] == [0.0, 4.0, 8.0, 12.0]
