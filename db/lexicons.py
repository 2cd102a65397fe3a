"""Document frequencies: how many segments of a course hold a term, the rarity that BM25 multiplies with."""

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

from db.records import CourseId


async def refresh(conn: AsyncConnection, course: CourseId) -> None:
    """
    Count the course's document frequencies again, from what each transcript says of itself.

    Weights stored with the segments do not depend on this, so a search between an ingest and its refresh is only
    a little less sharp.
    """
    chosen = {"course": course}
    await conn.execute("delete from course_terms where course_id = %(course)s", chosen)
    # A term of one segment gets no row: the search takes one that it does not find for such.
    await conn.execute(
        """
        insert into course_terms (course_id, term, segments)
        select %(course)s, t.term, sum(t.count)
        from transcript_terms tt, unnest(tt.terms, tt.counts) as t(term, count)
        where tt.course_id = %(course)s
        group by t.term having sum(t.count) >= 2
        order by t.term
        """,
        chosen,
    )
    await conn.execute(
        """
        insert into course_lexicons (course_id, segments, languages)
        select %(course)s,
            coalesce((select sum(segments) from transcript_terms where course_id = %(course)s), 0),
            coalesce(
                (select array_agg(code order by n desc, code) from
                    (select split_part(lower(replace(language, '_', '-')), '-', 1) as code, count(*) as n
                     from lectures where course_id = %(course)s and transcript_id is not null group by 1) counted),
                '{}')
        on conflict (course_id) do update set
            segments = excluded.segments, languages = excluded.languages, refreshed_at = now()
        """,
        chosen,
    )


async def languages(conn: AsyncConnection, course: CourseId) -> tuple[str, ...]:
    """Two-letter codes of the languages that the course's lectures are in, the most frequent first."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select languages from course_lexicons where course_id = %(course)s", {"course": course})
        return tuple(await cur.fetchone() or ())


async def terms(conn: AsyncConnection, course: CourseId) -> frozenset[int]:
    """Return the terms, as hashes, that at least two segments of the course hold."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select term from course_terms where course_id = %(course)s", {"course": course})
        return frozenset(await cur.fetchall())
