"""Every way of asking: command, mention, forum post, reply, thread, message menu, direct message."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands, tasks

from bot.answering import SOURCE
from bot.choosing import choice
from bot.client import Monitoria
from bot.languages import named, reader
from bot.manners import Manners
from bot.outlets import TROUBLE, Before, CommandOutlet, Outlet, ReplyOutlet
from bot.rooms import Rooms
from bot.triggers import Heard, without_mention
from bot.typing_sign import Typing
from db.records import Binding, Course, Delivery, Destination, QuestionId
from services import i18n
from services.ask import Asked, cleaned
from services.errors import MonitoriaError, Refused, Unavailable
from services.lexical import fold

log = logging.getLogger(__name__)

LOOK_UP_LIMIT_S = 1.5
"""For finding the course before the first sign, which must come within 3 s."""
MOST_MISSED = 50
LONGEST_ABSENCE = timedelta(hours=1)
TICK_S = 10.0
MOST_CHOICES = 25
SPOKEN = {discord.MessageType.default, discord.MessageType.reply}


class Asking(commands.Cog):
    """Hears questions and hands them on."""

    def __init__(self, bot: Monitoria) -> None:
        self._bot = bot
        self._services = bot.services
        self._rooms = Rooms(bot, bot.services)
        self._manners = Manners(bot.services)
        self._typing = Typing()
        self._seen: dict[int, int] = {}
        self._caught_up = False
        self._menu = app_commands.ContextMenu(name=named("discord.menu"), callback=self._ask_about)

    async def cog_load(self) -> None:
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)
        self._tick.cancel()

    # Commands

    @app_commands.command(name=named("command.ask.name"), description=named("command.ask.description"))
    @app_commands.rename(
        question=named("command.ask.question"),
        lecture=named("command.ask.lecture"),
        private=named("command.ask.private"),
    )
    @app_commands.describe(
        question=named("command.ask.question_description"),
        lecture=named("command.ask.lecture_description"),
        private=named("command.ask.private_description"),
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
        try:
            course = await self._course(interaction)
            lectures = await self._services.courses.lectures(course)
        except MonitoriaError:
            return []
        wanted = fold(current)
        matching = [lecture for lecture in lectures if wanted in fold(f"{lecture.slug} {lecture.title}")]
        return [
            app_commands.Choice(name=lecture.title[:100], value=lecture.slug)
            for lecture in matching
            if len(lecture.slug) <= 100
        ][:MOST_CHOICES]

    async def _ask_about(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        course = await self._course(interaction)
        text = without_mention(message.content, self._our_ids(message.guild))
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
        outlet = CommandOutlet(interaction.followup, is_private=is_private)
        self._bot.start_soon(self._ask(interaction, course, text, lecture, destination, outlet))

    async def _ask(
        self,
        interaction: discord.Interaction[Any],
        course: Course,
        text: str,
        lecture: str | None,
        destination: Destination,
        outlet: Outlet,
    ) -> None:
        key = await self._services.people.key(course, interaction.user.id)
        language = reader(interaction)
        try:
            narrowed = await self._services.courses.lecture(course, lecture, reader=language) if lecture else None
            missed = await self._services.deliveries.missed(course, key, cleaned(text, language))
        except Refused as error:
            await outlet.say(str(error))
            return
        asked = Asked(
            course=course,
            text=text,
            source=SOURCE,
            source_id=missed or f"interaction:{interaction.id}",
            asker_key=key,
            lecture=narrowed.id if narrowed else None,
            destination=destination,
            reader=language,
        )
        await self._bot.answering.answer(asked, destination, outlet)

    # Messages

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot or message.webhook_id or message.type not in SPOKEN:
            return
        if self._bot.is_leaving:
            return  # the next start finds it, since it was not seen
        if message.guild is None:
            self._bot.start_soon(self._spoken_to(message))
        else:
            self._seen[message.channel.id] = max(message.id, self._seen.get(message.channel.id, 0))
            self._bot.start_soon(self._heard(message))

    async def _spoken_to(self, message: discord.Message) -> None:
        """Answer a direct message."""
        course, choices = await self._rooms.direct_course(message.author.id)
        if course:
            follows = await self._services.deliveries.latest_in(message.channel.id, course)
            replied = message.reference is not None
            await self._answer_message(message, course, message.content, follows if replied else None)
            return
        # Nothing tells a person's language in a direct message; most of ours read Portuguese.
        text = i18n.text("direct.choose" if choices else "direct.no_course", "pt-BR")
        if choices:
            await message.channel.send(text, view=choice(choices, "pt-BR"))
        else:
            await message.channel.send(text)

    async def _heard(self, message: discord.Message) -> None:
        """Answer a message in a channel, if it asks us."""
        guild = message.guild.id if message.guild else None
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
        written = {*message.raw_mentions, *message.raw_role_mentions}
        mentioned = written | {user.id for user in message.mentions}
        thread = message.channel if isinstance(message.channel, discord.Thread) else None
        in_forum = thread is not None and isinstance(thread.parent, discord.ForumChannel)
        opens = in_forum and message.id == message.channel.id
        replies = message.reference is not None
        # Discord adds whom a reply answers to those it mentions, unless its writer switched that off.
        to_us = replies and (follows is not None or bool((mentioned - written) & ours))
        return Heard(
            text=without_mention(message.content, ours),
            title=str(message.channel) if opens else "",
            mentions_us=bool(written & ours),
            replies_to_us=to_us,
            addresses_others=bool(mentioned - ours) or (replies and not to_us),
            in_our_thread=thread is not None and not in_forum and follows is not None,
            opens_post=opens,
            continues_post=in_forum and not opens,
        )

    async def _follows(self, message: discord.Message, binding: Binding) -> QuestionId | None:
        """Return the question that a message follows: by a reply to its answer, or in the thread under it."""
        if message.reference and message.reference.message_id:
            shown = await self._services.showings.of_message(
                channel=message.channel.id, message=message.reference.message_id
            )
            return shown.question_id if shown and shown.course.id == binding.course.id else None
        thread = message.channel
        if isinstance(thread, discord.Thread) and thread.id != message.id:
            # A thread that hangs on a message has that message's id.
            shown = await self._services.showings.of_message(channel=thread.parent_id, message=thread.id)
            if shown and shown.course.id == binding.course.id:
                return await self._services.deliveries.latest_in(thread.id, binding.course) or shown.question_id
        return None

    async def _referred(self, message: discord.Message) -> str:
        """Return what a message that only mentions us replies to: "@Monitoria" under somebody's question."""
        reference = message.reference
        if reference is None or reference.message_id is None:
            return ""
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved.content
        try:
            return (await message.channel.fetch_message(reference.message_id)).content
        except TROUBLE:
            return ""

    async def _answer_message(
        self, message: discord.Message, course: Course, text: str, follows: QuestionId | None
    ) -> None:
        before = await self._services.deliveries.of_source(SOURCE, f"message:{message.id}")
        if before and before.is_delivered:
            return
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
    async def on_ready(self) -> None:
        log.info("discord.ready", extra={"guilds": len(self._bot.guilds)})
        if not self._tick.is_running():
            self._tick.start()  # what was left in flight is seen to at once, not a tick later
        self._bot.start_soon(self._catch_up())

    async def _catch_up(self) -> None:
        """Answer what was asked in bound channels while we were away."""
        marks = await self._services.deliveries.watermarks()
        earliest = discord.utils.time_snowflake(discord.utils.utcnow() - LONGEST_ABSENCE)
        for guild in self._bot.guilds:
            for channel in (*guild.text_channels, *guild.threads):
                if self._bot.is_leaving:
                    return
                mark = marks.get(channel.id) or marks.get(getattr(channel, "parent_id", None) or 0)
                if mark and await self._rooms.binding(guild.id, channel):
                    await self._look_through(channel, max(mark, earliest))
        self._caught_up = True

    async def _look_through(self, channel: discord.TextChannel | discord.Thread, after: int) -> None:
        try:
            missed = [
                message
                async for message in channel.history(
                    limit=MOST_MISSED, after=discord.Object(after - 1), oldest_first=True
                )
            ]
        except TROUBLE as error:
            log.warning("discord.unread", extra={"channel_id": channel.id, "reason": repr(error)})
            return
        for message in missed:
            await self.on_message(message)

    @tasks.loop(seconds=TICK_S)
    async def _tick(self) -> None:
        """Keep the watermarks, and see to answers that have not arrived."""
        if self._bot.is_leaving:
            return
        try:
            if self._caught_up and self._seen:
                seen, self._seen = self._seen, {}
                await self._services.deliveries.saw(seen)
            await self._services.deliveries.renew(SOURCE, list(self._bot.answering.in_flight))
            if self._bot.is_ready():
                while delivery := await self._services.deliveries.claim():
                    self._bot.start_soon(self._resume(delivery))
        except Exception:
            log.exception("discord.tick_failed")

    async def _resume(self, delivery: Delivery) -> None:
        """Finish or explain a question that was in flight when a process died."""
        if delivery.source_id in self._bot.answering.in_flight:
            return
        outlet = self._outlet(delivery)
        if outlet is None:
            await self._services.deliveries.give_up(delivery.question_id, delivery.course)
            return
        if delivery.age_s > LONGEST_ABSENCE.total_seconds():
            await self._services.deliveries.give_up(delivery.question_id, delivery.course)
            with suppress(*TROUBLE):
                await outlet.say(i18n.text("discord.gone", delivery.destination.language))
            return
        asked = Asked(
            course=delivery.course,
            text=delivery.question,
            source=SOURCE,
            source_id=delivery.source_id,
            asker_key=delivery.asker_key,
            lecture=delivery.lecture_id,
            follows=delivery.follows,
        )
        await self._bot.answering.answer(asked, delivery.destination, outlet)

    def _outlet(self, delivery: Delivery) -> Outlet | None:
        """Return the way back that is still open, or None where there is none."""
        to = delivery.destination
        if to.token and self._bot.application_id:
            webhook = discord.Webhook.partial(self._bot.application_id, to.token, client=self._bot)
            return CommandOutlet(webhook, is_private=to.is_private)
        if to.is_private or self._bot.user is None:
            return None
        channel = self._bot.get_partial_messageable(to.channel_id, guild_id=to.guild_id)
        source = channel.get_partial_message(to.message_id) if to.message_id else None
        before = Before(since=discord.utils.utcnow() - timedelta(seconds=delivery.age_s), us=self._bot.user.id)
        return ReplyOutlet(channel, source, delivery.nonce, before=before)
