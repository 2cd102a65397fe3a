"""Who may do what, and what Monitoria itself may do in a channel."""

from typing import Any

import discord

from db.records import CourseSettings, Language
from services import i18n
from services.errors import Refused

NEEDED = ("view_channel", "send_messages", "send_messages_in_threads", "embed_links", "read_message_history")


def is_staff(interaction: discord.Interaction[Any], settings: CourseSettings) -> bool:
    """Say whether who acts may manage the server, or has a role of the course's staff, at this moment."""
    if interaction.guild_id is None or interaction.guild_id != settings.guild_id:
        return False
    if interaction.permissions.manage_guild:
        return True
    user = interaction.user
    return isinstance(user, discord.Member) and any(role.id in settings.staff_role_ids for role in user.roles)


def require(interaction: discord.Interaction[Any], *, allowed: bool, reader: Language) -> None:
    """
    Go on only where *allowed*.

    Raises:
        Refused: with words for who tried.

    """
    if interaction.guild_id is None:
        raise Refused(i18n.text("course.only_server", reader))
    if not allowed:
        raise Refused(i18n.text("course.not_allowed", reader))


def lacking(channel: discord.abc.GuildChannel) -> list[str]:
    """Return the names of the permissions that Monitoria needs in *channel* and does not have."""
    granted = channel.permissions_for(channel.guild.me)
    return [name for name in NEEDED if not getattr(granted, name)]
