"""Answer what comes as a command or a press, which Discord shows as "thinking" until something is said."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import discord

from bot.discord.delivering.answering import SOURCE, Answering
from bot.discord.delivering.outlets import TROUBLE, CommandOutlet
from bot.discord.languages import reader
from db.records import Course, Destination, LectureId, QuestionId
from services import i18n
from services.answering.asked import Asked, cleaned
from services.errors import Refused
from services.ground.trouble import is_passing
from services.wiring import Services

log = logging.getLogger(__name__)

EXCUSE_LIMIT_S = 2.0
"""For the last word to a command, when the process ends before its question is stored."""

Begin = Callable[[Coroutine[Any, Any, None]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """How a question that was asked before is asked once more: of one lecture, or of all whichever it names."""

    lecture: LectureId | None
    follows: QuestionId | None  # what it followed then

    @property
    def everywhere(self) -> bool:
        return self.lecture is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A question that came as a command or a press."""

    interaction: discord.Interaction[Any]
    course: Course
    text: str
    lecture: str | None
    again: Again | None
    destination: Destination

    @property
    def source_id(self) -> str:
        return f"interaction:{self.interaction.id}"

    @property
    def excuse(self) -> str:
        return i18n.text("discord.unavailable", self.destination.language)


class Commanded:
    """Answers commands and presses that ask; one for the whole process. *begin* does work beside the events."""

    def __init__(self, services: Services, answering: Answering, begin: Begin) -> None:
        self._services = services
        self._answering = answering
        self._begin = begin

    async def answer(
        self,
        interaction: discord.Interaction[Any],
        course: Course,
        text: str,
        *,
        is_private: bool,
        lecture: str | None = None,
        again: Again | None = None,
    ) -> None:
        """Show that we think, and answer beside; *lecture* is a slug as somebody typed it."""
        try:
            await interaction.response.defer(ephemeral=is_private, thinking=True)
        except discord.HTTPException as error:
            # Delivered twice, or too late: whoever was first answers, or nobody can.
            log.info("interaction.not_ours", extra={"code": error.code})
            return
        destination = Destination(
            guild_id=interaction.guild_id,
            channel_id=interaction.channel_id or 0,
            message_id=None,
            token=interaction.token,
            is_private=is_private,
            language=reader(interaction) if is_private or interaction.guild_id is None else course.language,
        )
        channel = interaction.channel if isinstance(interaction.channel, discord.abc.Messageable) else None
        us = interaction.client.user.id if interaction.client.user else interaction.application_id
        outlet = CommandOutlet(interaction.followup, channel=channel, us=us, is_private=is_private)
        command = Command(
            interaction=interaction, course=course, text=text, lecture=lecture, again=again, destination=destination
        )
        self._begin(self._ask(command, outlet))

    async def _ask(self, command: Command, outlet: CommandOutlet) -> None:
        """Answer a command, or say why not: nobody is left with a bot that thinks for ever."""
        try:
            asked = await self._asked(command)
            await self._answering.answer(asked, command.destination, outlet)
        except Refused as error:
            await self._excuse(outlet, str(error))
        except asyncio.CancelledError:
            with suppress(Exception):  # there is no second try
                async with asyncio.timeout(EXCUSE_LIMIT_S):
                    await self._excuse_unless_stored(command, outlet)
            raise
        except Exception as error:
            trace = None if is_passing(error) else error
            log.error("command.failed", exc_info=trace, extra={"reason": repr(error)})  # noqa: TRY400 - see trace
            await self._excuse(outlet, command.excuse)

    async def _asked(self, command: Command) -> Asked:
        course, language, again = command.course, reader(command.interaction), command.again
        key = await self._services.people.key(course, command.interaction.user.id)
        # By its old id where its answer was lost: it is then sent, and not thought of and counted anew.
        missed = None if again else await self._services.deliveries.missed(course, key, cleaned(command.text, language))
        return Asked(
            course=course,
            text=command.text,
            source=SOURCE,
            source_id=missed or command.source_id,
            asker_key=key,
            lecture=again.lecture if again else await self._lecture(command),
            everywhere=again is not None and again.everywhere,
            follows=again.follows if again else None,
            said_at=command.interaction.created_at,
            destination=command.destination,
            reader=language,
        )

    async def _lecture(self, command: Command) -> LectureId | None:
        if not command.lecture:
            return None
        language = reader(command.interaction)
        return (await self._services.courses.lecture(command.course, command.lecture, reader=language)).id

    async def _excuse_unless_stored(self, command: Command, outlet: CommandOutlet) -> None:
        """Say that the process ends, where no later one will know of the question."""
        if await self._services.deliveries.of_source(SOURCE, command.source_id) is None:
            await self._excuse(outlet, command.excuse)

    async def _excuse(self, outlet: CommandOutlet, text: str) -> None:
        """Say something in place of "thinking"; where an answer stands already, it stays."""
        if not outlet.is_silent:
            return
        try:
            await outlet.say(text)
        except TROUBLE as error:
            log.warning("command.unanswered", extra={"reason": repr(error)})
