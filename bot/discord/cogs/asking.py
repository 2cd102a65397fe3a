"""Every way of asking: command, mention, forum post, reply, thread, message menu, direct message."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands, tasks

from bot.discord.client import Monitoria
from bot.discord.delivering.answering import SOURCE
from bot.discord.delivering.commanding import Command
from bot.discord.delivering.outlets import TROUBLE, ReplyOutlet, persistently
from bot.discord.delivering.resuming import Resuming
from bot.discord.delivering.typing_sign import Typing
from bot.discord.hearing.catching_up import CatchingUp
from bot.discord.hearing.course_choice import choice
from bot.discord.hearing.forwards import replied_to, written
from bot.discord.hearing.places import Rooms
from bot.discord.hearing.triggers import Heard, without_mention
from bot.discord.hearing.when_to_speak import Manners
from bot.discord.languages import named, options, reader
from bot.discord.messages import lecture_map
from bot.discord.offering import offered
from db.records import Binding, Course, Destination, QuestionId
from services import i18n
from services.answering.asked import Asked, cleaned
from services.courses.absence import FEW_TRIES, Seen, pauses_s
from services.errors import Refused, Unavailable
from services.ground.trouble import is_passing
from services.words.chatter import is_thanks

log = logging.getLogger(__name__)

LOOK_UP_LIMIT_S = 1.5
"""For finding the course before the first sign, which must come within 3 s."""
WITH_A_FORWARD = timedelta(minutes=1)
"""Between a forwarded message and the one that goes with it."""
TICK_S = 10.0
SPOKEN = {discord.MessageType.default, discord.MessageType.reply}
DIRECT_LANGUAGE = "pt-BR"
"""Nothing tells a person's language in a direct message; most of ours read Portuguese."""

Hears = Callable[[discord.Message], Awaitable[None]]


class Asking(commands.Cog):
    """Hears questions and hands them on."""

    def __init__(self, bot: Monitoria) -> None:
        self._bot = bot
        self._services = bot.services
        self._rooms = Rooms(bot, bot.services)
        self._manners = Manners(bot.services)
        self._typing = Typing()
        self._seen = Seen()
        self._catching_up = CatchingUp(bot, self._seen, self._missed)
        self._resuming = Resuming(bot)
        self._menu = app_commands.ContextMenu(name=named("discord.menu"), callback=self._ask_about)

    async def cog_load(self) -> None:
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)
        self._tick.cancel()

    # Commands

    @app_commands.command(name=named("command.ask.name"), description=named("command.ask.description"))
    @options(
        question="command.ask.question",
        lecture="command.ask.lecture",
        private="command.ask.private",
    )
    async def ask(
        self,
        interaction: discord.Interaction[Any],
        question: str,
        lecture: str | None = None,
        private: bool = False,  # noqa: FBT001, FBT002 - an option of a command
    ) -> None:
        course = await self._course(interaction)
        await self._answer(interaction, course, question, lecture=lecture, is_private=private)

    @ask.autocomplete("lecture")
    async def _lectures(self, interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        return await offered(self._matching(interaction, current))

    async def _matching(self, interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        course = await self._course(interaction)
        found = await self._services.lookup.offered(course, current, "student")
        return lecture_map.choices(found, reader(interaction))

    async def _ask_about(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        course = await self._course(interaction)
        text = without_mention(written(message), self._our_ids(message.guild))
        if not text:
            raise Refused(i18n.text("discord.nothing_to_ask", reader(interaction)))
        await self._answer(interaction, course, text, lecture=None, is_private=True)

    async def _course(self, interaction: discord.Interaction[Any]) -> Course:
        """Return the course that a command is for, or refuse with a hint."""
        try:
            async with asyncio.timeout(LOOK_UP_LIMIT_S):
                if interaction.guild_id is None:
                    return await self._direct_course(interaction)
                binding = await self._rooms.require_binding(interaction, reader(interaction))
        except TimeoutError:
            raise Unavailable("The database did not answer in time.") from None
        if binding.answers == "off":
            raise Refused(i18n.text("discord.switched_off", reader(interaction)))
        return binding.course

    async def _direct_course(self, interaction: discord.Interaction[Any]) -> Course:
        course, choices = await self._rooms.direct_course(interaction.user.id)
        if course is None:
            hint = "direct.choose_first" if choices else "direct.no_course"
            raise Refused(i18n.text(hint, reader(interaction)))
        return course

    async def _answer(
        self,
        interaction: discord.Interaction[Any],
        course: Course,
        text: str,
        *,
        lecture: str | None,
        is_private: bool,
    ) -> None:
        async def asking(command: Command) -> Asked:
            return await self._asked(command, text, lecture)

        await self._bot.commanding.answer(interaction, course, asking, is_private=is_private)

    async def _asked(self, command: Command, text: str, lecture: str | None) -> Asked:
        course, language = command.course, reader(command.interaction)
        key = await self._services.people.key(course, command.interaction.user.id)
        # Of what is not released nothing is answered, to staff either.
        narrowed = await self._services.lookup.meant(course, lecture, "student", language) if lecture else None
        # By its old id where its answer was lost: it is then sent, and not thought of and counted anew.
        missed = await self._services.deliveries.missed(course, key, cleaned(text, language))
        return Asked(
            course=course,
            text=text,
            source=SOURCE,
            source_id=missed or command.source_id,
            is_anew=missed is not None,
            asker_key=key,
            lecture=narrowed.id if narrowed else None,
            said_at=command.interaction.created_at,
            destination=command.destination,
            reader=language,
        )

    # Messages

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if self._bot.is_leaving:
            return  # the next start finds it, since it was not seen
        if message.guild is None:
            if _is_spoken(message):
                self._bot.start_soon(self._spoken_to_until_told(message))
        else:
            self._take_note(message)
            self._bot.start_soon(self._decided(message))

    async def _missed(self, message: discord.Message) -> None:
        """Hear a message that was written while we were away, unless it was heard here all the same."""
        if not self._seen.has_heard(message.channel.id, message.id):
            self._take_note(message)
            await self._decided(message)

    def _take_note(self, message: discord.Message) -> None:
        self._seen.hear(message.channel.id, message.id)

    async def _decided(self, message: discord.Message) -> None:
        """
        Answer a message if it asks us, however often that takes, and only then count it as seen.

        What fails for longer than a question may wait, or by a fault of ours, is left to the next start.
        """
        if not _is_spoken(message) or await self._persistently(self._heard, message):
            self._seen.settle(message.channel.id, message.id)

    async def _spoken_to_until_told(self, message: discord.Message) -> None:
        """Answer a direct message, or tell its author that it was lost: no later start looks for it."""
        if not await self._persistently(self._spoken_to, message, most=FEW_TRIES):
            await self._tell(message, i18n.text("discord.unavailable", DIRECT_LANGUAGE))

    async def _persistently(self, answer: Hears, message: discord.Message, most: int | None = None) -> bool:
        """Do *answer* until it ends well, at most so often; return whether it has."""
        for tries, pause_s in enumerate(pauses_s(), start=1):
            try:
                await answer(message)
            except Exception as error:
                is_ours = not is_passing(error)
                is_last = tries >= (FEW_TRIES if is_ours or most else tries + 1)
                extra = {"message_id": message.id, "reason": repr(error), "is_left": is_last}
                log.warning("message.undecided", exc_info=is_ours and tries == 1, extra=extra)
                if is_last or not await self._bot.rest(pause_s):
                    return False
            else:
                return True
        return False

    async def _spoken_to(self, message: discord.Message) -> None:
        """Answer a direct message, unless it only thanks for an answer."""
        if is_thanks(written(message)):
            return
        course, choices = await self._rooms.direct_course(message.author.id)
        if course:
            follows = await self._services.deliveries.latest_in(message.channel.id, course)
            await self._answer_message(message, course, written(message), follows if replied_to(message) else None)
            return
        text = i18n.text("direct.choose" if choices else "direct.no_course", DIRECT_LANGUAGE)
        await self._tell(message, text, choice(choices, DIRECT_LANGUAGE) if choices else None)

    async def _tell(self, message: discord.Message, text: str, view: discord.ui.View | None = None) -> None:
        """Say something in direct messages; who shares no server with us any more, or has blocked us, hears nothing."""
        try:
            await persistently(lambda: message.channel.send(text, view=view or discord.utils.MISSING))
        except TROUBLE as error:
            code = error.code if isinstance(error, discord.HTTPException) else 0
            log.info("direct.unreachable", extra={"code": code, "reason": repr(error)})

    async def _heard(self, message: discord.Message) -> None:
        """Answer a message in a channel, if it asks us."""
        guild = message.guild.id if message.guild else None
        # Who has the floor is decided one by one; to write the answer takes long, and stays outside.
        async with self._manners.turn(message):
            binding = await self._rooms.binding(guild, message.channel)
            if binding is None or binding.answers == "off":
                return
            follows = await self._follows(message, binding)
            heard = self._facts(message, follows)
            if not await self._manners.may_answer(message, heard, binding):
                return
        text = heard.text or await self._referred(message)
        if heard.opens_post:
            text = f"{heard.title}\n{text}"
        if follows is None and isinstance(message.channel, discord.Thread):
            follows = await self._services.deliveries.latest_in(message.channel.id, binding.course)
        await self._answer_message(message, binding.course, text, follows)

    def _facts(self, message: discord.Message, follows: QuestionId | None) -> Heard:
        ours = self._our_ids(message.guild)
        typed = {*message.raw_mentions, *message.raw_role_mentions}
        mentioned = typed | {user.id for user in message.mentions}
        thread = message.channel if isinstance(message.channel, discord.Thread) else None
        in_forum = thread is not None and isinstance(thread.parent, discord.ForumChannel)
        opens = in_forum and message.id == message.channel.id
        replies = replied_to(message) is not None
        # Discord adds whom a reply answers to those it mentions, unless its writer switched that off.
        to_us = replies and (follows is not None or bool((mentioned - typed) & ours))
        return Heard(
            text=without_mention(written(message), ours),
            title=str(message.channel) if opens else "",
            mentions_us=bool(typed & ours),
            replies_to_us=to_us,
            addresses_others=bool(mentioned - ours) or (replies and not to_us),
            in_our_thread=thread is not None and not in_forum and follows is not None,
            opens_post=opens,
            continues_post=in_forum and not opens,
        )

    async def _follows(self, message: discord.Message, binding: Binding) -> QuestionId | None:
        """Return the question that a message follows: by a reply to its answer, or in the thread under it."""
        if replied := replied_to(message):
            shown = await self._services.showings.of_message(channel=message.channel.id, message=replied)
            return shown.question_id if shown and shown.course.id == binding.course.id else None
        thread = message.channel
        if isinstance(thread, discord.Thread) and thread.id != message.id:
            # A thread that hangs on a message has that message's id.
            shown = await self._services.showings.of_message(channel=thread.parent_id, message=thread.id)
            if shown and shown.course.id == binding.course.id:
                return await self._services.deliveries.latest_in(thread.id, binding.course) or shown.question_id
        return None

    async def _referred(self, message: discord.Message) -> str:
        """Return what a message that only mentions us is about: the one it replies to, or passed on just before."""
        try:
            about = await self._replied_to(message) if replied_to(message) else await self._forwarded_before(message)
        except TROUBLE:
            return ""
        return without_mention(written(about), self._our_ids(message.guild)) if about else ""

    async def _replied_to(self, message: discord.Message) -> discord.Message:
        resolved = message.reference.resolved if message.reference else None
        if isinstance(resolved, discord.Message):
            return resolved
        return await message.channel.fetch_message(replied_to(message) or 0)

    async def _forwarded_before(self, message: discord.Message) -> discord.Message | None:
        """Return what the same person forwarded just before: Discord sends the words beside it as a message apart."""
        since = message.created_at - WITH_A_FORWARD
        async for before in message.channel.history(limit=1, before=message, after=since, oldest_first=False):
            if before.author.id == message.author.id and before.message_snapshots:
                return before
        return None

    async def _answer_message(
        self, message: discord.Message, course: Course, text: str, follows: QuestionId | None
    ) -> None:
        before = await self._services.deliveries.of_source(SOURCE, f"message:{message.id}")
        if before and before.is_delivered:
            return
        if before is None and await self._services.interactions.is_taken(message.id):
            return  # its author has had its question deleted, and Discord delivers some messages twice
        # A message that comes again is the question that it was, also where its channel has another course by now.
        course, follows = (before.course, before.follows) if before else (course, follows)
        destination = Destination(
            guild_id=message.guild.id if message.guild else None,
            channel_id=message.channel.id,
            message_id=message.id,
            token=None,
            is_private=False,
            language=course.language,
        )
        asked = Asked(
            course=course,
            text=text,
            source=SOURCE,
            source_id=f"message:{message.id}",
            asker_key=await self._services.people.key(course, message.author.id),
            said_at=message.created_at,
            follows=follows,
            destination=destination,
        )
        source = discord.PartialMessage(channel=message.channel, id=message.id)
        async with self._typing.shown(message.channel):
            await self._bot.answering.answer(asked, destination, ReplyOutlet(message.channel, source, f"q{message.id}"))

    def _our_ids(self, guild: discord.Guild | None) -> set[int]:
        """Return the ids by which we are mentioned: our own, and that of our role, which people often pick instead."""
        ids = {self._bot.user.id} if self._bot.user else set[int]()
        role = guild.self_role if guild else None
        return ids | {role.id} if role else ids

    # After an absence

    @commands.Cog.listener()
    async def on_connect(self) -> None:
        self._catching_up.begin()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        log.info("discord.ready", extra={"guilds": len(self._bot.guilds)})
        if not self._tick.is_running():
            self._tick.start()  # what was left in flight is seen to at once, not a tick later
        self._bot.start_soon(self._catching_up.run())

    @commands.Cog.listener()
    async def on_guild_available(self, _: discord.Guild) -> None:
        """Look through a server that Discord could not show for a while; at the start, `on_ready` does."""
        if self._bot.is_ready():
            self._catching_up.begin()
            self._bot.start_soon(self._catching_up.run())

    @tasks.loop(seconds=TICK_S)
    async def _tick(self) -> None:
        """Keep the watermarks, and see to answers that have not arrived."""
        if self._bot.is_leaving:
            return
        try:
            marks = self._seen.marks(discord.utils.utcnow()) if self._catching_up.is_planned else {}
            if marks:
                await self._services.deliveries.saw(marks)
                self._seen.keep(marks)
            await self._resuming.tick()
        except Exception as error:
            if not is_passing(error):
                log.exception("discord.tick_failed")
            else:
                log.warning("discord.tick_failed", extra={"reason": repr(error)})


def _is_spoken(message: discord.Message) -> bool:
    """Say whether a person wrote a message, and Discord did not."""
    return not message.author.bot and message.webhook_id is None and message.type in SPOKEN
