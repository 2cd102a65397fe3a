"""What an embedder is, whatever runs it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from services.errors import Unavailable

Backend = Literal["torch", "openai", "numpy"]

Vectors = NDArray[np.float32]

PIECE_TOKENS = 128
"""
A vector of much more says everything and nothing: with E5 and 512 tokens MRR was .07 lower. Chosen on data,
docs/retrieval.md. Part of each generation's identity; older ones have none.
"""


class EmbedderUnavailable(Unavailable):
    """The embedding model cannot be had, or gave what cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes vectors comparable: two embedders of one identity place a text at the same spot."""

    backend: Backend
    model: str
    revision: str  # of the weights; of an endpoint, which does not tell, the fields its requests hold besides
    dimension: int
    query_prefix: str
    passage_prefix: str
    piece_tokens: int | None = PIECE_TOKENS  # how long pieces are; None: as long as the model reads

    def recut(self, piece_tokens: int | None) -> "Identity":
        """Return the identity of the same model whose passages are cut in another way."""
        return replace(self, piece_tokens=piece_tokens)


class Embedder(Protocol):
    """Places questions and passages so that those of like meaning are near each other."""

    @property
    def identity(self) -> Identity: ...

    @property
    def max_tokens(self) -> int | None:
        """The longest text the model reads, prefix and special tokens included; None where it does not tell."""
        ...

    async def embed_query(self, text: str) -> Vectors:
        """
        Return the vector of a question: shape (dimension,), unit length, read-only.

        Raises:
            EmbedderUnavailable: the model cannot be reached, is closed, or gave no usable vector.

        """
        ...

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """
        Return the vectors of passages in their order: shape (n, dimension), unit length, read-only.

        Questions that come meanwhile are served first. Raises as `embed_query` does.
        """
        ...

    def pieces(self, text: str) -> tuple[str, ...]:
        """
        Cut *text* at words into about equal parts as long as the identity says; one part where it fits.

        It takes some milliseconds for a segment, and may be called from any thread.
        """
        ...

    def recut(self, piece_tokens: int | None) -> Self:
        """Return this same model, cutting as vectors that were made earlier want it; nothing is loaded twice."""
        ...


def checked(vectors: NDArray[np.floating[Any]], *, count: int, dimension: int | None, model: str) -> Vectors:
    """
    Return *vectors* at unit length, shape (count, dimension), read-only.

    pgvector stores all-zero vectors and then answers with distance NaN, so they must never get there.

    Raises:
        EmbedderUnavailable: wrong shape, not finite, or of length zero.

    """
    if vectors.ndim != 2 or len(vectors) != count or vectors.shape[1] != (dimension or vectors.shape[1]):
        raise EmbedderUnavailable(
            f"The embedding model {model!r} gave vectors of shape {vectors.shape} where ({count}, "
            f"{dimension or 'any'}) was expected; it may have been exchanged: run `monitoria doctor`."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < 1e-6).any():
        raise EmbedderUnavailable(
            f"The embedding model {model!r} gave a vector that is zero or not a number; its weights may be damaged: "
            "fetch them again, or name another model in MONITORIA_EMBEDDING_MODEL."
        )
    return read_only((vectors / lengths).astype(np.float32))


def read_only(vectors: Vectors) -> Vectors:
    """Return *vectors* themselves, which nobody can change from now on: they are shared by all who ask."""
    vectors.setflags(write=False)
    return vectors


def writable(text: str) -> str:
    """Return *text* as UTF-8 can write it: a lone surrogate would fail everybody who is in the same batch."""
    return text.encode(errors="replace").decode()


def e5_prefixes(model: str) -> tuple[str, str]:
    """
    Return the prefixes of questions and passages that *model* was trained with, judged by its name.

    *model* is a hub id or a folder; https://huggingface.co/intfloat/multilingual-e5-small#faq names the prefixes.

    >>> e5_prefixes("intfloat/multilingual-e5-small")
    ('query: ', 'passage: ')
    >>> e5_prefixes("all-MiniLM-L6-v2")
    ('', '')
    """
    path = PurePath(model.lower())
    # In the hub's cache a folder is called by its commit: models--intfloat--e5-small/snapshots/0123abc.
    name = path.parent.parent.name if path.parent.name == "snapshots" else path.name
    is_e5 = "e5" in name.replace("_", "-").split("-") and "instruct" not in name
    return ("query: ", "passage: ") if is_e5 else ("", "")
