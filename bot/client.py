"""The Discord client: what it listens to, where it hands things on, and the two places where errors end."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering import Answering
from bot.buttons import AnswerButton, Verb
from bot.feedback import Feedback
from bot.languages import Translations, reader
from db.records import AnswerId, CourseId
from services import i18n
from services.errors import MonitoriaError, Refused
from services.wiring import Services

log = logging.getLogger(__name__)


def intents() -> discord.Intents:
    """Return what Monitoria must be told of; message content is the only privileged part."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = True
    wanted.guild_reactions = True
    wanted.dm_reactions = True
    return wanted


class Tree(app_commands.CommandTree["Monitoria"]):
    """The slash commands; an error of any ends here, in one sentence that only its user sees."""

    async def on_error(
        self, interaction: discord.Interaction["Monitoria"], error: app_commands.AppCommandError
    ) -> None:
        await apologise(interaction, error)


class Monitoria(commands.Bot):
    """Monitoria in Discord."""

    def __init__(self, services: Services, **options: Any) -> None:  # noqa: ANN401 - of discord.py
        super().__init__(
            command_prefix=(),
            help_command=None,
            intents=intents(),
            tree_cls=Tree,
            allowed_mentions=discord.AllowedMentions.none(),
            # Reactions and threads come as raw events, so old messages need not be remembered.
            max_messages=None,
            chunk_guilds_at_startup=False,
            **options,
        )
        self.services = services
        self.answering = Answering(services.asker, services.deliveries)
        self._feedback = Feedback(services)
        self._background: set[asyncio.Task[None]] = set()

    async def setup_hook(self) -> None:
        """Register what must work from the first event on, and publish the commands."""
        self.add_dynamic_items(AnswerButton)
        await self.tree.set_translator(Translations())
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        """Leave messages to the cogs: there are no prefixed commands."""

    async def pressed(
        self, interaction: discord.Interaction[Any], verb: Verb, course: CourseId, answer: AnswerId
    ) -> None:
        """Act on a button under an answer."""
        try:
            await self._feedback.pressed(interaction, verb, course, answer)
        except Exception as error:  # noqa: BLE001 - nothing else would answer the person
            await apologise(interaction, error)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Read forms by their custom id: those that were opened before a restart too."""
        if interaction.type is discord.InteractionType.modal_submit:
            try:
                await self._feedback.submitted(interaction)
            except Exception as error:  # noqa: BLE001 - nothing else would answer the person
                await apologise(interaction, error)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        if self.user and payload.user_id != self.user.id:
            await self._feedback.reacted(payload)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        await self._feedback.reacted(payload)

    def start_soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do *work* beside the events; it is cancelled when the client closes, and its error is logged."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("discord.failed", exc_info=error)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        log.error("discord.event_failed", exc_info=True, extra={"event_name": event_method})  # noqa: LOG014

    async def close(self) -> None:
        """Let go of the answers that are being written, so that another process can go on at once; then leave."""
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await super().close()


async def apologise(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Tell who acted what to do, and nobody else; what we do not expect is logged with its trace."""
    cause = error.__cause__ if isinstance(error, app_commands.CommandInvokeError) and error.__cause__ else error
    if isinstance(cause, Refused):
        said = str(cause)
    else:
        said = i18n.text("discord.unavailable", reader(interaction))
        trace = None if isinstance(cause, MonitoriaError) else cause
        log.error("interaction.failed", exc_info=trace, extra={"reason": str(cause)})
    try:
        if interaction.response.is_done():
            await interaction.followup.send(said, ephemeral=True)
        else:
            await interaction.response.send_message(said, ephemeral=True)
    except discord.HTTPException as refused:
        log.warning("interaction.unanswered", extra={"code": refused.code, "reason": refused.text})
