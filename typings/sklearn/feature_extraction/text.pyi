from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

class HashingVectorizer:
    def __init__(
        self,
        *,
        analyzer: Literal["word", "char", "char_wb"],
        ngram_range: tuple[int, int] = (1, 1),
        n_features: int = 1048576,
        alternate_sign: bool = True,
        norm: Literal["l1", "l2"] | None = "l2",
        dtype: type[np.floating] = ...,
    ) -> None: ...
    def transform(self, X: Sequence[str]) -> csr_matrix: ...

class TfidfTransformer:
    def __init__(self, *, sublinear_tf: bool = False) -> None: ...
    def fit_transform(self, X: csr_matrix) -> csr_matrix: ...
