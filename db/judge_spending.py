"""What the judge spends of a course's tokens, by day (UTC)."""

from psycopg import AsyncConnection

from db.records import CourseId


async def reserve(conn: AsyncConnection, *, course: CourseId, tokens: int, most: int) -> bool:
    """Count *tokens* as spent today; return False, and count nothing, where that would be more than *most*."""
    # In one statement: workers that ask first and write then would all see the same rest of the budget.
    reserved = await conn.execute(
        """
        insert into judge_spending as s (course_id, day, tokens)
        select %(course)s, (now() at time zone 'UTC')::date, %(tokens)s
        where %(tokens)s <= %(most)s
        on conflict (course_id, day) do update set tokens = s.tokens + excluded.tokens
            where s.tokens + excluded.tokens <= %(most)s
        """,
        {"course": course, "tokens": tokens, "most": most},
    )
    return reserved.rowcount > 0


async def settle(conn: AsyncConnection, *, course: CourseId, reserved: int, spent: int) -> None:
    """Replace what was reserved by what was spent."""
    # Midnight may lie between reserving and settling: what is given back makes no new day negative.
    await conn.execute(
        """
        insert into judge_spending as s (course_id, day, tokens)
        values (%(course)s, (now() at time zone 'UTC')::date, greatest(%(more)s, 0))
        on conflict (course_id, day) do update set tokens = greatest(s.tokens + %(more)s, 0)
        """,
        {"course": course, "more": spent - reserved},
    )
