"""The simulation of docs/judge.md, with fewer runs: what ships, and what does not."""

import numpy as np
import pytest

from bench.judge_learning import LABELS, OTHERS, SEED, STAFF, MadeUpJudge, added, found, shipped, tried

RUNS = 100


@pytest.mark.parametrize("name", ["worse", "the same"])
def test_what_is_no_better_is_hardly_ever_shipped(name: str) -> None:
    assert shipped(OTHERS[name], LABELS, RUNS) <= 5


def test_what_is_clearly_better_is_shipped() -> None:
    assert shipped(OTHERS["clearly better"], LABELS, RUNS) >= 80


@pytest.mark.parametrize("staff", [name for name in STAFF if name.startswith("two")])
def test_staff_of_two_minds_ship_nothing_worse(staff: str) -> None:
    assert shipped(OTHERS["worse"], LABELS, RUNS, staff=STAFF[staff]) <= 5


def test_who_tries_ten_times_ships_no_more_of_what_is_no_better() -> None:
    random = np.random.default_rng(SEED)

    assert sum(tried(OTHERS["the same"], 10, random, counted=True) for _ in range(RUNS)) <= 8


def test_a_drift_of_half_a_point_is_found_within_a_week_and_calm_weeks_alarm_nobody() -> None:
    caught, false, weeks = found(MadeUpJudge(bias=0.1, noise=0.3), -0.5, RUNS, weeks=3)

    assert caught >= 95
    assert false <= 0.05 * weeks


def test_all_that_is_new_costs_less_than_three_tenths_more() -> None:
    before, more = added()

    assert sum(more.values()) <= 0.3 * before
