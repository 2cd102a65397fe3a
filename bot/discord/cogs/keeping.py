"""Keep a good message of a person as a verified answer: the message menu, its form, and what becomes of the message."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord import permissions
from bot.discord.client import Monitoria
from bot.discord.delivering.answering import SOURCE
from bot.discord.delivering.outlets import TROUBLE
from bot.discord.hearing.places import Rooms
from bot.discord.hearing.triggers import without_mention
from bot.discord.languages import named, reader
from bot.discord.messages import forms
from bot.discord.messages.keep_form import KEEP, keep_form
from db.records import Course, CourseId, Delivery, QuestionId
from db.records.reviews import SourceMessage
from services import i18n
from services.errors import Refused, Unavailable
from services.reviewing.flagged import Member
from services.reviewing.keeping import fingerprint

log = logging.getLogger(__name__)

FIRST_SIGN_S = 2.2
"""For all that comes before the form, which Discord wants within 3 s."""
SEARCH_S = 1.2
"""For the moments: without them the form still opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredQuestion:
    """The question that a message answers, as far as Discord and our rows tell."""

    id: QuestionId | None  # None: Monitoria was not asked
    text: str  # "": nothing was found


NOTHING = AnsweredQuestion(id=None, text="")


class KeepingCog(commands.Cog, name="Keeping"):
    """What staff keep of what people wrote."""

    def __init__(self, bot: Monitoria) -> None:
        self._bot = bot
        self._services = bot.services
        self._keeping = bot.services.keeping
        self._rooms = Rooms(bot, bot.services)
        self._menu = app_commands.ContextMenu(name=named("keep.menu"), callback=self._keep)
        self._looked_at = set[int]()  # servers whose messages were looked at since the start

    async def cog_load(self) -> None:
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    # The menu

    async def _keep(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        language = reader(interaction)
        try:
            async with asyncio.timeout(FIRST_SIGN_S):
                course = await self._course(interaction)
                self._require_a_persons(message, interaction)
                source = await self._source(interaction, course, message)
                asked = await self._asked(message, course)
                hits = await self._moments(course, asked.text, message.content)
                form = await self._keeping.open(
                    course,
                    source,
                    question=asked.id,
                    asked=asked.text,
                    text=message.content,
                    hits=hits,
                    reader=language,
                )
        except TimeoutError:
            raise Unavailable("The database or Discord did not answer in time.") from None
        await interaction.response.send_modal(keep_form(form, language))

    async def _course(self, interaction: discord.Interaction[Any]) -> Course:
        """Return the course of the message's channel, for its staff alone."""
        language = reader(interaction)
        binding = await self._rooms.binding(interaction.guild_id, interaction.channel)
        if binding is None:
            permissions.require(interaction, allowed=interaction.permissions.manage_guild, reader=language)
            raise Refused(i18n.text("keep.not_in_course", language))
        settings = await self._services.spaces.settings(binding.course)
        permissions.require(interaction, allowed=permissions.is_staff(interaction, settings), reader=language)
        return binding.course

    def _require_a_persons(self, message: discord.Message, interaction: discord.Interaction[Any]) -> None:
        language = reader(interaction)
        if message.flags.ephemeral:
            raise Refused(i18n.text("keep.private", language))
        if message.author.bot or message.webhook_id:
            raise Refused(i18n.text("keep.own_message", language))
        if not message.content.strip():
            raise Refused(i18n.text("keep.no_text", language))

    async def _source(
        self, interaction: discord.Interaction[Any], course: Course, message: discord.Message
    ) -> SourceMessage:
        settings = await self._services.spaces.settings(course)
        author = message.author
        is_by_staff = author.id == interaction.user.id or (
            isinstance(author, discord.Member) and permissions.is_staff_member(author, settings)
        )
        return SourceMessage(
            guild_id=interaction.guild_id or 0,
            channel_id=message.channel.id,
            message_id=message.id,
            text_sha256=fingerprint(message.content),
            author_key="" if is_by_staff else await self._services.people.key(course, author.id),
        )

    async def _moments(self, course: Course, question: str, text: str) -> Any:  # noqa: ANN401 - passages
        try:
            async with asyncio.timeout(SEARCH_S):
                return await self._keeping.found(course, question, text)
        except (TimeoutError, Unavailable):
            log.info("keep.unsearched", extra={"course_id": course.id})
            return ()

    # The question

    async def _asked(self, message: discord.Message, course: Course) -> AnsweredQuestion:
        """Find the question: what the message replies to, or what its thread or post hangs on."""
        reference = message.reference
        if reference and reference.message_id and reference.channel_id == message.channel.id:
            found = await self._of_message(course, message.channel.id, reference.message_id)
            return found or await self._written(message.channel, reference.message_id, reference.resolved)
        thread = message.channel
        if isinstance(thread, discord.Thread) and thread.id != message.id:
            return await self._of_thread(course, thread)
        return NOTHING

    async def _of_thread(self, course: Course, thread: discord.Thread) -> AnsweredQuestion:
        if isinstance(thread.parent, discord.ForumChannel):
            found = await self._of_message(course, thread.id, thread.id)
            if found:
                return found
            opening = await self._written(thread, thread.id)
            return AnsweredQuestion(id=None, text=f"{thread.name}\n{opening.text}".strip())
        found = await self._of_message(course, thread.parent_id, thread.id)
        if found or thread.parent is None:
            return found or NOTHING
        return await self._written(thread.parent, thread.id)

    async def _of_message(self, course: Course, channel: int, message: int) -> AnsweredQuestion | None:
        """Return the question that a message asked us, or whose answer it shows."""
        shown = await self._services.showings.of_message(channel=channel, message=message)
        shown = shown or await self._services.deliveries.of_source(SOURCE, f"message:{message}")
        return _asked_of(shown, course)

    async def _written(self, channel: Any, message: int, known: object = None) -> AnsweredQuestion:  # noqa: ANN401 - any channel
        """Return what a person wrote, as a question that nobody asked us."""
        try:
            found = known if isinstance(known, discord.Message) else await channel.fetch_message(message)
        except TROUBLE:
            return NOTHING
        if found.author.bot:
            return NOTHING
        us = {self._bot.user.id} if self._bot.user else set[int]()
        return AnsweredQuestion(id=None, text=without_mention(found.content, us) if us else found.content)

    # The form

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Read forms by their custom id: those that were opened before a restart too."""
        match = KEEP.fullmatch(forms.custom_id(interaction))
        if interaction.type is discord.InteractionType.modal_submit and match:
            course, draft = CourseId(int(match["course"])), int(match["draft"])
            await self._bot.act(interaction, lambda: self._sent(interaction, course, draft))

    async def _sent(self, interaction: discord.Interaction[Any], course: CourseId, draft: int) -> None:
        language = reader(interaction)
        fields = forms.submitted(interaction.data)
        text = fields.get("text", "")
        settings = await self._services.spaces.settings_of(course)
        if not permissions.is_staff(interaction, settings):
            reason = i18n.text("course.not_allowed", language)
            raise Refused(i18n.text("keep.with_text", language, reason=reason, text=text[:1_500]))
        member = Member(id=interaction.user.id, key=await self._services.people.key_of(course, interaction.user.id))
        number = await self._keeping.keep(
            course, draft, member, question=fields.get("question", ""), text=text, reader=language
        )
        await interaction.response.send_message(i18n.text("keep.saved", language, number=number), ephemeral=True)

    # What becomes of the message

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self._bot.accompany()
        if payload.guild_id is not None and "content" in payload.data:
            await self._keeping.noticed(payload.message_id, str(payload.data.get("content") or ""))

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self._bot.accompany()
        if payload.guild_id is not None:
            await self._keeping.noticed(payload.message_id, None)

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        self._bot.accompany()
        for message in payload.message_ids:
            await self._keeping.noticed(message, None)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self._bot.start_soon(self._look())

    async def _look(self) -> None:
        """Look once at each kept message: it may have been edited or deleted while we were away."""
        for guild in self._bot.guilds:
            if guild.id in self._looked_at:
                continue
            self._looked_at.add(guild.id)
            for one in await self._keeping.watched(guild.id):
                if self._bot.is_leaving:
                    return
                await self._look_at(guild.id, one.channel_id, one.message_id)

    async def _look_at(self, guild: int, channel: int, message: int) -> None:
        try:
            found = await self._bot.get_partial_messageable(channel, guild_id=guild).fetch_message(message)
        except discord.NotFound:
            await self._keeping.noticed(message, None)
        except TROUBLE as error:
            log.info("keep.unread", extra={"channel_id": channel, "reason": repr(error)})
        else:
            await self._keeping.noticed(message, found.content)


def _asked_of(shown: Delivery | None, course: Course) -> AnsweredQuestion | None:
    if shown is None or shown.course.id != course.id:
        return None
    return AnsweredQuestion(id=shown.question_id, text=shown.question)
