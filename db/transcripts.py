"""Versions of a lecture's captions, the segments cut from them, and the terms of each segment."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.binary import sparse_rows
from db.records import CourseId, Cue, LectureId, SegmentId, TranscriptId

TERM_SPACE = 536_870_912
"""The dimension of `segment_terms.weights`, as migration 0001 declares it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSegment:
    """A segment on its way into the database."""

    start_s: float
    end_s: float
    text: str
    cue_offsets: tuple[int, ...]
    cue_starts_s: tuple[float, ...]
    terms: dict[int, float]  # the document's side of BM25, by term


async def current_fingerprint(conn: AsyncConnection, *, course: CourseId, slug: str) -> str | None:
    """The fingerprint of the version that counts, or None where there is none."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select t.fingerprint
            from lectures l join transcripts t on t.id = l.transcript_id
            where l.course_id = %(course)s and l.slug = %(slug)s and l.withdrawn_at is null
            """,
            {"course": course, "slug": slug},
        )
        return await cur.fetchone()


async def store(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lecture: LectureId,
    fingerprint: str,
    format: str,  # noqa: A002 - the column's name
    cues: Sequence[Cue],
    segments: Sequence[NewSegment],
) -> tuple[TranscriptId, list[SegmentId]]:
    """Store the lecture's next version with all that is searched by words; return its id and its segments' ids."""
    transcript = await insert(conn, course=course, lecture=lecture, fingerprint=fingerprint, format=format, cues=cues)
    ids = await reserve_segment_ids(conn, len(segments))
    await copy_segments(conn, course=course, lecture=lecture, transcript=transcript, ids=ids, segments=segments)
    await copy_terms(conn, course=course, lecture=lecture, ids=ids, segments=segments)
    counts = Counter(term for segment in segments for term in segment.terms)
    await insert_term_counts(conn, course=course, transcript=transcript, segments=len(ids), counts=counts)
    return transcript, ids


async def insert(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lecture: LectureId,
    fingerprint: str,
    format: str,  # noqa: A002 - the column's name
    cues: Sequence[Cue],
) -> TranscriptId:
    """Store the lecture's next version."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into transcripts
                (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s, cue_texts)
            select %(course)s, %(lecture)s, coalesce(max(version), 0) + 1, %(fingerprint)s, %(format)s,
                %(starts)s, %(ends)s, %(texts)s
            from transcripts where lecture_id = %(lecture)s and course_id = %(course)s
            returning id
            """,
            {
                "course": course,
                "lecture": lecture,
                "fingerprint": fingerprint,
                "format": format,
                "starts": [cue.start_s for cue in cues],
                "ends": [cue.end_s for cue in cues],
                "texts": [cue.text for cue in cues],
            },
        )
        return TranscriptId(int(await cur.fetchone() or 0))


async def reserve_segment_ids(conn: AsyncConnection, count: int) -> list[SegmentId]:
    """Take *count* ids in ascending order, so that rows that name a segment can be written without a round trip."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select nextval(pg_get_serial_sequence('segments', 'id')) from generate_series(1, %(count)s)
            """,
            {"count": count},
        )
        # A select without an order may return its rows in any.
        return sorted(SegmentId(id_) for id_ in await cur.fetchall())


async def copy_segments(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lecture: LectureId,
    transcript: TranscriptId,
    ids: Sequence[SegmentId],
    segments: Sequence[NewSegment],
) -> None:
    """Write the segments' texts."""
    async with conn.cursor().copy(
        """
        copy segments
            (id, course_id, lecture_id, transcript_id, position, start_s, end_s, text, cue_offsets, cue_starts_s)
        from stdin (format binary)
        """
    ) as copy:
        # A binary COPY converts nothing: what is sent must have the columns' own types.
        copy.set_types(["int8", "int8", "int8", "int8", "int4", "float8", "float8", "text", "int4[]", "float8[]"])
        for position, (id_, segment) in enumerate(zip(ids, segments, strict=True)):
            await copy.write_row(
                (
                    id_, course, lecture, transcript, position, segment.start_s, segment.end_s, segment.text,
                    list(segment.cue_offsets), list(segment.cue_starts_s),
                )
            )  # fmt: skip


async def copy_terms(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lecture: LectureId,
    ids: Sequence[SegmentId],
    segments: Sequence[NewSegment],
) -> None:
    """Write the segments' term weights."""
    async with conn.cursor().copy(
        "copy segment_terms (course_id, lecture_id, segment_id, weights) from stdin (format binary)"
    ) as copy:
        rows = ((course, lecture, id_, segment.terms) for id_, segment in zip(ids, segments, strict=True))
        await copy.write(sparse_rows(rows, TERM_SPACE))


async def insert_term_counts(
    conn: AsyncConnection, *, course: CourseId, transcript: TranscriptId, segments: int, counts: Mapping[int, int]
) -> None:
    """Keep in how many of the transcript's *segments* each term occurs."""
    await conn.execute(
        """
        insert into transcript_terms (transcript_id, course_id, segments, terms, counts)
        values (%(transcript)s, %(course)s, %(segments)s, %(terms)s::int[], %(counts)s::int[])
        """,
        {
            "transcript": transcript,
            "course": course,
            "segments": segments,
            "terms": _array(counts),
            "counts": _array(counts.values()),
        },
    )


def _array(numbers: Iterable[int]) -> str:
    # Thousands of numbers: ten times faster than psycopg's own dump of a list.
    return "{" + ",".join(map(str, numbers)) + "}"


async def cue_ends_s(conn: AsyncConnection, *, course: CourseId, transcript: TranscriptId) -> dict[float, float]:
    """Return when the cues of a version end, by when they begin."""
    async with conn.cursor(binary=True) as cur:
        await cur.execute(
            "select cue_starts_s, cue_ends_s from transcripts where id = %(transcript)s and course_id = %(course)s",
            {"course": course, "transcript": transcript},
        )
        found = await cur.fetchone()
    return dict(zip(*found, strict=True)) if found else {}


async def unindex(conn: AsyncConnection, *, course: CourseId, lectures: Iterable[LectureId]) -> None:
    """Take lectures out of both search indexes; their texts stay."""
    chosen = {"course": course, "lectures": list(lectures)}
    await conn.execute(
        "delete from segment_terms where course_id = %(course)s and lecture_id = any(%(lectures)s)", chosen
    )
    await conn.execute(
        "delete from segment_signs where course_id = %(course)s and lecture_id = any(%(lectures)s)", chosen
    )
    await conn.execute(
        "delete from segment_vectors where course_id = %(course)s and lecture_id = any(%(lectures)s)", chosen
    )
    await conn.execute(
        """
        delete from transcript_terms where course_id = %(course)s and transcript_id in
            (select id from transcripts where course_id = %(course)s and lecture_id = any(%(lectures)s))
        """,
        chosen,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSize:
    """How much of a course is searched."""

    lectures: int
    segments: int


async def size(conn: AsyncConnection, course: CourseId) -> CourseSize:
    async with conn.cursor(row_factory=class_row(CourseSize)) as cur:
        await cur.execute(
            """
            select count(*)::int as lectures, coalesce(sum(segments), 0)::int as segments
            from transcript_terms where course_id = %(course)s
            """,
            {"course": course},
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - an aggregate always returns its row
    return found
