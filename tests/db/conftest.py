"""Homes with an embedded database, programs that use them, and where an archive is to lie."""

import shutil
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from db.embedded import held, programs
from tests.db.homes import App, AppStarter, Gate, end


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


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Gate, None, None]:
    """Let no server that is started open its socket before a test opens this."""
    real = programs.programs_for(tmp_path).folder
    folder = Path(tempfile.mkdtemp(prefix="monitoria-slow-"))
    folder.chmod(0o755)
    gate = Gate(folder / "shut")
    gate.shut.touch()
    for name, first in (
        ("postgres", f"while [ -e {gate.shut} ]; do sleep 0.05; done"),
        ("pg_ctl", ":"),
        ("initdb", ":"),
    ):
        script = folder / name
        script.write_text(f'#!/bin/sh\n{first}\nexec {real}/{name} "$@"\n')
        script.chmod(0o755)
    monkeypatch.setattr(programs, "shipped", lambda: folder)
    yield gate
    shutil.rmtree(folder)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Where a test may put one."""
    return tmp_path / "monitoria.dump"
