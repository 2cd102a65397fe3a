"""The threshold that staff's labels earn, or why they earn none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Label
from services.research.agreement import LABELS
from services.research.threshold import RESAMPLES, propose

scored = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(LABELS)), min_size=30, max_size=80)


def twenty(*pairs: tuple[int, Label]) -> list[tuple[int, Label]]:
    return list(pairs) * 20


@given(scored.flatmap(lambda pairs: st.tuples(st.just(pairs), st.permutations(pairs))))
def test_a_threshold_does_not_mind_the_order_and_is_the_same_each_time(
    both: tuple[list[tuple[int, Label]], list[tuple[int, Label]]],
) -> None:
    one, other = propose(both[0]), propose(both[1])

    assert one == other
    assert (one.tried == ()) == (min(one.need_repair, one.labels - one.need_repair) < 5)
    assert not one.tried or sum(tried.chosen for tried in one.tried) == pytest.approx(1)
    for tried in one.tried:
        assert tried.sensitivity_interval[0] <= tried.sensitivity + 1e-9 <= tried.sensitivity_interval[1] + 2e-9
        assert tried.specificity_interval[0] <= tried.specificity + 1e-9 <= tried.specificity_interval[1] + 2e-9
        assert tried.youden == pytest.approx(tried.sensitivity + tried.specificity - 1)


@pytest.mark.parametrize("below", [1, 2, 3])
def test_a_clean_cut_is_found_and_settled(below: int) -> None:
    pairs: list[tuple[int, Label]] = [(score, "I" if score < below else "C") for score in range(4)] * 10

    found = propose(pairs)

    assert (found.proposed, found.reason) == (below, None)
    best = found.tried[below - 1]
    assert (best.sensitivity, best.specificity, best.youden, best.chosen) == (1.0, 1.0, 1.0, 1.0)
    assert best.sensitivity_interval[0] < 0.91  # ten or more of ten found do not prove that all would be


def test_partly_counts_as_needing_repair() -> None:
    assert propose(twenty((2, "P"), (3, "C"))).proposed == 3


def test_of_equal_thresholds_the_lower_one_is_proposed() -> None:
    found = propose(twenty((0, "I"), (3, "C")))

    assert found.proposed == 1
    assert [one.chosen for one in found.tried] == [1.0, 0.0, 0.0]


def test_a_judge_no_better_than_chance_earns_no_threshold() -> None:
    found = propose(twenty((0, "C"), (3, "I")))

    assert (found.proposed, found.reason) == (None, "no threshold does better than chance on these labels")
    assert len(found.tried) == 3


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([(3, "C")] * 24 + [(0, "I")] * 5, "too few labels (n = 29, 5 of them P or I)"),
        ([(3, "C")] * 96 + [(0, "I")] * 4, "too few labels (n = 100, 4 of them P or I)"),
        ([(3, "C")] * 4 + [(0, "P")] * 96, "too few labels (n = 100, 96 of them P or I)"),
        ([], "too few labels (n = 0, 0 of them P or I)"),
    ],
)
def test_too_few_labels_give_no_threshold(pairs: list[tuple[int, Label]], reason: str) -> None:
    found = propose(pairs)

    assert (found.proposed, found.tried) == (None, ())
    assert (found.reason or "").startswith(reason)


def test_an_unclear_cut_shows_in_the_resamples() -> None:
    found = propose(twenty((1, "I"), (2, "I"), (2, "C"), (3, "C")))

    chosen = [one.chosen for one in found.tried]
    assert RESAMPLES >= 1000
    assert max(chosen) < 0.95
    assert sum(share > 0.05 for share in chosen) == 2
