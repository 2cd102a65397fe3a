"""The embedded database comes up after every kind of death, and goes with the last process that uses it."""

import asyncio
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from db.embedded import PATIENCE, cluster, held, locks, programs, running
from db.errors import DatabaseRefused, DatabaseUnavailable

REPOSITORY = Path(__file__).parents[2]
APP = """
import sys
from pathlib import Path
from db.embedded import held
with held(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.readline()
"""

AppStarter = Callable[[Path], "App"]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try what root must do")


class App:
    """Another process of ours that uses the database until it is told to leave."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", APP, str(home)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def is_up(self) -> bool:
        assert self.process.stdout is not None
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def url(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        _, complaint = self.process.communicate("\n")
        assert self.process.returncode == 0, complaint

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def app() -> Generator[AppStarter, None, None]:
    started: list[tuple[Path, App]] = []

    def start(home: Path) -> App:
        started.append((home, App(home)))
        return started[-1][1]

    yield start
    for home, one in started:
        one.kill()
        end(home)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose database was made and stopped."""
    home = tmp_path_factory.mktemp("made") / "home"
    with held(home, durable=False):
        pass
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Generator[Path, None, None]:
    """A copy of that; what a test left running in it is ended."""
    copy = tmp_path / "home"
    subprocess.run(["cp", "-a", made, copy], check=True)  # noqa: S607 - it keeps the owner, copytree does not
    yield copy
    end(copy)


def end(home: Path) -> None:
    """Stop what runs in *home* as the last one out would."""
    if (home / "postgres" / "postmaster.pid").exists():
        with held(home, durable=False):
            pass


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def nobody_lives_in(home: Path) -> bool:
    life = locks.opened(home / "postgres.life")
    try:
        return locks.exclusive(life)
    finally:
        os.close(life)


def starts(home: Path) -> int:
    return (home / "postgres.log").read_text().count("starting PostgreSQL")


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(statement.encode()).fetchone()
    return row and row[0]


def eventually(claim: Callable[[], bool], limit_s: float = 60) -> bool:
    until = time.monotonic() + limit_s
    while not claim() and time.monotonic() < until:
        time.sleep(0.005)
    return claim()


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
        assert other.url() == url
    assert ask(url, "select 1") == 1
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

    assert len({one.url() for one in apps}) == 1
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


async def given_up_during_the_start(home: Path) -> None:
    async def use() -> None:
        async with running(home, durable=False):
            raise AssertionError("the start took no time")

    task = asyncio.create_task(use())
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_giving_up_during_a_start_leaves_nothing_running(home: Path, slow_start: None, interrupts: None) -> None:
    await given_up_during_the_start(home)

    assert nobody_lives_in(home)


async def test_giving_up_does_not_wait_for_the_start(home: Path, slow_start: None) -> None:
    await given_up_during_the_start(home)

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


@pytest.fixture
def slow_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[None, None, None]:
    """Let the server think for a second before it opens its socket."""
    real = programs.programs_for(tmp_path).folder
    folder = Path(tempfile.mkdtemp(prefix="monitoria-slow-"))
    folder.chmod(0o755)
    for name, delay in (("postgres", "sleep 1"), ("pg_ctl", ":"), ("initdb", ":")):
        script = folder / name
        script.write_text(f'#!/bin/sh\n{delay}\nexec {real}/{name} "$@"\n')
        script.chmod(0o755)
    monkeypatch.setattr(programs, "shipped", lambda: folder)
    yield
    shutil.rmtree(folder)


def test_a_slow_recovery_is_waited_for(home: Path, slow_start: None) -> None:
    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1
    assert timedelta(minutes=2) <= PATIENCE


def test_patience_ends_in_one_sentence_and_the_next_finds_it_recovered(home: Path, slow_start: None) -> None:
    with (
        pytest.raises(DatabaseUnavailable, match="is alive but accepted no connection within 0 s"),
        held(home, durable=False, patience=timedelta(seconds=0.3)),
    ):
        pass
    assert not nobody_lives_in(home)

    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1


def test_a_start_that_was_interrupted_is_made_anew(tmp_path: Path, app: AppStarter) -> None:
    home = tmp_path / "home"
    first = app(home)
    assert eventually(lambda: any(home.glob("postgres.new-*/PG_VERSION")))
    first.kill()

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


# What the operator must fix


def sentence(home: Path) -> str:
    with pytest.raises((DatabaseRefused, DatabaseUnavailable)) as caught, held(home, durable=False):
        pass
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_a_database_of_another_major_version_is_named(home: Path) -> None:
    (home / "postgres" / "PG_VERSION").write_text("16\n")

    assert "is of PostgreSQL 16, and this Monitoria carries PostgreSQL 18" in sentence(home)


def test_a_folder_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.tex").write_text("all of it")

    assert "is not empty and not a database" in sentence(tmp_path)
    assert (tmp_path / "postgres" / "thesis.tex").exists()


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    assert "(it is not a folder); set MONITORIA_HOME" in sentence(tmp_path / "home")
    assert "(Not a directory); set MONITORIA_HOME" in sentence(tmp_path / "home" / "below")


def test_a_home_that_cannot_be_written_is_named() -> None:
    assert "set MONITORIA_HOME" in sentence(Path("/proc/monitoria"))


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n" + APP
    ended = subprocess.run(
        [sys.executable, "-c", limited, str(tmp_path / "home")],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "DatabaseRefused: No database could be made in" in ended.stderr
    assert "File too large); free some space" in ended.stderr
    assert list((tmp_path / "home").glob("postgres*/")) == []


def test_a_server_that_does_not_start_is_quoted(home: Path) -> None:
    with (home / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("work_mem = 'plenty'\n")

    said = sentence(home)

    assert "did not start: configuration file" in said
    assert "contains errors" in said
    assert "/proc/self/cwd" not in said


def test_a_failed_start_is_no_obstacle_to_the_next(home: Path) -> None:
    settings = home / "postgres" / "postgresql.conf"
    good = settings.read_text()
    settings.write_text("nonsense\n")
    sentence(home)
    settings.write_text(good)

    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1


def test_a_long_log_is_set_aside(home: Path) -> None:
    (home / "postgres.log").write_text("x" * (cluster.LOG_BYTES + 1))

    with held(home, durable=False):
        pass

    assert (home / "postgres.log.1").stat().st_size == cluster.LOG_BYTES + 1
    assert starts(home) == 1


# Where it lies, and whose it is


@pytest.mark.parametrize(
    "name",
    ["spaces and 'quotes' \"here\"", "educação $HOME `id` %41", "a,b", "x" * 200],
    ids=["quotes", "accents", "comma", "long"],
)
def test_any_path_will_do(made: Path, tmp_path: Path, name: str, app: AppStarter) -> None:
    home = tmp_path / name
    subprocess.run(["cp", "-a", made, home], check=True)  # noqa: S607

    with held(home, durable=False) as url:
        assert ask(url, "select 1") == 1
        assert ask(app(home).url(), "select 1") == 1


@as_root
def test_root_gives_the_server_to_somebody_and_opens_no_folder(tmp_path: Path) -> None:
    outer = tmp_path / "private"
    outer.mkdir(mode=0o700)
    modes = [folder.stat().st_mode for folder in (outer, *outer.parents)]

    with held(outer / "home", durable=False) as url:
        assert ask(url, "select 1") == 1
        assert Path(f"/proc/{postmaster(outer / 'home')}").stat().st_uid != 0

    assert [folder.stat().st_mode for folder in (outer, *outer.parents)] == modes


@as_root
def test_programs_that_only_root_can_read_are_copied_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = programs.programs_for(tmp_path).folder.parent
    hidden = tmp_path / "site"
    shutil.copytree(real, hidden / programs.WHEEL / real.name)
    shutil.copytree(real.parent.parent / f"{programs.WHEEL}.libs", hidden / f"{programs.WHEEL}.libs")
    monkeypatch.setattr(programs, "shipped", lambda: hidden / programs.WHEEL / real.name / "bin")
    with tempfile.TemporaryDirectory(prefix="monitoria-cache-") as reachable:
        Path(reachable).chmod(0o755)
        monkeypatch.setattr(programs, "CACHE", Path(reachable) / "cache")
        previous = os.umask(0o077)
        try:
            with held(home, durable=False) as url:
                assert ask(url, "select '[1]'::text") == "[1]"
                copies = list((Path(reachable) / "cache").iterdir())
            with held(home, durable=False):
                assert list((Path(reachable) / "cache").iterdir()) == copies
        finally:
            os.umask(previous)
    assert stat.S_IMODE(hidden.parent.stat().st_mode) == 0o700


@as_root
def test_an_ordinary_user_needs_nobody_else() -> None:
    python = next((path for path in ("/usr/bin/python3", "/usr/local/bin/python3") if Path(path).exists()), None)
    version = python and subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
    if not version or version.split()[1].rsplit(".", 1)[0] != f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip("no Python of this version that an ordinary user can run")
    assert python is not None
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    with tempfile.TemporaryDirectory(prefix="monitoria-user-") as folder:
        os.chown(folder, 65534, 65534)
        ended = subprocess.run(
            [python, "-c", APP, f"{folder}/home"],
            cwd="/",
            env={"PYTHONPATH": f"{REPOSITORY}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"},
            input="\n",
            user=65534,
            group=65534,
            extra_groups=(),
            capture_output=True,
            text=True,
            check=False,
        )
        owner = (Path(folder) / "home" / "postgres").stat().st_uid

        assert ended.returncode == 0, ended.stderr
        assert owner == 65534

        refused = subprocess.run(
            [python, "-c", APP, "/root/home"],
            cwd="/",
            env={"PYTHONPATH": f"{REPOSITORY}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"},
            user=65534,
            group=65534,
            extra_groups=(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert "(Permission denied); set MONITORIA_HOME" in refused.stderr
