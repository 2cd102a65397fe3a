"""What every test stands on: a real PostgreSQL, a clean environment, and no network."""

import asyncio
import gc
import ipaddress
import os
import signal
import socket
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection

from db.embedded import held
from db.migrate import migrate
from services.judging import promise
from tests import grouping
from tests.databases import SpareDatabases, created

LOOK_FOR_GARBAGE_AFTER = 20_000
"""Objects more than before: at Python's 700, a run spends a twentieth of its time on looking."""
OUTSIDE = ("MONITORIA_", "OPENAI_", "DISCORD_", "DATABASE_URL", "PG", "HF_")


# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Hear Ctrl-C also where a shell started the tests in the background, which makes all processes ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)  # after pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is left alone with it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Leave what was loaded and collected, of which nothing ends before the run does, out of every later look."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOK_FOR_GARBAGE_AFTER)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything must run, as in CI, a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("MONITORIA_NO_SKIPS") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """Say how to have the same order again, which is another one in each run."""
    seed = config.getoption("randomly_seed", None)
    if exitstatus and seed is not None:
        terminalreporter.write_line(f"The order of the tests was that of --randomly-seed={seed}")


@pytest.fixture(scope="session")
def postgres_url() -> Generator[str, None, None]:
    """A server where tests may create databases: MONITORIA_TEST_DSN, else the embedded one."""
    if given := os.environ.get("MONITORIA_TEST_DSN"):
        yield given
        return
    with (
        tempfile.TemporaryDirectory(prefix="monitoria-tests-") as home,
        held(Path(home), durable=False) as url,
    ):
        yield url


@pytest.fixture(scope="session")
def template(postgres_url: str) -> Generator[str, None, None]:
    """The name of a migrated database that nobody is connected to, so that it can be copied."""
    with created(postgres_url, copy_of="template1") as url:
        asyncio.run(migrate(url))
        yield _name(url)


@pytest.fixture(scope="session")
def shared_database(postgres_url: str, template: str) -> Generator[str, None, None]:
    """A migrated database for tests that roll everything back."""
    with created(postgres_url, copy_of=template) as url:
        yield url


@pytest.fixture(scope="session")
def spare(postgres_url: str, template: str) -> Generator[SpareDatabases, None, None]:
    """Where migrated databases are kept that tests have used and left empty."""
    spare = SpareDatabases(server=postgres_url, template=template)
    yield spare
    spare.clear()


@pytest.fixture
def database(spare: SpareDatabases) -> Generator[str, None, None]:
    """The URL of a migrated database in which nothing is, for what must commit or race."""
    with spare.lent() as url:
        yield url


@pytest.fixture
def empty_database(postgres_url: str) -> Generator[str, None, None]:
    """The URL of a database with nothing in it."""
    with created(postgres_url, copy_of="template0") as url:
        yield url


@pytest.fixture
async def conn(shared_database: str) -> AsyncGenerator[AsyncConnection, None]:
    """A connection inside a transaction that is rolled back."""
    async with await AsyncConnection.connect(shared_database, options="-c timezone=UTC") as connection:
        await register_vector_async(connection)
        try:
            yield connection
        finally:
            await connection.rollback()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith(OUTSIDE)]:
        monkeypatch.delenv(name)
    # A name alone: making a folder for each of thousands of tests takes seconds.
    monkeypatch.setenv("MONITORIA_HOME", str(tmp_path_factory.getbasetemp() / f"home-{uuid4().hex[:8]}"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


class Never(Random):
    """Chance that draws nobody."""

    def random(self) -> float:
        return 1.0


@pytest.fixture(autouse=True)
def no_context_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no passages judged by chance: one test in twenty would meet a call that it does not expect."""
    monkeypatch.setattr(promise, "CONTEXT_CHANCE", Never())


@pytest.fixture(autouse=True, scope="session")
def grouping_at_hand() -> None:
    grouping.at_hand()


class NetworkForbidden(AssertionError):
    """A test tried to leave this machine; not an OSError, which our own code would forgive."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sockets reach this machine only."""
    for method in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, method, _within_this_machine(getattr(socket.socket, method)))


def _within_this_machine(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(str(address[0])):
            raise NetworkForbidden(f"A test tried to reach {address!r}; tests stay on this machine.")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name(url: str) -> str:
    with psycopg.connect(url) as conn:
        return conn.info.dbname
