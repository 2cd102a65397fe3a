"""Find the course that a place in Discord, or a person in direct messages, belongs to."""

from collections.abc import Iterable
from typing import Any

import discord

from bot.discord import permissions
from db.records import Binding, Course, Language, Role
from services import i18n
from services.errors import Refused
from services.wiring import Services


def lineage(channel: object) -> list[int]:
    """Return the ids of a channel and of what it lies in, the nearest first."""
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        category = parent.category_id if parent else None
        return [id_ for id_ in (channel.id, channel.parent_id, category) if id_]
    if isinstance(channel, discord.abc.GuildChannel):
        return [id_ for id_ in (channel.id, channel.category_id) if id_]
    return []


class Rooms:
    """Where courses are met."""

    def __init__(self, client: discord.Client, services: Services) -> None:
        self._client = client
        self._services = services

    async def binding(self, guild: int | None, channel: object) -> Binding | None:
        """Return what binds a channel, itself or through what it lies in."""
        ids = lineage(channel)
        return await self._services.spaces.binding(guild, ids) if guild and ids else None

    async def require_binding(self, interaction: discord.Interaction[Any], reader: Language) -> Binding:
        """
        Return what binds the channel of a command.

        Raises:
            Refused: nothing does; who may change that is told how.

        """
        binding = await self.binding(interaction.guild_id, interaction.channel)
        if binding is None:
            may_bind = interaction.permissions.manage_guild
            raise Refused(i18n.text("discord.not_bound_staff" if may_bind else "discord.not_bound", reader))
        return binding

    async def require_staffed(self, interaction: discord.Interaction[Any], reader: Language) -> Course:
        """
        Return the course of a command's channel, or that whose staff meet there, for its staff alone.

        Raises:
            Refused: there is none, or who asks is none of its staff.

        """
        course = await self._services.spaces.staffed(interaction.channel_id or 0)
        if course is None:
            course = (await self.require_binding(interaction, reader)).course
        settings = await self._services.spaces.settings(course)
        permissions.require(interaction, allowed=permissions.is_staff(interaction, settings), reader=reader)
        return course

    async def role(self, interaction: discord.Interaction[Any], course: Course) -> Role:
        """Return as whom somebody looks at *course* at this moment: in direct messages, nobody is staff."""
        if interaction.guild_id is None:
            return "student"
        settings = await self._services.spaces.settings(course)
        return "staff" if permissions.is_staff(interaction, settings) else "student"

    async def visible_courses(self, person: int) -> list[Course]:
        """Return the courses of which *person* can see a channel, in a server shared with Monitoria."""
        found: dict[int, Course] = {}
        for guild in self._client.guilds:
            bindings = await self._services.spaces.bindings([guild.id])
            member = await _member(guild, person) if bindings else None
            if member:
                for binding in bindings:
                    if _sees(member, guild.get_channel(binding.channel_id)):
                        found[binding.course.id] = binding.course
        return sorted(found.values(), key=lambda course: course.slug)

    async def direct_course(self, person: int) -> tuple[Course | None, list[Course]]:
        """Return the course that *person* talks to in direct messages, if they still see it, and all there are."""
        courses = await self.visible_courses(person)
        chosen = await self._services.people.direct_course(person)
        if chosen and _among(chosen, courses):
            return chosen, courses
        return (courses[0] if len(courses) == 1 else None), courses


def _among(chosen: Course, courses: Iterable[Course]) -> bool:
    return any(course.id == chosen.id for course in courses)


def _sees(member: discord.Member, channel: object) -> bool:
    return isinstance(channel, discord.abc.GuildChannel) and channel.permissions_for(member).view_channel


async def _member(guild: discord.Guild, person: int) -> discord.Member | None:
    """Ask Discord: what is remembered of a member may be old, or nothing at all."""
    try:
        return await guild.fetch_member(person)
    except (discord.NotFound, discord.Forbidden):
        return None
