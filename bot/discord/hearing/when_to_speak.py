"""Decide whether Monitoria speaks to a message: what it asks, and who has the floor where it stands."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

import discord

from bot.discord import permissions
from bot.discord.delivering.outlets import persistently
from bot.discord.hearing.triggers import Heard, is_addressed, is_for_us
from db.records import Binding
from services.courses.staffed_threads import Speaker, ThreadMessage
from services.wiring import Services


class Manners:
    """How Monitoria behaves among people; what it must remember of them is in rows."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # Weak: a thread's lock goes with the last who waits for it, and threads are many.
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, message: discord.Message) -> AsyncGenerator[None, None]:
        """Let the messages of a thread be decided on in the order of their coming: who has the floor depends on it."""
        if not isinstance(message.channel, discord.Thread):
            yield
            return
        lock = self._turns.setdefault(message.channel.id, asyncio.Lock())
        async with lock:
            yield

    async def may_answer(self, message: discord.Message, heard: Heard, binding: Binding) -> bool:
        """Say whether a message in a bound channel is answered, and take note of it where it stands in a thread."""
        asks = is_for_us(heard, binding.answers)
        if not isinstance(message.channel, discord.Thread):
            return asks
        speaker = await self._speaker(message, message.channel, binding)
        may_speak = await self._services.staff_first.hear(
            ThreadMessage(
                course=binding.course.id,
                thread=message.channel.id,
                message=message.id,
                at=message.created_at,
                speaker=speaker,
                asks=asks,
            )
        )
        return asks and (may_speak or is_addressed(heard, by_staff=speaker == "staff"))

    async def _speaker(self, message: discord.Message, thread: discord.Thread, binding: Binding) -> Speaker:
        settings = await self._services.spaces.settings(binding.course)
        member = await _member(message)
        if member and permissions.is_staff_member(member, settings):
            return "staff"
        return "owner" if await self._is_owner(message, thread, binding) else "other"

    async def _is_owner(self, message: discord.Message, thread: discord.Thread, binding: Binding) -> bool:
        """Say whether a thread hangs on a question of who writes, or is theirs."""
        shown = await self._services.showings.of_message(channel=thread.parent_id, message=thread.id)
        if shown is None or shown.asker_key is None:
            return thread.owner_id == message.author.id
        return shown.asker_key == await self._services.people.key(binding.course, message.author.id)


async def _member(message: discord.Message) -> discord.Member | None:
    """Return who writes as a member; messages that are read back come without, and who has left is none."""
    author, guild = message.author, message.guild
    if isinstance(author, discord.Member) or guild is None:
        return author if isinstance(author, discord.Member) else None
    try:
        return await persistently(lambda: guild.fetch_member(author.id))
    except discord.NotFound:
        return None
