"""The lectures that a question named in its own words, as its answer was made of them."""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, kwargs_row

from db.records import AnswerId, AnswerScope, CourseId, LectureFacts, LectureId, QuestionId, ScopeKind


async def insert(
    conn: AsyncConnection, *, answer: AnswerId, course: CourseId, kind: ScopeKind, lectures: Sequence[LectureId]
) -> None:
    await conn.execute(
        """
        insert into answer_scopes (answer_id, course_id, number, kind, lecture_id)
        select %(answer)s, %(course)s, named.number, %(kind)s, named.id
        from unnest(%(lectures)s::bigint[]) with ordinality as named(id, number)
        """,
        {"answer": answer, "course": course, "kind": kind, "lectures": list(lectures)},
    )


async def of_answer(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> AnswerScope | None:
    """Return which lectures the question of *answer* named, as far as students may know of them now."""
    async with conn.cursor(row_factory=kwargs_row(_named)) as cur:
        await cur.execute(
            """
            select s.kind, s.number, l.id, l.slug, l.title, l.held_on
            from answer_scopes s join lectures l on l.id = s.lecture_id and l.course_id = s.course_id
            where s.answer_id = %(answer)s and s.course_id = %(course)s
                and l.withdrawn_at is null and (l.released_at is null or l.released_at <= now())
            order by s.number
            """,
            {"answer": answer, "course": course},
        )
        named = await cur.fetchall()
    if not named:
        return None
    kinds, numbers, lectures = zip(*named, strict=True)
    return AnswerScope(kind=kinds[0], lectures=lectures, numbers=numbers)


async def of_question(conn: AsyncConnection, *, course: CourseId, question: QuestionId) -> tuple[LectureFacts, ...]:
    """Return the lectures that *question* was narrowed to, chosen or named, as far as students may know of them now."""
    async with conn.cursor(row_factory=class_row(LectureFacts)) as cur:
        await cur.execute(
            """
            select l.id, l.slug, l.title, l.held_on
            from lectures l
            where l.course_id = %(course)s and l.withdrawn_at is null and l.transcript_id is not null
                and (l.released_at is null or l.released_at <= now())
                and (
                    l.id = (select lecture_id from questions where id = %(question)s and course_id = %(course)s)
                    or l.id in (
                        select s.lecture_id from answer_scopes s join answers a on a.id = s.answer_id
                        where a.question_id = %(question)s and a.course_id = %(course)s
                            and s.course_id = %(course)s and s.kind = 'within'
                    )
                )
            order by l.held_on nulls last, l.slug
            """,
            {"course": course, "question": question},
        )
        return tuple(await cur.fetchall())


def _named(kind: ScopeKind, number: int, **columns: Any) -> tuple[ScopeKind, int, LectureFacts]:  # noqa: ANN401 - a row
    return kind, number, LectureFacts(**columns)
