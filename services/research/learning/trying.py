"""Ask the judge about labelled answers, by the configuration in use and by a new one, inside the course's budget."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from db import answers, judgements
from db.records import AnswerId, Course, JudgeSettings, Label
from services.errors import Refused, Unavailable
from services.judging import recording
from services.judging.examples import Lesson
from services.judging.judge import EVERYBODYS, Judge, Opinion
from services.judging.recording import Purse
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
        return sum((call.tokens_in or 0) + (call.tokens_out or 0) for call in calls)


class Trial:
    """Two configurations of one judge on one course's answers; no judgement of any answer changes by it."""

    def __init__(
        self, pool: AsyncConnectionPool, judge: Judge, course: Course, settings: JudgeSettings, before: Lesson | None,
        after: Lesson,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._judge = judge
        self._course = course
        self._settings = settings
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
            case = await recording.case(conn, course=self._course.id, answer=answer, kind="relevance")
        if case is None:
            return None
        purse = Purse(self._pool, self._course.id, self._settings)
        # No connection is held meanwhile, as in the worker.
        opinion = await self._judge.judge("relevance", case, purse.reserve, lesson)
        await purse.settle(opinion.calls)
        await self._keep(answer, opinion)
        if opinion.status == "budget_skipped":
            raise Refused("The judge's budget of the day is spent; learn tomorrow, or raise it by `course judge`.")
        if opinion.trouble in EVERYBODYS:
            raise Unavailable(opinion.detail or "The judge's model cannot be asked now; try again later.")
        return opinion

    async def _keep(self, answer: AnswerId, opinion: Opinion) -> None:
        async with self._pool.connection() as conn:
            if not await answers.lock(conn, course=self._course.id, answer=answer):
                return
            for call in opinion.calls:
                await judgements.insert_call(
                    conn,
                    course=self._course.id,
                    answer=answer,
                    judgement=None,
                    kind="relevance",
                    call=call,
                    purpose="learning",
                )
