"""Which examples of staff's labels, and which rules, the judge of a course is shown now."""

import logging

from psycopg import AsyncConnection

from db import judge_configurations
from db.records import CourseId, JudgeSettings
from db.records.learning import ExampleInUse
from services.judging.examples import PROMPT, RULES_PROMPT, Example, Lesson, why

log = logging.getLogger(__name__)


async def in_use(conn: AsyncConnection, course: CourseId, model: str, settings: JudgeSettings) -> Lesson | None:
    """
    Return the lesson of the configuration in use with *model*, or None: then the judge goes by the prompt alone.

    One that says anything else than when it was tested, for a comment was edited or the scores have other labels, is
    no longer what was tested.
    """
    used = await judge_configurations.in_use(conn, course=course, model=model, prompts=(PROMPT, RULES_PROMPT))
    if used is None:
        return None
    rows = await judge_configurations.examples(conn, course=course, configuration=used.id)
    lesson = Lesson(
        labels=settings.labels,
        examples=tuple(map(_example, rows)),
        rules=tuple(used.rules),
        configuration=used.id,
    )
    if lesson.sha256(model) == used.sha256:
        return lesson
    await judge_configurations.outdate(
        conn, course=course, configuration=used.id, reason="what an example says has changed"
    )
    log.warning("judge.configuration_stale", extra={"configuration_id": used.id})
    return None


def _example(row: ExampleInUse) -> Example:
    return Example(
        answer=row.answer_id,
        question=row.question,
        root=row.root,
        text=row.text,
        label=row.label,
        why=why(row.label, row.comment, row.correction),
    )
