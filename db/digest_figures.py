"""
Count what a digest tells of a course between two instants; each statement takes both, so that any period can be asked.

What came from a dossier or an evaluation was not asked by students, and is left out. An answer that staff hold back
(`held` is waiting or rejected) was not shown: its question counts as one for the staff. A question without an answer
has failed.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import CourseId, Outcome, QuestionId
from db.records.learning import JudgeAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From *start* until just before *end*."""

    course: CourseId
    start: datetime
    end: datetime

    @property
    def parameters(self) -> dict[str, object]:
        return {"course": self.course, "start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCounts:
    """What was asked in words, and how it was answered; further tries at answers are counted by `tries`."""

    questions: int
    askers: int  # distinct keys
    answers: int  # that were shown
    outcomes: dict[str, int]
    median_s: float | None  # from question to answer
    p95_s: float | None


async def asking(conn: AsyncConnection, span: Span) -> AskedCounts:
    async with conn.cursor(row_factory=class_row(AskedCounts)) as cur:
        await cur.execute(
            """
            with asked as (
                select q.asker_key,
                    case when a.held in ('waiting', 'rejected') then 'needs_staff' else coalesce(a.outcome, 'failed')
                        end as outcome,
                    case when a.held not in ('waiting', 'rejected')
                        then extract(epoch from a.answered_at - q.asked_at)::float8 end as took_s
                from questions q left join answers a on a.question_id = q.id
                where q.course_id = %(course)s and q.asked_at >= %(start)s and q.asked_at < %(end)s
                    and q.source not in ('dossier', 'eval', 'kept') and q.again is null
                    -- Which lecture was meant was asked back: no outcome yet, and what comes of it is counted itself.
                    and not exists (
                        select from answer_scopes o
                        where o.answer_id = a.id and o.course_id = %(course)s and o.kind <> 'within'
                    )
            )
            select count(*)::int as questions, count(distinct asker_key)::int as askers,
                count(took_s)::int as answers,
                coalesce((select jsonb_object_agg(outcome, n) from (
                    select outcome, count(*) as n from asked group by 1) o), '{}')
                    as outcomes,
                percentile_cont(0.5) within group (order by took_s) as median_s,
                percentile_cont(0.95) within group (order by took_s) as p95_s
            from asked
            """,
            span.parameters,
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - aggregates always return their row
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How the judge scored the answers to what was asked."""

    scores: list[int]  # how many got 0, 1, 2, 3
    failed: dict[str, int]
    without_reason: int
    unjudged: int


async def judged(conn: AsyncConnection, span: Span) -> Judged:
    """Take the last judgement of each answer that was shown."""
    async with conn.cursor(row_factory=class_row(Judged)) as cur:
        await cur.execute(
            """
            with answered as (
                select a.id from questions q join answers a on a.question_id = q.id
                where q.course_id = %(course)s and q.asked_at >= %(start)s and q.asked_at < %(end)s
                    and q.source not in ('dossier', 'eval', 'kept') and q.again is null
                    and a.outcome = 'answered' and a.model <> 'verified' and a.held not in ('waiting', 'rejected')
            ), last as (
                select distinct on (j.answer_id) j.answer_id, j.status, j.score,
                    coalesce(btrim(j.criteria), '') = '' and coalesce(btrim(j.evidence), '') = '' as is_bare
                from judgements j join answered on answered.id = j.answer_id
                where j.course_id = %(course)s and j.kind = 'relevance'
                order by j.answer_id, j.id desc
            )
            select array[count(*) filter (where score = 0), count(*) filter (where score = 1),
                    count(*) filter (where score = 2), count(*) filter (where score = 3)]::int[] as scores,
                coalesce((select jsonb_object_agg(status, n) from (
                    select status, count(*) as n from last where score is null group by 1) f), '{}') as failed,
                count(*) filter (where score is not null and is_bare)::int as without_reason,
                ((select count(*) from answered) - count(*))::int as unjudged
            from last
            """,
            span.parameters,
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """What people said of answers."""

    up: int
    down: int
    staff: dict[str, int]  # label to how many
    untold: int  # labels of staff that somebody else is still to give blind


async def voices(conn: AsyncConnection, span: Span) -> Voices:
    """Count what was said between the two instants, whenever it was asked."""
    async with conn.cursor(row_factory=class_row(Voices)) as cur:
        await cur.execute(
            """
            with said as (
                select role, label from told_annotations
                where course_id = %(course)s and changed_at >= %(start)s and changed_at < %(end)s
                    and annotator_key <> 'dossier'
            )
            select count(*) filter (where role = 'student' and label = 'C')::int as up,
                count(*) filter (where role = 'student' and label = 'I')::int as down,
                coalesce((select jsonb_object_agg(label, n) from (
                    select label, count(*) as n from said where role = 'staff' group by 1) s), '{}') as staff,
                (select count(*) from annotations
                where course_id = %(course)s and changed_at >= %(start)s and changed_at < %(end)s
                    and annotator_key <> 'dossier' and role = 'staff')::int
                    - count(*) filter (where role = 'staff')::int as untold
            from said
            """,
            span.parameters,
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101
    return found


async def agreement(conn: AsyncConnection, span: Span) -> list[tuple[str, str, int]]:
    """
    How often judge and staff gave which labels: judge's, staff's, count.

    Where staff differ it is their most frequent label; answers where two are equally frequent are left out, as
    `services.research.agreement.verdict` calls them tied.
    """
    cursor = await conn.execute(
        """
        with judged as (
            select distinct on (j.answer_id) j.answer_id, j.label
            from judgements j
            join answers a on a.id = j.answer_id
            join questions q on q.id = a.question_id
            where j.course_id = %(course)s and j.kind = 'relevance' and q.asked_at >= %(start)s and q.asked_at < %(end)s
                and q.source not in ('dossier', 'eval', 'kept')
            order by j.answer_id, j.id desc
        ), counted as (
            select answer_id, label, rank() over (partition by answer_id order by count(*) desc) as place
            from told_annotations where course_id = %(course)s and role = 'staff' group by 1, 2
        ), labelled as (
            select answer_id, min(label) as label from counted where place = 1 group by 1 having count(*) = 1
        )
        select j.label, l.label, count(*)::int from judged j join labelled l using (answer_id)
        where j.label is not null group by 1, 2 order by 1, 2
        """,
        span.parameters,
    )
    return [(str(judge), str(staff), int(count)) for judge, staff, count in await cursor.fetchall()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What was flagged and settled; what is open is counted now."""

    opened: int
    settled: int
    median_settle_s: float | None
    open_now: int
    oldest_open_s: float | None
    verified_written: int  # new or revised: a version replaces the one before, and with it when that was written
    verified_used: int  # answers in whose place one was shown


async def reviewed(conn: AsyncConnection, span: Span) -> Reviewed:
    async with conn.cursor(row_factory=class_row(Reviewed)) as cur:
        await cur.execute(
            """
            select count(*) filter (where opened_at >= %(start)s and opened_at < %(end)s)::int as opened,
                count(*) filter (where is_settled)::int as settled,
                (percentile_cont(0.5) within group (order by extract(epoch from settled_at - opened_at)::float8)
                    filter (where is_settled)) as median_settle_s,
                count(*) filter (where settled_at is null)::int as open_now,
                extract(epoch from now() - min(opened_at) filter (where settled_at is null))::float8 as oldest_open_s,
                (select count(*) from verified_answers
                    where course_id = %(course)s and verified_at >= %(start)s and verified_at < %(end)s)::int
                    as verified_written,
                (select count(distinct answer_id) from verified_uses
                    where course_id = %(course)s and used_at >= %(start)s and used_at < %(end)s
                        and way = 'shown')::int as verified_used
            from (
                select opened_at, settled_at,
                    settled_at >= %(start)s and settled_at < %(end)s and verdict <> 'gone' as is_settled
                from review_items
                where course_id = %(course)s
                    and id not in (select item_id from second_look_items where course_id = %(course)s)
            ) i
            """,
            span.parameters,
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What models read and wrote for what was asked."""

    tokens_in: int
    tokens_out: int
    uncounted: int  # calls whose server did not count


async def spent(conn: AsyncConnection, span: Span) -> Spent:
    async with conn.cursor(row_factory=class_row(Spent)) as cur:
        await cur.execute(
            """
            with calls as (
                select tokens_in, tokens_out from answers
                where course_id = %(course)s and answered_at >= %(start)s and answered_at < %(end)s
                    and prompt_id is not null
                union all
                select tokens_in, tokens_out from model_calls
                where course_id = %(course)s and called_at >= %(start)s and called_at < %(end)s and output is not null
            )
            select coalesce(sum(tokens_in), 0)::bigint as tokens_in, coalesce(sum(tokens_out), 0)::bigint as tokens_out,
                count(*) filter (where tokens_in is null or tokens_out is null)::int as uncounted
            from calls
            """,
            span.parameters,
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101
    return found


async def judge_alerts(conn: AsyncConnection, span: Span) -> list[JudgeAlert]:
    """What the canaries found of the judge, the oldest first."""
    async with conn.cursor(row_factory=class_row(JudgeAlert)) as cur:
        await cur.execute(
            """
            select id, course_id, kind, model, shift, part, n, made_at from judge_alerts
            where course_id = %(course)s and made_at >= %(start)s and made_at < %(end)s order by id
            """,
            span.parameters,
        )
        return await cur.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedQuestion:
    """One question, and what became of it."""

    id: QuestionId
    text: str
    language: str
    asker_key: str | None
    outcome: Outcome
    score: int | None  # 0 to 3
    voted_down: bool
    lecture_ids: list[int]  # what its answer cites, reference by reference
    titles: list[str]
    starts_s: list[float]
    urls: list[str | None]
    are_current: list[bool]  # whether each cites the captions that count now


async def questions(conn: AsyncConnection, span: Span) -> AsyncIterator[CountedQuestion]:
    """Yield what was asked, in order."""
    async with conn.cursor("digest_questions", row_factory=class_row(CountedQuestion)) as cur:
        cur.itersize = 5_000
        await cur.execute(
            """
            select q.id, coalesce(q.standalone, q.text) as text, q.language, q.asker_key,
                case when a.held in ('waiting', 'rejected') then 'needs_staff' else coalesce(a.outcome, 'failed') end
                    as outcome,
                (select j.score from judgements j
                    where j.answer_id = a.id and j.course_id = %(course)s and j.kind = 'relevance'
                        and a.held not in ('waiting', 'rejected')
                    order by j.id desc limit 1) as score,
                exists (select from annotations n
                    where n.answer_id = a.id and n.role = 'student' and n.label = 'I') as voted_down,
                coalesce(r.lecture_ids, '{}') as lecture_ids, coalesce(r.titles, '{}') as titles,
                coalesce(r.starts_s, '{}') as starts_s, coalesce(r.urls, '{}') as urls,
                coalesce(r.are_current, '{}') as are_current
            from questions q
            left join answers a on a.question_id = q.id
            left join lateral (
                select array_agg(l.id order by c.number) as lecture_ids,
                    array_agg(l.title order by c.number) as titles,
                    array_agg(c.start_s order by c.number) as starts_s,
                    array_agg(c.url order by c.number) as urls,
                    array_agg(s.transcript_id is not distinct from l.transcript_id order by c.number) as are_current
                from answer_references c
                join segments s on s.id = c.segment_id
                join lectures l on l.id = s.lecture_id
                where c.answer_id = a.id and c.course_id = %(course)s and a.held not in ('waiting', 'rejected')
                    -- What was put off or withdrawn since then, nobody is told of.
                    and l.withdrawn_at is null and (l.released_at is null or l.released_at <= now())
            ) r on true
            where q.course_id = %(course)s and q.asked_at >= %(start)s and q.asked_at < %(end)s
                and q.source not in ('dossier', 'eval', 'kept') and q.again is null
                -- Which lecture was meant was asked back: what comes of that is a question of its own.
                and not exists (
                    select from answer_scopes o
                    where o.answer_id = a.id and o.course_id = %(course)s and o.kind <> 'within'
                )
            order by q.asked_at, q.id
            """,
            span.parameters,
        )
        async for row in cur:
            yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedMinute:
    """How often one minute of a lecture was cited."""

    lecture_id: int
    title: str
    video_url: str | None
    duration_s: float  # at least to the end of the captions
    minute: int
    cited: int
    voted_down: int
    starts_s: list[float]  # of those citations that are of the captions that count now


async def minutes(conn: AsyncConnection, span: Span) -> list[CitedMinute]:
    """Which minutes the answers that were shown cite, lecture by lecture, in order."""
    async with conn.cursor(row_factory=class_row(CitedMinute)) as cur:
        await cur.execute(
            """
            select l.id as lecture_id, l.title, l.video_url,
                coalesce(l.duration_s, (select max(e.end_s) from segments e where e.transcript_id = l.transcript_id),
                    max(c.end_s))::float8 as duration_s,
                floor(c.start_s / 60)::int as minute, count(*)::int as cited,
                count(*) filter (where exists (
                    select from annotations n where n.answer_id = a.id and n.role = 'student' and n.label = 'I'
                ))::int as voted_down,
                coalesce(array_agg(c.start_s) filter (where s.transcript_id = l.transcript_id), '{}') as starts_s
            from questions q
            join answers a on a.question_id = q.id
            join answer_references c on c.answer_id = a.id and c.course_id = %(course)s
            join segments s on s.id = c.segment_id
            join lectures l on l.id = s.lecture_id
            where q.course_id = %(course)s and q.asked_at >= %(start)s and q.asked_at < %(end)s
                and q.source not in ('dossier', 'eval', 'kept') and a.held not in ('waiting', 'rejected')
                and l.withdrawn_at is null and (l.released_at is null or l.released_at <= now())
            group by l.id, l.title, l.video_url, minute
            order by l.id, minute
            """,
            span.parameters,
        )
        return await cur.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a course's digest goes by."""

    least_askers: int
    price_in: float | None  # of a million tokens
    price_out: float | None
    currency: str | None


async def terms(conn: AsyncConnection, course: CourseId) -> Terms:
    async with conn.cursor(row_factory=class_row(Terms)) as cur:
        await cur.execute(
            """
            select digest_least_askers as least_askers, price_in, price_out, currency
            from course_settings where course_id = %(course)s
            """,
            {"course": course},
        )
        return await cur.fetchone() or Terms(least_askers=3, price_in=None, price_out=None, currency=None)
