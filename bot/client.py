"""The Discord client: what it listens to, where it hands things on, and the two places where errors end."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, cast

import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket

from bot.answering import Answering
from bot.buttons import AnswerButton, Verb
from bot.cards import Verb as ReviewVerb
from bot.defang import shortened
from bot.feedback import Feedback
from bot.languages import Translations, reader
from bot.metrics import Metrics
from bot.pages import LONGEST
from bot.placing import Placing
from bot.publishing import admits_commands, invitation, publish
from db.records import AnswerId, CourseId, ItemId
from services import i18n
from services.errors import Misconfigured, MonitoriaError, Refused
from services.wiring import Services

log = logging.getLogger(__name__)

RELEASE_LIMIT_S = 3.0
"""For letting go of the answers that are being written, where the database is slow."""


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

    async def interaction_check(self, interaction: discord.Interaction["Monitoria"], /) -> bool:
        interaction.client.accompany()
        return True

    async def on_error(
        self, interaction: discord.Interaction["Monitoria"], error: app_commands.AppCommandError
    ) -> None:
        await apologise(interaction, error)


class Monitoria(commands.Bot):
    """Monitoria in Discord."""

    def __init__(
        self,
        services: Services,
        metrics: Metrics | None = None,
        **options: Any,  # noqa: ANN401 - of discord.py
    ) -> None:
        # Monitoria has no voice, and an operator need not be warned of what that lacks.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
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
        self.answering = Answering(services.asker, services.deliveries, services.showings, metrics or Metrics())
        self.unusable: Misconfigured | None = None  # why it closed by itself
        self.is_leaving = False  # nothing new is begun any more
        self._feedback = Feedback(services)
        self.placing = Placing(self, services.asker, services.showings)
        self._background: set[asyncio.Task[None]] = set()
        self._has_looked = False

    async def setup_hook(self) -> None:
        """Register what must work from the first event on, and publish the commands."""
        self.add_dynamic_items(AnswerButton)
        await self.tree.set_translator(Translations())
        try:
            await publish(self.tree)
        except (discord.HTTPException, app_commands.AppCommandError) as error:
            # Those that were published before go on working, and so do mentions.
            log.error("commands.unpublished", extra={"reason": str(error)})  # noqa: TRY400 - Discord's words tell all

    async def on_ready(self) -> None:
        """Look once which servers show the commands to nobody; where none shows them, there is no use in going on."""
        if self._has_looked:
            return
        self._has_looked = True
        guilds = tuple(self.guilds)
        closed = [guild for guild in guilds if not await self._admits_commands(guild)]
        if closed and len(closed) == len(guilds):
            self.unusable = Misconfigured(
                "No server that the bot is in lets it offer commands (scope `applications.commands`); add it to the "
                f"server anew by {invitation(self.application_id)} and start again."
            )
            await self.close()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._admits_commands(guild)

    async def _admits_commands(self, guild: discord.Guild) -> bool:
        admits = await admits_commands(self.tree, guild)
        if not admits:
            reason = f"this server shows no commands; add the bot to it anew by {invitation(self.application_id)}"
            log.warning("discord.commands_not_allowed", extra={"guild_id": guild.id, "reason": reason})
        return admits

    @property
    def is_connected(self) -> bool:
        """Whether events arrive: `is_ready` alone stays true while the connection is lost."""
        ws = cast("DiscordWebSocket | None", self.ws)  # discord.py knows better than its annotation
        return self.is_ready() and not self.is_closed() and ws is not None and ws.open

    async def on_message(self, message: discord.Message) -> None:
        """Leave messages to the cogs: there are no prefixed commands."""

    async def pressed(
        self, interaction: discord.Interaction[Any], verb: Verb, course: CourseId, answer: AnswerId
    ) -> None:
        """Act on a button under an answer."""
        self.accompany()
        try:
            await self._feedback.pressed(interaction, verb, course, answer)
        except Exception as error:  # noqa: BLE001 - nothing else would answer the person
            await apologise(interaction, error)

    async def reviewed(
        self, interaction: discord.Interaction[Any], verb: ReviewVerb, course: CourseId, item: ItemId
    ) -> None:
        """Act on a button of a card."""
        handler: Any = self.get_cog("Reviewing")
        try:
            await handler.pressed(interaction, verb, course, item)
        except Exception as error:  # noqa: BLE001 - nothing else would answer the person
            await apologise(interaction, error)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Read forms by their custom id: those that were opened before a restart too."""
        if interaction.type is discord.InteractionType.modal_submit:
            self.accompany()
            try:
                await self._feedback.submitted(interaction)
            except Exception as error:  # noqa: BLE001 - nothing else would answer the person
                await apologise(interaction, error)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self.accompany()
        if self.user and payload.user_id != self.user.id:
            await self._feedback.reacted(payload)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        self.accompany()
        await self._feedback.reacted(payload)

    def start_soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do *work* beside the events; it is cancelled when the client closes, and its error is logged."""
        self._keep(asyncio.create_task(work))

    def accompany(self) -> None:
        """Let a stop wait for the current task too, as for what was started by `start_soon`."""
        task: asyncio.Task[Any] | None = asyncio.current_task()
        if task and task not in self._background:
            self._keep(task)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("discord.failed", exc_info=error)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        log.error("discord.event_failed", exc_info=True, extra={"event_name": event_method})  # noqa: LOG014

    async def finished(self) -> None:
        """Begin nothing new, and wait until what is being done is done."""
        self.is_leaving = True
        while self._background:
            await asyncio.wait(tuple(self._background))

    async def close(self) -> None:
        """Let go of the answers that are being written, so that another process can go on at once; then leave."""
        self.is_leaving = True
        ours = asyncio.current_task()
        held = [task for task in self._background if task is not ours]
        for task in held:
            task.cancel()
        if held:
            await asyncio.wait(held, timeout=RELEASE_LIMIT_S)
        await super().close()


async def apologise(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Tell who acted what to do, and nobody else; what we do not expect is logged with its trace."""
    cause = error.__cause__ if isinstance(error, app_commands.CommandInvokeError) and error.__cause__ else error
    if isinstance(cause, Refused):
        said = shortened(str(cause), LONGEST)
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
