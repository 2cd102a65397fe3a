"""The simulation of docs/judge.md, with fewer runs: what ships, and what does not."""

import pytest

from bench.judge_learning import LABELS, OTHERS, shipped

RUNS = 100


@pytest.mark.parametrize("name", ["worse", "the same"])
def test_what_is_no_better_is_hardly_ever_shipped(name: str) -> None:
    assert shipped(OTHERS[name], LABELS, RUNS) <= 5


def test_what_is_clearly_better_is_shipped() -> None:
    assert shipped(OTHERS["clearly better"], LABELS, RUNS) >= 80
