"""How an event loop fares while work goes on elsewhere, told so that a busy machine makes no difference."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

EVERY_S = 0.01


@dataclass
class Heart:
    """How often the loop came round, and the most CPU that its own thread spent between two times."""

    beats: int = 0
    longest_s: float = 0.0


@asynccontextmanager
async def beating() -> AsyncGenerator[Heart, None]:
    """Watch the loop; work done in its thread is seen as CPU, waiting for a turn on a busy machine is not."""
    heart = Heart()
    task = asyncio.create_task(_beat(heart))
    try:
        yield heart
    finally:
        task.cancel()


async def _beat(heart: Heart) -> None:
    while True:
        before = time.thread_time()
        await asyncio.sleep(EVERY_S)
        heart.longest_s = max(heart.longest_s, time.thread_time() - before)
        heart.beats += 1
