"""What people may do with what is stored about them: see it, take it with them, have it deleted."""

import asyncio
import io
import logging
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import ACKNOWLEDGED, Monitoria
from bot.discord.delivering.outlets import TROUBLE, persistently
from bot.discord.languages import named, reader
from bot.discord.messages.defang import plain, shortened
from bot.discord.messages.layout import GREEN
from db.records import Course, Language
from db.records.operation import Orphan
from services import i18n
from services.courses.privacy import Forgotten, Stored, packed

log = logging.getLogger(__name__)

MOST_COURSES = 20
CONFIRM_WITHIN = timedelta(minutes=15)
"""After this, what the person saw may no longer be what there is."""
TAKE_BACK_LIMIT_S = 600.0
"""For deleting messages, which Discord slows down; the interaction's token must last for the last word, 15 minutes."""


class PrivacyCog(
    commands.GroupCog, group_name=named("command.privacy.name"), group_description=named("command.privacy.description")
):
    """The commands of `/privacy`; only who uses them sees what they say."""

    def __init__(self, bot: Monitoria) -> None:
        super().__init__()
        self._bot = bot
        self._privacy = bot.services.privacy

    async def cog_load(self) -> None:
        self._bot.add_dynamic_items(Confirm)

    @app_commands.command(name=named("command.privacy.show"), description=named("command.privacy.show_description"))
    async def show(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        stored = await self._privacy.stored(interaction.user.id, interaction.guild_id)
        await interaction.followup.send(embed=_shown(stored, interaction), ephemeral=True)

    @app_commands.command(name=named("command.privacy.export"), description=named("command.privacy.export_description"))
    async def export(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        document = await self._privacy.document(interaction.user.id, interaction.guild_id)
        export = await asyncio.to_thread(packed, document)
        key = "privacy.exported_compressed" if export.is_compressed else "privacy.exported"
        await interaction.followup.send(
            i18n.text(key, reader(interaction)),
            file=discord.File(io.BytesIO(export.content), filename=export.name),
            ephemeral=True,
        )

    @app_commands.command(name=named("command.privacy.delete"), description=named("command.privacy.delete_description"))
    async def delete(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = reader(interaction)
        stored = await self._privacy.stored(interaction.user.id, interaction.guild_id)
        if stored.is_nothing:
            await interaction.followup.send(_nothing(interaction), ephemeral=True)
            return
        what = "\n".join(_lines(stored, language))
        minutes = CONFIRM_WITHIN // timedelta(minutes=1)
        asked = i18n.text("privacy.confirm", language, what=what, minutes=minutes)
        view = discord.ui.View(timeout=None)
        view.add_item(Confirm(interaction.user.id, language))
        await interaction.followup.send(
            embed=discord.Embed(description=asked, colour=discord.Colour.red()), view=view, ephemeral=True
        )


class Confirm(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"m:forget:(?P<person>\d+)"):
    """The button that deletes; it knows whose it is, so it works after a restart and for nobody else."""

    def __init__(self, person: int, language: Language) -> None:
        self.person = person
        label = i18n.text("privacy.confirm_button", language)
        super().__init__(
            discord.ui.Button(style=discord.ButtonStyle.danger, label=label, custom_id=f"m:forget:{person}")
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
    ) -> Self:
        return cls(int(match["person"]), reader(interaction))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.client.act(interaction, lambda: self._confirmed(interaction))

    async def _confirmed(self, interaction: discord.Interaction[Any]) -> None:
        language = reader(interaction)
        if interaction.user.id != self.person:
            await interaction.response.send_message(i18n.text("privacy.not_yours", language), ephemeral=True)
        elif _is_old(interaction.message):
            await _replace(interaction, i18n.text("privacy.expired", language))
        else:
            await _forget(interaction, language)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What became of our messages in Discord."""

    removed: int
    failed: int


async def _forget(interaction: discord.Interaction[Any], language: Language) -> None:
    """
    Delete from the database first, which is what counts; our messages in Discord follow as far as it lets us.

    What cannot be told meanwhile ends nothing: what follows matters more.
    """
    await _replace(interaction, i18n.text("privacy.deleting", language))
    forgotten = await interaction.client.services.privacy.forget(interaction.user.id, interaction.guild_id)
    log.info("privacy.deleted", extra={"questions": forgotten.questions, "votes": forgotten.votes})
    if forgotten.messages:
        with suppress(*TROUBLE):
            await interaction.edit_original_response(content=_deleted(forgotten, None, language))
    taken_back = await _taken_back(interaction.client, forgotten.messages)
    await persistently(lambda: interaction.edit_original_response(content=_deleted(forgotten, taken_back, language)))


async def _taken_back(client: Monitoria, messages: Sequence[Orphan]) -> TakenBack:
    """
    Delete *messages* of ours; what is left is taken up by the next rounds.

    One that is not there is no failure: somebody deleted it.
    """
    ends = Counter[bool | None]()
    try:
        async with asyncio.timeout(TAKE_BACK_LIMIT_S):
            for message in messages:
                ends[await client.refreshing.remove(message)] += 1
    except TimeoutError:
        log.warning("privacy.messages_stay", extra={"count": len(messages) - ends.total()})
    return TakenBack(removed=ends[True], failed=ends[False] + len(messages) - ends.total())


async def _replace(interaction: discord.Interaction[Any], text: str) -> None:
    """Say *text* in place of the message that holds the button."""
    try:
        await persistently(lambda: interaction.response.edit_message(content=text, embed=None, view=None))
    except discord.HTTPException as error:
        if error.code != ACKNOWLEDGED:  # by a try of ours before, since nobody else has claimed the press
            raise


def _is_old(message: discord.Message | None) -> bool:
    return message is None or discord.utils.utcnow() - message.created_at > CONFIRM_WITHIN


def _shown(stored: Stored, interaction: discord.Interaction[Any]) -> discord.Embed:
    language = reader(interaction)
    lines = [_nothing(interaction)] if stored.is_nothing else _lines(stored, language)
    if interaction.guild_id is not None:
        lines.append(i18n.text("privacy.only_here", language))
    embed = discord.Embed(title=i18n.text("privacy.title", language), description="\n".join(lines), colour=GREEN)
    for name, value in (
        (i18n.text("privacy.what", language), i18n.text("privacy.what_value", language)),
        (i18n.text("privacy.who", language), i18n.text("privacy.who_value", language)),
        (i18n.text("privacy.never", language), i18n.text("privacy.never_value", language)),
        (i18n.text("privacy.rights", language), i18n.text("privacy.rights_value", language)),
    ):
        embed.add_field(name=name, value=value, inline=False)
    return embed


def _nothing(interaction: discord.Interaction[Any]) -> str:
    key = "privacy.nothing" if interaction.guild_id is None else "privacy.nothing_here"
    return i18n.text(key, reader(interaction))


def _lines(stored: Stored, language: Language) -> list[str]:
    """Return how much is stored, one line for each course."""
    lines = [
        i18n.text(
            "privacy.course",
            language,
            title=_title(kept.course),
            questions=kept.questions,
            votes=kept.votes,
            comments=kept.comments,
            since=discord.utils.format_dt(kept.since, "D"),
        )
        + (i18n.text("privacy.choices", language, count=kept.choices) if kept.choices else "")
        for kept in stored.courses[:MOST_COURSES]
    ]
    if more := stored.courses[MOST_COURSES:]:
        lines.append(i18n.text("privacy.more", language, count=len(more)))
    if stored.direct_course:
        lines.append(i18n.text("privacy.direct", language, title=_title(stored.direct_course)))
    return lines


def _title(course: Course) -> str:
    return shortened(plain(course.title), 90)


def _deleted(forgotten: Forgotten, taken_back: TakenBack | None, language: Language) -> str:
    """Return what was deleted, and what became of our messages; None: they are being deleted."""
    said = [i18n.text("privacy.deleted", language, questions=forgotten.questions, votes=forgotten.votes)]
    if forgotten.choices:
        said.append(i18n.text("privacy.choices_deleted", language, count=forgotten.choices))
    if taken_back is None:
        said.append(i18n.text("privacy.taking_back", language, count=len(forgotten.messages)))
        return "\n".join(said)
    if taken_back.removed:
        said.append(i18n.text("privacy.taken_back", language, count=taken_back.removed))
    if taken_back.failed:
        said.append(i18n.text("privacy.not_taken_back", language, count=taken_back.failed))
    said.append(i18n.text("privacy.stays", language))
    return "\n".join(said)
