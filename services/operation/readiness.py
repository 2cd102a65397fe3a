"""See whether the database answers now, without waiting as long as a question would."""

import asyncio
from datetime import timedelta

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

PATIENCE = timedelta(seconds=2)


async def database_answers(pool: AsyncConnectionPool) -> bool:
    """Tell whether *pool* can hand out a connection; it tries each before it does."""
    patience_s = PATIENCE.total_seconds()
    try:
        async with asyncio.timeout(patience_s), pool.connection(timeout=patience_s):
            return True
    except (psycopg.Error, PoolTimeout, TimeoutError, OSError):
        return False
