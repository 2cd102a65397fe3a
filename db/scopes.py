"""The lectures that a question named in its own words, as its answer was made of them."""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import kwargs_row

from db.records import AnswerId, AnswerScope, CourseId, LectureFacts, LectureId, ScopeKind


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


def _named(kind: ScopeKind, number: int, **columns: Any) -> tuple[ScopeKind, int, LectureFacts]:  # noqa: ANN401 - a row
    return kind, number, LectureFacts(**columns)
