"""The Discord client: what it listens to, where it hands things on, and the two places where errors end."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, cast

import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket

from bot.discord.card_actions import CardActions
from bot.discord.delivering.answering import Answering
from bot.discord.delivering.commanding import Commanding
from bot.discord.delivering.outlets import PASSING, TROUBLE, persistently
from bot.discord.delivering.refreshing import Refreshing
from bot.discord.feedback import Feedback
from bot.discord.languages import Translations, reader
from bot.discord.map_actions import MapActions
from bot.discord.messages.buttons import AnswerPress, CardPress, Press, PressButton
from bot.discord.messages.defang import shortened
from bot.discord.messages.forms import EDIT, WHY, custom_id
from bot.discord.messages.map_buttons import MapButton, MapPress
from bot.discord.messages.map_forms import MAP_FORM
from bot.discord.messages.pairs import PairButton, PairPress
from bot.discord.messages.splitting import LONGEST
from bot.discord.pair_actions import PairActions
from bot.discord.publishing_commands import admits_commands, invitation, publish
from bot.process.metrics import Metrics
from db.records import AnswerId, CourseId, ItemId
from services import i18n
from services.errors import Misconfigured, Refused, Unavailable
from services.ground.cancelling import cancelled
from services.ground.trouble import is_passing
from services.wiring import Services

log = logging.getLogger(__name__)

FIRST_SIGN_LIMIT_S = 2.4
"""For the first answer to a command, a press or a form, of the 3 s that Discord waits."""
RELEASE_LIMIT_S = 3.0
"""For letting go of the answers that are being written, where the database is slow."""
ACKNOWLEDGED = 40060
"""Discord's code for an interaction that has had its first answer."""
SETTLED = {ACKNOWLEDGED, 10062}
"""… and for one that it knows no more."""
OURS = "ours"
"""In an interaction's extras: no other replica answers it."""


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
        if interaction.type is discord.InteractionType.autocomplete:
            interaction.client.attend(interaction)
            return True  # it changes nothing: whoever is first may answer it
        return await interaction.client.is_ours(interaction)

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
            # Who is in a server is asked one by one: the whole list is behind another privileged intent.
            chunk_guilds_at_startup=False,
            **options,
        )
        self.services = services
        self.answering = Answering(
            services.asker, services.deliveries, services.showings, services.pictures, metrics or Metrics()
        )
        self.unusable: Misconfigured | None = None  # why it closed by itself
        self._leaving = asyncio.Event()
        self.commanding = Commanding(self.answering, services.deliveries, self.start_soon)
        self._feedback = Feedback(services, self.commanding)
        self.card_actions = CardActions(services)
        self.map_actions = MapActions(services)
        self.pair_actions = PairActions(services)
        self.refreshing = Refreshing(self, services.asker, services.showings, services.pictures)
        self._background: set[asyncio.Task[None]] = set()
        self._attended: dict[asyncio.Task[Any], discord.Interaction[Any]] = {}
        self._cut_off: list[discord.Interaction[Any]] = []  # whom a stop left without an answer
        self._has_looked = False

    async def setup_hook(self) -> None:
        """Register what must work from the first event on, and publish the commands."""
        # Before the first event: presses of messages of earlier runs may be the first to come.
        self.add_dynamic_items(PressButton, MapButton, PairButton)
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
        # `on_ready` comes again with each new session; the servers' consent does not change with it.
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

    @property
    def is_leaving(self) -> bool:
        """Whether nothing new is begun any more."""
        return self._leaving.is_set()

    def begin_nothing(self) -> None:
        """Begin nothing new any more."""
        self._leaving.set()

    async def on_message(self, message: discord.Message) -> None:
        """Leave messages to the cogs: there are no prefixed commands."""

    async def pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """Act on a button, under an answer or of a card."""
        match press:
            case AnswerPress():
                await self.act(interaction, lambda: self._feedback.pressed(interaction, press))
            case CardPress():
                await self.act(interaction, lambda: self.card_actions.pressed(interaction, press))

    async def pressed_on_map(self, interaction: discord.Interaction[Any], press: MapPress) -> None:
        """Act on a button of a lecture's map."""
        await self.act(interaction, lambda: self.map_actions.pressed(interaction, press))

    async def pressed_on_pair(self, interaction: discord.Interaction[Any], press: PairPress) -> None:
        """Act on a button under two answers."""
        await self.act(interaction, lambda: self.pair_actions.pressed(interaction, press))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Read forms by their custom id: those that were opened before a restart too."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        sent = custom_id(interaction)
        if why := WHY.fullmatch(sent):
            course, answer = CourseId(int(why["course"])), AnswerId(int(why["answer"]))
            await self.act(interaction, lambda: self._feedback.submitted(interaction, course, answer))
        elif edit := EDIT.fullmatch(sent):
            course, item = CourseId(int(edit["course"])), ItemId(int(edit["item"]))
            await self.act(interaction, lambda: self.card_actions.corrected(interaction, course, item, edit["state"]))
        elif form := MAP_FORM.fullmatch(sent):
            await self.act(interaction, lambda: self.map_actions.submitted(interaction, form))

    async def act(self, interaction: discord.Interaction[Any], doing: Callable[[], Awaitable[None]]) -> None:
        """Do what a press or a form asks for, unless another replica does; its error ends here, in one sentence."""
        if not await self.is_ours(interaction):
            return
        try:
            await doing()
        except Exception as error:  # noqa: BLE001 - nothing else would answer the person
            await apologise(interaction, error)

    async def is_ours(self, interaction: discord.Interaction[Any]) -> bool:
        """
        Attend to *interaction* and take it; False: there is nothing to do or say, since another replica has it.

        All that changes something comes by here: every replica is told of every press, form and command.
        """
        self.attend(interaction)
        try:
            is_ours = await self.services.interactions.claim(interaction.id)
        except Exception as error:  # noqa: BLE001 - nothing else would answer the person
            await apologise(interaction, error)
            return False
        if is_ours:
            interaction.extras[OURS] = True
        else:
            log.debug("interaction.taken")
        return is_ours

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

    def attend(self, interaction: discord.Interaction[Any]) -> None:
        """
        Accompany the current task, in which *interaction* is answered, and see that it gives a first sign in time.

        After 3 s Discord takes none: what hangs until then is cut off, and its person told to try again.
        """
        self.accompany()
        task: asyncio.Task[Any] | None = asyncio.current_task()
        if task and interaction.type is not discord.InteractionType.autocomplete:
            self._attended[task] = interaction
            asyncio.get_running_loop().call_later(FIRST_SIGN_LIMIT_S, self._hurry, task, interaction)

    def _hurry(self, task: asyncio.Task[Any], interaction: discord.Interaction[Any]) -> None:
        if not task.done() and not interaction.response.is_done() and not self.is_leaving:
            # Before it is cancelled: else its person would be told once more, as one whom a stop has cut off.
            self._attended.pop(task, None)
            task.cancel()
            self.start_soon(apologise(interaction, Unavailable("It gave no sign in time.")))

    async def rest(self, pause_s: float) -> bool:
        """Wait so long, or until nothing new is begun any more; return whether there is a use in going on."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._leaving.wait()
        return not self.is_leaving

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        attended = self._attended.pop(task, None)
        if task.cancelled():
            self._cut_off += [attended] if attended and not _has_answered(attended) else []
        elif error := task.exception():
            log.error("discord.failed", exc_info=_trace(error), extra={"reason": repr(error)})

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        error = sys.exception()
        extra = {"event_name": event_method, "reason": repr(error)}
        log.error("discord.event_failed", exc_info=_trace(error), extra=extra)

    async def finished(self) -> None:
        """Begin nothing new, and wait until what is being done is done."""
        self.begin_nothing()
        while self._background:
            await asyncio.wait(tuple(self._background))

    async def close(self) -> None:
        """Let go of the answers that are being written, so that another process can go on at once; then leave."""
        self.begin_nothing()
        ours = asyncio.current_task()
        held = [task for task in self._background if task is not ours]
        await cancelled(held, RELEASE_LIMIT_S)
        # What hangs beyond that goes down with its connections; its person is told now, for then it is too late.
        hung = [self._attended.pop(task) for task in held if not task.done() and task in self._attended]
        if waiting := [*self._cut_off, *(one for one in hung if not _has_answered(one))]:
            stopping = Unavailable("The bot is stopping.")
            told = [asyncio.create_task(apologise(interaction, stopping)) for interaction in waiting]
            await asyncio.wait(told, timeout=RELEASE_LIMIT_S)
        # Last: afterwards nobody can be told anything.
        await super().close()


def _has_answered(interaction: discord.Interaction[Any]) -> bool:
    """Say whether who acted sees more than that the bot is thinking, as far as is known."""
    deferred = {discord.InteractionResponseType.deferred_channel_message, None}
    return interaction.response.type not in deferred


def _trace(error: BaseException | None) -> BaseException | None:
    """Return what to log a trace of: nothing, where the database or Discord is away for a moment."""
    return None if error is None or is_passing(error) or isinstance(error, PASSING) else error


async def apologise(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Tell who acted what to do, and nobody else; what we do not expect is logged with its trace."""
    cause = error.__cause__ if isinstance(error, app_commands.CommandInvokeError) and error.__cause__ else error
    # Whoever still hung as the bot left was told then.
    if is_settled(cause) or interaction.client.is_closed():
        log.info("interaction.not_ours", extra={"reason": str(cause)})
        return
    if isinstance(cause, Refused):
        said = shortened(str(cause), LONGEST)
    else:
        said = i18n.text("discord.unavailable", reader(interaction))
        log.error("interaction.failed", exc_info=_trace(cause), extra={"reason": str(cause)})
    try:
        await persistently(lambda: _whisper(interaction, said))
    except TROUBLE as refused:
        level = logging.INFO if is_settled(refused) else logging.WARNING
        log.log(level, "interaction.unanswered", extra={"reason": repr(refused)})


def is_settled(error: BaseException) -> bool:
    """
    Say whether *error* means that an interaction takes no first answer (any more): it has one, or it is too late.

    A task may outlive its being cut off, where what it awaited ended in that very moment (`asyncio.wait_for` of Python
    3.11 then returns instead); its person was told by then.
    """
    if isinstance(error, discord.InteractionResponded):
        return True
    return isinstance(error, discord.HTTPException) and error.code in SETTLED


async def _whisper(interaction: discord.Interaction[Any], text: str) -> None:
    if not interaction.response.is_done():
        try:
            await interaction.response.send_message(text, ephemeral=True)
        except discord.HTTPException as error:
            # Of what is ours alone, the first sign was our own: it came through, and its acknowledgement did not.
            if error.code != ACKNOWLEDGED or OURS not in interaction.extras:
                raise
        else:
            return
    await interaction.followup.send(text, ephemeral=True)
