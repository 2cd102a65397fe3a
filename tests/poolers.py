"""Poolers before the server of the tests: a small one of our own, and PgBouncer where it is installed."""

import asyncio
import os
import shutil
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.ports import free_port

Mode = Literal["transaction", "session"]

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class SmallPooler:
    """Hands the server's sessions out by transaction, the one given back last first, and refuses options."""

    server: str
    mode: Mode
    takes_options: bool = False
    idle: list[Stream] = field(default_factory=list[Stream])
    greeting: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held: Stream | None = None
        try:
            wanted = await self._startup(reader, writer)
            if b"\0options\0" in b"\0" + wanted[4:] and not self.takes_options:
                said = b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
                writer.write(_message(b"E", said))
                return
            wanted = _without_options(wanted)
            held = await self._session(wanted)
            if self.mode == "transaction":
                self.idle.append(held)
                held = None
            writer.write(self.greeting)
            while (message := await _received(reader))[:1] != b"X":
                held = held or await self._session(wanted)
                held[1].write(message)
                if message[:1] not in b"QSF" or await self._answered(held, writer) != b"I" or self.mode == "session":
                    continue
                self.idle.append(held)
                held = None
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if held:
                await _closed(held[1])
            await _closed(writer)

    async def close(self) -> None:
        for _, writer in self.idle:
            await _closed(writer)

    async def _startup(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        while True:
            (length,) = struct.unpack(">I", await reader.readexactly(4))
            body = await reader.readexactly(length - 4)
            if struct.unpack(">I", body[:4])[0] not in {SSL_REQUEST, GSS_REQUEST}:
                return body
            writer.write(b"N")

    async def _session(self, wanted: bytes) -> Stream:
        if self.idle:
            return self.idle.pop()
        stream = await _server(self.server)
        stream[1].write(struct.pack(">I", len(wanted) + 4) + wanted)
        greeting = b""
        while (message := await _received(stream[0]))[:1] != b"Z":
            # Who asks is told a key of the pooler's own, which is no process of the server.
            greeting += _message(b"K", struct.pack(">II", 1, 1)) if message[:1] == b"K" else message
        self.greeting = greeting + message
        return stream

    async def _answered(self, held: Stream, writer: asyncio.StreamWriter) -> bytes:
        """Pass on what the server says until it is ready, or wants rows; return the state of the transaction."""
        while True:
            message = await _received(held[0])
            writer.write(message)
            await writer.drain()
            if message[:1] == b"Z":
                return message[5:6]
            if message[:1] == b"G":
                return b"T"


def _without_options(startup: bytes) -> bytes:
    """Take them, and pass them on to nobody."""
    words = startup[4:-2].split(b"\0")
    kept = [word for at in range(0, len(words) - 1, 2) if words[at] != b"options" for word in words[at : at + 2]]
    return startup[:4] + b"\0".join(kept) + b"\0\0"


async def _received(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(struct.unpack(">I", head[1:])[0] - 4)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


@contextmanager
def small_pooler(url: str, *, mode: Mode, takes_options: bool = False) -> Generator[str, None, None]:
    """Yield the address of the database at *url* by a pooler of our own, which runs in a thread."""
    pooler = SmallPooler(server=url, mode=mode, takes_options=takes_options)
    with _listening(pooler.serve, pooler.close) as port:
        yield make_conninfo(url, host="127.0.0.1", port=port)


@contextmanager
def pgbouncer(url: str, *, mode: Mode, takes_options: bool = False) -> Generator[str, None, None]:
    """Yield the address of the database at *url* by PgBouncer, where it is installed."""
    assert PGBOUNCER is not None

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await _server(url)
        try:
            await asyncio.gather(_pour(reader, there[1]), _pour(there[0], writer))
        finally:
            there[1].close()
            writer.close()

    # PgBouncer does not run as root, and nobody else may enter the folder of the server's socket.
    with tempfile.TemporaryDirectory(prefix="monitoria-pooler-") as folder, _listening(pass_on, _nothing) as server:
        port = free_port()
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server} user={_user(url)}\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = {mode}\nunix_socket_dir =\n"
            f"ignore_startup_parameters = {'options' if takes_options else 'extra_float_digits'}\n"
        )
        Path(folder).chmod(0o755)
        as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
        process = Popen([PGBOUNCER, "-q", *as_user, str(settings)], stdout=DEVNULL, stderr=DEVNULL)
        try:
            _wait_for(port)
            yield make_conninfo(url, host="127.0.0.1", port=port)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def _listening(serve: Serve, close: Callable[[], Awaitable[None]]) -> Generator[int, None, None]:
    """Serve in a thread, and yield the port."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # by the end of the test, and no news
            await serve(reader, writer)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(served, "127.0.0.1", 0), loop).result(30)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server, close), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _ended(server: asyncio.Server, close: Callable[[], Awaitable[None]]) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await close()


async def _nothing() -> None:
    """Close nothing."""


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    await _closed(writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _server(url: str) -> Stream:
    """Connect to the server itself, whose address is a socket's or a port."""
    parts = conninfo_to_dict(url)
    host, port = str(parts.get("host") or "127.0.0.1"), parts.get("port") or 5432
    if host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
    return await asyncio.open_connection(host, int(port))


def _user(url: str) -> str:
    with psycopg.connect(url) as conn:
        return conn.info.user


def _wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


MADE = {"small": small_pooler} | ({"pgbouncer": pgbouncer} if PGBOUNCER else {})
"""By name; the small one shows the same on a machine without PgBouncer."""
