"""Notice a transaction pooler, which hands each transaction to another session of the server, and say so."""

import asyncio

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

from db.connect import CONNECT_LIMIT_S, connected
from db.errors import DatabaseRefused, describe

ROUNDS = 3
"""One is enough where nobody else is at work: a pooler hands out first what was given back last."""


async def require_own_session(url: str) -> None:
    """
    Refuse an address whose connections share the sessions of the server with others, transaction by transaction.

    There a setting of ours, or of pg_dump's, would stay with whoever comes next, and a statement that we prepared would
    be in another session than the one we are in. A pooler that gives each connection a session of its own will do.

    Raises:
        DatabaseRefused: *url* leads through a transaction pooler.
        DatabaseUnavailable: nothing answers there now.

    """
    async with await connected(url, autocommit=True) as conn:
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                shares = await _session(conn) != conn.info.backend_pid and await _shares_sessions(conn, url)
        except TimeoutError:
            shares = False  # it has no session to spare for a second connection, so it gives each its own
    if shares:
        raise transaction_pooler(url)


def transaction_pooler(url: str) -> DatabaseRefused:
    """Say that *url* leads through one, and what to give instead."""
    return DatabaseRefused(
        f"The {describe(url)} is reached through a transaction pooler, which Monitoria cannot work with; give "
        "DATABASE_URL the direct address, or the one of the pooler's session mode (Neon: the host without "
        "'-pooler'; Supabase: port 5432 instead of 6543; PgBouncer: pool_mode = session)."
    )


async def _shares_sessions(conn: AsyncConnection, url: str) -> bool:
    """Tell whether another connection meets the session that *conn* had just now, or *conn* changes its own."""
    async with await connected(url) as other:
        for _ in range(ROUNDS):
            ours = await _session(conn)
            theirs = await _session(other)  # in a transaction that stays open: what it has met it keeps
            if theirs == ours or await _session(conn) != ours:
                return True
            await other.rollback()
    return False


async def _session(conn: AsyncConnection) -> int:
    """Return the number of the server's process that serves *conn* now; a pooler tells its client another one."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select pg_backend_pid()")
        return int(await cur.fetchone() or 0)
