"""All that is kept of a course's questions, page by page in the order of their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import (
    Abstention,
    Again,
    AnswerId,
    AskedFor,
    ConfigurationId,
    CourseId,
    IntentKind,
    JudgedFor,
    JudgementId,
    JudgementStatus,
    Label,
    Outcome,
    QuestionId,
    RetrievalMode,
    ScopeKind,
    Support,
)
from db.records.exports import ExportedHit, ExportedReference

LookState = Literal["not_drawn", "waiting", "open", "labelled", "withdrawn"]
"""How far the second look at an answer has come, which is for somebody else on staff to label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedQuestion:
    """One question with its answer; a question that has none yet has no *answer_id*."""

    question_id: QuestionId
    source: str
    asked_at: datetime
    asker_key: str | None
    language: str
    lecture: str | None  # slug, where the asker chose one
    follows: QuestionId | None
    again: Again | None
    words_of: QuestionId | None  # whose words it repeats, where it came of a press under that one's answer
    everywhere: bool  # in all lectures, whichever its words name
    question: str
    standalone: str | None
    answer_id: AnswerId | None
    outcome: Outcome | None
    answer: str | None
    model: str | None
    prompt_id: str | None
    prompt_sha256: str | None
    retrieval: RetrievalMode | None
    embedding_model: str | None
    latency_ms: int | None
    tokens_in: int | None
    tokens_out: int | None
    answered_at: datetime | None
    intent: IntentKind | None  # None: an answer was asked for
    further: int | None  # moments, or lectures, beyond those that the answer cites
    scope: ScopeKind | None  # None: the question's words named no lecture
    scope_lectures: list[str]  # slugs, in the order of the course
    entry: dict[str, Any] | None  # of the dossier that it came in
    second_look: LookState | None  # None: whether to have one was never asked
    second_look_probability: float | None  # of being drawn for it


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedJudgement:
    """One judgement of an answer."""

    id: JudgementId
    answer_id: AnswerId
    kind: JudgedFor
    status: JudgementStatus
    score: int | None
    abstention: Abstention | None
    criteria: str | None
    evidence: str | None
    label: Label | None
    settings_version: int
    swayed: bool
    probability: float | None
    model: str
    prompt_id: str | None
    prompt_sha256: str | None
    judged_at: datetime
    configuration_id: ConfigurationId | None
    first_id: JudgementId | None
    asked_for: AskedFor | None
    spread: int | None
    is_split: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedSupport:
    """What one judgement says of one reference."""

    judgement_id: JudgementId
    number: int
    support: Support
    quote: str
    is_found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedAnnotation:
    """What one person says of an answer."""

    answer_id: AnswerId
    annotator_key: str
    role: Literal["student", "staff"]
    label: Label
    reason: str | None
    comment: str | None
    judge_visible: bool
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedReason:
    """Why staff should look at an answer, or should have."""

    answer_id: AnswerId
    reason: str
    given_at: datetime
    settled_at: datetime | None


async def freeze(conn: AsyncConnection) -> None:
    """Let this transaction, which has just begun, see one moment of the database, and change nothing."""
    await conn.execute("set transaction isolation level repeatable read, read only")


async def count(conn: AsyncConnection, *, course: CourseId, since: datetime | None) -> int:
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*) from questions
            where course_id = %(course)s and asked_at >= coalesce(%(since)s::timestamptz, '-infinity')
            """,
            {"course": course, "since": since},
        )
        return int(await cur.fetchone() or 0)


async def has_tries(conn: AsyncConnection, *, course: CourseId, since: datetime | None) -> bool:
    """Tell whether a further try at an answer is among the questions."""
    found = await conn.execute(
        """
        select from questions
        where course_id = %(course)s and again is not null
            and asked_at >= coalesce(%(since)s::timestamptz, '-infinity')
        limit 1
        """,
        {"course": course, "since": since},
    )
    return found.rowcount > 0


async def has_kinds(conn: AsyncConnection, *, course: CourseId, since: datetime | None) -> bool:
    """Tell whether one of the questions asked for more than an answer."""
    found = await conn.execute(
        """
        select from questions q join answers a on a.question_id = q.id and a.course_id = %(course)s
        where q.course_id = %(course)s and a.intent is not null
            and q.asked_at >= coalesce(%(since)s::timestamptz, '-infinity')
        limit 1
        """,
        {"course": course, "since": since},
    )
    return found.rowcount > 0


async def has_scopes(conn: AsyncConnection, *, course: CourseId, since: datetime | None) -> bool:
    """Tell whether one of the questions named lectures, or repeats one that did."""
    found = await conn.execute(
        """
        select from questions q
        where q.course_id = %(course)s and q.asked_at >= coalesce(%(since)s::timestamptz, '-infinity')
            and (q.everywhere or q.words_of is not null or exists (
                select from answers a join answer_scopes s on s.answer_id = a.id and s.course_id = %(course)s
                where a.question_id = q.id and a.course_id = %(course)s))
        limit 1
        """,
        {"course": course, "since": since},
    )
    return found.rowcount > 0


async def has_judged(conn: AsyncConnection, kind: JudgedFor, *, course: CourseId, since: datetime | None) -> bool:
    """Tell whether an answer to one of the questions has a judgement of *kind*."""
    found = await conn.execute(
        """
        select from judgements j
        join answers a on a.id = j.answer_id and a.course_id = %(course)s
        join questions q on q.id = a.question_id and q.course_id = %(course)s
        where j.course_id = %(course)s and j.kind = %(kind)s
            and q.asked_at >= coalesce(%(since)s::timestamptz, '-infinity')
        limit 1
        """,
        {"course": course, "kind": kind, "since": since},
    )
    return found.rowcount > 0


async def has_second_looks(conn: AsyncConnection, *, course: CourseId, since: datetime | None) -> bool:
    """Tell whether for an answer among the questions it was asked whether to have a second look at it."""
    found = await conn.execute(
        """
        select from second_looks k
        join answers a on a.id = k.answer_id and a.course_id = %(course)s
        join questions q on q.id = a.question_id and q.course_id = %(course)s
        where k.course_id = %(course)s and q.asked_at >= coalesce(%(since)s::timestamptz, '-infinity')
        limit 1
        """,
        {"course": course, "since": since},
    )
    return found.rowcount > 0


async def page(
    conn: AsyncConnection, *, course: CourseId, since: datetime | None, after: int, most: int
) -> list[ExportedQuestion]:
    """The next *most* questions whose ids are greater than *after*."""
    async with conn.cursor(row_factory=class_row(ExportedQuestion)) as cur:
        # From an id on and not by offset, so that the last page costs no more than the first.
        await cur.execute(
            """
            select q.id as question_id, q.source, q.asked_at, q.asker_key, q.language, l.slug as lecture, q.follows,
                q.again, q.words_of, q.everywhere, q.text as question, q.standalone, a.id as answer_id, a.outcome,
                a.text as answer, a.model, a.prompt_id,
                a.prompt_sha256, a.retrieval, g.model as embedding_model, a.latency_ms, a.tokens_in,
                a.tokens_out, a.answered_at, a.intent, a.further, n.kind as scope,
                coalesce(n.lectures, '{}') as scope_lectures, d.entry, coalesce(k.outcome, case
                    when not k.is_drawn then 'not_drawn' when k.opened_at is not null then 'open'
                    when k.is_drawn then 'waiting' end) as second_look, k.probability as second_look_probability
            from questions q
            left join lectures l on l.id = q.lecture_id and l.course_id = %(course)s
            left join answers a on a.question_id = q.id and a.course_id = %(course)s
            left join generations g on g.id = a.generation_id
            left join dossier_entries d on d.question_id = q.id and d.course_id = %(course)s
            left join second_looks k on k.answer_id = a.id and k.course_id = %(course)s
            left join lateral (
                select s.kind, array_agg(named.slug order by s.number) as lectures
                from answer_scopes s
                join lectures named on named.id = s.lecture_id and named.course_id = %(course)s
                where s.answer_id = a.id and s.course_id = %(course)s
                group by s.kind
            ) n on true
            where q.course_id = %(course)s and q.id > %(after)s
                and q.asked_at >= coalesce(%(since)s::timestamptz, '-infinity')
            order by q.id limit %(most)s
            """,
            {"course": course, "since": since, "after": after, "most": most},
        )
        return await cur.fetchall()


async def hits(conn: AsyncConnection, *, course: CourseId, answers: Sequence[AnswerId]) -> list[ExportedHit]:
    async with conn.cursor(row_factory=class_row(ExportedHit)) as cur:
        await cur.execute(
            """
            select h.answer_id, h.rank, h.segment_id, l.slug as lecture, l.title, l.video_url, l.duration_s,
                s.start_s, s.end_s, h.score, s.text
            from answer_hits h
            join segments s on s.id = h.segment_id and s.course_id = %(course)s
            join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
            where h.answer_id = any(%(answers)s) and h.course_id = %(course)s
            order by h.answer_id, h.rank
            """,
            {"course": course, "answers": list(answers)},
        )
        return await cur.fetchall()


async def references(
    conn: AsyncConnection, *, course: CourseId, answers: Sequence[AnswerId]
) -> list[ExportedReference]:
    async with conn.cursor(row_factory=class_row(ExportedReference)) as cur:
        await cur.execute(
            """
            select r.answer_id, r.number, r.segment_id, l.slug as lecture, l.title, r.start_s, r.end_s, r.url, r.quote
            from answer_references r
            join segments s on s.id = r.segment_id and s.course_id = %(course)s
            join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
            where r.answer_id = any(%(answers)s) and r.course_id = %(course)s
            order by r.answer_id, r.number
            """,
            {"course": course, "answers": list(answers)},
        )
        return await cur.fetchall()


async def judgements(
    conn: AsyncConnection, *, course: CourseId, answers: Sequence[AnswerId]
) -> list[ExportedJudgement]:
    """All judgements of each answer, the oldest first."""
    async with conn.cursor(row_factory=class_row(ExportedJudgement)) as cur:
        await cur.execute(
            """
            select id, answer_id, kind, status, score, abstention, criteria, evidence, label, settings_version,
                swayed, probability, model, prompt_id, prompt_sha256, judged_at, configuration_id,
                first_id, asked_for, spread, is_split
            from judgements where answer_id = any(%(answers)s) and course_id = %(course)s
            order by answer_id, id
            """,
            {"course": course, "answers": list(answers)},
        )
        return await cur.fetchall()


async def supports(
    conn: AsyncConnection, *, course: CourseId, judgements: Sequence[JudgementId]
) -> list[ExportedSupport]:
    async with conn.cursor(row_factory=class_row(ExportedSupport)) as cur:
        await cur.execute(
            """
            select judgement_id, number, support, quote, is_found
            from reference_judgements where judgement_id = any(%(judgements)s) and course_id = %(course)s
            order by judgement_id, number
            """,
            {"course": course, "judgements": list(judgements)},
        )
        return await cur.fetchall()


async def annotations(
    conn: AsyncConnection, *, course: CourseId, answers: Sequence[AnswerId]
) -> list[ExportedAnnotation]:
    async with conn.cursor(row_factory=class_row(ExportedAnnotation)) as cur:
        await cur.execute(
            """
            select answer_id, annotator_key, role, label, reason, comment, judge_visible, created_at, changed_at
            from annotations where answer_id = any(%(answers)s) and course_id = %(course)s
            order by answer_id, id
            """,
            {"course": course, "answers": list(answers)},
        )
        return await cur.fetchall()


async def reasons(conn: AsyncConnection, *, course: CourseId, answers: Sequence[AnswerId]) -> list[ExportedReason]:
    async with conn.cursor(row_factory=class_row(ExportedReason)) as cur:
        await cur.execute(
            """
            select i.answer_id, r.reason, r.given_at, i.settled_at
            from review_items i join review_reasons r on r.item_id = i.id
            where i.answer_id = any(%(answers)s) and i.course_id = %(course)s
            order by i.answer_id, r.given_at, r.reason
            """,
            {"course": course, "answers": list(answers)},
        )
        return await cur.fetchall()
