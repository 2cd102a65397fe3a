"""Gather what is needed to judge one job, and find that it is no longer wanted."""

from dataclasses import replace

from psycopg import AsyncConnection

from db import annotations, answers, judge_settings, judgements
from db.records import Job
from services.judging import learned, recording, seconding
from services.judging.recording import Brief


async def brief(conn: AsyncConnection, job: Job, model: str) -> Brief | None:
    """Return what *job* is judged by with *model*; None: its answer was deleted, or its cause has gone."""
    case = await recording.case(conn, course=job.course_id, answer=job.answer_id, kind=job.kind)
    settings = await judge_settings.current(conn, job.course_id)
    if case is None:
        return None
    if job.kind == "second":
        return await _seconding(conn, job, Brief(case=case, settings=settings))
    taught = job.kind == "relevance"
    lesson = await learned.in_use(conn, job.course_id, model, settings) if taught else None
    return Brief(case=case, settings=settings, lesson=lesson)


async def _seconding(conn: AsyncConnection, job: Job, found: Brief) -> Brief | None:
    """Add the judgement that a second opinion stands beside, unless nothing asks for one any more."""
    # With the lock, so that no vote comes between finding that nothing asks for one and ending the job.
    await answers.lock(conn, course=job.course_id, answer=job.answer_id)
    first = await judgements.latest(conn, course=job.course_id, answer=job.answer_id, kind="relevance")
    votes = await annotations.votes(conn, course=job.course_id, answer=job.answer_id)
    if first is None:
        return None
    # By the rules and votes of now: since it was promised, a vote may have been withdrawn or the threshold moved.
    why = seconding.wanted(first, votes, found.settings, probability=job.probability)
    return replace(found, first=first, asked_for=why) if why else None
