"""Show staff two answers to choose between, one pair after the other, and take down what they press."""

from typing import Any

import discord

from bot.discord import permissions
from bot.discord.delivering.outlets import QUIET
from bot.discord.languages import reader
from bot.discord.messages import pairs
from bot.discord.messages.pairs import PairPress
from db.records import CourseId
from services.wiring import Services


class PairActions:
    """What `/review pairs` and the buttons of a pair do; it knows nothing that a restart would lose."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, interaction: discord.Interaction[Any], course: CourseId) -> None:
        """Show a member of staff alone the next pair that they have not chosen on."""
        page = await self._next(interaction, course)
        await interaction.response.send_message(
            embeds=page.embeds, view=page.view or discord.utils.MISSING, ephemeral=True, allowed_mentions=QUIET
        )

    async def pressed(self, interaction: discord.Interaction[Any], press: PairPress) -> None:
        """
        Take down what was chosen, and show the next pair in its place.

        Raises:
            Refused: who pressed is no staff of the course (any more), or the pair is gone.

        """
        language = reader(interaction)
        # At this very moment: a role may have been taken away since the pair was shown.
        settings = await self._services.spaces.settings_of(press.course)
        permissions.require(interaction, allowed=permissions.is_staff(interaction, settings), reader=language)
        key = await self._services.people.key_of(press.course, interaction.user.id)
        await self._services.pairs.choose(press.course, press.pair, key, press.verb, language)
        page = await self._next(interaction, press.course)
        await interaction.response.edit_message(embeds=page.embeds, view=page.view, allowed_mentions=QUIET)

    async def _next(self, interaction: discord.Interaction[Any], course: CourseId) -> pairs.PairPage:
        key = await self._services.people.key_of(course, interaction.user.id)
        return pairs.page(await self._services.pairs.next(course, key), reader(interaction))
