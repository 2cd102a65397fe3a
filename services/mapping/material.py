"""What a map is made of, as the database has it, and how what was made is put there."""

from dataclasses import dataclass

from psycopg import AsyncConnection

from db import chapter_edits, generations, maps, transcripts, vectors
from db.records import CourseId, LectureId, TranscriptId
from db.records.maps import Chapter, ChapterEdit, PublishedChapter
from services.mapping import drawing
from services.mapping.drawing import DrawnMap
from services.mapping.speech import NO_VECTORS, Speech


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Which model wrote of a map what is written, asked by which prompt; None: none did."""

    model: str | None
    prompt_id: str | None
    prompt_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that decides a lecture's map."""

    course: CourseId
    lecture: LectureId
    transcript: TranscriptId
    speech: Speech
    published: tuple[PublishedChapter, ...]
    edits: tuple[ChapterEdit, ...]
    before: tuple[Chapter, ...]  # the map that there is
    is_current: bool  # it was made of these captions
    made_by: Maker

    def drawn(self, *, stays: bool = False) -> DrawnMap:
        """Return the map, as `drawing.drawn`; from a thread."""
        return drawing.drawn(
            self.speech, published=self.published, edits=self.edits, before=self.before, stays=stays and self.is_current
        )


async def material(conn: AsyncConnection, *, course: CourseId, lecture: LectureId) -> Material | None:
    """Return what the map of a lecture is made of, or None where the lecture was withdrawn."""
    basis = await maps.basis(conn, course=course, lecture=lecture)
    if basis is None:
        return None
    return Material(
        course=course,
        lecture=lecture,
        transcript=basis.transcript_id,
        speech=await _speech(conn, course, lecture, basis.transcript_id),
        published=tuple(await chapter_edits.published(conn, course=course, lecture=lecture)),
        edits=tuple(await chapter_edits.of_lecture(conn, course=course, lecture=lecture)),
        before=tuple(await maps.stored(conn, course=course, lecture=lecture)),
        is_current=basis.mapped_id == basis.transcript_id,
        made_by=Maker(model=basis.model, prompt_id=basis.prompt_id, prompt_sha256=basis.prompt_sha256),
    )


async def _speech(conn: AsyncConnection, course: CourseId, lecture: LectureId, transcript: TranscriptId) -> Speech:
    passages = await maps.passages(conn, course=course, lecture=lecture)
    generation = await generations.serving(conn)
    pieces = (
        await vectors.of_lecture(conn, generation=generation.id, course=course, lecture=lecture) if generation else {}
    )
    return Speech(
        passages=tuple(passages),
        language=passages[0].language if passages else "",
        cue_ends_s=await transcripts.cue_ends_s(conn, course=course, transcript=transcript),
        vectors=tuple(pieces.get(passage.segment_id, NO_VECTORS) for passage in passages),
    )


async def store(conn: AsyncConnection, made: Material, drawn: DrawnMap) -> None:
    """Let *drawn* be the lecture's map, in the transaction of the caller; what did not change is not written."""
    await chapter_edits.lose(conn, course=made.course, edits=[edit.id for edit in drawn.lost])
    for edit in drawn.moved:
        await chapter_edits.move(conn, course=made.course, edit=edit.id, start_ms=edit.start_ms, end_ms=edit.end_ms)
    stored = tuple(await maps.stored(conn, course=made.course, lecture=made.lecture))
    maker = made.made_by if any(line.origin == "written" or not line.is_quoted for line in drawn.chapters) else NOBODY
    if made.is_current and stored == drawn.chapters and stored == made.before:
        return
    await maps.put_map(
        conn,
        course=made.course,
        lecture=made.lecture,
        transcript=made.transcript,
        chapters=drawn.chapters,
        model=maker.model,
        prompt_id=maker.prompt_id,
        prompt_sha256=maker.prompt_sha256,
    )


NOBODY = Maker(model=None, prompt_id=None, prompt_sha256=None)
