"""What a Discord server is made of, as the fake keeps it, and how each thing looks in Discord's JSON."""

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import discord

if TYPE_CHECKING:
    from tests.fake_discord.messages import Message

Json = dict[str, Any]
Kind = Literal["text", "voice", "stage", "forum", "category", "thread", "dm"]

EPOCH_MS = 1420070400000  # https://discord.com/developers/docs/reference#snowflakes
EPHEMERAL, LOADING, HAS_THREAD, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 5, 1 << 15
CHANNEL_TYPES: dict[Kind, int] = {
    "text": 0,
    "dm": 1,
    "voice": 2,
    "category": 4,
    "thread": 11,
    "stage": 13,
    "forum": 15,
}
PRIVATE_THREAD = 12
LINKED_MARK = re.compile(r"\[(\[[0-9]+\])\]\(<https://[^\s<>]+>\)")

_given = [0]  # the last id


def new_id() -> int:
    """An id that carries the time and is above every id given before."""
    _given[0] = max(_given[0] + 1, int(time.time() * 1000) - EPOCH_MS << 22)
    return _given[0]


def id_time(snowflake: int) -> str:
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH_MS) / 1000, UTC).isoformat()


def bits(*permissions: str) -> int:
    """The value of permissions by discord.py's names for them, like "send_messages"."""
    value = 0
    for name in permissions:
        value |= discord.Permissions.VALID_FLAGS[name]
    return value


class Refusal(Exception):
    """An error that Discord answers a request with."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, "code": code} | ({"errors": errors} if errors else {})


@dataclass(eq=False)
class User:
    id: int
    name: str
    bot: bool = False
    locale: str = "pt-BR"  # of the person's Discord; interactions carry it

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name,
            "global_name": None if self.bot else self.name,
            "discriminator": "0000" if self.bot else "0",
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
        }


@dataclass(eq=False)
class Role:
    id: int
    name: str
    permissions: int
    position: int
    mentionable: bool = True
    managed_by: int | None = None  # the bot whose own role this is

    def payload(self) -> Json:
        tags: Json = {} if self.managed_by is None else {"tags": {"bot_id": str(self.managed_by)}}
        return {
            "id": str(self.id),
            "name": self.name,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "position": self.position,
            "permissions": str(self.permissions),
            "managed": self.managed_by is not None,
            "mentionable": self.mentionable,
            "flags": 0,
        } | tags


@dataclass(eq=False)
class Member:
    user: User
    guild: "Guild" = field(repr=False)
    roles: list[Role] = field(default_factory=list[Role], repr=False)

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def mention(self) -> str:
        return self.user.mention

    def payload(self, *, user: bool = True) -> Json:
        who: Json = {"user": self.user.payload()} if user else {}
        return who | {
            "roles": [str(role.id) for role in self.roles],
            "joined_at": id_time(self.guild.id),
            "nick": None,
            "avatar": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "premium_since": None,
            "communication_disabled_until": None,
        }


@dataclass(eq=False)
class Guild:
    id: int
    name: str
    owner_id: int
    locale: str = "pt-BR"
    roles: dict[int, Role] = field(default_factory=dict[int, Role], repr=False)
    channels: dict[int, "Channel"] = field(default_factory=dict[int, "Channel"], repr=False)  # threads among them
    members: dict[int, Member] = field(default_factory=dict[int, Member], repr=False)

    @property
    def everyone(self) -> Role:
        return self.roles[self.id]

    def payload(self, *, members: list[Member], threads: "list[Channel]") -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner_id),
            "preferred_locale": self.locale,
            "joined_at": id_time(self.id),
            "large": False,
            "member_count": len(self.members),
            "roles": [role.payload() for role in self.roles.values()],
            "channels": [channel.payload() for channel in self.channels.values() if channel.kind != "thread"],
            "threads": [thread.payload() for thread in threads],
            "members": [member.payload() for member in members],
            "features": ["COMMUNITY"],
            "emojis": [],
            "stickers": [],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "afk_timeout": 300,
            "verification_level": 1,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_flags": 0,
        }


@dataclass(eq=False)
class Channel:
    """A channel, a thread or a conversation of two."""

    id: int
    name: str
    kind: Kind
    guild: Guild | None = field(default=None, repr=False)
    parent: "Channel | None" = field(default=None, repr=False)
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]], repr=False)
    recipient: User | None = None
    owner_id: int = 0  # of a thread
    archived: bool = False
    archived_at: str = ""  # when it was closed or opened again; at first, when it was made
    locked: bool = False
    joined: set[int] | None = None  # the members of a private thread; None: it is public
    messages: "list[Message]" = field(default_factory=list["Message"], repr=False)

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    def payload(self) -> Json:
        last = str(self.messages[-1].id) if self.messages else None
        kind = CHANNEL_TYPES[self.kind] if self.joined is None else PRIVATE_THREAD
        base: Json = {"id": str(self.id), "type": kind, "last_message_id": last, "flags": 0}
        if self.guild is None:
            return base | {"recipients": [self.recipient.payload()] if self.recipient else []}
        base |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        base["parent_id"] = str(self.parent.id) if self.parent else None
        if self.kind in {"voice", "stage"}:
            base |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
        return base | (self._thread() if self.kind == "thread" else self._place(self.guild))

    def _thread(self) -> Json:
        return {
            "owner_id": str(self.owner_id),
            "message_count": len(self.messages),
            "total_message_sent": len(self.messages),
            "member_count": 1,
            "applied_tags": [],
            "thread_metadata": {
                "archived": self.archived,
                "locked": self.locked,
                "auto_archive_duration": 1440,
                "archive_timestamp": self.archived_at or id_time(self.id),
                "create_timestamp": id_time(self.id),
            },
        }

    def _place(self, guild: Guild) -> Json:
        return {
            "position": list(guild.channels).index(self.id) if self.id in guild.channels else 0,
            "nsfw": False,
            "topic": None,
            "available_tags": [],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
            "permission_overwrites": [
                {"id": str(target), "type": 0 if target in guild.roles else 1, "allow": str(allow), "deny": str(deny)}
                for target, (allow, deny) in self.overwrites.items()
            ],
        }


def place(channel: Channel) -> Json:
    """Where a channel is, as events say it."""
    return {"channel_id": str(channel.id)} | ({"guild_id": str(channel.guild.id)} if channel.guild else {})


def guild_or_me(channel: Channel) -> str:
    return str(channel.guild.id) if channel.guild else "@me"
