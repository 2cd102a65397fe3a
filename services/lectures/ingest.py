"""Take lectures in: captions become segments, terms and vectors, each lecture swapped in by one transaction."""

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import chapter_edits, courses, generations, language_means, lectures, lexicons, map_jobs, transcripts, vectors
from db.records import Course, Generation, Lecture
from db.records.maps import PublishedChapter
from db.transcripts import NewSegment
from services.errors import Refused, Unavailable
from services.lectures import captions, chapters, folders, segmenting
from services.lectures.captions import Captions, Pace, Refusal
from services.lectures.manifest import Plan, Source
from services.lectures.staleness import flag_stale
from services.models.embedder import Embedder
from services.search.generations import Serving, begin, embed, fill
from services.words import terms as lexical
from services.words.language import code

log = logging.getLogger(__name__)

EMBEDDED_AT_ONCE = 16
"""Segments handed to the model at a time, so that progress shows and Ctrl-C is obeyed soon."""

MODEL_PATIENCE_S = 120.0

LONG_SEGMENT_S = 240.0
"""Segments that span more are named: a reference into one may be minutes off."""

Status = Literal["new", "changed", "unchanged", "refused"]
Fault = Literal["unreadable", "clock", "empty", "namesake"]
"""Why a whole file is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A sign of life while the segments of one lecture, or those left over from earlier, are embedded."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one lecture; `kept + len(refusals) == found`."""

    slug: str
    path: Path
    status: Status
    reason: str | None = None  # why the whole file was refused
    fault: Fault | None = None
    format: str | None = None
    found: int = 0
    kept: int = 0
    refusals: tuple[Refusal, ...] = ()
    repairs: tuple[str, ...] = ()
    pace: Pace | None = None  # what the times say about themselves, where there are cues
    remarks: tuple[str, ...] = ()  # what a person should look at, a sentence each
    segments: int = 0
    embedded: int = 0  # segments sent to the embedding model


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an ingest did."""

    taken: tuple[Taken, ...]
    vanished: tuple[str, ...]  # slugs of lectures that are no longer in the folders that were named
    overlooked: tuple[Path, ...]  # caption files that the manifest does not mention
    filled: int  # segments stored earlier without a vector that have one now
    without_vector: int  # segments that are found by words only, for now
    remarks: tuple[str, ...] = ()  # what was left out of the folders, and what is not known of the lectures
    wants_vectors: bool = True  # False: no embedding model is wanted, so none is missing

    @property
    def complete(self) -> bool:
        """Whether every file that was named could be taken in."""
        return all(lecture.status != "refused" for lecture in self.taken)

    @property
    def embedded(self) -> int:
        """Segments that were sent to the embedding model."""
        return self.filled + sum(lecture.embedded for lecture in self.taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    generation: Generation
    embedder: Embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    source: Source
    read: Captions
    fingerprint: str
    segments: tuple[NewSegment, ...]
    chapters: tuple[PublishedChapter, ...]
    remarks: tuple[str, ...]  # on the chapters


@dataclass(slots=True)
class _Vectors:
    """The vectors of a lecture's segments, as they come in; none where no model can be reached."""

    of_segments: list[NDArray[np.float32]] = field(default_factory=list[NDArray[np.float32]])


class Ingest:
    """Takes lectures into courses; safe to repeat, to kill, and to run twice at once."""

    def __init__(
        self, pool: AsyncConnectionPool, serving: Serving, embedder: Embedder | None, *, wants_vectors: bool = True
    ) -> None:
        self._pool = pool
        self._serving = serving
        self._embedder = embedder
        self._wants_vectors = wants_vectors

    async def run(
        self, course: Course, plan: Plan, *, prune: bool = False
    ) -> AsyncGenerator[Progress | Taken | Report, None]:
        """
        Take in what *plan* names: yield signs of progress, one `Taken` for each lecture, and last a `Report`.

        A file that cannot be read is reported and the others go on. Lectures that vanished are only listed,
        unless *prune*.
        """
        model = await self._model()
        taken: list[Taken] = []
        try:
            for source in plan.sources:
                async for event in self._take(course, source, model):
                    if isinstance(event, Taken):
                        taken.append(event)
                    yield event
            vanished = await self._vanished(course, plan)
            if prune:
                await self._withdraw(course, vanished)
        finally:
            # Also after an interruption: what is stored by now should be found with the right weights.
            await self._refresh(course)
        filled = 0
        # A `reindex` may have let another generation serve meanwhile, and have ended without these lectures.
        if model := await self._model():
            async for progress in self._fill(course, model):
                filled = progress.done
                yield progress
        yield Report(
            taken=tuple(taken),
            vanished=tuple(lecture.slug for lecture in vanished),
            overlooked=plan.overlooked,
            filled=filled,
            without_vector=await self._without_vector(course),
            remarks=plan.remarks,
            wants_vectors=self._wants_vectors,
        )

    async def rehearse(self, course: Course, plan: Plan) -> AsyncGenerator[Taken | Report, None]:
        """Say what `run` would do, and store nothing; no model is asked."""
        taken: list[Taken] = []
        for source in plan.sources:
            prepared = await asyncio.to_thread(_prepare, source)
            outcome = prepared if isinstance(prepared, Taken) else await self._compared(course, prepared)
            taken.append(outcome)
            yield outcome
        yield Report(
            taken=tuple(taken),
            vanished=tuple(lecture.slug for lecture in await self._vanished(course, plan)),
            overlooked=plan.overlooked,
            filled=0,
            without_vector=0,
            remarks=plan.remarks,
        )

    async def _model(self) -> _Model | None:
        """Return the serving generation with its model; the very first generation begins here."""
        if embedder := self._embedder or self._serving.configured:
            await begin(self._pool, embedder.identity)
        self._serving.forget()
        current = await self._serving.current(patience_s=MODEL_PATIENCE_S)
        return _Model(generation=current[0], embedder=current[1]) if current else None

    async def _take(self, course: Course, source: Source, model: _Model | None) -> AsyncIterator[Progress | Taken]:
        prepared = await asyncio.to_thread(_prepare, source)
        if isinstance(prepared, Taken):
            yield prepared
            return
        outcome = await self._compared(course, prepared)
        if outcome.status == "unchanged":
            await self._bring_up_to_date(course, prepared)
        if outcome.status in {"unchanged", "refused"}:
            yield outcome
            return
        made = _Vectors()
        if model:
            async for progress in _embedding(prepared, model.embedder, made):
                yield progress
        stored = await self._swap(course, prepared, model, made)
        yield _taken(prepared, outcome.status if stored else "unchanged", embedded=len(made.of_segments))

    async def _namesake(self, course: Course, source: Source) -> str | None:
        """Return why *source* may not take the place of the lecture of that name, if it comes from another file."""
        async with self._pool.connection() as conn:
            stored = await lectures.by_slug(conn, course=course.id, slug=source.slug)
        if stored is None or stored.source == _name(source.path) or _is_other_form(stored.source, source.path):
            return None
        if not await asyncio.to_thread(Path(stored.source).is_file):
            return None  # the file was moved
        return (
            f"{_name(source.path)!r} is called {source.slug!r}, as is the lecture from {stored.source!r}, which is "
            "still there; rename one, or give each its id in a manifest."
        )

    async def _compared(self, course: Course, prepared: _Prepared) -> Taken:
        """Tell what storing *prepared* would mean beside what is stored."""
        if namesake := await self._namesake(course, prepared.source):
            return replace(_taken(prepared, "refused"), reason=namesake, fault="namesake")
        async with self._pool.connection() as conn:
            stored = await transcripts.current_fingerprint(conn, course=course.id, slug=prepared.source.slug)
        if stored is None:
            return _taken(prepared, "new")
        return _taken(prepared, "unchanged" if stored == prepared.fingerprint else "changed")

    async def _bring_up_to_date(self, course: Course, prepared: _Prepared) -> None:
        """Store what the manifest says of a lecture whose captions are the same."""
        async with self._pool.connection() as conn, conn.transaction():
            lecture = await _upsert(conn, course, prepared.source)
            if await chapter_edits.publish(conn, course=course.id, lecture=lecture.id, chapters=prepared.chapters):
                await map_jobs.promise(conn, course=course.id, lectures=[lecture.id])

    async def _swap(self, course: Course, prepared: _Prepared, model: _Model | None, made: _Vectors) -> bool:
        """
        Let the new version take the old one's place; return False if another process has just done so.

        Questions asked meanwhile find either the old version or the new one, whole.
        """
        async with self._pool.connection() as conn, conn.transaction():
            # Before it is compared: two ingests of one file would both find it changed.
            await courses.lock(conn, course.id)
            # The vectors are of one generation: no other may begin to serve before they are in.
            await generations.forbid_change(conn)
            slug = prepared.source.slug
            if await transcripts.current_fingerprint(conn, course=course.id, slug=slug) == prepared.fingerprint:
                return False
            lecture = await _upsert(conn, course, prepared.source)
            await transcripts.unindex(conn, course=course.id, lectures=[lecture.id])
            transcript, ids = await transcripts.store(
                conn,
                course=course.id,
                lecture=lecture.id,
                fingerprint=prepared.fingerprint,
                format=prepared.read.format,
                cues=prepared.read.cues,
                segments=prepared.segments,
            )
            if model and made.of_segments:
                rows = [(course.id, lecture.id, id_, pieces) for id_, pieces in zip(ids, made.of_segments, strict=True)]
                await vectors.copy(conn, generation=model.generation.id, rows=rows)
            await lectures.point_to(conn, course=course.id, lecture=lecture.id, transcript=transcript)
            await chapter_edits.publish(conn, course=course.id, lecture=lecture.id, chapters=prepared.chapters)
            await map_jobs.promise(conn, course=course.id, lectures=[lecture.id])
            await flag_stale(conn, course.id)
        return True

    async def _vanished(self, course: Course, plan: Plan) -> list[Lecture]:
        named = {source.slug for source in plan.sources}
        async with self._pool.connection() as conn:
            stored = await lectures.of_course(conn, course.id)
        return [
            lecture
            for lecture in stored
            if lecture.slug not in named and any(folder in Path(lecture.source).parents for folder in plan.folders)
        ]

    async def _withdraw(self, course: Course, vanished: Sequence[Lecture]) -> None:
        gone = [lecture.id for lecture in vanished]
        async with self._pool.connection() as conn, conn.transaction():
            await courses.lock(conn, course.id)
            await transcripts.unindex(conn, course=course.id, lectures=gone)
            await lectures.withdraw(conn, course=course.id, lectures=gone)
            await flag_stale(conn, course.id)

    async def _refresh(self, course: Course) -> None:
        async with self._pool.connection() as conn, conn.transaction():
            await courses.lock(conn, course.id)
            await lexicons.refresh(conn, course.id)
            await language_means.refresh_all(conn, course=course.id)

    async def _fill(self, course: Course, model: _Model) -> AsyncIterator[Progress]:
        try:
            async for filled in fill(self._pool, model.generation, model.embedder, course=course.id):
                yield Progress(what="vectors left over", done=filled.done, total=filled.total)
        except Unavailable as error:
            log.warning("ingest.without_vectors", extra={"reason": str(error)})

    async def _without_vector(self, course: Course) -> int:
        async with self._pool.connection() as conn:
            generation = await generations.serving(conn)
            if generation is None:
                return (await transcripts.size(conn, course.id)).segments
            return await vectors.count_missing(conn, generation=generation.id, course=course.id)


async def _embedding(prepared: _Prepared, embedder: Embedder, made: _Vectors) -> AsyncIterator[Progress]:
    """Embed a lecture's segments into *made*, or leave it empty where the model cannot be reached."""
    texts = [segment.text for segment in prepared.segments]
    try:
        for at in range(0, len(texts), EMBEDDED_AT_ONCE):
            yield Progress(what=prepared.source.slug, done=at, total=len(texts))
            made.of_segments += await embed(embedder, texts[at : at + EMBEDDED_AT_ONCE])
    except Unavailable as error:
        log.warning("ingest.without_vectors", extra={"lecture": prepared.source.slug, "reason": str(error)})
        # All or none: they are paired with the segments one by one.
        made.of_segments.clear()


async def _upsert(conn: AsyncConnection, course: Course, source: Source) -> Lecture:
    return await lectures.upsert(
        conn,
        course=course.id,
        slug=source.slug,
        title=source.title,
        language=source.language,
        video_url=source.video_url,
        held_on=source.held_on,
        duration_s=source.duration_s,
        released_at=source.released_at,
        source=_name(source.path),
    )


def _prepare(source: Source) -> _Prepared | Taken:
    """Read, cut and analyse one file; CPU-bound, for a thread."""
    name = source.path.name
    try:
        found = captions.read(folders.read(source.path, captions.MAX_BYTES), name=name, keep_names=source.keep_names)
        read = captions.held(found, name=name, duration_s=source.duration_s, offset_s=source.offset_s)
    except captions.WrongClock as error:
        return Taken(slug=source.slug, path=source.path, status="refused", reason=str(error), fault="clock")
    except Refused as error:
        return Taken(slug=source.slug, path=source.path, status="refused", reason=str(error), fault="unreadable")
    if not read.cues:
        return Taken(
            slug=source.slug,
            path=source.path,
            status="refused",
            reason=f"{name!r} has {_cues(read.found)} and none could be kept; --all names each reason.",
            fault="empty",
            format=read.format,
            found=read.found,
            refusals=read.refused,
            repairs=read.repairs,
        )
    language = code(source.language)
    title = lexical.terms(source.title, language)
    segments: list[NewSegment] = []
    for window in segmenting.cut(read.cues):
        weights = lexical.saturated(lexical.terms(window.text, language), title)
        segments.append(
            NewSegment(
                start_s=window.start_s,
                end_s=window.end_s,
                text=window.text,
                cue_offsets=window.cue_offsets,
                cue_starts_s=window.cue_starts_s,
                terms=weights,
            )
        )
    published, remarks = chapters.held(source.chapters, end_s=source.duration_s or max(cue.end_s for cue in read.cues))
    return _Prepared(
        chapters=published,
        remarks=remarks,
        source=source,
        read=read,
        fingerprint=_fingerprint(source, read),
        segments=tuple(segments),
    )


def _name(path: Path) -> str:
    """Return *path* as text that a database takes; file systems allow more."""
    return str(path).encode("utf-8", "replace").decode()


def _is_other_form(stored: str, path: Path) -> bool:
    """Tell whether *stored* is the same lecture in another format: a file of the same name in the same folder."""
    return Path(stored).parent == path.parent and Path(stored).stem == path.stem


def _cues(count: int) -> str:
    return "1 cue" if count == 1 else f"{count:,} cues"


def _long(segments: Sequence[NewSegment]) -> Iterator[str]:
    spans = [segment.end_s - segment.start_s for segment in segments]
    if count := sum(span > LONG_SEGMENT_S for span in spans):
        longest = captions.shown(round(max(spans) * 1000))
        yield f"{count} of {len(spans)} segments span over four minutes, the longest {longest}: few words, or pauses"


def _fingerprint(source: Source, read: Captions) -> str:
    """Hash all that decides which segments and terms a lecture gives."""
    cues = [(cue.start_s, cue.end_s, cue.text) for cue in read.cues]
    decisive = [segmenting.version(read.cues), lexical.VERSION, code(source.language), source.title, cues]
    return hashlib.sha256(json.dumps(decisive, ensure_ascii=False).encode()).hexdigest()


def _taken(prepared: _Prepared, status: Status, *, embedded: int = 0) -> Taken:
    read, source = prepared.read, prepared.source
    pace = captions.measured(read.cues, source.duration_s)
    return Taken(
        slug=prepared.source.slug,
        path=prepared.source.path,
        status=status,
        format=read.format,
        found=read.found,
        kept=len(read.cues),
        refusals=read.refused,
        repairs=read.repairs,
        pace=pace,
        remarks=(*captions.remarks(pace), *_long(prepared.segments), *prepared.remarks),
        segments=len(prepared.segments),
        embedded=embedded,
    )
