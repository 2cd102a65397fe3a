"""Open the pool of connections that Monitoria works with, or say in one sentence why that cannot be."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg
from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db.errors import DatabaseError, DatabaseRefused, DatabaseUnavailable, describe, without_secrets
from db.texts import guard

CONNECT_LIMIT_S = 5
APPLICATION = "monitoria"
SIZE = 4
"""Connections of one process, at most."""

KEEPALIVE = {"keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "30000"}
"""
Seconds, tries and milliseconds: firewalls of clouds forget a connection that is silent for four minutes and more, and
say nothing of it. What the address itself sets counts.
"""

REASONS: tuple[tuple[str, type[DatabaseError], str], ...] = (
    (
        r"unsupported (?:options )?startup parameter|command-line options",
        DatabaseRefused,
        (
            "is reached through a pooler that takes no options; leave them out of DATABASE_URL and PGOPTIONS, "
            "or give the direct address"
        ),
    ),
    (
        r"Endpoint ID is not specified|SNI info is missing",
        DatabaseRefused,
        (
            "was not told which endpoint is meant; add options=endpoint%3DNAME to DATABASE_URL, with the first "
            "part of the host's name"
        ),
    ),
    (
        r"Tenant or user not found|[Ww]rong password",
        DatabaseRefused,
        (
            "refuses this user; correct user and password in DATABASE_URL (a pooler may want the project behind "
            "the user, with a dot), or ask its administrator"
        ),
    ),
    (
        r"channel binding",
        DatabaseRefused,
        (
            "and this program do not agree about channel binding; take channel_binding=require out of "
            "DATABASE_URL, and let sslmode=verify-full say who the server must be"
        ),
    ),
    (
        (
            r"server_login_retry|server login (?:has )?fail|query_wait_timeout|pgbouncer cannot connect to server"
            r"|db_termination|pool_checkout_timeout|checkout timeout"
        ),
        DatabaseUnavailable,
        "is behind a pooler that gets no session from it now; look at the server and at the pooler's log",
    ),
    (
        r"resolve host|translate host name",
        DatabaseUnavailable,
        "has a host name that nobody knows; correct the host in DATABASE_URL, or check the network",
    ),
    (
        r"Network is unreachable|Cannot assign requested address",
        DatabaseUnavailable,
        (
            "cannot be reached from this network; where its host has an IPv6 address only, give the address of a "
            "pooler in session mode, or of IPv4"
        ),
    ),
    (
        r"Connection refused|No such file or directory|No route|unreachable",
        DatabaseUnavailable,
        "cannot be reached, nothing listens there; start it, or correct host and port in DATABASE_URL",
    ),
    (
        r"pool initialization incomplete",
        DatabaseUnavailable,
        (
            "gave fewer connections than Monitoria needs, which are four; end other programs that use it, or raise the "
            "limits of the server or of its pooler"
        ),
    ),
    (
        r"timeout expired",
        DatabaseUnavailable,
        f"did not answer within {CONNECT_LIMIT_S} s; check host, port and firewall",
    ),
    (
        r"starting up|shutting down|not yet accepting|recovery mode|endpoint is disabled|[Cc]ontrol plane",
        DatabaseUnavailable,
        "is starting or stopping; try again in a moment",
    ),
    (
        (
            r"too many clients|remaining connection slots|too many connections|[Mm]ax(?:imum)? ?[Cc]lient|max clients"
            r"|max_client_conn|[Cc]onnection limit|no more connections allowed"
        ),
        DatabaseUnavailable,
        (
            "has no connection left (Monitoria keeps four open); end other programs that use it, or raise "
            "max_connections or the pooler's limit"
        ),
    ),
    (
        r"invalid response to SSL negotiation|expected authentication request|closed the connection",
        DatabaseRefused,
        "does not answer as PostgreSQL does; correct host and port in DATABASE_URL",
    ),
    (
        r"SSL|certificate|no encryption",
        DatabaseRefused,
        "and this program do not agree about TLS; correct sslmode or sslrootcert in DATABASE_URL",
    ),
    (
        r"database .* does not exist",
        DatabaseRefused,
        "does not exist there; create it with `createdb`, or correct the name in DATABASE_URL",
    ),
    (
        r"authentication failed|no password supplied|role .* does not exist|pg_hba\.conf|permission denied",
        DatabaseRefused,
        "refuses this user; correct user and password in DATABASE_URL, or ask its administrator",
    ),
)
"""What libpq says (it gives no code for a failed connection), and what we say; the first match counts."""


def explain(error: psycopg.Error | TimeoutError, url: str) -> DatabaseError:
    """Translate a failed connection to *url* into one sentence that holds no password."""
    said = "timeout expired" if isinstance(error, TimeoutError) else str(error)
    if isinstance(error, psycopg.ProgrammingError) or "cannot be read" in describe(url):
        return DatabaseRefused(
            "DATABASE_URL cannot be read as a database address; write postgresql://user:password@host/name, "
            "with the password's special characters percent-encoded (@ is %40, / is %2F)."
        )
    for pattern, kind, reason in REASONS:
        if re.search(pattern, said):
            return kind(f"The {describe(url)} {reason}.")
    line = next((line for line in without_secrets(said, url).splitlines() if line), type(error).__name__)
    return DatabaseUnavailable(f"The {describe(url)} does not work ({line}); see the server's log.")


async def connected(url: str, *, autocommit: bool = False) -> AsyncConnection:
    """
    Open one connection.

    Raises:
        DatabaseRefused: the operator can fix it: the address, the password, a missing database, its encoding.
        DatabaseUnavailable: nothing answers there now.

    """
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            conn = await AsyncConnection.connect(url, autocommit=autocommit, **_ours(url))
    except (psycopg.Error, TimeoutError) as error:
        # libpq quotes an address it cannot read, password and all: the cause must not travel on.
        raise explain(error, url) from None
    if (encoding := conn.info.parameter_status("server_encoding")) not in {None, "UTF8"}:
        await conn.close()
        raise DatabaseRefused(
            f"The {describe(url)} keeps its texts as {encoding}, which cannot hold what people write; make another one "
            "with `createdb --encoding=UTF8 --template=template0`, and name that in DATABASE_URL."
        )
    return conn


@asynccontextmanager
async def pool(
    url: str, *, size: int = SIZE, ready: int = 1, statement_timeout: timedelta = timedelta(seconds=30)
) -> AsyncGenerator[AsyncConnectionPool, None]:
    """
    Keep *ready* connections to a migrated database open, and as many as *size* while there is work for them.

    Statements are prepared at their first use and planned once, for any course. Settings are made in each session, not
    asked for at its start, for poolers refuse that.

    Raises:
        DatabaseRefused: the operator can fix it: the address, the password, a schema not yet there.
        DatabaseUnavailable: nothing answers there now.

    """
    await _require_reachable(url)
    opened: AsyncConnectionPool = AsyncConnectionPool(
        url,
        # `async with` opens it: psycopg warns of a pool that is opened by its constructor, outside of any loop.
        open=False,
        min_size=ready,
        max_size=size,
        configure=_configured(statement_timeout),
        # At each loan: a server that was restarted has closed them all, and no question should meet that.
        check=AsyncConnectionPool.check_connection,
        kwargs={"prepare_threshold": 0, **_ours(url)},
    )
    async with opened:
        try:
            await opened.wait(CONNECT_LIMIT_S)
        except PoolTimeout as error:
            raise explain(error, url) from None
        yield opened


async def _require_reachable(url: str) -> None:
    """Connect once before the pool does: the pool would retry in silence and lose the reason."""
    async with await connected(url) as conn:
        found = await (await conn.execute("select to_regtype('vector') is not null")).fetchone()
    if found != (True,):
        raise DatabaseRefused(f"The {describe(url)} has no tables of Monitoria yet; run `monitoria migrate`.")


def _ours(url: str) -> dict[str, Any]:
    """Return what each connection asks for beside what *url* says."""
    try:
        brought = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        brought = {}  # connecting says why
    ours = {"application_name": APPLICATION, "client_encoding": "UTF8"}  # PGCLIENTENCODING would lose letters
    return {name: value for name, value in KEEPALIVE.items() if name not in brought} | ours


def _configured(statement_timeout: timedelta) -> Callable[[AsyncConnection], Awaitable[None]]:
    """Return what makes a new connection one of ours."""
    timeout_ms = round(statement_timeout / timedelta(milliseconds=1))

    async def configure(conn: AsyncConnection) -> None:
        # The pool throws a connection away that is left inside a transaction here.
        async with conn.transaction():
            await conn.execute(
                """
                select set_config('timezone', 'UTC', false),
                    set_config('statement_timeout', %(timeout)s, false),
                    set_config('plan_cache_mode', 'force_generic_plan', false)
                """,
                {"timeout": f"{timeout_ms}ms"},
                prepare=False,
            )
            await register_vector_async(conn)
        guard(conn)

    return configure
