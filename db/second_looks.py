"""Which labelled answers a second member of staff is shown, who is not told the first label."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

from db.records import AnswerId, CourseId, ItemId

REASON = "second_look"
"""For which their cards are there."""

At = tuple[CourseId, AnswerId]


async def lock(conn: AsyncConnection, course: CourseId) -> None:
    """Be alone with the course's second looks until the transaction ends; before the lock of an answer."""
    await conn.execute(
        "select pg_advisory_xact_lock(hashtext('monitoria.second_looks'), %(course)s::int)", {"course": course}
    )


async def may_be_drawn(
    conn: AsyncConnection, *, course: CourseId, answer: AnswerId, item: ItemId, annotator_key: str, lately: timedelta
) -> bool:
    """
    Tell whether staff other than *annotator_key* have labelled *lately*, and none of them this answer.

    Nor may a card other than *item* have told a label of it: everybody on staff could read it there.
    """
    found = await conn.execute(
        """
        select where exists (
            select from annotations o
            where o.course_id = %(course)s and o.role = 'staff' and o.changed_at > now() - %(lately)s
                and o.annotator_key not in (%(annotator_key)s, 'dossier')
        ) and not exists (
            select from annotations o
            where o.answer_id = %(answer)s and o.course_id = %(course)s and o.role = 'staff'
                and o.annotator_key <> %(annotator_key)s
        ) and not exists (
            select from review_items i
            where i.answer_id = %(answer)s and i.course_id = %(course)s and i.id <> %(item)s
                and i.verdict in ('C', 'P', 'I')
        )
        """,
        {"course": course, "answer": answer, "item": item, "annotator_key": annotator_key, "lately": lately},
    )
    return found.rowcount > 0


async def draw(
    conn: AsyncConnection, *, course: CourseId, answer: AnswerId, probability: float, is_drawn: bool
) -> bool:
    """Keep that the answer was drawn, or was not; return False where that was decided before."""
    drawn = await conn.execute(
        """
        insert into second_looks (answer_id, course_id, probability, is_drawn)
        values (%(answer)s, %(course)s, %(probability)s, %(is_drawn)s) on conflict do nothing
        """,
        {"course": course, "answer": answer, "probability": probability, "is_drawn": is_drawn},
    )
    return drawn.rowcount > 0


async def due(
    conn: AsyncConnection, *, answer: AnswerId | None, rest: timedelta, lately: timedelta, most_a_day: int
) -> list[At]:
    """
    Answers whose card is to be opened now, or the one *answer* if it is among them.

    They were drawn *rest* ago, no card of theirs is open, somebody who has not labelled them has labelled others
    *lately*, and their course has had fewer than *most_a_day* cards in 24 hours.
    """
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select l.course_id, l.answer_id from second_looks l
            where l.is_drawn and l.ended_at is null and l.opened_at is null and l.drawn_at <= now() - %(rest)s
                and (%(answer)s::bigint is null or l.answer_id = %(answer)s)
                and not exists (
                    select from review_items i
                    where i.answer_id = l.answer_id and i.course_id = l.course_id and i.settled_at is null
                )
                and exists (
                    select from annotations o
                    where o.course_id = l.course_id and o.role = 'staff' and o.changed_at > now() - %(lately)s
                        and o.annotator_key <> 'dossier' and not exists (
                            select from annotations n
                            where n.answer_id = l.answer_id and n.course_id = l.course_id
                                and n.annotator_key = o.annotator_key and n.role = 'staff'
                        )
                )
                and %(most)s > (
                    select count(*) from second_looks t
                    where t.course_id = l.course_id and t.opened_at > now() - interval '1 day'
                )
            order by l.drawn_at, l.answer_id
            """,
            {"answer": answer, "rest": rest, "lately": lately, "most": most_a_day},
        )
        return [(CourseId(course), AnswerId(found)) for course, found in await cur.fetchall()]


async def opened(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, item: ItemId) -> None:
    await conn.execute(
        """
        update second_looks set item_id = %(item)s, opened_at = now()
        where answer_id = %(answer)s and course_id = %(course)s
        """,
        {"course": course, "answer": answer, "item": item},
    )


async def over(conn: AsyncConnection, *, answer: AnswerId | None, lapse: timedelta) -> list[At]:
    """
    Second looks that nobody needs any more, or that of *answer* if it is among them.

    Nobody came for *lapse*, the card was settled in another way, the answer shows words of staff or is held, not
    exactly one of staff has labelled it, or the course wants none any more and its card is not open yet.
    """
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select l.course_id, l.answer_id
            from second_looks l
            join answers a on a.id = l.answer_id and a.course_id = l.course_id
            left join review_items i on i.id = l.item_id and i.course_id = l.course_id
            where l.is_drawn and l.ended_at is null and (%(answer)s::bigint is null or l.answer_id = %(answer)s) and (
                (coalesce(l.opened_at, l.drawn_at) <= now() - %(lapse)s and coalesce(i.taken_until <= now(), true))
                or (l.opened_at is not null and (i.id is null or i.settled_at is not null))
                or a.held <> 'no'
                or (l.opened_at is null and 0 = (
                    select second_share from judge_settings where course_id = l.course_id order by version desc limit 1
                ))
                or exists (
                    select from verified_answers v where v.answer_id = l.answer_id and v.course_id = l.course_id
                )
                or 1 <> (
                    select count(*) from annotations n
                    where n.answer_id = l.answer_id and n.course_id = l.course_id and n.role = 'staff'
                )
            )
            order by l.answer_id
            """,
            {"answer": answer, "lapse": lapse},
        )
        return [(CourseId(course), AnswerId(found)) for course, found in await cur.fetchall()]


async def end(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, is_labelled: bool) -> bool:
    """
    End the answer's second look, with a label or without; return False where there was none to end.

    A label on what was an ordinary card in between was not given blind, and is none of a second look.
    """
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            update second_looks set ended_at = now(),
                outcome = case when %(is_labelled)s and mixed_at is null then 'labelled' else 'withdrawn' end
            where answer_id = %(answer)s and course_id = %(course)s and is_drawn and ended_at is null
            """,
            {"course": course, "answer": answer, "is_labelled": is_labelled},
        )
        return cur.rowcount > 0


async def mix(conn: AsyncConnection, *, course: CourseId, item: ItemId) -> None:
    """Keep that the card of an open second look was an ordinary one: what is said of it later is not said blind."""
    await conn.execute(
        """
        update second_looks set mixed_at = now()
        where item_id = %(item)s and course_id = %(course)s and ended_at is null and mixed_at is null
        """,
        {"course": course, "item": item},
    )


async def part(conn: AsyncConnection, *, course: CourseId, answers: Sequence[AnswerId]) -> None:
    """Keep of second looks that were labelled that they are none any more, where fewer than two labels are left."""
    await conn.execute(
        """
        update second_looks l set outcome = 'withdrawn'
        where l.course_id = %(course)s and l.answer_id = any(%(answers)s) and l.outcome = 'labelled' and 2 > (
            select count(*) from annotations n
            where n.answer_id = l.answer_id and n.course_id = %(course)s and n.role = 'staff'
        )
        """,
        {"course": course, "answers": list(answers)},
    )


async def awaited(conn: AsyncConnection, course: CourseId) -> int:
    """How many answers have a label of staff that is not told, for somebody else is to give one blind."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*) from second_looks l
            where l.course_id = %(course)s and l.is_drawn and l.ended_at is null and exists (
                select from annotations n
                where n.answer_id = l.answer_id and n.course_id = %(course)s and n.role = 'staff'
            )
            """,
            {"course": course},
        )
        return int(await cur.fetchone() or 0)
