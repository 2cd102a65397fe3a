"""A worker takes answers from the queue and judges each once, whoever stops, sleeps or deletes meanwhile."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.judging.queue import Queue
from services.judging.worker import WorkerPace
from services.research import agreement
from tests.fake_model import Request, hangs, replies, says, sends_json
from tests.services.judging.queue.court import QUICK, Court
from tests.services.judging.scripted import verdict


async def test_an_answer_gets_its_score_and_its_label(court: Court) -> None:
    answer = await court.answer()
    async with court.worker(says(verdict(2))) as (worker, _):
        assert await worker.drain() == 1

    judged = await court.judgement(answer)
    assert judged is not None
    assert (judged.status, judged.score, judged.label, judged.criteria) == ("ok", 2, "P", "por quê")
    assert (judged.model, judged.prompt_id, judged.settings_version, judged.probability) == ("juiz", "judge/2", 0, 1.0)
    assert await court.rows("select state, attempts from jobs") == [("done", 1)]
    assert await court.rows("select status, tokens_in, judgement_id from model_calls") == [("ok", 11, judged.id)]


async def test_a_model_that_takes_no_temperature_costs_no_attempt_and_judges_in_the_same_configuration(
    court: Court,
) -> None:
    refuses = sends_json(
        {"error": {"message": "Unsupported value: 'temperature' does not support 0", "param": "temperature"}},
        status=400,
    )
    answers_in_turn = [await court.answer() for _ in range(3)]
    one_by_one = replace(QUICK, slots=1)
    async with court.worker(says(verdict(3)), refuses, says(verdict(2)), pace=one_by_one) as (worker, _):
        assert await worker.drain() == 3

    assert await court.rows("select distinct state, attempts, reason from jobs") == [("done", 1, None)]
    assert await court.rows(
        "select status, parameters ? 'temperature', judgement_id is not null from model_calls order by id"
    ) == [("ok", True, True), ("transport_error", True, True), ("ok", False, True), ("ok", False, True)]
    [configured] = (await agreement.measure(court.pool, court.course)).configurations
    assert (configured.model, configured.prompt_id) == ("juiz", "judge/2")
    assert [judged.score for answer in answers_in_turn if (judged := await court.judgement(answer))] == [3, 2, 2]


async def test_a_referral_and_a_failure_are_not_judged(court: Court) -> None:
    await court.answer(outcome="needs_staff")
    await court.answer(outcome="failed")
    await court.answer(outcome="no_material")  # without passages there was nothing to answer from

    assert await court.rows("select from jobs") == []


async def test_no_connection_is_held_during_a_call(court: Court) -> None:
    await court.answer()
    async with court.worker(hangs()) as (worker, server):
        working = asyncio.create_task(worker.step())
        await server.asked.wait()

        # Of this database: others may be in use by tests that run beside this one.
        held = "select from pg_stat_activity where state = 'idle in transaction' and datname = current_database()"
        assert await court.rows(held) == []
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def test_a_worker_that_is_told_to_stop_gives_its_job_back(court: Court) -> None:
    await court.answer()
    async with court.worker(hangs()) as (worker, server):
        working = asyncio.create_task(worker.run())
        await server.asked.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    assert await court.rows("select state, attempts, run_at <= now(), leased_until from jobs") == [
        ("waiting", 0, True, None)
    ]


async def test_a_worker_that_overslept_ends_nothing(court: Court) -> None:
    answer = await court.answer()
    taken_over = asyncio.Event()

    async def late(writer: asyncio.StreamWriter, request: Request) -> None:
        await taken_over.wait()
        await says(verdict(3))(writer, request)

    slow = WorkerPace(slots=1, lease=timedelta(milliseconds=1), poll_s=0.02)
    async with court.worker(late, says(verdict(1)), pace=slow) as (worker, server):
        overslept = asyncio.create_task(worker.step())
        await server.asked.wait()
        await worker.step()  # the lease has run out, so another takes the job
        taken_over.set()
        await overslept  # it has its verdict, and finds the token gone

    judged = await court.judgement(answer)
    assert judged is not None
    assert judged.score == 1
    assert await court.rows("select count(*) from judgements") == [(1,)]
    assert await court.rows("select state, attempts from jobs") == [("done", 2)]
    assert await court.rows("select count(*) from model_calls") == [(2,)]


async def test_two_workers_never_judge_the_same_answer(court: Court) -> None:
    for _ in range(40):
        await court.answer()
    async with court.worker(says(verdict())) as (one, _), court.worker(says(verdict())) as (other, _):
        taken = await asyncio.gather(one.drain(), other.drain())

    assert sum(taken) == 40
    assert await court.rows("select count(*), count(distinct answer_id) from judgements") == [(40, 40)]


async def test_what_has_no_verdict_is_queued_again_and_nothing_else(court: Court) -> None:
    await court.answer()
    failed = await court.answer("RUIM")
    async with court.worker(
        replies(lambda text: "?" if "RUIM" in text or "could not be read" in text else verdict())
    ) as (worker, _):
        await worker.drain()

    assert await Queue(court.pool).add_missing(court.course) == 1
    assert await court.rows("select answer_id from jobs where state = 'waiting'") == [(failed,)]


async def test_a_judgement_is_never_changed(court: Court) -> None:
    await court.answer()
    async with court.worker(says(verdict())) as (worker, _):
        await worker.drain()

    with pytest.raises(Exception, match="never changed"):
        await court.rows("update judgements set score = 0 returning id")


async def test_an_answer_deleted_in_the_middle_leaves_nothing(court: Court) -> None:
    answer = await court.answer()
    async with court.worker(says(verdict(), pause_s=0.0), limit_s=2.0) as (worker, server):
        server.behaviours = [hangs()]
        working = asyncio.create_task(worker.step())
        await server.asked.wait()
        async with court.pool.connection() as conn:
            await conn.execute("delete from questions")
        await working

    assert await court.judgement(answer) is None
    assert await court.rows("select from model_calls") == []


@pytest.mark.parametrize(
    ("kind", "told"), [("simpler", "for simpler words"), ("example", "for an example from the lectures")]
)
async def test_another_try_is_judged_by_what_was_asked_for(court: Court, kind: str, told: str) -> None:
    async with court.worker(says(verdict())) as (worker, server):
        answer = await court.answer()
        async with court.pool.connection() as conn:
            await conn.execute("update questions set again = %(kind)s", {"kind": kind})

        await worker.drain()

        assert await court.judgement(answer)
        assert told in server.prompts[-1]
