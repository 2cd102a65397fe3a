"""How soon fifty students see that their question was heard, while the model takes its time."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.samples import sample_course
from bot import running
from db import embedded
from services import wiring
from services.embedder import EmbedderConfig
from services.llm import LlmConfig
from services.wiring import Setup
from tests.fake_discord import Channel, FakeDiscord, Member
from tests.fake_model import fake_model, says

STUDENTS = 50
MODEL_S = 20.0
QUESTION = "O que acontece quando o gradiente some em uma rede recorrente?"
ANSWER = "O gradiente encolhe nas redes recorrentes longas até sumir, passo a passo [1]."


async def table() -> Table:
    """Ask *STUDENTS* questions at once, by command and then by mention; return the figures beside their targets."""
    with tempfile.TemporaryDirectory(prefix="monitoria-bench-") as home:
        async with embedded.running(Path(home)) as url, FakeDiscord() as server:
            # About twenty seconds for the answer, word by word.
            pace = MODEL_S / len(ANSWER.split())
            async with fake_model(says(ANSWER, pause_s=pace)) as model:
                return await _measured(Path(home), url, server, model.base_url)


async def _measured(home: Path, url: str, server: FakeDiscord, model_url: str) -> Table:
    setup = Setup(
        home=home,
        database_url=url,
        embedder=EmbedderConfig(model="bundled"),
        answer=LlmConfig(model="fake", base_url=model_url),
    )
    guild = server.add_guild("bench")
    room = server.add_channel(guild, "duvidas")
    students = [server.add_member(guild, f"student-{number}") for number in range(STUDENTS)]
    server.heartbeat_interval_s = 1.0
    shown = Table("asked", *("answered", "p50", "p95", "latest", "late beat", "all after"))
    shown.title = f"First sign to the student, {STUDENTS} questions at once, a model that takes {MODEL_S:.0f} s"
    async with wiring.services(setup) as services:
        course = await sample_course(services)
        await services.spaces.bind(course, guild=guild.id, channel=room.id, answers="mention", reader="pt-BR")
        async with await running.opened(services, guild_ready_timeout=0.05) as client:
            task = asyncio.create_task(client.start(server.token))
            await server.connected()
            await client.wait_until_ready()
            for name, ask in (("command", _by_command), ("mention", _by_mention)):
                server.heartbeats.clear()
                began = time.monotonic()
                signs_s = await ask(server, room, students)
                took_s = time.monotonic() - began
                shown.add_row(name, *_figures(signs_s), _lateness(server), f"{took_s:.1f} s")
            await client.close()
            await task
    shown.add_row("target", "all", "", "≤ 1000 ms", "≤ 3000 ms", "≤ 250 ms", "")
    return shown


async def _by_command(server: FakeDiscord, room: Channel, students: Sequence[Member]) -> list[float]:
    """Return how long each student waited for the first sign, in seconds; all are answered then."""
    asked = await asyncio.gather(*(server.slash(student, room, "ask", {"question": QUESTION}) for student in students))
    await asyncio.gather(*(one.answered(timeout_s=30) for one in asked))
    await server.until(lambda: all(one.original and one.original.buttons for one in asked), timeout_s=180)
    return [one.latency_s for one in asked]


async def _by_mention(server: FakeDiscord, room: Channel, students: Sequence[Member]) -> list[float]:
    """
    Return the same of mentions: the sign is that Monitoria types, or what is seen of the reply, whichever is first.

    That it types is shown once in a channel, to all who wait there.
    """
    said = dict[int, float]()
    for student in students:
        message = await server.say(student, room, f"{server.user.mention} {QUESTION}")
        said[message.id] = time.monotonic()
    await server.until(lambda: _replied(room) >= said.keys(), timeout_s=180)
    signs = {message: list[float]() for message in said}
    for call in server.requests:
        body: dict[str, Any] = call.body or {}
        if call.method == "POST" and call.path == f"/channels/{room.id}/typing":
            for message, at in said.items():
                signs[message] += [call.at] if call.at >= at else []
        elif call.method == "POST" and body.get("message_reference"):
            signs[int(body["message_reference"]["message_id"])].append(call.at)
    return [min(signs[message]) - at for message, at in said.items()]


def _replied(room: Channel) -> set[int]:
    """Return the ids of the messages whose answers are whole."""
    return {message.reference.id for message in room.messages if message.reference and message.buttons}


def _figures(signs_s: Sequence[float]) -> tuple[str, ...]:
    """Return how many were answered, and p50, p95 and the latest of the first signs."""
    ordered = sorted(signs_s)
    chosen = (ordered[len(ordered) // 2], ordered[int(0.95 * len(ordered))], ordered[-1])
    return (f"{len(ordered)} of {STUDENTS}", *(f"{seconds * 1000:.0f} ms" for seconds in chosen))


def _lateness(server: FakeDiscord) -> str:
    """Tell how late the latest heartbeat was; without any, endlessly."""
    beats = [second - first for first, second in zip(server.heartbeats, server.heartbeats[1:], strict=False)]
    late_s = max((beat - server.heartbeat_interval_s for beat in beats), default=float("inf"))
    return f"{late_s * 1000:.0f} ms"
