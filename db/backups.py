"""
Save the tables of Monitoria into an archive, and bring them back from one in a single transaction.

The archive is pg_dump's own (custom format), so that PostgreSQL's programs alone can restore it too. On our way back,
pg_restore only turns it into SQL, which runs on a connection of ours: there one transaction holds all of it, and
settings that an older server does not know can be left out.
"""

import os
import re
from asyncio import StreamReader
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row, scalar_row

from db import archives
from db.connect import connected
from db.errors import DatabaseRefused, describe
from db.exports import freeze
from db.migrate import MIGRATIONS, migrate, migrations_in
from db.records.operation import BackupContents, BackupStep

LOCK_PATIENCE_MS = 30_000
BATCH_BYTES = 2**18
HISTORY = "schema_migrations"
FIRST_WITH_TRANSACTION_TIMEOUT = 170_000
"""Of PostgreSQL: pg_restore writes that setting for all, and older servers refuse it."""

MADE = re.compile(r"^create (?:or replace )?(table|view|function) (\w+)", re.MULTILINE)
SAVING = re.compile(r'dumping contents of table "(?:.*\.)?(.+)"')
EXTENSION = re.compile(r"^CREATE EXTENSION (?:IF NOT EXISTS )?vector WITH SCHEMA (.+);$", re.MULTILINE)
COPY = re.compile(rb"(?P<statement>COPY (?:[^ ]+\.)?(?P<table>[^ ]+) \(.*\) FROM stdin);\n")

# What pg_restore lists of an archive, and the rows of the history in it.
TABLE = re.compile(r"^\d+; \d+ \d+ TABLE (?P<schema>\S+) (?P<name>\S+) ", re.MULTILINE)
ROWS = re.compile(r"^\d+; \d+ \d+ TABLE DATA ", re.MULTILINE)
MADE_AT = re.compile(r"^; Archive created at (.+)$", re.MULTILINE)
APPLIED = re.compile(r"^(\d{4}_[a-z0-9_]+)\t([0-9a-f]{64})\t", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An archive of Monitoria's that this program can restore."""

    path: Path
    made_at: str
    schema: str
    vector_schema: str  # where pgvector was, as SQL writes its name
    tables: int  # whose rows are in it


async def save(url: str, file: BinaryIO) -> AsyncGenerator[BackupStep | BackupContents, None]:
    """
    Write an archive of all tables into *file*, as they are at one moment; last comes what is inside.

    Raises:
        DatabaseRefused: there is nothing to save, no program that can, or no room.
        DatabaseUnavailable: nothing answers at *url*, or it went away.

    """
    async with await connected(url) as conn:
        with _explained(f"The {describe(url)} cannot be saved"):
            await freeze(conn)
            contents, total, arguments = await _looked_at(conn, url, file)
        async with (
            archives.started(await archives.saver(conn, url), *arguments, stdout=DEVNULL, like=conn) as process,
            aclosing(archives.said(process)) as reports,
        ):
            said = ""
            async for said in reports:
                # pg_dump tells of its progress on stderr alone, line by line.
                if begun := SAVING.findall(said):
                    await conn.close()  # pg_dump sees the same moment by itself now
                    yield BackupStep(doing=begun[-1], done=len(begun) - 1, total=total, size_bytes=_size(file))
            if await process.wait():
                raise archives.unsaved(said, url)
    yield BackupStep(doing="reading it back", done=total, total=total, size_bytes=_size(file))
    await archives.read_back(Path(file.name))
    yield contents


async def inspect(path: Path) -> Archive:
    """
    Look into the archive at *path*.

    Raises:
        DatabaseRefused: it is none, it is not Monitoria's, or this program is older than it.

    """
    listed = await archives.told(path, "--list")
    tables = {found["name"]: found["schema"] for found in TABLE.finditer(listed)}
    if HISTORY not in tables or "courses" not in tables:
        raise DatabaseRefused(f"{str(path)!r} is not a backup of Monitoria: it holds other tables; give another file.")
    history = await archives.told(path, "--data-only", f"--table={HISTORY}", "--file=-")
    _require_known(dict(APPLIED.findall(history)), path)
    made_at = MADE_AT.search(listed)
    return Archive(
        path=path,
        made_at=made_at[1] if made_at else "an unknown time",
        schema=tables[HISTORY],
        vector_schema=await _vector_schema(path),
        tables=len(ROWS.findall(listed)),
    )


async def _vector_schema(path: Path) -> str:
    found = EXTENSION.search(await archives.told(path, "--schema-only", "--file=-"))
    return found[1] if found else "public"


async def restore(url: str, archive: Archive) -> AsyncGenerator[BackupStep | BackupContents, None]:
    """
    Fill the empty database at *url* from *archive*, in one transaction; last comes what was inside.

    Raises:
        DatabaseRefused: the database has rows, something uses it, or it does not take the archive.
        DatabaseUnavailable: nothing answers at *url*.

    """
    async with await connected(url) as conn:
        await _require_empty(conn, url)
    await migrate(url)  # it says best what a server lacks: pgvector, rights, a version
    arguments = (
        f"--schema={archive.schema}",  # without the schema itself and the extension, which are there already
        "--no-owner",
        "--no-privileges",
        "--file=-",
        str(archive.path),
    )
    with _explained(f"The {describe(url)} does not take the backup"):
        async with await connected(url) as conn:
            await _make_way(conn, url, archive)
            async with (
                archives.started(await archives.restorer(), *arguments, stdout=PIPE) as process,
                aclosing(_replayed(conn, process, archive)) as steps,
            ):
                async for step in steps:
                    yield step
            await conn.execute("reset all")  # the script has set the search path, among others
            contents = await _contents(conn)
    # The archive may be of an older Monitoria than this one.
    await migrate(url)
    async with await connected(url, autocommit=True) as conn:
        await conn.execute("analyze")  # no statistics are in it, and the first questions should not wait for them
    yield contents


async def _looked_at(conn: AsyncConnection, url: str, file: BinaryIO) -> tuple[BackupContents, int, tuple[str, ...]]:
    """Return what the database holds, in how many tables, and the arguments that let pg_dump see the same moment."""
    schema = await _schema(conn)
    if schema is None:
        raise DatabaseRefused(f"The {describe(url)} has no tables of Monitoria yet, so there is nothing to save.")
    arguments = (
        "--format=custom",
        f"--file={file.name}",  # not to its stdout, where it would write its list of contents a second time
        "--no-owner",
        "--no-privileges",
        f'--schema="{schema}"',
        "--extension=vector",
        f"--snapshot={await _snapshot(conn)}",
        f"--lock-wait-timeout={LOCK_PATIENCE_MS}",
        "--no-password",
        "--verbose",  # it names each table as it comes to it
    )
    return await _contents(conn), await _count_tables(conn, schema=schema), arguments


async def _schema(conn: AsyncConnection) -> str | None:
    """Return the schema where Monitoria's tables are."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.oid = to_regclass('schema_migrations')
            """
        )
        return await cur.fetchone()


async def _contents(conn: AsyncConnection) -> BackupContents:
    async with conn.cursor(row_factory=class_row(BackupContents)) as cur:
        await cur.execute(
            """
            select (select count(*) from courses) as courses,
                (select count(*) from lectures where withdrawn_at is null) as lectures,
                (select count(*) from questions) as questions,
                (select count(*) from answers) as answers
            """
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - a select of counts always returns its row
    return found


async def _count_tables(conn: AsyncConnection, *, schema: str) -> int:
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select count(*) from pg_tables where schemaname = %(schema)s", {"schema": schema})
        return int(await cur.fetchone() or 0)


async def _snapshot(conn: AsyncConnection) -> str:
    """Return the name by which another connection can see the moment that this transaction sees."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select pg_export_snapshot()")
        return str(await cur.fetchone())


async def _require_empty(conn: AsyncConnection, url: str) -> None:
    filled = [table for table in await _present(conn, _made("table")) if await _has_rows(conn, table)]
    if filled:
        more = f" and {len(filled) - 3} more" if len(filled) > 3 else ""
        raise DatabaseRefused(
            f"The {describe(url)} is not empty (there are rows in {', '.join(filled[:3])}{more}), and a backup is not "
            "mixed with what is there; name a new database in DATABASE_URL, or, for the embedded one, a new folder in "
            "MONITORIA_HOME."
        )


async def _present(conn: AsyncConnection, names: Sequence[str]) -> list[str]:
    """Return those of *names* that are tables in the database."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select name from unnest(%(names)s::text[]) as name where to_regclass(name) is not null",
            {"names": list(names)},
        )
        return await cur.fetchall()


async def _has_rows(conn: AsyncConnection, table: str) -> bool:
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(sql.SQL("select exists (select from {})").format(sql.Identifier(table)))
        return bool(await cur.fetchone())


async def _make_way(conn: AsyncConnection, url: str, archive: Archive) -> None:
    """Drop the empty tables that the archive brings itself; from here on nobody else can write into them."""
    if (here := await _schema(conn)) != archive.schema:
        raise DatabaseRefused(
            f"The tables in the backup are in the schema {archive.schema!r}, and those of the {describe(url)} in "
            f"{here!r}; let search_path in DATABASE_URL begin with {archive.schema!r}."
        )
    tables = sql.SQL(", ").join(map(sql.Identifier, await _present(conn, [*_made("table"), HISTORY])))
    try:
        await conn.execute(sql.SQL("set local lock_timeout = {}").format(LOCK_PATIENCE_MS))
        await conn.execute(sql.SQL("lock table {}").format(tables))
    except psycopg.errors.LockNotAvailable:
        raise DatabaseRefused(
            f"Another program is at work in the {describe(url)}; stop it, and restore the backup then."
        ) from None
    # Once more, under the lock: somebody may have written since the first look.
    await _require_empty(conn, url)
    # Views stand on tables, and triggers of tables on functions: hence this order.
    for view in _made("view"):
        await conn.execute(sql.SQL("drop view if exists {}").format(sql.Identifier(view)))
    await conn.execute(sql.SQL("drop table {}").format(tables))
    for function in _made("function"):
        await conn.execute(sql.SQL("drop function if exists {}").format(sql.Identifier(function)))


def _made(kind: Literal["table", "view", "function"]) -> list[str]:
    """Return the names of what our migrations make."""
    found = [match for migration in migrations_in(MIGRATIONS) for match in MADE.findall(migration.sql)]
    return list(dict.fromkeys(name for made, name in found if made == kind))


async def _replayed(conn: AsyncConnection, process: Process, archive: Archive) -> AsyncGenerator[BackupStep, None]:
    """Run what pg_restore writes, SQL and rows by turns, and tell before each piece what it is."""
    script = archives.piped(process.stdout)
    moved = await _moved(conn, archive)
    between: list[bytes] = []
    done = size = 0
    while line := await archives.line(script):
        size += len(line)
        if found := COPY.fullmatch(line):
            await conn.execute(b"".join(between))
            between.clear()
            async with (
                conn.cursor() as cur,
                cur.copy(found["statement"]) as copy,
                aclosing(_batches(script)) as batches,
            ):
                async for rows in batches:
                    yield BackupStep(doing=found["table"].decode(), done=done, total=archive.tables, size_bytes=size)
                    await copy.write(rows)
                    size += len(rows)
            done += 1
        elif not _is_for_others(line, conn):
            between.append(moved(line))
    complaint = await archives.piped(process.stderr).read()
    if await process.wait():
        raise archives.unreadable(archive.path, complaint)
    yield BackupStep(doing="indexes and checks", done=done, total=archive.tables, size_bytes=size)
    await conn.execute(b"".join(between))


async def _moved(conn: AsyncConnection, archive: Archive) -> Callable[[bytes], bytes]:
    """
    Return what lets a line of SQL find pgvector where it is here; providers keep extensions in schemas of their own.

    Rows never pass through it: in them the name of a schema is somebody's words.
    """
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select quote_ident(nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace
            where extname = 'vector'
            """
        )
        here = str(await cur.fetchone())
        await cur.execute(
            """
            select typname from pg_type t join pg_depend d on d.classid = 'pg_type'::regclass and d.objid = t.oid
            where d.deptype = 'e' and d.refobjid = (select oid from pg_extension where extname = 'vector')
            union select proname from pg_proc p join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid
            where d.deptype = 'e' and d.refobjid = (select oid from pg_extension where extname = 'vector')
            union select opcname from pg_opclass c
                join pg_depend d on d.classid = 'pg_opclass'::regclass and d.objid = c.oid
            where d.deptype = 'e' and d.refobjid = (select oid from pg_extension where extname = 'vector')
            """
        )
        names = "|".join(re.escape(name) for name in await cur.fetchall())
    there = re.escape(archive.vector_schema)
    qualified = re.compile(rf"(?<![\w\".]){there}\.(?=(?:{names})\b)|(?<=OPERATOR\(){there}\.(?=[^\w\s])".encode())
    return lambda line: qualified.sub(lambda _: f"{here}.".encode(), line)


async def _batches(script: StreamReader) -> AsyncGenerator[bytes, None]:
    """Yield the rows of one table, up to the mark that ends them or to where the script breaks off."""
    rows: list[bytes] = []
    size = 0
    while (line := await archives.line(script)) not in {b"\\.\n", b""}:
        rows.append(line)
        size += len(line)
        if size >= BATCH_BYTES:
            yield b"".join(rows)
            rows.clear()
            size = 0
    if rows:
        yield b"".join(rows)


def _is_for_others(line: bytes, conn: AsyncConnection) -> bool:
    r"""Tell whether *line* is for psql, as `\restrict` is, or for servers newer than this one."""
    return line.startswith(b"\\") or (
        line.startswith(b"SET transaction_timeout") and conn.info.server_version < FIRST_WITH_TRANSACTION_TIMEOUT
    )


def _require_known(applied: dict[str, str], path: Path) -> None:
    """Refuse an archive that this program's migrations could not go on from."""
    known = {migration.name: migration.sha256 for migration in migrations_in(MIGRATIONS)}
    if newer := sorted(applied.keys() - known.keys()):
        raise DatabaseRefused(
            f"The backup {str(path)!r} was made by a newer Monitoria (it has {newer[-1]!r}); "
            "update this program, and restore it then."
        )
    if edited := [name for name, sha256 in applied.items() if known[name] != sha256]:
        raise DatabaseRefused(
            f"The backup {str(path)!r} was made by another Monitoria, whose {edited[0]!r} is not this program's; "
            "restore it with the one that made it."
        )


@contextmanager
def _explained(what: str) -> Generator[None, None, None]:
    """Pass on what the server minds; a lost connection is left to the caller."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate is None:
            raise
        said = error.diag.message_primary or str(error).strip()
        raise DatabaseRefused(f"{what} ({said}); nothing of it was kept.") from None


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size
