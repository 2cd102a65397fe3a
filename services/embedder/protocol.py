"""What an embedder is, whatever runs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from services.errors import Unavailable

Backend = Literal["torch", "openai"]

Vectors = NDArray[np.float32]


class EmbedderUnavailable(Unavailable):
    """The embedding model cannot be had, or gave what cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes vectors comparable: two embedders of one identity place a text at the same spot."""

    backend: Backend
    model: str
    revision: str  # of the weights; "" where an endpoint does not tell
    dimension: int
    query_prefix: str
    passage_prefix: str


class Embedder(Protocol):
    """Places questions and passages so that those of like meaning are near each other."""

    @property
    def identity(self) -> Identity: ...

    @property
    def max_tokens(self) -> int | None:
        """The longest text the model reads, prefix included; None where it does not tell."""
        ...

    async def embed_query(self, text: str) -> Vectors:
        """
        Return the vector of a question: shape (dimension,), unit length, read-only.

        Raises:
            EmbedderUnavailable: the model cannot be reached or gave no usable vector.

        """
        ...

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """
        Return the vectors of passages in their order: shape (n, dimension), unit length.

        Questions that come meanwhile are served first. Raises as `embed_query` does.
        """
        ...

    def pieces(self, text: str) -> tuple[str, ...]:
        """Cut *text* at words into about equal parts that the model reads whole; one part where it fits."""
        ...


def checked(vectors: Vectors, *, count: int, dimension: int | None, model: str) -> Vectors:
    """
    Return *vectors* at unit length, shape (count, dimension).

    pgvector stores all-zero vectors and then answers with distance NaN, so they must never get there.

    Raises:
        EmbedderUnavailable: wrong shape, not finite, or of length zero.

    """
    if vectors.ndim != 2 or len(vectors) != count or (dimension and vectors.shape[1] != dimension):
        raise EmbedderUnavailable(
            f"The embedding model {model!r} gave vectors of shape {vectors.shape} where ({count}, "
            f"{dimension or 'any'}) was expected; it may have been exchanged: run `monitoria doctor`."
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < 1e-6).any():
        raise EmbedderUnavailable(
            f"The embedding model {model!r} gave a vector that is zero or not a number; its weights may be damaged: "
            "fetch them again, or name another model in MONITORIA_EMBEDDING_MODEL."
        )
    return np.ascontiguousarray(vectors / lengths, dtype=np.float32)


def e5_prefixes(model: str) -> tuple[str, str]:
    """
    Return the prefixes of questions and passages that *model* was trained with, judged by its name.

    >>> e5_prefixes("intfloat/multilingual-e5-small")
    ('query: ', 'passage: ')
    >>> e5_prefixes("all-MiniLM-L6-v2")
    ('', '')
    """
    name = model.lower().rstrip("/").rsplit("/", 1)[-1]
    is_e5 = "e5" in name.replace("_", "-").split("-") and "instruct" not in name
    return ("query: ", "passage: ") if is_e5 else ("", "")
