"""Endpoints that are down, jobs that fail for ever and texts that no database takes hold up no other job."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from db.records import JobId, JudgeSettings
from services.judging.queue import Queue
from services.judging.worker import WorkerPace
from tests.fake_model import Behaviour, says
from tests.services.judging.queue.court import QUICK, Court
from tests.services.judging.scripted import fails, verdict


async def test_a_job_whose_attempts_are_spent_does_not_keep_the_others_waiting(court: Court) -> None:
    for _ in range(3):
        await court.answer()
    async with court.pool.connection() as conn:
        await conn.execute("update jobs set attempts = 5, run_at = now() - interval '1 day' where id in (1, 2)")

    async with court.worker(says(verdict()), pace=replace(QUICK, slots=1)) as (worker, _):
        taken = await worker.drain()

    assert taken == 1
    assert await court.rows("select id, state from jobs order by id") == [(1, "dead"), (2, "dead"), (3, "done")]


async def test_a_poison_job_ends_dead_and_the_rest_go_on(court: Court) -> None:
    poison = await court.answer("VENENO")
    others = [await court.answer() for _ in range(5)]

    async def behave(writer: asyncio.StreamWriter, request: dict[str, object]) -> None:
        is_poison = "VENENO" in str(request["messages"])
        await (fails(500) if is_poison else says(verdict()))(writer, request)

    async with court.worker(behave) as (worker, _):
        await court.drained(worker)

    [(dead, attempts, reason)] = await court.rows("select answer_id, attempts, reason from jobs where state = 'dead'")
    assert (dead, attempts) == (poison, 5)
    assert "HTTP 500" in str(reason)
    for answer in others:
        assert (await court.judgement(answer)) is not None
    failed = await court.judgement(poison)
    assert failed is not None
    assert (failed.status, failed.score) == ("transport_error", None)


async def test_a_job_whose_workers_die_ends_as_well(court: Court) -> None:
    await court.answer()
    async with court.worker(says(verdict())) as (worker, server):
        for _ in range(5):
            await court.rows("select 1")
            async with court.pool.connection() as conn:
                await conn.execute("update jobs set attempts = attempts + 1, run_at = now()")
        assert not await worker.step()

    assert server.requests == []
    [(state, reason)] = await court.rows("select state, reason from jobs")
    assert state == "dead"
    assert "workers ended" in str(reason)


@pytest.mark.parametrize("behaviour", [fails(401), fails(404), fails(429, "Retry-After: 1\r\n")])
async def test_trouble_of_the_endpoint_pauses_the_queue_and_burns_no_attempt(
    court: Court, behaviour: Behaviour
) -> None:
    for _ in range(3):
        await court.answer()
    patient = WorkerPace(slots=1, first_pause=timedelta(minutes=1), first_gap=timedelta(0))
    async with court.worker(behaviour, pace=patient) as (worker, server):
        assert await worker.drain() == 1

    assert len(server.requests) == 1
    assert await court.rows("select distinct state, attempts from jobs") == [("waiting", 0)]
    state = await Queue(court.pool).state(None)
    assert state.breaker is not None
    assert state.breaker.is_open
    assert 50 < state.breaker.opens_in_s <= 60
    assert "juiz" in state.breaker.reason


async def test_a_dead_endpoint_is_tried_by_one_worker_at_a_time_and_the_backlog_drains_afterwards(court: Court) -> None:
    found = [await court.answer() for _ in range(10)]
    async with court.worker(*[fails(401)] * 4, says(verdict())) as (worker, server):
        working = asyncio.create_task(worker.run())
        await court.until_all_ended()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    assert len(server.requests) <= 4 + 2 + len(found)
    assert await court.rows("select state, attempts, count(*) from jobs group by 1, 2") == [("done", 1, 10)]


async def test_how_long_a_server_wants_to_be_left_alone_is_kept(court: Court) -> None:
    await court.answer()
    async with court.worker(fails(429, "Retry-After: 90\r\n")) as (worker, _):
        await worker.drain()

    [(seconds,)] = await court.rows("select extract(epoch from run_at - now())::int from jobs")
    assert isinstance(seconds, int)
    assert 80 < seconds <= 90


async def test_a_storm_of_failures_opens_the_breaker(court: Court) -> None:
    for _ in range(8):
        await court.answer()
    pace = WorkerPace(slots=1, first_gap=timedelta(minutes=1), first_pause=timedelta(minutes=1))
    async with court.worker(fails(503), pace=pace) as (worker, server):
        assert await worker.drain() == 5

    assert len(server.requests) == 5
    assert await court.rows("select count(*) from jobs where attempts = 1") == [(5,)]


async def test_dead_jobs_are_shown_with_their_reason_and_put_back(court: Court) -> None:
    await court.answer()
    queue = Queue(court.pool)
    once = WorkerPace(slots=1, most_attempts=1)
    async with court.worker(fails(500), pace=once) as (worker, _):
        await worker.drain()
    [dead] = (await queue.state(court.course)).jobs
    revived = await queue.requeue(None, JobId(int(dead.name)))

    assert (dead.state, dead.attempts, dead.course) == ("dead", 1, "redes")
    assert "HTTP 500" in (dead.reason or "")
    assert (revived, (await queue.state(None)).counts) == (1, {"waiting": 1})


async def test_who_had_no_budget_to_ask_closes_no_breaker(court: Court) -> None:
    await court.answer()
    async with court.worker(fails(503)) as (worker, _):
        await worker.step()
        before = await court.rows("select strikes from breakers")
        await court.wants(JudgeSettings(daily_tokens=0))
        await court.answer()
        await court.rows("update jobs set run_at = now() returning id")
        await worker.drain()

    assert (before, await court.rows("select strikes from breakers")) == ([(1,)], [(1,)])


NASTY = json.dumps({"criteria": "por\0quê", "supporting_evidence": "\ud800 some \0", "score": 3})


async def test_a_reply_with_what_a_database_refuses_is_cleaned_and_judged(court: Court) -> None:
    nasty, plain = await court.answer(), await court.answer()
    async with court.worker(says(NASTY), says(verdict(2))) as (worker, _):
        assert await worker.drain() == 2

    assert [(await court.judgement(one)) is not None for one in (nasty, plain)] == [True, True]
    assert await court.rows("select count(*) from judgements where score = 3 and criteria = 'porquê'") == [(1,)]


@pytest.mark.parametrize("said", ["\0", "\ud800", "a\0" * 50_000, "x" * 2_000_000])
async def test_any_text_of_a_judge_leaves_no_job_running(court: Court, said: str) -> None:
    answer = await court.answer()
    async with court.worker(says(said)) as (worker, _):
        await court.drained(worker)

    assert await court.rows("select state from jobs where leased_until is not null") == []
    judged = await court.judgement(answer)
    assert judged is not None
    assert judged.score is None


async def test_one_job_that_cannot_be_stored_ends_neither_the_worker_nor_the_others(court: Court) -> None:
    poisoned, plain = await court.answer(), await court.answer()
    async with court.pool.connection() as conn:
        await conn.execute(
            "create function refuse() returns trigger language plpgsql as"
            " $$ begin raise exception data_exception; end $$"
        )
        await conn.execute(
            b"create trigger refuse before insert on judgements for each row"
            b" when (new.answer_id = %d) execute function refuse()" % poisoned
        )
    async with court.worker(says(verdict())) as (worker, _):
        await court.drained(worker)

    assert await court.judgement(plain) is not None
    assert await court.rows("select state, leased_until from jobs order by id") == [("dead", None), ("done", None)]
    assert "DataException" in str(await court.rows("select reason from jobs where state = 'dead'"))
