"""One data folder and its server: made once, started when nobody lives there, stopped by the last one out."""

import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.pq import PGconn, Ping

from db.embedded import locks
from db.embedded.locks import Wait
from db.embedded.programs import MAJOR, Programs, in_plain_words, programs_for
from db.errors import DatabaseRefused, DatabaseUnavailable

log = logging.getLogger(__name__)

NAME = "monitoria"
PORT = 5432
SOCKET_PATH_BYTES = 103  # of 104 on macOS and 108 on Linux: unix(7)
LOG_BYTES = 1_000_000
STOP_LIMIT_S = 60
NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large")

SETTINGS = {
    "listen_addresses": "",  # no TCP: the folder's rights are the lock on the door
    "port": str(PORT),
    "unix_socket_directories": ".",  # in the data folder, which PostgreSQL itself insists is private
    "unix_socket_permissions": "0700",
    "cluster_name": NAME,  # what `ps` shows
    "max_connections": "60",  # a few processes with a pool each
    "maintenance_work_mem": "128MB",  # an HNSW index is built in this
    "max_parallel_workers_per_gather": "0",  # parallel work needs /dev/shm, of which containers have 64 MB
    "max_parallel_maintenance_workers": "0",
    "jit": "off",  # our statements are short; compiling one costs more than it saves
    "wal_level": "minimal",  # nobody replicates this server
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "log_min_messages": "log",  # why it started or stopped; no rows and no statements of students
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _shared_buffers_mb() -> int:
    """
    Return an eighth of the machine's memory, from 128 MB to 1 GB; it is taken only as it is used.

    A search reads all of a course's vectors and term weights, 2 kB a segment, so they should stay in memory.
    """
    try:
        memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (ValueError, OSError):
        return 256
    return min(1024, max(128, memory_mb // 8))


class Cluster:
    """
    This process's share in the database of one home.

    Three locked files say everything that pid files would say wrongly. `postgres.turn` is held
    while one process starts or stops the server. `postgres.users` is held, together, by each
    process that uses it. `postgres.life` is inherited by the server and its children: the
    kernel lets go of it when the last of them is gone, whoever killed them and however.
    """

    def __init__(self, home: Path) -> None:
        self.home = Path(os.path.abspath(home))  # noqa: PTH100 - a link to a home stays that link
        self.data = self.home / "postgres"
        self.log = self.home / "postgres.log"
        self._open: list[int] = []
        self._server: subprocess.Popen[bytes] | None = None  # the one that this process started

    def join(self, wait: Wait, *, durable: bool) -> str:
        """Count this process in, start the server where nobody else did, and return the URL."""
        self._make_home()
        try:
            with locks.turn(self.home / "postgres.turn", wait):
                locks.shared(self._kept(locks.opened(self.home / "postgres.users")))
                try:
                    programs = programs_for(self.data)
                    self._require_version()
                    self._ensure_running(programs, wait, durable=durable)
                    self._ensure_database()
                except BaseException:
                    if not wait.is_over:  # a server in a long recovery may finish it for the next who comes
                        self._stop_if_last()
                    self._let_go()
                    raise
        except OSError as error:
            raise DatabaseRefused(
                f"The embedded database in {str(self.home)!r} cannot be used ({error.strerror or error}); "
                "make the folder writable for this user, or set MONITORIA_HOME to another one."
            ) from error
        except psycopg.Error as error:
            raise DatabaseUnavailable(
                f"The embedded database in {str(self.home)!r} was lost as it started ({error}); "
                f"see {str(self.log)!r}, and try again."
            ) from error
        return self._url(NAME)

    def leave(self) -> None:
        """Count this process out, and stop the server if nobody else is in."""
        with locks.turn(self.home / "postgres.turn", Wait(STOP_LIMIT_S)):
            try:
                self._stop_if_last()
            finally:
                self._let_go()

    def _stop_if_last(self) -> None:
        users = self._open[0]
        if not locks.exclusive(users):
            return
        if self._ping() is not Ping.NO_RESPONSE:
            complaint = programs_for(self.data).run("pg_ctl", "stop", "-m", "fast", "-W", data=self.data)
            if complaint or not self._has_ended():
                log.warning("database.not_stopped", extra={"reason": complaint or "it is still stopping"})
        elif self._server is not None:
            _interrupt(self._server)

    def _has_ended(self) -> bool:
        """Wait until the server and all its children are gone, and say whether they are."""
        wait = Wait(STOP_LIMIT_S)
        while (life := self._free_life()) is None:
            if wait.is_over:
                return False
            wait.pause()
        os.close(life)
        return True

    def _let_go(self) -> None:
        while self._open:
            os.close(self._open.pop())

    def _kept(self, descriptor: int) -> int:
        self._open.append(descriptor)
        return descriptor

    def _make_home(self) -> None:
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
            raise DatabaseRefused(
                f"The folder {str(self.home)!r} cannot hold the embedded database ({reason}); "
                "set MONITORIA_HOME to a folder that this user can write."
            ) from error

    def _require_version(self) -> None:
        if not self.data.is_dir() or not any(self.data.iterdir()):
            return
        stamp = self.data / "PG_VERSION"
        if not stamp.is_file():
            raise DatabaseRefused(
                f"The folder {str(self.data)!r} is not empty and not a database (it has no PG_VERSION); "
                "move it away, and Monitoria makes a new one."
            )
        if (version := stamp.read_text().strip()) != str(MAJOR):
            raise DatabaseRefused(
                f"The database in {str(self.data)!r} is of PostgreSQL {version}, and this Monitoria carries "
                f"PostgreSQL {MAJOR}; save it by `monitoria backup` with the Monitoria that made it, move the "
                "folder away, and `monitoria restore` it, or begin with an empty one."
            )

    def _ensure_running(self, programs: Programs, wait: Wait, *, durable: bool) -> None:
        """
        Wait for the server that lives here, or start one where none lives.

        Only an answered connection counts as running; a server that refuses because it is
        starting, recovering or shutting down is alive, and so waited for.
        """
        log_start = 0
        while self._ping() is not Ping.OK:
            if self._server is not None and self._server.poll() is not None:
                raise DatabaseUnavailable(
                    f"The embedded database in {str(self.home)!r} did not start: {self._reason(log_start)}"
                )
            if self._server is None and (life := self._free_life()) is not None:
                try:
                    self._ensure_made(programs, life, durable=durable)
                    log_start = self._turn_log()
                    self._server = self._start(programs, life, durable=durable)
                finally:
                    os.close(life)
            if wait.is_over:
                raise DatabaseUnavailable(
                    f"The embedded database in {str(self.home)!r} is alive but accepted no connection "
                    f"within {wait.limit_s:.0f} s; see {str(self.log)!r}, and try again later."
                )
            wait.pause()

    def _free_life(self) -> int | None:
        """Return the descriptor that a new server must inherit, or None while an old one still lives."""
        life = locks.opened(self.home / "postgres.life")
        if locks.exclusive(life):
            return life
        os.close(life)
        return None

    def _ensure_made(self, programs: Programs, life: int, *, durable: bool) -> None:
        """Make the data folder beside its place and move it there whole, so that no half of one is found."""
        for leftover in self.home.glob("postgres.new-*"):
            shutil.rmtree(leftover)
        if (self.data / "PG_VERSION").exists():
            return
        fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.home))
        if programs.account is not None:
            os.chown(fresh, programs.account.uid, programs.account.gid)
        complaint = programs.run(
            "initdb",
            f"--username={NAME}",
            "--auth=trust",  # who can reach the socket can read the files: the folder is 0700
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",  # the same order and case rules on every machine
            "--builtin-locale=C.UTF-8",
            *(() if durable else ("--no-sync",)),
            data=fresh,
            keep=life,
        )
        if complaint:
            shutil.rmtree(fresh, ignore_errors=True)
            raise DatabaseRefused(
                f"No database could be made in {str(self.home)!r} ({_telling_line(complaint)}); "
                "free some space or set MONITORIA_HOME to another folder."
            )
        fresh.rename(self.data)
        _sync_folder(self.home)

    def _start(self, programs: Programs, life: int, *, durable: bool) -> subprocess.Popen[bytes]:
        # Nobody holds the life lock, so whatever pids these files name, they are not our server.
        for stale in ("postmaster.pid", f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self.data / stale).unlink(missing_ok=True)
        settings = SETTINGS | {"shared_buffers": f"{_shared_buffers_mb()}MB"} | ({} if durable else FORGETFUL)
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        output = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            server = programs.begin("postgres", *arguments, data=self.data, keep=life, output=output)
        finally:
            os.close(output)
        # It outlives this object when others use it; a thread of its own sees that it leaves no zombie.
        threading.Thread(target=server.wait, daemon=True).start()
        return server

    def _turn_log(self) -> int:
        """Set a long log aside, and return the length of what is there."""
        try:
            length = self.log.stat().st_size
        except FileNotFoundError:
            return 0
        if length <= LOG_BYTES:
            return length
        self.log.replace(self.log.with_suffix(".log.1"))
        return 0

    def _reason(self, log_start: int) -> str:
        """Quote the line of the server's log that says why it ended."""
        with self.log.open("rb") as written:
            written.seek(log_start)
            said = in_plain_words(written.read(), self.data)
        line = _telling_line(said)
        advice = "; free some space" if any(said in line for said in NO_SPACE) else ""
        return f"{line}{advice} (the whole story is in {str(self.log)!r})."

    def _ping(self) -> Ping:
        if not (self.data / "PG_VERSION").exists():
            return Ping.NO_RESPONSE
        return Ping(PGconn.ping(f"{self._url('postgres')}&connect_timeout=2".encode()))

    def _ensure_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as conn:
            found = conn.execute("select 1 from pg_database where datname = 'monitoria'").fetchone()
            if found is None:
                conn.execute("create database monitoria")

    def _url(self, database: str) -> str:
        return f"postgresql://{NAME}@/{database}?host={quote(self._socket_folder(), safe='/')}&port={PORT}"

    def _socket_folder(self) -> str:
        """
        Return a path to the socket's folder that a client can use.

        A long path, or one with a comma, which libpq takes for two hosts, is reached through
        our own descriptor of the folder: it needs no file that others could plant or clean away.
        """
        path = str(self.data)
        if "," not in path and len(os.fsencode(f"{path}/.s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES:
            return path
        if not Path("/proc/self/fd").is_dir():
            raise DatabaseRefused(
                f"The path {str(self.home)!r} is too long for a socket; set MONITORIA_HOME to a shorter one."
            )
        if len(self._open) == 1:
            self._kept(os.open(self.data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        return f"/proc/{os.getpid()}/fd/{self._open[1]}"


def _interrupt(server: subprocess.Popen[bytes]) -> None:
    """
    End a server that has no socket yet, as `pg_ctl stop -m fast` would.

    Once is not enough: whoever is started from a background job ignores this signal until
    PostgreSQL has set its own handlers.
    """
    wait = Wait(STOP_LIMIT_S)
    while server.poll() is None and not wait.is_over:
        server.send_signal(signal.SIGINT)
        wait.pause()


def _telling_line(said: str) -> str:
    """Return the last line that says what went wrong, without time and pid."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in reversed(lines):
        for mark in ("PANIC:", "FATAL:", "error:", "ERROR:"):
            if mark in line:
                return line.partition(mark)[2].strip()
    return lines[-1] if lines else "it said nothing"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
