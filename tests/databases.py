"""Databases for tests on the one server of a run."""

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

SCHEMA = """
    select md5(string_agg(one, ',' order by one)) from (
        select concat_ws(' ', 'class', oid, xmin) from pg_class
            where oid >= 16384 and relnamespace::regnamespace::text !~ '^pg_(toast_)?temp_'
        union all select concat_ws(' ', 'column', attrelid, attnum, xmin) from pg_attribute
            where attrelid >= 16384 and attrelid in (select oid from pg_class where relkind in ('r', 'v'))
        union all select concat_ws(' ', 'constraint', oid, xmin) from pg_constraint where oid >= 16384
        union all select concat_ws(' ', 'trigger', oid, xmin) from pg_trigger where oid >= 16384
        union all select concat_ws(' ', 'index', indexrelid, xmin) from pg_index where indexrelid >= 16384
        union all select concat_ws(' ', 'function', oid, xmin) from pg_proc where oid >= 16384
        union all select concat_ws(' ', 'type', oid, xmin) from pg_type
            where oid >= 16384 and typnamespace::regnamespace::text !~ '^pg_(toast_)?temp_'
        union all select concat_ws(' ', 'extension', oid, xmin) from pg_extension where oid >= 16384
        union all select concat_ws(' ', 'schema', oid, xmin) from pg_namespace
            where nspname !~ '^pg_(toast_)?temp_'
        union all select concat_ws(' ', 'settings', setconfig) from pg_db_role_setting
            where setdatabase = (select oid from pg_database where datname = current_database())
    ) schema (one)
"""
"""Changes with every change of the schema: each of these rows has the transaction that wrote it."""
KEEPER = "a test run's own"
"""The name of a connection that stays while a test uses the database."""
OTHERS = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
LARGEST_GROWTH = 32 * 2**20
MOST_LOOKS = 2_000
BETWEEN_LOOKS_S = 0.005


@contextmanager
def created(server: str, *, copy_of: str, encoding: str = "") -> Generator[str, None, None]:
    """Yield the URL of a new database on *server*, equal to *copy_of* (but its *encoding*), and drop it in the end."""
    name = _copied(server, copy_of, encoding)
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        _drop(server, name)


@dataclass(kw_only=True)
class SpareDatabases:
    """
    Databases equal to a template, emptied and used again: making one costs the server twenty times as much.

    Only what is certainly as it was is used again: one whose schema, settings or first rows are no longer those of
    the template, or that has grown much, is dropped, and the next test gets a new one.
    """

    server: str
    template: str
    spare: list["_Kept"] = field(default_factory=list["_Kept"])
    _first: tuple[str, Mapping[str, str], int] | None = None

    @contextmanager
    def lent(self) -> Generator[str, None, None]:
        """Yield the URL of a database that is as the template is."""
        kept = self.spare.pop() if self.spare else self._new()
        first = self._first = self._first or _state(kept.conn)
        try:
            yield make_conninfo(self.server, dbname=kept.name)
        finally:
            if _is_emptied(kept.conn, first):
                self.spare.append(kept)
            else:
                self._drop(kept)

    def clear(self) -> None:
        while self.spare:
            self._drop(self.spare.pop())

    def _new(self) -> "_Kept":
        name = _copied(self.server, self.template)
        url = make_conninfo(self.server, dbname=name, application_name=KEEPER)
        return _Kept(name=name, conn=psycopg.connect(url, autocommit=True))

    def _drop(self, kept: "_Kept") -> None:
        kept.conn.close()
        _drop(self.server, kept.name)


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A spare database, with a connection that stays: a new one reads the catalogs anew, which takes longest of all."""

    name: str
    conn: psycopg.Connection


def _copied(server: str, template: str, encoding: str = "") -> str:
    name = f"monitoria_test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        # Copying the files takes half as long as writing their pages to the log; PostgreSQL 14 has no word for it.
        way = sql.SQL("strategy file_copy" if conn.info.server_version >= 150_000 else "")
        if encoding:
            way += sql.SQL(" locale 'C' encoding {}").format(encoding)
        conn.execute(
            sql.SQL("create database {} template {} {}").format(sql.Identifier(name), sql.Identifier(template), way)
        )
    return name


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _is_emptied(conn: psycopg.Connection, first: tuple[str, Mapping[str, str], int]) -> bool:
    """Let go of all that a test left in a database; return False where it is not certainly as it was at first."""
    schema, rows, size = first
    try:
        if not _is_alone(conn):
            return False
        (now, now_size) = _schema_and_size(conn)
        if now != schema or now_size > size + LARGEST_GROWTH:
            return False
        with conn.transaction():
            _empty(conn, [table for table in _with_rows(conn) if table not in rows])
        return _contents(conn, rows) == rows
    except psycopg.Error:
        return False


def _is_alone(conn: psycopg.Connection) -> bool:
    """End all other connections, also those of programs that a test has killed; return False where one stays."""
    conn.execute(f"select pg_terminate_backend(pid) {OTHERS}")
    for _ in range(MOST_LOOKS):
        if not conn.execute(f"select {OTHERS}").fetchall():
            return True
        time.sleep(BETWEEN_LOOKS_S)  # PostgreSQL itself would look ten times a second
    return False


def _empty(conn: psycopg.Connection, tables: Sequence[str]) -> None:
    # Each table for itself, without the triggers of foreign keys: `truncate` would write new files of all that follow.
    conn.execute("set local session_replication_role = replica")
    for table in tables:
        conn.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
    conn.execute(
        """
        select setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
        from pg_sequences where last_value is not null
        """
    )


def _state(conn: psycopg.Connection) -> tuple[str, Mapping[str, str], int]:
    """Return what tells a new database's schema, the contents of its tables that are not empty, and its bytes."""
    schema, size = _schema_and_size(conn)
    return schema, _contents(conn, _with_rows(conn)), size


def _schema_and_size(conn: psycopg.Connection) -> tuple[str, int]:
    found = conn.execute("select (" + SCHEMA + "), pg_database_size(current_database())").fetchone()
    assert found
    return str(found[0]), int(found[1])


def _with_rows(conn: psycopg.Connection) -> list[str]:
    tables = [name for (name,) in conn.execute("select tablename from pg_tables where schemaname = 'public'")]
    each = sql.SQL(" union all ").join(
        sql.SQL("select {} where exists (select from {})").format(sql.Literal(table), sql.Identifier(table))
        for table in tables
    )
    return [name for (name,) in conn.execute(each)]


def _contents(conn: psycopg.Connection, tables: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    told = sql.SQL("select md5(string_agg(t::text, ',' order by t::text)) from {} t")
    return {table: str(conn.execute(told.format(sql.Identifier(table))).fetchall()[0][0]) for table in tables}
