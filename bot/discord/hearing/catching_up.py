"""Read in Discord what was written while nobody listened, room by room, each from where it was last seen."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import discord

from bot.discord import permissions
from bot.discord.client import Monitoria
from bot.discord.delivering.outlets import TROUBLE
from bot.discord.hearing.places import lineage
from db.records import Binding
from services.courses import absence
from services.courses.absence import Missed, Room, Seen
from services.ground.trouble import is_passing

log = logging.getLogger(__name__)

PAGE = 100
"""Messages of one request, as many as Discord gives."""
MOST_ROOMS_AT_ONCE = 4
MOST_ARCHIVED = 100
"""Private threads that are looked at in one channel: Discord does not list them by the time of their closing."""
REFUSALS = (discord.Forbidden, discord.NotFound)

Readable = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
Parent = discord.TextChannel | discord.ForumChannel
Hear = Callable[[discord.Message], Awaitable[None]]
T = TypeVar("T")


class CatchingUp:
    """Looks through the rooms of all courses after an absence."""

    def __init__(self, client: Monitoria, seen: Seen, hear: Hear) -> None:
        self._client = client
        self._deliveries = client.services.deliveries
        self._spaces = client.services.spaces
        self._seen = seen
        self._hear = hear
        self._one_at_a_time = asyncio.Lock()
        self._is_wanted = False  # whether somebody waits for their turn
        # Few: what students ask right now goes by the same limits of Discord's.
        self._lanes = asyncio.Semaphore(MOST_ROOMS_AT_ONCE)
        self.is_planned = False  # whether the gaps are known: before, no message counts as the last one seen

    def begin(self) -> None:
        """Take note of a new session, or of a server that is back, before which anything may have been missed."""
        self.is_planned = False

    async def run(self) -> None:
        """Hand on what was missed, in each room the oldest first and one after the other."""
        if self._is_wanted:
            return  # who waits already will see as much
        self._is_wanted = True
        async with self._one_at_a_time:
            # Before it looks: what begins to be missed from now on wants another run.
            self._is_wanted = False
            for pause_s in absence.pauses_s():
                try:
                    marks, bindings = await self._remembered()
                except Exception as error:
                    if not is_passing(error):
                        raise
                    log.warning("discord.not_caught_up", extra={"reason": str(error), "again_in_s": pause_s})
                    if not await self._client.rest(pause_s):
                        return
                else:
                    await self._all(marks, bindings)
                    return

    async def _remembered(self) -> tuple[dict[int, int], list[Binding]]:
        guilds = [guild.id for guild in self._client.guilds]
        return await self._deliveries.watermarks(), await self._spaces.bindings(guilds)

    async def _all(self, marks: dict[int, int], bindings: list[Binding]) -> None:
        open_rooms = [room for guild in self._client.guilds for room in _rooms(guild)]
        gaps = self._gaps(open_rooms, marks, bindings)
        # Not before the gaps are held: a message of now would raise the mark over what was missed.
        self.is_planned = True
        rooms = [self._look_through(room, gap) for room, gap in gaps]
        archives = [self._look_into_archive(parent, marks, bindings) for parent in self._parents(bindings)]
        for failed in await asyncio.gather(*rooms, *archives, return_exceptions=True):
            if isinstance(failed, Exception):  # one room must not keep the others from being read
                log.error("discord.unread", exc_info=failed)

    def _gaps(
        self, rooms: Iterable[Readable], marks: dict[int, int], bindings: list[Binding]
    ) -> list[tuple[Readable, Missed]]:
        """Return the rooms to read; none of them counts as seen any further than where its gap begins."""
        by_id = {room.id: room for room in rooms}
        described = [
            Room(id=room.id, lineage=tuple(lineage(room)), newest=room.last_message_id) for room in by_id.values()
        ]
        gaps = [(by_id[gap.room], gap) for gap in absence.missed(described, marks, bindings, discord.utils.utcnow())]
        for room, gap in gaps:
            if gap.is_answered:
                self._seen.hold(room.id, gap.after)
            else:
                self._seen.settle(room.id, room.last_message_id or gap.after)
        return [(room, gap) for room, gap in gaps if gap.is_answered]

    def _parents(self, bindings: list[Binding]) -> list[Parent]:
        """Return the channels and forums whose threads are answered."""
        bound = {binding.channel_id: binding for binding in bindings}
        found = list[Parent]()
        for guild in self._client.guilds:
            for parent in (*guild.text_channels, *guild.forums):
                binding = next((bound[place] for place in lineage(parent) if place in bound), None)
                if binding and binding.answers != "off" and not permissions.unreadable(parent):
                    found.append(parent)
        return found

    async def _look_into_archive(self, parent: Parent, marks: dict[int, int], bindings: list[Binding]) -> None:
        """Look through the threads that were closed meanwhile, which Discord does not tell of by itself."""
        async with self._lanes:
            threads = await self._asked(parent.id, lambda: _archived(parent))
        gaps = self._gaps(threads or [], marks, bindings)
        for thread, gap in gaps:
            await self._look_through(thread, gap)

    async def _look_through(self, room: Readable, gap: Missed) -> None:
        """Read a room to its end; one that cannot be read now is read by the next start."""
        if lacks := permissions.unreadable(room):
            log.warning("discord.unread", extra={"channel_id": room.id, "reason": f"it lacks {', '.join(lacks)}"})
            return
        async with self._lanes:
            is_whole = await self._read(room, gap)
        if is_whole:
            self._seen.let_go(room.id)

    async def _read(self, room: Readable, gap: Missed) -> bool:
        """Hand on the messages of a room; return whether there is no use in reading it again."""
        after = gap.after
        for _ in range(absence.MOST_MISSED // PAGE):
            page = await self._asked(room.id, lambda after=after: _page(room, after))
            if page is None:
                return False
            for message in page:
                if self._client.is_leaving:
                    return False
                await self._hear(message)
                # After it was heard: who dies in between hears it again, which is answered once all the same.
                after = message.id
                self._seen.hold(room.id, after)
            if len(page) < PAGE:
                return True
        log.warning("discord.unread_rest", extra={"channel_id": room.id, "limit": absence.MOST_MISSED})
        return True

    async def _asked(self, room: int, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Return what Discord answers, asked again while it fails; None where it refuses or fails for too long."""
        for pause_s in absence.pauses_s():
            try:
                return await ask()
            except REFUSALS as error:
                log.warning("discord.unread", extra={"channel_id": room, "reason": repr(error)})
                return None
            except TROUBLE as error:
                extra = {"channel_id": room, "reason": repr(error), "again_in_s": pause_s}
                log.warning("discord.unread_yet", extra=extra)
                if not await self._client.rest(pause_s):
                    return None
        return None


def _rooms(guild: discord.Guild) -> Iterable[Readable]:
    """Return all that Discord tells of at the start: channels, the chats of voice and stage rooms, open threads."""
    return (*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.threads)


async def _page(room: Readable, after: int) -> list[discord.Message]:
    """Return the next messages of a room, the oldest first."""
    return [message async for message in room.history(limit=PAGE, after=discord.Object(after), oldest_first=True)]


async def _archived(parent: Parent) -> list[discord.Thread]:
    """Return the threads of *parent* that were closed within the longest absence, private ones if we are in them."""
    since = discord.utils.utcnow() - absence.LONGEST_ABSENCE
    found = list[discord.Thread]()
    async for thread in parent.archived_threads(limit=None):
        if thread.archive_timestamp <= since:
            break  # they come by the time of their closing, the latest first
        found.append(thread)
    if isinstance(parent, discord.TextChannel):
        private = parent.archived_threads(private=True, joined=True, limit=MOST_ARCHIVED)
        found += [thread async for thread in private if thread.archive_timestamp > since]
    return found
