"""How well we and the peers find what a real question asks about: the same lectures, passages and embedder."""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from psycopg.rows import class_row
from rich.table import Table

from bench.beside.peer import PEERS, SETUPS, Material, running
from db import embedded
from db.migrate import migrate
from db.records import Course, Hit
from services import wiring
from services.lectures.manifest import plan
from services.models.embedder import EmbedderConfig
from services.research.evaluate import EvalQuestion, Outcome, RetrievalFigures, by_group, outcomes, read_set
from services.wiring import Services, Setup

GROUPS = ("all", "lang pt", "lang en", "pt hand", "tag cross-lingual")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A segment, as the peers get it."""

    lecture: str
    start_s: float
    end_s: float
    text: str


async def table(data: Path, python: Path) -> Table:
    """Take the lectures of *data* in, ask its development set of everybody, and return recall@5 and MRR@10."""
    questions = read_set(data / "questions" / "dev.jsonl")
    found: dict[str, dict[str, RetrievalFigures]] = {}
    async with AsyncExitStack() as stack:
        home, folder = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitoria-beside-"))) for _ in range(2)
        )
        url = await stack.enter_async_context(embedded.running(home))
        await migrate(url)
        setup = Setup(home=home, database_url=url, embedder=EmbedderConfig(model="bundled"), answer=None)
        services = await stack.enter_async_context(wiring.services(setup))
        course = await _taken_in(services, data / "lectures")
        ours = [outcome async for outcome in outcomes(services.retriever, course, questions)]
        found["Monitoria"] = by_group(ours)
        passages = await _passages(services, course)
        given = await _material(services, passages, questions)
        await asyncio.to_thread(given.write, folder)
        for peer in PEERS:
            process = await stack.enter_async_context(running(python, peer, url=url, folder=folder))
            await process.fill(len(passages))
            for way in SETUPS:
                asked = [await process.ask(way, "hybrid", number) for number in range(len(questions))]
                results = [
                    Outcome(question=question, hits=_hits(passages, numbers), latency_ms=ms)
                    for question, (ms, numbers) in zip(questions, asked, strict=True)
                ]
                found[f"{process.name}, {way}"] = by_group(results)
    return _shown(found)


async def _taken_in(services: Services, lectures: Path) -> Course:
    course = await services.courses.create(slug="development", title="development", language="pt-BR")
    planned = plan([lectures], manifest=lectures / "manifest.json", language="pt-BR", video_url=None)
    async for _ in services.ingest.run(course, planned):
        pass
    return course


async def _passages(services: Services, course: Course) -> list[Passage]:
    async with services.pool.connection() as conn, conn.cursor(row_factory=class_row(Passage)) as cur:
        await cur.execute(
            """
            select l.slug as lecture, s.start_s, s.end_s, s.text
            from segments s join lectures l on l.id = s.lecture_id and l.course_id = s.course_id
            where s.course_id = %(course)s order by s.id
            """,
            {"course": course.id},
        )
        return await cur.fetchall()


async def _material(services: Services, passages: Sequence[Passage], questions: Sequence[EvalQuestion]) -> Material:
    """Embed as the peers' users do: a passage as it is, one vector each."""
    embedder = services.embedder
    assert embedder
    vectors = [await embedder.embed_passages([passage.text]) for passage in passages]
    return Material(
        vectors=np.concatenate(vectors),
        courses=[0] * len(passages),
        texts=[passage.text for passage in passages],
        which=range(len(passages)),
        asked=np.stack([await embedder.embed_query(question.question) for question in questions]),
        questions=[(0, question.question) for question in questions],
        text_config="portuguese",
    )


def _hits(passages: Sequence[Passage], numbers: Sequence[int]) -> tuple[Hit, ...]:
    return tuple(_hit(rank, passages[number]) for rank, number in enumerate(numbers, start=1))


def _hit(rank: int, passage: Passage) -> Hit:
    """Return a hit of which lecture, times and rank are meant, and nothing else."""
    return Hit(
        rank=rank,
        segment_id=0,  # pyright: ignore[reportArgumentType]
        lecture_id=0,  # pyright: ignore[reportArgumentType]
        lecture=passage.lecture,
        title="",
        language="",
        video_url=None,
        duration_s=None,
        start_s=passage.start_s,
        end_s=passage.end_s,
        score=None,
        text=passage.text,
        cue_offsets=(0,),
        cue_starts_s=(passage.start_s,),
    )


def _shown(found: dict[str, dict[str, RetrievalFigures]]) -> Table:
    groups = [group for group in GROUPS if all(group in figures for figures in found.values())]
    counted = next(iter(found.values()))
    columns = [f"{group} ({counted[group].questions})" for group in groups]
    shown = Table("hybrid", *columns, title="Development set, packaged embedder, the same passages: MRR@10, recall@5")
    for name, figures in found.items():
        shown.add_row(name, *(f"{figures[group].mrr_at_10:.3f}, {figures[group].recall_at_5:.3f}" for group in groups))
    return shown
