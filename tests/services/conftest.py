"""What tests of services stand on: a pool on a fresh database, a course, and a model whose meaning is its words."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from db import connect
from db.records import Course, Generation
from services.answering.drafts import Draft
from services.answering.replies import Reply
from services.courses.courses import Courses
from services.lectures.ingest import Ingest, Progress, Report, Taken
from services.lectures.manifest import Plan, Source, plan
from services.models.embedder import Embedder
from services.search.generations import Serving
from services.search.retrieve import Retriever
from tests.word_embedder import WordEmbedder


@dataclass
class Desk:
    """One installation: what operators and students do to it."""

    pool: AsyncConnectionPool
    serving: Serving
    embedder: WordEmbedder
    folder: Path
    course: Course
    reopened: dict[str, WordEmbedder] = field(default_factory=dict[str, WordEmbedder])

    @property
    def ingest(self) -> Ingest:
        return Ingest(self.pool, self.serving, self.embedder)

    @property
    def retriever(self) -> Retriever:
        return Retriever(self.pool, self.serving)

    def write(self, slug: str, *sentences: str, seconds: int = 10) -> Path:
        """Write a lecture's captions, one cue a sentence."""
        path = self.folder / f"{slug}.srt"
        cues = (
            f"{i + 1}\n00:{i * seconds // 60:02}:{i * seconds % 60:02},000 --> "
            f"00:{(i + 1) * seconds // 60:02}:{(i + 1) * seconds % 60:02},000\n{sentence}\n"
            for i, sentence in enumerate(sentences)
        )
        path.write_text("\n".join(cues))
        return path

    def plan(self) -> Plan:
        return plan([self.folder], manifest=None, language="pt-BR", video_url=None)

    async def take_in(
        self, sources: Sequence[Source] | None = None, *, prune: bool = False, course: Course | None = None
    ) -> Report:
        order = self.plan() if sources is None else Plan(sources=tuple(sources), overlooked=(), folders=())
        return await reported(self.ingest.run(course or self.course, order, prune=prune))

    async def found(self, question: str, *, course: Course | None = None) -> list[str]:
        """The slugs of the lectures that a question finds, best first."""
        found = await self.retriever.search(course=course or self.course, questions=[question])
        return [hit.lecture for hit in found.hits]


async def reported(events: AsyncGenerator[Progress | Taken | Report, None]) -> Report:
    """The report that an ingest ends with."""
    last = [event async for event in events][-1]
    assert isinstance(last, Report)
    return last


async def replied(parts: AsyncGenerator[Draft | Reply, None]) -> Reply:
    """The reply that an answer ends with."""
    async with aclosing(parts):
        last = [part async for part in parts][-1]
    assert isinstance(last, Reply)
    return last


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncGenerator[Desk, None]:
    embedder = WordEmbedder()
    reopened: dict[str, WordEmbedder] = {}

    @asynccontextmanager
    async def reopen(generation: Generation) -> AsyncGenerator[Embedder | None, None]:
        yield reopened.get(generation.model)

    folder = tmp_path / "lectures"
    folder.mkdir()
    async with connect.pool(database) as pool, Serving(pool, embedder, reopen=reopen) as serving:
        course = await Courses(pool).create(slug="redes", title="Redes Neurais", language="pt-BR")
        yield Desk(pool=pool, serving=serving, embedder=embedder, folder=folder, course=course, reopened=reopened)


@pytest.fixture
async def taught(desk: Desk) -> Desk:
    """An installation whose course holds one lecture, on networks and what they remember."""
    desk.write("aula", "O gradiente encolhe nas redes recorrentes.", "A LSTM guarda uma memória.")
    await desk.take_in()
    return desk
