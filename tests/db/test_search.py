"""The plan of the search statement: a course's own rows through the primary key, and ten texts at the end."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from pgvector import Bit
from psycopg import AsyncConnection, sql

from db import courses, language_means, lectures, lexicons, search, signs, transcripts, vectors
from db.records import Course, CourseId, GenerationId
from db.transcripts import NewSegment
from tests import rows

DIMENSION = 64
LECTURES = 30
SEGMENTS = 40
PIECES = 2
REACH = 50
COMPARED = signs.LEAST_COMPARED * REACH + LECTURES * SEGMENTS // signs.ONE_COMPARED_IN


@pytest.fixture
async def filled(conn: AsyncConnection) -> tuple[Course, GenerationId]:
    """Three courses of 1,200 segments, analysed; the second one is returned."""
    generation = await rows.generation(conn, DIMENSION)
    made: list[Course] = []
    for slug in ("first", "second", "third"):
        course = await courses.insert(conn, slug=slug, title=slug, language="en")
        assert course is not None
        made.append(course)
        for number in range(LECTURES):
            await _lecture(conn, course.id, f"{slug}-{number}", generation.id)
        await lexicons.refresh(conn, course.id)
        await language_means.refresh(conn, course=course.id, generation=generation.id)
    await conn.execute("analyze")
    await conn.execute("set local plan_cache_mode = force_generic_plan")
    return made[1], generation.id


async def _lecture(conn: AsyncConnection, course: CourseId, slug: str, generation: GenerationId) -> None:
    random = np.random.default_rng(list(slug.encode()))
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
    # What a lecture says gathers around its subject.
    subject = random.standard_normal(DIMENSION)
    placed = (subject + random.standard_normal((SEGMENTS, PIECES, DIMENSION))).astype(np.float32)
    placed /= np.linalg.norm(placed, axis=2, keepdims=True)
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
            spoken=(search.LanguageLikeness(language="en", middle=0.1, gain=1.0),),
            gain=1.0,
        )
    )
    parameters = search.parameters(course.id, None, {1: 1.0, 5: 1.0}, dense, 10, REACH, {})
    # What other tests have left in the tables decides whether they are small enough to be read whole.
    await conn.execute("set local enable_seqscan = off")
    return list(_nodes(await _generic(conn, search.NEAREST, parameters)))


async def _generic(conn: AsyncConnection, statement: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Run a statement by the plan that serves any course, as a pool's connections do, and return how it went."""
    numbers = {name: f"${number}" for number, name in enumerate(parameters, start=1)}
    prepared = re.sub(r"%\((\w+)\)s", lambda found: numbers[found[1]], statement)
    await conn.execute(b"prepare searching as " + prepared.encode())
    # Written as a literal, bits would be cut to bit(1).
    literal = [value.to_text() if isinstance(value, Bit) else value for value in parameters.values()]
    values = sql.SQL(", ").join(map(sql.Literal, literal))
    explain = sql.SQL("explain (analyze, format json) execute searching ({})").format(values)
    row = await (await conn.execute(explain)).fetchone()
    await conn.execute("deallocate searching")
    assert row is not None
    return row[0][0]["Plan"]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


def _scans(plan: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    return [node for node in plan if node.get("Relation Name") == table]


def _read(scan: dict[str, Any]) -> float:
    return scan["Actual Rows"] * scan["Actual Loops"]


async def test_both_indexes_are_read_through_the_course(
    conn: AsyncConnection, filled: tuple[Course, GenerationId]
) -> None:
    plan = await _plan(conn, *filled)

    for table in ("segment_signs", "segment_terms"):
        assert _scans(plan, table)
        assert all(scan["Node Type"] in {"Bitmap Heap Scan", "Index Scan"} for scan in _scans(plan, table)), table
        assert all(_read(scan) <= LECTURES * SEGMENTS for scan in _scans(plan, table)), table


async def test_only_what_signs_find_is_compared_in_full(
    conn: AsyncConnection, filled: tuple[Course, GenerationId]
) -> None:
    plan = await _plan(conn, *filled)

    scans = _scans(plan, "segment_vectors")
    assert all(scan["Node Type"] == "Index Scan" for scan in scans)
    # The compared ones, what words alone found, and the cosines of the ten that are shown.
    assert sum(map(_read, scans)) <= PIECES * (COMPARED + REACH + 10)


async def test_no_list_is_read_once_for_each_row_of_another(
    conn: AsyncConnection, filled: tuple[Course, GenerationId]
) -> None:
    """Joined by a nested loop over both, signs and lectures of a course of 23,000 segments took 23 s."""
    plan = await _plan(conn, *filled)

    dropped = [node.get("Rows Removed by Join Filter", 0) * node["Actual Loops"] for node in plan]
    assert sum(dropped) < LECTURES * SEGMENTS


async def test_what_a_leg_lacks_is_read_by_key_and_nothing_twice(
    conn: AsyncConnection, filled: tuple[Course, GenerationId]
) -> None:
    plan = await _plan(conn, *filled)

    found_by_both_legs, shown = 2 * 50, 10
    for table in ("segment_vectors", "segment_terms"):
        read = sum(scan["Actual Rows"] * scan["Actual Loops"] for scan in _scans(plan, table))
        assert read <= LECTURES * SEGMENTS + found_by_both_legs + shown, table


async def test_only_the_texts_that_are_shown_are_read(
    conn: AsyncConnection, filled: tuple[Course, GenerationId]
) -> None:
    plan = await _plan(conn, *filled)

    (texts,) = _scans(plan, "segments")
    assert texts["Node Type"] == "Index Scan"
    assert texts["Actual Rows"] * texts["Actual Loops"] == 10


async def test_a_lexical_search_reads_no_vector(conn: AsyncConnection, filled: tuple[Course, GenerationId]) -> None:
    plan = await _plan(conn, filled[0], None)

    assert sum(map(_read, [*_scans(plan, "segment_vectors"), *_scans(plan, "segment_signs")])) == 0


async def test_a_course_is_a_wall(conn: AsyncConnection, filled: tuple[Course, GenerationId]) -> None:
    hits = await search.nearest(
        conn, course=filled[0].id, lectures=None, terms={1: 1.0}, dense=None, limit=100, reach=2000
    )

    assert len(hits) == 100
    assert {hit.lecture.split("-")[0] for hit in hits} == {"second"}


async def test_signs_lose_nothing_of_the_best_ten(conn: AsyncConnection, filled: tuple[Course, GenerationId]) -> None:
    course, generation = filled
    (mean,) = await language_means.of_course(conn, course=course.id, generation=generation)
    cursor = await conn.execute(
        "select segment_id, embedding::vector from segment_vectors where course_id = %(course)s order by 1, 2",
        {"course": course.id},
    )
    stored = await cursor.fetchall()
    segments, pieces = [row[0] for row in stored], np.stack([np.asarray(row[1].to_numpy()) for row in stored])
    found = 0
    random = np.random.default_rng(5)
    for near in random.choice(pieces, 20):
        asked = (near + 0.1 * random.standard_normal(DIMENSION)).astype(np.float32)
        towards = asked - mean.mean
        spoken = search.LanguageLikeness(language="en", middle=float(towards @ mean.mean), gain=1.0)
        dense = search.Dense(generation=generation, vector=asked, towards=towards, spoken=(spoken,), gain=1.0)
        hits = await search.nearest(conn, course=course.id, lectures=None, terms={}, dense=dense, limit=10, reach=REACH)
        best = dict.fromkeys(segments[at] for at in np.argsort(-(pieces @ towards)))
        found += len({hit.segment_id for hit in hits} & set(list(best)[:10]))

    assert len(set(segments)) > 8 * COMPARED  # many more than are compared
    assert found >= 0.99 * 20 * 10
