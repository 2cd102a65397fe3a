"""Look around in a course: its lectures, and the passages that speak of something."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Monitoria
from bot.discord.delivering.outlets import given
from bot.discord.hearing.places import Rooms
from bot.discord.languages import named, options, reader
from bot.discord.messages import lecture_map, lectures
from bot.discord.messages.defang import harmless
from bot.discord.offering import offered
from db.records import Course, Language, Lecture, Role
from services import i18n
from services.answering.asked import cleaned
from services.errors import Refused

HITS = 8


class Lectures(commands.Cog):
    """The commands that only read; what they show, only who asked sees."""

    def __init__(self, bot: Monitoria) -> None:
        self._services = bot.services
        self._rooms = Rooms(bot, bot.services)

    @app_commands.command(name=named("command.search.name"), description=named("command.search.description"))
    @options(query="command.search.query")
    async def search(self, interaction: discord.Interaction[Any], query: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = reader(interaction)
        course = await self._course(interaction)
        wanted = cleaned(query, language)
        found = await self._services.retriever.search(course=course, questions=[wanted], k=HITS)
        await interaction.followup.send(embed=lectures.found(wanted, found.hits, language), ephemeral=True)

    @app_commands.command(name=named("command.lectures.name"), description=named("command.lectures.description"))
    async def lectures(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        course = await self._course(interaction)
        listed = await self._services.lookup.lectures(course, await self._rooms.role(interaction, course))
        embed = lectures.lectures(course.title, listed, reader(interaction))
        await interaction.followup.send(embed=embed, ephemeral=True)

    @app_commands.command(name=named("command.lecture.name"), description=named("command.lecture.description"))
    @options(lecture="command.lecture.lecture")
    async def lecture(self, interaction: discord.Interaction[Any], lecture: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = reader(interaction)
        course = await self._course(interaction)
        role = await self._rooms.role(interaction, course)
        meant = await self._meant(course, lecture, role, language)
        page = lecture_map.page(meant, await self._services.lookup.map(course, meant.id, role), language)
        await interaction.followup.send(ephemeral=True, **given(embed=page.embed, view=page.view))

    async def _meant(self, course: Course, typed: str, role: Role, language: Language) -> Lecture:
        try:
            return await self._services.lookup.meant(course, typed, role, language)
        except Refused as error:
            raise Refused(harmless(str(error))) from error  # it repeats what was typed, and titles

    @lecture.autocomplete("lecture")
    async def _matching(self, interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        return await offered(self._choices(interaction, current))

    async def _choices(self, interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        course = await self._course(interaction)
        found = await self._services.lookup.offered(course, current, await self._rooms.role(interaction, course))
        return lecture_map.choices(found, reader(interaction))

    async def _course(self, interaction: discord.Interaction[Any]) -> Course:
        language = reader(interaction)
        if interaction.guild_id is None:
            course, choices = await self._rooms.direct_course(interaction.user.id)
            if course is None:
                raise Refused(i18n.text("direct.choose_first" if choices else "direct.no_course", language))
            return course
        return (await self._rooms.require_binding(interaction, language)).course
