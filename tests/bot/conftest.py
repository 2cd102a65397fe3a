"""What tests of the command line stand on: a terminal on a fresh database, and one on the sample course."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from tests.bot.console import ROOT, SAMPLES, Console, console
from tests.databases import created


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sequence[str], None, None]:
    """How a program starts at once: `tests.forks` has loaded what it needs."""
    address = str(tmp_path_factory.mktemp("forks") / "socket")
    variables = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.forks", address],
        cwd=ROOT,
        env=variables | {"HF_HUB_OFFLINE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdin
        assert server.stdout
        assert server.stdout.readline() == b"ready\n"
        yield (sys.executable, "-I", "-S", str(ROOT / "tests" / "forks.py"), address)
        server.stdin.close()


@pytest.fixture
def terminal(tmp_path: Path, database: str, forks: Sequence[str]) -> Console:
    """A terminal on a migrated database that holds nothing."""
    return console(tmp_path, forks, DATABASE_URL=database)


@pytest.fixture
def detached(tmp_path: Path) -> Console:
    """A terminal on an empty home, where the database is the embedded one."""
    return console(tmp_path)


@pytest.fixture(scope="session")
def sampled(
    postgres_url: str, template: str, forks: Sequence[str], tmp_path_factory: pytest.TempPathFactory
) -> Generator[Console, None, None]:
    """A terminal on the sample course `redes`; tests only read it, and ask."""
    with created(postgres_url, copy_of=template) as url:
        there = console(tmp_path_factory.mktemp("sampled"), forks, DATABASE_URL=url)
        course = str(SAMPLES / "course")
        manifest = str(SAMPLES / "course" / "manifest.json")
        ran = asyncio.run(there.run("ingest", course, "--manifest", manifest, "--course", "redes"))
        assert ran.code == 0, ran.err
        yield there
