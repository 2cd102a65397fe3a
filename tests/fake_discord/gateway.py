"""The fake Discord's gateway: the socket over which a bot identifies, hears events, drops out and resumes."""

import asyncio
import importlib
import json
import secrets
import time
import zlib
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from tests.fake_discord.things import Json
from tests.fake_discord.world import Session, World

Encode = Callable[[bytes], bytes]


class Gateway(World):
    """Speaks https://discord.com/developers/docs/events/gateway, version 10, in JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "fake-token"
        self.heartbeat_interval_s = 41.25
        self.refuse_intents = False
        self.identifies = 0  # also those that were refused
        self.identified: list[Json] = []  # what each session asked for
        self.resumed = 0
        self._sockets: set[web.WebSocketResponse] = set()

    @property
    def gateway(self) -> str:
        return self.origin.replace("http", "ws", 1) + "/"

    async def connected(self, timeout_s: float = 60.0) -> None:
        """Wait for an open socket with a session."""
        await self.until(lambda: any(session.queue for session in self.sessions), timeout_s)

    async def drop(self, *, resumable: bool = True) -> None:
        """Cut the bot's connections; unless *resumable*, forget its sessions too, so that events are missed."""
        dropped = [session for session in self.sessions if session.queue]
        for session in dropped:
            assert session.queue is not None
            session.queue.put_nowait(4000 if resumable else 4009)
            session.queue = None
        if not resumable:
            self.sessions.clear()

    async def serve_gateway(self, request: web.Request) -> web.WebSocketResponse:
        encode = compressor(request.query.get("compress"))
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        self._sockets.add(socket)
        queue: asyncio.Queue[Json | int] = asyncio.Queue()
        sender = asyncio.create_task(_send(socket, queue, encode))
        queue.put_nowait({"op": 10, "d": {"heartbeat_interval": int(self.heartbeat_interval_s * 1000)}})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(json.loads(message.data), queue)
        finally:
            self._sockets.discard(socket)
            self._leave(queue, socket.close_code)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return socket

    def _receive(self, packet: Json, queue: "asyncio.Queue[Json | int]") -> None:
        data = packet["d"]
        match packet["op"]:
            case 1:
                self.heartbeats.append(time.monotonic())
                queue.put_nowait({"op": 11})
            case 2:
                self._identify(data, queue)
            case 6:
                self._resume(data, queue)
            case 8:
                self._list_members(data, queue)
            case 3 | 4:
                pass
            case op:
                self.unknown.append(f"gateway op {op}")

    def _identify(self, data: Json, queue: "asyncio.Queue[Json | int]") -> None:
        self.identifies += 1
        if data["token"] != self.token:
            return queue.put_nowait(4004)
        if self.refuse_intents:
            return queue.put_nowait(4014)
        self.identified.append(data)
        self.intents = data["intents"]
        session = Session(secrets.token_hex(8), data["intents"], queue=queue)
        self.sessions.append(session)
        self.tell(session, "READY", self._ready(session))
        for guild in self.guilds.values():
            self.tell(session, "GUILD_CREATE", self.guild_payload(guild, session.intents) | {"unavailable": False})
        return None

    def _ready(self, session: Session) -> Json:
        return {
            "v": 10,
            "user": self.user.payload(),
            "guilds": [{"id": str(guild), "unavailable": True} for guild in self.guilds],
            "session_id": session.id,
            "resume_gateway_url": self.gateway,
            "application": {"id": str(self.user.id), "flags": 0},
        }

    def _resume(self, data: Json, queue: "asyncio.Queue[Json | int]") -> None:
        session = next((session for session in self.sessions if session.id == data["session_id"]), None)
        if session is None or data["token"] != self.token:
            return queue.put_nowait({"op": 9, "d": False})
        self.resumed += 1
        for packet in session.sent[data["seq"] :]:
            queue.put_nowait(packet)
        session.queue = queue
        return self.tell(session, "RESUMED", {})

    def _list_members(self, data: Json, queue: "asyncio.Queue[Json | int]") -> None:
        guild = self.guilds[int(data["guild_id"])]
        wanted = {int(user) for user in data.get("user_ids", [])}
        query = (data.get("query") or "").lower()
        found = [
            member.payload()
            for member in guild.members.values()
            if (member.id in wanted if wanted else member.name.lower().startswith(query))
        ][: data.get("limit") or None]
        chunk = {"guild_id": str(guild.id), "members": found, "chunk_index": 0, "chunk_count": 1, "not_found": []}
        session = next(session for session in self.sessions if session.queue is queue)
        self.tell(session, "GUILD_MEMBERS_CHUNK", chunk | {"nonce": data.get("nonce")})

    def _leave(self, queue: "asyncio.Queue[Json | int]", close_code: int | None) -> None:
        """A bot that closes with 1000 or 1001 ends its session; any other end leaves it to be resumed."""
        for session in list(self.sessions):
            if session.queue is queue:
                session.queue = None
                if close_code in {1000, 1001}:
                    self.sessions.remove(session)

    async def close_sockets(self) -> None:
        for socket in list(self._sockets):
            await socket.close(code=1001)


async def _send(socket: web.WebSocketResponse, queue: "asyncio.Queue[Json | int]", encode: Encode | None) -> None:
    while True:
        packet = await queue.get()
        try:
            if isinstance(packet, int):
                await socket.close(code=packet)
                return
            text = json.dumps({"s": None, "t": None, "d": None} | packet)
            await (socket.send_str(text) if encode is None else socket.send_bytes(encode(text.encode())))
        except ConnectionError:
            return  # the session keeps the packet for a replay


def compressor(kind: str | None) -> Encode | None:
    """One stream for one connection, flushed after each packet, as Discord's transport compression is."""
    if kind is None:
        return None
    if kind == "zlib-stream":
        deflate = zlib.compressobj()
        return lambda data: deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
    if kind == "zstd-stream":
        return _zstd()
    raise web.HTTPBadRequest(text=f"unknown compression {kind!r}")


def _zstd() -> Encode:
    """Python 3.14's own, or else the zstandard package, as discord.py chooses."""
    try:
        zstd: Any = importlib.import_module("compression.zstd")
    except ImportError:
        zstandard: Any = importlib.import_module("zstandard")
        stream = zstandard.ZstdCompressor().compressobj()
        return lambda data: stream.compress(data) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    packer = zstd.ZstdCompressor()
    return lambda data: packer.compress(data, packer.FLUSH_BLOCK)
