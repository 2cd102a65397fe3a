"""What people say of answers: one row for each person and answer."""

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import Annotation, AnswerId, CourseId, Label


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


async def vote(
    conn: AsyncConnection,
    *,
    course: CourseId,
    answer: AnswerId,
    annotator_key: str,
    label: Label,
    reason: str | None,
    comment: str | None,
) -> None:
    """Store a student's vote in place of the one before."""
    await conn.execute(
        """
        insert into annotations (answer_id, course_id, annotator_key, role, label, reason, comment)
        values (%(answer)s, %(course)s, %(annotator_key)s, 'student', %(label)s, %(reason)s, %(comment)s)
        on conflict (answer_id, annotator_key) do update set
            label = excluded.label, reason = excluded.reason, comment = excluded.comment, changed_at = now()
        """,
        {
            "answer": answer,
            "course": course,
            "annotator_key": annotator_key,
            "label": label,
            "reason": reason,
            "comment": comment,
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


async def count(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, label: Label) -> int:
    """How many students give the answer *label*."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*) from annotations
            where answer_id = %(answer)s and course_id = %(course)s and label = %(label)s and role = 'student'
            """,
            {"answer": answer, "course": course, "label": label},
        )
        return int(await cur.fetchone() or 0)
