"""What people say of answers: one row for each person and answer."""

from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import Annotation, AnswerId, CourseId, Label, Role


async def of_person(
    conn: AsyncConnection, *, course: CourseId, answer: AnswerId, annotator_key: str
) -> Annotation | None:
    async with conn.cursor(row_factory=class_row(Annotation)) as cur:
        await cur.execute(
            """
            select answer_id, role, label, reason, comment from annotations
            where answer_id = %(answer)s and course_id = %(course)s and annotator_key = %(annotator_key)s
            """,
            {"answer": answer, "course": course, "annotator_key": annotator_key},
        )
        return await cur.fetchone()


async def put(
    conn: AsyncConnection,
    *,
    course: CourseId,
    answer: AnswerId,
    annotator_key: str,
    role: Role,
    label: Label,
    reason: str | None = None,
    comment: str | None = None,
    judge_visible: bool = False,
) -> None:
    """
    Store what a person says in place of what they said before; who has spoken as staff goes on as staff.

    *judge_visible*: they had seen the judge's score. Once seen, it stays seen.
    """
    await conn.execute(
        """
        insert into annotations as a
            (answer_id, course_id, annotator_key, role, label, reason, comment, judge_visible)
        values (%(answer)s, %(course)s, %(annotator_key)s, %(role)s, %(label)s, %(reason)s, %(comment)s,
            %(judge_visible)s)
        on conflict (answer_id, annotator_key) do update set
            role = case when a.role = 'staff' then 'staff' else excluded.role end, label = excluded.label,
            reason = excluded.reason, comment = excluded.comment,
            judge_visible = a.judge_visible or excluded.judge_visible, changed_at = now()
        """,
        {
            "answer": answer,
            "course": course,
            "annotator_key": annotator_key,
            "role": role,
            "label": label,
            "reason": reason,
            "comment": comment,
            "judge_visible": judge_visible,
        },
    )


async def delete(
    conn: AsyncConnection, *, course: CourseId, answer: AnswerId, annotator_key: str, label: Label
) -> bool:
    """Withdraw the person's *label*; return False where they have not given it."""
    deleted = await conn.execute(
        """
        delete from annotations
        where answer_id = %(answer)s and course_id = %(course)s and annotator_key = %(annotator_key)s
            and label = %(label)s and role = 'student'
        """,
        {"answer": answer, "course": course, "annotator_key": annotator_key, "label": label},
    )
    return deleted.rowcount > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """How many students have given an answer each thumb since staff last settled it, beside the judge's last score."""

    up: int
    down: int
    score: int | None  # 0 to 3


async def votes(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> Votes:
    async with conn.cursor(row_factory=class_row(Votes)) as cur:
        await cur.execute(
            """
            select count(*) filter (where label = 'C')::int as up, count(*) filter (where label = 'I')::int as down,
                (select score from judgements
                where answer_id = %(answer)s and course_id = %(course)s and kind = 'relevance'
                order by id desc limit 1) as score
            from annotations where answer_id = %(answer)s and course_id = %(course)s and role = 'student'
                and changed_at > coalesce((
                    select max(settled_at) from review_items
                    where answer_id = %(answer)s and course_id = %(course)s
                        and verdict <> 'gone'  -- nobody of staff has seen to it
                        and id not in (select item_id from second_look_items where course_id = %(course)s)
                ), '-infinity')
            """,
            {"answer": answer, "course": course},
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - aggregates always return their row
    return found
