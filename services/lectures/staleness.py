"""Tell staff of verified answers that cite a lecture which has changed or gone."""

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import courses, reviews, verified
from db.records import CourseId


async def flag_stale(conn: AsyncConnection, course: CourseId) -> int:
    """
    Stop showing what cites a lecture of *course* that has changed or gone, and put it before staff; return how many.

    It belongs into the transaction that changes the lecture.
    """
    stale = await verified.newly_stale(conn, course=course)
    # In one order: two who flag several at once could else wait for each other.
    for answer in sorted(one.answer_id for one in stale if one.answer_id is not None):
        await reviews.flag(conn, course=course, answer=answer, reason="stale_verified")
    await verified.mark_stale(conn, course=course, verified=[one.id for one in stale])
    return len(stale)


async def flag_stale_everywhere(pool: AsyncConnectionPool) -> int:
    """
    Do `flag_stale` for all courses, and return how many there were.

    Ingests do it by themselves; what programs before them left behind is found once, at the start.
    """
    async with pool.connection() as conn:
        known = await courses.every(conn)
    found = 0
    for course in known:
        async with pool.connection() as conn:
            found += await flag_stale(conn, course.id)
    return found
