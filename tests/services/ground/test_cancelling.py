"""What is cancelled ends, whatever it waits for."""

import asyncio

from services.ground.cancelling import cancelled


async def test_a_cancellation_that_comes_with_what_is_waited_for_is_not_the_last() -> None:
    came = asyncio.get_running_loop().create_future()

    async def goes_on() -> None:
        await asyncio.wait_for(came, 60)
        await asyncio.Event().wait()

    working = asyncio.create_task(goes_on())
    await asyncio.sleep(0)
    came.set_result(None)
    async with asyncio.timeout(60):
        await cancelled([working], limit_s=0.1)
        await asyncio.wait([working])

    assert working.cancelled()


async def test_who_will_not_end_is_left_behind() -> None:
    free = asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    working = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await cancelled([working], limit_s=0.02)

    assert not working.done()
    free.set()
    await working


async def test_nothing_to_cancel_takes_no_time() -> None:
    await cancelled([], limit_s=60)
