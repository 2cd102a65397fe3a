"""End tasks that are cancelled, also those that a cancellation passes by."""

import asyncio
from collections.abc import Iterable
from typing import Any


async def cancelled(tasks: Iterable[asyncio.Task[Any]], limit_s: float) -> None:
    """
    Cancel *tasks* and wait *limit_s* at most for them to end; what goes on at half of it is cancelled once more.

    Before Python 3.12 `asyncio.wait_for` loses a cancellation that comes together with what it waits for
    (https://github.com/python/cpython/issues/86296), and with it the pool waits for a connection.
    """
    left = set(tasks)
    for _ in range(2):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=limit_s / 2)
