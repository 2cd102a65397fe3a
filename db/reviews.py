"""What staff should look at."""

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

from db import answers, second_looks
from db.records import AnswerId, CourseId, ItemId


async def flag(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, reason: str) -> bool:
    """Add *reason* to the answer's open item, opened now where there is none; return False if it was there."""
    # The answer before its item, as everybody locks: who settles or takes back a second look holds it already.
    await answers.lock(conn, course=course, answer=answer)
    async with conn.cursor(row_factory=scalar_row) as cur:
        # An update that changes nothing, for `do nothing` would not return the item that is open.
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
    if added.rowcount:
        await conn.execute(
            "update review_items set card_version = card_version + 1 where id = %(item)s and course_id = %(course)s",
            {"item": item, "course": course},
        )
        if reason != second_looks.REASON:
            await second_looks.mix(conn, course=course, item=ItemId(item or 0))
    return added.rowcount > 0


async def is_settled(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> bool:
    """
    Tell whether staff have labelled the answer or settled a card of it, and have none of it before them now.

    A card that is nothing but a second look is for a label that is blind to what else is said of the answer.
    """
    found = await conn.execute(
        """
        select where (
            exists (
                select from annotations
                where answer_id = %(answer)s and course_id = %(course)s and role = 'staff'
            ) or exists (
                select from review_items
                where answer_id = %(answer)s and course_id = %(course)s and settled_at is not null and verdict <> 'gone'
            )
        ) and not exists (
            select from review_items i
            where i.answer_id = %(answer)s and i.course_id = %(course)s and i.settled_at is null
                and not exists (select from second_look_items l where l.item_id = i.id and l.course_id = %(course)s)
        )
        """,
        {"answer": answer, "course": course},
    )
    return found.rowcount > 0


async def withdraw(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, reasons: Sequence[str]) -> None:
    """
    Take *reasons* from the answer's open item; an item without a reason goes.

    One that staff have seen a card of is settled instead, so that its card can say so.
    """
    chosen = {"answer": answer, "course": course, "reasons": list(reasons)}
    withdrawn = await conn.execute(
        """
        delete from review_reasons r using review_items i
        where i.id = r.item_id and i.answer_id = %(answer)s and i.course_id = %(course)s and i.settled_at is null
            and r.reason = any(%(reasons)s)
        """,
        chosen,
    )
    if not withdrawn.rowcount:
        return
    await conn.execute(
        """
        with bare as (
            select id from review_items i
            where i.answer_id = %(answer)s and i.course_id = %(course)s and i.settled_at is null
                and not exists (select from review_reasons r where r.item_id = i.id)
        ), unseen as (
            delete from review_items i using bare b where i.id = b.id and i.card_message_id is null
        )
        update review_items i set card_version = i.card_version + 1,
            settled_at = case when b.id is not null then now() end,
            verdict = case when b.id is not null then 'gone' end,
            taken_by = case when b.id is null then i.taken_by end,
            taken_until = case when b.id is null then i.taken_until end
        from review_items o left join bare b on b.id = o.id
        where i.id = o.id and o.answer_id = %(answer)s and o.course_id = %(course)s and o.settled_at is null
            and (b.id is null or o.card_message_id is not null)
        """,
        chosen,
    )
