"""Gather what the judge is shown and judges by for one job, and find that it is no longer wanted."""

from dataclasses import dataclass, replace

from psycopg import AsyncConnection

from db import annotations, answers, judge_settings, judgements, questions
from db.records import (
    Again,
    AnswerId,
    AskedFor,
    ConfigurationId,
    CourseId,
    Job,
    JudgedFor,
    Judgement,
    JudgeSettings,
)
from services.judging import learned, seconding
from services.judging.examples import Lesson
from services.judging.verdicts import OF_ANSWERS, Case

WISHES: dict[Again, str] = {
    "simpler": "asked once more, for simpler words",
    "example": "asked once more, for an example from the lectures; passages without one do not answer it",
    "other": "asked once more, for another moment of the lectures than before",
}
"""What the judge is told of another try, so that its answer is compared with what was wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What one job is judged by."""

    case: Case
    settings: JudgeSettings
    lesson: Lesson | None = None
    first: Judgement | None = None  # that a second opinion is held against; None: the job is of another kind
    asked_for: AskedFor | None = None  # as above

    @property
    def configuration(self) -> ConfigurationId | None:
        return self.lesson.configuration if self.lesson else None


async def brief(conn: AsyncConnection, job: Job, model: str) -> Brief | None:
    """Return what *job* is judged by with *model*; None: its answer was deleted, or its cause has gone."""
    found = await case(conn, course=job.course_id, answer=job.answer_id, kind=job.kind)
    settings = await judge_settings.current(conn, job.course_id)
    if found is None:
        return None
    if job.kind == "second":
        return await _seconding(conn, job, Brief(case=found, settings=settings))
    taught = job.kind == "relevance"
    lesson = await learned.in_use(conn, job.course_id, model, settings) if taught else None
    return Brief(case=found, settings=settings, lesson=lesson)


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


async def case(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, kind: JudgedFor) -> Case | None:
    """Return what the judge may need to see, or None where the answer was deleted."""
    exchange = await questions.exchange(conn, course=course, answer=answer)
    if exchange is None:
        return None
    # Relevance is between question and answer; the passages, which are long, are for the others.
    with_passages = kind not in OF_ANSWERS
    return Case(
        question=exchange.question + (f" ({WISHES[exchange.again]})" if exchange.again else ""),
        text=exchange.answer,
        references=tuple(await answers.references(conn, course=course, answer=answer)) if with_passages else (),
        hits=tuple(await answers.hits(conn, course=course, answer=answer)) if with_passages else (),
        root=exchange.root,
    )
