"""Lectures: what a course has recorded, where the video is, and which version of the captions counts."""

from collections.abc import Sequence
from datetime import date, datetime

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import CourseId, Lecture, LectureFacts, LectureId, Role, TranscriptId


async def upsert(
    conn: AsyncConnection,
    *,
    course: CourseId,
    slug: str,
    title: str,
    language: str,
    video_url: str | None,
    held_on: date | None,
    duration_s: float | None,
    released_at: datetime | None,
    source: str,
) -> Lecture:
    """Create the lecture, or bring what is known about it up to date; a withdrawn one comes back."""
    async with conn.cursor(row_factory=class_row(Lecture)) as cur:
        await cur.execute(
            """
            insert into lectures
                (course_id, slug, title, language, video_url, held_on, duration_s, released_at, source)
            values
                (%(course)s, %(slug)s, %(title)s, %(language)s, %(video_url)s, %(held_on)s, %(duration_s)s,
                 %(released_at)s, %(source)s)
            on conflict (course_id, slug) do update set
                title = excluded.title, language = excluded.language, video_url = excluded.video_url,
                held_on = excluded.held_on, duration_s = excluded.duration_s,
                released_at = excluded.released_at, source = excluded.source, withdrawn_at = null
            returning id, course_id, slug, title, language, video_url, held_on, duration_s, released_at,
                source, transcript_id
            """,
            {
                "course": course,
                "slug": slug,
                "title": title,
                "language": language,
                "video_url": video_url,
                "held_on": held_on,
                "duration_s": duration_s,
                "released_at": released_at,
                "source": source,
            },
        )
        lecture = await cur.fetchone()
    assert lecture is not None  # noqa: S101 - an upsert always returns its row
    return lecture


async def of_course(conn: AsyncConnection, course: CourseId) -> list[Lecture]:
    """The lectures that are not withdrawn, by date and slug."""
    async with conn.cursor(row_factory=class_row(Lecture)) as cur:
        await cur.execute(
            """
            select id, course_id, slug, title, language, video_url, held_on, duration_s, released_at, source,
                transcript_id
            from lectures
            where course_id = %(course)s and withdrawn_at is null
            order by held_on nulls last, slug
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def released(conn: AsyncConnection, course: CourseId) -> list[LectureFacts]:
    """The lectures that a student may know of, by date and slug."""
    async with conn.cursor(row_factory=class_row(LectureFacts)) as cur:
        await cur.execute(
            """
            select id, slug, title, held_on
            from lectures
            where course_id = %(course)s and withdrawn_at is null and transcript_id is not null
                and (released_at is null or released_at <= now())
            order by held_on nulls last, slug
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def visible(conn: AsyncConnection, course: CourseId, *, reader: Role) -> list[Lecture]:
    """The lectures that *reader* may know of and that are taken in, by date and slug: staff see unreleased ones too."""
    async with conn.cursor(row_factory=class_row(Lecture)) as cur:
        await cur.execute(
            """
            select id, course_id, slug, title, language, video_url, held_on, duration_s, released_at, source,
                transcript_id
            from lectures
            where course_id = %(course)s and withdrawn_at is null and transcript_id is not null
                and (%(sees_all)s or released_at is null or released_at <= now())
            order by held_on nulls last, slug
            """,
            {"course": course, "sees_all": reader == "staff"},
        )
        return await cur.fetchall()


async def by_slug(conn: AsyncConnection, *, course: CourseId, slug: str) -> Lecture | None:
    async with conn.cursor(row_factory=class_row(Lecture)) as cur:
        await cur.execute(
            """
            select id, course_id, slug, title, language, video_url, held_on, duration_s, released_at, source,
                transcript_id
            from lectures
            where course_id = %(course)s and slug = %(slug)s and withdrawn_at is null
            """,
            {"course": course, "slug": slug},
        )
        return await cur.fetchone()


async def point_to(conn: AsyncConnection, *, course: CourseId, lecture: LectureId, transcript: TranscriptId) -> None:
    """Make *transcript* the version that counts."""
    await conn.execute(
        "update lectures set transcript_id = %(transcript)s where id = %(lecture)s and course_id = %(course)s",
        {"transcript": transcript, "lecture": lecture, "course": course},
    )


async def withdraw(conn: AsyncConnection, *, course: CourseId, lectures: Sequence[LectureId]) -> int:
    """Mark lectures as gone; their rows stay, because old answers cite them. Return how many there were."""
    cursor = await conn.execute(
        """
        update lectures set withdrawn_at = now(), transcript_id = null
        where course_id = %(course)s and id = any(%(lectures)s) and withdrawn_at is null
        """,
        {"course": course, "lectures": list(lectures)},
    )
    return cursor.rowcount
