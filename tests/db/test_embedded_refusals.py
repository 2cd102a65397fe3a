"""Databases that an operator must see to: each is one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from db.embedded import cluster, held
from db.errors import DatabaseRefused, DatabaseUnavailable
from tests.db.homes import APP, REPOSITORY, ask, starts


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


def test_a_server_that_finds_no_room_to_start_says_what_to_do(home: Path) -> None:
    with (home / "postgres" / "postgresql.conf").open("a") as settings:
        # A disk that is full is not ours to have; the server quotes this name where it would say so.
        settings.write("hba_file = 'No space left on device'\n")

    assert "No space left on device; free some space (the whole story is in" in sentence(home)


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
