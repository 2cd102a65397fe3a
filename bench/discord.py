"""How soon fifty students see that their question was heard, while the model takes its time."""

import asyncio
import tempfile
import time
from pathlib import Path

from rich.table import Table

from bot import running
from db import embedded
from services import wiring
from services.embedder import EmbedderConfig
from services.llm import LlmConfig
from services.manifest import plan
from services.wiring import Setup
from tests.fake_discord import FakeDiscord
from tests.fake_model import fake_model, says

STUDENTS = 50
MODEL_S = 20.0
ANSWER = "O gradiente encolhe nas redes recorrentes longas até sumir, passo a passo [1]."
SAMPLES = Path(__file__).parents[1] / "samples" / "course"


async def table() -> Table:
    """Ask *STUDENTS* questions at once by command; return the figures beside their targets."""
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
    async with wiring.services(setup) as services:
        course = await services.courses.create(slug="bench", title="bench", language="pt-BR")
        planned = plan([SAMPLES], manifest=SAMPLES / "manifest.json", language="pt-BR", video_url=None)
        async for _ in services.ingest.run(course, planned):
            pass
        await services.spaces.bind(course, guild=guild.id, channel=room.id, answers="mention", reader="pt-BR")
        async with await running.opened(services, guild_ready_timeout=0.05) as client:
            task = asyncio.create_task(client.start(server.token))
            await server.connected()
            await client.wait_until_ready()
            began = time.monotonic()
            question = {"question": "O que acontece quando o gradiente some em uma rede recorrente?"}
            asked = await asyncio.gather(*(server.slash(student, room, "ask", question) for student in students))
            await asyncio.gather(*(one.answered(timeout_s=30) for one in asked))
            await server.until(lambda: all(one.original and one.original.buttons for one in asked), timeout_s=180)
            took = time.monotonic() - began
            beats = [second - first for first, second in zip(server.heartbeats, server.heartbeats[1:], strict=False)]
            await client.close()
            await task
    latencies = sorted(one.latency_s for one in asked)
    late_ms = max((beat - server.heartbeat_interval_s for beat in beats), default=0.0) * 1000
    shown = Table("work", "figure", "target", title=f"{STUDENTS} questions at once, a model that takes {MODEL_S:.0f} s")
    shown.add_row("answered", f"{len(latencies)} of {STUDENTS}", "all")
    shown.add_row("first sign, p50", f"{latencies[len(latencies) // 2] * 1000:.0f} ms", "")
    shown.add_row("first sign, p95", f"{latencies[int(0.95 * len(latencies))] * 1000:.0f} ms", "≤ 1000 ms")
    shown.add_row("first sign, latest", f"{latencies[-1] * 1000:.0f} ms", "≤ 3000 ms")
    shown.add_row("heartbeat, latest", f"{late_ms:.0f} ms late ({len(beats)} beats)", "≤ 250 ms")
    shown.add_row("all answered after", f"{took:.1f} s", "")
    return shown
