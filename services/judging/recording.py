"""Store what the judge found, with the calls that it took and the flags that follow, in the caller's transaction."""

from collections.abc import Iterable
from random import SystemRandom

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import judge_spending, judgements, reviews, second_opinions
from db.records import (
    CourseId,
    Job,
    JudgedFor,
    Judgement,
    JudgementId,
    JudgeSettings,
    ModelCall,
    Purpose,
)
from services.judging import flags, seconding
from services.judging.briefs import Brief
from services.judging.judge import Opinion, counted
from services.judging.verdicts import OF_ANSWERS

CHANCE = SystemRandom()
ASIDE: dict[JudgedFor, Purpose] = {"second": "second", "context": "context"}
"""What is judged beside answers has a purpose of its own among the calls."""


async def judgement(conn: AsyncConnection, job: Job, opinion: Opinion, brief: Brief, *, model: str) -> None:
    """Store the judgement that ends *job*, its calls, and the flags; `answers.lock` must be held."""
    verdict, settings, first = opinion.verdict, brief.settings, brief.first
    beside = seconding.beside(first, verdict.score, settings)
    prompt = opinion.calls[-1] if opinion.calls else None
    stored = await judgements.insert(
        conn,
        course=job.course_id,
        answer=job.answer_id,
        kind=job.kind,
        status=opinion.status,
        score=verdict.score,
        abstention=verdict.abstention,
        criteria=verdict.criteria,
        evidence=verdict.evidence,
        label=settings.labels[verdict.score] if verdict.score is not None and job.kind in OF_ANSWERS else None,
        settings_version=settings.version,
        swayed=opinion.swayed,
        probability=job.probability,
        model=model,
        prompt_id=prompt and prompt.prompt_id,
        prompt_sha256=prompt and prompt.prompt_sha256,
        configuration=brief.configuration,
        first=first and first.id,
        asked_for=brief.asked_for,
        spread=beside and beside.spread,
        is_split=beside and beside.is_split,
    )
    if verdict.references:
        await judgements.insert_references(conn, course=job.course_id, judgement=stored, judged=verdict.references)
    await calls(conn, job, opinion.calls, judgement=stored)
    reasons = flags.given_by(job.kind, opinion.verdict, settings, swayed=opinion.swayed)
    is_good = verdict.score is not None and not reasons
    if first and beside and beside.is_split and not await _is_seen(conn, job, first):
        reasons |= {"split_opinion"}
    # A judge that comes late, or judges anew, has nothing to say that would be worth a second card.
    is_settled = await reviews.is_settled(conn, course=job.course_id, answer=job.answer_id)
    called_for = frozenset[str]() if is_settled else reasons
    await flags.by_judge(conn, course=job.course_id, answer=job.answer_id, kind=job.kind, reasons=called_for)
    if job.kind == "relevance":
        await _after_relevance(conn, job, verdict.score, settings, is_good=is_good and not is_settled)


async def _is_seen(conn: AsyncConnection, job: Job, first: Judgement) -> bool:
    """Tell whether staff have looked at the answer since its first judgement: a second one calls nobody any more."""
    return await second_opinions.is_seen_by_staff(conn, course=job.course_id, answer=job.answer_id, first=first.id)


async def _after_relevance(
    conn: AsyncConnection, job: Job, score: int | None, settings: JudgeSettings, *, is_good: bool
) -> None:
    votes = await flags.by_votes(conn, course=job.course_id, answer=job.answer_id)
    # What an older judgement was split from is no longer what counts.
    await flags.by_judge(conn, course=job.course_id, answer=job.answer_id, kind="second", reasons=())
    await seconding.after_judgement(conn, job, score, votes, settings)
    if is_good and CHANCE.random() < settings.audit_share:
        await reviews.flag(conn, course=job.course_id, answer=job.answer_id, reason="audit")


async def calls(
    conn: AsyncConnection, job: Job, made: Iterable[ModelCall], *, judgement: JudgementId | None = None
) -> None:
    """Store the calls, those that led to no judgement too."""
    for call in made:
        await judgements.insert_call(
            conn,
            course=job.course_id,
            answer=job.answer_id,
            judgement=judgement,
            kind=job.kind,
            call=call,
            purpose=ASIDE.get(job.kind, "judgement"),
        )


class Purse:
    """
    Reserves a judgement's share of the course's daily tokens call by call, and later gives back what was too much.

    Every judgement of a course changes the same row, so each change is a short transaction of its own, and a course
    without a limit has none.
    """

    def __init__(self, pool: AsyncConnectionPool, course: CourseId, settings: JudgeSettings) -> None:
        self._pool = pool
        self._course = course
        self._most = settings.daily_tokens
        self._reserved: list[int] = []

    async def reserve(self, tokens: int) -> bool:
        """Count *tokens* as spent, and return whether the day has so many left."""
        if self._most is None:
            return True
        async with self._pool.connection() as conn:
            reserved = await judge_spending.reserve(conn, course=self._course, tokens=tokens, most=self._most)
        if reserved:
            self._reserved.append(tokens)
        return reserved

    async def settle(self, made: Iterable[ModelCall]) -> None:
        """Count what the calls have cost instead of what was reserved for them."""
        if not self._reserved:
            return
        spent = sum(_spent(call, reserved) for call, reserved in zip(made, self._reserved, strict=False))
        async with self._pool.connection() as conn:
            await judge_spending.settle(conn, course=self._course, reserved=sum(self._reserved), spent=spent)


def _spent(call: ModelCall, reserved: int) -> int:
    """What a call cost: as the server counted; where it did not, what was reserved, unless there was no reply."""
    return counted([call]) or (reserved if call.output or call.status == "timeout" else 0)
