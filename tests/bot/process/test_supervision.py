import asyncio
import logging
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.process.supervision import Gaps, ProcessPart, Stop, exit_status, supervised
from services.errors import Misconfigured

ROOT = Path(__file__).resolve().parents[3]
SOON = Gaps(first_s=0.01, most_s=0.02)


async def for_ever() -> None:
    await asyncio.Event().wait()


def failing(times: list[str], stop: Stop, *, after: int) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        times.append("run")
        if len(times) == after:
            stop.asked.set()
        raise ValueError("spilled")

    return run


async def test_a_part_that_fails_is_started_again_and_the_others_do_not_notice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop, tried, steady = Stop(), list[str](), list[str]()

    async def other() -> None:
        steady.append("run")
        await for_ever()

    parts = [ProcessPart(name="worker", run=failing(tried, stop, after=4)), ProcessPart(name="gateway", run=other)]
    async with asyncio.timeout(60):
        await supervised(parts, stop, SOON)

    told = [record for record in caplog.records if record.getMessage() == "part.failed"]
    assert (len(tried), len(steady)) == (4, 1)
    assert [(vars(record)["part"], vars(record)["reason"]) for record in told] == [("worker", "spilled")] * 3


async def test_a_part_that_ends_by_itself_is_started_again() -> None:
    stop, tried = Stop(), list[str]()

    async def ends() -> None:
        tried.append("run")
        if len(tried) == 2:
            stop.asked.set()

    async with asyncio.timeout(60):
        await supervised([ProcessPart(name="clock", run=ends)], stop, SOON)

    assert len(tried) == 2


async def test_what_is_fatal_to_a_part_ends_all() -> None:
    ended: list[str] = []

    async def other() -> None:
        try:
            await for_ever()
        finally:
            ended.append("worker")

    async def refused() -> None:
        await asyncio.sleep(0)
        raise Misconfigured("no token")

    parts = [ProcessPart(name="worker", run=other), ProcessPart(name="gateway", run=refused, fatal=(Misconfigured,))]
    with pytest.raises(Misconfigured, match="no token"):
        await supervised(parts, Stop(), SOON)

    assert ended == ["worker"]


async def test_parts_stop_in_reverse_and_may_finish_first() -> None:
    stop, told, ended = Stop(), asyncio.Event(), list[str]()

    async def health() -> None:
        try:
            await for_ever()
        finally:
            ended.append("health")

    async def gateway() -> None:
        await told.wait()
        await asyncio.sleep(0.05)  # the answers being written
        ended.append("gateway")

    asyncio.get_running_loop().call_later(0.01, stop.asked.set)
    async with asyncio.timeout(60):
        await supervised(
            [
                ProcessPart(name="health", run=health),
                ProcessPart(name="gateway", run=gateway, leave=told.set, grace_s=5),
            ],
            stop,
        )

    assert ended == ["gateway", "health"]


@pytest.mark.parametrize(("grace_s", "hurried"), [(0.05, False), (60.0, True)])
async def test_a_part_that_takes_too_long_is_cancelled(grace_s: float, hurried: bool) -> None:
    stop, ended = Stop(), list[str]()

    async def gateway() -> None:
        try:
            await for_ever()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    asyncio.get_running_loop().call_later(0.01, stop.asked.set)
    if hurried:
        asyncio.get_running_loop().call_later(0.05, stop.hurried.set)
    async with asyncio.timeout(60):
        await supervised([ProcessPart(name="gateway", run=gateway, leave=lambda: None, grace_s=grace_s)], stop)

    assert ended == ["cancelled"]


async def test_a_part_that_is_down_does_not_hold_up_a_stop() -> None:
    stop = Stop()

    async def broken() -> None:
        raise ValueError

    asyncio.get_running_loop().call_later(0.05, stop.asked.set)
    async with asyncio.timeout(60):
        await supervised(
            [ProcessPart(name="gateway", run=broken, leave=lambda: None, grace_s=60)], stop, Gaps(first_s=60, most_s=60)
        )


async def test_a_part_that_will_not_end_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.process.supervision.CANCEL_LIMIT_S", 0.05)
    stop, free = Stop(), asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    asyncio.get_running_loop().call_later(0.01, stop.asked.set)
    async with asyncio.timeout(60):
        await supervised([ProcessPart(name="worker", run=stubborn)], stop)

    assert "part.hangs" in [record.getMessage() for record in caplog.records]
    free.set()


def test_gaps_grow_to_a_limit_and_keep_no_step() -> None:
    gaps = Gaps(first_s=2, most_s=300)

    drawn = [[gaps.before(failures) for _ in range(50)] for failures in (1, 2, 5, 99)]

    assert [
        (min(some) >= middle / 2, max(some) <= middle * 1.5)
        for some, middle in zip(drawn, (2, 4, 32, 300), strict=True)
    ] == [(True, True)] * 4
    assert len(set(drawn[0])) > 1


async def test_a_signal_is_told_once_and_a_second_one_hurries(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    limits: list[float] = []

    def end_within(limit_s: float, _: signal.Signals) -> None:
        limits.append(limit_s)

    monkeypatch.setattr(Stop, "_end_within", staticmethod(end_within))
    stop = Stop()

    stop.hear(signal.SIGTERM)
    first = (stop.asked.is_set(), stop.hurried.is_set())
    stop.hear(signal.SIGINT)

    assert first == (True, False)
    assert stop.hurried.is_set()
    assert stop.by is signal.SIGTERM
    assert limits == [19.0, 3.0]
    assert [exit_status(by) for by in (None, signal.SIGTERM, signal.SIGINT)] == [0, 0, 130]


def test_a_thread_that_hangs_does_not_hold_up_the_end() -> None:
    program = """
import asyncio, os, signal, time
from bot.process import supervision

supervision.STOP_LIMIT_S = 0.5

async def main():
    stop = supervision.Stop()
    with stop.listening():
        asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.asked.wait()

asyncio.run(main())
"""

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )

    assert (done.returncode, done.stderr.strip()) == (0, "run.overdue")
