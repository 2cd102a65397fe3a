"""The one statement that finds the segments nearest to a question, by meaning and by words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import AsyncConnection
from psycopg.rows import kwargs_row

from db import signs
from db.records import CourseId, GenerationId, Hit, LectureId


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageLikeness:
    """What likeness to the question is worth in segments of one language."""

    language: str  # two-letter code
    middle: float  # the likeness that says nothing: of the language's mean to the question
    gain: float  # what each unit beyond it is worth, beside 1 for all words of the question


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """The dense leg of a search: which vectors to compare, with what, and how much likeness counts."""

    generation: GenerationId
    vector: NDArray[np.float32]  # (dimension,), the question's; a hit's score is the cosine to it
    towards: NDArray[np.float32]  # (dimension,), of unit length: the question without what its language shares
    spoken: Sequence[LanguageLikeness]
    gain: float  # in languages that are not among *spoken*


NEAREST = """
with asked as materialized (
    select a.term, a.is_own, a.weight * ln(1 + (n.segments - f.segments + 0.5) / (f.segments + 0.5)) as weight
    from unnest(%(terms)s::int[], %(weights)s::float8[], %(own)s::bool[]) as a(term, weight, is_own)
    left join course_terms c on c.course_id = %(course)s and c.term = a.term
    cross join lateral (select coalesce(c.segments, 1)) as f(segments)
    cross join (
        select greatest(max(segments), 1) from course_lexicons where course_id = %(course)s
    ) as n(segments)
),
question as materialized (
    select ('{' || coalesce(string_agg(term + 1 || ':' || weight, ',' order by term), '')
        || '}/536870912')::sparsevec as terms, coalesce(sum(weight) filter (where is_own), 1) as mass
    from asked where weight > 0
),
searched as materialized (
    select l.id as lecture_id, coalesce(s.middle, 0) as middle, coalesce(s.gain, %(gain)s::float8) as gain
    from lectures l left join unnest(%(languages)s::text[], %(middles)s::float8[], %(gains)s::float8[])
        as s(language, middle, gain)
        on s.language = split_part(lower(replace(l.language, '_', '-')), '-', 1)
    where l.course_id = %(course)s
        and (%(lectures)s::bigint[] is null or l.id = any(%(lectures)s::bigint[]))
        and (l.released_at is null or l.released_at <= now())
),
closed as materialized (
    select coalesce(array_agg(id), '{}') as ids
    from lectures where course_id = %(course)s and released_at > now()
),
near as materialized (
    select n.segment_id, n.lecture_id, s.middle, s.gain
    from searched s cross join lateral (
        select segment_id, lecture_id, least(
            signs_1 <~> %(signs)s::bit varying, signs_2 <~> %(signs)s::bit varying,
            signs_3 <~> %(signs)s::bit varying, signs_4 <~> %(signs)s::bit varying) as apart
        from segment_signs
        where course_id = %(course)s and generation_id = %(generation)s and lecture_id = s.lecture_id
        offset 0  -- a lecture's rows by the key: joined in any other way they would be read once for each lecture
    ) n
    where %(generation)s::bigint is not null
    order by s.gain * (%(unalike)s::float8 - n.apart) desc
    limit (
        select least(%(most)s::int, %(least)s::int + coalesce(max(segments) / %(one_in)s::int, %(most)s::int))
        from course_lexicons where course_id = %(course)s
    )
),
dense as materialized (
    select v.segment_id, v.lecture_id, max(-n.gain * ((v.embedding <#> %(towards)s::halfvec) + n.middle)) as worth
    from (select distinct segment_id, lecture_id, middle, gain from near) n
    join segment_vectors v on v.lecture_id = n.lecture_id and v.segment_id = n.segment_id
        and v.course_id = %(course)s and v.generation_id = %(generation)s
    group by v.segment_id, v.lecture_id
    order by worth desc, segment_id limit %(reach)s
),
lexical as materialized (
    select segment_id, lecture_id, -((select terms from question) <#> weights) as worth
    from segment_terms
    where exists (select from asked)
        and course_id = %(course)s
        and (%(lectures)s::bigint[] is null or lecture_id = any(%(lectures)s::bigint[]))
        and lecture_id <> all((select ids from closed)::bigint[])
    order by worth desc limit %(reach)s  -- the very expression above: another one would be computed beside it
),
found as materialized (
    select c.segment_id, c.lecture_id,
        coalesce(c.likeness, (
            select max(-s.gain * ((v.embedding <#> %(towards)s::halfvec) + s.middle))
            from searched s join segment_vectors v on v.lecture_id = s.lecture_id
                and v.course_id = %(course)s and v.generation_id = %(generation)s
            where %(generation)s::bigint is not null
                and s.lecture_id = c.lecture_id and v.segment_id = c.segment_id
        ), 0)
        + coalesce(c.words, (
            select -((select terms from question) <#> t.weights) from segment_terms t
            where exists (select from asked)
                and t.course_id = %(course)s and t.lecture_id = c.lecture_id and t.segment_id = c.segment_id
        ), 0) / (select mass from question) as worth
    from (
        select segment_id, lecture_id, max(likeness) as likeness, max(words) as words
        from (
            select segment_id, lecture_id, worth as likeness, null::float8 as words from dense
            union all
            select segment_id, lecture_id, null::float8, worth from lexical where worth > 0
        ) legs
        group by segment_id, lecture_id
    ) c
    order by worth desc, segment_id limit %(limit)s
)
select (row_number() over (order by f.worth desc, f.segment_id))::int as rank,
    s.id as segment_id, s.lecture_id, l.slug as lecture, l.title,
    split_part(lower(replace(l.language, '_', '-')), '-', 1) as language, l.video_url, l.duration_s,
    s.start_s, s.end_s, s.text, s.cue_offsets, s.cue_starts_s,
    (
        select 1 - min(v.embedding <=> %(vector)s::halfvec) from segment_vectors v
        where %(generation)s::bigint is not null
            and v.course_id = %(course)s and v.generation_id = %(generation)s
            and v.lecture_id = f.lecture_id and v.segment_id = f.segment_id
    ) as score
from found f
join segments s on s.id = f.segment_id and s.course_id = %(course)s
join lectures l on l.id = f.lecture_id and l.course_id = %(course)s
order by f.worth desc, f.segment_id
"""


async def nearest(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lectures: Sequence[LectureId] | None,
    terms: Mapping[int, float],
    dense: Dense | None,
    limit: int,
    reach: int,
    more_terms: Mapping[int, float] | None = None,
) -> list[Hit]:
    """
    Return up to *limit* segments of released lectures of *course*, best first; of *lectures* alone, if not None.

    Each leg finds its best *reach* segments: the dense one by likeness of the nearest piece, the lexical one by BM25,
    whose idf is `ln(1 + (N - n + 0.5) / (n + 0.5))`. What either found is ranked by the sum of what both say of it:
    the share of *terms*, weighed, that a segment holds, and the gain times its likeness beyond its language's middle.
    Ranks alone would not tell a segment that holds all the words from the best of many that hold one
    (docs/retrieval.md). *more_terms*, such as a translation's, add to what a segment holds but not to the whole.

    Vectors are of unit length, so the inner product ranks as the cosine does and is cheaper. Both legs read a row for
    each segment of the course: no index to keep (docs/adr/0004-exact-search-in-narrow-tables.md says until when that
    is fast). The dense leg's rows hold signs alone; the vectors of those that come nearest are compared in full.
    """
    async with conn.cursor(binary=True, row_factory=kwargs_row(_hit)) as cur:
        await cur.execute(
            NEAREST,
            parameters(course, lectures, terms, dense, limit, reach, more_terms or {}),
        )
        return await cur.fetchall()


def parameters(
    course: CourseId,
    lectures: Sequence[LectureId] | None,
    terms: Mapping[int, float],
    dense: Dense | None,
    limit: int,
    reach: int,
    more_terms: Mapping[int, float],
) -> dict[str, Any]:
    weights = {**more_terms, **terms}
    return {
        "course": course,
        "lectures": None if lectures is None else list(lectures),
        "terms": list(weights),
        "weights": [max(weight, more_terms.get(term, 0.0)) for term, weight in weights.items()],
        "own": [term in terms for term in weights],
        "generation": dense and dense.generation,
        "vector": dense and HalfVector(dense.vector),
        "towards": dense and HalfVector(dense.towards),
        "languages": [spoken.language for spoken in dense.spoken] if dense else [],
        "middles": [spoken.middle for spoken in dense.spoken] if dense else [],
        "gains": [spoken.gain for spoken in dense.spoken] if dense else [],
        "gain": dense.gain if dense else 0.0,
        "signs": dense and signs.of_question(dense.towards),
        "unalike": signs.UNALIKE * len(dense.towards) if dense else 0.0,
        "least": signs.LEAST_COMPARED * reach,
        "most": signs.MOST_COMPARED * reach,
        "one_in": signs.ONE_COMPARED_IN,
        "limit": limit,
        "reach": reach,
    }


def _hit(*, cue_offsets: list[int], cue_starts_s: list[float], **columns: Any) -> Hit:  # noqa: ANN401 - a row
    return Hit(cue_offsets=tuple(cue_offsets), cue_starts_s=tuple(cue_starts_s), **columns)
