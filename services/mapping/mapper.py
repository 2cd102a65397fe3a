"""Make the maps that are due: cut and quoted at once, written by a model where there is one, off every other path."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import SystemRandom

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db import breakers, judge_settings, judge_spending, map_jobs, maps
from db.records import Course, CourseId
from db.records.maps import Chapter, MapJob, MapStage
from services import prompts
from services.mapping import writing
from services.mapping.drawing import DrawnMap
from services.mapping.material import Maker, Material, material, store
from services.mapping.queue import QUEUE
from services.mapping.queue import stages as due_stages
from services.mapping.speech import Speech
from services.models.chat import ChatModel
from services.models.completions import Completion, storable
from services.models.troubles import EVERYBODYS, ModelUnavailable, Trouble

log = logging.getLogger(__name__)

CHANCE = SystemRandom()
SHARE_OF_BUDGET = 2
"""Maps are written as long as less than this part, a half, of a course's tokens of the day is spent: the judge, which
spends of the same, always has the other half."""
LONGEST_REASON = 500
OF_THIS_CHAPTER: frozenset[Trouble] = frozenset(
    {"empty", "truncated", "content_filter", "refusal", "too_long", "not_completion"}
)
"""Trouble that leaves one line as it is, and not the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapperPace:
    """How patient a mapper is."""

    lease: timedelta = timedelta(minutes=3)  # longer than cutting, or than one call of a model, may take
    # Before a model writes of new captions: what was just taken in is often put right and taken in again.
    settling: timedelta = timedelta(minutes=10)
    call_limit_s: float = 90.0
    poll_s: float = 5.0
    most_attempts: int = 5
    first_gap: timedelta = timedelta(seconds=30)  # before the second attempt; the next ones wait four times longer each
    first_pause: timedelta = timedelta(seconds=10)  # of all writing; doubles with each failure
    longest_pause: timedelta = timedelta(minutes=10)


class NoBudget(Exception):
    """Nothing is left of what the course may spend on maps today."""


class LeaseLost(Exception):
    """Somebody else has the job by now, or the captions have changed."""


class Mapper:
    """Makes maps. Any number may: a lease hides a job, and its token ends it once. Without a model none is written."""

    def __init__(self, pool: AsyncConnectionPool, model: ChatModel | None, *, pace: MapperPace | None = None) -> None:
        self._pool = pool
        self._model = model
        self._pace = pace or MapperPace()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                has_worked = await self.step()
            except (psycopg.OperationalError, PoolTimeout) as error:
                log.warning("mapper.database_away", extra={"reason": type(error).__name__})
                has_worked = False
            except Exception:
                log.exception("mapper.failed")
                has_worked = False
            if not has_worked:
                await asyncio.sleep(self._pace.poll_s * CHANCE.uniform(0.5, 1.5))

    async def drain(self, course: Course | None = None, *, stages: tuple[MapStage, ...] | None = None) -> int:
        """Work until nothing is due, of *course* or of all, and return how many jobs were taken."""
        taken = 0
        while await self.step(course.id if course else None, stages=stages):
            taken += 1
        return taken

    async def step(self, course: CourseId | None = None, *, stages: tuple[MapStage, ...] | None = None) -> bool:
        """Take one job and do what is due of it; return False if there is none."""
        job = await self._claimed(course, stages or due_stages(is_written=self._model is not None))
        if job is None:
            return False
        try:
            await self._done(job)
        except asyncio.CancelledError:
            await asyncio.shield(self._given_back(job))
            raise
        return True

    async def _claimed(self, course: CourseId | None, stages: Sequence[MapStage]) -> MapJob | None:
        async with self._pool.connection() as conn:
            job = await map_jobs.claim(
                conn, lease=self._pace.lease, most_attempts=self._pace.most_attempts, stages=stages, course=course
            )
            # What is to be cut was claimed first: where writing is stopped, nothing else is due.
            if job and job.stage == "write" and not await breakers.may_work(conn, QUEUE, trial=self._pace.lease):
                await conn.rollback()  # as if it had not been claimed
                return None
        return job

    async def _done(self, job: MapJob) -> None:
        try:
            await (self._cut(job) if job.stage == "cut" else self._write(job))
        except (psycopg.OperationalError, PoolTimeout):
            raise  # the database is away, and the lease brings the job back
        except LeaseLost:
            log.info("map.taken_over", extra={"lecture_id": job.lecture_id})
        except NoBudget:
            async with self._pool.connection() as conn:
                await map_jobs.give_back(conn, job, after=until_tomorrow())
        except ModelUnavailable as error:
            await self._unavailable(job, error)
        except Exception as error:
            log.exception("map.failed", extra={"lecture_id": job.lecture_id})
            await self._failed(job, f"{type(error).__name__}: {error}")

    async def _cut(self, job: MapJob) -> None:
        """Draw the map without a model; writing it is the next stage, which waits until there is one."""
        async with self._pool.connection() as conn:
            made = await material(conn, course=job.course_id, lecture=job.lecture_id)
        if made is None:
            async with self._pool.connection() as conn:
                await map_jobs.finish(conn, job)  # withdrawn
            return
        map_ = await asyncio.to_thread(made.drawn)
        async with self._pool.connection() as conn, conn.transaction():
            await _held(conn, job)
            await store(conn, made, map_)
            if any(writing.wants_words(line) for line in map_.chapters):
                await map_jobs.go_on(conn, job, "write", after=self._pace.settling)
            else:
                await map_jobs.finish(conn, job)
        log.info("map.cut", extra={"lecture_id": job.lecture_id, "chapters": len(map_.chapters)})

    async def _write(self, job: MapJob) -> None:
        """Have the model write line by line; each is stored at once: a killed process loses one line at most."""
        async with self._pool.connection() as conn:
            made = await material(conn, course=job.course_id, lecture=job.lecture_id)
        told = await self._told(job, made) if made and made.is_current else []
        async with self._pool.connection() as conn, conn.transaction():
            await _held(conn, job)
            if made and told:
                await store(conn, replace(made, made_by=self._maker()), DrawnMap(chapters=tuple(told)))
            await map_jobs.finish(conn, job)
            await breakers.close(conn, QUEUE)
        log.info("map.written", extra={"lecture_id": job.lecture_id, "chapters": len(told)})

    async def _told(self, job: MapJob, made: Material) -> list[Chapter]:
        return [await self._line(job, made.speech, line) if writing.wants_words(line) else line for line in made.before]

    def _maker(self) -> Maker:
        prompt = prompts.load(writing.PROMPT)
        return Maker(model=self._writer.name, prompt_id=prompt.id, prompt_sha256=prompt.sha256)

    @property
    def _writer(self) -> ChatModel:
        assert self._model is not None  # noqa: S101 - without one nothing to be written is claimed
        return self._model

    async def _line(self, job: MapJob, speech: Speech, line: Chapter) -> Chapter:
        completion = await self._asked(job, speech, line)
        if completion is None:
            return line  # what the model would not say of this chapter it would not say of it later
        told = await asyncio.to_thread(writing.written, speech, line, writing.read(completion.text))
        async with self._pool.connection() as conn, conn.transaction():
            await _held(conn, job)
            await map_jobs.renew(conn, job, lease=self._pace.lease)
            if told != line:
                await maps.rewrite(conn, course=job.course_id, lecture=job.lecture_id, chapter=told)
        return told

    async def _asked(self, job: MapJob, speech: Speech, line: Chapter) -> Completion | None:
        """Ask about one chapter, within the budget; None where the model has nothing to say of this one."""
        messages = writing.asked(speech, line, speech.language)
        reserved = await self._reserved(job.course_id, writing.cost(messages))
        spent = reserved
        try:
            completion = await self._writer.complete(messages, time_limit_s=self._pace.call_limit_s)
            spent = (completion.tokens_in or 0) + (completion.tokens_out or 0) or reserved
        except ModelUnavailable as error:
            spent = reserved if error.trouble == "timeout" else 0
            if error.trouble in OF_THIS_CHAPTER:
                return None
            raise
        finally:
            await self._settled(job.course_id, reserved, spent)
        return completion

    async def _reserved(self, course: CourseId, tokens: int) -> int:
        """Count *tokens* as spent, where the course has a budget; return how many were."""
        async with self._pool.connection() as conn:
            most = (await judge_settings.current(conn, course)).daily_tokens
            if most is None:
                return 0
            if not await judge_spending.reserve(conn, course=course, tokens=tokens, most=most // SHARE_OF_BUDGET):
                raise NoBudget
        return tokens

    async def _settled(self, course: CourseId, reserved: int, spent: int) -> None:
        if reserved:
            async with self._pool.connection() as conn:
                await judge_spending.settle(conn, course=course, reserved=reserved, spent=spent)

    async def _unavailable(self, job: MapJob, error: ModelUnavailable) -> None:
        after = timedelta(seconds=error.retry_after_s or 0)
        is_everybodys = error.trouble in EVERYBODYS
        async with self._pool.connection() as conn:
            if is_everybodys:
                await map_jobs.give_back(conn, job, after=after)
            else:
                await self._tried(conn, job, str(error))
            await breakers.strike(
                conn,
                QUEUE,
                at_once=is_everybodys,
                first=max(self._pace.first_pause, after),
                longest=max(self._pace.longest_pause, after),
                reason=str(error),
            )
        log.warning("map.unavailable", extra={"reason": str(error)})

    async def _failed(self, job: MapJob, reason: str) -> None:
        async with self._pool.connection() as conn:
            await self._tried(conn, job, storable(reason)[:LONGEST_REASON])

    async def _tried(self, conn: AsyncConnection, job: MapJob, reason: str) -> None:
        """Count an attempt against the job: it is due again later, or was tried too often."""
        if job.attempts >= self._pace.most_attempts:
            await map_jobs.bury(conn, job, reason=reason)
        else:
            gap = self._pace.first_gap * 4 ** (job.attempts - 1) * CHANCE.uniform(0.5, 1.5)
            await map_jobs.retry(conn, job, after=gap, reason=reason)

    async def _given_back(self, job: MapJob) -> None:
        try:
            async with self._pool.connection(timeout=2.0) as conn:
                await map_jobs.give_back(conn, job)
        except (psycopg.Error, PoolTimeout):
            log.warning("mapper.lease_kept", extra={"lecture_id": job.lecture_id})


async def _held(conn: AsyncConnection, job: MapJob) -> None:
    """Be alone with the lecture's map and its job until the transaction ends, in the order in which everybody locks."""
    await maps.lock(conn, course=job.course_id, lecture=job.lecture_id)
    if not await map_jobs.holds(conn, job):
        raise LeaseLost


def until_tomorrow() -> timedelta:
    """How long until the next day begins (UTC), when a budget is whole again."""
    now = datetime.now(UTC)
    return timedelta(days=1) - timedelta(hours=now.hour, minutes=now.minute, seconds=now.second)
