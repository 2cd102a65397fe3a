"""Answer what came as a command or a press, which Discord shows as "thinking" until something is said."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import discord

from bot.discord.delivering.answering import SOURCE, Answering
from bot.discord.delivering.outlets import TROUBLE, CommandOutlet, PressOutlet
from bot.discord.languages import reader
from db.records import Course, Destination
from services import i18n
from services.answering.asked import Asked
from services.answering.deliveries import Deliveries
from services.errors import Refused
from services.ground.trouble import is_passing

log = logging.getLogger(__name__)

EXCUSE_LIMIT_S = 2.0
"""For the last word to a command, when the process ends before its question is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A question that came as an interaction."""

    interaction: discord.Interaction[Any]
    course: Course
    destination: Destination

    @property
    def source_id(self) -> str:
        return f"interaction:{self.interaction.id}"

    @property
    def excuse(self) -> str:
        return i18n.text("discord.unavailable", self.destination.language)


Asking = Callable[[Command], Awaitable[Asked]]
"""What finds out, once Discord has its first sign, what is asked."""


class Commanding:
    """Answers commands and presses; one for the whole process."""

    def __init__(
        self,
        answering: Answering,
        deliveries: Deliveries,
        start_soon: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._answering = answering
        self._deliveries = deliveries
        self._start_soon = start_soon

    async def answer(
        self, interaction: discord.Interaction[Any], course: Course, asking: Asking, *, is_private: bool
    ) -> None:
        """Give the first sign, and begin to answer what *asking* says is asked."""
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
        command = Command(interaction=interaction, course=course, destination=destination)
        self._start_soon(self._ask(command, asking, _outlet(interaction, is_private=is_private)))

    async def _ask(self, command: Command, asking: Asking, outlet: CommandOutlet) -> None:
        """Answer a command, or say why not: nobody is left with a bot that thinks for ever."""
        try:
            asked = await asking(command)
            self._require_alone(asked)
            await self._answering.answer(asked, command.destination, outlet)
            # Nothing was said: the question is one that came before, and somebody has its answer in hand.
            await self._excuse(outlet, i18n.text("question.in_progress", command.destination.language))
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

    def _require_alone(self, asked: Asked) -> None:
        """Refuse what is asked anew while somebody else's press has it: it comes once."""
        if asked.is_anew and asked.source_id in self._answering.in_flight:
            raise Refused(i18n.text("question.in_progress", asked.reader or asked.course.language))

    async def _excuse_unless_stored(self, command: Command, outlet: CommandOutlet) -> None:
        """Say that the process ends, where no later one will know of the question."""
        if await self._deliveries.of_source(SOURCE, command.source_id) is None:
            await self._excuse(outlet, command.excuse)

    async def _excuse(self, outlet: CommandOutlet, text: str) -> None:
        """Say something in place of "thinking"; where an answer stands already, it stays."""
        if not outlet.is_silent:
            return
        try:
            await outlet.say(text)
        except TROUBLE as error:
            log.warning("command.unanswered", extra={"reason": repr(error)})


def _outlet(interaction: discord.Interaction[Any], *, is_private: bool) -> CommandOutlet:
    channel = interaction.channel if isinstance(interaction.channel, discord.abc.Messageable) else None
    user = interaction.client.user
    us = user.id if user else interaction.application_id
    kind = PressOutlet if interaction.type is discord.InteractionType.component else CommandOutlet
    return kind(interaction.followup, channel=channel, us=us, is_private=is_private)
