"""Take due judgements from the queue, one after the other, on as many machines as there are."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import SystemRandom

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db import answers, breakers, jobs
from db.records import AnswerId, Job, JudgeQueue
from services.judging import recording
from services.judging.aside import beside_answers
from services.judging.briefs import Brief, brief
from services.judging.judge import PASSING, Judge, Opinion
from services.judging.promise import QUEUE
from services.judging.recording import Purse
from services.models.completions import storable
from services.models.troubles import EVERYBODYS

log = logging.getLogger(__name__)

CHANCE = SystemRandom()
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPace:
    """How patient a worker is."""

    slots: int = 4  # judgements at a time
    lease: timedelta = timedelta(seconds=120)  # longer than a judgement may take
    poll_s: float = 1.0  # between looks at an empty queue
    most_attempts: int = 5
    first_gap: timedelta = timedelta(seconds=20)  # before the second attempt; the next ones wait four times longer each
    first_pause: timedelta = timedelta(seconds=5)  # of the whole queue; doubles with each failure
    longest_pause: timedelta = timedelta(minutes=5)
    patience: timedelta = timedelta(days=7)  # with the model of second opinions: later they would tell nobody anything


class Worker:
    """
    Judges what is due in one queue. Any number may run: a lease hides a job, and its fencing token ends it once.

    A queue has workers and a breaker of its own, so that trouble with the model of one holds up no other.
    """

    def __init__(
        self, pool: AsyncConnectionPool, judge: Judge, *, queue: JudgeQueue = QUEUE, pace: WorkerPace | None = None
    ) -> None:
        self._pool = pool
        self.judge = judge
        self._queue: JudgeQueue = queue
        self._pace = pace or WorkerPace()

    async def run(self) -> None:
        """Work until cancelled; jobs in hand then go back to the queue."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._pace.slots):
                group.create_task(self._slot())

    async def drain(self, *, answer: AnswerId | None = None) -> int:
        """Work until nothing is due, of *answer* or of all, and return how many jobs were taken."""
        taken = await asyncio.gather(*(self._drained(answer) for _ in range(self._pace.slots)))
        return sum(taken)

    async def step(self, *, answer: AnswerId | None = None) -> bool:
        """Take one job and end it, well or not; return False if none may be taken now."""
        job = await self._claimed(answer)
        if job is None:
            return False
        try:
            await self._work(job)
        except asyncio.CancelledError:
            # A job that was in hand is due again at once, as if nobody had taken it.
            await asyncio.shield(self._give_back(job))
            raise
        return True

    async def _slot(self) -> None:
        while True:
            try:
                has_worked = await self.step()
            except (psycopg.OperationalError, PoolTimeout) as error:
                # The lease brings back what was in hand.
                log.warning("worker.database_away", extra={"reason": type(error).__name__})
                has_worked = False
            except Exception:
                log.exception("worker.failed")
                has_worked = False
            if not has_worked:
                # Give or take half, so that workers that began together do not ask together for ever.
                await asyncio.sleep(self._pace.poll_s * CHANCE.uniform(0.5, 1.5))

    async def _drained(self, answer: AnswerId | None) -> int:
        taken = 0
        while await self.step(answer=answer):
            taken += 1
        return taken

    async def _claimed(self, answer: AnswerId | None) -> Job | None:
        async with self._pool.connection() as conn:
            job = await jobs.claim(
                conn,
                queue=self._queue,
                lease=self._pace.lease,
                most_attempts=self._pace.most_attempts,
                answer=answer,
            )
            if job and not await breakers.may_work(conn, self._queue, trial=self._pace.lease):
                await conn.rollback()  # as if it had not been claimed
                return None
        return job

    async def _work(self, job: Job) -> None:
        """Judge, and store what came of it; what is wrong with this job alone ends neither worker nor other jobs."""
        try:
            await self._judged(job)
        except (psycopg.OperationalError, PoolTimeout):
            # The database is away: nothing can be written of the job, and its lease brings it back.
            raise
        except Exception as error:
            log.exception("judge.failed", extra={"job_id": job.id, "answer_id": job.answer_id})
            await self._failed(job, storable(f"{type(error).__name__}: {error}")[:LONGEST_REASON])

    async def _judged(self, job: Job) -> None:
        async with self._pool.connection() as conn:
            found = await brief(conn, job, self.judge.name)
            if found is None:
                # The answer was deleted, and its jobs with it; or there is no longer a reason to judge.
                await jobs.finish(conn, job)
                return
        is_beside = job.kind in {"second", "context"}
        settings = beside_answers(found.settings) if is_beside else found.settings
        purse = Purse(self._pool, job.course_id, settings)
        # No connection is held meanwhile: a judgement may take a minute, and there are four.
        opinion = await self.judge.judge(job.kind, found.case, purse.reserve, found.lesson)
        await purse.settle(opinion.calls)
        async with self._pool.connection() as conn:
            await self._end(conn, job, opinion, found)

    async def _end(self, conn: AsyncConnection, job: Job, opinion: Opinion, found: Brief) -> None:
        """Store what came of the job, unless somebody else holds it by now."""
        # The answer before the job, as everybody locks: else two could wait for each other.
        if not await answers.lock(conn, course=job.course_id, answer=job.answer_id):
            return
        if opinion.status not in PASSING:
            if opinion.calls:  # who had no budget to ask knows nothing of the endpoint
                await breakers.close(conn, self._queue)
            # The job is ended first: only who still holds it may store a verdict.
            if await jobs.finish(conn, job):
                await self._keep(conn, job, opinion, found)
                log.info(
                    "answer.judged", extra={"answer_id": job.answer_id, "kind": job.kind, "status": opinion.status}
                )
            else:
                await recording.calls(conn, job, opinion.calls)
            return
        reason = opinion.detail or opinion.status
        if opinion.trouble in EVERYBODYS and not self._is_overdue(found):
            await recording.calls(conn, job, opinion.calls)
            after = timedelta(seconds=opinion.retry_after_s or 0)
            if await jobs.give_back(conn, job, after=after):
                await self._strike(conn, reason, at_once=True, at_least=after)
            return
        if job.attempts >= self._pace.most_attempts or self._is_overdue(found):
            if await jobs.bury(conn, job, reason=reason):
                await self._keep(conn, job, opinion, found)
        else:
            await recording.calls(conn, job, opinion.calls)
            await jobs.retry(conn, job, after=self._gap(job, opinion.retry_after_s), reason=reason)
        await self._strike(conn, reason, at_once=False)

    async def _keep(self, conn: AsyncConnection, job: Job, opinion: Opinion, found: Brief) -> None:
        await recording.judgement(conn, job, opinion, found, model=self.judge.name)

    def _is_overdue(self, found: Brief) -> bool:
        """Tell whether a second opinion has been waited for too long."""
        return found.first is not None and datetime.now(UTC) - found.first.judged_at > self._pace.patience

    async def _strike(
        self, conn: AsyncConnection, reason: str, *, at_once: bool, at_least: timedelta = timedelta(0)
    ) -> None:
        log.warning("judge.unavailable", extra={"reason": reason})
        await breakers.strike(
            conn,
            self._queue,
            at_once=at_once,
            first=max(self._pace.first_pause, at_least),
            longest=max(self._pace.longest_pause, at_least),
            reason=reason,
        )

    async def _failed(self, job: Job, reason: str) -> None:
        """Count a fault of our own against the job."""
        async with self._pool.connection() as conn:
            if job.attempts >= self._pace.most_attempts:
                await jobs.bury(conn, job, reason=reason)
            else:
                await jobs.retry(conn, job, after=self._gap(job, None), reason=reason)

    def _gap(self, job: Job, retry_after_s: float | None) -> timedelta:
        """How long until the next attempt: as the server asks, else four times longer each time, give or take half."""
        if retry_after_s is not None:
            return timedelta(seconds=retry_after_s)
        return self._pace.first_gap * 4 ** (job.attempts - 1) * CHANCE.uniform(0.5, 1.5)

    async def _give_back(self, job: Job) -> None:
        try:
            # Not for long: a process that is told to stop has seconds, and the lease does the same a little later.
            async with self._pool.connection(timeout=2.0) as conn:
                await jobs.give_back(conn, job)
        except (psycopg.Error, PoolTimeout):
            log.warning("worker.lease_kept", extra={"job_id": job.id})
