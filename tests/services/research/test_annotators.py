"""Whether a judge may stand in for one of staff, on people and judges that are made up."""

import random

from db.records import AnswerId, Label
from services.research.annotators import FEWEST_ANSWERS, StandIn, stand_in

LABELS: tuple[Label, ...] = ("C", "P", "I")


def labelled(*, answers: int, people: int, slips: float, judge_slips: float, seed: int = 1) -> StandIn:
    """Everybody sees the truth, but slips to another label in a share of answers."""
    chance = random.Random(seed)  # noqa: S311 - the same people in each run
    judged: dict[AnswerId, Label | None] = {}
    said: dict[AnswerId, dict[int, Label]] = {}
    for number in range(answers):
        truth = chance.choice(LABELS)
        said[AnswerId(number)] = {person: slipped(truth, slips, chance) for person in range(people)}
        judged[AnswerId(number)] = slipped(truth, judge_slips, chance)
    return stand_in(judged, said)


def slipped(truth: Label, share: float, chance: random.Random) -> Label:
    return chance.choice([one for one in LABELS if one != truth]) if chance.random() < share else truth


def test_a_judge_as_good_as_people_may_stand_in_and_one_that_guesses_may_not() -> None:
    good = labelled(answers=60, people=3, slips=0.15, judge_slips=0.1)
    guesses = labelled(answers=60, people=3, slips=0.1, judge_slips=0.6)

    assert (good.may, good.winning_rate, len(good.people)) == (True, 1.0, 3)
    assert (guesses.may, guesses.winning_rate) == (False, 0.0)
    assert good.advantage is not None
    assert guesses.advantage is not None
    assert good.advantage > 0.8 > guesses.advantage


def test_a_judge_and_people_that_are_all_alike_are_no_division_by_nought() -> None:
    assert labelled(answers=40, people=3, slips=0, judge_slips=0).may
    assert labelled(answers=40, people=3, slips=0, judge_slips=1).may is False


def test_a_judge_far_worse_than_people_is_hardly_ever_let_in() -> None:
    let_in = sum(bool(labelled(answers=50, people=3, slips=0.1, judge_slips=0.4, seed=seed).may) for seed in range(100))

    assert let_in <= 5


def test_too_few_people_or_labels_tell_nothing() -> None:
    two = labelled(answers=60, people=2, slips=0.1, judge_slips=0.1)
    few = labelled(answers=FEWEST_ANSWERS - 1, people=3, slips=0.1, judge_slips=0.1)

    assert (two.may, two.winning_rate, two.people) == (None, None, ())
    assert "it takes 3" in (few.reason or "")


def test_an_answer_without_a_score_is_missing_and_one_of_a_single_person_counts_nothing() -> None:
    found = stand_in({AnswerId(1): None, AnswerId(2): "C"}, {AnswerId(1): {1: "C", 2: "C"}, AnswerId(2): {1: "C"}})

    assert (found.missing, found.people) == (1, ())
