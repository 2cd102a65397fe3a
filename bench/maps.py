"""
What maps cost: `python -m bench maps [LECTURES]`.

Reading one on the way of a question beside the search that every question makes, and the memory of a process that
makes the maps of so many lectures, one after the other.
"""

import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator, Sequence
from pathlib import Path

import numpy as np
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from rich.console import Console
from rich.table import Table

from bench.corpus import COURSES, DIMENSION, Corpus
from bench.retrieval import MADE_UP, QUESTIONS, WARM_UP, Filled, ask, filled, percentiles
from db import connect, courses, embedded, generations, lectures, map_jobs, maps, transcripts, vectors
from db.migrate import migrate
from db.records import CourseId, Cue, GenerationId, LectureId, SegmentId
from db.records.maps import Chapter
from db.transcripts import NewSegment
from services.lectures import segmenting
from services.mapping.mapper import Mapper
from services.words import terms as lexical

SIZE = 10_000
CHAPTERS = 8
LECTURES = 1_000
CUES = 540  # ten seconds each: an hour and a half
EVERY = 100
SUBJECTS = 8


async def main(arguments: Sequence[str]) -> None:
    console = Console(width=120)
    console.print(await reading())
    console.print(await making(int(arguments[0]) if arguments else LECTURES))


async def reading() -> Table:
    """Return how long a search takes and how long a map, each with its payload, over one warm connection."""
    corpus = Corpus(SIZE)
    shown = Table("work", "n", "p50 ms", "p95 ms", "p99 ms", title=f"{SIZE:,} segments, {CHAPTERS} chapters a lecture")
    async with filled(corpus) as full, full.pool.connection() as conn:
        mapped = await _put(conn, full)
        questions = corpus.questions(QUESTIONS + WARM_UP, evenly=False)
        searched, read, several = list[float](), list[float](), list[float]()
        for question in questions:  # taking turns, so that a busy moment hits all alike
            course = full.courses[question.course]
            lecture = random.choice(mapped[course])
            searched.append(await _timed(ask(conn, full, question, "hybrid")))
            read.append(await _timed(maps.read_map(conn, course=course, lecture=lecture)))
            several.append(await _timed(maps.maps_of(conn, course=course, lectures=mapped[course][:5])))
    rows = {"a search": searched, "a map": read, "the maps of five lectures": several}
    for name, taken in rows.items():
        shown.add_row(name, str(len(taken) - WARM_UP), *percentiles(taken[WARM_UP:]))
    return shown


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1000


async def _put(conn: AsyncConnection, full: Filled) -> dict[CourseId, list[LectureId]]:
    """Give each lecture of a filled database a map."""
    mapped: dict[CourseId, list[LectureId]] = {}
    for course in full.courses[:COURSES]:
        for lecture in await lectures.of_course(conn, course):
            passages = await maps.passages(conn, course=course, lecture=lecture.id)
            lines = [_line(number, passages[number % len(passages)].segment_id) for number in range(CHAPTERS)]
            assert lecture.transcript_id is not None
            await maps.put_map(
                conn, course=course, lecture=lecture.id, transcript=lecture.transcript_id, chapters=lines
            )
            mapped.setdefault(course, []).append(lecture.id)
    await conn.commit()
    await conn.execute("analyze")
    return mapped


def _line(number: int, segment: SegmentId) -> Chapter:
    return Chapter(
        ordinal=number + 1,
        start_ms=600_000 * number,
        end_ms=600_000 * (number + 1),
        title="Função de perda, gradiente, minibatch",
        origin="quoted",
        sentence="palavra " * 25,
        segment_id=segment,
        quote="palavra " * 25,
        quote_start_ms=600_000 * number,
        quote_end_ms=600_000 * number + 9_000,
        fingerprint="0" * 64,
    )


async def making(count: int) -> Table:
    """Return the memory of this process as it makes the maps of *count* lectures of an hour and a half."""
    shown = Table("maps made", "resident MB", "peak MB", "seconds", title=f"{count:,} lectures of 90 minutes")
    with tempfile.TemporaryDirectory(prefix="monitoria-bench-") as home:
        async with embedded.running(Path(home), durable=False) as url:
            await migrate(url)
            async with connect.pool(url) as pool:
                course, generation = await _course(pool)
                random.seed(7)
                for first in range(0, count, EVERY):
                    await _take_in(pool, course, generation, range(first, min(first + EVERY, count)))
                    began = time.monotonic()
                    await Mapper(pool, None).drain()
                    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                    row = (first + EVERY, _resident_mb(), peak, time.monotonic() - began)
                    shown.add_row(f"{row[0]:,}", *(f"{value:.0f}" for value in row[1:]))
                    print(*(round(value) for value in row), file=sys.stderr, flush=True)  # it takes a while
                began = time.monotonic()
                again = await Mapper(pool, None).drain()
                shown.add_row("nothing new", "", "", f"{time.monotonic() - began:.2f} ({again} jobs)")
    return shown


def _resident_mb() -> float:
    """Return what this process alone holds: PostgreSQL beside it shares its buffers among its own."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _course(pool: AsyncConnectionPool) -> tuple[CourseId, GenerationId]:
    async with pool.connection() as conn:
        course = await courses.insert(conn, slug="bench", title="bench", language="pt-BR")
        generation = await generations.insert(
            conn,
            backend=MADE_UP.backend,
            model=MADE_UP.model,
            revision=MADE_UP.revision,
            dimension=MADE_UP.dimension,
            query_prefix="",
            passage_prefix="",
            piece_tokens=MADE_UP.piece_tokens,
            state="serving",
            dense_weights={"*": 1.0},
        )
    assert course
    assert generation
    return course.id, generation.id


async def _take_in(pool: AsyncConnectionPool, course: CourseId, generation: GenerationId, numbers: range) -> None:
    """Write lectures as an ingest does, with a promise of a map for each."""
    for number in numbers:
        cues = list(_cues())
        segments = [_segment(window) for window in segmenting.cut(cues)]
        async with pool.connection() as conn, conn.transaction():
            lecture = await lectures.upsert(
                conn,
                course=course,
                slug=f"lecture-{number:05}",
                title=f"Aula {number}",
                language="pt",
                video_url=None,
                held_on=None,
                duration_s=None,
                released_at=None,
                source=str(number),
            )
            transcript, ids = await transcripts.store(
                conn,
                course=course,
                lecture=lecture.id,
                fingerprint=str(number),
                format="made up",
                cues=cues,
                segments=segments,
            )
            drawn = np.random.default_rng(number).standard_normal((len(ids), 4, DIMENSION)).astype(np.float32)
            drawn /= np.linalg.norm(drawn, axis=-1, keepdims=True)
            rows = [(course, lecture.id, id_, drawn[at]) for at, id_ in enumerate(ids)]
            await vectors.copy(conn, generation=generation, rows=rows)
            await lectures.point_to(conn, course=course, lecture=lecture.id, transcript=transcript)
            await map_jobs.promise(conn, course=course, lectures=[lecture.id])


def _cues() -> Iterator[Cue]:
    vocabulary = [f"{random.choice('bcdfglmnprst')}a{random.randrange(4_000)}e" for _ in range(80 * SUBJECTS)]
    for number in range(CUES):
        subject = number * SUBJECTS // CUES
        said = random.choices(vocabulary[80 * subject : 80 * (subject + 1)], k=16)
        text = " ".join(word if at % 2 else f"o {word}" for at, word in enumerate(said))
        yield Cue(start_s=10.0 * number, end_s=10.0 * number + 9.5, text=f"{text.capitalize()}.")


def _segment(window: segmenting.Window) -> NewSegment:
    return NewSegment(
        start_s=window.start_s,
        end_s=window.end_s,
        text=window.text,
        cue_offsets=window.cue_offsets,
        cue_starts_s=window.cue_starts_s,
        terms=lexical.saturated(lexical.terms(window.text, "pt"), {}),
    )
