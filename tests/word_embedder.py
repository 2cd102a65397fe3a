"""An embedding model whose meaning is its words: quick, and the same everywhere."""

import copy
import zlib
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.models.embedder import EmbedderUnavailable, Identity


class WordEmbedder:
    """
    Places a text by its words, each in a direction of its own; implements `services.models.embedder.Embedder`.

    It counts the texts it was given, and can be out of order.
    """

    max_tokens = None

    def __init__(self, name: str = "words", dimension: int = 64, piece_words: int = 200) -> None:
        self.identity = Identity(
            backend="torch",
            model=name,
            revision="1",
            dimension=dimension,
            query_prefix="",
            passage_prefix="",
        )
        self.passages = 0
        self.queries = 0
        self.down = False
        self._piece_words = piece_words

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        self.queries += 1
        return self._place([text])[0]

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.passages += len(texts)
        return self._place(texts)

    def pieces(self, text: str) -> tuple[str, ...]:
        words = text.split()
        return tuple(" ".join(words[at : at + self._piece_words]) for at in range(0, len(words), self._piece_words))

    def recut(self, piece_tokens: int | None) -> Self:
        if piece_tokens == self.identity.piece_tokens:
            return self
        other = copy.copy(self)
        other.identity = self.identity.recut(piece_tokens)
        return other

    def _place(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.down:
            raise EmbedderUnavailable("The model 'words' is out of order; switch it on again.")
        vectors = np.zeros((len(texts), self.identity.dimension), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                direction = np.random.default_rng(zlib.crc32(word.encode())).standard_normal(vectors.shape[1])
                vectors[row] += direction
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
