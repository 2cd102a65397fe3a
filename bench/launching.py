"""`monitoria run` as a process of its own, taught the sample course, for the benches that measure the process."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.samples import sample_course
from services import wiring
from services.models.embedder import EmbedderConfig
from services.wiring import Setup
from tests.bot.discord.launched import Launched, launch
from tests.fake_discord import Channel, FakeDiscord

OF_A_PERSON, OF_A_COURSE = 1_000, 1_000_000
"""The most that a course can allow; the usual limits are there to refuse such a flood."""


async def taught(home: Path, url: str, rooms: Sequence[Channel]) -> None:
    """Bind the sample course to *rooms*, with limits that refuse nobody."""
    setup = Setup(home=home, database_url=url, embedder=EmbedderConfig(model="bundled"), answer=None)
    async with wiring.services(setup) as services:
        course = await sample_course(services)
        for room in rooms:
            assert room.guild
            await services.spaces.bind(course, guild=room.guild.id, channel=room.id, answers="mention", reader="pt-BR")
        await services.spaces.change(course, person_hourly=OF_A_PERSON, course_daily=OF_A_COURSE)


async def started(home: Path, url: str, server: FakeDiscord, model_url: str, **variables: str) -> Launched:
    run = await launch(
        home,
        0,
        base=server.base,
        gateway=server.gateway,
        DATABASE_URL=url,
        DISCORD_TOKEN=server.token,
        OPENAI_BASE_URL=model_url,
        MONITORIA_ANSWER_MODEL="fake",
        MONITORIA_EMBEDDING_MODEL="bundled",
        HF_HUB_OFFLINE="1",
        **variables,
    )
    return await run.ready()


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used, all its threads together, as Linux tells it in /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Return what a process and its children hold in memory, in MB, as Linux tells it in /proc; once ended, nothing."""
    process = Path(f"/proc/{pid}")
    found = re.search(r"^VmRSS:\s+(\d+) kB", _told(process / "status"), re.MULTILINE)
    children = {int(child) for thread in _threads(process) for child in _told(thread / "children").split()}
    return (int(found[1]) / 1024 if found else 0.0) + sum(map(resident_mb, children))


def _threads(process: Path) -> list[Path]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return list((process / "task").iterdir())
    return []


def _told(file: Path) -> str:
    """Return what Linux tells of a process or a thread: nothing, once it has ended, be it while the file is read."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return file.read_text()
    return ""
