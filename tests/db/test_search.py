"""The plan of the search statement: a course's own rows through the primary key, and ten texts at the end."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from psycopg import AsyncConnection

from db import courses, generations, lectures, lexicons, search, transcripts, vectors
from db.records import Course, CourseId, GenerationId
from db.transcripts import NewSegment

DIMENSION = 16
LECTURES = 30
SEGMENTS = 40


@pytest.fixture
async def filled(conn: AsyncConnection) -> tuple[Course, GenerationId]:
    """Three courses of 1,200 segments, analysed; the second one is returned."""
    generation = await generations.insert(
        conn,
        backend="torch",
        model="made up",
        revision="",
        dimension=DIMENSION,
        query_prefix="",
        passage_prefix="",
        piece_tokens=128,
        state="serving",
        dense_weights={"*": 1.0},
    )
    assert generation is not None
    made: list[Course] = []
    for slug in ("first", "second", "third"):
        course = await courses.insert(conn, slug=slug, title=slug, language="en")
        assert course is not None
        made.append(course)
        for number in range(LECTURES):
            await _lecture(conn, course.id, f"{slug}-{number}", generation.id)
        await lexicons.refresh(conn, course.id)
    await conn.execute("analyze")
    await conn.execute("set local plan_cache_mode = force_generic_plan")
    return made[1], generation.id


async def _lecture(conn: AsyncConnection, course: CourseId, slug: str, generation: GenerationId) -> None:
    random = np.random.default_rng(len(slug))
    lecture = await lectures.upsert(
        conn,
        course=course,
        slug=slug,
        title=slug,
        language="en",
        video_url=None,
        held_on=None,
        duration_s=None,
        released_at=None,
        source=slug,
    )
    segments = [
        NewSegment(start_s=0, end_s=1, text="x", cue_offsets=(0,), cue_starts_s=(0.0,), terms={1: 1.0, 2 + at: 1.0})
        for at in range(SEGMENTS)
    ]
    transcript, ids = await transcripts.store(
        conn, course=course, lecture=lecture.id, fingerprint=slug, format="srt", cues=[], segments=segments
    )
    placed = random.standard_normal((SEGMENTS, 1, DIMENSION)).astype(np.float32)
    rows = [(course, lecture.id, id_, placed[at]) for at, id_ in enumerate(ids)]
    await vectors.copy(conn, generation=generation, rows=rows)
    await lectures.point_to(conn, course=course, lecture=lecture.id, transcript=transcript)


async def _plan(conn: AsyncConnection, course: Course, generation: GenerationId | None) -> list[dict[str, Any]]:
    dense = (
        None
        if generation is None
        else search.Dense(
            generation=generation,
            vector=np.ones(DIMENSION, np.float32),
            towards=np.ones(DIMENSION, np.float32),
            spoken=(search.Spoken(language="en", middle=0.1, gain=1.0),),
            gain=1.0,
        )
    )
    parameters = search.parameters(course.id, None, {1: 1.0, 5: 1.0}, dense, 10, 50, {})
    # What other tests have left in the tables decides whether they are small enough to be read whole.
    await conn.execute("set local enable_seqscan = off")
    cursor = await conn.execute("explain (analyze, format json) " + search.NEAREST, parameters)
    row = await cursor.fetchone()
    assert row is not None
    plan = row[0] if not isinstance(row[0], str) else json.loads(row[0])
    return list(_nodes(plan[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


def _scans(plan: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    return [node for node in plan if node.get("Relation Name") == table]


async def test_both_indexes_are_read_through_the_course(
    conn: AsyncConnection, filled: tuple[Course, GenerationId]
) -> None:
    plan = await _plan(conn, *filled)

    for table in ("segment_vectors", "segment_terms"):
        assert _scans(plan, table)
        assert all(scan["Node Type"] in {"Bitmap Heap Scan", "Index Scan"} for scan in _scans(plan, table)), table
        assert all(scan["Actual Rows"] <= LECTURES * SEGMENTS for scan in _scans(plan, table)), table


async def test_only_the_texts_that_are_shown_are_read(
    conn: AsyncConnection, filled: tuple[Course, GenerationId]
) -> None:
    plan = await _plan(conn, *filled)

    (texts,) = _scans(plan, "segments")
    assert texts["Node Type"] == "Index Scan"
    assert texts["Actual Rows"] * texts["Actual Loops"] == 10


async def test_a_lexical_search_reads_no_vector(conn: AsyncConnection, filled: tuple[Course, GenerationId]) -> None:
    plan = await _plan(conn, filled[0], None)

    assert sum(scan["Actual Rows"] * scan["Actual Loops"] for scan in _scans(plan, "segment_vectors")) == 0


async def test_a_course_is_a_wall(conn: AsyncConnection, filled: tuple[Course, GenerationId]) -> None:
    hits = await search.nearest(
        conn, course=filled[0].id, lecture=None, terms={1: 1.0}, dense=None, limit=100, reach=2000
    )

    assert len(hits) == 100
    assert {hit.lecture.split("-")[0] for hit in hits} == {"second"}
