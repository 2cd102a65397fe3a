"""A good address gives a pool; a bad one gives one sentence, soon, and no password anywhere."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from db.connect import explain, pool
from db.errors import DatabaseRefused, DatabaseUnavailable, describe, without_secrets
from tests.databases import created

SECRET = "hush/hush@% 1"
SPELT = quote(SECRET, safe="")

Pretender = Callable[[bytes], int]


@pytest.fixture
def pretender() -> Generator[Pretender, None, None]:
    """Listen on a port and answer every caller with the same bytes (none: say nothing)."""
    open_sockets: list[socket.socket] = []

    def listen(answer: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listener)
        threading.Thread(target=speak, args=(listener, answer), daemon=True).start()
        return int(listener.getsockname()[1])

    def speak(listener: socket.socket, answer: bytes) -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            open_sockets.append(caller)
            if answer:
                with suppress(OSError):  # the caller, or the test, may be gone by now
                    caller.recv(1024)
                    caller.sendall(answer)
                    caller.shutdown(socket.SHUT_RDWR)

    yield listen
    for opened in open_sockets:
        opened.close()


async def refusal(url: str) -> str:
    with pytest.raises((DatabaseRefused, DatabaseUnavailable)) as caught:
        async with pool(url):
            pass
    chain = caught.value.__cause__
    assert chain is None  # the driver's own message may quote the address
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
async def test_a_database_that_cannot_hold_every_letter_is_named_by_its_encoding(
    postgres_url: str, encoding: str
) -> None:
    """`initdb` makes them so where LC_ALL is C; psycopg/psycopg#276, psycopg/psycopg#561."""
    with created(postgres_url, copy_of="template0", encoding=encoding) as url:
        said = await refusal(url)

    assert f"keeps its texts as {encoding}" in said
    assert "--encoding=UTF8" in said


async def test_letters_arrive_whatever_the_environment_says_of_them(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")

    async with pool(database, size=1) as opened, opened.connection() as conn:
        row = await (await conn.execute("select %(said)s::text", {"said": "第2讲 🧠"})).fetchone()

    assert row == ("第2讲 🧠",)


async def test_connections_know_vectors_and_our_settings(database: str) -> None:
    async with (
        pool(database, size=1, statement_timeout=timedelta(seconds=7)) as opened,
        opened.connection() as conn,
    ):
        row = await (
            await conn.execute(
                """
                select '[1,2]'::vector, current_setting('timezone'), current_setting('statement_timeout'),
                       current_setting('plan_cache_mode'), current_setting('application_name')
                """
            )
        ).fetchone()
        prepared = await (await conn.execute("select count(*) from pg_prepared_statements")).fetchone()

    assert row is not None
    assert row[0].to_list() == [1.0, 2.0]
    assert row[1:] == ("UTC", "7s", "force_generic_plan", "monitoria")
    assert prepared is not None
    assert prepared[0] >= 1


async def test_settings_in_the_address_are_kept(database: str) -> None:
    url = make_conninfo(database, options="-c work_mem=5MB")

    async with pool(url, size=1) as opened, opened.connection() as conn:
        row = await (await conn.execute("select current_setting('work_mem')")).fetchone()

    assert row == ("5MB",)


async def test_a_statement_that_takes_too_long_is_ended(database: str) -> None:
    async with pool(database, size=1, statement_timeout=timedelta(milliseconds=50)) as opened:
        with pytest.raises(psycopg.errors.QueryCanceled):
            async with opened.connection() as conn:
                await conn.execute("select pg_sleep(5)")


async def test_a_connection_that_the_server_ended_is_replaced(database: str) -> None:
    async with pool(database, size=1) as opened:
        async with opened.connection() as conn:
            pid = conn.info.backend_pid
        with psycopg.connect(database, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 60000)", [pid])

        async with opened.connection() as conn:
            assert conn.info.backend_pid != pid


async def test_a_database_before_its_first_migration_is_named(empty_database: str) -> None:
    assert "run `monitoria migrate`" in await refusal(empty_database)


async def test_a_refused_port_is_one_sentence() -> None:
    said = await refusal(f"postgresql://ana:{SPELT}@127.0.0.1:1/monitoria")

    assert said == (
        "The database 'monitoria' on '127.0.0.1' (port 1, user 'ana') cannot be reached, nothing listens there; "
        "start it, or correct host and port in DATABASE_URL."
    )


async def test_a_missing_database_is_one_sentence(database: str) -> None:
    assert "'nowhere'" in await refusal(make_conninfo(database, dbname="nowhere"))
    assert "create it with `createdb`" in await refusal(make_conninfo(database, dbname="nowhere"))


async def test_an_unknown_user_is_one_sentence(database: str) -> None:
    assert "refuses this user" in await refusal(make_conninfo(database, user="nobody-of-ours"))


async def test_a_port_that_is_not_postgres_is_one_sentence(pretender: Pretender) -> None:
    for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00"):
        port = pretender(answer)

        assert "does not answer as PostgreSQL does" in await refusal(f"postgresql://127.0.0.1:{port}/m")


async def test_a_server_without_tls_is_one_sentence(pretender: Pretender) -> None:
    said = await refusal(f"postgresql://127.0.0.1:{pretender(b'N')}/m?sslmode=require")

    assert "do not agree about TLS" in said


async def test_a_server_that_says_nothing_is_given_up_on(pretender: Pretender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.connect.CONNECT_LIMIT_S", 0.2)

    assert "did not answer within" in await refusal(f"postgresql://127.0.0.1:{pretender(b'')}/m")


@pytest.mark.parametrize(
    ("libpq", "ours"),
    [
        ("failed to resolve host 'x': Name or service not known", "has a host name that nobody knows"),
        ('FATAL:  password authentication failed for user "ana"', "refuses this user"),
        ("fe_sendauth: no password supplied", "refuses this user"),
        ("SSL error: certificate verify failed", "do not agree about TLS"),
        ("FATAL:  the database system is starting up", "is starting or stopping"),
        ("FATAL:  sorry, too many clients already", "has no connection left"),
        (f"something new about {SECRET}\nand more", "does not work (something new about …)"),
    ],
)
def test_what_libpq_says_becomes_what_to_do(libpq: str, ours: str) -> None:
    assert ours in str(explain(psycopg.OperationalError(libpq), f"postgresql://ana:{SPELT}@h/m"))


MANAGED = [
    ("neondatabase/neon#6291", "unsupported startup parameter in options: search_path", "takes no options"),
    ("pgbouncer/pgbouncer#875", "FATAL:  unsupported startup parameter: options", "takes no options"),
    ("corda/corda-runtime-os#5507", "unsupported options startup parameter: only '-c config=val'", "takes no options"),
    ("psycopg/psycopg2#1577", "RDS Proxy currently doesn’t support command-line options.", "takes no options"),
    ("porsager/postgres#705", "Endpoint ID is not specified. Either please upgrade", "add options=endpoint%3DNAME"),
    ("neondatabase/neon#1745", "SNI info is missing, please upgrade the client library", "add options=endpoint%3DNAME"),
    ("neondatabase/neon#2350", "channel binding is required, but server did not offer it", "channel_binding=require"),
    ("supabase/cli#4277", "FATAL:  Tenant or user not found", "the project behind the user"),
    ("supabase/cli#5492", "connection to server failed: Network is unreachable", "IPv6"),
    ("supabase/supavisor#134", "FATAL:  Max client connections reached", "has no connection left"),
    ("supabase/supavisor#473", "MaxClientsInSessionMode: max clients reached", "has no connection left"),
    ("supabase/supabase#49869", "no more connections allowed (max_client_conn)", "has no connection left"),
    ("supabase/supabase#49869", "remaining connection slots are reserved for", "has no connection left"),
    ("heroku/legacy-cli#1068", 'FATAL:  too many connections for role "u67"', "has no connection left"),
    ("heroku/heroku-pg-extras#194", 'FATAL:  no pg_hba.conf entry for host "1.2.3.4", no encryption', "about TLS"),
    ("npgsql/npgsql#3683", 'no pg_hba.conf entry for host "1.2.3.4", user "u", database "d", SSL off', "about TLS"),
    ("CrunchyData/postgres-operator#2002", "FATAL:  query_wait_timeout", "behind a pooler that gets no session"),
    ("goauthentik/authentik#23876", "pgbouncer cannot connect to server", "behind a pooler that gets no session"),
]


@pytest.mark.parametrize(
    ("source", "said", "ours"), MANAGED, ids=[f"{source} {said[:20]}" for source, said, _ in MANAGED]
)
def test_what_managed_databases_and_their_poolers_say_becomes_what_to_do(source: str, said: str, ours: str) -> None:
    told = str(explain(psycopg.OperationalError(said), "postgresql://ana@h/m"))

    assert ours in told, source
    assert "\n" not in told


async def test_a_firewall_s_silence_is_noticed(database: str) -> None:
    async with pool(make_conninfo(database, keepalives_idle=7), size=1) as opened, opened.connection() as conn:
        told = {one.keyword.decode(): (one.val or b"").decode() for one in conn.pgconn.info}

    assert (told["keepalives_idle"], told["keepalives_count"], told["tcp_user_timeout"]) == ("7", "3", "30000")


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://ana:{SPELT}@127.0.0.1:1/m",
        "postgresql://ana:hush%ZZ@127.0.0.1:1/m",
        "postgresql://ana:hush/hush@127.0.0.1:1/m",
        "postgresql://ana:hush/m",
        "postgresql://ana:1/hush@127.0.0.1:1/m",
        "postgresql://ana:@hush@127.0.0.1:1/m",
        "postgresql://ana:hush?hush@127.0.0.1:1/m",
        "postgresql://ana:hush#hush@127.0.0.1:1/m",
        f"postgresql://ana@127.0.0.1:1/m?password={SPELT}&nonsense=1",
        "host=127.0.0.1 port=1 password='hush",
        f"postgresql://ana@127.0.0.1:1/m?password={SPELT}",
        "host=127.0.0.1 port=1 user=ana dbname=m password='hush hush'",
        f"postgresql://ana@127.0.0.1:1/m?sslpassword={SPELT}",
    ],
)
async def test_no_spelling_of_a_password_is_told(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    assert "hush" not in await refusal(url)
    assert "hush" not in describe(url)
    assert "hush" not in caplog.text


async def test_a_pool_that_loses_its_server_does_not_log_the_password(
    database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    url = make_conninfo(database, password=SECRET)

    async with pool(url, size=1) as opened:
        opened.conninfo = f"postgresql://ana:{SPELT}@127.0.0.1:1/m"  # from now on it cannot reconnect
        async with opened.connection() as conn:
            await conn.close()
        async with asyncio.timeout(60):
            while "error connecting" not in caplog.text:
                with pytest.raises(psycopg.Error):
                    async with opened.connection(timeout=0.1):
                        pass

    assert SECRET not in caplog.text
    assert SPELT not in caplog.text


def test_secrets_are_cut_out_in_every_spelling() -> None:
    url = f"postgresql://ana:{SPELT}@h/m?sslpassword=second"

    assert without_secrets(f"{SECRET} {SPELT} second", url) == "… … …"
