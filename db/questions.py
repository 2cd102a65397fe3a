"""Questions, as they were asked."""

from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import CourseId, LectureId, QuestionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What is known of a question that was received before."""

    id: QuestionId
    text: str
    age_s: float  # by the database's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question of a conversation, as it was understood, and what was answered."""

    question: str
    answer: str


async def insert(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lecture: LectureId | None,
    text: str,
    language: str,
    follows: QuestionId | None,
    source: str,
    source_id: str | None,
    asker_key: str | None,
) -> QuestionId | None:
    """
    Store a question, or return None if *source* has delivered *source_id* before.

    *follows* is forgotten where it is not a question of *course*.
    """
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into questions (course_id, lecture_id, text, language, follows, source, source_id, asker_key)
            values (
                %(course)s, %(lecture)s, %(text)s, %(language)s,
                (select id from questions where id = %(follows)s and course_id = %(course)s),
                %(source)s, %(source_id)s, %(asker_key)s
            )
            on conflict (source, source_id) do nothing
            returning id
            """,
            {
                "course": course,
                "lecture": lecture,
                "text": text,
                "language": language,
                "follows": follows,
                "source": source,
                "source_id": source_id,
                "asker_key": asker_key,
            },
        )
        return await cur.fetchone()


async def by_source(conn: AsyncConnection, *, course: CourseId, source: str, source_id: str) -> Received | None:
    async with conn.cursor(row_factory=class_row(Received)) as cur:
        await cur.execute(
            """
            select id, text, extract(epoch from now() - asked_at)::float8 as age_s
            from questions
            where course_id = %(course)s and source = %(source)s and source_id = %(source_id)s
            """,
            {"course": course, "source": source, "source_id": source_id},
        )
        return await cur.fetchone()


async def understood_as(conn: AsyncConnection, *, course: CourseId, question: QuestionId, standalone: str) -> None:
    """Keep how a follow-up was rewritten."""
    await conn.execute(
        "update questions set standalone = %(standalone)s where id = %(question)s and course_id = %(course)s",
        {"standalone": standalone, "question": question, "course": course},
    )


async def conversation(conn: AsyncConnection, *, course: CourseId, last: QuestionId, most: int) -> list[Exchange]:
    """The exchanges that end with the question *last*, at most *most*, the oldest first."""
    async with conn.cursor(row_factory=class_row(Exchange)) as cur:
        await cur.execute(
            """
            with recursive earlier as (
                select id, follows, 1 as depth from questions where id = %(last)s and course_id = %(course)s
                union all
                select q.id, q.follows, e.depth + 1
                from earlier e join questions q on q.id = e.follows and q.course_id = %(course)s
                where e.depth < %(most)s
            )
            select coalesce(q.standalone, q.text) as question, coalesce(a.text, '') as answer
            from earlier e
            join questions q on q.id = e.id
            left join answers a on a.question_id = e.id
            order by e.depth desc
            """,
            {"course": course, "last": last, "most": most},
        )
        return await cur.fetchall()
