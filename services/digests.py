"""The digests of all courses: when each is due, what it tells, and whether it was told."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from psycopg_pool import AsyncConnectionPool

from db import course_settings, digests
from db.digests import DigestSchedule
from db.records import Course
from services.digest.figures import Figures
from services.digest.posting import Outlet, Posting, Send
from services.digest.report import Digest, Period
from services.digest.weeks import Schedule, period, week_of, zone_named
from services.errors import Refused


class Digests:
    """What the bot and the terminal ask about digests."""

    def __init__(self, pool: AsyncConnectionPool, figures: Figures) -> None:
        self._pool = pool
        self._figures = figures
        self._posting = Posting(pool, figures.tell)

    async def tell(self, course: Course, told: Period) -> Digest:
        """
        Count a period of a course.

        Raises:
            EmbedderUnavailable: the questions cannot be grouped now.

        """
        return await self._figures.tell(course, told)

    async def last_week(self, course: Course) -> Period:
        """Return the last week that is over, by the course's clocks."""
        zone = zone_named(await self.time_zone(course))
        monday = datetime.now(zone).date()
        return period(week_of(monday.fromordinal(monday.toordinal() - 7)), zone)

    async def time_zone(self, course: Course) -> str:
        return (await self.schedule(course)).time_zone

    async def schedule(self, course: Course) -> DigestSchedule:
        async with self._pool.connection() as conn:
            await course_settings.ensure(conn, course.id)
            return await digests.schedule(conn, course.id)

    async def change(self, course: Course, changes: dict[str, Any]) -> DigestSchedule:
        """
        Change when and where a course gets its digest; from now on, if it had none.

        Raises:
            Refused: the time zone is none, or the prices are not whole.

        """
        wanted = replace(await self.schedule(course), **changes)
        # It refuses a zone that is none.
        Schedule(time_zone=wanted.time_zone, weekday=wanted.weekday, hour=wanted.hour)
        if len({part is None for part in (wanted.price_in, wanted.price_out, wanted.currency)}) > 1:
            raise Refused("Prices are whole only with a price of what is read, one of what is written, and a currency.")
        async with self._pool.connection() as conn:
            return await digests.set_schedule(conn, course.id, wanted)

    async def post_due(self, outlet: Outlet) -> int:
        """Post what is due now; return how many were ended."""
        return await self._posting.post_due(outlet, datetime.now(UTC))

    async def mail_due(self, send: Send) -> int:
        return await self._posting.mail_due(send)
