"""Show and change how a course's answers are judged and flagged."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from psycopg_pool import AsyncConnectionPool

from db import judge_settings
from db.records import Course, JudgeSettings, Label
from services.errors import Refused


class CourseJudging:
    """The versions of what each course has set for its judge."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def of(self, course: Course) -> JudgeSettings:
        async with self._pool.connection() as conn:
            return await judge_settings.current(conn, course.id)

    async def change(self, course: Course, changes: Mapping[str, Any]) -> JudgeSettings:
        """
        Make *changes*, fields of `JudgeSettings` to their values, a new version, unless they change nothing.

        Raises:
            Refused: a share is no share, or a threshold or a budget is out of its range.

        """
        async with self._pool.connection() as conn:
            before = await judge_settings.current(conn, course.id)
            after = replace(before, **changes)
            _require_sense(after)
            if after == before:
                return before
            return replace(after, version=await judge_settings.add(conn, course.id, after))


def labels(letters: str) -> tuple[Label, Label, Label, Label]:
    """
    Read the labels of the scores 0 to 3.

    >>> labels("iipc")
    ('I', 'I', 'P', 'C')

    Raises:
        Refused: there are not four, or others than C, P and I, or a higher score would be worse.

    """
    read = tuple(letters.upper())
    worth = ["IPC".find(letter) for letter in read]
    if len(read) != 4 or -1 in worth or worth != sorted(worth):
        raise Refused(
            f"The labels {letters!r} are no map of the scores 0, 1, 2, 3; write four of I, P and C, the worst first, "
            "such as IIPC."
        )
    return cast("tuple[Label, Label, Label, Label]", read)


def _require_sense(settings: JudgeSettings) -> None:
    shares = {
        "judged": settings.judge_share,
        "audited": settings.audit_share,
        "judged for their passages": settings.context_share,
        "labelled twice": settings.second_share,
        "heard a second opinion on": settings.second_opinion_share,
    }
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise Refused(f"The share {share:g} of answers to be {name} is none; write one from 0 to 1, such as 0.2.")
    if not 0 <= settings.flag_below <= 4:
        raise Refused(f"No score is below {settings.flag_below} only; write 0 (flag none) to 4 (flag all).")
    if settings.daily_tokens is not None and not 0 <= settings.daily_tokens < 2**62:
        raise Refused(f"The budget {settings.daily_tokens} is none; write tokens a day, or `none`.")
