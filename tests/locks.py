"""Wait for what waits for a lock, instead of for a while."""

import asyncio

from psycopg.rows import scalar_row
from psycopg_pool import AsyncConnectionPool

WAITING = "select query from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


async def blocked(pool: AsyncConnectionPool, statement: str) -> None:
    """Return once a statement that begins with *statement* waits for a lock."""
    async with asyncio.timeout(60):
        while not [one for one in await _waiting(pool) if one.strip().startswith(statement)]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def _waiting(pool: AsyncConnectionPool) -> list[str]:
    async with pool.connection() as conn, conn.cursor(row_factory=scalar_row) as cur:
        return await (await cur.execute(WAITING)).fetchall()
