"""How fast segments go in and questions find them, at 10,000 and 100,000 segments, beside the targets."""

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from rich.table import Table

from bench.corpus import COURSES, DIMENSION, Corpus, MadeUpLecture, MadeUpQuestion
from db import (
    connect,
    courses,
    embedded,
    generations,
    language_means,
    lectures,
    lexicons,
    search,
    transcripts,
    vectors,
)
from db.language_means import LanguageMean
from db.migrate import migrate
from db.records import CourseId, Generation, GenerationId, LectureId
from services.models.embedder import Identity
from services.search import likeness
from services.words import terms as lexical

WRITERS = 2
QUESTIONS = 300
WARM_UP = 40
LECTURES_AT_ONCE = 500
AT_ONCE = 16
RECALLED = 60
REACH = 50
WEIGHTS = {"*": 1.0}
MADE_UP = Identity(
    backend="torch", model="made up", revision="", dimension=DIMENSION, query_prefix="", passage_prefix=""
)
TARGETS = {
    (10_000, "hybrid"): "p50 ≤ 2",
    (100_000, "vector"): "p50 ≤ 2, p99 ≤ 12",
    (100_000, "hybrid"): "p50 ≤ 8, p95 ≤ 30",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A database full of made-up courses."""

    url: str
    pool: AsyncConnectionPool
    courses: Sequence[CourseId]  # by size, the largest first
    generation: Generation
    means: Mapping[CourseId, Sequence[LanguageMean]]
    rows_per_s: float

    def dense(self, question: MadeUpQuestion) -> search.Dense:
        means = self.means[self.courses[question.course]]
        return likeness.dense(self.generation, question.vector, "pt", means=means, weights=WEIGHTS)


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
            per_s = await rate(full, questions[WARM_UP:], "hybrid")
            table.add_row(
                f"hybrid, {AT_ONCE} at once, {draw}", str(QUESTIONS), f"{per_s:.0f} questions/s", "", "", "", "≥ 150/s"
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
                rows_per_s = await asyncio.to_thread(_write_all, url, corpus, ids, generation.id)
                async with pool.connection() as conn:
                    for course in ids:
                        await lexicons.refresh(conn, course)
                        await language_means.refresh(conn, course=course, generation=generation.id)
                    means = {
                        course: await language_means.of_course(conn, course=course, generation=generation.id)
                        for course in ids
                    }
                    await conn.commit()
                    await conn.set_autocommit(True)
                    await conn.execute("vacuum analyze")
                    await conn.set_autocommit(False)
                yield Filled(url=url, pool=pool, courses=ids, generation=generation, means=means, rows_per_s=rows_per_s)


async def _courses(pool: AsyncConnectionPool, identity: Identity) -> tuple[list[CourseId], Generation]:
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
            dense_weights=WEIGHTS,
        )
    if generation is None:
        raise RuntimeError("the database was not empty")
    return [course.id for course in made if course], generation


def _write_all(
    url: str, corpus: Corpus, ids: Sequence[CourseId], generation: GenerationId, *, writers: int = WRITERS
) -> float:
    """Write the corpus from some processes at once; return rows a second of the writing alone, not of making it up."""
    spawn = multiprocessing.get_context("spawn")
    tasks = [(url, corpus.size, corpus.dimension, ids, generation, part, writers) for part in range(writers)]
    with spawn.Pool(writers) as pool:
        return sum(pool.starmap(_write, tasks))


def _write(
    url: str, size: int, dimension: int, ids: Sequence[CourseId], generation: GenerationId, part: int, writers: int
) -> float:
    """Write every *writers*-th lecture, in a process of its own; return rows a second."""
    mine = islice(Corpus(size, dimension=dimension).lectures(), part, None, writers)
    rows, seconds = 0, 0.0
    # As many as fit into memory, so that making up and writing do not take turns at each lecture.
    while batch := list(islice(mine, LECTURES_AT_ONCE)):
        began = time.monotonic()
        asyncio.run(_write_lectures(url, batch, ids, generation))
        seconds += time.monotonic() - began
        rows += sum(len(lecture.segments) for lecture in batch)
    return rows / seconds


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
    rows = [(course, lecture.id, id_, made_up.vectors[at]) for at, id_ in enumerate(ids)]
    await vectors.copy(conn, generation=generation, rows=rows)
    await lectures.point_to(conn, course=course, lecture=lecture.id, transcript=transcript)


async def ask(conn: AsyncConnection, filled: Filled, question: MadeUpQuestion, way: str) -> list[tuple[LectureId, int]]:
    hits = await search.nearest(
        conn,
        course=filled.courses[question.course],
        lectures=None,
        terms={} if way == "vector" else lexical.question_terms(question.text, "pt", ("pt", "en")),
        dense=None if way == "lexical" else filled.dense(question),
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
            await ask(conn, filled, question, way)
            taken.append((time.perf_counter() - began) * 1000)
    return taken[WARM_UP:]


async def rate(filled: Filled, questions: Sequence[MadeUpQuestion], way: str) -> float:
    """Questions a second when sixteen ask at once over the pool."""
    left = iter(questions)

    async def one_asker() -> None:
        for question in left:
            async with filled.pool.connection() as conn:
                await ask(conn, filled, question, way)

    began = time.perf_counter()
    await asyncio.gather(*(one_asker() for _ in range(AT_ONCE)))
    return len(questions) / (time.perf_counter() - began)


async def _recall(filled: Filled, corpus: Corpus, questions: Sequence[MadeUpQuestion]) -> float:
    """Recall@10 of the vector leg against a scan in full precision, foreign questions included."""
    asked = questions[:RECALLED]
    exact = similarities(corpus, [(question.course, filled.dense(question).towards) for question in asked])
    shares: list[float] = []
    async with filled.pool.connection() as conn:
        for question, near in zip(asked, exact, strict=True):
            stands = await places(conn, filled.courses[question.course])
            found = [stands[segment] for _, segment in await ask(conn, filled, question, "vector")]
            shares.append(share_of_best(near, found))
    return statistics.fmean(shares)


def similarities(corpus: Corpus, asked: Sequence[tuple[int, NDArray[np.float32]]]) -> list[NDArray[np.float32]]:
    """Return for each course and vector how near the course's segments are, by their pieces, in the corpus's order."""
    found: list[list[NDArray[np.float32]]] = [[] for _ in asked]
    for lecture in Corpus(corpus.size, dimension=corpus.dimension).lectures():
        for near, (course, vector) in zip(found, asked, strict=True):
            if course == lecture.course:
                near.append((lecture.vectors @ vector).max(axis=1))
    return [np.concatenate(near) for near in found]


def share_of_best(near: NDArray[np.float32], found: Sequence[int]) -> float:
    """Return which share of the ten best was *found*; half precision moves a cosine by up to 5e-4, so ties count."""
    depth = min(10, len(near))
    tenth = np.sort(near)[-depth]
    return sum(near[place] >= tenth - 1e-3 for place in found) / depth


async def places(conn: AsyncConnection, course: CourseId) -> dict[int, int]:
    """Return where each segment of a course stands in the corpus's order."""
    cursor = await conn.execute(
        """
        select s.id from segments s join lectures l on l.id = s.lecture_id
        where s.course_id = %(course)s order by l.slug, s.position
        """,
        {"course": course},
    )
    return {row[0]: place for place, row in enumerate(await cursor.fetchall())}


def percentiles(latencies: Sequence[float]) -> tuple[str, str, str]:
    ordered = sorted(latencies)
    at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95, 0.99)]
    return (f"{at[0]:.1f}", f"{at[1]:.1f}", f"{at[2]:.1f}")
