"""Signs follow the vectors that they stand for: written with them, taken anew when a mean moves, gone with them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from psycopg import AsyncConnection

from db import courses, language_means, lectures, signs, transcripts, vectors
from db.records import CourseId, GenerationId, LectureId, SegmentId
from db.transcripts import NewSegment
from tests import rows

DIMENSION = 24


@pytest.fixture
async def generation(conn: AsyncConnection) -> GenerationId:
    return (await rows.generation(conn, DIMENSION)).id


@pytest.fixture
async def course(conn: AsyncConnection) -> CourseId:
    created = await courses.insert(conn, slug="signs", title="signs", language="en")
    assert created is not None
    return created.id


def placed(pieces: int, *, seed: int, around: float = 0.0) -> NDArray[np.float32]:
    """Return vectors of unit length, shape (pieces, DIMENSION), that half precision holds exactly enough."""
    drawn = np.random.default_rng(seed).standard_normal((pieces, DIMENSION)) + around
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


async def taken_in(
    conn: AsyncConnection, course: CourseId, generation: GenerationId, slug: str, *segments: NDArray[np.float32]
) -> tuple[LectureId, list[SegmentId]]:
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
    new = [
        NewSegment(start_s=0, end_s=1, text="x", cue_offsets=(0,), cue_starts_s=(0.0,), terms={1: 1.0})
        for _ in segments
    ]
    transcript, ids = await transcripts.store(
        conn, course=course, lecture=lecture.id, fingerprint=slug, format="srt", cues=[], segments=new
    )
    rows = [(course, lecture.id, id_, pieces) for id_, pieces in zip(ids, segments, strict=True)]
    await vectors.copy(conn, generation=generation, rows=rows)
    await lectures.point_to(conn, course=course, lecture=lecture.id, transcript=transcript)
    return lecture.id, list(ids)


async def stored(conn: AsyncConnection, course: CourseId) -> dict[tuple[SegmentId, int], list[str]]:
    cursor = await conn.execute(
        """
        select segment_id, part, array_remove(array[signs_1, signs_2, signs_3, signs_4]::text[], null)
        from segment_signs where course_id = %(course)s order by segment_id, part
        """,
        {"course": course},
    )
    return {(segment, part): found for segment, part, found in await cursor.fetchall()}


def bits(pieces: NDArray[np.float32], about: NDArray[np.float32]) -> list[str]:
    """What three thresholds about *about* say of each number."""
    far = signs.FAR * np.sqrt((1 - about @ about) / DIMENSION)
    return [
        "".join("01"[int(above)] for threshold in (-far, 0, far) for above in piece - about > threshold)
        for piece in pieces
    ]


async def test_they_are_there_with_the_vectors_four_pieces_a_row(
    conn: AsyncConnection, course: CourseId, generation: GenerationId
) -> None:
    short, long = placed(2, seed=1), placed(6, seed=2)

    _, (first, second) = await taken_in(conn, course, generation, "a", short, long)

    zero = np.zeros(DIMENSION, np.float32)
    assert await stored(conn, course) == {
        (first, 0): bits(short, zero),
        (second, 0): bits(long[:4], zero),
        (second, 1): bits(long[4:], zero),
    }


async def test_they_are_taken_anew_about_the_mean_once_it_is_known_and_not_again(
    conn: AsyncConnection, course: CourseId, generation: GenerationId
) -> None:
    many = placed(40, seed=3, around=1.0)
    _, ids = await taken_in(conn, course, generation, "a", *many[:, None])

    await language_means.refresh(conn, course=course, generation=generation)

    (mean,) = await language_means.of_course(conn, course=course, generation=generation)
    assert np.linalg.norm(mean.mean) > 0.5
    found = await stored(conn, course)
    wanted = {(id_, 0): bits(many[at : at + 1], mean.mean) for at, id_ in enumerate(ids)}
    differing = sum(a != b for key in wanted for a, b in zip(found[key][0], wanted[key][0], strict=True))
    assert differing <= 0.01 * 40 * 3 * DIMENSION  # half precision rounds at the thresholds

    await conn.execute("update segment_signs set signs_1 = B'1' where course_id = %(course)s", {"course": course})
    await language_means.refresh(conn, course=course, generation=generation)
    assert all(kept == ["1"] for kept in (await stored(conn, course)).values())


async def test_they_follow_a_mean_that_moves(conn: AsyncConnection, course: CourseId, generation: GenerationId) -> None:
    await taken_in(conn, course, generation, "a", *placed(10, seed=3, around=1.0)[:, None])
    await language_means.refresh(conn, course=course, generation=generation)
    before = await stored(conn, course)

    await taken_in(conn, course, generation, "b", *placed(30, seed=4, around=-1.0)[:, None])
    await language_means.refresh(conn, course=course, generation=generation)

    after = await stored(conn, course)
    assert len(after) == 40
    assert all(after[key] != found for key, found in before.items())


async def test_they_go_with_the_lecture(conn: AsyncConnection, course: CourseId, generation: GenerationId) -> None:
    lecture, _ = await taken_in(conn, course, generation, "a", placed(2, seed=1))
    _, (other,) = await taken_in(conn, course, generation, "b", placed(2, seed=2))

    await transcripts.unindex(conn, course=course, lectures=[lecture])

    assert list(await stored(conn, course)) == [(other, 0)]


def test_a_question_is_signed_about_nothing_by_its_own_length() -> None:
    towards = placed(1, seed=5)[0]

    assert signs.of_question(3 * towards).to_text() == bits(towards[None], np.zeros(DIMENSION, np.float32))[0]
