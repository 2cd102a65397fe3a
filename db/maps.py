"""Maps of lectures: their chapters, each with the cue that proves it; and what is to be shown of them, and to whom."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import kwargs_row, scalar_row

from db.answers import hit
from db.records import CourseId, Hit, LectureId, Role, TranscriptId
from db.records.maps import Chapter, LectureMap

_Row = tuple[dict[str, Any], Chapter]


async def read_map(
    conn: AsyncConnection, *, course: CourseId, lecture: LectureId, reader: Role = "student"
) -> LectureMap | None:
    """
    Return the map of *lecture* as *reader* may see it, or None.

    There is none where the lecture was withdrawn, its captions have changed since, or, for students, it is not
    released yet.
    """
    found = await maps_of(conn, course=course, lectures=[lecture], reader=reader)
    return found[0] if found else None


async def maps_of(
    conn: AsyncConnection, *, course: CourseId, lectures: Sequence[LectureId] | None = None, reader: Role = "student"
) -> list[LectureMap]:
    """Return the maps of *lectures*, or of the whole course, as `read_map` does, by date and slug."""
    async with conn.cursor(row_factory=kwargs_row(_row)) as cur:
        await cur.execute(
            """
            select m.lecture_id, m.course_id, l.slug as lecture, l.title,
                split_part(lower(replace(l.language, '_', '-')), '-', 1) as language,
                l.video_url, l.held_on, l.duration_s, l.released_at, m.transcript_id, m.version,
                coalesce(j.state, 'done') as state, m.model,
                c.ordinal, c.start_ms, c.end_ms, c.title as chapter_title, c.origin, c.sentence, c.segment_id,
                c.quote, c.quote_start_ms, c.quote_end_ms, c.fingerprint
            from lectures l
            join lecture_maps m on m.course_id = %(course)s and m.lecture_id = l.id
                and m.transcript_id = l.transcript_id
            join chapters c on c.course_id = %(course)s and c.lecture_id = l.id
            left join map_jobs j on j.course_id = %(course)s and j.lecture_id = l.id
            where l.course_id = %(course)s and l.withdrawn_at is null
                and (%(lectures)s::bigint[] is null or l.id = any(%(lectures)s::bigint[]))
                and (%(sees_all)s or l.released_at is null or l.released_at <= now())
            order by l.held_on nulls last, l.slug, c.ordinal
            """,
            {
                "course": course,
                "lectures": None if lectures is None else list(lectures),
                "sees_all": reader == "staff",
            },
        )
        return _grouped(await cur.fetchall())


async def maps_since(
    conn: AsyncConnection, *, course: CourseId, since: date, until: date | None = None, reader: Role = "student"
) -> list[LectureMap]:
    """Return the maps of the lectures held on the days *since* to *until*, both included, as `read_map` does."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select id from lectures
            where course_id = %(course)s and held_on >= %(since)s
                and (%(until)s::date is null or held_on <= %(until)s::date)
            """,
            {"course": course, "since": since, "until": until},
        )
        held = [LectureId(found) for found in await cur.fetchall()]
    return await maps_of(conn, course=course, lectures=held, reader=reader)


async def proving(
    conn: AsyncConnection, *, course: CourseId, lectures: Sequence[LectureId], reader: Role = "student"
) -> list[Hit]:
    """
    Return the passages that prove the chapters of *lectures*, each once, in the order of the maps.

    Their rank is that order; they have no score, for nobody has compared them with anything.
    """
    async with conn.cursor(binary=True, row_factory=kwargs_row(hit)) as cur:
        await cur.execute(
            """
            select (row_number() over (order by l.held_on nulls last, l.slug, p.first))::int as rank,
                s.id as segment_id, s.lecture_id, l.slug as lecture, l.title,
                split_part(lower(replace(l.language, '_', '-')), '-', 1) as language, l.video_url, l.duration_s,
                s.start_s, s.end_s, null::float8 as score, s.text, s.cue_offsets, s.cue_starts_s
            from (
                select segment_id, min(ordinal) as first from chapters
                where course_id = %(course)s and lecture_id = any(%(lectures)s) group by segment_id
            ) p
            join segments s on s.id = p.segment_id and s.course_id = %(course)s
            join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
            where s.transcript_id = l.transcript_id and l.withdrawn_at is null
                and (%(sees_all)s or l.released_at is null or l.released_at <= now())
            order by rank
            """,
            {"course": course, "lectures": list(lectures), "sees_all": reader == "staff"},
        )
        return await cur.fetchall()


async def put_map(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lecture: LectureId,
    transcript: TranscriptId,
    chapters: Sequence[Chapter],
    model: str | None = None,
    prompt_id: str | None = None,
    prompt_sha256: str | None = None,
) -> int | None:
    """
    Let *chapters* be the map of *lecture*, in a transaction of the caller; return the map's version.

    Return None, and change nothing, where *transcript* is not the version that counts any more. No chapters: the
    lecture has no map.
    """
    if not await _lock(conn, course=course, lecture=lecture, transcript=transcript):
        return None
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into lecture_maps as m
                (course_id, lecture_id, transcript_id, version, model, prompt_id, prompt_sha256)
            values
                (%(course)s, %(lecture)s, %(transcript)s, 1, %(model)s, %(prompt_id)s, %(prompt_sha256)s)
            on conflict (course_id, lecture_id) do update set
                transcript_id = excluded.transcript_id, version = m.version + 1, model = excluded.model,
                prompt_id = excluded.prompt_id, prompt_sha256 = excluded.prompt_sha256, made_at = now()
            returning version
            """,
            {
                "course": course,
                "lecture": lecture,
                "transcript": transcript,
                "model": model,
                "prompt_id": prompt_id,
                "prompt_sha256": prompt_sha256,
            },
        )
        version = int(await cur.fetchone() or 0)
    await _replace_chapters(conn, course=course, lecture=lecture, chapters=chapters)
    return version


async def _lock(conn: AsyncConnection, *, course: CourseId, lecture: LectureId, transcript: TranscriptId) -> bool:
    """Be alone with the lecture's map until the transaction ends; False if *transcript* no longer counts."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select from lectures
            where id = %(lecture)s and course_id = %(course)s and transcript_id = %(transcript)s for no key update
            """,
            {"course": course, "lecture": lecture, "transcript": transcript},
        )
        return cur.rowcount > 0


async def _replace_chapters(
    conn: AsyncConnection, *, course: CourseId, lecture: LectureId, chapters: Sequence[Chapter]
) -> None:
    await conn.execute(
        "delete from chapters where course_id = %(course)s and lecture_id = %(lecture)s",
        {"course": course, "lecture": lecture},
    )
    async with conn.cursor() as cur:
        await cur.executemany(
            """
            insert into chapters
                (course_id, lecture_id, ordinal, start_ms, end_ms, title, origin, sentence, segment_id, quote,
                 quote_start_ms, quote_end_ms, fingerprint)
            values
                (%(course)s, %(lecture)s, %(ordinal)s, %(start_ms)s, %(end_ms)s, %(title)s, %(origin)s, %(sentence)s,
                 %(segment)s, %(quote)s, %(quote_start_ms)s, %(quote_end_ms)s, %(fingerprint)s)
            """,
            [
                {
                    "course": course,
                    "lecture": lecture,
                    "ordinal": one.ordinal,
                    "start_ms": one.start_ms,
                    "end_ms": one.end_ms,
                    "title": one.title,
                    "origin": one.origin,
                    "sentence": one.sentence,
                    "segment": one.segment_id,
                    "quote": one.quote,
                    "quote_start_ms": one.quote_start_ms,
                    "quote_end_ms": one.quote_end_ms,
                    "fingerprint": one.fingerprint,
                }
                for one in chapters
            ],
        )


def _row(
    *,
    ordinal: int,
    start_ms: int,
    end_ms: int,
    chapter_title: str,
    origin: Any,  # noqa: ANN401 - a row
    sentence: str,
    segment_id: Any,  # noqa: ANN401
    quote: str,
    quote_start_ms: int,
    quote_end_ms: int,
    fingerprint: str,
    **lecture: Any,  # noqa: ANN401
) -> _Row:
    return lecture, Chapter(
        ordinal=ordinal,
        start_ms=start_ms,
        end_ms=end_ms,
        title=chapter_title,
        origin=origin,
        sentence=sentence,
        segment_id=segment_id,
        quote=quote,
        quote_start_ms=quote_start_ms,
        quote_end_ms=quote_end_ms,
        fingerprint=fingerprint,
    )


def _grouped(rows: Iterable[_Row]) -> list[LectureMap]:
    chapters: dict[int, list[Chapter]] = {}
    lectures: dict[int, dict[str, Any]] = {}
    for lecture, chapter in rows:
        lectures[lecture["lecture_id"]] = lecture
        chapters.setdefault(lecture["lecture_id"], []).append(chapter)
    return [LectureMap(**lectures[id_], chapters=tuple(found)) for id_, found in chapters.items()]
