"""The digests of all courses: when each is due, what it tells, and whether it was told."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg_pool import AsyncConnectionPool

from db import course_settings, digests
from db.records import Course, DigestSchedule, Language
from db.records.operation import LastDigest
from services import i18n
from services.digest.figures import Figures
from services.digest.posting.posting import DigestOutlet, Posting, Send
from services.digest.posting.weeks import Schedule, next_moment, period, week_of, zone_named
from services.digest.report import Digest, Period
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

    async def next_moment(self, course: Course) -> datetime | None:
        """Return when the next digest of a course comes; None: it gets none."""
        planned = await self.schedule(course)
        if planned.since is None:
            return None
        schedule = Schedule(time_zone=planned.time_zone, weekday=planned.weekday, hour=planned.hour)
        async with self._pool.connection() as conn:
            last_done = await digests.last_done(conn, course.id)
        return next_moment(datetime.now(UTC), schedule, last_done=last_done, since=planned.since)

    async def last(self, course: Course) -> LastDigest | None:
        """Return what became of the last digest; `change` lets one that could not be posted be tried again."""
        async with self._pool.connection() as conn:
            return await digests.last(conn, course.id)

    async def stop(self, course: Course) -> None:
        """Let a course get no digest until its schedule is changed."""
        async with self._pool.connection() as conn:
            await digests.stop(conn, course.id)

    async def change(self, course: Course, changes: dict[str, Any], *, reader: Language) -> DigestSchedule:
        """
        Change when and where a course gets its digest; from now on, if it had none.

        A last digest that could not be posted is posted after all, where the schedule now says; a last mail that could
        not be sent is sent to new addresses.

        Raises:
            Refused: the time zone is none, or an address is.

        """
        wanted = replace(await self.schedule(course), **changes)
        zone_named(wanted.time_zone, reader)
        Schedule(time_zone=wanted.time_zone, weekday=wanted.weekday, hour=wanted.hour)
        for address in wanted.emails:
            _check_address(address, reader)
        async with self._pool.connection() as conn:
            changed = await digests.set_schedule(conn, course.id, wanted)
            if "emails" in changes:
                await digests.send_again(conn, course.id)
        await self._reopen(course)
        return changed

    async def _reopen(self, course: Course) -> None:
        with suppress(UniqueViolation):  # another digest has been claimed at this moment, and tells these weeks too
            async with self._pool.connection() as conn:
                await digests.reopen(conn, course.id)

    async def price(self, course: Course, changes: dict[str, Any]) -> DigestSchedule:
        """
        Change what the models' tokens cost.

        Raises:
            Refused: they are not whole, or the currency is none.

        """
        wanted = replace(await self.schedule(course), **changes)
        if len({part is None for part in (wanted.price_in, wanted.price_out, wanted.currency)}) > 1:
            raise Refused(
                "Prices are whole only with --in, --out and --currency, such as --in 0.15 --out 0.6 --currency USD."
            )
        if wanted.currency is not None and not re.fullmatch("[A-Z]{3}", wanted.currency):
            raise Refused(f"The currency {wanted.currency[:20]!r} is none; write three letters, such as BRL or USD.")
        async with self._pool.connection() as conn:
            return await digests.set_prices(conn, course.id, wanted)

    async def post_due(self, outlet: DigestOutlet) -> int:
        """Post what is due now; return how many were ended."""
        return await self._posting.post_due(outlet, datetime.now(UTC))

    async def mail_due(self, send: Send) -> int:
        return await self._posting.mail_due(send)


def _check_address(written: str, reader: Language) -> None:
    try:
        address = Address(addr_spec=written)
    except (MessageError, ValueError, IndexError):
        address = None
    if address is None or not address.username or "." not in address.domain.strip("."):
        raise Refused(i18n.text("digest.no_address", reader, written=repr(written[:80])))
