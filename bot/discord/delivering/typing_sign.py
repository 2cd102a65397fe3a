"""Show that Monitoria is typing: once in a channel, however many questions wait there."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import discord

from bot.discord.delivering.outlets import TROUBLE


class Typing:
    """The channels in which Monitoria is typing."""

    def __init__(self) -> None:
        self._waiting = Counter[int]()
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def shown(self, channel: "discord.abc.MessageableChannel") -> AsyncGenerator[None, None]:
        """Show it until the block ends; a channel that forbids it goes without."""
        self._waiting[channel.id] += 1
        if self._waiting[channel.id] == 1:
            self._tasks[channel.id] = asyncio.create_task(_type(channel))
        try:
            yield
        finally:
            self._waiting[channel.id] -= 1
            if not self._waiting[channel.id]:
                del self._waiting[channel.id]
                self._tasks.pop(channel.id).cancel()


async def _type(channel: "discord.abc.MessageableChannel") -> None:
    with suppress(*TROUBLE):
        async with channel.typing():
            # discord.py repeats the sign every few seconds for as long as this block lasts.
            await asyncio.Event().wait()
