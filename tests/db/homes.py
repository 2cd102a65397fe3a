"""Homes of embedded databases: who lives in them, and what their servers answer."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from db.embedded import held, locks

REPOSITORY = Path(__file__).parents[2]
APP = """
import sys
from pathlib import Path
from db.embedded import held
with held(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.readline()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try what root must do")
AppStarter = Callable[[Path], "App"]


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


@dataclass(frozen=True)
class Gate:
    """Before it servers that are being started wait, as long as there is a file."""

    shut: Path

    def open(self) -> None:
        self.shut.unlink(missing_ok=True)


def end(home: Path) -> None:
    """Stop what runs in *home* as the last one out would."""
    if (home / "postgres" / "postmaster.pid").exists():
        with held(home, durable=False):
            pass


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it may also end between the opening and the reading
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


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
    """Say whether *claim* comes true, be it for a moment only."""
    until = time.monotonic() + limit_s
    while not claim():
        if time.monotonic() > until:
            return claim()
        time.sleep(0.005)
    return True
