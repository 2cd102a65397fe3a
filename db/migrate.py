"""Bring a database up to this program's schema by numbered SQL files, each applied once and never edited."""

import asyncio
import hashlib
import logging
import math
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, cast

import psycopg
from psycopg import AsyncConnection

from db.connect import connected
from db.errors import (
    DatabaseRefused,
    DatabaseUnavailable,
    MigrationEdited,
    MigrationFailed,
    MigrationsMisnumbered,
    SchemaAhead,
    describe,
)
from db.versions import Versions, versions

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
OUTSIDE_TRANSACTION = "-- migrate: outside-transaction"
LOCK = 0x6D6F6E69  # "moni": any number that no other program on the server uses
LOCK_PATIENCE_S = 120.0
"""For another process to end its migration; ours take seconds, but for a large database."""
NOTICE_AFTER_S = 5.0
LOCK_PAUSE_S = 0.2
# Older servers do not know the setting, and refuse to set it.
FIRST_WITH_TRANSACTION_TIMEOUT = 170_000
OLDEST_POSTGRES = 14
OLDEST_PGVECTOR = (0, 7)  # the first with halfvec and sparsevec

ALLOW_LISTED = re.compile(r"allow-?listed|allowed_extensions|azure\.extensions", re.IGNORECASE)
FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file of the folder."""

    name: str  # without ".sql"
    sql: str
    sha256: str  # of the text with LF line ends, so that a checkout with CRLF is the same file

    @property
    def is_outside_transaction(self) -> bool:
        return self.sql.startswith(OUTSIDE_TRANSACTION)


async def migrate(url: str, *, folder: Path = MIGRATIONS, patience_s: float = LOCK_PATIENCE_S) -> tuple[str, ...]:
    """
    Apply what the database does not have yet, and return the names of that.

    Any number of processes may do this at once: one works, the others wait, up to *patience_s*, and find it done.

    Raises:
        DatabaseRefused: pgvector is missing or old, PostgreSQL is old, or the user may not create things.
        DatabaseUnavailable: nothing answers at *url*, or another process migrates for too long.
        MigrationEdited: a file that was applied has changed since.
        MigrationFailed: the database refused a file; nothing of that file was kept.
        MigrationsMisnumbered: the folder's numbers have a gap or a double.
        SchemaAhead: the database has a migration that this program does not know.

    """
    migrations = migrations_in(folder)
    async with _alone(url, patience_s), await connected(url, autocommit=True) as conn:
        require_postgres(conn.info.server_version, url)
        await _require_pgvector(conn, url)
        await _create_history(conn, url)
        missing = _missing(migrations, await _applied(conn), url)
        for migration in missing:
            await _apply(conn, migration)
    return tuple(migration.name for migration in missing)


async def pending(url: str, *, folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """Return the names that `migrate` would apply, changing nothing; raises what `migrate` raises."""
    migrations = migrations_in(folder)
    async with await connected(url, autocommit=True) as conn:
        require_postgres(conn.info.server_version, url)
        applied = await _applied(conn) if await _has_history(conn) else {}
    return tuple(migration.name for migration in _missing(migrations, applied, url))


@asynccontextmanager
async def _alone(url: str, patience_s: float) -> AsyncGenerator[None, None]:
    """
    Let one process at a time migrate.

    The lock belongs to a transaction that stays open meanwhile, on a connection of its own: the lock of a session would
    outlive us where a pooler keeps the session. Nobody waits inside a statement, whose snapshot would hold up an index
    that is built concurrently.
    """
    async with await connected(url) as conn:
        await _locked(conn, url, patience_s)
        yield
        with suppress(psycopg.OperationalError):  # a firewall may have cut it off in a long migration; all is done
            await conn.rollback()


async def _locked(conn: AsyncConnection, url: str, patience_s: float) -> None:
    """Take the lock, and say so where that takes long."""
    until, notice_at = time.monotonic() + patience_s, time.monotonic() + NOTICE_AFTER_S
    while not await _took(conn):
        holder = await _holder(conn)
        await conn.rollback()
        if time.monotonic() > notice_at:
            log.warning("migrate.waiting", extra={"database": describe(url), "holder": holder.strip(" ()")})
            notice_at = math.inf  # once is enough
        if time.monotonic() > until:
            raise DatabaseUnavailable(
                f"Another process has been migrating the {describe(url)} for more than {patience_s:g} s{holder}; wait "
                "for it. If none is at work, a pooler has kept the lock: end that process on the server with "
                "`select pg_terminate_backend(PID)`, and try again."
            )
        await asyncio.sleep(LOCK_PAUSE_S)


async def _took(conn: AsyncConnection) -> bool:
    """Try to take the lock for this transaction, which no limit of the server on idle ones may end."""
    row = await (await conn.execute("select pg_try_advisory_xact_lock(%(lock)s)", {"lock": LOCK})).fetchone()
    # Last, since the snapshot of a select would be kept until the next statement, and hold up concurrent indexes.
    await _without_limits(conn)
    return row == (True,)


async def _without_limits(conn: AsyncConnection) -> None:
    """Lift for this transaction what a provider has set for a role: migrations may take longer than answers."""
    await conn.execute("set local statement_timeout = 0")
    if conn.info.server_version >= FIRST_WITH_TRANSACTION_TIMEOUT:
        await conn.execute("set local transaction_timeout = 0")
    await conn.execute("set local idle_in_transaction_session_timeout = 0")


async def _holder(conn: AsyncConnection) -> str:
    """Say which process of the server has the lock, where that can be seen."""
    row = await (
        await conn.execute(
            """
            select l.pid, a.application_name, a.state from pg_locks l left join pg_stat_activity a on a.pid = l.pid
            where l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = %(lock)s and l.objsubid = 1
                and l.database = (select oid from pg_database where datname = current_database())
            """,
            {"lock": LOCK},
        )
    ).fetchone()
    return f" (its process {row[0]}, {row[1] or 'unnamed'!r}, {row[2] or 'unknown'})" if row else ""


def migrations_in(folder: Path) -> tuple[Migration, ...]:
    """Return the migrations that *folder* holds, in order."""
    paths = sorted(folder.glob("*.sql"))
    # Two branches that took the same number are found here, not by the order in which they happen to run.
    for expected, path in enumerate(paths, start=1):
        match = FILE_NAME.fullmatch(path.name)
        if match is None or int(match[1]) != expected:
            raise MigrationsMisnumbered(
                f"The migration {path.name!r} in {str(folder)!r} stands where number {expected:04} belongs; "
                "the files must be named 0001_words.sql, 0002_words.sql and so on, with no gap and no double."
            )
    return tuple(_parse(path) for path in paths)


def _parse(path: Path) -> Migration:
    sql = path.read_text(encoding="utf-8-sig")  # reads CRLF as LF
    return Migration(name=path.stem, sql=sql, sha256=hashlib.sha256(sql.encode()).hexdigest())


def _missing(migrations: tuple[Migration, ...], applied: dict[str, str], url: str) -> tuple[Migration, ...]:
    """Compare the folder with what the database remembers, and return what it lacks."""
    known = {migration.name: migration.sha256 for migration in migrations}
    if newer := sorted(applied.keys() - known.keys()):
        raise SchemaAhead(
            f"The {describe(url)} was made by a newer Monitoria (it has {newer[-1]!r}); "
            "update this program, or restore a backup that is as old as it."
        )
    for name, sha256 in applied.items():
        if known[name] != sha256:
            raise MigrationEdited(
                f"The migration {name!r} was applied to the {describe(url)} and has been edited since; "
                "restore the file as it was, and make the change in a new one."
            )
    return tuple(migration for migration in migrations if migration.name not in applied)


async def _apply(conn: AsyncConnection, migration: Migration) -> None:
    try:
        if migration.is_outside_transaction:
            await _run(conn, migration.sql)
            # Recorded last: where somebody dies in between, it runs once more, and is never thought done.
            await _record(conn, migration)
            return
        async with conn.transaction():
            await _without_limits(conn)
            # Who waits for a table's lock keeps all others waiting behind it: rather fail soon, and be tried again.
            await conn.execute("set local lock_timeout = '4s'")
            await _run(conn, migration.sql)
            await _record(conn, migration)
    except psycopg.Error as error:
        said = error.diag.message_primary or str(error).strip()
        kept = "look for what it left behind" if migration.is_outside_transaction else "nothing of it was kept"
        raise MigrationFailed(
            f"The migration {migration.name!r} failed ({said}); {kept}, and `monitoria migrate` tries again."
        ) from error


async def _run(conn: AsyncConnection, sql: str) -> None:
    await conn.execute(cast("LiteralString", sql))  # our own files are as trusted as our own literals


async def _record(conn: AsyncConnection, migration: Migration) -> None:
    await conn.execute(
        "insert into schema_migrations (name, sha256) values (%(name)s, %(sha256)s)",
        {"name": migration.name, "sha256": migration.sha256},
    )


async def _create_history(conn: AsyncConnection, url: str) -> None:
    try:
        await conn.execute(
            """
            create table if not exists schema_migrations (
                name text primary key,
                sha256 text not null,
                applied_at timestamptz not null default now()
            )
            """
        )
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseRefused(
            f"The user {conn.info.user!r} may not create tables in the {describe(url)}; an administrator "
            f'must run `grant create on schema public to "{conn.info.user}"` there.'
        ) from error


async def _has_history(conn: AsyncConnection) -> bool:
    row = await (await conn.execute("select to_regclass('schema_migrations') is not null")).fetchone()
    return row == (True,)


async def _applied(conn: AsyncConnection) -> dict[str, str]:
    """Return the hash of each applied file by its name."""
    rows = await conn.execute("select name, sha256 from schema_migrations order by name")
    return dict(await rows.fetchall())


def require_postgres(server_version: int, url: str) -> None:
    """
    Refuse a server older than we test with.

    >>> require_postgres(140000, "postgresql:///monitoria")
    """
    if server_version < OLDEST_POSTGRES * 10_000:
        raise DatabaseRefused(
            f"The {describe(url)} is PostgreSQL {server_version // 10_000}, and Monitoria needs "
            f"{OLDEST_POSTGRES} or newer; upgrade the server."
        )


async def _require_pgvector(conn: AsyncConnection, url: str) -> None:
    try:
        await conn.execute("create extension if not exists vector")
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise read_only(url) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseRefused(
            f"The user {conn.info.user!r} may not create the extension pgvector in the {describe(url)}; "
            "an administrator must run `create extension vector` in that database."
        ) from error
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile) as error:
        if ALLOW_LISTED.search(str(error)):
            raise DatabaseRefused(
                f"The server of the {describe(url)} does not allow the extension vector yet; add it to the list of "
                "allowed extensions (Azure: the server parameter azure.extensions; Amazon: rds.allowed_extensions)."
            ) from error
        raise DatabaseRefused(
            f"The server of the {describe(url)} has no pgvector; an administrator must install it "
            f"(on Debian: `apt install postgresql-{conn.info.server_version // 10_000}-pgvector`)."
        ) from error
    row = await (await conn.execute("select extversion from pg_extension where extname = 'vector'")).fetchone()
    version = str(row[0]) if row else "0"
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_PGVECTOR:
        raise DatabaseRefused(
            f"The {describe(url)} has pgvector {version}, and Monitoria needs 0.7 or newer; an administrator "
            "must install a newer pgvector and run `alter extension vector update` in that database."
        )
    found = await versions(conn)
    if not found.vector_in_path:
        raise DatabaseRefused(f"The {describe(url)} {off_the_path(found, conn.info.user)}.")


def off_the_path(found: Versions, user: str) -> str:
    """Say where pgvector is, and how *user* comes to see it."""
    return (
        f"has pgvector in the schema {found.vector_schema!r}, which is not on the search path; run `alter role "
        f'"{user}" in database "{found.database}" set search_path = "$user", public, "{found.vector_schema}"` there, '
        "grant usage on that schema if need be, and connect again"
    )


def read_only(url: str) -> DatabaseRefused:
    """Say that *url* takes no writes."""
    return DatabaseRefused(
        f"The {describe(url)} takes no writes: it is a read-only replica, or its provider has made it read-only, often "
        "because the disk is full; give DATABASE_URL the primary's address, or make room."
    )
