"""Where an embedded database may lie, and whose it is."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from db.embedded import held, programs
from tests.db.homes import APP, REPOSITORY, AppStarter, as_root, ask, postmaster


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
