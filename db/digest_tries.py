"""What came of buttons under answers in a period, for a digest: further tries, and questions that were asked back."""

from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.digest_figures import Span
from db.records import Again, QuestionId


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedCount:
    """How often the answer to one question was wanted in one other way, under it or under tries at it."""

    again: Again
    question: QuestionId | None  # that was asked in words; None: it was deleted since
    lecture_id: int | None  # which its answer cites first
    title: str | None
    tries: int


async def tries(conn: AsyncConnection, span: Span) -> list[TriedCount]:
    """Count the further tries at answers, by kind and by the question that they go back to, whenever it was asked."""
    async with conn.cursor(row_factory=class_row(TriedCount)) as cur:
        await cur.execute(
            """
            with recursive tried as (
                select q.id, q.again, q.follows from questions q
                where q.course_id = %(course)s and q.asked_at >= %(start)s and q.asked_at < %(end)s
                    and q.again is not null and q.source not in ('dossier', 'eval', 'kept')
            ), back as (
                select id as try, follows from tried
                union
                select b.try, q.follows
                from back b join questions q on q.id = b.follows and q.course_id = %(course)s
                where q.again is not null
            ), rooted as (
                select b.try, q.id as question
                from back b join questions q on q.id = b.follows and q.course_id = %(course)s
                where q.again is null
            )
            select t.again, r.question, cited.lecture_id, cited.title, count(*)::int as tries
            from tried t
            left join rooted r on r.try = t.id
            left join lateral (
                select l.id as lecture_id, l.title
                from answers a
                join answer_references c on c.answer_id = a.id and c.course_id = %(course)s
                join segments s on s.id = c.segment_id
                join lectures l on l.id = s.lecture_id
                where a.question_id = r.question and a.course_id = %(course)s and a.held not in ('waiting', 'rejected')
                order by c.number limit 1
            ) cited on true
            group by 1, 2, 3, 4
            """,
            span.parameters,
        )
        return await cur.fetchall()


async def asked_back(conn: AsyncConnection, span: Span) -> int:
    """How many questions were answered by asking which lecture is meant, or saying that there is no such one."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(distinct q.id)::int
            from questions q
            join answers a on a.question_id = q.id
            join answer_scopes s on s.answer_id = a.id and s.course_id = %(course)s and s.kind <> 'within'
            where q.course_id = %(course)s and q.asked_at >= %(start)s and q.asked_at < %(end)s
                and q.source not in ('dossier', 'eval', 'kept')
            """,
            span.parameters,
        )
        return int(await cur.fetchone() or 0)
