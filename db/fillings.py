"""What the background filling of vectors asks the database: whether anything has changed, and whether it is alone."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import cast

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import class_row, scalar_row
from psycopg_pool import AsyncConnectionPool

from db.connect import connected
from db.records import GenerationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is another one after each change that can leave a segment without a vector."""

    generation: GenerationId | None
    transcripts: int
    newest: int


async def signs(conn: AsyncConnection) -> Signs:
    """Cheap: there are few transcripts, and one generation that serves."""
    async with conn.cursor(row_factory=class_row(Signs)) as cur:
        await cur.execute(
            """
            select (select id from generations where state = 'serving') as generation,
                count(*)::int as transcripts, coalesce(max(id), 0) as newest
            from transcripts
            """
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - an aggregate has a row
    return found


async def searched(conn: AsyncConnection) -> int:
    """How many segments are searched, of all courses."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select count(*) from segment_terms")
        return int(await cur.fetchone() or 0)


@asynccontextmanager
async def alone(pool: AsyncConnectionPool) -> AsyncGenerator[bool, None]:
    """
    Yield whether this process is now the only one that fills in vectors of the database of *pool*.

    The lock belongs to a transaction on a connection of its own, so that it ends with its process, however that ends,
    and is left on no session that a pooler hands on.
    """
    url = cast("str", pool.conninfo)  # `connect.pool` opens with a string
    async with await connected(url) as conn, conn.cursor(row_factory=scalar_row) as cur:
        # Tried, not waited for: who is not alone lets its connection go and looks again later.
        await cur.execute("select pg_try_advisory_xact_lock(hashtext('monitoria.filling'))")
        is_alone = bool(await cur.fetchone())
        # This transaction is idle while the model works, for longer than some providers allow.
        await cur.execute("set local idle_in_transaction_session_timeout = 0")
        yield is_alone
        with suppress(OperationalError):  # cut off meanwhile: what two fill in at once is written once all the same
            await conn.rollback()
