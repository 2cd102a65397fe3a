"""Whether `monitoria run` grows: its memory while question after question is asked in Discord."""

import asyncio
import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

import psycopg
from rich.table import Table

from bench.discord import ANSWER
from bench.judging import VERDICT
from bench.launching import resident_mb, started, taught
from bench.samples import sample_questions
from db import embedded
from tests.bot.discord.launched import Launched
from tests.fake_discord import Channel, FakeDiscord, Member
from tests.fake_model import Behaviour, FakeModel, fake_model, replies, says

FIRST = 1_000
EVERY = 250
AT_ONCE = 16
PEOPLE = 400
PATIENCE_S = 60.0
KEPT = 100
"""Commands that the fake Discord still knows after a reading: more than are open, and few, for it looks through all."""
CITED = re.compile(r"^Reference (\d+)\nClaim: .*\nPassage: (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How large the process was after so many answers."""

    answers: int
    resident_mb: float
    at_s: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where a process is asked."""

    server: FakeDiscord
    room: Channel
    people: Sequence[Member]
    model: FakeModel
    run: Launched


async def table(questions: int) -> Table:
    """Ask *questions* distinct questions of a process of its own; return how its memory went, beside the target."""
    with tempfile.TemporaryDirectory(prefix="monitoria-bench-") as folder:
        home = Path(folder)
        async with (
            embedded.running(home, durable=False) as url,
            FakeDiscord() as server,
            fake_model(_writes()) as model,
        ):
            guild = server.add_guild("bench")
            room = server.add_channel(guild, "duvidas")
            people = [server.add_member(guild, f"student-{number}") for number in range(PEOPLE)]
            await taught(home, url, [room])
            run = await started(home, url, server, model.base_url)
            try:
                bench = Bench(server=server, room=room, people=people, model=model, run=run)
                readings = await _readings(bench, questions)
                await run.stop()
            finally:
                await run.kill()
            return _shown(readings, url)


def _writes() -> Behaviour:
    """Answer at once, and judge what was answered at once."""
    answers, judges = says(ANSWER), replies(_verdict)

    async def behave(writer: asyncio.StreamWriter, request: dict[str, Any]) -> None:
        await (answers if request.get("stream") else judges)(writer, request)

    return behave


def _verdict(asked: str) -> str:
    rows = [{"number": int(number), "quote": word, "support": "full"} for number, word in CITED.findall(asked)]
    return json.dumps({"references": rows}) if rows else VERDICT


async def _readings(bench: Bench, questions: int) -> list[Reading]:
    """Ask, several at a time, and read the process's size every *EVERY* answers."""
    left = islice(zip(sample_questions(), cycle(bench.people), strict=False), questions)
    readings = [Reading(answers=0, resident_mb=resident_mb(bench.run.process.pid))]
    answered = count(1)

    async def one_asker() -> None:
        for question, who in left:
            await _answered(bench, who, question)
            number = next(answered)
            if number % EVERY == 0 or number == questions:
                readings.append(Reading(answers=number, resident_mb=resident_mb(bench.run.process.pid)))
                _forget(bench)

    await asyncio.gather(*(one_asker() for _ in range(AT_ONCE)))
    return readings


async def _answered(bench: Bench, who: Member, question: str) -> None:
    """Ask by command; raises an AssertionError where it is not answered with a reference."""
    asked = await bench.server.slash(who, bench.room, "ask", {"question": question})
    await bench.server.until(lambda: asked.original and asked.original.buttons, PATIENCE_S)
    assert asked.original, "it is there, for it has buttons"
    assert asked.original.content.startswith(ANSWER[:40]), asked.original.content
    assert asked.original.embeds, "without references"


def _forget(bench: Bench) -> None:
    """Drop what the fakes wrote down of the process's requests: this side shares the machine."""
    bench.model.requests.clear()
    bench.server.requests.clear()
    bench.server.bodies.clear()
    del bench.server.interactions[:-KEPT]


def _shown(readings: Sequence[Reading], url: str) -> Table:
    first = next((one for one in readings if one.answers >= FIRST), readings[-1])
    last = readings[-1]
    growth = last.resident_mb / first.resident_mb - 1
    with psycopg.connect(url) as conn:
        outcomes = conn.execute("select outcome, count(*) from answers group by outcome order by outcome").fetchall()
        judged = conn.execute("select status, count(*) from judgements group by status order by status").fetchall()
    shown = Table("work", "figure", "target", title=f"Memory of `monitoria run`, {last.answers:,} questions")
    shown.add_row("at the start", f"{readings[0].resident_mb:.0f} MB", "")
    shown.add_row(f"after {first.answers:,}", f"{first.resident_mb:.0f} MB", "")
    shown.add_row(f"after {last.answers:,}", f"{last.resident_mb:.0f} MB", "")
    shown.add_row("growth", f"{growth:+.1%}", "≤ 10 %")
    shown.add_row("questions", f"{last.answers / (last.at_s - readings[0].at_s):.1f}/s, {AT_ONCE} at a time", "")
    shown.add_row("answers", _counts(outcomes), "all answered")
    shown.add_row("judgements", _counts(judged), "")
    coarse = readings[:: max(1, len(readings) // 12)]
    shown.add_row("series", "\n".join(f"{one.answers:>6,}: {one.resident_mb:.0f} MB" for one in coarse), "")
    return shown


def _counts(rows: Sequence[tuple[Any, ...]]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in rows) or "none"
