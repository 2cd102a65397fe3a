"""Open the pool of connections that Monitoria works with, or say in one sentence why that cannot be."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db.errors import DatabaseError, DatabaseRefused, DatabaseUnavailable, describe, without_secrets

CONNECT_LIMIT_S = 5
APPLICATION = "monitoria"

REASONS: tuple[tuple[str, type[DatabaseError], str], ...] = (
    (
        r"resolve host|translate host name",
        DatabaseUnavailable,
        "has a host name that nobody knows; correct the host in DATABASE_URL, or check the network",
    ),
    (
        r"Connection refused|No such file or directory|No route|unreachable",
        DatabaseUnavailable,
        "cannot be reached, nothing listens there; start it, or correct host and port in DATABASE_URL",
    ),
    (
        r"timeout expired",
        DatabaseUnavailable,
        f"did not answer within {CONNECT_LIMIT_S} s; check host, port and firewall",
    ),
    (
        r"starting up|shutting down|not yet accepting|recovery mode",
        DatabaseUnavailable,
        "is starting or stopping; try again in a moment",
    ),
    (
        r"too many clients|remaining connection slots",
        DatabaseUnavailable,
        "has no connection left; end other programs that use it, or raise max_connections",
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
        DatabaseRefused: the operator can fix it: the address, the password, a missing database.
        DatabaseUnavailable: nothing answers there now.

    """
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            return await AsyncConnection.connect(url, autocommit=autocommit, application_name=APPLICATION)
    except (psycopg.Error, TimeoutError) as error:
        # libpq quotes an address it cannot read, password and all: the cause must not travel on.
        raise explain(error, url) from None


@asynccontextmanager
async def pool(
    url: str, *, size: int = 4, statement_timeout: timedelta = timedelta(seconds=30)
) -> AsyncGenerator[AsyncConnectionPool, None]:
    """
    Keep *size* connections to a migrated database open.

    Statements are prepared at their first use and planned once, for any course.

    Raises:
        DatabaseRefused: the operator can fix it: the address, the password, a schema not yet there.
        DatabaseUnavailable: nothing answers there now.

    """
    await _require_reachable(url)
    opened: AsyncConnectionPool = AsyncConnectionPool(
        url,
        open=False,
        min_size=size,
        max_size=size,
        configure=register_vector_async,
        check=AsyncConnectionPool.check_connection,
        kwargs={
            "application_name": APPLICATION,
            "prepare_threshold": 0,
            "options": _options(url, statement_timeout),
        },
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


def _options(url: str, statement_timeout: timedelta) -> str:
    """Return the session's settings, after those that *url* brings itself."""
    brought = conninfo_to_dict(url).get("options") or ""
    timeout_ms = round(statement_timeout / timedelta(milliseconds=1))
    ours = f"-c timezone=UTC -c statement_timeout={timeout_ms} -c plan_cache_mode=force_generic_plan"
    return f"{brought} {ours}".strip()
