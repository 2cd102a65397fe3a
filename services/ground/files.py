"""Write a file whole or not at all."""

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from services.errors import Refused


@contextmanager
def replacing(
    path: Path, *, what: str, may_exist: bool = True, is_private: bool = False
) -> Generator[BinaryIO, None, None]:
    """
    Open a file that takes the place of *path* when all is written; after an error, *path* is as it was.

    *what* it is stands in the refusals: "export". A private one can be read by nobody else (0600), from its first byte.

    Raises:
        Refused: there is no such folder, it cannot be written to, or a file is there that must stay.

    """
    target = path.expanduser().resolve()
    beside = target.with_name(f".monitoria-{secrets.token_hex(8)}.tmp")
    with _explained(target.parent, what):
        if not target.parent.is_dir():
            raise Refused(f"There is no folder {str(target.parent)!r} to write the {what} into; create it first.")
        _require_place(target, what=what, may_exist=may_exist)
        beside.touch(0o600 if is_private else 0o666, exist_ok=False)
    try:
        with _explained(target.parent, what):
            file = beside.open("wb")
        with file:
            yield file
            with _explained(target.parent, what):
                file.flush()
                os.fsync(file.fileno())
        with _explained(target.parent, what):
            _require_place(target, what=what, may_exist=may_exist)  # it may have come meanwhile
            beside.replace(target)
            _sync_folder(target.parent)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _explained(folder: Path, what: str) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        raise Refused(f"The {what} cannot be written into {str(folder)!r} ({error.strerror}).") from None


def _require_place(target: Path, *, what: str, may_exist: bool) -> None:
    if not target.exists():
        return
    if not target.is_file():
        raise Refused(f"{str(target)!r} is not a file, so the {what} cannot take its place; give a file's name.")
    if not may_exist:
        raise Refused(f"There is a file {str(target)!r} already; name another one, or replace it with --replace.")


def _sync_folder(folder: Path) -> None:
    """Let a power cut not undo the new name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
