"""Ask the judge about labelled answers, by the configuration in use and by a new one, inside the course's budget."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from db.records import AnswerId, Course, JudgeSettings, Label
from services.judging import briefs
from services.judging.aside import Inquiry
from services.judging.examples import Lesson
from services.judging.judge import Judge, Opinion, counted
from services.research.learning.halves import Half

Work = tuple[AnswerId, Label, Half]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedAnswer:
    """One labelled answer, as the judge sees it by the configuration in use and by the new one."""

    label: Label
    half: Half
    before: Opinion | None  # None: on development nobody needs it
    after: Opinion

    @property
    def tokens(self) -> int:
        """What it cost, as far as the server counted."""
        calls = (*(self.before.calls if self.before else ()), *self.after.calls)
        return counted(calls)


class Trial:
    """Two configurations of one judge on one course's answers; no judgement of any answer changes by it."""

    def __init__(
        self, pool: AsyncConnectionPool, judge: Judge, course: Course, settings: JudgeSettings, before: Lesson | None,
        after: Lesson,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._course = course
        self._aside = Inquiry(pool, judge, course, settings, "learning")
        self._before, self._after = before, after

    async def of(self, work: Sequence[Work]) -> list[TriedAnswer]:
        """
        Ask about these answers at the same time; what was deleted meanwhile is left out.

        Raises:
            Refused: the day's budget is spent.
            Unavailable: the model cannot be reached.

        """
        came = await asyncio.gather(*(self._one(*one) for one in work), return_exceptions=True)
        for one in came:
            if isinstance(one, BaseException):
                raise one
        return [one for one in came if isinstance(one, TriedAnswer)]

    async def _one(self, answer: AnswerId, label: Label, half: Half) -> TriedAnswer | None:
        before = await self._judged(answer, self._before) if half == "test" else None
        after = await self._judged(answer, self._after)
        if after is None or (half == "test" and before is None):
            return None
        return TriedAnswer(label=label, half=half, before=before, after=after)

    async def _judged(self, answer: AnswerId, lesson: Lesson | None) -> Opinion | None:
        async with self._pool.connection() as conn:
            case = await briefs.case(conn, course=self._course.id, answer=answer, kind="relevance")
        return await self._aside.ask(answer, "relevance", case, lesson) if case else None
