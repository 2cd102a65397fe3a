"""A mapper as a process of its own, hurried, for a test that kills it: DATABASE-URL MODEL-ADDRESS."""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta

from db import connect
from services.mapping.mapper import Mapper
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from tests.services.mapping.conftest import QUICK


async def main(database_url: str, base_url: str) -> None:
    async with (
        connect.pool(database_url) as pool,
        ChatModel(LlmConfig(model="cartógrafo", base_url=base_url), longest_wait_s=0.0) as model,
    ):
        await Mapper(pool, model, pace=replace(QUICK, lease=timedelta(seconds=1))).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
