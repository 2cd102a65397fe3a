"""A language model's server for tests: real HTTP on this machine, with the behaviour that a test scripts."""

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Request = dict[str, Any]
"""The JSON body of a request, with its headers (names in lower case) under "headers"."""

Behaviour = Callable[[asyncio.StreamWriter, Request], Awaitable[None]]
"""What the server does with one request; the connection is closed after it."""

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass
class FakeModel:
    """Each request meets the next behaviour; the last one stays."""

    base_url: str = ""
    requests: list[Request] = field(default_factory=list[Request])
    behaviours: list[Behaviour] = field(default_factory=list[Behaviour])
    asked: asyncio.Event = field(default_factory=asyncio.Event)  # set by the first request

    @property
    def prompts(self) -> list[str]:
        """The texts of each request, its messages joined."""
        return ["\n".join(str(message["content"]) for message in request["messages"]) for request in self.requests]

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _read(reader)
        self.requests.append(request)
        self.asked.set()
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        await behaviour(writer, request)


@asynccontextmanager
async def fake_model(*behaviours: Behaviour) -> AsyncGenerator[FakeModel, None]:
    model = FakeModel(behaviours=list(behaviours))
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await model.meet(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    model.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield model
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def embeds(writer: asyncio.StreamWriter, request: Request) -> None:
    """Answer as an embeddings endpoint: the same text has the same vector."""
    rows = [
        {"index": index, "embedding": [1.0, zlib.crc32(text.encode()) / 2**32, 0.5]}
        for index, text in enumerate(request["input"])
    ]
    await sends_json({"data": rows, "model": "m"})(writer, request)


def says(text: str, *, finish: str | None = "stop", pause_s: float = 0.0) -> Behaviour:
    """Write *text*, streamed word by word where a stream is asked for."""

    async def behave(writer: asyncio.StreamWriter, request: Request) -> None:
        if request.get("stream"):
            words = text.replace(" ", " \0").split("\0")
            await streams(*words, finish=finish, pause_s=pause_s)(writer, request)
        else:
            choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
            await sends_json({"choices": [choice], "model": "fake-1", "usage": USAGE})(writer, request)

    return behave


def replies(reply: Callable[[str], str]) -> Behaviour:
    """Write what *reply* makes of the request's last message."""

    async def behave(writer: asyncio.StreamWriter, request: Request) -> None:
        await says(reply(str(request["messages"][-1]["content"])))(writer, request)

    return behave


def streams(
    *pieces: str, finish: str | None = "stop", pause_s: float = 0.0, then: bytes = b"data: [DONE]\n\n"
) -> Behaviour:
    """Send *pieces* as events of a stream, each after a pause."""

    async def behave(writer: asyncio.StreamWriter, _: Request) -> None:
        _head(writer, 200, "text/event-stream")
        for piece in pieces:
            _event(writer, {"choices": [{"delta": {"content": piece}, "finish_reason": None}], "model": "fake-1"})
            await writer.drain()
            await asyncio.sleep(pause_s)
        if finish is not None:
            _event(writer, {"choices": [{"finish_reason": finish}]})
            _event(writer, {"choices": [], "usage": USAGE})
        writer.write(then)
        await writer.drain()

    return behave


def says_parts(*parts: object, finish: str = "stop") -> Behaviour:
    """Write content as a list of parts; streamed, each part is an event of its own."""

    async def behave(writer: asyncio.StreamWriter, request: Request) -> None:
        if request.get("stream"):
            events = [{"choices": [{"delta": {"content": [part]}, "finish_reason": None}]} for part in parts]
            await sends_events(*events, {"choices": [{"finish_reason": finish}]})(writer, request)
        else:
            await sends_json({"choices": [{"message": {"content": list(parts)}, "finish_reason": finish}]})(
                writer, request
            )

    return behave


def ends_each(text: str, *, finish: str = "stop", pause_s: float = 0.0) -> Behaviour:
    """Stream *text* word by word with a finish reason on each event, and a pause after the third."""

    async def behave(writer: asyncio.StreamWriter, request: Request) -> None:
        if not request.get("stream"):
            await says(text, finish=finish)(writer, request)
            return
        _head(writer, 200, "text/event-stream")
        for count, word in enumerate(text.replace(" ", " \0").split("\0"), start=1):
            _event(writer, {"choices": [{"delta": {"content": word}, "finish_reason": finish}]})
            await writer.drain()
            await asyncio.sleep(pause_s if count == 3 else 0)
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()

    return behave


def refuses(when: Callable[[Request], bool], refusal: Behaviour, otherwise: Behaviour) -> Behaviour:
    """Meet with *refusal* the requests of which *when* is true, and with *otherwise* the others."""

    async def behave(writer: asyncio.StreamWriter, request: Request) -> None:
        await (refusal if when(request) else otherwise)(writer, request)

    return behave


def has_system(request: Request) -> bool:
    return any(message["role"] == "system" for message in request["messages"])


def sends_events(*events: object) -> Behaviour:
    """Send any JSON as events, then close."""

    async def behave(writer: asyncio.StreamWriter, _: Request) -> None:
        _head(writer, 200, "text/event-stream")
        for event in events:
            _event(writer, event)
        await writer.drain()

    return behave


def hangs(*, after: bytes = b"") -> Behaviour:
    """Accept the request and never answer it, or never after the bytes *after*."""

    async def behave(writer: asyncio.StreamWriter, _: Request) -> None:
        writer.write(after)
        await writer.drain()
        await asyncio.Event().wait()

    return behave


def waits(first: str, opened: asyncio.Event, second: str) -> Behaviour:
    """Stream *first* at once, and *second* when *opened* is set."""

    async def behave(writer: asyncio.StreamWriter, _: Request) -> None:
        _head(writer, 200, "text/event-stream")
        for text, finish in ((first, None), (second, "stop")):
            _event(writer, {"choices": [{"delta": {"content": text}, "finish_reason": finish}], "model": "fake-1"})
            await writer.drain()
            await opened.wait()
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()

    return behave


def drips(text: str, *, every_s: float) -> Behaviour:
    """Write one character at a time, so that no single read is ever late."""
    return streams(*text, pause_s=every_s)


def sends(body: bytes, *, status: int = 200, kind: str = "application/json", headers: str = "") -> Behaviour:
    async def behave(writer: asyncio.StreamWriter, _: Request) -> None:
        _head(writer, status, kind, f"Content-Length: {len(body)}\r\n{headers}")
        writer.write(body)
        await writer.drain()

    return behave


def sends_json(body: object, *, status: int = 200, headers: str = "") -> Behaviour:
    return sends(json.dumps(body).encode(), status=status, headers=headers)


def _head(writer: asyncio.StreamWriter, status: int, kind: str, more: str = "") -> None:
    writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{more}Connection: close\r\n\r\n".encode())


def _event(writer: asyncio.StreamWriter, data: object) -> None:
    writer.write(f"data: {json.dumps(data)}\n\n".encode())


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return {**json.loads(body), "headers": headers}
