"""What people do in the fake Discord: write, react, use commands, press buttons and fill in forms."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.fake_discord.messages import Attachment, Interaction, Message, walk
from tests.fake_discord.rest import Rest
from tests.fake_discord.things import Channel, Json, Member, Role, User, new_id

Values = Mapping[str, Any]
SELECTS = {3: "strings", 5: "users", 6: "roles", 7: "mentionables", 8: "channels"}
# What a test gives for an option of each type: https://discord.com/developers/docs/interactions/application-commands
OPTION_TYPES: dict[int, tuple[type, ...]] = {
    3: (str,),
    4: (int,),
    5: (bool,),
    6: (Member, User),
    7: (Channel,),
    8: (Role,),
    9: (Member, User, Role),
    10: (int, float),
    11: (Attachment,),
}


class People(Rest):
    """Every act is one that Discord would let that person do there; any other is an AssertionError."""

    # --- messages ---

    async def say(
        self,
        who: Member,
        channel: Channel,
        text: str,
        *,
        reply_to: Message | None = None,
        files: Iterable[Attachment] = (),
        webhook: bool = False,
    ) -> Message:
        """Write a message; mentions are those in *text*. *webhook* writes in the person's name without being them."""
        self._may(who, channel, "send_messages_in_threads" if channel.kind == "thread" else "send_messages")
        self._reopen(channel)
        author = User(new_id(), who.name, bot=True) if webhook else who.user
        hook = author.id if webhook else None
        return self.write(channel, author, {"content": text}, files=files, reference=reply_to, webhook_id=hook)

    async def forward(self, who: Member | User, message: Message, to: Channel) -> Message:
        """Pass a message on; what one types beside it is sent as a message apart, which `say` does."""
        user = who.user if isinstance(who, Member) else who
        assert to.guild is None or isinstance(who, Member), "pass the member, not the user"
        if to.guild:
            self._may(who, to, "send_messages_in_threads" if to.kind == "thread" else "send_messages")
        self._reopen(to)
        return self.write(to, user, {"content": ""}, forwarded=message)

    def _reopen(self, channel: Channel) -> None:
        """Open a closed thread, as Discord does by itself when somebody writes there."""
        assert not channel.locked, "only staff may write in a thread that is locked"
        if channel.archived:
            self.close_thread(channel, archived=False)

    async def dm(self, who: Member | User, text: str, *, files: Iterable[Attachment] = ()) -> Message:
        user = who.user if isinstance(who, Member) else who
        return self.write(self.direct_channel(user), user, {"content": text}, files=files)

    async def post(self, who: Member, forum: Channel, title: str, text: str) -> Channel:
        """Open a post in a forum; its message is `.messages[0]`."""
        assert forum.kind == "forum", f"{forum.name!r} is no forum"
        self._may(who, forum, "send_messages")
        thread = self.open_thread(forum, who.user, title)
        self.write(thread, who.user, {"content": text}, message_id=thread.id)
        return thread

    async def start_thread(self, who: Member, message: Message, name: str = "conversa") -> Channel:
        assert message.thread is None, "the message has a thread"
        self._may(who, message.channel, "create_public_threads")
        return self.open_thread(message.channel, who.user, name, message)

    async def edit(self, message: Message, text: str) -> None:
        message.edited_at = "2026-01-01T00:00:00+00:00"
        self.fill(message, {"content": text})
        self.tell_edit(message)

    async def delete(self, message: Message) -> None:
        self.remove(message)

    async def react(self, who: Member | User, message: Message, emoji: str) -> None:
        assert not message.ephemeral, "nobody can react to a message that only one person sees"
        user = who.user if isinstance(who, Member) else who
        assert message.channel.guild is None or isinstance(who, Member), "pass the member, not the user"
        self.set_reaction(message, user, emoji, there=True)

    async def unreact(self, who: Member | User, message: Message, emoji: str) -> None:
        user = who.user if isinstance(who, Member) else who
        assert user.id in message.reactions.get(emoji, []), "they had not reacted so"
        self.set_reaction(message, user, emoji, there=False)

    async def deliver_again(self, thing: Message | Interaction) -> None:
        """Dispatch the same event a second time, as Discord may."""
        assert thing.event is not None, "it was told to nobody"
        self.dispatch(*thing.event, thing.channel)

    def expire(self, interaction: Interaction) -> None:
        """Let the interaction's token run out, as it does after 15 minutes."""
        interaction.expired = True

    # --- interactions ---

    async def slash(
        self, who: Member | User, channel: Channel, name: str, options: Values | None = None
    ) -> Interaction:
        """
        Use a command that the bot registered; a path like "course bind" names a sub-command.

        Options are given as str, int, float, bool, Member, Role, Channel or Attachment, as their type asks.
        """
        command, path, wanted = self._command(who, channel, name)
        given = dict(options or {})
        _check_options(name, wanted, given)
        typed = [_option(entry, given[entry["name"]]) for entry in wanted if entry["name"] in given]
        data = _command_data(command, path, typed) | self._resolved(who, channel, given.values())
        return self._interact(2, who, channel, data)

    async def menu(self, who: Member, channel: Channel, name: str, message: Message) -> Interaction:
        """Use a command from a message's context menu, by its name or its name in the person's language."""
        command = self._find(who, channel, name, kind=3)
        data: Json = {"id": command["id"], "type": 3, "name": command["name"], "target_id": str(message.id)}
        data |= {key: command[key] for key in ("guild_id",) if key in command}
        return self._interact(2, who, channel, data | {"resolved": {"messages": {str(message.id): message.payload()}}})

    async def autocomplete(
        self, who: Member | User, channel: Channel, name: str, option: str, typed: str, others: Values | None = None
    ) -> list[Json]:
        """What the bot proposes while *typed* stands in *option*: names and values."""
        command, path, wanted = self._command(who, channel, name)
        given = {**(others or {}), option: typed}
        focused = next(entry for entry in wanted if entry["name"] == option)
        assert focused.get("autocomplete"), f"option {option!r} does not complete"
        sent = [_option(it, given[it["name"]], checked=it is not focused) for it in wanted if it["name"] in given]
        next(entry for entry in sent if entry["name"] == option)["focused"] = True
        used = self._interact(4, who, channel, _command_data(command, path, sent))
        return (await used.answered()).choices

    async def click(self, who: Member | User, message: Message, custom_id: str) -> Interaction:
        button = self._component(who, message, custom_id)
        assert button["type"] == 2, f"{custom_id!r} is no button"
        return self._interact(3, who, message.channel, {"custom_id": custom_id, "component_type": 2}, message)

    async def choose(
        self, who: Member | User, message: Message, custom_id: str, values: Sequence[str | Member | Role | Channel]
    ) -> Interaction:
        """Choose in a menu: values of options, or the people, roles or channels themselves."""
        menu = self._component(who, message, custom_id)
        assert menu["type"] in SELECTS, f"{custom_id!r} is no menu"
        chosen = _chosen(menu, values)
        data: Json = {"custom_id": custom_id, "component_type": menu["type"], "values": chosen}
        return self._interact(3, who, message.channel, data | self._resolved(who, message.channel, values), message)

    async def submit(self, who: Member | User, opened: Interaction, values: Values) -> Interaction:
        """Send the form that *opened* opened; *values* are by custom_id, and a text left out keeps what it had."""
        assert opened.user.id == who.id, "only the person who opened a form can send it"
        modal, left = opened.modal, dict(values)
        rows = [_filled(row, left) for row in modal["components"]]
        assert not left, f"the form has no field {sorted(left)!r}"
        files: list[Any] = [item for value in values.values() if not isinstance(value, (str, bool)) for item in value]
        data = {"custom_id": modal["custom_id"], "components": rows} | self._resolved(who, opened.channel, files)
        return self._interact(5, who, opened.channel, data, opened.source)

    # --- how they are made ---

    def _may(self, who: Member | User, channel: Channel, *permissions: str) -> None:
        assert self.can(who.id, channel, "view_channel", *permissions), f"{who.name!r} may not: {permissions}"

    def _interact(
        self, kind: int, who: Member | User, channel: Channel, data: Json, source: Message | None = None
    ) -> Interaction:
        user = who.user if isinstance(who, Member) else who
        token = secrets.token_urlsafe(24)
        used = Interaction(new_id(), token, kind, user, channel, data, self.until, source)
        used.event = ("INTERACTION_CREATE", self._interaction_payload(used, who))
        self.interactions.append(used)
        for session in self.sessions:  # whatever the channel: a bot need not see where its commands are used
            self.tell(session, *used.event)
        return used

    def _interaction_payload(self, used: Interaction, who: Member | User) -> Json:
        channel, guild = used.channel, used.channel.guild
        body: Json = {
            "id": str(used.id),
            "application_id": str(self.user.id),
            "type": used.type,
            "token": used.token,
            "version": 1,
            "data": used.data,
            "channel": channel.payload() | {"permissions": str(self.permissions(who.id, channel))},
            "channel_id": str(channel.id),
            "app_permissions": str(self.permissions(self.user.id, channel)),
            "locale": used.locale,
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id if guild else 0)},
            "context": 0 if guild else 1,
            "attachment_size_limit": 10 * 1024**2,
        }
        if used.source is not None:
            body["message"] = used.source.payload()
        if guild is None:
            return body | {"user": used.user.payload()}
        assert isinstance(who, Member), "in a server, people act as members"
        return body | {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": ["COMMUNITY"]},
            "guild_locale": guild.locale,
            "member": who.payload() | {"permissions": str(self.permissions(who.id, channel))},
        }

    def _find(self, who: Member | User, channel: Channel, name: str, kind: int) -> Json:
        """The command that Discord would show this person here. Raises: AssertionError where it shows none."""
        guild = channel.guild
        here = [it for it in self.commands if it["type"] == kind and _named(it, name, who)]
        here = [it for it in here if "guild_id" not in it or (guild and it["guild_id"] == str(guild.id))]
        assert here, f"no command {name!r} is registered here: {[it['name'] for it in self.commands]}"
        command = next((it for it in here if "guild_id" in it), here[0])
        contexts = command["contexts"] or [0, *([1] if command.get("dm_permission", True) else [])]
        assert (0 if guild else 1) in contexts, f"{name!r} is not offered in such a place"
        if guild:
            needed = int(command.get("default_member_permissions") or 0)
            self._may(who, channel, "use_application_commands")
            assert not needed & ~self.permissions(who.id, channel), f"Discord does not show {who.name!r} {name!r}"
        return command

    def _command(self, who: Member | User, channel: Channel, name: str) -> tuple[Json, list[Json], list[Json]]:
        """The command, the groups and sub-command within it that lead to *name*, and the options of that."""
        first, *steps = name.split()
        command = self._find(who, channel, first, kind=1)
        path: list[Json] = []
        options: list[Json] = command.get("options", [])
        for step in steps:
            found = next((it for it in options if it["type"] in {1, 2} and _named(it, step, who)), None)
            assert found, f"{name!r} has no {step!r}: {[it['name'] for it in options]}"
            path.append(found)
            options = found.get("options", [])
        assert not any(it["type"] in {1, 2} for it in options), f"{name!r} is a group, not a command"
        return command, path, options

    def _component(self, who: Member | User, message: Message, custom_id: str) -> Json:
        """The component that this person can use on *message*. Raises: AssertionError where they cannot."""
        assert not message.deleted, "the message is deleted"
        mine = message.interaction is None or message.interaction.user.id == who.id
        assert mine or not message.ephemeral, "only the person it answers sees this message"
        here = {item["custom_id"]: item for item in walk(message.components) if "custom_id" in item}
        assert custom_id in here, f"no component {custom_id!r}; there are {sorted(here)}"
        assert not here[custom_id].get("disabled"), f"{custom_id!r} is disabled"
        return here[custom_id]

    def _resolved(self, who: Member | User, channel: Channel, values: Iterable[object]) -> Json:
        """The things that an interaction speaks of by id, in full."""
        found: dict[str, Json] = {}
        for value in values:
            match value:
                case Member():
                    found.setdefault("users", {})[str(value.id)] = value.user.payload()
                    partial = value.payload(user=False) | {"permissions": str(self.permissions(value.id, channel))}
                    found.setdefault("members", {})[str(value.id)] = partial
                case Role():
                    found.setdefault("roles", {})[str(value.id)] = value.payload()
                case Channel():
                    seen = value.payload() | {"permissions": str(self.permissions(who.id, value))}
                    found.setdefault("channels", {})[str(value.id)] = seen
                case Attachment():
                    found.setdefault("attachments", {})[str(value.id)] = value.payload() | {"ephemeral": True}
                case _:
                    pass
        return {"resolved": found} if found else {}


def _named(entry: Json, name: str, who: Member | User) -> bool:
    locale = who.user.locale if isinstance(who, Member) else who.locale
    return name in {entry["name"], _names(entry).get(locale)}


def _names(entry: Json) -> Json:
    return entry.get("name_localizations") or {}


def _check_options(name: str, wanted: list[Json], given: Json) -> None:
    strange = set(given) - {entry["name"] for entry in wanted}
    assert not strange, f"{name!r} has no option {strange}: {[entry['name'] for entry in wanted]}"
    missing = [entry["name"] for entry in wanted if entry.get("required") and entry["name"] not in given]
    assert not missing, f"{name!r} needs {missing}"


def _option(entry: Json, value: Any, *, checked: bool = True) -> Json:
    """An option as an interaction carries it. Raises: AssertionError if Discord would not let it be entered."""
    said = f"option {entry['name']!r} cannot be {value!r}"
    if checked:
        assert isinstance(value, OPTION_TYPES[entry["type"]]), said
        assert isinstance(value, bool) == (entry["type"] == 5), said
        _check_value(entry, value, said)
    plain = str(value.id) if isinstance(value, (Member, User, Role, Channel, Attachment)) else value
    return {"name": entry["name"], "type": entry["type"], "value": plain}


def _check_value(entry: Json, value: Any, said: str) -> None:
    if choices := entry.get("choices"):
        assert value in [choice["value"] for choice in choices], f"{said}; choices: {choices}"
    if isinstance(value, str):
        assert entry.get("min_length", 0) <= len(value) <= entry.get("max_length", 6000), said
    if isinstance(value, (int, float)):
        assert entry.get("min_value", value) <= value <= entry.get("max_value", value), said
    if isinstance(value, Channel) and entry.get("channel_types"):
        assert value.payload()["type"] in entry["channel_types"], said


def _command_data(command: Json, path: list[Json], options: list[Json]) -> Json:
    for step in reversed(path):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    where: Json = {"guild_id": command["guild_id"]} if "guild_id" in command else {}
    return {"id": command["id"], "name": command["name"], "type": 1, "options": options} | where


def _chosen(menu: Json, values: Sequence[Any]) -> list[str]:
    chosen = [value if isinstance(value, str) else str(value.id) for value in values]
    least, most = menu.get("min_values", 1), menu.get("max_values", 1)
    assert least <= len(chosen) <= most, f"choose {least} to {most}, not {len(chosen)}"
    if menu["type"] == 3:
        offered = [option["value"] for option in menu["options"]]
        assert set(chosen) <= set(offered), f"{chosen} are not all among {offered}"
    return chosen


def _filled(row: Json, left: Json) -> Json:
    """A row of a form with what the person entered, which is taken from *left*."""
    if row["type"] == 10:
        return {"type": 10, "content": row["content"]}
    if row["type"] == 18:
        return {"type": 18, "component": _field(row["component"], left)}
    return {"type": 1, "components": [_field(item, left) for item in row["components"]]}


def _field(item: Json, left: Json) -> Json:
    kind, name = item["type"], item["custom_id"]
    base: Json = {"type": kind, "custom_id": name, "id": item.get("id", 1)}
    needed = item.get("required", True)
    if kind == 4:
        text = left.pop(name, item.get("value", "")) or ""
        assert text or not needed, f"field {name!r} must be filled in"
        assert not text or item.get("min_length", 0) <= len(text) <= item.get("max_length", 4000), f"{name!r}: length"
        return base | {"value": text}
    if kind in {21, 23}:
        return base | {"value": left.pop(name, None if kind == 21 else item.get("default", False))}
    default = [option["value"] for option in item.get("options", []) if option.get("default")]
    values = left.pop(name, default)
    assert values or not needed, f"field {name!r} must be filled in"
    return base | {"values": _chosen(item, values) if kind in SELECTS and values else [_plain(it) for it in values]}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else str(value.id)
