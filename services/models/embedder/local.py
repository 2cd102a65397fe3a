"""Run a sentence-transformers model on this machine, in one thread of its own."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from services.models.embedder.batching import EncodingQueue
from services.models.embedder.loading import SentenceModel, first_line, load
from services.models.embedder.pieces import cut
from services.models.embedder.protocol import EmbedderUnavailable, Identity, Vectors, checked, read_only, writable

PADDED_TOGETHER = 8
"""
Texts of one batch that are padded to their longest. The library sorts by length first, so 16 questions of the
development set take 14 to 19 % less time than padded all together; 4 and 2 are no better (docs/adr/0005).
"""


class LocalEmbedder:
    """A model in this process; implements `Embedder`."""

    def __init__(self, model: SentenceModel, identity: Identity, thread: ThreadPoolExecutor) -> None:
        self._model = model
        self._identity = identity
        self._thread = thread
        self._queue = EncodingQueue(
            lambda texts: self._encode(model.encode_query, texts, identity.query_prefix),
            lambda texts: self._encode(model.encode_document, texts, identity.passage_prefix),
        )

    @property
    def identity(self) -> Identity:
        return self._identity

    @property
    def max_tokens(self) -> int | None:
        return self._model.max_seq_length

    async def embed_query(self, text: str) -> Vectors:
        return await self._queue.question(text)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return read_only(np.zeros((0, self._identity.dimension), np.float32))
        return await self._queue.passages(texts)

    def pieces(self, text: str) -> tuple[str, ...]:
        limit = self._model.max_seq_length
        return cut(writable(text), size=self._tokens, limit=limit) if limit else (text,)

    async def close(self) -> None:
        await self._queue.close()

    def warm(self) -> None:
        """Encode once, slow as a first time is; from then on the tokenizer's settings stay as they are."""
        self._encode_now(self._model.encode_document, ["vetor"], self._identity.passage_prefix)

    def _tokens(self, text: str) -> int:
        """
        Count the tokens of a passage, prefix and special tokens included.

        The tokenizer is shared with the thread that encodes. To switch truncation off, as `tokenizer(text)` does,
        changes what that thread gets and makes both counts wrong; a copy keeps 240 MB for E5. So its settings stay,
        and what it truncates is counted too.
        """
        tokenizer = self._model.tokenizer
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:  # written in Python: nothing is shared
            return len(tokenizer(self._identity.passage_prefix + text, truncation=False, verbose=False)["input_ids"])
        whole = backend.encode(self._identity.passage_prefix + text)
        own = sum(len(part.ids) - sum(part.special_tokens_mask) for part in (whole, *whole.overflowing))
        return own + tokenizer.num_special_tokens_to_add(pair=False)

    async def _encode(self, encode: Callable[..., Any], texts: Sequence[str], prefix: str) -> Vectors:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._encode_now, encode, texts, prefix)

    def _encode_now(self, encode: Callable[..., Any], texts: Sequence[str], prefix: str) -> Vectors:
        # The prefix is given explicitly, so that what is stored with the generation is what was used.
        try:
            vectors = encode(list(texts), prompt=prefix, batch_size=PADDED_TOGETHER, show_progress_bar=False)
        except Exception as error:  # torch and the tokenizers raise whatever they meet, down to RuntimeError
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
    embedder = LocalEmbedder(*load(name), thread)
    embedder.warm()
    return embedder
