"""A second model that fails, is away or renames itself is missing, and leaves the first judge alone."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.judging.queue import Queue
from tests.fake_model import USAGE, Behaviour, hangs, says, sends_json
from tests.services.judging.queue.court import DOUBTFUL, EVERY, PATIENT, QUICK, Court
from tests.services.judging.scripted import fails, verdict


async def test_a_restart_between_loses_nothing(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.judged(2)
    async with court.seconder(hangs()) as (worker, server):
        working = asyncio.create_task(worker.run())
        await server.asked.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    async with court.seconder(says(verdict(2))) as (worker, _):
        await worker.drain()

    opinion = await court.second(answer)
    assert opinion is not None
    assert (opinion.score, opinion.spread) == (2, 0)


REFUSES = sends_json({"error": {"message": "Unsupported value: 'temperature'", "param": "temperature"}}, status=400)


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (says("Nota: talvez 2."), "parse_error"),
        (says("I'm sorry, but I cannot grade this."), "refusal"),
        (says(verdict(7)), "out_of_range"),
        (says(""), "empty"),
        (fails(500), "transport_error"),
        (hangs(), "timeout"),
    ],
)
async def test_a_juror_that_fails_is_missing_and_never_zero(court: Court, behaviour: Behaviour, status: str) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.judged(2)
    limit_s = 2.0 if status == "timeout" else 30.0
    await court.heard(behaviour, pace=replace(QUICK, most_attempts=1), limit_s=limit_s)

    opinion, first = await court.second(answer), await court.judgement(answer)
    assert opinion is not None
    assert first is not None
    assert (opinion.status, opinion.score, opinion.spread, opinion.label) == (status, None, None, None)
    assert (first.score, first.status) == (2, "ok")
    assert await court.reasons(answer) == set()


async def test_a_role_or_a_temperature_that_is_refused_is_asked_without(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.judged(2)
    no_role = sends_json({"error": {"message": "System role not supported"}}, status=400)
    async with court.seconder(REFUSES, no_role, says(verdict(2))) as (worker, server):
        await worker.drain()

    opinion = await court.second(answer)
    assert opinion is not None
    assert opinion.score == 2
    assert len(server.requests) >= 3
    assert [message["role"] for message in server.requests[-1]["messages"]] == ["user"]


async def test_a_server_that_renames_the_model_is_told_apart_in_the_calls(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.judged(2)
    renamed = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "juiz",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": verdict(2)}, "finish_reason": "stop"}],
        "usage": USAGE,
    }
    await court.heard(sends_json(renamed))

    opinion = await court.second(answer)
    assert opinion is not None
    assert opinion.model == "revisor"
    assert await court.rows("select model_asked, model from model_calls where kind = 'second'") == [("revisor", "juiz")]


async def test_a_dead_second_model_leaves_the_first_judge_alone(court: Court) -> None:
    await court.wants(DOUBTFUL)
    await court.judged(2)
    assert await court.heard(fails(401), pace=PATIENT) == 1

    first, second = await Queue(court.pool).state(None), await Queue(court.pool).second_state(None)
    assert second.breaker is not None
    assert second.breaker.is_open
    assert (first.breaker, first.counts, second.counts) == (None, {}, {"waiting": 1})
    another = await court.judged(1)
    assert (await court.judgement(another)) is not None
    assert await court.heard(says(verdict(1)), pace=PATIENT) == 0  # held up


async def test_a_dead_first_judge_leaves_second_opinions_alone(court: Court) -> None:
    await court.wants(DOUBTFUL)
    doubtful = await court.judged(2)
    await court.answer()
    async with court.worker(fails(401), pace=PATIENT) as (worker, _):
        await worker.drain()
    await court.heard(says(verdict(2)))

    assert await court.second(doubtful) is not None


async def test_one_that_fails_for_ever_dies_alone(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.judged(2)
    async with court.seconder(fails(500)) as (worker, server):
        await court.drained(worker)

    assert len(server.requests) == 5
    assert await court.rows("select kind, state from jobs order by kind") == [("relevance", "done"), ("second", "dead")]
    first = await court.judgement(answer)
    assert first is not None
    assert (first.score, await court.reasons(answer)) == (2, set())


async def test_what_nobody_could_be_asked_about_for_a_week_is_given_up(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.judged(2)
    await court.heard(fails(401), pace=replace(PATIENT, patience=timedelta(0)))

    opinion = await court.second(answer)
    assert opinion is not None
    assert (opinion.status, opinion.score) == ("auth_error", None)
    assert await court.rows("select state from jobs where kind = 'second'") == [("dead",)]


async def test_two_workers_hear_each_opinion_once(court: Court) -> None:
    await court.wants(EVERY)
    for _ in range(20):
        await court.answer()
    async with court.worker(says(verdict(3))) as (worker, _):
        await worker.drain()
    async with court.seconder(says(verdict(3))) as (one, _), court.seconder(says(verdict(3))) as (other, _):
        assert sum(await asyncio.gather(one.drain(), other.drain())) == 20

    assert await court.rows("select count(*), count(distinct answer_id) from judgements where kind = 'second'") == [
        (20, 20)
    ]
