"""Ask the judge something that changes no judgement, inside the course's budget, with its calls kept."""

from dataclasses import replace

from psycopg_pool import AsyncConnectionPool

from db import answers, judgements
from db.records import AnswerId, Course, JudgedFor, JudgeSettings, Purpose
from services.errors import Refused, Unavailable
from services.judging.examples import Lesson
from services.judging.judge import Judge, Opinion
from services.judging.recording import Purse
from services.judging.verdicts import Case
from services.models.troubles import EVERYBODYS

SHARE_OF_BUDGET = 2
"""
What answers need not be judged is asked as long as less than this part, a half, of a course's tokens of the day is
spent: a round of canaries that is longer than the budget is tried again each day, and would leave no answer judged.
"""


def with_share(settings: JudgeSettings) -> JudgeSettings:
    """Return *settings* with the budget of what is asked aside."""
    most = settings.daily_tokens
    return settings if most is None else replace(settings, daily_tokens=most // SHARE_OF_BUDGET)


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
            Refused: the day's budget is spent.
            Unavailable: the model cannot be reached.

        """
        purse = Purse(self._pool, self._course.id, self._settings)
        # No connection is held meanwhile, as in the worker.
        opinion = await self._judge.judge(kind, case, purse.reserve, lesson)
        await purse.settle(opinion.calls)
        await self._keep(answer, kind, opinion)
        if opinion.status == "budget_skipped":
            raise Refused("The judge's budget of the day is spent; ask again tomorrow, or raise it by `course judge`.")
        if opinion.trouble in EVERYBODYS:
            raise Unavailable(opinion.detail or "The judge's model cannot be asked now; try again later.")
        return opinion

    async def _keep(self, answer: AnswerId, kind: JudgedFor, opinion: Opinion) -> None:
        async with self._pool.connection() as conn:
            if not await answers.lock(conn, course=self._course.id, answer=answer):
                return
            for call in opinion.calls:
                await judgements.insert_call(
                    conn,
                    course=self._course.id,
                    answer=answer,
                    judgement=None,
                    kind=kind,
                    call=call,
                    purpose=self._purpose,
                )
