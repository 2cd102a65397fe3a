"""The one statement that finds the segments nearest to a question, by meaning and by words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import AsyncConnection
from psycopg.rows import kwargs_row

from db.records import CourseId, GenerationId, Hit, LectureId

RANK_CONSTANT = 10
"""The k of reciprocal rank fusion, 1 / (k + rank). Chosen on data, docs/retrieval.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """The dense leg of a search: which vectors to compare, with what, and how much the leg counts."""

    generation: GenerationId
    vector: NDArray[np.float32]  # (dimension,)
    weight: float  # beside 1 for the lexical leg


NEAREST = """
with asked as materialized (
    select a.term, a.weight * ln(1 + (n.segments - f.segments + 0.5) / (f.segments + 0.5)) as weight
    from unnest(%(terms)s::int[], %(weights)s::float8[]) as a(term, weight)
    left join course_terms c on c.course_id = %(course)s and c.term = a.term
    cross join lateral (select coalesce(c.segments, 1)) as f(segments)
    cross join (
        select greatest(max(segments), 1) from course_lexicons where course_id = %(course)s
    ) as n(segments)
),
question as materialized (
    select ('{' || coalesce(string_agg(term + 1 || ':' || weight, ',' order by term), '')
        || '}/536870912')::sparsevec as terms
    from asked where weight > 0
),
closed as materialized (
    select coalesce(array_agg(id), '{}') as ids
    from lectures where course_id = %(course)s and released_at > now()
),
dense as materialized (
    select segment_id, lecture_id, min(distance) as distance
    from (
        select segment_id, lecture_id, embedding <#> %(vector)s::halfvec as distance
        from segment_vectors
        where %(generation)s::bigint is not null
            and course_id = %(course)s and generation_id = %(generation)s
            and (%(lecture)s::bigint is null or lecture_id = %(lecture)s)
            and lecture_id <> all((select ids from closed)::bigint[])
        order by distance limit 4 * %(reach)s
    ) pieces
    group by segment_id, lecture_id
    order by distance, segment_id limit %(reach)s
),
lexical as materialized (
    select segment_id, lecture_id, weights <#> (select terms from question) as distance
    from segment_terms
    where exists (select from asked)
        and course_id = %(course)s
        and (%(lecture)s::bigint is null or lecture_id = %(lecture)s)
        and lecture_id <> all((select ids from closed)::bigint[])
    order by distance limit %(reach)s
),
fused as materialized (
    select segment_id, lecture_id, sum(share) as share
    from (
        select segment_id, lecture_id,
            %(dense_weight)s::float8 / (%(rank_constant)s + rank() over (order by distance)) as share
        from dense
        union all
        select segment_id, lecture_id, 1.0 / (%(rank_constant)s + rank() over (order by distance))
        from lexical where distance < 0
    ) legs
    group by segment_id, lecture_id
    order by share desc, segment_id limit %(limit)s
)
select (row_number() over (order by f.share desc, f.segment_id))::int as rank,
    s.id as segment_id, s.lecture_id, l.slug as lecture, l.title, l.language, l.video_url, l.duration_s,
    s.start_s, s.end_s, s.text, s.cue_offsets, s.cue_starts_s,
    (
        select 1 - min(v.embedding <=> %(vector)s::halfvec) from segment_vectors v
        where %(generation)s::bigint is not null
            and v.course_id = %(course)s and v.generation_id = %(generation)s
            and v.lecture_id = f.lecture_id and v.segment_id = f.segment_id
    ) as score
from fused f
join segments s on s.id = f.segment_id and s.course_id = %(course)s
join lectures l on l.id = f.lecture_id and l.course_id = %(course)s
order by f.share desc, f.segment_id
"""


async def nearest(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lecture: LectureId | None,
    terms: Mapping[int, float],
    dense: Dense | None,
    limit: int,
    reach: int,
) -> list[Hit]:
    """
    Return up to *limit* segments of released lectures of *course*, best first.

    Each leg ranks its best *reach* segments: the dense one by cosine (a segment by its nearest piece), the lexical
    one by BM25, whose idf is `ln(1 + (N - n + 0.5) / (n + 0.5))`. Their reciprocal ranks are added up (Cormack,
    Clarke and Büttcher, "Reciprocal Rank Fusion", SIGIR 2009). Vectors are of unit length, so the inner product
    ranks as the cosine does and is cheaper. Both legs read all of the course's rows: exact, and
    no index to keep; docs/adr/0004-exact-search-in-narrow-tables.md says until when that is fast.
    """
    async with conn.cursor(binary=True, row_factory=kwargs_row(_hit)) as cur:
        await cur.execute(
            NEAREST,
            parameters(course, lecture, terms, dense, limit, reach),
        )
        return await cur.fetchall()


def parameters(
    course: CourseId,
    lecture: LectureId | None,
    terms: Mapping[int, float],
    dense: Dense | None,
    limit: int,
    reach: int,
) -> dict[str, Any]:
    return {
        "course": course,
        "lecture": lecture,
        "terms": list(terms),
        "weights": list(terms.values()),
        "generation": dense and dense.generation,
        "vector": dense and HalfVector(dense.vector),
        "dense_weight": dense.weight if dense else 0.0,
        "rank_constant": RANK_CONSTANT,
        "limit": limit,
        "reach": reach,
    }


def _hit(*, cue_offsets: list[int], cue_starts_s: list[float], **columns: Any) -> Hit:  # noqa: ANN401 - a row
    return Hit(cue_offsets=tuple(cue_offsets), cue_starts_s=tuple(cue_starts_s), **columns)
