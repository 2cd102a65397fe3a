"""
The first stage of the search by meaning: three bits for each number of a piece's vector.

Where the number stands about its language's mean is told by three thresholds, in units of the usual distance from it:
x > -0.6, x > 0 and x > 0.6. How many bits of two vectors differ (their Hamming distance) then orders segments nearly as
the cosine does, at a tenth of the reading; one bit alone would need three times as many segments compared in full
afterwards. docs/adr/0016-signs-first.md has the figures.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pgvector import Bit
from psycopg import AsyncConnection
from psycopg.rows import scalar_row

from db.records import CourseId, GenerationId, LectureId, SegmentId

FAR = 0.6
"""How far from the mean the outer thresholds lie. Between .6 and .8 it makes no difference that counts."""

UNALIKE = 1.296
"""
How many bits a dimension differ, of vectors that have nothing to do with each other: 2p(1 - p) for each threshold,
which a normally distributed number is above with the probability p = .726, .5 and .274.
"""

MOVED = 0.05
"""How far a mean may move, in vectors of length 1, before bits are taken anew: a tenth of the least usual distance."""

LEAST_COMPARED, MOST_COMPARED, ONE_COMPARED_IN = 2, 8, 60
"""
How many segments are compared in full: two for each that a leg finds, and one more for 60 segments of the course, but
no more than eight for each that a leg finds.
"""

TAKEN = """
insert into segment_signs
    (generation_id, course_id, lecture_id, segment_id, part, signs_1, signs_2, signs_3, signs_4)
with about as materialized (
    select l.id as lecture_id, (centre - step)::halfvec as low, centre::halfvec as middle,
        (centre + step)::halfvec as high
    from lectures l
    join generations g on g.id = %(generation)s
    left join language_means m on m.course_id = %(course)s and m.generation_id = %(generation)s
        and m.language = split_part(lower(replace(l.language, '_', '-')), '-', 1)
    cross join lateral (
        select coalesce(m.signed_about, array_fill(0::real, array[g.dimension])::vector) as centre
    ) centres
    cross join lateral (
        select array_fill((%(far)s * sqrt(greatest(0, 1 + (centre <#> centre)) / g.dimension))::real,
            array[g.dimension])::vector as step
    ) steps
    where l.course_id = %(course)s and l.id = any(%(lectures)s)
)
select %(generation)s, %(course)s, lecture_id, segment_id, piece / 4,
    (array_agg(signs) filter (where piece %% 4 = 0))[1], (array_agg(signs) filter (where piece %% 4 = 1))[1],
    (array_agg(signs) filter (where piece %% 4 = 2))[1], (array_agg(signs) filter (where piece %% 4 = 3))[1]
from (
    select v.lecture_id, v.segment_id, v.piece,
        binary_quantize(v.embedding - a.low) || binary_quantize(v.embedding - a.middle)
            || binary_quantize(v.embedding - a.high) as signs
    from about a join segment_vectors v on v.lecture_id = a.lecture_id
        and v.course_id = %(course)s and v.generation_id = %(generation)s
    where %(segments)s::bigint[] is null or v.segment_id = any(%(segments)s)
) pieces
group by lecture_id, segment_id, piece / 4
order by lecture_id, segment_id, piece / 4
"""


def of_question(towards: NDArray[np.float32]) -> Bit:
    """Return the bits of a question's vector, without its language's mean; shape (dimension,), any length."""
    far = FAR * float(np.linalg.norm(towards)) / len(towards) ** 0.5
    return Bit(np.concatenate([towards > -far, towards > 0, towards > far]))


async def take(
    conn: AsyncConnection,
    *,
    course: CourseId,
    generation: GenerationId,
    lectures: Sequence[LectureId],
    segments: Sequence[SegmentId],
) -> None:
    """Take the bits of *segments*, whose vectors have just been written and which have none yet."""
    chosen = {"course": course, "generation": generation}
    # Who moves the mean waits until these bits are there to be taken anew.
    await conn.execute(
        """
        select from language_means where course_id = %(course)s and generation_id = %(generation)s
        order by language for share
        """,
        chosen,
    )
    await conn.execute(TAKEN, {**chosen, "far": FAR, "lectures": list(lectures), "segments": list(segments)})


async def refresh(conn: AsyncConnection, *, course: CourseId, generation: GenerationId) -> None:
    """Take all bits of a language anew where its mean is no longer where they were taken about."""
    chosen = {"course": course, "generation": generation}
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            update language_means set signed_about = mean
            where course_id = %(course)s and generation_id = %(generation)s
                and (signed_about is null or mean <-> signed_about > %(moved)s)
            returning language
            """,
            {**chosen, "moved": MOVED},
        )
        moved = await cur.fetchall()
        if not moved:
            return
        await cur.execute(
            """
            select id from lectures where course_id = %(course)s
                and split_part(lower(replace(language, '_', '-')), '-', 1) = any(%(languages)s)
            order by id
            """,
            {"course": course, "languages": moved},
        )
        lectures = await cur.fetchall()
    await conn.execute(
        """
        delete from segment_signs
        where course_id = %(course)s and generation_id = %(generation)s and lecture_id = any(%(lectures)s)
        """,
        {**chosen, "lectures": lectures},
    )
    await conn.execute(TAKEN, {**chosen, "far": FAR, "lectures": lectures, "segments": None})
