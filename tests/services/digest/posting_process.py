"""
A process that posts what is due, for tests that kill it: `python -m tests.services.digest.posting_process URL`.

Its channel is a table, which knows no nonce again: two sends are two messages. Its clock is a table as well.
"""

import asyncio
import random
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db import connect
from db.records import Course
from services.digest.posting.posting import Post, Posting, PostingPace
from services.digest.report import Digest, Period

PACE = PostingPace(lease=timedelta(seconds=1), first_gap=timedelta(0), most_attempts=1_000)


@dataclass
class Table:
    pool: AsyncConnectionPool

    async def post(self, post: Post, digest: Digest) -> int:
        await _dawdle()
        async with self.pool.connection() as conn:
            row = await (
                await conn.execute(
                    "insert into messages (course_id, week, nonce) values (%s, %s, %s) returning id",
                    [post.course.id, digest.period.week, post.nonce],
                )
            ).fetchone()
        await _dawdle()
        assert row is not None
        return int(row[0])

    async def find(self, post: Post) -> int | None:
        async with self.pool.connection() as conn:
            row = await (await conn.execute("select id from messages where nonce = %s", [post.nonce])).fetchone()
        return None if row is None else int(row[0])


async def tell(course: Course, period: Period) -> Digest:
    await _dawdle()
    return cast("Digest", _Some(course, period))


@dataclass
class _Some:
    """As much of a digest as posting looks at."""

    course: Course
    period: Period


async def _dawdle() -> None:
    await asyncio.sleep(random.uniform(0, 0.3))  # noqa: S311 - no secret


async def now(pool: AsyncConnectionPool) -> datetime:
    async with pool.connection() as conn:
        row = await (await conn.execute("select at from clock")).fetchone()
    assert row is not None
    return row[0]


async def main(url: str) -> None:
    async with connect.pool(url, size=2) as pool:
        print("ready", flush=True)  # noqa: T201 - for the test that waits
        while True:
            with suppress(psycopg.OperationalError, PoolTimeout):
                await Posting(pool, tell, pace=PACE).post_due(Table(pool), await now(pool))
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
