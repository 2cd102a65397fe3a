"""How soon fifty students see that their question was heard while a model writes at length, and what it costs us."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.launching import cpu_s, started, taught
from bench.slow_model import LETTERS, slow_model
from db import embedded
from tests.bot.discord.launched import Launched
from tests.fake_discord import Channel, FakeDiscord, Member, Message

STUDENTS = 50
ROOMS = 17
"""So many that every answer grows before its reader's eyes: in one room only three do at a time."""
MODEL_S = 20.0
THOUGHTS = 20_000
QUESTION = "O que acontece quando o gradiente some em uma rede recorrente?"
ANSWER = "O gradiente encolhe nas redes recorrentes longas até sumir, passo a passo [1]."
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    server: FakeDiscord
    rooms: Sequence[Channel]
    students: Sequence[Member]
    run: Launched

    def places(self) -> list[tuple[Member, Channel]]:
        """Each student and the room in which they ask."""
        return [(student, self.rooms[number % len(self.rooms)]) for number, student in enumerate(self.students)]


async def table(thoughts_of: Sequence[int] = (0, THOUGHTS)) -> Table:
    """
    Ask *STUDENTS* questions at once, by command and by mention, of a model that thinks and of one that does not.

    `monitoria run`, the model, the fake Discord and the database are processes of their own; the CPU time is that of
    `monitoria run` alone.
    """
    shown = Table("model", "asked", *("answered", "p50", "p95", "latest", "late beat", "CPU an answer", "all after"))
    shown.title = (
        f"First sign, {STUDENTS} questions at once; {LETTERS:,} letters in pieces of four over {MODEL_S:.0f} s"
    )
    for thoughts in thoughts_of:
        with tempfile.TemporaryDirectory(prefix="monitoria-bench-") as folder:
            home = Path(folder)
            async with (
                embedded.running(home) as url,
                FakeDiscord() as server,
                slow_model(thoughts=thoughts, seconds=MODEL_S) as model_url,
            ):
                for row in await _measured(home, url, server, model_url):
                    shown.add_row(f"thinks {thoughts:,} letters" if thoughts else "only writes", *row)
    shown.add_row("target", "", "all", "", "≤ 1000 ms", "≤ 3000 ms", "≤ 250 ms", "", "")
    return shown


async def _measured(home: Path, url: str, server: FakeDiscord, model_url: str) -> list[tuple[str, ...]]:
    guild = server.add_guild("bench")
    rooms = [server.add_channel(guild, f"duvidas-{number}") for number in range(ROOMS)]
    students = [server.add_member(guild, f"student-{number}") for number in range(STUDENTS)]
    server.heartbeat_interval_s = 1.0
    await taught(home, url, rooms)
    run = await started(home, url, server, model_url, MONITORIA_JUDGE_MODEL="none")
    bench = Bench(server=server, rooms=rooms, students=students, run=run)
    rows: list[tuple[str, ...]] = []
    try:
        await server.connected()
        for name, ask in (("command", _by_command), ("mention", _by_mention)):
            server.heartbeats.clear()
            began, cpu_before_s = time.monotonic(), cpu_s(run.process.pid)
            signs_s, answered = await ask(bench)
            took_s = time.monotonic() - began
            each_ms = 1000 * (cpu_s(run.process.pid) - cpu_before_s) / STUDENTS
            rows.append(
                (
                    name,
                    f"{answered} of {STUDENTS}",
                    *_figures(signs_s),
                    _lateness(server),
                    f"{each_ms:.0f} ms",
                    f"{took_s:.1f} s",
                )
            )
        await run.stop()
    finally:
        await run.kill()
    return rows


async def _by_command(bench: Bench) -> tuple[list[float], int]:
    """Return how long each student waited for the first sign, in seconds, and how many were answered in the end."""
    server = bench.server
    asked = await asyncio.gather(
        *(server.slash(student, room, "ask", {"question": QUESTION}) for student, room in bench.places())
    )
    await asyncio.gather(*(one.answered(timeout_s=30) for one in asked))
    with suppress(AssertionError):
        await server.until(lambda: all(_is_whole(one.messages) for one in asked), timeout_s=PATIENCE_S)
    return [one.latency_s for one in asked], sum(_is_whole(one.messages) for one in asked)


async def _by_mention(bench: Bench) -> tuple[list[float], int]:
    """
    Return the same of mentions: the sign is that Monitoria types, or what is seen of the reply, whichever is first.

    That it types is shown once in a channel, to all who wait there.
    """
    server = bench.server
    answered_before = _answers(bench.rooms)
    said = dict[int, tuple[Channel, float]]()
    for student, room in bench.places():
        message = await server.say(student, room, f"{server.user.mention} {QUESTION}")
        said[message.id] = (room, time.monotonic())
    with suppress(AssertionError):
        await server.until(lambda: _answers(bench.rooms) - answered_before >= len(said), timeout_s=PATIENCE_S)
    signs = {message: list[float]() for message in said}
    for call in server.requests:
        body: dict[str, Any] = call.body or {}
        if call.method == "POST" and call.path.endswith("/typing"):
            for message, (room, at) in said.items():
                signs[message] += [call.at] if call.at >= at and str(room.id) in call.path else []
        elif call.method == "POST" and body.get("message_reference"):
            signs[int(body["message_reference"]["message_id"])].append(call.at)
    signs_s = [min(signs[message], default=float("inf")) - at for message, (_, at) in said.items()]
    return signs_s, _answers(bench.rooms) - answered_before


def _answers(rooms: Sequence[Channel]) -> int:
    """Return how many answers in *rooms* are whole."""
    return sum(_is_whole([message]) for room in rooms for message in room.messages)


def _is_whole(messages: Sequence[Message]) -> bool:
    """Tell whether the last page is there, under which the references are."""
    return any(message.buttons and message.embeds for message in messages)


def _figures(signs_s: Sequence[float]) -> tuple[str, ...]:
    """Return p50, p95 and the latest of the first signs."""
    ordered = sorted(signs_s)
    chosen = (ordered[len(ordered) // 2], ordered[int(0.95 * len(ordered))], ordered[-1])
    return tuple(f"{seconds * 1000:.0f} ms" for seconds in chosen)


def _lateness(server: FakeDiscord) -> str:
    """Tell how late the latest heartbeat was; without any, endlessly."""
    beats = [second - first for first, second in zip(server.heartbeats, server.heartbeats[1:], strict=False)]
    late_s = max((beat - server.heartbeat_interval_s for beat in beats), default=float("inf"))
    return f"{late_s * 1000:.0f} ms"
