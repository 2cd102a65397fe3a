"""Servers that a backup meets: another version, one behind TLS, one with extensions in a schema of their own."""

import asyncio
import os
import signal
import ssl
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import trustme
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from db.embedded.programs import programs_for

OLDER = 16
"""The other PostgreSQL that the wheel carries."""


async def waiting_for_a_lock(url: str) -> None:
    """Return as soon as somebody waits for a lock in the database."""
    waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn, asyncio.timeout(60):
        while not await (await conn.execute(waiting)).fetchone():  # noqa: ASYNC110 - the server does not tell
            await asyncio.sleep(0.02)


@contextmanager
def older_server() -> Generator[str, None, None]:
    """A server of an older PostgreSQL, with an empty database."""
    with tempfile.TemporaryDirectory(prefix="monitoria-tests-") as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        ours = programs_for(data)
        older = replace(ours, folder=ours.folder.parent.parent / "pginstall" / "bin")
        if not older.folder.is_dir():
            pytest.skip(f"PostgreSQL {OLDER} is not where the account of the server could run it")
        if older.account:
            os.chown(data, older.account.uid, older.account.gid)
        if complaint := older.run("initdb", "--username=monitoria", "--auth=trust", "--encoding=UTF8", data=data):
            pytest.fail(complaint)
        settings = ("-c", "listen_addresses=", "-c", "unix_socket_directories=.", "-c", "fsync=off")
        server = older.begin("postgres", *settings, data=data, keep=None, output=subprocess.DEVNULL)
        try:
            url = f"postgresql://monitoria@/postgres?host={quote(str(data), safe='/')}"
            answered(url)
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()


def answered(url: str) -> None:
    """Return when a server that has just been started answers."""
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return


@asynccontextmanager
async def by_tls(url: str) -> AsyncGenerator[str, None]:
    """The same database, at an address that takes nothing but TLS."""
    there = conninfo_to_dict(url)
    host, port = str(there["host"]), int(there.get("port") or 5432)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.tempfile() as certificate:
        context.load_cert_chain(certificate)

    passing: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing.add(asyncio.ensure_future(pass_by_tls(reader, writer)))

    async def pass_by_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # "may we speak TLS?"
        writer.write(b"S")
        await writer.start_tls(context)
        if host.startswith("/"):
            from_there, to_there = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            from_there, to_there = await asyncio.open_connection(host, port)
        await asyncio.gather(pump(reader, to_there), pump(from_there, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1")
    async with server:
        taken = server.sockets[0].getsockname()[1]
        yield make_conninfo(url, host="127.0.0.1", port=taken, sslmode="require", gssencmode="disable")
    await asyncio.wait(passing)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError), closing(writer):
        while data := await reader.read(65_536):
            writer.write(data)


def put_apart(url: str, schema: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        name = sql.Identifier(schema)
        conn.execute(sql.SQL("create schema {}").format(name))
        conn.execute(sql.SQL("create extension vector schema {}").format(name))
        conn.execute(
            sql.SQL('alter database {} set search_path = "$user", public, {}').format(
                sql.Identifier(conn.info.dbname), name
            )
        )
