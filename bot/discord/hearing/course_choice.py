"""The list from which a person chooses the course of their direct messages."""

import re
from collections.abc import Sequence
from typing import Any, Self

import discord

from bot.discord.hearing.places import Rooms
from bot.discord.languages import reader
from bot.discord.messages.defang import plain
from db.records import Course, Language
from services import i18n
from services.errors import Refused

MOST = 25


class CourseChoice(discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=r"m:choose"):
    """One list; what may be chosen is checked at the click."""

    def __init__(self, courses: Sequence[Course], language: Language) -> None:
        options = [discord.SelectOption(label=course.title[:100], value=str(course.id)) for course in courses[:MOST]]
        placeholder = i18n.text("direct.placeholder", language)
        super().__init__(discord.ui.Select(custom_id="m:choose", options=options, placeholder=placeholder))

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],  # noqa: ARG003
    ) -> Self:
        return cls((), reader(interaction))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.client.act(interaction, lambda: _chosen(interaction))


async def _chosen(interaction: discord.Interaction[Any]) -> None:
    """Take down a choice; who may still see the course is asked of Discord, which may take longer than 3 s."""
    await interaction.response.defer()
    services = interaction.client.services
    language = reader(interaction)
    visible = await Rooms(interaction.client, services).visible_courses(interaction.user.id)
    wanted = interaction.data.get("values", [""])[0] if interaction.data else ""
    chosen = next((course for course in visible if str(course.id) == wanted), None)
    if chosen is None:
        raise Refused(i18n.text("direct.no_course", language))
    await services.people.choose_direct_course(interaction.user.id, chosen.id)
    said = i18n.text("direct.chosen", language, title=plain(chosen.title))
    await interaction.followup.send(said, ephemeral=interaction.guild_id is not None)


def choice(courses: Sequence[Course], language: Language) -> discord.ui.View:
    """Return the list as a view."""
    view = discord.ui.View(timeout=None)
    view.add_item(CourseChoice(courses, language))
    return view
