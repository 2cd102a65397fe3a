"""How fast segments go in and questions find them, at 10,000 and 100,000 segments, beside the targets."""

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from rich.table import Table

from bench.corpus import COURSES, DIMENSION, Corpus, MadeUpLecture, MadeUpQuestion
from db import connect, courses, embedded, generations, lectures, lexicons, search, transcripts, vectors
from db.migrate import migrate
from db.records import CourseId, GenerationId, LectureId
from services.models.embedder import Identity
from services.words import terms as lexical

WRITERS = 2
QUESTIONS = 300
WARM_UP = 40
AT_ONCE = 16
REACH = 50
MADE_UP = Identity(
    backend="torch", model="made up", revision="", dimension=DIMENSION, query_prefix="", passage_prefix=""
)
TARGETS = {
    (10_000, "hybrid"): "p50 ≤ 2",
    (100_000, "vector"): "p50 ≤ 2, p99 ≤ 12",
    (100_000, "hybrid"): "p50 ≤ 6, p95 ≤ 25",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A database full of made-up courses."""

    url: str
    pool: AsyncConnectionPool
    courses: Sequence[CourseId]  # by size, the largest first
    generation: GenerationId
    rows_per_s: float


async def tables(size: int) -> Table:
    """
    Build *size* segments, measure, and return one table.

    What a search costs grows with its course, so questions are drawn twice: to any course, and to courses in proportion
    to their sizes (at 100,000 segments the largest has 23,000 and takes a quarter of those).
    """
    corpus = Corpus(size)
    table = Table("work", "n", "p50 ms", "p95 ms", "p99 ms", "recall@10", "target", title=f"{size:,} segments")
    async with filled(corpus) as full:
        for draw, evenly in (("any course", True), ("by size", False)):
            questions = corpus.questions(QUESTIONS + WARM_UP, evenly=evenly)
            for way in ("vector", "lexical", "hybrid"):
                latencies = await _latencies(full, questions, way)
                recall = f"{await _recall(full, corpus, questions):.3f}" if way == "vector" else ""
                target = TARGETS.get((size, way), "")
                table.add_row(f"{way}, {draw}", str(len(latencies)), *percentiles(latencies), recall, target)
            rate = await _rate(full, questions)
            table.add_row(
                f"hybrid, {AT_ONCE} at once, {draw}", str(QUESTIONS), f"{rate:.0f} questions/s", "", "", "", "≥ 150/s"
            )
        table.add_row(
            f"rows in, {WRITERS} connections", f"{size:,}", f"{full.rows_per_s:.0f} rows/s", "", "", "", "≥ 9,000/s"
        )
    return table


@asynccontextmanager
async def filled(corpus: Corpus, identity: Identity = MADE_UP) -> AsyncGenerator[Filled, None]:
    """Keep a database full of *corpus*, whose vectors are said to be those of *identity*'s model."""
    with tempfile.TemporaryDirectory(prefix="monitoria-bench-") as home:
        async with embedded.running(Path(home)) as url:
            await migrate(url)
            async with connect.pool(url) as pool:
                ids, generation = await _courses(pool, identity)
                seconds = await asyncio.to_thread(_write_all, url, corpus.size, ids, generation)
                async with pool.connection() as conn:
                    for course in ids:
                        await lexicons.refresh(conn, course)
                    await conn.commit()
                    await conn.set_autocommit(True)
                    await conn.execute("vacuum analyze")
                    await conn.set_autocommit(False)
                total = int(corpus.course_sizes.sum())
                yield Filled(url=url, pool=pool, courses=ids, generation=generation, rows_per_s=total / seconds)


async def _courses(pool: AsyncConnectionPool, identity: Identity) -> tuple[list[CourseId], GenerationId]:
    async with pool.connection() as conn:
        made = [
            await courses.insert(conn, slug=f"course-{number}", title="made up", language="pt-BR")
            for number in range(COURSES)
        ]
        generation = await generations.insert(
            conn,
            backend=identity.backend,
            model=identity.model,
            revision=identity.revision,
            dimension=identity.dimension,
            query_prefix=identity.query_prefix,
            passage_prefix=identity.passage_prefix,
            piece_tokens=identity.piece_tokens,
            state="serving",
            dense_weights={"*": 1.0},
        )
    if generation is None:
        raise RuntimeError("the database was not empty")
    return [course.id for course in made if course], generation.id


def _write_all(url: str, size: int, ids: Sequence[CourseId], generation: GenerationId) -> float:
    """Write the corpus from two processes; return the seconds of the writing alone, not of making it up."""
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(WRITERS + 1)
    writers = [spawn.Process(target=_write, args=(url, size, ids, generation, part, start)) for part in range(WRITERS)]
    for writer in writers:
        writer.start()
    start.wait()
    began = time.monotonic()
    for writer in writers:
        writer.join()
    stop = time.monotonic()
    if any(writer.exitcode for writer in writers):
        raise RuntimeError("a writer failed")
    return stop - began


def _write(
    url: str,
    size: int,
    ids: Sequence[CourseId],
    generation: GenerationId,
    part: int,
    start: Barrier,
) -> None:
    """Write every other lecture; run in a process of its own."""
    mine = [lecture for number, lecture in enumerate(Corpus(size).lectures()) if number % WRITERS == part]
    start.wait()
    asyncio.run(_write_lectures(url, mine, ids, generation))


async def _write_lectures(
    url: str, made_up: Sequence[MadeUpLecture], ids: Sequence[CourseId], generation: GenerationId
) -> None:
    async with connect.pool(url, size=1) as pool, pool.connection() as conn:
        for lecture in made_up:
            async with conn.transaction():
                await _store(conn, lecture, ids[lecture.course], generation)


async def _store(conn: AsyncConnection, made_up: MadeUpLecture, course: CourseId, generation: GenerationId) -> None:
    """Write one lecture as an ingest does."""
    lecture = await lectures.upsert(
        conn,
        course=course,
        slug=made_up.slug,
        title=made_up.slug,
        language="pt",
        video_url=None,
        held_on=None,
        duration_s=None,
        released_at=None,
        source=made_up.slug,
    )
    transcript, ids = await transcripts.store(
        conn,
        course=course,
        lecture=lecture.id,
        fingerprint="made up",
        format="made up",
        cues=[],
        segments=made_up.segments,
    )
    rows = [(course, lecture.id, id_, made_up.vectors[at : at + 1]) for at, id_ in enumerate(ids)]
    await vectors.copy(conn, generation=generation, rows=rows)
    await lectures.point_to(conn, course=course, lecture=lecture.id, transcript=transcript)


async def _ask(
    conn: AsyncConnection, filled: Filled, question: MadeUpQuestion, way: str
) -> list[tuple[LectureId, int]]:
    hits = await search.nearest(
        conn,
        course=filled.courses[question.course],
        lecture=None,
        terms={} if way == "vector" else lexical.question_terms(question.text, "pt", ("pt", "en")),
        dense=None
        if way == "lexical"
        else search.Dense(generation=filled.generation, vector=question.vector, weight=1.0),
        limit=10,
        reach=REACH,
    )
    return [(hit.lecture_id, hit.segment_id) for hit in hits]


async def _latencies(filled: Filled, questions: Sequence[MadeUpQuestion], way: str) -> list[float]:
    """Milliseconds of each question over one warm connection, the payload included."""
    taken: list[float] = []
    async with filled.pool.connection() as conn:
        for question in questions:
            began = time.perf_counter()
            await _ask(conn, filled, question, way)
            taken.append((time.perf_counter() - began) * 1000)
    return taken[WARM_UP:]


async def _rate(filled: Filled, questions: Sequence[MadeUpQuestion]) -> float:
    """Questions a second when sixteen ask at once over the pool."""
    left = iter(questions[WARM_UP:])

    async def one_asker() -> None:
        for question in left:
            async with filled.pool.connection() as conn:
                await _ask(conn, filled, question, "hybrid")

    began = time.perf_counter()
    await asyncio.gather(*(one_asker() for _ in range(AT_ONCE)))
    return QUESTIONS / (time.perf_counter() - began)


async def _recall(filled: Filled, corpus: Corpus, questions: Sequence[MadeUpQuestion]) -> float:
    """Recall@10 of the vector leg against a scan in full precision, foreign questions included."""
    by_course: dict[int, list[NDArray[np.float32]]] = {}
    for lecture in Corpus(corpus.size).lectures():
        by_course.setdefault(lecture.course, []).append(lecture.vectors)
    matrices = {course: np.concatenate(parts) for course, parts in by_course.items()}
    shares: list[float] = []
    async with filled.pool.connection() as conn:
        for question in questions[:60]:
            similarities = matrices[question.course] @ question.vector
            tenth = np.sort(similarities)[::-1][: min(10, len(similarities))][-1]
            found = await search.nearest(
                conn,
                course=filled.courses[question.course],
                lecture=None,
                terms={},
                dense=search.Dense(generation=filled.generation, vector=question.vector, weight=1.0),
                limit=10,
                reach=REACH,
            )
            # Half precision moves a cosine by up to 5e-4: a hit as near as the tenth counts.
            near = sum((hit.score or 0.0) >= tenth - 1e-3 for hit in found)
            shares.append(near / min(10, len(similarities)))
    return statistics.fmean(shares)


def percentiles(latencies: Sequence[float]) -> tuple[str, str, str]:
    ordered = sorted(latencies)
    at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95, 0.99)]
    return (f"{at[0]:.1f}", f"{at[1]:.1f}", f"{at[2]:.1f}")
