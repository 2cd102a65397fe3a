"""Save everything that Monitoria remembers in one file, and bring it back into an empty database."""

import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from db import backups
from db.errors import DatabaseRefused
from db.records.operation import BackupContents, BackupStep
from services import wiring
from services.errors import Refused
from services.ground.files import replacing
from services.wiring import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A backup that was written, and read back."""

    contents: BackupContents
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back."""

    contents: BackupContents
    made_at: str  # when the backup was made


async def save(setup: Setup, path: Path, *, may_replace: bool) -> AsyncGenerator[BackupStep | Saved, None]:
    """
    Write a backup to *path*, whole or not at all; yield how far it is, and last what it holds.

    The database is left as it is, an old schema too: a backup comes before an upgrade.

    Raises:
        Refused: there is no place or room for the file, nothing to save, or no program that can.
        Unavailable: the database does not answer, or went away.

    """
    with replacing(path, what="backup", may_exist=may_replace, is_private=True) as file:
        contents: BackupContents | None = None
        async with wiring.database(setup) as url, aclosing(backups.save(url, file)) as events:
            async for event in events:
                if isinstance(event, BackupContents):
                    contents = event
                else:
                    yield event
        size_bytes = os.fstat(file.fileno()).st_size
    assert contents is not None  # noqa: S101 - what was saved is the last event
    yield Saved(contents=contents, size_bytes=size_bytes)


async def restore(setup: Setup, path: Path) -> AsyncGenerator[BackupStep | Restored, None]:
    """
    Fill the empty database from the backup at *path*, whole or not at all; yield how far it is, and last what it held.

    Raises:
        Refused: the file is no backup or too new a one, or the database is not empty.
        Unavailable: the database does not answer, or went away.

    """
    try:
        archive = await backups.inspect(_readable(path))
    except DatabaseRefused as error:
        raise Refused(str(error)) from error
    async with wiring.database(setup) as url, aclosing(backups.restore(url, archive)) as events:
        async for event in events:
            if isinstance(event, BackupContents):
                yield Restored(contents=event, made_at=archive.made_at)
            else:
                yield event


def _readable(path: Path) -> Path:
    source = path.expanduser().absolute()
    try:
        source.open("rb").close()
    except OSError as error:
        raise Refused(f"The backup {str(source)!r} cannot be read ({error.strerror}); check the path.") from None
    return source
