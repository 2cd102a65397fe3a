"""Run a model on this machine, in one thread of its own."""

import asyncio
import copy
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Protocol, Self

import numpy as np

from services.models.embedder.batching import EncodingQueue
from services.models.embedder.bundled import BUNDLED, load_bundled
from services.models.embedder.loading import first_line
from services.models.embedder.pieces import cut
from services.models.embedder.protocol import EmbedderUnavailable, Identity, Vectors, checked, read_only, writable
from services.models.embedder.torch_model import load_torch


class Model(Protocol):
    """What a thread can run; it may raise anything, and what it gives is checked."""

    @property
    def max_tokens(self) -> int | None: ...

    def tokens(self, text: str) -> int:
        """Count a passage's tokens, with what is put around it; called from any thread."""
        ...

    def encode_questions(self, texts: Sequence[str]) -> Any: ...  # noqa: ANN401

    def encode_passages(self, texts: Sequence[str]) -> Any: ...  # noqa: ANN401


class LocalEmbedder:
    """A model in this process; implements `Embedder`."""

    def __init__(self, model: Model, identity: Identity, thread: ThreadPoolExecutor) -> None:
        self._model = model
        self._identity = identity
        self._thread = thread
        self._queue = EncodingQueue(
            lambda texts: self._encode(model.encode_questions, texts),
            lambda texts: self._encode(model.encode_passages, texts),
        )

    @property
    def identity(self) -> Identity:
        return self._identity

    @property
    def max_tokens(self) -> int | None:
        return self._model.max_tokens

    async def embed_query(self, text: str) -> Vectors:
        return await self._queue.question(text)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return read_only(np.zeros((0, self._identity.dimension), np.float32))
        return await self._queue.passages(texts)

    def pieces(self, text: str) -> tuple[str, ...]:
        limit = min(filter(None, (self._model.max_tokens, self._identity.piece_tokens)), default=None)
        return cut(writable(text), size=self._model.tokens, limit=limit) if limit else (text,)

    def recut(self, piece_tokens: int | None) -> Self:
        if piece_tokens == self._identity.piece_tokens:
            return self
        other = copy.copy(self)  # the queue, the thread and the model are shared
        other._identity = self._identity.recut(piece_tokens)  # noqa: SLF001 - a copy of ourselves
        return other

    async def close(self) -> None:
        await self._queue.close()

    def warm(self) -> None:
        """Encode once, slow as a first time is; from then on a tokenizer's settings stay as they are."""
        self._encode_now(self._model.encode_passages, ["vetor"])

    async def _encode(self, encode: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> Vectors:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._encode_now, encode, texts)

    def _encode_now(self, encode: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> Vectors:
        try:
            vectors = encode(texts)
        except Exception as error:  # models and tokenizers raise whatever they meet, down to RuntimeError
            raise EmbedderUnavailable(
                f"The embedding model {self._identity.model!r} failed ({first_line(error)}); run `monitoria doctor`."
            ) from error
        return checked(
            np.asarray(vectors, np.float32),
            count=len(texts),
            dimension=self._identity.dimension,
            model=self._identity.model,
        )


@asynccontextmanager
async def local_embedder(name: str) -> AsyncGenerator[LocalEmbedder, None]:
    """
    Load the model called *name*: `bundled`, a folder, or a hub id.

    Raises:
        EmbedderUnavailable: it is not here and cannot be fetched; the message names the ways out.

    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")
    try:
        embedder = await asyncio.get_running_loop().run_in_executor(thread, _loaded, name, thread)
        try:
            yield embedder
        finally:
            await embedder.close()
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _loaded(name: str, thread: ThreadPoolExecutor) -> LocalEmbedder:
    model, identity = load_bundled() if name == BUNDLED else load_torch(name)
    embedder = LocalEmbedder(model, identity, thread)
    embedder.warm()
    return embedder
