"""Databases for tests on the one server of a run."""

from collections.abc import Generator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo


@contextmanager
def created(server: str, *, copy_of: str, encoding: str = "") -> Generator[str, None, None]:
    """Yield the URL of a new database on *server*, equal to *copy_of* (but its *encoding*), and drop it in the end."""
    name = f"monitoria_test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        # Copying the files takes half as long as writing their pages to the log; PostgreSQL 14 has no word for it.
        way = sql.SQL("strategy file_copy" if conn.info.server_version >= 150_000 else "")
        if encoding:
            way += sql.SQL(" locale 'C' encoding {}").format(encoding)
        conn.execute(
            sql.SQL("create database {} template {} {}").format(sql.Identifier(name), sql.Identifier(copy_of), way)
        )
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
