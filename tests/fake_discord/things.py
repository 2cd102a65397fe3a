"""What a Discord server is made of, as the fake keeps it, and how each thing looks in Discord's JSON."""

import re
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import discord

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


@dataclass(eq=False)
class Attachment:
    id: int
    name: str
    data: bytes = field(repr=False)
    url: str = ""
    content_type: str = "text/plain; charset=utf-8"
    description: str | None = None

    def payload(self) -> Json:
        described = {} if self.description is None else {"description": self.description}
        return described | {
            "id": str(self.id),
            "filename": self.name,
            "size": len(self.data),
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.content_type,
            "flags": 0,
        }


@dataclass(frozen=True)
class Pings:
    """Whom a message would notify, were its author allowed everything. An edit counts as if it were new."""

    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    everyone: bool = False

    def __bool__(self) -> bool:
        return bool(self.users or self.roles or self.everyone)

    def __or__(self, other: "Pings") -> "Pings":
        return Pings(self.users | other.users, self.roles | other.roles, self.everyone or other.everyone)


@dataclass(eq=False)
class Message:
    id: int
    channel: Channel = field(repr=False)
    author: User
    content: str = ""
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    flags: int = 0
    type: int = 0
    nonce: str | None = None
    reference: "Message | None" = field(default=None, repr=False)
    forwarded: "Message | None" = field(default=None, repr=False)
    pings: Pings = field(default_factory=Pings)
    mentions: list[User] = field(default_factory=list[User], repr=False)
    webhook_id: int | None = None
    edited_at: str | None = None
    reactions: dict[str, list[int]] = field(default_factory=dict[str, list[int]])  # emoji: ids of users
    interaction: "Interaction | None" = field(default=None, repr=False)  # that the message answers
    thread: Channel | None = field(default=None, repr=False)
    deleted: bool = False
    event: tuple[str, Json] | None = field(default=None, repr=False)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        return bool(self.flags & LOADING)

    @property
    def jump_url(self) -> str:
        return f"https://discord.com/channels/{guild_or_me(self.channel)}/{self.channel.id}/{self.id}"

    @property
    def buttons(self) -> dict[str, str]:
        """The custom_id of each button that sends one, by its label or else its emoji."""
        pressable = (item for item in walk(self.components) if item["type"] == 2 and "custom_id" in item)
        return {item.get("label") or item["emoji"]["name"]: item["custom_id"] for item in pressable}

    @property
    def links(self) -> dict[str, str]:
        """The url of each link button, by its label."""
        return {item.get("label", ""): item["url"] for item in walk(self.components) if item.get("url")}

    @property
    def text(self) -> str:
        """The content, of a mark that is a link the mark alone."""
        return LINKED_MARK.sub(r"\1", self.content)

    def payload(self, *, nested: bool = True) -> Json:
        body: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": self.author.payload(),
            "content": self.content,
            "timestamp": id_time(self.id),
            "edited_timestamp": self.edited_at,
            "tts": False,
            "mention_everyone": self.pings.everyone,
            "mentions": [self._mention(user) for user in self.mentions],
            "mention_roles": [str(role) for role in self.pings.roles],
            "attachments": [attachment.payload() for attachment in self.attachments],
            "embeds": self.embeds,
            "components": self.components,
            "reactions": [self._reaction(emoji, users) for emoji, users in self.reactions.items() if users],
            "pinned": False,
            "type": self.type,
            "flags": self.flags,
        }
        if self.nonce is not None:
            body["nonce"] = self.nonce
        if self.webhook_id is not None:
            body["webhook_id"] = str(self.webhook_id)
        if self.thread is not None:
            body["thread"] = self.thread.payload()
        if self.interaction is not None:
            body |= {"application_id": str(self.author.id), "interaction_metadata": self.interaction.metadata()}
        if self.reference is not None:
            body["message_reference"] = {"type": 0, "message_id": str(self.reference.id)} | place(self.channel)
            if nested:
                body["referenced_message"] = None if self.reference.deleted else self.reference.payload(nested=False)
        if self.forwarded is not None:
            whence = {"type": 1, "message_id": str(self.forwarded.id)} | place(self.forwarded.channel)
            body |= {"message_reference": whence, "message_snapshots": [{"message": self.forwarded.snapshot()}]}
        return body

    def snapshot(self) -> Json:
        """What a forward holds: https://discord.com/developers/docs/resources/message#message-snapshot-object"""
        whole = self.payload(nested=False)
        kept = ("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags", "mentions")
        return {key: whole[key] for key in (*kept, "mention_roles", "components")}

    def _mention(self, user: User) -> Json:
        member = self.channel.guild.members.get(user.id) if self.channel.guild else None
        return user.payload() | ({"member": member.payload(user=False)} if member else {})

    def _reaction(self, emoji: str, users: list[int]) -> Json:
        return {
            "emoji": {"id": None, "name": emoji},
            "count": len(users),
            "count_details": {"burst": 0, "normal": len(users)},
            "me": False,
            "me_burst": False,
            "burst_colors": [],
        }


@dataclass(eq=False)
class Interaction:
    """One use of a command, button, menu or form by a person, with all that the bot answered."""

    id: int
    token: str
    type: int
    user: User
    channel: Channel = field(repr=False)
    data: Json
    until: Callable[[Callable[[], object], float], Awaitable[object]] = field(repr=False)
    source: Message | None = field(default=None, repr=False)  # that holds the button
    created_at: float = field(default_factory=time.monotonic)
    responded_at: float | None = None
    response: Json | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list[Message])
    expired: bool = False
    event: tuple[str, Json] | None = field(default=None, repr=False)

    @property
    def locale(self) -> str:
        return self.user.locale

    @property
    def latency_s(self) -> float:
        """From the interaction to the first answer."""
        assert self.responded_at is not None, "the bot has not answered"
        return self.responded_at - self.created_at

    @property
    def modal(self) -> Json:
        """The form that the bot opened in answer."""
        return self._answer(9)

    @property
    def choices(self) -> list[Json]:
        """What the bot proposed for completion."""
        return self._answer(8)["choices"]

    @property
    def messages(self) -> list[Message]:
        """The answers, the first one first."""
        return [*([self.original] if self.original else []), *self.followups]

    async def answered(self, timeout_s: float = 60.0) -> "Interaction":
        """Wait for the first callback, which may say no more than "thinking…"."""
        await self.until(lambda: self.responded_at is not None, timeout_s)
        return self

    async def done(self, timeout_s: float = 60.0) -> "Interaction":
        """Wait until the bot has answered and no answer is still "thinking…"."""
        await self.until(lambda: self.responded_at is not None and not self._thinking(), timeout_s)
        return self

    async def followed_up(self, count: int = 1, timeout_s: float = 60.0) -> "Interaction":
        await self.until(lambda: len(self.followups) >= count, timeout_s)
        return self

    def _answer(self, kind: int) -> Json:
        assert self.response is not None, "the bot has not answered"
        assert self.response["type"] == kind, f"the answer is not of type {kind}: {self.response!r}"
        return self.response["data"]

    def _thinking(self) -> bool:
        return self.original is not None and self.original.loading and not self.original.deleted

    def metadata(self) -> Json:
        owners = {"0": str(self.channel.guild.id if self.channel.guild else 0)}
        base: Json = {"id": str(self.id), "type": self.type, "user": self.user.payload()}
        base["authorizing_integration_owners"] = owners
        if self.type == 3 and self.source is not None:
            base["interacted_message_id"] = str(self.source.id)
        if self.type == 5:
            base["triggering_interaction_metadata"] = base | {"type": 2}
        return base


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component of a message or a form, those inside others too."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        yield from walk([component[key] for key in ("accessory", "component") if key in component])


def place(channel: Channel) -> Json:
    """Where a channel is, as events say it."""
    return {"channel_id": str(channel.id)} | ({"guild_id": str(channel.guild.id)} if channel.guild else {})


def guild_or_me(channel: Channel) -> str:
    return str(channel.guild.id) if channel.guild else "@me"
