"""Vectors of segments, in a narrow table of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db import signs
from db.binary import halfvec_rows
from db.records import CourseId, GenerationId, LectureId, SegmentId

Row = tuple[CourseId, LectureId, SegmentId, NDArray[np.float32]]
"""A segment and the vectors of its pieces, shape (pieces, dimension)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unembedded:
    """A segment that is searched but has no vector in some generation."""

    course_id: CourseId
    lecture_id: LectureId
    segment_id: SegmentId
    text: str


async def copy(conn: AsyncConnection, *, generation: GenerationId, rows: Sequence[Row]) -> None:
    """Write the vectors of segments that have none in *generation*, and what finds them."""
    if not rows:
        return
    keys = [(generation, course, lecture, segment) for course, lecture, segment, pieces in rows for _ in pieces]
    numbers = [number for *_, pieces in rows for number in range(len(pieces))]
    vectors = np.concatenate([pieces for *_, pieces in rows])
    async with conn.cursor().copy(
        """
        copy segment_vectors (generation_id, course_id, lecture_id, segment_id, piece, embedding)
        from stdin (format binary)
        """
    ) as writer:
        await writer.write(halfvec_rows(np.array(keys, np.int64), numbers, vectors))
    of_course = itemgetter(0)
    for course, theirs in groupby(sorted(rows, key=of_course), key=of_course):
        written = [(lecture, segment) for _, lecture, segment, _ in theirs]
        await signs.take(
            conn,
            course=course,
            generation=generation,
            lectures=sorted({lecture for lecture, _ in written}),
            segments=[segment for _, segment in written],
        )


async def missing(
    conn: AsyncConnection, *, generation: GenerationId, course: CourseId | None, limit: int
) -> list[Unembedded]:
    """Segments that are searched and have no vector in *generation*, of one course or of all, oldest first."""
    async with conn.cursor(row_factory=class_row(Unembedded)) as cur:
        await cur.execute(
            """
            select t.course_id, t.lecture_id, t.segment_id, s.text
            from segment_terms t join segments s on s.id = t.segment_id
            where (%(course)s::bigint is null or t.course_id = %(course)s)
                and not exists (
                    select from segment_vectors v
                    where v.course_id = t.course_id and v.generation_id = %(generation)s
                        and v.lecture_id = t.lecture_id and v.segment_id = t.segment_id)
            order by t.segment_id limit %(limit)s
            """,
            {"generation": generation, "course": course, "limit": limit},
        )
        return await cur.fetchall()


async def count_missing(conn: AsyncConnection, *, generation: GenerationId | None, course: CourseId | None) -> int:
    """How many segments that are searched have no vector of *generation*; with None all have none."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*) from segment_terms t
            where (%(course)s::bigint is null or t.course_id = %(course)s)
                and not exists (
                    select from segment_vectors v
                    where v.course_id = t.course_id and v.generation_id = %(generation)s
                        and v.lecture_id = t.lecture_id and v.segment_id = t.segment_id)
            """,
            {"generation": generation, "course": course},
        )
        return int(await cur.fetchone() or 0)


async def lock_filling(conn: AsyncConnection, generation: GenerationId) -> None:
    """Be the only one to write missing vectors of *generation* until the transaction ends."""
    await conn.execute(
        "select pg_advisory_xact_lock(hashtext('monitoria.vectors'), %(generation)s::int)", {"generation": generation}
    )


async def still_missing(
    conn: AsyncConnection, *, generation: GenerationId, segments: Sequence[Unembedded]
) -> set[SegmentId]:
    """Those of *segments* that are still searched and still have no vector; a new version may have replaced some."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select t.segment_id
            from unnest(%(courses)s::bigint[], %(lectures)s::bigint[], %(segments)s::bigint[])
                as asked(course_id, lecture_id, segment_id)
            join segment_terms t using (course_id, lecture_id, segment_id)
            where not exists (
                select from segment_vectors v
                where v.course_id = t.course_id and v.generation_id = %(generation)s
                    and v.lecture_id = t.lecture_id and v.segment_id = t.segment_id)
            for key share of t
            """,
            {
                "courses": [segment.course_id for segment in segments],
                "lectures": [segment.lecture_id for segment in segments],
                "segments": [segment.segment_id for segment in segments],
                "generation": generation,
            },
        )
        return set(await cur.fetchall())


async def nearness(
    conn: AsyncConnection,
    *,
    generation: GenerationId,
    course: CourseId,
    lectures: Sequence[LectureId],
    segments: Sequence[SegmentId],
    vector: NDArray[np.float32],
) -> dict[SegmentId, list[float]]:
    """Return the cosine of *vector* with each piece of *segments*, which are of *lectures*, in the pieces' order."""
    async with conn.cursor(binary=True) as cur:
        await cur.execute(
            """
            select segment_id, array_agg(1 - (embedding <=> %(vector)s::halfvec) order by piece)
            from segment_vectors
            where course_id = %(course)s and generation_id = %(generation)s
                and lecture_id = any(%(lectures)s) and segment_id = any(%(segments)s)
            group by segment_id
            """,
            {
                "vector": HalfVector(vector),
                "course": course,
                "generation": generation,
                "lectures": list(lectures),
                "segments": list(segments),
            },
        )
        return dict(await cur.fetchall())


async def of_lecture(
    conn: AsyncConnection, *, generation: GenerationId, course: CourseId, lecture: LectureId
) -> dict[SegmentId, NDArray[np.float32]]:
    """Return the vectors of each segment's pieces, shape (pieces, dimension), in the pieces' order."""
    async with conn.cursor(binary=True) as cur:
        await cur.execute(
            """
            select segment_id, array_agg(embedding::vector::real[] order by piece)
            from segment_vectors
            where course_id = %(course)s and generation_id = %(generation)s and lecture_id = %(lecture)s
            group by segment_id
            """,
            {"course": course, "generation": generation, "lecture": lecture},
        )
        return {SegmentId(id_): np.array(pieces, np.float32) for id_, pieces in await cur.fetchall()}
