"""A course whose answers are judged from a queue, by one judge or by two."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from psycopg_pool import AsyncConnectionPool

from db import judge_settings, judgements, second_opinions
from db.records import AnswerId, Course, JudgedFor, Judgement, JudgeSettings, Outcome
from services.judging import seconding
from services.judging.judge import Judge
from services.judging.promise import promise
from services.judging.worker import Worker, WorkerPace
from services.reviewing.annotate import Annotate
from tests import rows
from tests.fake_model import Behaviour, FakeModel, fake_model, says
from tests.services.judging.scripted import chat, verdict

QUICK = WorkerPace(
    slots=2,
    lease=timedelta(minutes=1),
    poll_s=0.02,
    first_gap=timedelta(milliseconds=1),
    first_pause=timedelta(milliseconds=50),
    longest_pause=timedelta(milliseconds=200),
)
PATIENT = WorkerPace(slots=1, first_pause=timedelta(minutes=1), first_gap=timedelta(0))
DOUBTFUL = JudgeSettings(second_opinion=True, second_opinion_share=0.0, audit_share=0.0)
EVERY = replace(DOUBTFUL, second_opinion_share=1.0)


@dataclass
class Court:
    """A course whose answers are judged, some of them twice."""

    pool: AsyncConnectionPool
    course: Course

    async def answer(self, text: str = "Porque encolhe.", *, outcome: Outcome = "answered") -> AnswerId:
        """Store an answer with its promise of a judgement, as `ask` does."""
        async with self.pool.connection() as conn:
            question = await rows.question(conn, self.course.id, text="Por que o gradiente some?")
            stored = await rows.answer(conn, self.course.id, question, outcome=outcome, text=text)
            await promise(conn, course=self.course.id, answer=stored.id)
        return stored.id

    @asynccontextmanager
    async def worker(
        self, *behaviours: Behaviour, pace: WorkerPace = QUICK, limit_s: float = 30.0
    ) -> AsyncGenerator[tuple[Worker, FakeModel], None]:
        async with fake_model(*behaviours) as server, chat(server) as model:
            yield Worker(self.pool, Judge(model, time_limit_s=limit_s), pace=pace), server

    async def wants(self, settings: JudgeSettings) -> None:
        async with self.pool.connection() as conn:
            await judge_settings.add(conn, self.course.id, settings)

    async def judgement(self, answer: AnswerId, kind: JudgedFor = "relevance") -> Judgement | None:
        async with self.pool.connection() as conn:
            return await judgements.latest(conn, course=self.course.id, answer=answer, kind=kind)

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(query.encode())
            return await cursor.fetchall()

    async def settled(self, text: str, how: str) -> AnswerId:
        """An answer that one of staff has labelled without a card, or whose card they have dismissed."""
        answer = await self.answer(text)
        if how == "labelled":
            await Annotate(self.pool).label(self.course, answer, "bia", "C", judge_visible=False)
        else:
            await Annotate(self.pool).call_staff(self.course, answer)
            async with self.pool.connection() as conn:
                await conn.execute(
                    "update review_items set settled_at = now(), verdict = 'dismissed' where answer_id = %s", [answer]
                )
        return answer

    async def reasons(self, answer: AnswerId) -> set[object]:
        return {reason for _, reason in await self._flagged(answer)}

    async def open_reasons(self, answer: AnswerId) -> set[object]:
        """Those of a card that nobody has settled."""
        return {reason for is_open, reason in await self._flagged(answer) if is_open}

    async def _flagged(self, answer: AnswerId) -> list[tuple[object, object]]:
        found = await self.rows(
            "select i.answer_id, i.settled_at is null, r.reason"
            " from review_items i join review_reasons r on r.item_id = i.id"
        )
        return [(is_open, reason) for flagged, is_open, reason in found if flagged == answer]

    async def until_all_ended(self, *, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while await self.rows("select from jobs where state = 'waiting'"):  # noqa: ASYNC110 - another process's rows
                await asyncio.sleep(0.02)

    async def drained(self, worker: Worker, *, seconds: float = 60.0) -> None:
        """Work until no job waits, through the gaps between attempts."""
        async with asyncio.timeout(seconds):
            while await self.rows("select from jobs where state = 'waiting'"):
                if not await worker.step():
                    await asyncio.sleep(0.02)

    @asynccontextmanager
    async def seconder(
        self, *behaviours: Behaviour, pace: WorkerPace = QUICK, is_another: bool = True, limit_s: float = 30.0
    ) -> AsyncGenerator[tuple[Worker, FakeModel], None]:
        async with fake_model(*behaviours) as server, chat(server, "revisor") as model:
            judge = Judge(model, time_limit_s=limit_s, is_another=is_another)
            yield Worker(self.pool, judge, queue=seconding.QUEUE, pace=pace), server

    async def judged(self, score: int, text: str = "Porque encolhe.") -> AnswerId:
        """Store an answer that the first judge gives *score*."""
        answer = await self.answer(text)
        async with self.worker(says(verdict(score))) as (worker, _):
            await worker.drain(answer=answer)
        return answer

    async def heard(self, *behaviours: Behaviour, pace: WorkerPace = QUICK, limit_s: float = 30.0) -> int:
        """Hear what a second model that behaves so says, and return how often it was asked."""
        async with self.seconder(*behaviours, pace=pace, limit_s=limit_s) as (worker, server):
            await worker.drain()
            return len(server.requests)

    async def second(self, answer: AnswerId) -> Judgement | None:
        async with self.pool.connection() as conn:
            return await second_opinions.standing(conn, course=self.course.id, answer=answer)

    async def waiting(self) -> list[object]:
        return [answer for (answer,) in await self.rows("select answer_id from jobs where state = 'waiting'")]
