"""Lectures put off after answers have cited them: students see nothing of either until they are there again."""

from psycopg import AsyncConnection

from db.records import CourseId, LectureId


async def changed(conn: AsyncConnection) -> list[tuple[CourseId, LectureId]]:
    """The lectures that were put off, or opened, since this was asked last; of all courses."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            update lectures set is_put_off = not is_put_off
            where is_put_off <> coalesce(released_at > now(), false) returning course_id, id
            """
        )
        return [(CourseId(course), LectureId(lecture)) for course, lecture in await cur.fetchall()]


async def outdate(conn: AsyncConnection, *, course: CourseId, lecture: LectureId) -> None:
    """Let every place be edited where an answer stands that cites, or names, a lecture."""
    # The answers first, in their order, as everybody locks.
    await conn.execute(
        """
        with words as (
            select distinct r.verified_id from verified_references r
            join segments s on s.id = r.segment_id and s.course_id = %(course)s and s.lecture_id = %(lecture)s
            where r.course_id = %(course)s
        ), citing as (
            select r.answer_id from answer_references r
            join segments s on s.id = r.segment_id and s.course_id = %(course)s and s.lecture_id = %(lecture)s
            where r.course_id = %(course)s
            union
            select answer_id from answer_scopes where lecture_id = %(lecture)s and course_id = %(course)s
            union
            select v.answer_id from verified_answers v join words w on w.verified_id = v.id
            where v.course_id = %(course)s
            union
            select u.answer_id from verified_uses u join words w using (verified_id)
            where u.course_id = %(course)s and u.way = 'shown'
        ), locked as (
            select id, question_id from answers
            where course_id = %(course)s and id in (select answer_id from citing) order by id for no key update
        )
        update showings s set wanted = s.wanted + 1, failures = 0,
            claimed_until = case when s.failures > 0 then '-infinity' else s.claimed_until end
        from locked a where s.question_id = a.question_id and s.course_id = %(course)s and s.kind <> 'notice'
        """,
        {"course": course, "lecture": lecture},
    )
