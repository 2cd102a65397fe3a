"""What tests of the command line stand on: a terminal on a fresh database, and one on the sample course."""

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.bot.console import SAMPLES, Console, console
from tests.databases import created


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
    with created(postgres_url, copy_of=template) as url:
        there = console(tmp_path_factory.mktemp("sampled"), DATABASE_URL=url)
        course = str(SAMPLES / "course")
        manifest = str(SAMPLES / "course" / "manifest.json")
        ran = asyncio.run(there.run("ingest", course, "--manifest", manifest, "--course", "redes"))
        assert ran.code == 0, ran.err
        yield there
