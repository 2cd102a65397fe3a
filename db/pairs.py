"""Two answers to one question: what the judge said of which is better, and what staff chose."""

from collections.abc import Sequence
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import CourseId, Reference, RunId
from db.records.pairs import (
    Better,
    Chosen,
    ExportedChoice,
    ExportedPair,
    ExportedPairJudgement,
    KeptPair,
    PairAnswerId,
    PairId,
    PairSet,
    Side,
)
from db.references import cited, in_columns


async def add_set(conn: AsyncConnection, *, course: CourseId, run: RunId, first: str, second: str) -> None:
    await conn.execute(
        """
        insert into pair_sets (run_id, course_id, first, second) values (%(run)s, %(course)s, %(first)s, %(second)s)
        """,
        {"run": run, "course": course, "first": first, "second": second},
    )


async def lock_asked(conn: AsyncConnection, *, course: CourseId, questions: Sequence[str]) -> None:
    """Let nobody delete what was asked here in these words until the transaction ends; in the order of their ids."""
    await conn.execute(
        """
        with asked as (select lower(question) as question from unnest(%(questions)s::text[]) as q (question))
        select from questions
        where course_id = %(course)s and (
            lower(btrim(regexp_replace(text, '\\s+', ' ', 'g'))) in (select question from asked)
            or lower(btrim(regexp_replace(standalone, '\\s+', ' ', 'g'))) in (select question from asked)
        )
        order by id for key share
        """,
        {"course": course, "questions": list(questions)},
    )


async def add(conn: AsyncConnection, *, course: CourseId, run: RunId, question: str) -> PairId:
    """Store a pair; where somebody asked the question here in these words, it goes with theirs."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        # Locked, so that a deletion comes either before, and is seen, or after, and takes the pair along.
        # People ask on several lines; a question of a set has one.
        await cur.execute(
            """
            with asked as (
                select id from questions
                where course_id = %(course)s and lower(%(question)s) in (
                    lower(btrim(regexp_replace(text, '\\s+', ' ', 'g'))),
                    lower(btrim(regexp_replace(standalone, '\\s+', ' ', 'g')))
                )
                order by id limit 1 for key share
            )
            insert into answer_pairs (course_id, run_id, question_id, question)
            values (%(course)s, %(run)s, (select id from asked), %(question)s)
            returning id
            """,
            {"course": course, "run": run, "question": question},
        )
        return PairId(int(await cur.fetchone() or 0))


async def add_answer(
    conn: AsyncConnection, *, course: CourseId, pair: PairId, side: Side, text: str, references: Sequence[Reference]
) -> None:
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into pair_answers (course_id, pair_id, side, text)
            values (%(course)s, %(pair)s, %(side)s, %(text)s) returning id
            """,
            {"course": course, "pair": pair, "side": side, "text": text},
        )
        stored = await cur.fetchone()
    await conn.execute(
        """
        insert into pair_answer_references (pair_answer_id, course_id, number, segment_id, start_s, end_s, url, quote)
        select %(stored)s, %(course)s, * from unnest(%(numbers)s::int[], %(segments)s::bigint[], %(starts_s)s::float8[],
            %(ends_s)s::float8[], %(urls)s::text[], %(quotes)s::text[])
        """,
        {"stored": stored, "course": course, **in_columns(references)},
    )


async def add_judgement(
    conn: AsyncConnection,
    *,
    course: CourseId,
    pair: PairId,
    shown_first: Side,
    status: str,
    better: Better | None,
    reason: str | None,
    tokens: int,
) -> None:
    await conn.execute(
        """
        insert into pair_judgements (pair_id, course_id, shown_first, status, better, reason, tokens)
        values (%(pair)s, %(course)s, %(shown_first)s, %(status)s, %(better)s, %(reason)s, %(tokens)s)
        """,
        {
            "pair": pair,
            "course": course,
            "shown_first": shown_first,
            "status": status,
            "better": better,
            "reason": reason,
            "tokens": tokens,
        },
    )


# Choosing


async def next_for(conn: AsyncConnection, *, course: CourseId, key: str) -> PairId | None:
    """The pair that fewest have chosen on, of those that this person has not, the oldest first."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select p.id from answer_pairs p
            left join pair_choices c on c.pair_id = p.id and c.course_id = %(course)s and c.better is not null
            where p.course_id = %(course)s
            group by p.id
            having not coalesce(bool_or(c.chooser_key = %(key)s), false)
            order by count(c.pair_id) filter (where c.better <> 'skipped'), p.id limit 1
            """,
            {"course": course, "key": key},
        )
        return await cur.fetchone()


async def left_for(conn: AsyncConnection, *, course: CourseId, key: str) -> int:
    """How many pairs a person has not chosen on."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*) from answer_pairs p
            where p.course_id = %(course)s and not exists (
                select from pair_choices c where c.pair_id = p.id and c.course_id = %(course)s
                    and c.chooser_key = %(key)s and c.better is not null
            )
            """,
            {"course": course, "key": key},
        )
        return int(await cur.fetchone() or 0)


async def question(conn: AsyncConnection, *, course: CourseId, pair: PairId) -> str | None:
    """Return a pair's question, and hold the pair until the transaction ends; None: it is gone."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select question from answer_pairs where id = %(pair)s and course_id = %(course)s for key share",
            {"pair": pair, "course": course},
        )
        return await cur.fetchone()


async def text(conn: AsyncConnection, *, course: CourseId, pair: PairId, side: Side) -> tuple[PairAnswerId, str]:
    cursor = await conn.execute(
        "select id, text from pair_answers where pair_id = %(pair)s and course_id = %(course)s and side = %(side)s",
        {"pair": pair, "course": course, "side": side},
    )
    found = await cursor.fetchone()
    assert found is not None  # noqa: S101 - a pair that is held has both
    return PairAnswerId(found[0]), found[1]


async def references(conn: AsyncConnection, *, course: CourseId, answer: PairAnswerId) -> list[Reference]:
    """The moments that an answer of a pair cites, by number."""
    return await cited(conn, "pair_answer", course=course, number=answer)


async def shown(conn: AsyncConnection, *, course: CourseId, pair: PairId, key: str, shown_first: Side) -> Side:
    """Store that a person is shown a pair in an order, and return the order: that of the first time stays."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into pair_choices as c (pair_id, course_id, chooser_key, shown_first)
            values (%(pair)s, %(course)s, %(key)s, %(shown_first)s)
            on conflict (pair_id, chooser_key) do update set shown_first = c.shown_first
            returning shown_first
            """,
            {"pair": pair, "course": course, "key": key, "shown_first": shown_first},
        )
        kept = await cur.fetchone()
    assert kept is not None  # noqa: S101 - it is inserted or updated
    return kept


async def choose(conn: AsyncConnection, *, course: CourseId, pair: PairId, key: str, better: Chosen) -> None:
    """Store what a person chose of a pair that they were shown, in place of what they chose before."""
    await conn.execute(
        """
        update pair_choices set better = %(better)s, chosen_at = now()
        where pair_id = %(pair)s and course_id = %(course)s and chooser_key = %(key)s
        """,
        {"pair": pair, "course": course, "key": key, "better": better},
    )


# Reading


async def sets(conn: AsyncConnection, course: CourseId) -> list[PairSet]:
    """What was compared, the oldest first."""
    async with conn.cursor(row_factory=class_row(PairSet)) as cur:
        await cur.execute(
            """
            select s.run_id, s.first, s.second, r.made_at, r.model, r.prompt_id
            from pair_sets s join judge_runs r on r.id = s.run_id and r.course_id = %(course)s
            where s.course_id = %(course)s order by s.run_id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def of_course(conn: AsyncConnection, course: CourseId) -> list[KeptPair]:
    """What was said of each pair, the oldest first."""
    async with conn.cursor(row_factory=class_row(KeptPair)) as cur:
        await cur.execute(
            """
            select p.id, p.run_id, f.better as when_first, s.better as when_second, c.choices, c.skipped
            from answer_pairs p
            left join pair_judgements f on f.pair_id = p.id and f.course_id = %(course)s and f.shown_first = 'first'
            left join pair_judgements s on s.pair_id = p.id and s.course_id = %(course)s and s.shown_first = 'second'
            cross join lateral (
                select coalesce(array_agg(better order by chosen_at) filter (where better <> 'skipped'), '{}')
                        as choices,
                    count(*) filter (where better = 'skipped')::int as skipped
                from pair_choices where pair_id = p.id and course_id = %(course)s
            ) c
            where p.course_id = %(course)s order by p.id
            """,
            {"course": course},
        )
        return await cur.fetchall()


# Export


async def count(conn: AsyncConnection, *, course: CourseId, since: datetime | None) -> int:
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*) from answer_pairs p join judge_runs r on r.id = p.run_id and r.course_id = %(course)s
            where p.course_id = %(course)s and r.made_at >= coalesce(%(since)s::timestamptz, '-infinity')
            """,
            {"course": course, "since": since},
        )
        return int(await cur.fetchone() or 0)


async def page(
    conn: AsyncConnection, *, course: CourseId, since: datetime | None, after: int, most: int
) -> list[ExportedPair]:
    """The next *most* pairs whose ids are greater than *after*."""
    async with conn.cursor(row_factory=class_row(ExportedPair)) as cur:
        await cur.execute(
            """
            select p.id, p.run_id, p.question_id, p.question, s.first, s.second, a.id as first_answer,
                a.text as first_text, b.id as second_answer, b.text as second_text, r.made_at, r.model, r.prompt_id
            from answer_pairs p
            join pair_sets s on s.run_id = p.run_id and s.course_id = %(course)s
            join judge_runs r on r.id = p.run_id and r.course_id = %(course)s
            join pair_answers a on a.pair_id = p.id and a.course_id = %(course)s and a.side = 'first'
            join pair_answers b on b.pair_id = p.id and b.course_id = %(course)s and b.side = 'second'
            where p.course_id = %(course)s and p.id > %(after)s
                and r.made_at >= coalesce(%(since)s::timestamptz, '-infinity')
            order by p.id limit %(most)s
            """,
            {"course": course, "since": since, "after": after, "most": most},
        )
        return await cur.fetchall()


async def judgements(
    conn: AsyncConnection, *, course: CourseId, pairs: Sequence[PairId]
) -> list[ExportedPairJudgement]:
    async with conn.cursor(row_factory=class_row(ExportedPairJudgement)) as cur:
        await cur.execute(
            """
            select pair_id, shown_first, status, better, reason, tokens from pair_judgements
            where pair_id = any(%(pairs)s) and course_id = %(course)s order by pair_id, shown_first
            """,
            {"course": course, "pairs": list(pairs)},
        )
        return await cur.fetchall()


async def choices(conn: AsyncConnection, *, course: CourseId, pairs: Sequence[PairId]) -> list[ExportedChoice]:
    """What staff chose; of what they were shown alone there is nothing to tell."""
    async with conn.cursor(row_factory=class_row(ExportedChoice)) as cur:
        await cur.execute(
            """
            select pair_id, chooser_key, shown_first, better, shown_at, chosen_at from pair_choices
            where pair_id = any(%(pairs)s) and course_id = %(course)s and better is not null
            order by pair_id, chosen_at, chooser_key
            """,
            {"course": course, "pairs": list(pairs)},
        )
        return await cur.fetchall()
