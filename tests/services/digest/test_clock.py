import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from services.errors import Unavailable
from services.ground.ticking import Call, Clock

TICK_S = 0.02


@asynccontextmanager
async def ticking(**calls: Call) -> AsyncGenerator[None, None]:
    """A clock that ticks fast, and is cancelled in the end."""
    running = asyncio.create_task(Clock(calls, every_s=TICK_S).run())
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        running.cancel()
        ended, _ = await asyncio.wait([running], timeout=60)
        assert ended


class Calls:
    """A call that fails as told, and lets a test wait until it was made a number of times."""

    def __init__(self, *errors: Exception | None) -> None:
        self._errors = list(errors)
        self._made = asyncio.Condition()
        self.count = 0

    async def __call__(self) -> None:
        async with self._made:
            self.count += 1
            self._made.notify_all()
        if self._errors and (error := self._errors.pop(0)):
            raise error

    async def made(self, count: int) -> None:
        async with self._made:
            await self._made.wait_for(lambda: self.count >= count)


def logged(caplog: pytest.LogCaptureFixture, event: str) -> list[tuple[str, str]]:
    return [
        (vars(record)["call"], vars(record).get("reason", ""))
        for record in caplog.records
        if record.getMessage() == event
    ]


async def test_calls_are_made_at_once_and_at_every_tick() -> None:
    one, other = Calls(), Calls()
    loop = asyncio.get_running_loop()

    async with ticking(one=one, other=other):
        began_s = loop.time()
        await asyncio.gather(one.made(4), other.made(4))
        took_s = loop.time() - began_s

    assert took_s >= 3 * TICK_S * 0.9


async def test_the_first_call_does_not_wait_for_a_tick() -> None:
    one = Calls()
    running = asyncio.create_task(Clock({"one": one}, every_s=3_600).run())

    async with asyncio.timeout(60):
        await one.made(1)

    running.cancel()
    await asyncio.wait([running])


async def test_a_call_is_not_made_beside_itself_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    free, other = asyncio.Event(), Calls()
    begun = 0

    async def slow() -> None:
        nonlocal begun
        begun += 1
        await free.wait()

    async with ticking(slow=slow, other=other):
        await other.made(6)
        begun_while_busy = begun
        free.set()
        now = other.count
        await other.made(now + 6)

    assert begun_while_busy == 1
    assert begun > 1
    assert ("slow", "") in logged(caplog, "clock.still_at_work")


async def test_an_error_is_logged_once_with_the_calls_name_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = Calls(*[ValueError("spilled")] * 5), Calls()

    async with ticking(digest=broken, sound=sound):
        await asyncio.gather(broken.made(5), sound.made(5))

    assert logged(caplog, "clock.failed") == [("digest", "ValueError: spilled")]
    assert [bool(record.exc_info) for record in caplog.records if record.levelno == logging.ERROR] == [True]


async def test_another_error_is_logged_too_and_the_same_one_after_a_recovery(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    broken = Calls(ValueError("a"), ValueError("b"), ValueError("b"), None, None, ValueError("b"), None)

    async with ticking(digest=broken):
        await broken.made(8)

    told = [(record.getMessage(), vars(record).get("reason")) for record in caplog.records if "call" in vars(record)]
    assert told == [
        ("clock.failed", "ValueError: a"),
        ("clock.failed", "ValueError: b"),
        ("clock.recovered", None),
        ("clock.failed", "ValueError: b"),
        ("clock.recovered", None),
    ]


async def test_an_error_that_was_foreseen_needs_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    broken = Calls(Unavailable("Discord is away."))

    async with ticking(digest=broken):
        await broken.made(2)

    assert logged(caplog, "clock.failed") == [("digest", "Unavailable: Discord is away.")]
    assert all(record.exc_info is None for record in caplog.records)


async def test_a_stop_cancels_what_is_at_work_waits_for_it_and_logs_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended, begun = list[str](), asyncio.Event()

    async def slow() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)  # as one who puts things back
            ended.append("slow")

    async with ticking(slow=slow):
        await begun.wait()

    assert ended == ["slow"]
    assert caplog.records == []


async def test_nothing_is_called_after_a_stop() -> None:
    one = Calls()

    async with ticking(one=one):
        await one.made(2)
    count = one.count
    await asyncio.sleep(5 * TICK_S)

    assert one.count == count


async def paused(*, every_s: float, for_s: float) -> int:
    """How many calls are made just after the whole process stood still."""
    hog, other = Calls(), Calls()

    async def stand_still() -> None:
        if hog.count == 0:
            await hog()
            time.sleep(for_s)  # noqa: ASYNC251 - the event loop is to stand still

    clock = Clock({"other": other, "hog": stand_still}, every_s=every_s)
    running = asyncio.create_task(clock.run())
    async with asyncio.timeout(60):
        await hog.made(1)
        before = other.count
        await asyncio.sleep(0.05)

    running.cancel()
    await asyncio.wait([running])
    return other.count - before


async def test_ticks_that_passed_in_a_pause_are_made_up_for_once() -> None:
    assert await paused(every_s=0.2, for_s=0.9) == 1


async def test_a_tick_is_made_up_for_however_late() -> None:
    assert await paused(every_s=1.2, for_s=2.3) == 1


async def test_calls_that_ended_are_forgotten() -> None:
    one = Calls()
    clock = Clock({"one": one}, every_s=TICK_S)
    running = asyncio.create_task(clock.run())

    async with asyncio.timeout(60):
        await one.made(4)

    assert len(clock._at_work) <= 1  # pyright: ignore[reportPrivateUsage]
    running.cancel()
    await asyncio.wait([running])


async def test_it_is_quiet_while_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = Calls()

    async with ticking(one=one):
        await one.made(3)

    assert caplog.records == []
