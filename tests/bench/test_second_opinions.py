"""The simulation of docs/judge.md, with fewer answers: what second opinions find, and what they cost."""

import numpy as np
import pytest

from bench.judge_learning import SEED, added
from bench.second_opinions import PAIRS, USUAL, cost, heard

ANSWERS = 4_000
RULE = "two points, or the threshold"


@pytest.mark.parametrize("name", ["steady", "noisy", USUAL])
def test_few_cards_are_added_and_nearly_all_are_worth_a_look(name: str) -> None:
    found = heard(PAIRS[name], RULE, np.random.default_rng(SEED), ANSWERS)

    assert found.rightly is not None
    assert found.caught is not None
    assert (found.more < 0.03, found.rightly > 0.9, found.caught > 0.05) == (True, True, True)


def test_any_point_would_cost_staff_far_more() -> None:
    rules = {rule: heard(PAIRS["noisy"], rule, np.random.default_rng(SEED), ANSWERS) for rule in (RULE, "any point")}

    assert rules["any point"].more > 5 * rules[RULE].more


def test_with_second_opinions_on_all_that_is_new_still_costs_less_than_three_tenths_more() -> None:
    before, more = added()
    _, tokens = cost()

    assert sum(more.values()) + tokens <= 0.3 * before
