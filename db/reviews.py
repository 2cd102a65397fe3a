"""What staff should look at."""

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

from db.records import AnswerId, CourseId


async def flag(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, reason: str) -> bool:
    """Add *reason* to the answer's open item, opened now where there is none; return False if it was there."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into review_items (answer_id, course_id) values (%(answer)s, %(course)s)
            on conflict (answer_id) where settled_at is null do update set answer_id = excluded.answer_id
            returning id
            """,
            {"answer": answer, "course": course},
        )
        item = await cur.fetchone()
    added = await conn.execute(
        "insert into review_reasons (item_id, reason) values (%(item)s, %(reason)s) on conflict do nothing",
        {"item": item, "reason": reason},
    )
    return added.rowcount > 0


async def withdraw(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, reason: str) -> None:
    """Take *reason* from the answer's open item; an item without a reason goes."""
    chosen = {"answer": answer, "course": course, "reason": reason}
    await conn.execute(
        """
        delete from review_reasons r using review_items i
        where i.id = r.item_id and i.answer_id = %(answer)s and i.course_id = %(course)s and i.settled_at is null
            and r.reason = %(reason)s
        """,
        chosen,
    )
    await conn.execute(
        """
        delete from review_items i
        where i.answer_id = %(answer)s and i.course_id = %(course)s and i.settled_at is null
            and not exists (select from review_reasons r where r.item_id = i.id)
        """,
        chosen,
    )
