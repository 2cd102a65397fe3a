"""What the fake Discord's channels hold: messages with their files and buttons, and what people do with them."""

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from tests.fake_discord.things import EPHEMERAL, LINKED_MARK, LOADING, Channel, Json, User, guild_or_me, id_time, place


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
