"""The fake Discord's REST routes, those that a bot of commands, messages, threads and forms uses."""

import time
from datetime import UTC, datetime
from typing import cast

from tests.fake_discord.messages import Interaction, Message
from tests.fake_discord.requests import Asked, Handler, Requests
from tests.fake_discord.rules import check_choices, check_commands, check_message, check_modal, refuse
from tests.fake_discord.things import COMPONENTS_V2, EPHEMERAL, LOADING, Channel, Guild, Json, Refusal, new_id

NO_ACCESS = Refusal(403, 50001, "Missing Access")
UNKNOWN_MESSAGE = Refusal(404, 10008, "Unknown Message")
HISTORY = {"limit": "50", "before": str(1 << 63), "after": "0"}  # what a request may leave out
CALLBACKS = {2: {4, 5, 9}, 3: {4, 5, 6, 7, 9}, 4: {8}, 5: {4, 5, 6, 7}}  # answers allowed, by type of interaction


class Rest(Requests):
    """The routes of https://discord.com/developers/docs/reference, version 10."""

    def _routes(self) -> dict[str, Handler]:
        message = "/channels/{channel}/messages/{message}"
        webhook = "/webhooks/{application}/{token}"
        return {
            "GET /users/@me": self._me,
            "GET /applications/@me": self._application,
            "GET /oauth2/applications/@me": self._application,
            "GET /gateway/bot": self._gateway_bot,
            "GET /applications/{application}/commands": self._get_commands,
            "PUT /applications/{application}/commands": self._put_commands,
            "GET /applications/{application}/guilds/{guild}/commands": self._get_commands,
            "PUT /applications/{application}/guilds/{guild}/commands": self._put_commands,
            "GET /guilds/{guild}": self._guild,
            "GET /guilds/{guild}/channels": self._guild_channels,
            "GET /guilds/{guild}/threads/active": self._active_threads,
            "GET /guilds/{guild}/members/{user}": self._member,
            "POST /users/@me/channels": self._open_direct,
            "GET /users/{user}": self._user,
            "GET /channels/{channel}": self._channel,
            "PATCH /channels/{channel}": self._edit_channel,
            "POST /channels/{channel}/typing": self._typing,
            "PUT /channels/{channel}/thread-members/@me": self._join_thread,
            "GET /channels/{channel}/threads/archived/public": self._archived_threads,
            "GET /channels/{channel}/users/@me/threads/archived/private": self._joined_archived_threads,
            "POST /channels/{channel}/threads": self._start_thread,
            "GET /channels/{channel}/messages": self._history,
            "POST /channels/{channel}/messages": self._send,
            f"GET {message}": self._get,
            f"PATCH {message}": self._edit,
            f"DELETE {message}": self._delete,
            f"POST {message}/threads": self._start_thread,
            f"PUT {message}/reactions/{{emoji}}/@me": self._react,
            f"DELETE {message}/reactions/{{emoji}}/{{user}}": self._unreact,
            "POST /interactions/{interaction}/{token}/callback": self._callback,
            f"POST {webhook}": self._follow_up,
            f"GET {webhook}/messages/{{message}}": self._get_answer,
            f"PATCH {webhook}/messages/{{message}}": self._edit_answer,
            f"DELETE {webhook}/messages/{{message}}": self._delete_answer,
        }

    # --- the bot, its commands, servers and people ---

    async def _me(self, _: Asked) -> Json:
        return self.user.payload() | {"mfa_enabled": True, "verified": True, "locale": "en-US", "flags": 0}

    async def _application(self, _: Asked) -> Json:
        owner = next((user for user in self.users.values() if not user.bot), self.user)
        return {
            "id": str(self.user.id),
            "name": self.user.name,
            "icon": None,
            "description": "",
            "summary": "",
            "verify_key": "0" * 64,
            "flags": 0,
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": owner.payload(),
            "team": None,
            "rpc_origins": [],
        }

    async def _gateway_bot(self, _: Asked) -> Json:
        starts = {"total": 1000, "remaining": 999, "reset_after": 86400000, "max_concurrency": 1}
        return {"url": self.gateway, "shards": 1, "session_start_limit": starts}

    def _registered(self, asked: Asked) -> list[Json]:
        return [command for command in self.commands if command.get("guild_id") == asked.path.get("guild")]

    async def _get_commands(self, asked: Asked) -> list[Json]:
        translated = asked.query.get("with_localizations") == "true"
        return [_as_listed(command, translated=translated) for command in self._registered(asked)]

    async def _put_commands(self, asked: Asked) -> list[Json]:
        check_commands(asked.body)
        guild = asked.path.get("guild")
        scope: Json = {"guild_id": str(self._the_guild(asked).id)} if guild else {}
        fixed: Json = {"application_id": str(self.user.id), "version": str(new_id())} | scope
        before = {(it.get("type", 1), it["name"]): it["id"] for it in self._registered(asked)}
        made = [
            {"type": 1, "description": "", "contexts": None, "integration_types": [0]}
            | command
            | {"id": before.get((command.get("type", 1), command["name"]), str(new_id()))}
            | fixed
            for command in asked.body
        ]
        self.commands = [it for it in self.commands if it.get("guild_id") != guild] + made
        return made

    def _the_guild(self, asked: Asked) -> Guild:
        if asked.id("guild") not in self.guilds:
            raise NO_ACCESS
        return self.guilds[asked.id("guild")]

    async def _guild(self, asked: Asked) -> Json:
        return self._the_guild(asked).payload(members=[], threads=[])

    async def _guild_channels(self, asked: Asked) -> list[Json]:
        return [it.payload() for it in self._the_guild(asked).channels.values() if it.kind != "thread"]

    async def _active_threads(self, asked: Asked) -> Json:
        open_ones = [it for it in self._the_guild(asked).channels.values() if it.kind == "thread" and not it.archived]
        return {"threads": [thread.payload() for thread in open_ones], "members": []}

    async def _archived_threads(self, asked: Asked) -> Json:
        """Public ones, the latest closed first."""
        closed = [thread for thread in self._closed(asked) if thread.joined is None]
        before = asked.query.get("before", "9999")
        found = sorted((thread for thread in closed if _closed_at(thread) < before), key=_closed_at, reverse=True)
        return _listing(found, asked)

    async def _joined_archived_threads(self, asked: Asked) -> Json:
        """Private ones that the bot is in, the latest made first."""
        before = int(asked.query.get("before", 1 << 63))
        mine = [thread for thread in self._closed(asked) if thread.joined and self.user.id in thread.joined]
        return _listing(sorted((it for it in mine if it.id < before), key=lambda it: it.id, reverse=True), asked)

    def _closed(self, asked: Asked) -> list[Channel]:
        parent = self._the_channel(asked, "read_message_history")
        assert parent.guild, "a direct conversation has no threads"
        return [thread for thread in parent.guild.channels.values() if thread.parent is parent and thread.archived]

    async def _member(self, asked: Asked) -> Json:
        members = self._the_guild(asked).members
        if asked.id("user") not in members:
            raise Refusal(404, 10007, "Unknown Member")
        return members[asked.id("user")].payload()

    async def _user(self, asked: Asked) -> Json:
        if asked.id("user") not in self.users:
            raise Refusal(404, 10013, "Unknown User")
        return self.users[asked.id("user")].payload()

    async def _open_direct(self, asked: Asked) -> Json:
        user = self.users.get(int(asked.body["recipient_id"]))
        if user is None:
            raise Refusal(400, 50033, "Invalid Recipient(s)")
        return self.direct_channel(user).payload()

    # --- channels and threads ---

    def _the_channel(self, asked: Asked, *permissions: str) -> Channel:
        """The channel of the request, in which the bot has *permissions*. Raises: Refusal."""
        channel = self.channel(asked.id("channel"))
        if channel is None:
            raise Refusal(404, 10003, "Unknown Channel")
        if not self.can(self.user.id, channel, "view_channel"):
            raise NO_ACCESS
        self._need(channel, *permissions)
        return channel

    def _need(self, channel: Channel, *permissions: str) -> None:
        if not self.can(self.user.id, channel, *permissions):
            raise Refusal(403, 50013, "Missing Permissions")

    async def _channel(self, asked: Asked) -> Json:
        return self._the_channel(asked).payload()

    async def _edit_channel(self, asked: Asked) -> Json:
        channel = self._the_channel(asked)
        self._need(channel, "manage_threads" if channel.kind == "thread" else "manage_channels")
        channel.name = asked.body.get("name", channel.name)
        if asked.body.get("archived", channel.archived) != channel.archived:
            channel.archived, channel.archived_at = not channel.archived, datetime.now(UTC).isoformat()
        channel.locked = asked.body.get("locked", channel.locked)
        event = "THREAD_UPDATE" if channel.kind == "thread" else "CHANNEL_UPDATE"
        self.dispatch(event, channel.payload(), channel)
        return channel.payload()

    async def _typing(self, asked: Asked) -> None:
        channel = self._the_channel(asked)
        self._need(channel, "send_messages_in_threads" if channel.kind == "thread" else "send_messages")

    async def _join_thread(self, asked: Asked) -> None:
        self._the_channel(asked)

    async def _start_thread(self, asked: Asked) -> Json:
        parent = self._the_channel(asked, "create_public_threads")
        if not 1 <= len(asked.body["name"]) <= 100:
            raise refuse("name", "Must be between 1 and 100 in length.", "BASE_TYPE_BAD_LENGTH")
        starter = self._the_message(asked, parent) if "message" in asked.path else None
        if starter and starter.thread:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        first: Json | None = asked.body.get("message")
        if (first is None) == (parent.kind == "forum"):
            raise refuse("message", "A post in a forum, and nothing else, begins with a message.")
        if first is not None:
            self._check_sending(asked, first, parent)
        thread = self.open_thread(parent, self.user, asked.body["name"], starter)
        if first is None:
            return thread.payload()
        message = self.write(thread, self.user, first, files=asked.many_files, message_id=thread.id)
        return thread.payload() | {"message": message.payload()}

    # --- messages ---

    def _the_message(self, asked: Asked, channel: Channel) -> Message:
        found = next((message for message in channel.messages if message.id == asked.id("message")), None)
        if found is None:
            raise UNKNOWN_MESSAGE
        return found

    async def _history(self, asked: Asked) -> list[Json]:
        channel = self._the_channel(asked)
        limit, before, after = (int(asked.query.get(key, default)) for key, default in HISTORY.items())
        if not 1 <= limit <= 100:
            raise refuse("limit", "int value should be between 1 and 100.", "NUMBER_TYPE_MAX")
        assert "around" not in asked.query, "the fake Discord does not list messages around another"
        self._hear_voices(channel)
        readable = self.can(self.user.id, channel, "read_message_history")
        found = [message for message in channel.messages if readable and after < message.id < before]
        chosen = found[:limit] if "after" in asked.query else found[-limit:]
        return [self.readable(message.payload(), channel, self.intents) for message in reversed(chosen)]

    def _hear_voices(self, channel: Channel) -> None:
        """https://discord.com/developers/docs/resources/message#get-channel-messages"""
        if channel.kind in {"voice", "stage"} and not self.can(self.user.id, channel, "connect"):
            raise NO_ACCESS

    async def _get(self, asked: Asked) -> Json:
        channel = self._the_channel(asked, "read_message_history")
        self._hear_voices(channel)
        return self.readable(self._the_message(asked, channel).payload(), channel, self.intents)

    def _check_sending(self, asked: Asked, body: Json, channel: Channel) -> None:
        self.bodies.append(body)
        self._need(channel, "send_messages_in_threads" if channel.kind == "thread" else "send_messages")
        self._need(channel, *(["embed_links"] if body.get("embeds") else []))
        self._need(channel, *(["attach_files"] if asked.files else []))
        if channel.kind == "thread" and channel.archived and channel.locked:
            raise Refusal(400, 50083, "Thread is archived")
        check_message(body, files=len(asked.files))

    async def _send(self, asked: Asked) -> Json:
        channel, body = self._the_channel(asked), cast("Json", asked.body)
        if channel.kind in {"forum", "category"}:
            raise Refusal(400, 50008, "Cannot send messages in a non-text channel")
        self._check_sending(asked, body, channel)
        nonce = body.get("nonce")
        twin = [it for it in channel.messages if nonce is not None and it.nonce == nonce and it.author is self.user]
        if twin and body.get("enforce_nonce") and not self.forgets_nonces:
            return twin[0].payload()
        if channel.recipient and channel.recipient.id in self.closed_to_messages:
            raise Refusal(403, 50007, "Cannot send messages to this user")
        if channel.recipient and channel.recipient.id in self.strangers:
            raise Refusal(403, 50278, "Cannot send messages to this user")
        if channel.archived:
            self.close_thread(channel, archived=False)
        reference = self._referenced(body, channel)
        return self.write(channel, self.user, body, files=asked.many_files, reference=reference).payload()

    def _referenced(self, body: Json, channel: Channel) -> Message | None:
        wanted: Json | None = body.get("message_reference")
        if wanted is None:
            return None
        if not self.can(self.user.id, channel, "read_message_history"):
            raise Refusal(400, 160002, "You cannot reply without permission to read message history")
        found = next((it for it in channel.messages if it.id == int(wanted["message_id"])), None)
        if found is None and wanted.get("fail_if_not_exists", True):
            raise refuse("message_reference", "Unknown message", "REPLIES_UNKNOWN_MESSAGE")
        return found

    async def _edit(self, asked: Asked) -> Json:
        channel = self._the_channel(asked)
        message = self._the_message(asked, channel)
        if message.author is not self.user:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        return self._rewrite(message, asked.body, asked)

    def _rewrite(self, message: Message, body: Json, asked: Asked) -> Json:
        """Edit a message of the bot's; a field that is absent stays, files that are not listed again go."""
        self.bodies.append(body)
        new = {**body, "flags": body.get("flags", 0) | (message.flags & COMPONENTS_V2)}
        check_message(new, files=len(asked.files), before=message)
        listed: list[Json] = body.get("attachments") or []
        kept = {str(entry["id"]) for entry in listed}
        if "attachments" in body:
            message.attachments = [it for it in message.attachments if str(it.id) in kept]
        message.attachments += asked.many_files
        message.flags &= ~LOADING
        message.edited_at = datetime.now(UTC).isoformat()
        self.fill(message, new)
        self.tell_edit(message)
        return message.payload()

    async def _delete(self, asked: Asked) -> None:
        channel = self._the_channel(asked)
        message = self._the_message(asked, channel)
        if message.author is not self.user:
            self._need(channel, "manage_messages")
        self.remove(message)

    async def _react(self, asked: Asked) -> None:
        channel = self._the_channel(asked, "read_message_history")
        message, emoji = self._the_message(asked, channel), asked.path["emoji"]
        if emoji not in message.reactions:
            self._need(channel, "add_reactions")
        if emoji.isascii() and ":" not in emoji:
            raise Refusal(400, 10014, "Unknown Emoji")
        self.set_reaction(message, self.user, emoji, there=True)

    async def _unreact(self, asked: Asked) -> None:
        channel = self._the_channel(asked)
        user = self.user if asked.path["user"] == "@me" else self.users[asked.id("user")]
        if user is not self.user:
            self._need(channel, "manage_messages")
        self.set_reaction(self._the_message(asked, channel), user, asked.path["emoji"], there=False)

    # --- interactions ---

    async def _callback(self, asked: Asked) -> Json | None:
        used = next((it for it in self.interactions if it.id == asked.id("interaction")), None)
        body = cast("Json", asked.body)
        self.bodies.append(body)
        if used is None or used.token != asked.path["token"] or used.expired:
            raise Refusal(404, 10062, "Unknown interaction")
        if used.responded_at is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if time.monotonic() - used.created_at > self.callback_within_s:
            raise Refusal(404, 10062, "Unknown interaction")
        if body["type"] not in CALLBACKS[used.type] or (body["type"] in {6, 7} and used.source is None):
            raise refuse("type", f"An interaction of type {used.type} cannot be answered so.")
        self._answer(used, body["type"], body.get("data") or {}, asked)
        used.response, used.responded_at = body, time.monotonic()
        return _callback_resource(used, body["type"]) if asked.query.get("with_response") else None

    def _answer(self, used: Interaction, kind: int, data: Json, asked: Asked) -> None:
        match kind:
            case 4:
                check_message(data, files=len(asked.files))
                used.original = self._write_answer(used, data, asked)
            case 5:
                loading = {"flags": LOADING | data.get("flags", 0) & EPHEMERAL}
                used.original = self._write_answer(used, loading, asked)
            case 6:
                used.original = used.source
            case 7:
                assert used.source is not None
                used.original = used.source
                self._rewrite(used.source, data, asked)
            case 8:
                check_choices(data)
            case _:
                check_modal(data)

    def _write_answer(self, used: Interaction, body: Json, asked: Asked) -> Message:
        return self.write(
            used.channel, self.user, body, files=asked.many_files, interaction=used, webhook_id=self.user.id
        )

    def _the_interaction(self, asked: Asked) -> Interaction:
        used = next((it for it in self.interactions if it.token == asked.path["token"]), None)
        if used is None or used.responded_at is None:
            raise Refusal(404, 10015, "Unknown Webhook")
        if used.expired:
            # As measured by others: https://github.com/discord/discord-api-docs/issues/6851
            raise Refusal(401, 50027, "Invalid Webhook Token")
        return used

    def _the_answer(self, asked: Asked, used: Interaction) -> Message:
        original = asked.path["message"] == "@original"
        found = used.original if original else next((it for it in used.messages if it.id == asked.id("message")), None)
        if found is None or found.deleted:
            raise UNKNOWN_MESSAGE
        return found

    async def _follow_up(self, asked: Asked) -> Json:
        used, body = self._the_interaction(asked), cast("Json", asked.body)
        check_message(body, files=len(asked.files))
        if used.original and used.original.loading and not used.original.deleted:
            return self._rewrite(used.original, body, asked)  # what Discord does with the first one after a deferral
        self.bodies.append(body)
        used.followups.append(self._write_answer(used, body, asked))
        return used.followups[-1].payload()  # to an interaction's webhook, whether or not it says to wait

    async def _get_answer(self, asked: Asked) -> Json:
        return self._the_answer(asked, self._the_interaction(asked)).payload()

    async def _edit_answer(self, asked: Asked) -> Json:
        used = self._the_interaction(asked)
        return self._rewrite(self._the_answer(asked, used), asked.body, asked)

    async def _delete_answer(self, asked: Asked) -> None:
        self.remove(self._the_answer(asked, self._the_interaction(asked)))


def _closed_at(thread: Channel) -> str:
    return str(thread.payload()["thread_metadata"]["archive_timestamp"])


def _listing(threads: list[Channel], asked: Asked) -> Json:
    limit = int(asked.query.get("limit", 50))
    shown = [thread.payload() for thread in threads[:limit]]
    return {"threads": shown, "members": [], "has_more": len(threads) > limit}


def _as_listed(command: Json, *, translated: bool) -> Json:
    """A command as Discord lists it: permissions as a text, no empty fields, translations only where asked for."""
    kept = {
        key: [_as_listed(item, translated=translated) for item in value] if key == "options" else value
        for key, value in command.items()
        if value not in (None, [], {}) and (translated or not key.endswith("_localizations"))
    }
    permissions = kept.get("default_member_permissions")
    return kept | ({} if permissions is None else {"default_member_permissions": str(permissions)})


def _callback_resource(used: Interaction, kind: int) -> Json:
    """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback"""
    head: Json = {"id": str(used.id), "type": used.type}
    if used.original is None or kind == 6:
        return {"interaction": head, "resource": {"type": kind}}
    head |= {
        "response_message_id": str(used.original.id),
        "response_message_loading": used.original.loading,
        "response_message_ephemeral": used.original.ephemeral,
    }
    return {"interaction": head, "resource": {"type": kind, "message": used.original.payload()}}
