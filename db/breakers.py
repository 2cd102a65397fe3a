"""
Circuit breakers: one trouble of a whole endpoint stops every worker of a queue for a while.

Closed, all may work. Open, nobody. Once the pause is over, one worker tries one job, and what comes of it decides.
"""

from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records.operation import Breaker

OPENS_AT = 5
"""Failures in a row that open the breaker; trouble that concerns every job opens it at once."""


async def may_work(conn: AsyncConnection, queue: str, *, trial: timedelta) -> bool:
    """Whether a job may be tried now; after a pause, one caller hears yes, and the others wait for *trial*."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        # Read first and not updated: mostly it is closed, and every worker asks before every job.
        await cur.execute("select strikes < %(opens_at)s from breakers where queue = %(queue)s", _of(queue))
        # None: no trouble was ever counted.
        if await cur.fetchone() is not False:
            return True
        await cur.execute(
            """
            update breakers set open_until = now() + %(trial)s, is_on_trial = true
            where queue = %(queue)s and strikes >= %(opens_at)s and open_until <= now()
            """,
            {**_of(queue), "trial": trial},
        )
        return cur.rowcount > 0


async def strike(
    conn: AsyncConnection, queue: str, *, at_once: bool, first: timedelta, longest: timedelta, reason: str
) -> None:
    """
    Count a failure; the breaker opens *at_once*, or with the fifth in a row.

    Pauses double from *first* to *longest*. What fails while the breaker is open was begun before, and is not counted.
    """
    # The exponent is bounded, for the power of a trouble that nobody mends would overflow the interval.
    await conn.execute(
        """
        insert into breakers as b (queue, strikes, open_until, reason)
        values (%(queue)s, %(least)s, case when %(at_once)s then now() + %(first)s else now() end, %(reason)s)
        on conflict (queue) do update set
            strikes = greatest(b.strikes + 1, %(least)s),
            is_on_trial = false,
            reason = excluded.reason,
            open_until = case when greatest(b.strikes + 1, %(least)s) >= %(opens_at)s then now() + least(
                %(longest)s::interval,
                %(first)s::interval * power(2, least(greatest(b.strikes + 1 - %(opens_at)s, 0), 20)))
                else b.open_until end
        where b.strikes < %(opens_at)s or b.open_until <= now() or b.is_on_trial
        """,
        {
            **_of(queue),
            "least": OPENS_AT if at_once else 1,
            "at_once": at_once,
            "first": first,
            "longest": longest,
            "reason": reason,
        },
    )


async def close(conn: AsyncConnection, queue: str) -> None:
    """Let all work again: something went well."""
    await conn.execute(
        "update breakers set strikes = 0, is_on_trial = false where queue = %(queue)s and strikes > 0", _of(queue)
    )


async def of(conn: AsyncConnection, queue: str) -> Breaker | None:
    async with conn.cursor(row_factory=class_row(Breaker)) as cur:
        await cur.execute(
            """
            select strikes >= %(opens_at)s as is_open, extract(epoch from open_until - now())::float8 as opens_in_s,
                reason
            from breakers where queue = %(queue)s and open_until > '-infinity'
            """,
            _of(queue),
        )
        return await cur.fetchone()


def _of(queue: str) -> dict[str, str | int]:
    return {"queue": queue, "opens_at": OPENS_AT}
