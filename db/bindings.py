"""Which places in Discord belong to which course."""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import kwargs_row

from db.records import AnswersWhen, Binding, Course, CourseId, Language


async def nearest(conn: AsyncConnection, *, guild: int, channels: Sequence[int]) -> Binding | None:
    """Return the binding of the first of *channels* that has one: a thread, its channel, their category."""
    async with conn.cursor(row_factory=kwargs_row(_binding)) as cur:
        await cur.execute(
            """
            select b.channel_id, b.guild_id, b.answers, b.bound_at, c.id as course_id, c.slug, c.title, c.language
            from bindings b join courses c on c.id = b.course_id
            where b.guild_id = %(guild)s and b.channel_id = any(%(channels)s::bigint[])
            order by array_position(%(channels)s::bigint[], b.channel_id) limit 1
            """,
            {"guild": guild, "channels": list(channels)},
        )
        return await cur.fetchone()


async def of_guilds(conn: AsyncConnection, guilds: Sequence[int]) -> list[Binding]:
    """All bindings of *guilds*, by course."""
    async with conn.cursor(row_factory=kwargs_row(_binding)) as cur:
        await cur.execute(
            """
            select b.channel_id, b.guild_id, b.answers, b.bound_at, c.id as course_id, c.slug, c.title, c.language
            from bindings b join courses c on c.id = b.course_id
            where b.guild_id = any(%(guilds)s::bigint[])
            order by c.slug, b.channel_id
            """,
            {"guilds": list(guilds)},
        )
        return await cur.fetchall()


async def upsert(conn: AsyncConnection, *, guild: int, channel: int, course: CourseId, answers: AnswersWhen) -> None:
    """Bind *channel* to *course*, in place of what it was bound to; since when is kept where the course stays."""
    await conn.execute(
        """
        insert into bindings (channel_id, guild_id, course_id, answers)
        values (%(channel)s, %(guild)s, %(course)s, %(answers)s)
        on conflict (channel_id) do update set
            course_id = excluded.course_id, guild_id = excluded.guild_id, answers = excluded.answers,
            bound_at = case when bindings.course_id = excluded.course_id then bindings.bound_at else now() end
        """,
        {"channel": channel, "guild": guild, "course": course, "answers": answers},
    )


async def delete(conn: AsyncConnection, *, guild: int, channel: int) -> bool:
    """Unbind *channel*; return whether it was bound."""
    deleted = await conn.execute(
        "delete from bindings where channel_id = %(channel)s and guild_id = %(guild)s",
        {"channel": channel, "guild": guild},
    )
    return deleted.rowcount > 0


def _binding(course_id: int, slug: str, title: str, language: Language, **columns: Any) -> Binding:  # noqa: ANN401
    course = Course(id=CourseId(course_id), slug=slug, title=title, language=language)
    return Binding(course=course, **columns)
