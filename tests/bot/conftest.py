"""What tests of the command line stand on: a terminal on a fresh database, and one on the sample course."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.bot.console import SAMPLES, Console, console


@pytest.fixture
def terminal(tmp_path: Path, database: str) -> Console:
    """A terminal on a migrated database that holds nothing."""
    return console(tmp_path, DATABASE_URL=database)


@pytest.fixture
def detached(tmp_path: Path) -> Console:
    """A terminal on an empty home, where the database is the embedded one."""
    return console(tmp_path)


@pytest.fixture(scope="session")
def sampled(
    postgres_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Console, None, None]:
    """A terminal on the sample course `redes`; tests only read it, and ask."""
    with _copy(postgres_url, template) as url:
        there = console(tmp_path_factory.mktemp("sampled"), DATABASE_URL=url)
        course = str(SAMPLES / "course")
        manifest = str(SAMPLES / "course" / "manifest.json")
        ran = asyncio.run(there.run("ingest", course, "--manifest", manifest, "--course", "redes"))
        assert ran.code == 0, ran.err
        yield there


@contextmanager
def _copy(server: str, template: str) -> Generator[str, None, None]:
    name = f"monitoria_test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
