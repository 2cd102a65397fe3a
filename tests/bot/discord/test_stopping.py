"""What a stop does to answers and digests that are in hand."""

import asyncio
import signal
import socket
import time
from typing import Any

import pytest

from tests.bot.discord.asking import QUESTION, is_cited
from tests.bot.discord.conftest import WRITTEN, Campus, Start, eventually
from tests.bot.discord.cutting import hanging
from tests.bot.discord.test_running import answers_in, by, rows, taught, us
from tests.fake_model import FakeModel, hangs, says


@pytest.mark.parametrize(("which", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_a_stop_lets_an_answer_finish(
    campus: Campus, start: Start, model: FakeModel, which: signal.Signals, status: int
) -> None:
    await taught(campus)
    model.behaviours[:] = [says(WRITTEN, pause_s=0.3)]
    run = await (await start(**by(model))).ready()
    asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
    await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")
    await campus.server.until(lambda: len(model.requests) == 2)

    run.tell(which)
    await run.until(lambda it: it.has("run.stopping"))
    await campus.server.until(lambda: not any(session.queue for session in campus.server.sessions))
    assert not any(map(is_cited, answers_in(campus, campus.room)))  # Discord is left before, not after
    await campus.server.say(campus.ana, campus.room, f"{us(campus)} e agora?")  # too late for this process

    assert await run.ended() == status
    assert is_cited(asked.original)
    assert [is_cited(message) for message in answers_in(campus, campus.room)] == [True, True]
    assert await rows(campus, "select state from deliveries") == [("delivered",)] * 2
    assert run.sentences == ([] if status == 0 else ["Interrupted; what was done so far is kept."])


@pytest.mark.long
async def test_a_stop_lets_go_of_an_answer_that_takes_too_long(campus: Campus, start: Start, model: FakeModel) -> None:
    await taught(campus)
    model.behaviours[:] = [hangs()]
    run = await (await start(**by(model))).ready()
    asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
    await campus.server.until(lambda: model.requests)

    began_s = time.monotonic()
    run.tell(signal.SIGTERM)
    assert await run.ended() == 0
    assert time.monotonic() - began_s > 5  # it had its chance

    assert await rows(campus, "select state, leased_until <= now() from deliveries") == [("waiting", True)]
    assert await rows(campus, "select leased_until <= now() from questions") == [(True,)]
    model.behaviours[:] = [says(WRITTEN)]
    await (await start(**by(model))).ready()
    await campus.server.until(lambda: is_cited(asked.original))


async def test_a_second_signal_ends_it_at_once_and_lets_go_too(campus: Campus, start: Start, model: FakeModel) -> None:
    await taught(campus)
    model.behaviours[:] = [hangs()]
    run = await (await start(**by(model))).ready()
    await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
    await campus.server.until(lambda: model.requests)
    run.tell(signal.SIGTERM)
    await run.until(lambda it: it.has("run.stopping"))

    run.tell(signal.SIGTERM)

    assert await run.ended(6) == 0
    let_go = await rows(campus, "select state, leased_until <= now() from deliveries") == [("waiting", True)]
    # Who asks twice wants an end rather than order: on a machine with no time to spare, force may come first.
    assert let_go or run.has("run.overdue"), run.said


async def test_a_stop_with_nothing_begun_waits_for_nothing(campus: Campus) -> None:
    async with campus.running() as client:
        cog: Any = client.get_cog("Digesting")
        await campus.server.until(lambda: cog._clock._running)

        async with asyncio.timeout(60):  # while there was a clock, it never ended
            await client.finished()
        assert not cog._clock._running.done()
    assert cog._clock._running.done()


async def test_a_stop_waits_for_a_digest_that_is_being_posted(campus: Campus) -> None:
    async with hanging(campus, "digests") as blocker, campus.running() as client:
        await eventually(lambda: _is_waited_for(campus), wanted=True)
        leaving = asyncio.create_task(client.finished())
        await asyncio.sleep(0.3)
        assert not leaving.done()

        await blocker.rollback()
        async with asyncio.timeout(60):
            await leaving


async def _is_waited_for(campus: Campus) -> bool:
    waiting = (
        "select 1 from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0"
    )
    return bool(await rows(campus, waiting))


async def test_a_stop_while_it_opens_is_heard(campus: Campus, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # a database that takes calls and never answers
        port = deaf.getsockname()[1]
        run = await start(DATABASE_URL=f"postgresql://ana@127.0.0.1:{port}/x", MONITORIA_LOG_LEVEL="debug")
        held, _ = await asyncio.to_thread(deaf.accept)
        with held:
            run.tell(signal.SIGTERM)

            assert await run.ended(6) == 0
