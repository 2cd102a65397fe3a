"""The servers, channels, people and messages of the fake Discord, and the events that tell of them."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from tests.fake_discord.messages import Attachment, Interaction, Message
from tests.fake_discord.rules import pings
from tests.fake_discord.things import (
    COMPONENTS_V2,
    HAS_THREAD,
    Channel,
    Guild,
    Json,
    Kind,
    Member,
    Role,
    User,
    bits,
    new_id,
    place,
)

T = TypeVar("T")

EVERYTHING = (1 << 53) - 1
SENDING = ("send_tts_messages", "mention_everyone", "embed_links", "attach_files")
PEOPLE_MAY = (
    *("view_channel", "send_messages", "send_messages_in_threads", "embed_links", "attach_files", "add_reactions"),
    *("read_message_history", "create_public_threads", "use_application_commands", "connect"),
)
MEMBERS, MESSAGE_CONTENT = 1 << 1, 1 << 15
# https://discord.com/developers/docs/events/gateway#list-of-intents: for servers, for direct messages
INTENTS = {
    "GUILD": (1 << 0, 0),
    "CHANNEL": (1 << 0, 0),
    "THREAD": (1 << 0, 0),
    "GUILD_MEMBER": (1 << 1, 0),
    "MESSAGE": (1 << 9, 1 << 12),
    "MESSAGE_REACTION": (1 << 10, 1 << 13),
}


@dataclass(eq=False)
class Session:
    """One identified connection, which outlives its socket as long as it may be resumed."""

    id: str
    intents: int
    sent: list[Json] = field(default_factory=list[Json])  # every event, for a replay
    queue: "asyncio.Queue[Json | int] | None" = None  # of the socket, if one is open; a number closes it


@dataclass(frozen=True)
class Call:
    """One request that the bot made."""

    method: str
    path: str  # after /api/v10
    body: Any
    at: float = field(default_factory=time.monotonic)
    query: dict[str, str] = field(default_factory=dict[str, str])


class World:
    """What exists, and who hears of it."""

    def __init__(self) -> None:
        self.user = User(new_id(), "Monitoria", bot=True)
        self.origin = ""  # like http://127.0.0.1:4321
        self.guilds: dict[int, Guild] = {}
        self.direct: dict[int, Channel] = {}  # conversations with the bot, by the person's id
        self.users: dict[int, User] = {self.user.id: self.user}
        self.interactions: list[Interaction] = []
        self.commands: list[Json] = []  # registered; those of one server have its guild_id
        self.files: dict[int, Attachment] = {}
        self.sessions: list[Session] = []
        self.intents = 0  # of the latest session
        self.heartbeats: list[float] = []
        self.requests: list[Call] = []
        self.bodies: list[Json] = []  # of each message created or edited and each interaction's callback
        self.unknown: list[str] = []
        self.failures: list[BaseException] = []  # of the fake's own
        self.bot_permissions = bits(*PEOPLE_MAY, "manage_threads")

    # --- building ---

    def add_guild(self, name: str, *, locale: str = "pt-BR") -> Guild:
        guild = Guild(new_id(), name, owner_id=0, locale=locale)
        guild.roles[guild.id] = Role(guild.id, "@everyone", bits(*PEOPLE_MAY), 0)
        own = Role(new_id(), self.user.name, self.bot_permissions, 1, mentionable=False, managed_by=self.user.id)
        guild.roles[own.id] = own
        guild.members[self.user.id] = Member(self.user, guild, [own])
        self.guilds[guild.id] = guild
        for session in self.sessions:
            self.tell(session, "GUILD_CREATE", self.guild_payload(guild, session.intents))
        return guild

    def add_channel(self, guild: Guild, name: str, kind: Kind = "text", parent: Channel | None = None) -> Channel:
        channel = Channel(new_id(), name, kind, guild, parent)
        guild.channels[channel.id] = channel
        self.dispatch("CHANNEL_CREATE", channel.payload(), channel)
        return channel

    def add_role(self, guild: Guild, name: str, permissions: int = 0, *, mentionable: bool = True) -> Role:
        role = Role(new_id(), name, permissions, len(guild.roles), mentionable)
        guild.roles[role.id] = role
        self.dispatch("GUILD_ROLE_CREATE", {"guild_id": str(guild.id), "role": role.payload()})
        return role

    def add_member(
        self,
        guild: Guild,
        name: str,
        roles: Iterable[Role] = (),
        *,
        owner: bool = False,
        bot: bool = False,
        locale: str = "pt-BR",
        same_as: Member | None = None,
    ) -> Member:
        """A person of *guild*; *same_as* makes a member of another server join this one."""
        user = same_as.user if same_as else User(new_id(), name, bot, locale)
        member = guild.members[user.id] = Member(user, guild, list(roles))
        self.users[user.id] = user
        if owner:
            guild.owner_id = user.id
        self.dispatch("GUILD_MEMBER_ADD", member.payload() | {"guild_id": str(guild.id)})
        return member

    def set_roles(self, member: Member, roles: Iterable[Role]) -> None:
        member.roles = list(roles)
        self.dispatch("GUILD_MEMBER_UPDATE", member.payload() | {"guild_id": str(member.guild.id)})

    def overwrite(
        self, channel: Channel, target: Role | Member, *, allow: Iterable[str] = (), deny: Iterable[str] = ()
    ) -> None:
        """Set what *target* may do in *channel* beside their roles; nothing of an earlier overwrite is kept."""
        channel.overwrites[target.id] = (bits(*allow), bits(*deny))
        self.dispatch("CHANNEL_UPDATE", channel.payload(), seen=True)

    def forbid(self, channel: Channel, *permissions: str) -> None:
        """Take permissions from the bot in *channel*."""
        assert channel.guild, "a direct conversation has no permissions"
        self.overwrite(channel, channel.guild.members[self.user.id], deny=permissions)

    def attachment(self, name: str, data: bytes, content_type: str = "text/plain; charset=utf-8") -> Attachment:
        """A file to give to say() or, as an option's value, to slash()."""
        made = Attachment(new_id(), name, data, content_type=content_type)
        made.url = f"{self.origin}/attachments/{made.id}/{name}?ex=1"
        self.files[made.id] = made
        return made

    # --- looking ---

    def messages(self, channel: Channel) -> list[Message]:
        """What everyone in *channel* sees, the oldest first."""
        return list(channel.messages)

    async def until(self, predicate: Callable[[], T], timeout_s: float = 60.0) -> T:
        """Wait until *predicate* holds; a lookup that fails means not yet. Raises: AssertionError."""
        end_s = time.monotonic() + timeout_s
        while True:
            try:
                if found := predicate():
                    return found
            except (LookupError, AttributeError):
                pass
            if time.monotonic() > end_s:
                raise AssertionError(f"nothing in {timeout_s} s; seen:\n{self.seen()}")
            await asyncio.sleep(0.005)

    def seen(self) -> str:
        """The latest requests and interactions, for an error message."""
        calls = [f"  {call.method} {call.path} {str(call.body)[:300]}" for call in self.requests[-15:]]
        used = [f"  {it.type} {it.data.get('name') or it.data.get('custom_id')}" for it in self.interactions[-5:]]
        return "\n".join(["requests:", *calls, "interactions:", *used, f"failures: {self.failures}"])

    def channel(self, channel_id: int) -> Channel | None:
        everywhere = [guild.channels for guild in self.guilds.values()]
        found = [channels[channel_id] for channels in everywhere if channel_id in channels]
        return next(iter([*found, *(one for one in self.direct.values() if one.id == channel_id)]), None)

    def permissions(self, user_id: int, channel: Channel) -> int:
        """https://discord.com/developers/docs/topics/permissions#permission-hierarchy"""
        guild = channel.guild
        if guild is None:
            return bits(*PEOPLE_MAY)
        member, ruled = guild.members[user_id], channel.parent if channel.kind == "thread" else channel
        roles = [guild.everyone, *member.roles]
        value = 0
        for role in roles:
            value |= role.permissions
        if user_id == guild.owner_id or value & bits("administrator"):
            return EVERYTHING
        overwrites = ruled.overwrites if ruled else {}
        allow, deny = overwrites.get(guild.id, (0, 0))
        value = value & ~deny | allow
        of_roles = [overwrites.get(role.id, (0, 0)) for role in member.roles]
        for _, deny in of_roles:
            value &= ~deny
        for allow, _ in of_roles:
            value |= allow
        allow, deny = overwrites.get(user_id, (0, 0))
        value = value & ~deny | allow
        if not value & bits("view_channel"):
            return 0
        speaks = "send_messages_in_threads" if channel.kind == "thread" else "send_messages"
        return value if value & bits(speaks) else value & ~bits(*SENDING)

    def can(self, user_id: int, channel: Channel, *permissions: str) -> bool:
        return not bits(*permissions) & ~self.permissions(user_id, channel)

    # --- telling ---

    def tell(self, session: Session, event: str, data: Json) -> None:
        packet = {"op": 0, "t": event, "s": len(session.sent) + 1, "d": data}
        session.sent.append(packet)
        if session.queue is not None:
            session.queue.put_nowait(packet)

    def dispatch(self, event: str, data: Json, channel: Channel | None = None, *, seen: bool = False) -> None:
        """Tell the sessions that asked for such events, if the bot may see *channel* (or is *seen* to lose it)."""
        if channel is not None and not seen and not self.can(self.user.id, channel, "view_channel"):
            return
        family = next((key for key in sorted(INTENTS, key=len, reverse=True) if event.startswith(key)), None)
        needed = INTENTS[family][channel is not None and channel.guild is None] if family else 0
        for session in self.sessions:
            if not needed or needed & session.intents:
                blind = family == "MESSAGE" and "content" in data
                self.tell(session, event, self.readable(data, channel, session.intents) if blind else data)

    def readable(self, data: Json, channel: Channel | None, intents: int) -> Json:
        """A message's JSON as a bot with *intents* may see it: without that for content, only its own business."""
        mine = data["author"]["id"] == str(self.user.id) or any(
            user["id"] == str(self.user.id) for user in data["mentions"]
        )
        if intents & MESSAGE_CONTENT or mine or channel is None or channel.guild is None:
            return data
        emptied: Json = {"content": "", "embeds": [], "attachments": [], "components": []}
        return data | emptied | ({"message_snapshots": []} if "message_snapshots" in data else {})

    def guild_payload(self, guild: Guild, intents: int) -> Json:
        known = [member for member in guild.members.values() if intents & MEMBERS or member.user is self.user]
        threads = [
            channel
            for channel in guild.channels.values()
            if channel.kind == "thread" and not channel.archived and self.can(self.user.id, channel, "view_channel")
            if channel.joined is None or self.user.id in channel.joined
        ]
        return guild.payload(members=known, threads=threads)

    # --- messages, whoever writes them ---

    def write(
        self,
        channel: Channel,
        author: User,
        body: Json,
        *,
        files: Iterable[Attachment] = (),
        reference: Message | None = None,
        forwarded: Message | None = None,
        message_id: int | None = None,
        interaction: Interaction | None = None,
        webhook_id: int | None = None,
    ) -> Message:
        """Store a message and tell of it; one that only one person sees is told to nobody."""
        message = Message(
            message_id or new_id(),
            channel,
            author,
            attachments=list(files),
            flags=body.get("flags", 0),
            type=19 if reference else 20 if interaction and interaction.type == 2 else 0,
            nonce=body.get("nonce"),
            reference=reference,
            forwarded=forwarded,
            interaction=interaction,
            webhook_id=webhook_id,
        )
        self.fill(message, body)
        if not message.ephemeral:
            channel.messages.append(message)
            message.event = ("MESSAGE_CREATE", self.event_payload(message))
            self.dispatch(*message.event, channel)
        return message

    def fill(self, message: Message, body: Json) -> None:
        """Give a message the texts, embeds and components of *body*, and count whom it pings."""
        message.content = (body["content"] or "") if "content" in body else message.content
        embeds: list[Json] = body.get("embeds", message.embeds) or []
        message.embeds = [{"type": "rich"} | embed for embed in embeds]
        message.components = body.get("components", message.components) or []
        message.flags |= body.get("flags", 0) & COMPONENTS_V2
        message.pings |= pings(body, replied_to=message.reference.author.id if message.reference else None)
        message.mentions = [self.users[user] for user in sorted(message.pings.users) if user in self.users]

    def event_payload(self, message: Message) -> Json:
        guild = message.channel.guild
        if guild is None:
            return message.payload() | {"channel_type": 1}
        member = guild.members.get(message.author.id) if message.webhook_id is None else None
        extra: Json = {"member": member.payload(user=False)} if member else {}
        return message.payload() | place(message.channel) | extra

    def tell_edit(self, message: Message) -> None:
        if not message.ephemeral:
            self.dispatch("MESSAGE_UPDATE", self.event_payload(message), message.channel)

    def remove(self, message: Message) -> None:
        message.deleted = True
        if not message.ephemeral:
            message.channel.messages.remove(message)
            self.dispatch("MESSAGE_DELETE", {"id": str(message.id)} | place(message.channel), message.channel)

    def open_thread(self, parent: Channel, owner: User, name: str, starter: Message | None = None) -> Channel:
        """Make a thread and tell of it; one that starts at a message has its id."""
        thread = Channel(starter.id if starter else new_id(), name, "thread", parent.guild, parent, owner_id=owner.id)
        assert parent.guild, "a direct conversation has no threads"
        parent.guild.channels[thread.id] = thread
        self.dispatch("THREAD_CREATE", thread.payload() | {"newly_created": True}, thread)
        if starter:
            starter.thread = thread
            starter.flags |= HAS_THREAD
            self.tell_edit(starter)
        return thread

    def close_thread(self, thread: Channel, *, archived: bool = True) -> None:
        """Archive a thread, or open it again, and tell of it."""
        thread.archived, thread.archived_at = archived, datetime.now(UTC).isoformat()
        self.dispatch("THREAD_UPDATE", thread.payload(), thread)

    def direct_channel(self, user: User) -> Channel:
        if user.id not in self.direct:
            self.direct[user.id] = Channel(new_id(), "", "dm", recipient=user)
        return self.direct[user.id]

    def set_reaction(self, message: Message, user: User, emoji: str, *, there: bool) -> None:
        users = message.reactions.setdefault(emoji, [])
        if there == (user.id in users):
            return
        (users.append if there else users.remove)(user.id)
        guild = message.channel.guild
        member = guild.members.get(user.id) if guild and there else None
        data = place(message.channel) | {
            "user_id": str(user.id),
            "message_id": str(message.id),
            "message_author_id": str(message.author.id),
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        event = "MESSAGE_REACTION_ADD" if there else "MESSAGE_REACTION_REMOVE"
        self.dispatch(event, data | ({"member": member.payload()} if member else {}), message.channel)
