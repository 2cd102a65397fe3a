"""A fake Discord that remembers what each message said, and whose answers can be late."""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from tests.fake_discord import FakeDiscord, Message
from tests.fake_discord.requests import Asked
from tests.fake_discord.things import Json


@dataclass(frozen=True, kw_only=True)
class Version:
    """What a message said from a moment on."""

    at: float  # of the clock on the wall, as the database's times are
    content: str
    embeds: list[Json]
    pictures: list[str]  # by what is said of them


@dataclass
class Delay:
    pattern: re.Pattern[str]
    seconds: float
    left: int


class Remembering(FakeDiscord):
    """A fake Discord that keeps every version of every message, and can take its time."""

    def __init__(self) -> None:
        super().__init__()
        self.callback_within_s = 60.0  # a busy machine is not the bot's fault
        self.versions: dict[int, tuple[Message, list[Version]]] = {}
        self.taken_away: set[int] = set()  # messages of the bot that people deleted
        self.delays: list[Delay] = []

    def fill(self, message: Message, body: Json) -> None:
        super().fill(message, body)
        seen = self.versions.setdefault(message.id, (message, []))[1]
        pictures = [one.description or "" for one in message.attachments]
        seen.append(Version(at=time.time(), content=message.content, embeds=message.embeds, pictures=pictures))

    def delay(self, pattern: str, seconds: float) -> None:
        """Let the next request that *pattern* matches arrive later than those behind it."""
        self.delays.append(Delay(re.compile(pattern), seconds, 1))

    async def _read(self, request: web.Request) -> Asked:
        asked = await super()._read(request)
        for delay in self.delays:
            if delay.left and delay.pattern.search(f"{request.method} {request.path}"):
                delay.left -= 1
                await asyncio.sleep(delay.seconds)
        return asked


class Line(aiohttp.TCPConnector):
    """The connections of one bot, which can be cut for good."""

    is_cut = False

    async def connect(self, *args: Any, **options: Any) -> Any:
        if self.is_cut:
            raise aiohttp.ClientConnectionError("cut by the play")
        return await super().connect(*args, **options)

    def cut(self) -> None:
        self.is_cut = True
        for protocol in list(self._acquired):
            if protocol.transport:
                protocol.transport.abort()
