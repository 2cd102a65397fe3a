"""A course whose lectures are mapped, with or without a model on a real server."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from db import judge_settings, map_jobs, maps
from db.records import JudgeSettings, LectureId
from db.records.maps import LectureMap, MapState
from services.mapping.mapper import Mapper, MapperPace
from services.mapping.maps import Maps
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from tests.fake_model import Behaviour, FakeModel, fake_model
from tests.lectures import subjects
from tests.services.conftest import Desk

QUICK = MapperPace(
    lease=timedelta(minutes=1),
    settling=timedelta(0),
    call_limit_s=30.0,
    poll_s=0.02,
    first_gap=timedelta(milliseconds=1),
    first_pause=timedelta(milliseconds=50),
    longest_pause=timedelta(milliseconds=200),
)
LECTURE = subjects(["perceptron peso viés soma", "tensor eixo lote formato", "dropout rede treino sorteio"], minutes=6)


@dataclass
class Atlas:
    """A desk, and what makes the maps of its lectures."""

    desk: Desk

    @property
    def maps(self) -> Maps:
        return Maps(self.desk.pool)

    async def taken_in(self, slug: str = "aula-01", *cues: str) -> None:
        self.desk.write(slug, *(cues or LECTURE))
        await self.desk.take_in()

    @asynccontextmanager
    async def mapper(
        self, *behaviours: Behaviour, pace: MapperPace = QUICK
    ) -> AsyncGenerator[tuple[Mapper, FakeModel], None]:
        """Yield a mapper whose model's server meets its requests with *behaviours*."""
        async with (
            fake_model(*behaviours) as server,
            ChatModel(LlmConfig(model="cartógrafo", base_url=server.base_url), longest_wait_s=0.0) as model,
        ):
            yield Mapper(self.desk.pool, model, pace=pace), server

    async def cut(self) -> int:
        """Make what can be made without a model."""
        return await Mapper(self.desk.pool, None, pace=QUICK).drain()

    async def map_(self, slug: str = "aula-01") -> LectureMap:
        found = await self.maps.of(self.desk.course, slug, reader="staff")
        assert found is not None
        return found

    async def state(self, slug: str = "aula-01") -> MapState:
        return (await self.map_(slug)).state

    async def promise(self, slug: str = "aula-01") -> None:
        found = await self.map_(slug)
        async with self.desk.pool.connection() as conn:
            await map_jobs.promise(conn, course=self.desk.course.id, lectures=[found.lecture_id])

    async def budget(self, tokens: int) -> None:
        async with self.desk.pool.connection() as conn:
            await judge_settings.add(conn, self.desk.course.id, JudgeSettings(daily_tokens=tokens))

    async def of(self, lecture: LectureId) -> LectureMap | None:
        async with self.desk.pool.connection() as conn:
            return await maps.read_map(conn, course=self.desk.course.id, lecture=lecture)


@pytest.fixture
def atlas(desk: Desk) -> Atlas:
    return Atlas(desk=desk)
