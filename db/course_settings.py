"""What each course decides for itself; a course without a row has the defaults."""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import kwargs_row, scalar_row

from db.records import CourseId, CourseSettings, Outcome

TIME_ZONE = "America/Sao_Paulo"
"""Of a course without a row: what the column has by default."""


async def ensure(conn: AsyncConnection, course: CourseId) -> CourseSettings:
    """Return the settings of *course*, created now where they never were."""
    await conn.execute(
        "insert into course_settings (course_id) values (%(course)s) on conflict (course_id) do nothing",
        {"course": course},
    )
    async with conn.cursor(row_factory=kwargs_row(_settings)) as cur:
        await cur.execute(
            """
            select course_id, guild_id, staff_channel_id, staff_role_ids, person_hourly, course_daily, holds,
                draws_formulas, release_channel_id
            from course_settings where course_id = %(course)s
            """,
            {"course": course},
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - it was inserted above
    return found


async def holds(conn: AsyncConnection, course: CourseId) -> tuple[Outcome, ...]:
    """Which answers wait for the approval of staff: none, where the course never said."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select unnest(holds) from course_settings where course_id = %(course)s", {"course": course})
        return tuple(await cur.fetchall())


async def holds_now(conn: AsyncConnection, course: CourseId) -> tuple[Outcome, ...]:
    """Which answers wait for approval, unchanged until the transaction ends: what it stores is held by that."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select unnest(s.holds) from (select holds from course_settings where course_id = %(course)s for share) s",
            {"course": course},
        )
        return tuple(await cur.fetchall())


async def draws_formulas(conn: AsyncConnection, course: CourseId) -> bool:
    """Whether formulas are drawn: they are, where the course never said."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select draws_formulas from course_settings where course_id = %(course)s", {"course": course})
        return await cur.fetchone() is not False


async def time_zone(conn: AsyncConnection, course: CourseId) -> str:
    """Return the zone of the course's clocks: the column's default, where the course never said."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select time_zone from course_settings where course_id = %(course)s", {"course": course})
        return str(await cur.fetchone() or TIME_ZONE)


async def adopt(conn: AsyncConnection, *, course: CourseId, guild: int) -> int:
    """Give *course* to *guild* if it belongs to none; return the guild that it belongs to."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into course_settings (course_id, guild_id) values (%(course)s, %(guild)s)
            on conflict (course_id) do update set guild_id = coalesce(course_settings.guild_id, excluded.guild_id)
            returning guild_id
            """,
            {"course": course, "guild": guild},
        )
        return int(await cur.fetchone() or 0)


async def update(
    conn: AsyncConnection,
    *,
    course: CourseId,
    staff_channel_id: int | None,
    staff_role_ids: Sequence[int] | None,
    person_hourly: int | None,
    course_daily: int | None,
    holds: Sequence[Outcome] | None = None,
    draws_formulas: bool | None = None,
) -> None:
    """Change what is given; None leaves a setting as it is."""
    await conn.execute(
        """
        update course_settings set
            staff_channel_id = coalesce(%(staff_channel_id)s, staff_channel_id),
            staff_role_ids = coalesce(%(staff_role_ids)s::bigint[], staff_role_ids),
            person_hourly = coalesce(%(person_hourly)s, person_hourly),
            course_daily = coalesce(%(course_daily)s, course_daily),
            holds = coalesce(%(holds)s::text[], holds),
            draws_formulas = coalesce(%(draws_formulas)s, draws_formulas)
        where course_id = %(course)s
        """,
        {
            "course": course,
            "staff_channel_id": staff_channel_id,
            "staff_role_ids": None if staff_role_ids is None else list(staff_role_ids),
            "person_hourly": person_hourly,
            "course_daily": course_daily,
            "holds": None if holds is None else list(holds),
            "draws_formulas": draws_formulas,
        },
    )


async def of_guild(conn: AsyncConnection, guild: int) -> list[str]:
    """Slugs of the courses that belong to *guild*."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select c.slug from course_settings s join courses c on c.id = s.course_id
            where s.guild_id = %(guild)s order by c.slug
            """,
            {"guild": guild},
        )
        return await cur.fetchall()


async def of_staff_channel(conn: AsyncConnection, channel: int) -> CourseId | None:
    """Which course's staff meet in *channel*."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select course_id from course_settings where staff_channel_id = %(channel)s order by course_id limit 1",
            {"channel": channel},
        )
        return await cur.fetchone()


def _settings(staff_role_ids: list[int], holds: list[Outcome], **columns: Any) -> CourseSettings:  # noqa: ANN401 - a row
    return CourseSettings(staff_role_ids=tuple(staff_role_ids), holds=tuple(holds), **columns)
