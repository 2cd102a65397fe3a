"""Bring a database up to this program's schema by numbered SQL files, each applied once and never edited."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, cast

import psycopg
from psycopg import AsyncConnection

from db.connect import connected
from db.errors import (
    DatabaseRefused,
    MigrationEdited,
    MigrationFailed,
    MigrationsMisnumbered,
    SchemaAhead,
    describe,
)

MIGRATIONS = Path(__file__).parent / "migrations"
OUTSIDE_TRANSACTION = "-- migrate: outside-transaction"
LOCK = 0x6D6F6E69  # "moni": any number that no other program on the server uses
OLDEST_POSTGRES = 14
OLDEST_PGVECTOR = (0, 7)  # the first with halfvec and sparsevec

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


async def migrate(url: str, *, folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """
    Apply what the database does not have yet, and return the names of that.

    Any number of processes may do this at once: one works, the others wait and find it done.

    Raises:
        DatabaseRefused: pgvector is missing or old, PostgreSQL is old, or the user may not create things.
        DatabaseUnavailable: nothing answers at *url*.
        MigrationEdited: a file that was applied has changed since.
        MigrationFailed: the database refused a file; nothing of that file was kept.
        MigrationsMisnumbered: the folder's numbers have a gap or a double.
        SchemaAhead: the database has a migration that this program does not know.

    """
    migrations = migrations_in(folder)
    async with await connected(url, autocommit=True) as conn:
        await conn.execute("select pg_advisory_lock(%(lock)s)", {"lock": LOCK})
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


def migrations_in(folder: Path) -> tuple[Migration, ...]:
    """Return the migrations that *folder* holds, in order."""
    paths = sorted(folder.glob("*.sql"))
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
            await _record(conn, migration)
            return
        async with conn.transaction():
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
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseRefused(
            f"The user {conn.info.user!r} may not create the extension pgvector in the {describe(url)}; "
            "an administrator must run `create extension vector` in that database."
        ) from error
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile) as error:
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
