"""A course that is told of its weeks, and a channel that keeps what it is told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from db import digests
from db.records import Course
from services.digest.digests import Digests
from services.digest.figures import Figures
from services.digest.posting.posting import Post, Posting, PostingPace, Tell
from services.digest.report import Digest, Figure, Period

SINCE = datetime(2026, 11, 10, tzinfo=UTC)  # in W46


W46_DUE, W47_DUE, W48_DUE = (datetime(2026, 11, day, 12, tzinfo=UTC) for day in (16, 23, 30))


class Killed(BaseException):
    """As by `kill -9`: nobody is told."""


async def nothing() -> None:
    return


@dataclass
class Channel:
    """A channel that keeps its messages, and forgets each nonce at once."""

    before: Callable[[], Awaitable[None]] = nothing  # a message arrives
    after: Callable[[], Awaitable[None]] = nothing
    nonces: list[str] = field(default_factory=list[str])  # of the messages, whose ids are 1, 2, …
    told: list[Period] = field(default_factory=list[Period])
    looked: int = 0

    async def post(self, post: Post, digest: Digest) -> int:
        await self.before()
        self.nonces.append(post.nonce)
        self.told.append(digest.period)
        message = len(self.nonces)
        await self.after()
        return message

    async def find(self, post: Post) -> int | None:
        self.looked += 1
        return self.nonces.index(post.nonce) + 1 if post.nonce in self.nonces else None


def once(*what: BaseException | None) -> Callable[[], Awaitable[None]]:
    """Raise each of *what* in turn, then nothing."""
    left = list(what)

    async def happen() -> None:
        if left and (error := left.pop(0)):
            raise error

    return happen


def report(course: Course, period: Period, *, questions: int = 3) -> Digest:
    """A digest of which only this much matters here."""
    parts: dict[str, Any] = dict.fromkeys(part.name for part in fields(Digest))
    parts |= {"course": course, "period": period, "questions": Figure(value=questions)}
    return Digest(**parts)


async def counted(course: Course, period: Period) -> Digest:
    return report(course, period)


@dataclass
class Room:
    """A course that is told of its weeks."""

    url: str
    pool: AsyncConnectionPool
    course: Course

    def posting(self, tell: Tell = counted, pace: PostingPace | None = None) -> Posting:
        return Posting(self.pool, tell, pace=pace)

    async def reopen(self) -> bool:
        async with self.pool.connection() as conn:
            return await digests.reopen(conn, self.course.id)

    async def sql(self, query: str, **values: object) -> None:
        async with self.pool.connection() as conn:
            await conn.execute(query.encode(), values)

    async def plan(self, course: Course | None = None, /, **columns: object) -> None:
        """Set when and where the course is told."""
        columns = {"digest_channel_id": 7, "digest_since": SINCE} | columns
        settings = ", ".join(f"{name} = %({name})s" for name in columns)
        at = (course or self.course).id
        await self.sql("insert into course_settings (course_id) values (%(at)s) on conflict do nothing", at=at)
        await self.sql(f"update course_settings set {settings} where course_id = %(at)s", at=at, **columns)  # noqa: S608

    async def expire(self) -> None:
        """Let all leases run out."""
        await self.sql("update digests set leased_until = now(), mail_leased_until = now()")

    async def rows(self) -> list[dict[str, Any]]:
        async with self.pool.connection() as conn, conn.cursor(row_factory=dict_row) as cur:
            await cur.execute("select *, leased_until - now() as free_in from digests order by week")
            return await cur.fetchall()

    async def states(self) -> list[tuple[str, int, str]]:
        return [(row["week"], row["weeks"], row["state"]) for row in await self.rows()]


async def begun(room: Room, week: str, *, first: str | None = None, weeks: int = 1) -> bool:
    async with room.pool.connection() as conn:
        claim = await digests.begin(
            conn,
            course=room.course.id,
            week=week,
            weeks=weeks,
            first_week=first or week,
            time_zone="UTC",
            channel=7,
            lease=timedelta(minutes=1),
        )
    return claim is not None


async def change(room: Room, **changes: Any) -> None:
    """Do what `/digest schedule` does."""
    await Digests(room.pool, Figures(room.pool, None)).change(room.course, changes, reader="en")


async def stop(room: Room) -> None:
    await Digests(room.pool, Figures(room.pool, None)).stop(room.course)


@dataclass
class Stuck:
    """Where somebody waits until told to go on."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def __call__(self) -> None:
        self.reached.set()
        await self.free.wait()
        if self.error:
            raise self.error

    async def tell(self, course: Course, period: Period) -> Digest:
        await self()
        return report(course, period)
