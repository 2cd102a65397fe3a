"""Have the canaries judged each week and after each change, and promise staff a word where the judge has changed."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import fmean

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import answers, canaries, courses, judge_settings
from db.records import Course, JudgeSettings, RunId
from db.records.learning import Canary, LastWatch
from services.errors import MonitoriaError, Refused
from services.ground.trouble import is_passing
from services.judging import briefs, learned, tasks
from services.judging.aside import Inquiry, beside_answers
from services.judging.canaries import keeping
from services.judging.canaries.choosing import fill_up
from services.judging.canaries.comparing import Past, Watched, watched
from services.judging.examples import Lesson
from services.judging.judge import Judge, Opinion
from services.judging.verdicts import Case

log = logging.getLogger(__name__)

EVERY = timedelta(days=7)
LOOK_S = 900.0
"""Between two looks whether any course's canaries are due."""
AT_ONCE = 4
TIMES, FIRST_TIMES = 2, 4
"""How often a frozen answer is scored in a round, and in the first one of a configuration, which all others rest on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the judge says of one canary."""

    canary: Canary
    opinions: tuple[Opinion, ...]

    @property
    def score(self) -> float | None:
        """The mean of the scores that there are."""
        scores = [one.verdict.score for one in self.opinions if one.verdict.score is not None]
        return fmean(scores) if scores else None

    @property
    def is_caught(self) -> bool | None:
        """Whether a sentence made wrong was found out; None without a verdict. As in `flags`, a quote must be there."""
        found = self.opinions[0].verdict.references
        return None if not found else found[0].support != "full" or not found[0].is_found


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One time that the canaries were judged."""

    run: RunId
    watched: Watched


class Canaries:
    """The canaries of all courses, seen by one judge."""

    def __init__(self, pool: AsyncConnectionPool, judge: Judge) -> None:
        self._pool = pool
        self._judge = judge

    async def run(self) -> None:
        """Watch until cancelled; trouble with one course leaves the others alone."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.round()

    async def round(self) -> None:
        """Watch every course whose canaries are due."""
        try:
            async with self._pool.connection() as conn:
                every = await courses.every(conn)
            for course in every:
                await self._watched(course)
        except Exception as error:
            if not is_passing(error):
                log.exception("canaries.failed")

    async def _watched(self, course: Course) -> None:
        try:
            if await self.is_due(course):
                await self.watch(course)
        except MonitoriaError as error:
            # A budget that is spent, a server that is down: the next look tries again.
            log.warning("canaries.not_judged", extra={"course": course.slug, "reason": str(error)})

    async def is_due(self, course: Course) -> bool:
        """Tell whether a week has passed, or the judge is another one than the canaries saw last."""
        async with self._pool.connection() as conn:
            settings = await judge_settings.current(conn, course.id)
            lesson = await learned.in_use(conn, course.id, self._judge.name, settings)
            last = await canaries.last_watch(conn, course.id)
            if last.age_s is None:
                return bool(await fill_up(conn, course.id))
        return last.age_s >= EVERY.total_seconds() or _is_another(last, self._judge, lesson)

    async def watch(self, course: Course) -> Round:
        """
        Judge the canaries now, keep what came of it, and promise staff a word where that is alarming.

        Raises:
            Refused: there is none yet, another process is at it, or half of the day's budget is spent.
            Unavailable: the judge's model cannot be reached.

        """
        async with self._alone(course):
            async with self._pool.connection() as conn:
                settings = await judge_settings.current(conn, course.id)
                lesson = await learned.in_use(conn, course.id, self._judge.name, settings)
                every = await fill_up(conn, course.id)
                past = await keeping.past(conn, course.id, _identity(self._judge, lesson))
            if not every:
                raise Refused(
                    f"The course {course.slug!r} has no judged answer yet that could be a canary; "
                    f"`monitoria judge --missing --course {course.slug}` judges the answers that it has."
                )
            # A round that is longer than the budget is tried again each day, and would leave no answer judged.
            aside = Inquiry(self._pool, self._judge, course, beside_answers(settings), "canary")
            times = TIMES if past.is_same else FIRST_TIMES
            said = list[_Said]()
            for at in range(0, len(every), AT_ONCE):
                said += await self._asked(aside, course, lesson, every[at : at + AT_ONCE], times)
            async with self._pool.connection() as conn:
                return await self._kept(conn, course, settings, lesson, said, past)

    @asynccontextmanager
    async def _alone(self, course: Course) -> AsyncGenerator[None, None]:
        async with self._pool.connection() as conn:
            if not await canaries.try_lock(conn, course.id):
                raise Refused(f"The canaries of {course.slug!r} are being judged already; wait until that has ended.")
            await conn.commit()  # the lock is the session's: no transaction stays open for minutes
            try:
                yield
            finally:
                await canaries.unlock(conn, course.id)

    async def _asked(
        self, aside: Inquiry, course: Course, lesson: Lesson | None, some: Sequence[Canary], times: int
    ) -> list[_Said]:
        asking = (self._one(aside, course, lesson, one, times) for one in some)
        came = await asyncio.gather(*asking, return_exceptions=True)
        for one in came:
            if isinstance(one, BaseException):
                raise one
        return [one for one in came if isinstance(one, _Said)]

    async def _one(
        self, aside: Inquiry, course: Course, lesson: Lesson | None, canary: Canary, times: int
    ) -> _Said | None:
        async with self._pool.connection() as conn:
            case = await _case(conn, course, canary)
        if case is None:
            return None  # it went with its answer
        if canary.kind != "kept":
            return _Said(canary=canary, opinions=(await aside.ask(canary.answer_id, "support", case),))
        opinions = [await aside.ask(canary.answer_id, "relevance", case, lesson) for _ in range(times)]
        return _Said(canary=canary, opinions=tuple(opinions))

    async def _kept(
        self,
        conn: AsyncConnection,
        course: Course,
        settings: JudgeSettings,
        lesson: Lesson | None,
        said: Sequence[_Said],
        past: Past,
    ) -> Round:
        """Compare with what was said at first, and store the run, its verdicts and what staff are to be told."""
        identity = _identity(self._judge, lesson)
        kept = {one.canary.id: one.score for one in said if one.canary.kind == "kept"}
        wrong = {one.canary.id: one.is_caught for one in said if one.canary.kind != "kept"}
        scores = {canary: score for canary, score in kept.items() if score is not None}
        caught = {canary: is_caught for canary, is_caught in wrong.items() if is_caught is not None}
        missing = len(said) - len(scores) - len(caught)
        found = watched(scores, caught, missing=missing, past=past)
        calls = [call for one in said for opinion in one.opinions for call in opinion.calls]
        run = await keeping.keep(conn, course.id, identity, found, calls, labels="".join(settings.labels))
        if found.is_alarming:
            log.warning("canaries.alarming", extra={"course": course.slug, "run_id": run, "model": self._judge.name})
        return Round(run=run, watched=found)


async def _case(conn: AsyncConnection, course: Course, canary: Canary) -> Case | None:
    """Return what the judge is shown of a canary, its frozen words; None where it has gone."""
    kind = "relevance" if canary.kind == "kept" else "support"
    case = await briefs.case(conn, course=course.id, answer=canary.answer_id, kind=kind)
    if case is None or canary.kind == "kept":
        return case and replace(case, text=canary.text)
    against = [
        one
        for one in await answers.references(conn, course=course.id, answer=canary.against_answer_id)
        if one.number == canary.against_number
    ]
    hits = await answers.hits(conn, course=course.id, answer=canary.against_answer_id)
    shown = tuple(replace(one, number=1) for one in against)
    return replace(case, text=canary.text, references=shown, hits=tuple(hits)) if shown else None


def _identity(judge: Judge, lesson: Lesson | None) -> keeping.Identity:
    return judge.name, lesson.prompt_id if lesson else tasks.BARE, lesson.configuration if lesson else None


def _is_another(last: LastWatch, judge: Judge, lesson: Lesson | None) -> bool:
    """Tell whether the judge is another one than the canaries saw last, also where its server only says so."""
    renamed = last.served_now is not None and last.model_served not in {None, last.served_now}
    return renamed or _identity(judge, lesson) != (last.model, last.prompt_id, last.configuration_id)
