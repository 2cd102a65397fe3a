"""Ask the judge something that changes no judgement, inside the course's budget, with its calls kept."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from psycopg_pool import AsyncConnectionPool

from db import answers, judgements
from db.records import AnswerId, Course, JudgedFor, JudgeSettings, ModelCall, Purpose
from services.errors import Refused, Unavailable
from services.judging.examples import Lesson
from services.judging.judge import Judge, Opinion, Spend
from services.judging.recording import Purse
from services.judging.tasks import Task
from services.judging.verdicts import Case
from services.models.troubles import EVERYBODYS

SPENT: dict[Purpose, str] = {
    "judgement": "The judge's budget of the day is spent; ask again tomorrow, or raise it by `course judge`.",
    "learning": "The judge's budget of the day is spent; learn again tomorrow, or raise it by `course judge`.",
    "canary": "Canaries stop at half of the judge's budget of the day, and that half is spent; ask again tomorrow, or "
    "raise the budget by `course judge`.",
}
"""What is said where nothing is left for a purpose."""


class Inquiry:
    """One judge, asked for one purpose about one course's answers."""

    def __init__(
        self, pool: AsyncConnectionPool, judge: Judge, course: Course, settings: JudgeSettings, purpose: Purpose
    ) -> None:
        self._pool = pool
        self._judge = judge
        self._course = course
        self._settings = settings
        self._purpose: Purpose = purpose

    async def ask(self, answer: AnswerId, kind: JudgedFor, case: Case, lesson: Lesson | None = None) -> Opinion:
        """
        Return what the judge says of *case*, which is made of *answer*.

        Raises:
            Refused: the day has no tokens left for this purpose.
            Unavailable: the model cannot be reached.

        """
        opinion = await self._paid(lambda spend: self._judge.judge(kind, case, spend, lesson))
        await self._keep(answer, kind, opinion.calls)
        return self._told(opinion)

    async def distil(self, answer: AnswerId, task: Task) -> Opinion:
        """
        Return what the judge makes of many answers, of which *answer*, whose row keeps the calls, is one.

        What it wrote is not kept with the calls, for it is of other answers too, which may be deleted before that one.

        Raises:
            Refused: the day has no tokens left for this purpose.
            Unavailable: the model cannot be reached.

        """
        opinion = await self._paid(lambda spend: self._judge.ask(task, spend))
        await self._keep(answer, "relevance", [replace(call, output=call.output and "") for call in opinion.calls])
        return self._told(opinion)

    async def _paid(self, asking: Callable[[Spend], Awaitable[Opinion]]) -> Opinion:
        purse = Purse(self._pool, self._course.id, self._settings)
        # No connection is held meanwhile, as in the worker.
        opinion = await asking(purse.reserve)
        await purse.settle(opinion.calls)
        return opinion

    def _told(self, opinion: Opinion) -> Opinion:
        if opinion.status == "budget_skipped":
            raise Refused(SPENT[self._purpose])
        if opinion.trouble in EVERYBODYS:
            raise Unavailable(opinion.detail or "The judge's model cannot be asked now; try again later.")
        return opinion

    async def _keep(self, answer: AnswerId, kind: JudgedFor, calls: Iterable[ModelCall]) -> None:
        async with self._pool.connection() as conn:
            if not await answers.lock(conn, course=self._course.id, answer=answer):
                return
            for call in calls:
                await judgements.insert_call(
                    conn,
                    course=self._course.id,
                    answer=answer,
                    judgement=None,
                    kind=kind,
                    call=call,
                    purpose=self._purpose,
                )
