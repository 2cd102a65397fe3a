"""Passages that are spread evenly over lectures: what a lecture is about, where nobody has made its map."""

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import kwargs_row

from db.answers import hit
from db.records import CourseId, Hit, LectureId


async def spread(conn: AsyncConnection, *, course: CourseId, lectures: Sequence[LectureId], each: int) -> list[Hit]:
    """
    Return at most *each* passages of every released one of *lectures*, by date, slug and time; the first is among them.

    Their rank is that order; they have no score, for nobody has compared them with anything.
    """
    async with conn.cursor(binary=True, row_factory=kwargs_row(hit)) as cur:
        await cur.execute(
            """
            select (row_number() over (order by p.held_on nulls last, p.lecture, p.start_s))::int as rank,
                p.segment_id, p.lecture_id, p.lecture, p.title, p.language, p.video_url, p.duration_s, p.start_s,
                p.end_s, null::float8 as score, p.text, p.cue_offsets, p.cue_starts_s
            from (
                select s.id as segment_id, s.lecture_id, l.slug as lecture, l.title, l.held_on,
                    split_part(lower(replace(l.language, '_', '-')), '-', 1) as language, l.video_url, l.duration_s,
                    s.start_s, s.end_s, s.text, s.cue_offsets, s.cue_starts_s,
                    row_number() over (partition by s.lecture_id order by s.start_s, s.id) - 1 as place,
                    count(*) over (partition by s.lecture_id) as of_all
                from segments s
                join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
                    and l.transcript_id = s.transcript_id
                where s.course_id = %(course)s and s.lecture_id = any(%(lectures)s) and l.withdrawn_at is null
                    and (l.released_at is null or l.released_at <= now())
            ) p
            where p.place = 0 or (p.place * %(each)s) / p.of_all <> ((p.place - 1) * %(each)s) / p.of_all
            order by rank
            """,
            {"course": course, "lectures": list(lectures), "each": each},
        )
        return await cur.fetchall()
