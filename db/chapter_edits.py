"""What staff have said of stretches of lectures, and chapters that were published with a video."""

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import CourseId, LectureId
from db.records.maps import ChapterEdit, PublishedChapter


async def of_lecture(conn: AsyncConnection, *, course: CourseId, lecture: LectureId) -> list[ChapterEdit]:
    """What staff have said of a lecture, in order of time, the lost among it."""
    async with conn.cursor(row_factory=class_row(ChapterEdit)) as cur:
        await cur.execute(
            """
            select id, lecture_id, start_ms, end_ms, fingerprint, title, is_dropped, lost_at
            from chapter_edits where course_id = %(course)s and lecture_id = %(lecture)s order by start_ms, id
            """,
            {"course": course, "lecture": lecture},
        )
        return await cur.fetchall()


async def put(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lecture: LectureId,
    start_ms: int,
    end_ms: int,
    fingerprint: str,
    title: str | None,
    is_dropped: bool,
) -> None:
    """Note what staff say of a stretch, in place of what they have said of any part of it."""
    said = {
        "course": course,
        "lecture": lecture,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "fingerprint": fingerprint,
        "title": title,
        "is_dropped": is_dropped,
    }
    await conn.execute(
        """
        delete from chapter_edits
        where course_id = %(course)s and lecture_id = %(lecture)s and lost_at is null
            and start_ms < %(end_ms)s and end_ms > %(start_ms)s
        """,
        said,
    )
    await conn.execute(
        """
        insert into chapter_edits (course_id, lecture_id, start_ms, end_ms, fingerprint, title, is_dropped)
        values (%(course)s, %(lecture)s, %(start_ms)s, %(end_ms)s, %(fingerprint)s, %(title)s, %(is_dropped)s)
        """,
        said,
    )


async def lose(conn: AsyncConnection, *, course: CourseId, edits: Sequence[int]) -> None:
    """Note of *edits* that other words are said there by now, so that staff are asked."""
    await conn.execute(
        """
        update chapter_edits set lost_at = now(), told_at = null
        where course_id = %(course)s and id = any(%(edits)s) and lost_at is null
        """,
        {"course": course, "edits": list(edits)},
    )


async def move(conn: AsyncConnection, *, course: CourseId, edit: int, start_ms: int, end_ms: int) -> None:
    """Note when the words that an edit is about are said by now."""
    await conn.execute(
        """
        update chapter_edits set start_ms = %(start_ms)s, end_ms = %(end_ms)s, lost_at = null
        where course_id = %(course)s and id = %(edit)s
        """,
        {"course": course, "edit": edit, "start_ms": start_ms, "end_ms": end_ms},
    )


async def forget(conn: AsyncConnection, *, course: CourseId, edit: int) -> None:
    await conn.execute(
        "delete from chapter_edits where course_id = %(course)s and id = %(edit)s", {"course": course, "edit": edit}
    )


async def forget_all(conn: AsyncConnection, *, course: CourseId, lecture: LectureId) -> int:
    """Forget all that staff have said of a lecture, and return how much it was."""
    forgotten = await conn.execute(
        "delete from chapter_edits where course_id = %(course)s and lecture_id = %(lecture)s",
        {"course": course, "lecture": lecture},
    )
    return forgotten.rowcount


async def lost(conn: AsyncConnection, *, course: CourseId, untold: bool = False) -> list[ChapterEdit]:
    """What staff are to be asked about, of a whole course; *untold*: of what they were not asked yet in Discord."""
    async with conn.cursor(row_factory=class_row(ChapterEdit)) as cur:
        await cur.execute(
            """
            select e.id, e.lecture_id, e.start_ms, e.end_ms, e.fingerprint, e.title, e.is_dropped, e.lost_at
            from chapter_edits e join lectures l on l.id = e.lecture_id and l.course_id = %(course)s
            where e.course_id = %(course)s and e.lost_at is not null and l.withdrawn_at is null
                and (not %(untold)s or e.told_at is null)
            order by e.lecture_id, e.start_ms, e.id
            """,
            {"course": course, "untold": untold},
        )
        return await cur.fetchall()


async def tell(conn: AsyncConnection, *, course: CourseId, edits: Sequence[int]) -> int:
    """Note that staff are being asked about *edits*; return of how many nobody had noted it before."""
    told = await conn.execute(
        """
        update chapter_edits set told_at = now()
        where course_id = %(course)s and id = any(%(edits)s) and told_at is null and lost_at is not null
        """,
        {"course": course, "edits": list(edits)},
    )
    return told.rowcount


async def published(conn: AsyncConnection, *, course: CourseId, lecture: LectureId) -> list[PublishedChapter]:
    """The chapters that were published with the video, in order of time."""
    async with conn.cursor(row_factory=class_row(PublishedChapter)) as cur:
        await cur.execute(
            """
            select start_ms, end_ms, title from published_chapters
            where course_id = %(course)s and lecture_id = %(lecture)s order by ordinal
            """,
            {"course": course, "lecture": lecture},
        )
        return await cur.fetchall()


async def publish(
    conn: AsyncConnection, *, course: CourseId, lecture: LectureId, chapters: Sequence[PublishedChapter]
) -> bool:
    """Let *chapters* be those that were published with the video; return whether they are others than before."""
    if await published(conn, course=course, lecture=lecture) == list(chapters):
        return False
    await conn.execute(
        "delete from published_chapters where course_id = %(course)s and lecture_id = %(lecture)s",
        {"course": course, "lecture": lecture},
    )
    await conn.execute(
        """
        insert into published_chapters (course_id, lecture_id, ordinal, start_ms, end_ms, title)
        select %(course)s, %(lecture)s, ordinal, start_ms, end_ms, title
        from unnest(%(starts)s::int[], %(ends)s::int[], %(titles)s::text[])
            with ordinality as given(start_ms, end_ms, title, ordinal)
        """,
        {
            "course": course,
            "lecture": lecture,
            "starts": [one.start_ms for one in chapters],
            "ends": [one.end_ms for one in chapters],
            "titles": [one.title for one in chapters],
        },
    )
    return True
