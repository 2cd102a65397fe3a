"""What a digest says of second opinions."""

from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.digest_figures import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconded:
    """Second opinions on the answers to what was asked."""

    asked: int
    scored: int  # the others gave no score
    split: int
    tokens: int
    uncounted: int  # calls whose server did not count


async def seconded(conn: AsyncConnection, span: Span) -> Seconded:
    """Take those beside the last judgement of each answer; of tokens, all that second opinions took in the period."""
    async with conn.cursor(row_factory=class_row(Seconded)) as cur:
        await cur.execute(
            """
            with last as (
                select distinct on (j.answer_id) j.id
                from questions q
                join answers a on a.question_id = q.id
                join judgements j on j.answer_id = a.id and j.course_id = %(course)s and j.kind = 'relevance'
                where q.course_id = %(course)s and q.asked_at >= %(start)s and q.asked_at < %(end)s
                    and q.source not in ('dossier', 'eval', 'kept')
                order by j.answer_id, j.id desc
            ), heard as (
                select distinct on (s.first_id) s.score, s.is_split
                from judgements s join last on last.id = s.first_id
                where s.course_id = %(course)s
                order by s.first_id, s.id desc
            ), calls as (
                select tokens_in, tokens_out from model_calls
                where course_id = %(course)s and purpose = 'second' and called_at >= %(start)s and called_at < %(end)s
                    and output is not null
            )
            select count(*)::int as asked, count(score)::int as scored,
                count(*) filter (where is_split)::int as split,
                (select coalesce(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)), 0) from calls)::bigint
                    as tokens,
                (select count(*) from calls where tokens_in is null or tokens_out is null)::int as uncounted
            from heard
            """,
            span.parameters,
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101
    return found
