"""A worker as a process of its own, hurried, for tests that kill and freeze it: DATABASE-URL MODEL-ADDRESS."""

import asyncio
import sys
from datetime import timedelta

from db import connect
from services.judging.judge import Judge
from services.judging.worker import Worker, WorkerPace
from services.models.chat import ChatModel
from services.models.llm import LlmConfig

PACE = WorkerPace(
    slots=4,
    lease=timedelta(seconds=3),
    poll_s=0.1,
    most_attempts=8,  # each death costs one: with five, of a thousand runs one would see a sound job die of them
    first_gap=timedelta(milliseconds=1),
    first_pause=timedelta(milliseconds=50),
    longest_pause=timedelta(milliseconds=500),
)


async def main(database_url: str, base_url: str) -> None:
    async with (
        connect.pool(database_url) as pool,
        ChatModel(LlmConfig(model="juiz", base_url=base_url), longest_wait_s=0.0) as model,
    ):
        print("ready", flush=True)  # noqa: T201 - the test waits for it
        await Worker(pool, Judge(model, time_limit_s=30.0), pace=PACE).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
