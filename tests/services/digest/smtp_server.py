"""A mail server on this machine that keeps what it is given, and that can be told to misbehave."""

import asyncio
import base64
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Tls = Literal["first", "starttls", "none"]


@dataclass(slots=True, kw_only=True)
class Received:
    """One mail as it came in."""

    sender: str
    recipients: list[str]
    content: bytes
    was_encrypted: bool
    login: str | None  # user and password, parted by a colon


@dataclass(slots=True, kw_only=True)
class SmtpServer:
    """What the server does, and what it has seen."""

    tls: Tls
    context: ssl.SSLContext
    login: str | None = None
    replies: dict[str, str] = field(default_factory=dict[str, str])
    """By the beginning of a line: what is said to it instead; an empty text says nothing, for ever."""

    port: int = 0
    received: list[Received] = field(default_factory=list[Received])
    seen: list[str] = field(default_factory=list[str])
    """Each line but the mails."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        encrypted, login, sender, recipients = self.tls == "first", None, "", list[str]()
        self._say(writer, "220 here")
        while line := (await reader.readline()).decode().strip():
            self.seen.append(line)
            if await self._misbehaved(writer, line):
                continue
            match line.upper().split(maxsplit=1):
                case ["EHLO", _]:
                    offers = ["STARTTLS"] if self.tls == "starttls" and not encrypted else []
                    offers += ["AUTH PLAIN"] if self.login else []
                    self._say(writer, *(f"250-{offer}" for offer in ("here", *offers)), "250 8BITMIME")
                case ["STARTTLS"]:
                    self._say(writer, "220 go on")
                    await writer.start_tls(self.context)
                    encrypted = True
                case ["AUTH", _]:
                    login = base64.b64decode(line.split()[2]).decode().strip("\0").replace("\0", ":")
                    self._say(writer, "235 welcome" if login == self.login else "535 no, not s3cret")
                case ["MAIL", _]:
                    sender, recipients = _address(line), []
                    self._say(writer, "250 ok")
                case ["RCPT", _]:
                    recipients.append(_address(line))
                    self._say(writer, "250 ok")
                case ["DATA"]:
                    self._say(writer, "354 go on")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    self.received.append(
                        Received(
                            sender=sender,
                            recipients=recipients,
                            content=content[:-3].replace(b"\r\n..", b"\r\n."),
                            was_encrypted=encrypted,
                            login=login,
                        )
                    )
                    self._say(writer, "250 taken")
                case ["QUIT"]:
                    self._say(writer, "221 bye")
                    return
                case _:
                    self._say(writer, "502 what?")

    async def _misbehaved(self, writer: asyncio.StreamWriter, line: str) -> bool:
        reply = next((reply for begin, reply in self.replies.items() if line.startswith(begin)), None)
        if reply is None:
            return False
        if not reply:
            await asyncio.Event().wait()
        self._say(writer, reply)
        return True

    def _say(self, writer: asyncio.StreamWriter, *lines: str) -> None:
        writer.write("".join(f"{line}\r\n" for line in lines).encode())


@asynccontextmanager
async def listening(server: SmtpServer) -> AsyncGenerator[SmtpServer, None]:
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        talks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
                await server.talk(reader, writer)
        finally:
            writer.close()

    context = server.context if server.tls == "first" else None
    listener = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context, limit=2**22)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def _address(line: str) -> str:
    return line[line.index("<") + 1 : line.index(">")]
