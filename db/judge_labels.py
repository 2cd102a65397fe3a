"""What a judge may learn from, and is tested on: answers with the labels of staff."""

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import CourseId
from db.records.learning import LabelledAnswer


async def by_staff(conn: AsyncConnection, course: CourseId) -> list[LabelledAnswer]:
    """The course's own answers that are judged for relevance and that staff have labelled, oldest first."""
    async with conn.cursor(row_factory=class_row(LabelledAnswer)) as cur:
        await cur.execute(
            """
            select a.id as answer_id, coalesce(q.standalone, q.text) as question,
                root_question(q.id, q.course_id) as root, a.text, q.language, said.labels, said.comments, (
                    select v.text from verified_answers v
                    where v.answer_id = a.id and v.course_id = %(course)s and v.retired_at is null
                ) as correction, (
                    select j.score from judgements j
                    where j.answer_id = a.id and j.course_id = %(course)s and j.kind = 'relevance'
                    order by j.id desc limit 1
                ) as score, said.labelled_at
            from answers a
            join questions q on q.id = a.question_id and q.course_id = %(course)s
            join wanted_judgements w on w.answer_id = a.id and w.course_id = %(course)s and w.kind = 'relevance'
            join lateral (
                select array_agg(n.label order by n.changed_at, n.id) as labels,
                    array_agg(coalesce(n.comment, '') order by n.changed_at, n.id) as comments,
                    min(n.created_at) as labelled_at
                from annotations n where n.answer_id = a.id and n.course_id = %(course)s and n.role = 'staff'
            ) said on said.labels is not null
            where a.course_id = %(course)s
            order by a.id
            """,
            {"course": course},
        )
        return await cur.fetchall()
