"""A course whose questions, answers and judgements a test writes, to be told of in a digest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg_pool import AsyncConnectionPool

from db import digest_figures
from db.records import Course
from services.digest.figures import Figures
from services.digest.posting.weeks import period, zone_named
from services.digest.report import Digest, Period

ZONE = zone_named("America/Sao_Paulo")
WEEK = period("2026-W47", ZONE)
MONDAY = WEEK.starts_at


@dataclass
class Term:
    """A course whose rows a test writes."""

    pool: AsyncConnectionPool
    course: Course

    async def write(self, query: str, **values: object) -> None:
        async with self.pool.connection() as conn:
            await conn.execute(query.encode(), values or None)

    async def value(self, query: str) -> object:
        async with self.pool.connection() as conn:
            row = await (await conn.execute(query.encode())).fetchone()
        assert row is not None
        return row[0]

    async def ask(
        self,
        when: datetime,
        *,
        asker: str = "a",
        outcome: str | None = "answered",
        score: int | None = 3,
        took_s: float = 2.0,
        text: str = "Por que o gradiente some?",
        source: str = "discord",
        status: str = "ok",
        minute: int | None = 3,
    ) -> None:
        """Store a question with its answer, judgement and reference."""
        await self.write(
            """
            with q as (
                insert into questions (course_id, text, language, source, asker_key, asked_at)
                values (1, %(text)s, 'pt', %(source)s, %(asker)s, %(when)s) returning id
            ), a as (
                insert into answers (question_id, course_id, outcome, text, retrieval, model, prompt_id, latency_ms,
                    answered_at, tokens_in, tokens_out)
                select id, 1, %(outcome)s, 'x', 'lexical', 'm', 'answer/1', 1, %(when)s + %(took)s, 100, 20
                from q where %(outcome)s::text is not null returning id
            ), r as (
                insert into answer_references (answer_id, course_id, number, segment_id, start_s, end_s, url, quote)
                select id, 1, 1, 1, %(minute)s * 60 + 5, %(minute)s * 60 + 9, 'https://youtu.be/x?t=1', 'q'
                from a where %(minute)s::int is not null and %(outcome)s = 'answered'
            )
            insert into judgements (answer_id, course_id, kind, status, score, criteria, label, settings_version, model)
            select id, 1, 'relevance', %(status)s, %(score)s::smallint, 'c',
                case when %(score)s::int is not null then (array['I', 'I', 'P', 'C'])[%(score)s::int + 1] end, 0, 'juiz'
            from a where %(outcome)s = 'answered' and (%(score)s::int is not null or %(status)s <> 'ok')
            """,
            text=text, source=source, asker=asker, when=when, outcome=outcome, took=timedelta(seconds=took_s),
            score=score, status=status, minute=minute,
        )  # fmt: skip

    async def told(self, told: Period = WEEK) -> Digest:
        return await Figures(self.pool, None).tell(self.course, told)


async def asked(term: Term) -> list[digest_figures.CountedQuestion]:
    span = digest_figures.Span(course=term.course.id, start=WEEK.starts_at, end=WEEK.ends_at)
    async with term.pool.connection() as conn:
        return [one async for one in digest_figures.questions(conn, span)]
