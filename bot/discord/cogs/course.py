"""What instructors and TAs do with a course: create it, bind channels, change settings, take in lectures."""

import asyncio
import logging
import math
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, Literal, get_args

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord import permissions
from bot.discord.client import Monitoria
from bot.discord.delivering.outlets import TROUBLE
from bot.discord.hearing.course_choice import choice
from bot.discord.hearing.places import Rooms
from bot.discord.languages import named, options, reader
from bot.discord.messages import course_settings, layout, lecture_map
from bot.discord.messages.defang import harmless, plain, shortened
from bot.discord.messages.ingest_progress import Progressing
from bot.discord.offering import offered
from bot.discord.permissions import Permission
from db.records import AnswersWhen, Binding, Course, CourseSettings, Language, Outcome
from services import i18n
from services.errors import Refused
from services.ground.text import clean
from services.lectures.captions.records import MAX_BYTES
from services.lectures.manifest import is_link, plan

log = logging.getLogger(__name__)

Bindable = discord.TextChannel | discord.ForumChannel | discord.CategoryChannel
MOST_CHOICES = 25
ANSWERS = [
    app_commands.Choice(name=named("course.answers_mention"), value="mention"),
    app_commands.Choice(name=named("course.answers_every"), value="every"),
    app_commands.Choice(name=named("course.answers_forum"), value="forum"),
    app_commands.Choice(name=named("course.answers_off"), value="off"),
]
HOLDS = [
    app_commands.Choice(name=named("course.hold_none"), value="none"),
    app_commands.Choice(name=named("course.hold_answered"), value="answered"),
    app_commands.Choice(name=named("course.hold_all"), value="all"),
]
HELD: dict[str, tuple[Outcome, ...]] = {"none": (), "answered": ("answered",), "all": get_args(Outcome)}
LONGEST_STEM = 60
"""Characters of an uploaded file's name that are kept: in UTF-8, file systems take 255 bytes."""


class Staff(
    commands.GroupCog, group_name=named("command.course.name"), group_description=named("command.course.description")
):
    """The commands of `/course`; who may use one is checked each time."""

    def __init__(self, bot: Monitoria) -> None:
        super().__init__()
        self._bot = bot
        self._services = bot.services
        self._rooms = Rooms(bot, bot.services)

    @app_commands.command(name=named("command.course.create"), description=named("command.course.create_description"))
    @options(
        slug="command.course.slug",
        title="command.course.title",
        language="command.course.language",
    )
    async def create(
        self,
        interaction: discord.Interaction[Any],
        slug: str,
        title: str,
        language: Literal["pt-BR", "en"] = "pt-BR",
    ) -> None:
        guild = self._require_manager(interaction)
        reads = reader(interaction)
        course = await self._services.courses.create(slug=clean(slug), title=title, language=language, reader=reads)
        await self._services.spaces.adopt(course, guild.id, reads)
        await self._whisper(
            interaction, i18n.text("course.created", reads, title=plain(course.title), slug=course.slug)
        )

    @app_commands.command(name=named("command.course.bind"), description=named("command.course.bind_description"))
    @options(
        course="command.course.course",
        channel="command.course.channel",
        answers="command.course.answers",
    )
    @app_commands.choices(answers=ANSWERS)
    async def bind(
        self,
        interaction: discord.Interaction[Any],
        course: str,
        channel: Bindable | None = None,
        answers: app_commands.Choice[str] | None = None,
    ) -> None:
        guild = self._require_manager(interaction)
        language = reader(interaction)
        place = channel or _bindable(interaction.channel, language)
        when = _chosen(answers) or ("forum" if isinstance(place, discord.ForumChannel) else "mention")
        found = await self._services.spaces.course(course, guild=guild.id, reader=language)
        await self._services.spaces.bind(found, guild=guild.id, channel=place.id, answers=when, reader=language)
        said = i18n.text(
            "course.bound",
            language,
            channel=place.mention,
            title=plain(found.title),
            answers=course_settings.answers_when(when, language),
        )
        await self._whisper(interaction, "\n".join([said, *course_settings.cannot_answer(_lacking([place]), language)]))

    @bind.autocomplete("course")
    async def _own_courses(self, interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        return await offered(self._slugs(interaction.guild_id, current)) if interaction.guild_id else []

    async def _slugs(self, guild: int, current: str) -> list[app_commands.Choice[str]]:
        slugs = await self._services.spaces.slugs(guild)
        return [app_commands.Choice(name=slug, value=slug) for slug in slugs if current.lower() in slug][:MOST_CHOICES]

    @app_commands.command(name=named("command.course.unbind"), description=named("command.course.unbind_description"))
    @options(channel="command.course.channel")
    async def unbind(self, interaction: discord.Interaction[Any], channel: Bindable | None = None) -> None:
        guild = self._require_manager(interaction)
        language = reader(interaction)
        place = channel or _bindable(interaction.channel, language)
        was_bound = await self._services.spaces.unbind(guild=guild.id, channel=place.id)
        key = "course.unbound" if was_bound else "course.was_not_bound"
        await self._whisper(interaction, i18n.text(key, language, channel=place.mention))

    @app_commands.command(
        name=named("command.course.settings"), description=named("command.course.settings_description")
    )
    @options(
        answers="command.course.answers",
        staff_role="command.course.staff_role",
        staff_channel="command.course.staff_channel",
        person_limit="command.course.person_limit",
        course_limit="command.course.course_limit",
        hold="command.course.hold",
        formulas="command.course.formulas",
        releases="command.course.releases",
        release_channel="command.course.release_channel",
    )
    @app_commands.choices(answers=ANSWERS, hold=HOLDS)
    async def settings(
        self,
        interaction: discord.Interaction[Any],
        answers: app_commands.Choice[str] | None = None,
        staff_role: discord.Role | None = None,
        staff_channel: discord.TextChannel | None = None,
        person_limit: app_commands.Range[int, 1, 1_000] | None = None,
        course_limit: app_commands.Range[int, 1, 1_000_000] | None = None,
        hold: app_commands.Choice[str] | None = None,
        formulas: bool | None = None,  # noqa: FBT001 - an option of a command
        releases: bool | None = None,  # noqa: FBT001
        release_channel: discord.TextChannel | None = None,
    ) -> None:
        binding, before = await self._require_staff(interaction)
        told_in = _told_in(interaction, release_channel, wanted=releases)
        roles = None
        if staff_role:
            # Who may call themselves staff is for those who manage the server: a TA must not appoint others.
            self._require_manager(interaction)
            roles = sorted({*before.staff_role_ids, staff_role.id})
        if when := _chosen(answers):
            await self._services.spaces.bind(
                binding.course,
                guild=binding.guild_id,
                channel=binding.channel_id,
                answers=when,
                reader=reader(interaction),
            )
        await self._services.spaces.change(
            binding.course,
            staff_channel_id=staff_channel.id if staff_channel else None,
            staff_role_ids=roles,
            person_hourly=person_limit,
            course_daily=course_limit,
            holds=HELD[hold.value] if hold else None,
            draws_formulas=formulas,
        )
        if told_in or releases is False:
            await self._services.lecture_cards.choose(binding.course, told_in)
        given = (
            *(answers, staff_role, staff_channel, person_limit, course_limit, hold, formulas),
            *(releases, release_channel),
        )
        changed = any(one is not None for one in given)
        said = i18n.text("course.changed", reader(interaction), title=plain(binding.course.title))
        await self._show(interaction, binding.course, heading=said if changed else None)

    @app_commands.command(name=named("command.course.show"), description=named("command.course.show_description"))
    async def show(self, interaction: discord.Interaction[Any]) -> None:
        binding, _ = await self._require_staff(interaction)
        await self._show(interaction, binding.course, heading=None)

    @app_commands.command(name=named("command.course.choose"), description=named("command.course.choose_description"))
    async def choose(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = reader(interaction)
        courses = await self._rooms.visible_courses(interaction.user.id)
        if not courses:
            raise Refused(i18n.text("direct.no_course", language))
        await interaction.followup.send(
            i18n.text("direct.choose", language), view=choice(courses, language), ephemeral=True
        )

    @app_commands.command(name=named("command.course.ingest"), description=named("command.course.ingest_description"))
    @options(
        captions="command.course.captions",
        video="command.course.video",
        title="command.course.lecture_title",
    )
    async def ingest(
        self,
        interaction: discord.Interaction[Any],
        captions: discord.Attachment,
        video: str | None = None,
        title: str | None = None,
    ) -> None:
        binding, _ = await self._require_staff(interaction)
        language = reader(interaction)
        name = shortened(plain(captions.filename), layout.LONGEST_TITLE)
        if captions.size > MAX_BYTES:
            size = math.ceil(captions.size / 1_000_000)
            raise Refused(i18n.text("ingest.too_big", language, name=name, size=size, limit=MAX_BYTES // 1_000_000))
        if video and not is_link(video.strip()):
            raise Refused(i18n.text("ingest.bad_link", language))
        await interaction.response.defer(ephemeral=True, thinking=True)
        shown = Progressing(interaction, language)
        await shown.say(i18n.text("ingest.reading", language, name=name))
        with tempfile.TemporaryDirectory(prefix="monitoria-") as folder:
            file = Path(folder) / _file_name(captions.filename)
            try:
                await captions.save(file)
            except TROUBLE as error:
                log.warning("ingest.not_fetched", extra={"reason": repr(error)})
                await shown.say(i18n.text("ingest.not_fetched", language, name=name))
                return
            planned = await asyncio.to_thread(
                plan, [file], manifest=None, language=binding.course.language, video_url=video and video.strip()
            )
            if title and clean(title):
                sources = tuple(replace(source, title=clean(title)[:500]) for source in planned.sources)
                planned = replace(planned, sources=sources)
            async for event in self._services.ingest.run(binding.course, planned):
                await shown.event(event)

    @app_commands.command(name=named("command.course.map"), description=named("command.course.map_description"))
    @options(lecture="command.lecture.lecture")
    async def map_(self, interaction: discord.Interaction[Any], lecture: str) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        try:
            meant = await self._services.lookup.meant(course, lecture, "staff", reader(interaction))
        except Refused as error:
            raise Refused(harmless(str(error))) from error  # it repeats what was typed, and titles
        await self._bot.map_actions.show(interaction, course, meant)

    @map_.autocomplete("lecture")
    async def _lectures(self, interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        return await offered(self._matching(interaction, current))

    async def _matching(self, interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        found = await self._services.lookup.offered(course, current, "staff")
        return lecture_map.choices(found, reader(interaction))

    async def _show(self, interaction: discord.Interaction[Any], course: Course, *, heading: str | None) -> None:
        settings = await self._services.spaces.settings(course)
        bindings = await self._services.spaces.bindings([settings.guild_id] if settings.guild_id else [])
        mine = [binding for binding in bindings if binding.course.id == course.id]
        shown = [
            *(one.channel_id for one in mine),
            *([settings.release_channel_id] if settings.release_channel_id else []),
        ]
        places = [interaction.guild.get_channel(one) for one in shown] if interaction.guild else []
        embed = course_settings.course(
            course,
            settings,
            mine,
            _lacking(places),
            lectures=len(await self._services.courses.lectures(course)),
            language=reader(interaction),
        )
        await interaction.response.send_message(heading, embed=embed, ephemeral=True)

    def _require_manager(self, interaction: discord.Interaction[Any]) -> discord.Guild:
        language = reader(interaction)
        permissions.require(interaction, allowed=interaction.permissions.manage_guild, reader=language)
        if interaction.guild is None:
            raise Refused(i18n.text("course.only_server", language))
        return interaction.guild

    async def _require_staff(self, interaction: discord.Interaction[Any]) -> tuple[Binding, CourseSettings]:
        """Return the binding of this channel and its course's settings, if who acts is staff of that course."""
        language = reader(interaction)
        binding = await self._rooms.binding(interaction.guild_id, interaction.channel)
        if binding is None:
            permissions.require(interaction, allowed=interaction.permissions.manage_guild, reader=language)
            raise Refused(i18n.text("discord.not_bound_staff", language))
        settings = await self._services.spaces.settings(binding.course)
        permissions.require(interaction, allowed=permissions.is_staff(interaction, settings), reader=language)
        return binding, settings

    async def _whisper(self, interaction: discord.Interaction[Any], text: str) -> None:
        await interaction.response.send_message(text, ephemeral=True)


def _bindable(channel: object, language: Language) -> Bindable:
    """Return the channel that a command without one means."""
    if isinstance(channel, discord.Thread) and channel.parent:
        channel = channel.parent
    if isinstance(channel, discord.TextChannel | discord.ForumChannel | discord.CategoryChannel):
        return channel
    raise Refused(i18n.text("course.wrong_channel", language))


def _told_in(
    interaction: discord.Interaction[Any], named: discord.TextChannel | None, *, wanted: bool | None
) -> int | None:
    """Return where released lectures are to be told of, by what was *named* and whether it is *wanted*."""
    if wanted is False or (wanted is None and named is None):
        return None
    place: object = named or interaction.channel
    if isinstance(place, discord.Thread):
        place = place.parent
    if not isinstance(place, discord.TextChannel):
        raise Refused(i18n.text("course.no_release_channel", reader(interaction)))
    return place.id


def _chosen(answers: app_commands.Choice[str] | None) -> AnswersWhen | None:
    return next((when for when in get_args(AnswersWhen) if answers and when == answers.value), None)


def _lacking(places: Iterable[object]) -> dict[int, list[Permission]]:
    """Return the permissions that Monitoria lacks in *places* to answer there, by channel."""
    channels = [channel for place in places for channel in _answered_in(place)]
    lacking = {channel.id: permissions.lacking(channel) for channel in channels}
    return {channel: names for channel, names in lacking.items() if names}


def _answered_in(place: object) -> list[discord.abc.GuildChannel]:
    """Return the channels that the binding of *place* makes Monitoria answer in."""
    if isinstance(place, discord.CategoryChannel):
        return [*place.text_channels, *place.forums, *place.voice_channels, *place.stage_channels]
    return [place] if isinstance(place, discord.TextChannel | discord.ForumChannel) else []


def _file_name(uploaded: str) -> str:
    """Return a name that every file system takes, from which the lecture's name is made."""
    name = PurePath(clean(uploaded).replace("\\", "/"))
    return (name.stem[:LONGEST_STEM] or "captions") + name.suffix[:10]
