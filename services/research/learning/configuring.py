"""Make a judge configuration from answers that staff have labelled, and from none that it will be tested on."""

from collections.abc import Sequence

from psycopg import AsyncConnection

from db import judge_configurations, judge_labels
from db.records import AnswerId, ConfigurationId, Course, JudgeSettings
from services.errors import Refused
from services.judging.examples import PROMPT, Example, Lesson, prompt_sha256, speaks_to_a_judge
from services.research.learning.choosing import example_of
from services.research.learning.halves import halves

UNDECIDED = "its run did not end"


async def add(
    conn: AsyncConnection, course: Course, model: str, answers: Sequence[AnswerId], settings: JudgeSettings
) -> Lesson:
    """
    Store a configuration with *answers* as its examples, not shipped, and return its lesson.

    The one way to make one. Labels, texts and halves are read here, whatever a caller believes them to be.

    Raises:
        Refused: one of them belongs to the test half, speaks to the judge, or has no label that staff agree on.

    """
    parted = await halves(conn, course.id)
    known = {one.answer_id: one for one in await judge_labels.by_staff(conn, course.id)}
    examples = list[Example]()
    for answer in answers:
        example = example_of(known[answer]) if answer in known else None
        if example is None or example.label not in settings.labels:
            raise Refused(f"The answer {answer} is no example: it has no label of staff that a score stands for.")
        if parted.of(example.root) != "development":
            raise Refused(
                f"The answer {answer} belongs to the test half and can be no example; choose from development."
            )
        if speaks_to_a_judge(example):
            raise Refused(f"The answer {answer} is no example: it speaks to the judge.")
        examples.append(example)
    lesson = Lesson(labels=settings.labels, examples=tuple(examples))
    stored = await judge_configurations.add(
        conn,
        course=course.id,
        model=model,
        prompt_id=PROMPT,
        prompt_sha256=prompt_sha256(),
        sha256=lesson.sha256(model),
        examples=[(one.answer, one.label) for one in examples],
        reason=UNDECIDED,
    )
    return Lesson(labels=lesson.labels, examples=lesson.examples, configuration=ConfigurationId(stored))


async def require_new(conn: AsyncConnection, course: Course, model: str, lesson: Lesson) -> None:
    """
    Refuse a configuration that was tested before: tested again and again, chance alone would let it pass one day.

    Raises:
        Refused: what came of it is known.

    """
    sha256 = lesson.sha256(model)
    for one in await judge_configurations.of_course(conn, course.id):
        if one.sha256 == sha256 and one.reason != UNDECIDED:
            raise Refused(
                f"These examples were tested already (configuration {one.id}: {one.reason}); label more answers first."
            )
