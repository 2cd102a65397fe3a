"""Figures of a preference: what is neither is half, what is missing is missing, and intervals never collapse."""

import random

import pytest

from db.records.pairs import Better
from services.research.pairs.comparing import BothOrders, PairOutcome, by_judge, by_people, order, preference


def test_what_is_neither_a_win_nor_a_loss_is_half_of_each() -> None:
    said: list[PairOutcome | None] = ["second", "second", "first", "tie", "order", "split", None]

    found = preference(said)

    assert (found.pairs, found.n, found.missing) == (7, 6, 1)
    assert (found.wins, found.losses, found.ties, found.undecided) == (2, 1, 1, 2)
    assert found.preference == pytest.approx((2 + 3 / 2) / 6)


def test_of_nothing_there_is_no_preference() -> None:
    found = preference([None, None])

    assert (found.n, found.missing, found.preference, found.interval) == (0, 2, None, None)


def test_three_wins_of_three_leave_much_open() -> None:
    found = preference(["second", "second", "second"])

    assert found.preference == 1.0
    assert found.interval is not None
    assert found.interval[0] < 0.5 < found.interval[1] <= 1.0


def test_the_interval_is_that_of_a_paired_difference_moved_to_shares() -> None:
    # Bonett and Price: (30 + 1) / 102 up, (10 + 1) / 102 down, ± 1.96 standard errors.
    wins: list[PairOutcome] = ["second"]
    losses: list[PairOutcome] = ["first"]
    ties: list[PairOutcome] = ["tie"]

    found = preference(wins * 30 + losses * 10 + ties * 60)

    assert found.interval == pytest.approx(
        ((1 + 20 / 102 - 1.959964 * (((42 / 102) - (20 / 102) ** 2) / 102) ** 0.5) / 2,
         (1 + 20 / 102 + 1.959964 * (((42 / 102) - (20 / 102) ** 2) / 102) ** 0.5) / 2)
    )  # fmt: skip


@pytest.mark.parametrize("n", [10, 50])
def test_the_interval_holds_the_truth_as_often_as_it_says(n: int) -> None:
    win, loss = 0.5, 0.3
    chance = random.Random(20260)  # noqa: S311 - no secret
    said: list[PairOutcome] = ["second", "first", "order"]
    drawn = [preference(chance.choices(said, (win, loss, 1 - win - loss), k=n)).interval for _ in range(2_000)]

    held = sum(low <= (1 + win - loss) / 2 <= high for low, high in filter(None, drawn))
    assert held / 2_000 == pytest.approx(0.95, abs=0.015)


def test_swapping_the_configurations_mirrors_the_preference() -> None:
    one, other = preference(["second", "second", "first", "tie"]), preference(["first", "first", "second", "tie"])

    assert one.interval is not None
    assert other.interval is not None
    assert (one.preference, one.interval) == (
        pytest.approx(1 - (other.preference or 0)),
        pytest.approx((1 - other.interval[1], 1 - other.interval[0])),
    )


@pytest.mark.parametrize(
    ("when_first", "when_second", "said"),
    [
        ("first", "first", "first"),
        ("tie", "tie", "tie"),
        ("first", "second", "order"),
        ("second", "first", "order"),
        ("tie", "first", "order"),
        (None, "first", None),
        ("first", None, None),
    ],
)
def test_a_judge_is_believed_where_it_says_the_same_in_both_orders(
    when_first: Better | None, when_second: Better | None, said: PairOutcome | None
) -> None:
    assert by_judge(when_first, when_second) == said


def test_where_the_order_decided_the_place_that_won_is_counted() -> None:
    verdicts: list[BothOrders] = [
        ("first", "second"),  # whatever stood first
        ("tie", "second"),  # leans that way
        ("second", "first"),  # whatever stood second
        ("first", "first"),
        ("tie", "tie"),
        (None, "first"),
    ]

    found = order(verdicts)

    assert (found.n, found.decided, found.by_first_place) == (5, 3, 2)
    assert (found.share, found.first_place) == (3 / 5, 2 / 3)
    assert found.first_place_interval is not None
    assert found.first_place_interval[0] < 0.5


def test_where_the_order_never_decided_no_place_has_a_share() -> None:
    found = order([("first", "first")])

    assert (found.share, found.first_place, found.first_place_interval) == (0.0, None, None)


def test_staff_who_say_two_things_equally_often_say_neither() -> None:
    assert by_people(["first", "second", "tie", "tie"]) == "tie"
    assert by_people(["first", "first", "second", "second"]) == "split"
    assert by_people([]) is None
