from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

class AgglomerativeClustering:
    labels_: NDArray[np.int64]
    def __init__(
        self,
        n_clusters: int | None = 2,
        *,
        metric: Literal["precomputed"],
        linkage: Literal["complete", "average", "single"],
        distance_threshold: float | None = None,
    ) -> None: ...
    def fit(self, X: NDArray[np.floating[Any]]) -> Self: ...

class HDBSCAN:
    labels_: NDArray[np.int64]
    def __init__(self, min_cluster_size: int = 5, *, metric: Literal["precomputed"], copy: bool = False) -> None: ...
    def fit(self, X: NDArray[np.floating[Any]]) -> Self: ...
