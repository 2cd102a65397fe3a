"""Store an answer with its passages, its references and what follows from them."""

import asyncio
import logging
import time
from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import answers, course_settings, questions, reviews, scopes, verified
from db.records import Answer, AnswerScope, Outcome
from services.answering.again import Why, refused, withdrawn
from services.answering.asked import Question
from services.answering.replies import Reply, reply_to
from services.answering.scoping.reading import recorded_as
from services.answering.writing import UNCITED, Written
from services.errors import Refused
from services.judging.promise import promise

log = logging.getLogger(__name__)

STORE_LIMIT_S = 10.0
"""For the transaction at the end, beyond the time limit of the answer: what was written must not be lost."""


async def store(
    pool: AsyncConnectionPool, question: Question, written: Written, began: float, *, is_judged: bool
) -> Reply | Refused:
    """
    Store answer, passages, references and what follows from them in one transaction; who was first counts.

    Of another try whose answer does not take it any more nothing is stored, and the refusal returned.
    """
    course = question.course.id
    scope = recorded_as(question.scope)
    async with asyncio.timeout(STORE_LIMIT_S), pool.connection() as conn:
        if question.again and (why := await refused(conn, course, question.follows, question.again)):
            return await _withdrawn(conn, question, why)
        # Looked at now: staff may have begun to hold answers while this one was written.
        holds = await course_settings.holds_now(conn, course) if question.showing else ()
        # The question before words of staff, as whoever deletes both.
        await questions.lock(conn, course=course, question=question.id)
        if written.verified:
            # Held until all is stored, so that nobody retires or changes the words that are being repeated.
            await verified.lock(conn, course=course, verified=written.verified)
        if written.standalone:
            await questions.understood_as(conn, course=course, question=question.id, standalone=written.standalone)
        answer = await answers.insert(
            conn,
            question=question.id,
            course=course,
            outcome=written.outcome,
            text=written.text,
            failure=written.failure,
            retrieval=written.found.mode,
            generation=written.found.generation_id,
            model=written.model,
            prompt_id=written.prompt and written.prompt.id,
            prompt_sha256=written.prompt and written.prompt.sha256,
            tokens_in=written.tokens_in,
            tokens_out=written.tokens_out,
            latency_ms=round((time.monotonic() - began) * 1000),
            held="waiting" if _is_held(written, scope, holds) else "no",
            intent=written.intent,
            further=written.further,
        )
        # Somebody else has answered it, as after a lease that ran out: their answer is the one.
        if answer is None:
            reply = await reply_to(conn, course, question.id, question.text, question.showing)
            assert reply is not None  # noqa: S101 - the insert met this very answer
            return reply
        await answers.insert_hits(conn, answer=answer.id, course=course, hits=written.found.hits)
        await answers.insert_references(conn, answer=answer.id, course=course, references=written.references)
        await _keep_scope(conn, question, answer)
        # Who is asked back which lecture is meant has no answer yet that a judge could weigh.
        is_weighed = is_judged and (scope is None or scope.kind == "within")
        await _follow_up(conn, question, written, answer, is_judged=is_weighed)
        reply = await reply_to(conn, course, question.id, question.text, question.showing)
    log.info(
        "answer.stored",
        extra={"answer_id": answer.id, "outcome": answer.outcome, "latency_ms": answer.latency_ms},
    )
    assert reply is not None  # noqa: S101 - it was stored above
    return reply


async def _keep_scope(conn: AsyncConnection, question: Question, answer: Answer) -> None:
    if scope := recorded_as(question.scope):
        ids = [lecture.id for lecture in scope.lectures]
        await scopes.insert(conn, answer=answer.id, course=question.course.id, kind=scope.kind, lectures=ids)


async def _withdrawn(conn: AsyncConnection, question: Question, why: Why) -> Reply | Refused:
    """Let go of another try, unless somebody else has answered it before its answer changed."""
    course = question.course.id
    if reply := await reply_to(conn, course, question.id, question.text, question.showing):
        return reply
    await questions.withdraw(conn, course=course, question=question.id)
    return withdrawn(why, question.reads)


def _is_held(written: Written, scope: AnswerScope | None, holds: Sequence[Outcome]) -> bool:
    """Tell whether staff look at an answer first: not at one that only asks which lecture is meant."""
    return written.outcome in holds and not written.verified and (scope is None or scope.kind == "within")


async def _follow_up(
    conn: AsyncConnection, question: Question, written: Written, answer: Answer, *, is_judged: bool
) -> None:
    """Do what an answer gives reason for, in its transaction."""
    course = question.course.id
    for used in written.evidence:
        await verified.used(conn, course=course, answer=answer.id, verified=used, way="evidence")
    if written.verified:
        await verified.used(conn, course=course, answer=answer.id, verified=written.verified, way="shown")
    elif is_judged:
        # The words of staff are not for a model to judge.
        await promise(conn, course=course, answer=answer.id)
    if written.failure == UNCITED:
        await reviews.flag(conn, course=course, answer=answer.id, reason="uncited")
    if answer.held == "waiting":
        await reviews.flag(conn, course=course, answer=answer.id, reason="held")
