"""What staff should look at."""

from collections.abc import Sequence

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


async def withdraw(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, reasons: Sequence[str]) -> None:
    """Take *reasons* from the answer's open item; an item without a reason goes."""
    await conn.execute(
        """
        with open_item as (
            select id from review_items
            where answer_id = %(answer)s and course_id = %(course)s and settled_at is null
        ), withdrawn as (
            delete from review_reasons r using open_item o where r.item_id = o.id and r.reason = any(%(reasons)s)
        )
        delete from review_items i using open_item o
        where i.id = o.id
            -- Both deletions see the rows as they were before either.
            and not exists (select from review_reasons r where r.item_id = i.id and r.reason <> all(%(reasons)s))
        """,
        {"answer": answer, "course": course, "reasons": list(reasons)},
    )
