from collections.abc import Sequence
from typing import Literal

def cohen_kappa_score(
    y1: Sequence[int],
    y2: Sequence[int],
    *,
    labels: Sequence[int] | None = None,
    weights: Literal["linear", "quadratic"] | None = None,
    sample_weight: Sequence[float] | None = None,
) -> float: ...
def adjusted_rand_score(labels_true: Sequence[object], labels_pred: Sequence[int]) -> float: ...
def homogeneity_completeness_v_measure(
    labels_true: Sequence[object], labels_pred: Sequence[int]
) -> tuple[float, float, float]: ...
