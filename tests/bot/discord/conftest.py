"""The bot in a Discord of our own, over a real database, with or without a local model server."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from psycopg import sql

from bot import running
from bot.discord.client import Monitoria
from services import wiring
from services.lectures.manifest import plan
from services.models.embedder import EmbedderConfig
from services.models.llm import LlmConfig
from services.wiring import Services, Setup
from tests.bot.discord.launched import Launched, launch
from tests.bot.discord.patience import LIMITS, PATIENCE_S
from tests.fake_discord import Channel, FakeDiscord, Guild, Member
from tests.fake_model import FakeModel, fake_model, says

CAPTIONS = """WEBVTT

00:00:05.000 --> 00:00:15.000
Hoje o assunto são as redes recorrentes.

00:00:15.000 --> 00:00:30.000
Por isso o gradiente encolhe até sumir nas redes recorrentes longas.

00:00:30.000 --> 00:00:45.000
@everyone vejam [aqui](https://evil.example/x) e discord.gg/abcdef, <@&42> <t:1:R>.

00:00:45.000 --> 00:01:00.000
A LSTM guarda uma célula de memória que soma em vez de multiplicar o gradiente.
"""
WRITTEN = "Porque o gradiente encolhe até sumir nas redes recorrentes longas [1]."
T = TypeVar("T")
Start = Callable[..., Awaitable[Launched]]


@dataclass
class Campus:
    """A server with a course's channel, its people, and what the bot stands on."""

    server: FakeDiscord
    guild: Guild
    room: Channel
    ana: Member
    boss: Member
    setup: Setup

    @asynccontextmanager
    async def running(self, answer: LlmConfig | None = None) -> AsyncGenerator[Monitoria, None]:
        """Start the bot as `monitoria run` does, and stop it in order."""
        setup = Setup(
            home=self.setup.home, database_url=self.setup.database_url, embedder=self.setup.embedder, answer=answer
        )
        async with wiring.services(setup) as services:
            client = await running.opened(services, guild_ready_timeout=0.05)
            async with client:
                task = asyncio.create_task(client.start(self.server.token))
                await self.server.connected()
                await client.wait_until_ready()
                try:
                    yield client
                finally:
                    await client.close()
                    await task

    async def taught(self, services: Services, *, answers: str = "mention") -> None:
        """Create the course `redes` with one lecture, bound to the room."""
        course = await services.courses.create(slug="redes", title="Redes", language="pt-BR")
        folder = self.setup.home / "captions"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "aula-1.vtt"
        file.write_text(CAPTIONS, encoding="utf-8")
        planned = plan([file], manifest=None, language="pt-BR", video_url="https://youtu.be/abc123")
        async for _ in services.ingest.run(course, planned):
            pass
        await services.spaces.bind(
            course,
            guild=self.guild.id,
            channel=self.room.id,
            answers=answers,  # pyright: ignore[reportArgumentType]
            reader="pt-BR",
        )

    async def forum(self, services: Services) -> Channel:
        """Add a forum of which the course `redes` answers each post."""
        forum = self.server.add_channel(self.guild, "perguntas", kind="forum")
        course = await services.courses.find("redes")
        await services.spaces.bind(course, guild=self.guild.id, channel=forum.id, answers="forum", reader="pt-BR")
        return forum

    async def rows(self, client: Monitoria, table: str) -> int:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        async with client.services.pool.connection() as conn:
            row = await (await conn.execute(query)).fetchone()
        assert row is not None
        return int(row[0])


async def eventually(read: Callable[[], Awaitable[T]], wanted: T, *, limit_s: float = 60.0) -> None:
    """Wait until what is *read* is as *wanted*."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while (found := await read()) != wanted:
        assert asyncio.get_running_loop().time() < deadline, f"it stayed {found!r}"
        await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def patient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on nothing for a busy machine's sake, but in the tests of the limits themselves, marked `hurried`."""
    if request.node.get_closest_marker("hurried") is None:
        for limit in LIMITS:
            monkeypatch.setattr(limit, PATIENCE_S)


@pytest.fixture
async def campus(database: str, tmp_path: Path) -> AsyncGenerator[Campus, None]:
    async with FakeDiscord() as server:
        server.callback_within_s = PATIENCE_S
        guild = server.add_guild("Redes")
        room = server.add_channel(guild, "duvidas")
        yield Campus(
            server=server,
            guild=guild,
            room=room,
            ana=server.add_member(guild, "ana"),
            boss=server.add_member(guild, "boss", owner=True),
            setup=Setup(home=tmp_path, database_url=database, embedder=EmbedderConfig(model="none"), answer=None),
        )


@pytest.fixture
async def start(campus: Campus, forks: Sequence[str]) -> AsyncGenerator[Start, None]:
    """Start `monitoria run`; whatever still runs at the end is killed."""
    started: list[Launched] = []

    async def begin(**variables: str) -> Launched:
        assert campus.setup.database_url
        given = {"DATABASE_URL": campus.setup.database_url, "DISCORD_TOKEN": campus.server.token} | variables
        run = await launch(
            campus.setup.home,
            len(started),
            forks=forks,
            base=campus.server.base,
            gateway=campus.server.gateway,
            **given,
        )
        started.append(run)
        return run

    yield begin
    for run in started:
        await run.kill()
    assert not [run.said for run in started if "Traceback" in run.said]


@pytest.fixture
async def model() -> AsyncGenerator[FakeModel, None]:
    """A model that answers the usual question, on a server of its own."""
    async with fake_model(says(WRITTEN)) as made:
        yield made
