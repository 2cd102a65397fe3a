"""Judgements of answers, with the calls that they came from; rows are added and never changed."""

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from db.records import (
    Abstention,
    AnswerId,
    AskedFor,
    ConfigurationId,
    CourseId,
    JudgedFor,
    Judgement,
    JudgementId,
    JudgementStatus,
    Label,
    ModelCall,
    Purpose,
    ReferenceJudgement,
)


async def insert(
    conn: AsyncConnection,
    *,
    course: CourseId,
    answer: AnswerId,
    kind: JudgedFor,
    status: JudgementStatus,
    score: int | None,
    abstention: Abstention | None,
    criteria: str | None,
    evidence: str | None,
    label: Label | None,
    settings_version: int,
    swayed: bool,
    probability: float | None,
    model: str,
    prompt_id: str | None,
    prompt_sha256: str | None,
    configuration: ConfigurationId | None = None,
    first: JudgementId | None = None,
    asked_for: AskedFor | None = None,
    spread: int | None = None,
    is_split: bool | None = None,
) -> JudgementId:
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into judgements (answer_id, course_id, kind, status, score, abstention, criteria, evidence, label,
                settings_version, swayed, probability, model, prompt_id, prompt_sha256, configuration_id, first_id,
                asked_for, spread, is_split)
            values (%(answer)s, %(course)s, %(kind)s, %(status)s, %(score)s, %(abstention)s, %(criteria)s,
                %(evidence)s, %(label)s, %(settings_version)s, %(swayed)s, %(probability)s, %(model)s, %(prompt_id)s,
                %(prompt_sha256)s, %(configuration)s, %(first)s, %(asked_for)s, %(spread)s,
                %(is_split)s)
            returning id
            """,
            {
                "answer": answer,
                "course": course,
                "kind": kind,
                "status": status,
                "score": score,
                "abstention": abstention,
                "criteria": criteria,
                "evidence": evidence,
                "label": label,
                "settings_version": settings_version,
                "swayed": swayed,
                "probability": probability,
                "model": model,
                "prompt_id": prompt_id,
                "prompt_sha256": prompt_sha256,
                "configuration": configuration,
                "first": first,
                "asked_for": asked_for,
                "spread": spread,
                "is_split": is_split,
            },
        )
        return JudgementId(int(await cur.fetchone() or 0))


async def insert_references(
    conn: AsyncConnection, *, course: CourseId, judgement: JudgementId, judged: Sequence[ReferenceJudgement]
) -> None:
    await conn.execute(
        """
        insert into reference_judgements (judgement_id, course_id, number, support, quote, is_found)
        select %(judgement)s, %(course)s, * from unnest(
            %(numbers)s::int[], %(supports)s::text[], %(quotes)s::text[], %(found)s::bool[])
        """,
        {
            "judgement": judgement,
            "course": course,
            "numbers": [one.number for one in judged],
            "supports": [one.support for one in judged],
            "quotes": [one.quote for one in judged],
            "found": [one.is_found for one in judged],
        },
    )


async def insert_call(
    conn: AsyncConnection,
    *,
    course: CourseId,
    answer: AnswerId,
    judgement: JudgementId | None,
    kind: JudgedFor,
    call: ModelCall,
    purpose: Purpose = "judgement",
) -> None:
    await conn.execute(
        """
        insert into model_calls (answer_id, course_id, judgement_id, kind, model_asked, model, prompt_id,
            prompt_sha256, parameters, output, tokens_in, tokens_out, latency_ms, status, detail, purpose)
        values (%(answer)s, %(course)s, %(judgement)s, %(kind)s, %(model_asked)s, %(model)s, %(prompt_id)s,
            %(prompt_sha256)s, %(parameters)s, %(output)s, %(tokens_in)s, %(tokens_out)s, %(latency_ms)s, %(status)s,
            %(detail)s, %(purpose)s)
        """,
        {
            "answer": answer,
            "course": course,
            "judgement": judgement,
            "kind": kind,
            "model_asked": call.model_asked,
            "model": call.model,
            "prompt_id": call.prompt_id,
            "prompt_sha256": call.prompt_sha256,
            "parameters": Jsonb(call.parameters),
            "output": call.output,
            "tokens_in": call.tokens_in,
            "tokens_out": call.tokens_out,
            "latency_ms": call.latency_ms,
            "status": call.status,
            "detail": call.detail,
            "purpose": purpose,
        },
    )


async def latest(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, kind: JudgedFor) -> Judgement | None:
    """The judgement that counts: the last one."""
    async with conn.cursor(row_factory=class_row(Judgement)) as cur:
        await cur.execute(
            """
            select id, answer_id, kind, status, score, abstention, criteria, evidence, label, settings_version,
                swayed, probability, model, prompt_id, judged_at, configuration_id, first_id, asked_for, spread,
                is_split
            from judgements
            where answer_id = %(answer)s and course_id = %(course)s and kind = %(kind)s
            order by id desc limit 1
            """,
            {"answer": answer, "course": course, "kind": kind},
        )
        return await cur.fetchone()


async def references(conn: AsyncConnection, *, course: CourseId, judgement: JudgementId) -> list[ReferenceJudgement]:
    """What was judged of each reference, by number."""
    async with conn.cursor(row_factory=class_row(ReferenceJudgement)) as cur:
        await cur.execute(
            """
            select number, support, quote, is_found from reference_judgements
            where judgement_id = %(judgement)s and course_id = %(course)s order by number
            """,
            {"judgement": judgement, "course": course},
        )
        return await cur.fetchall()
