"""Maps: whose they are, who may see them, and when they no longer count."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg import AsyncConnection

from db import courses, lectures, maps, transcripts
from db.records import CourseId, Cue, LectureId, SegmentId, TranscriptId
from db.records.maps import Chapter
from db.transcripts import NewSegment

TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def course(conn: AsyncConnection) -> CourseId:
    created = await courses.insert(conn, slug="redes", title="Redes", language="pt-BR")
    assert created is not None
    return created.id


async def taken_in(
    conn: AsyncConnection,
    course: CourseId,
    slug: str = "aula-1",
    *,
    held_on: date | None = None,
    released_at: datetime | None = None,
    text: str = "Hoje vamos ver o perceptron.",
) -> tuple[LectureId, TranscriptId, SegmentId]:
    lecture = await lectures.upsert(
        conn,
        course=course,
        slug=slug,
        title=slug.title(),
        language="pt-BR",
        video_url=None,
        held_on=held_on,
        duration_s=60.0,
        released_at=released_at,
        source=slug,
    )
    segment = NewSegment(start_s=0, end_s=60, text=text, cue_offsets=(0,), cue_starts_s=(0.0,), terms={1: 1.0})
    transcript, (id_,) = await transcripts.store(
        conn,
        course=course,
        lecture=lecture.id,
        fingerprint=text,
        format="srt",
        cues=[Cue(start_s=0, end_s=60, text=text)],
        segments=[segment],
    )
    await lectures.point_to(conn, course=course, lecture=lecture.id, transcript=transcript)
    return lecture.id, transcript, id_


def chapter(segment: SegmentId, ordinal: int = 1, title: str = "Perceptron") -> Chapter:
    return Chapter(
        ordinal=ordinal,
        start_ms=30_000 * (ordinal - 1),
        end_ms=30_000 * ordinal,
        title=title,
        origin="quoted",
        sentence="Hoje vamos ver o perceptron.",
        segment_id=segment,
        quote="Hoje vamos ver o perceptron.",
        quote_start_ms=30_000 * (ordinal - 1),
        quote_end_ms=30_000 * ordinal,
        fingerprint="f",
    )


async def test_a_map_is_read_as_it_was_put(conn: AsyncConnection, course: CourseId) -> None:
    lecture, transcript, segment = await taken_in(conn, course)
    put = (chapter(segment), chapter(segment, 2, "Pesos"))

    version = await maps.put_map(conn, course=course, lecture=lecture, transcript=transcript, chapters=put)

    found = await maps.read_map(conn, course=course, lecture=lecture)
    assert found is not None
    assert (version, found.version, found.lecture, found.chapters) == (1, 1, "aula-1", put)
    assert found.chapter_at(30_000) == put[1]
    assert found.chapter_at(60_000) is None


async def test_a_new_map_takes_the_place_of_the_old_one(conn: AsyncConnection, course: CourseId) -> None:
    lecture, transcript, segment = await taken_in(conn, course)
    for title in ("Perceptron", "Neurônio"):
        await maps.put_map(
            conn, course=course, lecture=lecture, transcript=transcript, chapters=[chapter(segment, title=title)]
        )

    found = await maps.read_map(conn, course=course, lecture=lecture)

    assert found is not None
    assert (found.version, [one.title for one in found.chapters]) == (2, ["Neurônio"])


async def test_students_see_nothing_of_a_lecture_before_its_release(conn: AsyncConnection, course: CourseId) -> None:
    lecture, transcript, segment = await taken_in(conn, course, held_on=date(2026, 3, 3), released_at=TOMORROW)
    await maps.put_map(conn, course=course, lecture=lecture, transcript=transcript, chapters=[chapter(segment)])

    assert await maps.read_map(conn, course=course, lecture=lecture) is None
    assert await maps.maps_of(conn, course=course) == []
    assert await maps.maps_since(conn, course=course, since=date(2026, 1, 1)) == []
    assert await maps.proving(conn, course=course, lectures=[lecture]) == []
    assert await maps.read_map(conn, course=course, lecture=lecture, reader="staff")
    assert await maps.proving(conn, course=course, lectures=[lecture], reader="staff")


async def test_another_course_has_none_of_it(conn: AsyncConnection, course: CourseId) -> None:
    lecture, transcript, segment = await taken_in(conn, course)
    await maps.put_map(conn, course=course, lecture=lecture, transcript=transcript, chapters=[chapter(segment)])
    other = await courses.insert(conn, slug="outra", title="Outra", language="en")
    assert other is not None

    assert await maps.read_map(conn, course=other.id, lecture=lecture) is None
    assert not await maps.put_map(conn, course=other.id, lecture=lecture, transcript=transcript, chapters=[])


async def test_a_map_of_old_captions_is_neither_shown_nor_put(conn: AsyncConnection, course: CourseId) -> None:
    lecture, old, segment = await taken_in(conn, course)
    await maps.put_map(conn, course=course, lecture=lecture, transcript=old, chapters=[chapter(segment)])
    await taken_in(conn, course, text="Agora são outras palavras.")

    assert await maps.read_map(conn, course=course, lecture=lecture, reader="staff") is None
    assert not await maps.put_map(conn, course=course, lecture=lecture, transcript=old, chapters=[chapter(segment)])


async def test_the_maps_of_some_days_come_in_their_order(conn: AsyncConnection, course: CourseId) -> None:
    for day in (24, 3, 10, 17):
        lecture, transcript, segment = await taken_in(conn, course, f"aula-{day}", held_on=date(2026, 3, day))
        await maps.put_map(conn, course=course, lecture=lecture, transcript=transcript, chapters=[chapter(segment)])

    found = await maps.maps_since(conn, course=course, since=date(2026, 3, 10), until=date(2026, 3, 17))

    assert [one.lecture for one in found] == ["aula-10", "aula-17"]


async def test_passages_that_prove_a_map_come_once_in_its_order(conn: AsyncConnection, course: CourseId) -> None:
    lecture, transcript, segment = await taken_in(conn, course)
    await maps.put_map(
        conn, course=course, lecture=lecture, transcript=transcript, chapters=[chapter(segment), chapter(segment, 2)]
    )

    (hit,) = await maps.proving(conn, course=course, lectures=[lecture])

    assert (hit.rank, hit.segment_id, hit.score) == (1, segment, None)


async def test_a_map_goes_with_its_lecture(conn: AsyncConnection, course: CourseId) -> None:
    lecture, transcript, segment = await taken_in(conn, course)
    await maps.put_map(conn, course=course, lecture=lecture, transcript=transcript, chapters=[chapter(segment)])

    await conn.execute("delete from lectures where id = %s", [lecture])

    left = await conn.execute("select (select count(*) from lecture_maps) + (select count(*) from chapters)")
    assert await left.fetchone() == (0,)


async def test_a_quote_lies_inside_its_chapter(conn: AsyncConnection, course: CourseId) -> None:
    lecture, transcript, segment = await taken_in(conn, course)
    outside = replace(chapter(segment), quote_start_ms=30_000, quote_end_ms=40_000)

    with pytest.raises(Exception, match="chapters_check"):
        await maps.put_map(conn, course=course, lecture=lecture, transcript=transcript, chapters=[outside])
