"""Make a judge configuration from answers that staff have labelled, and from none that it will be tested on."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import answers as answered
from db import judge_configurations, judge_labels
from db.records import AnswerId, ConfigurationId, Course, JudgeSettings, RulesId
from db.records.learning import LabelledAnswer
from services import prompts
from services.errors import Refused
from services.judging.examples import Example, Lesson, speaks_to_a_judge
from services.research.learning import ruling
from services.research.learning.choosing import example_of
from services.research.learning.halves import Halves, halves

UNDECIDED = "its run did not end"
RENAMED = "the server changed its model while it was tested"
"""Reasons that say nothing of what was tested: it may be tested again."""


@asynccontextmanager
async def alone(pool: AsyncConnectionPool, course: Course) -> AsyncGenerator[None, None]:
    """Be the only one that learns in *course*; the lock goes with the session, also where the process is killed."""
    async with pool.connection() as conn:
        if not await judge_configurations.try_lock(conn, course.id):
            raise Refused(f"The judge of {course.slug!r} is learning already; wait until that run has ended.")
        await conn.commit()  # the lock is the session's: no transaction stays open for minutes
        try:
            yield
        finally:
            await judge_configurations.unlock(conn, course.id)


async def add(
    conn: AsyncConnection,
    course: Course,
    model: str,
    answers: Sequence[AnswerId],
    settings: JudgeSettings,
    rules: RulesId | None = None,
) -> Lesson:
    """
    Store a configuration with *answers* as its examples, and with stored *rules*, not shipped; return its lesson.

    The one way to make one. Labels, texts and halves are read here, whatever a caller believes them to be.

    Raises:
        Refused: an example, or an answer that the rules came from, belongs to the test half; an example speaks to the
            judge, or has no label that staff agree on; or the rules are no longer what they were.

    """
    # Whoever labels an answer locks it too: no label can change between being read here and being watched.
    for answer in sorted(set(answers)):
        await answered.lock(conn, course=course.id, answer=answer)
    parted = await halves(conn, course.id)
    known = {one.answer_id: one for one in await judge_labels.by_staff(conn, course.id)}
    kept = await ruling.usable(conn, course, rules) if rules else None
    if kept:
        ruling.require_development(parted, known, kept.answers)
    lesson = Lesson(
        labels=settings.labels,
        examples=tuple(_example(answer, known, parted, settings) for answer in answers),
        rules=tuple(kept.rules) if kept else (),
    )
    stored = await judge_configurations.add(
        conn,
        course=course.id,
        model=model,
        prompt_id=lesson.prompt_id,
        prompt_sha256=prompts.load(lesson.prompt_id).sha256,
        sha256=lesson.sha256(model),
        examples=[(one.answer, one.label) for one in lesson.examples],
        rules=rules,
        reason=UNDECIDED,
    )
    return Lesson(
        labels=lesson.labels, examples=lesson.examples, rules=lesson.rules, configuration=ConfigurationId(stored)
    )


async def require_new(conn: AsyncConnection, course: Course, model: str, lesson: Lesson) -> None:
    """
    Refuse a configuration that was tested before: tested again and again, chance alone would let it pass one day.

    Raises:
        Refused: what came of it is known.

    """
    sha256 = lesson.sha256(model)
    what = "examples and rules" if lesson.rules and lesson.examples else "rules" if lesson.rules else "examples"
    for one in await judge_configurations.of_course(conn, course.id):
        if one.sha256 == sha256 and not one.reason.startswith((UNDECIDED, RENAMED)):
            raise Refused(
                f"These {what} were tested already (configuration {one.id}: {one.reason}); label more answers first."
            )


def _example(
    answer: AnswerId, known: Mapping[AnswerId, LabelledAnswer], parted: Halves, settings: JudgeSettings
) -> Example:
    example = example_of(known[answer]) if answer in known else None
    if example is None or example.label not in settings.labels:
        raise Refused(f"The answer {answer} is no example: it has no label of staff that a score stands for.")
    if parted.of(example.root) != "development":
        raise Refused(f"The answer {answer} belongs to the test half and can be no example; choose from development.")
    if speaks_to_a_judge(example):
        raise Refused(f"The answer {answer} is no example: it speaks to the judge.")
    return example
