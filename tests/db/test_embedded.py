"""The embedded database comes up after every kind of death, and goes with the last process that uses it."""

import asyncio
import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Generator
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest

from db.embedded import PATIENCE, held, running
from db.errors import DatabaseUnavailable
from tests.db.homes import AppStarter, Gate, ask, eventually, is_alive, nobody_lives_in, postmaster, starts

STARTED = "select pg_postmaster_start_time()"

# Starting and stopping


async def test_an_empty_home_becomes_a_private_database_with_vectors(tmp_path: Path) -> None:
    home = tmp_path / "not" / "yet"

    async with running(home, durable=False) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("create extension vector")
            row = conn.execute(
                """
                select current_database(), current_setting('listen_addresses'),
                       current_setting('server_encoding'), '[1,2]'::vector::text
                """
            ).fetchone()

    assert row == ("monitoria", "", "UTF8", "[1,2]")
    assert stat.S_IMODE((home / "postgres").stat().st_mode) == 0o700
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_what_was_written_is_there_after_a_stop(home: Path) -> None:
    with held(home) as url:
        with psycopg.connect(url) as conn:
            conn.execute("create table kept as select 1 as it")
        pid = postmaster(home)

    assert eventually(lambda: not is_alive(pid))
    with held(home) as url:
        assert ask(url, "select it from kept") == 1


def test_durability_is_on_unless_a_test_turns_it_off(home: Path) -> None:
    with held(home) as url:
        assert ask(url, "show fsync") == "on"
    with held(home, durable=False) as url:
        assert ask(url, "show fsync") == "off"


def test_a_missing_database_is_made_on_a_later_start(home: Path) -> None:
    with held(home, durable=False) as url:
        ask(url.replace("/monitoria?", "/postgres?"), "select 1")
        with psycopg.connect(url.replace("/monitoria?", "/postgres?"), autocommit=True) as conn:
            conn.execute("drop database monitoria")

    with held(home, durable=False) as url:
        assert ask(url, "select current_database()") == "monitoria"


def test_the_last_one_out_stops_it(home: Path, app: AppStarter) -> None:
    with held(home, durable=False) as url:
        pid = postmaster(home)
        other = app(home)
        # Where the path is long, as a temporary folder's may be, each process has an address of its own.
        others = other.url()
        assert ask(others, STARTED) == ask(url, STARTED)
    assert ask(others, "select 1") == 1
    assert postmaster(home) == pid

    other.leave()

    assert eventually(lambda: not is_alive(pid))


def test_a_process_that_was_killed_no_longer_counts(home: Path, app: AppStarter) -> None:
    with held(home, durable=False):
        other = app(home)
        other.url()
        pid = postmaster(home)
        other.kill()

    assert eventually(lambda: not is_alive(pid))


def test_two_users_in_one_process_count_as_two(home: Path) -> None:
    with held(home, durable=False) as url:
        with held(home, durable=False):
            pass
        assert ask(url, "select 1") == 1


def test_four_processes_on_an_empty_home_share_one_database(tmp_path: Path, app: AppStarter) -> None:
    home = tmp_path / "home"
    apps = [app(home) for _ in range(4)]

    assert len({ask(one.url(), STARTED) for one in apps}) == 1
    assert starts(home) == 1
    for one in apps:
        one.leave()


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(home: Path) -> None:
    with held(home, durable=False):
        pid = postmaster(home)

        assert os.getsid(pid) != os.getsid(0)
        assert os.getpgid(pid) != os.getpgid(0)


@pytest.fixture(params=["on a terminal", "in the background"])
def interrupts(request: pytest.FixtureRequest) -> Generator[None, None, None]:
    """Shells make a background job ignore Ctrl-C, and with it all that the job starts."""
    previous = signal.getsignal(signal.SIGINT)
    if request.param == "in the background":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, previous)


async def given_up_during_the_start(home: Path) -> asyncio.Task[None]:
    """Return the use of a database that is called off while its server is being started."""

    async def use() -> None:
        async with running(home, durable=False):
            raise AssertionError("the start took no time")

    task = asyncio.create_task(use())
    async with asyncio.timeout(60):
        while nobody_lives_in(home):  # noqa: ASYNC110 - the server's process does not tell
            await asyncio.sleep(0.01)
    task.cancel()
    return task


async def test_giving_up_during_a_start_leaves_nothing_running(home: Path, gate: Gate, interrupts: None) -> None:
    using = await given_up_during_the_start(home)
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await using

    assert nobody_lives_in(home)


async def test_giving_up_does_not_wait_for_the_start(home: Path, gate: Gate) -> None:
    using = await given_up_during_the_start(home)
    with pytest.raises(asyncio.CancelledError):
        await using

    assert starts(home) == 1  # when it was made; this one never came so far


# After a death


@pytest.mark.parametrize("text", ["", "\n", "12", "garbage\x00\n", "99999999999999999999\n"])
def test_a_damaged_pid_file_does_not_matter(home: Path, text: str) -> None:
    (home / "postgres" / "postmaster.pid").write_text(text)

    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1


def test_a_pid_that_somebody_else_has_now_does_not_matter(home: Path) -> None:
    owner = (home / "postgres").stat()
    # PostgreSQL believes the file when the pid is alive and of its own user.
    with subprocess.Popen(["/bin/sleep", "60"], user=owner.st_uid, group=owner.st_gid) as stranger:
        data = home / "postgres"
        (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n1700000000\n5432\n{data}\n\n  1  1\nready\n")
        try:
            with held(home, durable=False) as url:
                assert ask(url, "select 1") == 1
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_server_whose_app_was_killed_is_adopted_and_then_stopped(home: Path, app: AppStarter) -> None:
    first = app(home)
    first.url()
    pid = postmaster(home)
    first.kill()
    assert is_alive(pid)

    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1
        assert postmaster(home) == pid

    assert eventually(lambda: not is_alive(pid))


def test_after_both_were_killed_what_was_committed_is_there(home: Path, app: AppStarter) -> None:
    first = app(home)
    with psycopg.connect(first.url()) as conn:
        conn.execute("create table kept as select 1 as it")
    first.kill()
    os.kill(postmaster(home), signal.SIGKILL)

    with held(home, durable=False) as url:
        assert ask(url, "select it from kept") == 1


def test_a_server_that_died_under_a_living_app_is_started_by_the_next(home: Path, app: AppStarter) -> None:
    first = app(home)
    url = first.url()
    os.kill(postmaster(home), signal.SIGKILL)

    with held(home, durable=False):
        assert ask(url, "select 1") == 1
    first.leave()


def test_a_child_that_outlives_its_server_is_waited_for(home: Path, app: AppStarter) -> None:
    first = app(home)
    conn = psycopg.connect(first.url())
    orphan = conn.info.backend_pid
    os.kill(orphan, signal.SIGSTOP)
    first.kill()
    os.kill(postmaster(home), signal.SIGKILL)

    second = app(home)
    time.sleep(0.5)
    assert not second.is_up
    os.kill(orphan, signal.SIGKILL)

    assert ask(second.url(), "select 1") == 1
    conn.close()


def test_a_frozen_server_is_alive(home: Path, app: AppStarter) -> None:
    first = app(home)
    first.url()
    first.kill()
    os.kill(postmaster(home), signal.SIGSTOP)

    second = app(home)
    time.sleep(0.5)
    assert not second.is_up
    os.kill(postmaster(home), signal.SIGCONT)

    assert ask(second.url(), "select 1") == 1
    assert starts(home) == 2  # when it was made, and by the first


def test_a_slow_recovery_is_waited_for(home: Path, gate: Gate) -> None:
    threading.Timer(1.0, gate.open).start()

    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1
    assert timedelta(minutes=2) <= PATIENCE


def test_patience_ends_in_one_sentence_and_the_next_finds_it_recovered(home: Path, gate: Gate) -> None:
    with (
        pytest.raises(DatabaseUnavailable, match="is alive but accepted no connection within 0 s"),
        held(home, durable=False, patience=timedelta(seconds=0.3)),
    ):
        pass
    assert not nobody_lives_in(home)

    gate.open()
    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1


def half_made(folder: Path, app: AppStarter) -> Path:
    """Return a home whose database was being made when who made it was killed."""

    def is_begun(home: Path) -> bool:
        return any(home.glob("postgres.new-*/PG_VERSION")) or (home / "postgres").exists()

    for number in range(20):
        home = folder / f"home-{number}"
        first = app(home)
        assert eventually(partial(is_begun, home))
        first.kill()
        if not (home / "postgres").exists():  # else it was done before anybody looked
            return home
    raise AssertionError("it took no time")


def test_a_start_that_was_interrupted_is_made_anew(tmp_path: Path, app: AppStarter) -> None:
    home = half_made(tmp_path, app)

    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1
    assert not list(home.glob("postgres.new-*"))


def test_half_of_a_database_is_cleared_away(tmp_path: Path) -> None:
    home = tmp_path / "home"
    half = home / "postgres.new-abc"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    (home / "postgres").mkdir()

    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1
    assert not half.exists()
