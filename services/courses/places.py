"""Which course a place in Discord belongs to, and how that course wants to be answered there."""

import difflib
from collections.abc import Sequence

from psycopg_pool import AsyncConnectionPool

from db import bindings, course_settings, courses
from db.records import AnswersWhen, Binding, Course, CourseId, CourseSettings, Language, Outcome
from services import i18n
from services.courses.courses import UnknownCourse, echo, listing
from services.errors import Refused
from services.ground.text import clean


class Spaces:
    """The places in Discord that belong to courses."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def binding(self, guild: int, channels: Sequence[int]) -> Binding | None:
        """Return the binding of the first of *channels* that has one: a thread, its channel, their category."""
        async with self._pool.connection() as conn:
            return await bindings.nearest(conn, guild=guild, channels=channels)

    async def bindings(self, guilds: Sequence[int]) -> list[Binding]:
        """All bindings of *guilds*, by course."""
        async with self._pool.connection() as conn:
            return await bindings.of_guilds(conn, guilds)

    async def settings(self, course: Course) -> CourseSettings:
        return await self.settings_of(course.id)

    async def settings_of(self, course: CourseId) -> CourseSettings:
        async with self._pool.connection() as conn:
            return await course_settings.ensure(conn, course)

    async def staffed(self, channel: int) -> Course | None:
        """Return the course whose staff meet in *channel*."""
        async with self._pool.connection() as conn:
            course = await course_settings.of_staff_channel(conn, channel)
            return await courses.by_id(conn, course) if course else None

    async def slugs(self, guild: int) -> list[str]:
        """Slugs of the courses that belong to *guild*."""
        async with self._pool.connection() as conn:
            return await course_settings.of_guild(conn, guild)

    async def course(self, slug: str, *, guild: int, reader: Language) -> Course:
        """
        Return the course called *slug*.

        Raises:
            UnknownCourse: there is none; the message names those of *guild*, and of no other server.

        """
        slug = clean(slug)
        async with self._pool.connection() as conn:
            course = await courses.by_slug(conn, slug)
            known = [] if course else await course_settings.of_guild(conn, guild)
        if course is None:
            raise UnknownCourse(_unknown(slug, known, reader))
        return course

    async def adopt(self, course: Course, guild: int, reader: Language) -> None:
        """
        Make *course* the guild's own, if it belongs to none.

        Raises:
            Refused: it belongs to another server, which nobody here may know more of.

        """
        async with self._pool.connection() as conn:
            owner = await course_settings.adopt(conn, course=course.id, guild=guild)
        if owner != guild:
            raise Refused(i18n.text("course.not_here", reader, slug=course.slug))

    async def bind(self, course: Course, *, guild: int, channel: int, answers: AnswersWhen, reader: Language) -> None:
        """
        Bind a channel, forum or category to *course*, in place of what it was bound to.

        Raises:
            Refused: the course belongs to another server.

        """
        await self.adopt(course, guild, reader)
        async with self._pool.connection() as conn:
            await bindings.upsert(conn, guild=guild, channel=channel, course=course.id, answers=answers)

    async def unbind(self, *, guild: int, channel: int) -> bool:
        """Unbind a channel; return whether it was bound."""
        async with self._pool.connection() as conn:
            return await bindings.delete(conn, guild=guild, channel=channel)

    async def change(
        self,
        course: Course,
        *,
        staff_channel_id: int | None = None,
        staff_role_ids: Sequence[int] | None = None,
        person_hourly: int | None = None,
        course_daily: int | None = None,
        holds: Sequence[Outcome] | None = None,
        draws_formulas: bool | None = None,
    ) -> CourseSettings:
        """Change the settings that are given, and return all."""
        async with self._pool.connection() as conn:
            await course_settings.ensure(conn, course.id)
            await course_settings.update(
                conn,
                course=course.id,
                staff_channel_id=staff_channel_id,
                staff_role_ids=staff_role_ids,
                person_hourly=person_hourly,
                course_daily=course_daily,
                holds=holds,
                draws_formulas=draws_formulas,
            )
            return await course_settings.ensure(conn, course.id)


def _unknown(slug: str, known: list[str], reader: Language) -> str:
    typed = echo(slug)
    if near := difflib.get_close_matches(slug[:100], known, n=1, cutoff=0.6):
        return i18n.text("course.unknown_near", reader, slug=typed, near=near[0])
    if known:
        return i18n.text("course.unknown", reader, slug=typed, known=listing(known))
    return i18n.text("course.unknown_none", reader, slug=typed)
