"""Who may do what, and what Monitoria itself may do in a channel."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import discord

from db.records import CourseSettings, Language
from services import i18n
from services.errors import Refused

Permission = Literal[
    "view_channel",
    "send_messages",
    "send_messages_in_threads",
    "embed_links",
    "attach_files",
    "read_message_history",
    "connect",
]
"""What Monitoria needs where it answers, by discord.py's names; without `attach_files`, formulas are no pictures."""

NAMES: dict[Permission, str] = {
    "view_channel": "permission.view_channel",
    "send_messages": "permission.send_messages",
    "send_messages_in_threads": "permission.send_messages_in_threads",
    "embed_links": "permission.embed_links",
    "attach_files": "permission.attach_files",
    "read_message_history": "permission.read_message_history",
    "connect": "permission.connect",
}
IN_THREADS: tuple[Permission, ...] = ("view_channel", "send_messages_in_threads", "embed_links", "read_message_history")
IN_CHANNEL: tuple[Permission, ...] = ("view_channel", "send_messages", "embed_links", "read_message_history")
NEEDED: tuple[Permission, ...] = (*IN_CHANNEL, "send_messages_in_threads")
"""In a channel and its threads."""
TO_READ: tuple[Permission, ...] = ("view_channel", "read_message_history")
IN_VOICE_TO_READ: tuple[Permission, ...] = (*TO_READ, "connect")
VOICE = (discord.VoiceChannel, discord.StageChannel)
IN_VOICE: tuple[Permission, ...] = (*IN_CHANNEL, "connect")
"""In the chat of a voice or stage room: https://github.com/discord/discord-api-docs/pull/5111."""
INVITED: tuple[Permission, ...] = (*NEEDED, "attach_files", "connect")


class Lack(NamedTuple):
    """One permission that Monitoria needs in a channel and does not have."""

    channel_id: int
    permission: Permission


def is_staff(interaction: discord.Interaction[Any], settings: CourseSettings) -> bool:
    """Say whether who acts may manage the server, or has a role of the course's staff, at this moment."""
    if interaction.guild_id is None or interaction.guild_id != settings.guild_id:
        return False
    if interaction.permissions.manage_guild:
        return True
    user = interaction.user
    return isinstance(user, discord.Member) and any(role.id in settings.staff_role_ids for role in user.roles)


def is_staff_member(member: discord.Member, settings: CourseSettings) -> bool:
    """Say whether *member* may manage the server, or has a role of the course's staff, as far as *member* is known."""
    if member.guild.id != settings.guild_id:
        return False
    return member.guild_permissions.manage_guild or any(role.id in settings.staff_role_ids for role in member.roles)


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


def lacking(channel: discord.abc.GuildChannel) -> list[Permission]:
    """Return what Monitoria lacks in *channel* to answer there and in its threads."""
    if isinstance(channel, VOICE):
        return _lacking(channel, IN_VOICE)
    return _lacking(channel, IN_THREADS if isinstance(channel, discord.ForumChannel) else NEEDED)


def unreadable(place: discord.abc.GuildChannel | discord.Thread) -> list[Permission]:
    """Return what Monitoria lacks to read what was written in *place*: without it Discord shows nothing, or refuses."""
    channel = place.parent if isinstance(place, discord.Thread) else place
    if channel is None:
        return []
    needed = IN_VOICE_TO_READ if isinstance(channel, VOICE) else TO_READ
    return _lacking(channel, needed)


def lacking_at(place: object) -> list[Lack]:
    """
    Return what Monitoria lacks for one answer in *place*, a channel, a thread or its stand-in.

    Discord's refusal does not say. A thread has the permissions of its channel, which is the one named. Of a place
    that is not known, as an archived thread, nothing is told.
    """
    if isinstance(place, discord.PartialMessageable):
        place = place.guild.get_channel_or_thread(place.id) if place.guild else None
    if isinstance(place, discord.Thread):
        parent = place.parent
        return [Lack(parent.id, name) for name in _lacking(parent, IN_THREADS)] if parent else []
    if isinstance(place, discord.abc.GuildChannel):
        return [Lack(place.id, name) for name in _lacking(place, IN_CHANNEL)]
    return []


def may_attach(place: object) -> bool:
    """Say whether Monitoria may send files to *place*, a channel, a thread or its stand-in, as far as is known."""
    if isinstance(place, discord.PartialMessageable):
        place = place.guild.get_channel_or_thread(place.id) if place.guild else None
    channel = place.parent if isinstance(place, discord.Thread) else place
    return not (isinstance(channel, discord.abc.GuildChannel) and _lacking(channel, ("attach_files",)))


def name(permission: Permission, language: Language) -> str:
    """Return what Discord calls *permission*."""
    return i18n.text(NAMES[permission], language)


def _lacking(channel: discord.abc.GuildChannel, needed: Sequence[Permission]) -> list[Permission]:
    # A channel's own method also takes away what depends on others, and for a forum on one that we do not need.
    granted = discord.abc.GuildChannel.permissions_for(channel, channel.guild.me)
    return [name for name in needed if not getattr(granted, name)]
