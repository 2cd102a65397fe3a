"""Show the maps of a course's lectures, and let staff say what their chapters are."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import chapter_edits, lectures, map_jobs, maps
from db.records import Course, Lecture, LectureId, Role
from db.records.maps import Chapter, ChapterEdit, LectureMap
from services.citing.citations import LEAD_IN_S
from services.errors import Refused
from services.ground.text import clean
from services.lectures.links import moment
from services.mapping.material import Material, material, store

LONGEST_TITLE = 100
NUMBERS = re.compile(r"\s*([0-9]{1,3})\s*(?:[-–]\s*([0-9]{1,3})\s*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class LostWords:
    """What staff have said of a stretch of a lecture where other words are said by now: they are to be asked."""

    id: int
    lecture: str  # slug
    lecture_title: str
    start_ms: int  # as it was
    end_ms: int
    title: str | None  # None: staff gave none
    is_dropped: bool
    lost_at: datetime


def opened_at(of: LectureMap, chapter: Chapter) -> str | None:
    """Return the address that opens the lecture where *chapter* begins, or None where there is no video."""
    return moment(of.video_url, chapter.start_ms / 1000, of.duration_s)


def proven_at(of: LectureMap, chapter: Chapter) -> str | None:
    """Return the address that opens the lecture where the words are said that prove *chapter*'s line."""
    said_s = chapter.quote_start_ms / 1000
    return moment(of.video_url, max(said_s - LEAD_IN_S, chapter.start_ms / 1000), of.duration_s)


def chosen(written: str) -> tuple[int, int]:
    """
    Read which chapters are meant.

    >>> chosen("3"), chosen("2-4")
    ((3, 3), (2, 4))

    Raises:
        Refused: it is no number and no range.

    """
    found = NUMBERS.fullmatch(written)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        raise Refused(f"{written[:40]!r} names no chapters; write a number such as 3, or a range such as 2-4.")
    return first, last


class Maps:
    """The maps of courses, as people see and change them."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def of(self, course: Course, slug: str, *, reader: Role = "student") -> LectureMap | None:
        """
        Return the map of a lecture, as *reader* may see it; None: it has none now.

        Raises:
            Refused: there is no such lecture, or none that *reader* may know of.

        """
        async with self._pool.connection() as conn:
            lecture = await _lecture(conn, course, slug, reader)
            return await maps.read_map(conn, course=course.id, lecture=lecture.id, reader=reader)

    async def rename(
        self, course: Course, slug: str, numbers: str, title: str, *, version: int | None = None
    ) -> LectureMap:
        """
        Call a chapter *title*, also in every later map while the same is said there.

        The number is one of the map's *version*; None, here and below: of the map that there is.

        Raises:
            Refused: there is no such lecture, map or chapter, more than one is named, or the title cannot be used.

        """
        first, last = chosen(numbers)
        if first != last:
            raise Refused("One title goes with one chapter; merge them first.")
        return await self._changed(course, slug, first, last, title=_title(title), version=version)

    async def merge(
        self, course: Course, slug: str, numbers: str, title: str | None = None, *, version: int | None = None
    ) -> LectureMap:
        """
        Make one chapter of several that follow each other, called *title* or as it would be anyway.

        Raises:
            Refused: there is no such lecture, map or chapter, or there is nothing to merge.

        """
        first, last = chosen(numbers)
        if first == last:
            raise Refused("One chapter alone cannot be merged; name several that follow each other, such as 2-4.")
        named = _title(title) if title is not None else None
        return await self._changed(course, slug, first, last, title=named, version=version)

    async def drop(self, course: Course, slug: str, numbers: str, *, version: int | None = None) -> LectureMap:
        """
        Take chapters out of the map.

        Raises:
            Refused: there is no such lecture, map or chapter, or none would be left.

        """
        first, last = chosen(numbers)
        return await self._changed(course, slug, first, last, title=None, drops=True, version=version)

    async def reset(self, course: Course, slug: str) -> LectureMap:
        """
        Forget what staff have said of a lecture, and draw its map anew.

        Raises:
            Refused: there is no such lecture, or nothing is said in it that can be quoted.

        """

        async def forget(conn: AsyncConnection, lecture: LectureId) -> None:
            await chapter_edits.forget_all(conn, course=course.id, lecture=lecture)

        return await self._redrawn(course, slug, forget, stays=False)

    async def lost(self, course: Course, slug: str | None = None) -> list[LostWords]:
        """Return what staff are to be asked about: of one lecture, or of all."""
        async with self._pool.connection() as conn:
            found = await chapter_edits.lost(conn, course=course.id)
            known = {lecture.id: lecture for lecture in await lectures.of_course(conn, course.id)}
        asked = [_lost(edit, known[edit.lecture_id]) for edit in found if edit.lecture_id in known]
        return [one for one in asked if slug in (None, one.lecture)]

    async def keep(self, course: Course, slug: str, lost: int) -> LectureMap:
        """
        Let what staff had said hold for the chapter that lies there now, whatever is said in it.

        Raises:
            Refused: there is no such lecture, nothing such is asked, or no chapter lies there.

        """
        edit = await self._asked(course, slug, lost)
        async with self._pool.connection() as conn:
            lecture = await _lecture(conn, course, slug, "staff")
            now = await _require_map(conn, course, lecture)
        near = max(now.chapters, key=lambda one: min(one.end_ms, edit.end_ms) - max(one.start_ms, edit.start_ms))
        return await self._changed(
            course, slug, near.ordinal, near.ordinal, title=edit.title, drops=edit.is_dropped, instead_of=edit.id
        )

    async def forget(self, course: Course, slug: str, lost: int) -> None:
        """
        Give up what staff had said of words that are not said any more.

        Raises:
            Refused: there is no such lecture, or nothing such is asked.

        """
        edit = await self._asked(course, slug, lost)
        async with self._pool.connection() as conn:
            await chapter_edits.forget(conn, course=course.id, edit=edit.id)

    async def _asked(self, course: Course, slug: str, lost: int) -> LostWords:
        found = next((one for one in await self.lost(course, slug) if one.id == lost), None)
        if found is None:
            raise Refused(f"Nothing is asked under the number {lost} about {slug!r}; `monitoria map` shows what is.")
        return found

    async def _changed(
        self,
        course: Course,
        slug: str,
        first: int,
        last: int,
        *,
        title: str | None,
        drops: bool = False,
        instead_of: int | None = None,
        version: int | None = None,
    ) -> LectureMap:
        """Change chapters by their numbers, which are those of *version*: None, and of whichever map there is."""

        async def change(conn: AsyncConnection, lecture: LectureId) -> None:
            made = await material(conn, course=course.id, lecture=lecture)
            if made is None or not made.is_current or not made.before:
                raise Refused(NO_MAP.format(slug=slug))
            if version is not None:
                now = await maps.read_map(conn, course=course.id, lecture=lecture, reader="staff")
                if now is None or now.version != version:
                    raise Refused(f"The map of {slug!r} has changed meanwhile; look at it again.")
            if instead_of is not None:
                await chapter_edits.forget(conn, course=course.id, edit=instead_of)
            await _say(conn, made, _range(made, first, last), title=title, drops=drops)

        return await self._redrawn(course, slug, change, stays=True)

    async def _redrawn(
        self, course: Course, slug: str, change: Callable[[AsyncConnection, LectureId], Awaitable[None]], *, stays: bool
    ) -> LectureMap:
        """Change what staff say and draw the map by it, in one transaction; whatever a model has to add comes later."""
        async with self._pool.connection() as conn, conn.transaction():
            lecture = await _lecture(conn, course, slug, "staff")
            await maps.lock(conn, course=course.id, lecture=lecture.id)
            await change(conn, lecture.id)
            made = await material(conn, course=course.id, lecture=lecture.id)
            if made is None:
                raise Refused(NO_MAP.format(slug=slug))
            drawn = await asyncio.to_thread(made.drawn, stays=stays)
            if not drawn.chapters:
                raise Refused(f"Nothing would be left of the map of {slug!r}; keep one chapter at least.")
            await store(conn, made, drawn)
            await map_jobs.promise(conn, course=course.id, lectures=[lecture.id], stage="write")
            return await _require_map(conn, course, lecture)


NO_MAP = "There is no map of {slug!r} yet: one is made when a lecture is taken in; `monitoria ingest` it again."


async def _say(
    conn: AsyncConnection, made: Material, among: tuple[Chapter, ...], *, title: str | None, drops: bool
) -> None:
    start_ms, end_ms = among[0].start_ms, among[-1].end_ms
    await chapter_edits.put(
        conn,
        course=made.course,
        lecture=made.lecture,
        start_ms=start_ms,
        end_ms=end_ms,
        fingerprint=made.speech.fingerprint(start_ms, end_ms),
        # Words that staff, or who published the video, gave the first of several are words for all of them.
        title=title or (among[0].title if not drops and among[0].origin in {"staff", "published"} else None),
        is_dropped=drops,
    )


def _range(made: Material, first: int, last: int) -> tuple[Chapter, ...]:
    if last > len(made.before):
        raise Refused(f"There is no chapter {last}: the map has {len(made.before)}.")
    return made.before[first - 1 : last]


def _title(written: str) -> str:
    title = clean(written)
    if not title:
        raise Refused("A chapter needs a title; write some words.")
    if len(title) > LONGEST_TITLE:
        raise Refused(f"The title has {len(title)} characters; use up to {LONGEST_TITLE}.")
    return title


async def _lecture(conn: AsyncConnection, course: Course, slug: str, reader: Role) -> Lecture:
    found = await lectures.by_slug(conn, course=course.id, slug=slug)
    is_known = found and (reader == "staff" or found.id in {one.id for one in await lectures.released(conn, course.id)})
    if found is None or not is_known:
        raise Refused(
            f"There is no lecture {slug!r} in {course.slug!r}; `monitoria course show {course.slug}` lists them."
        )
    return found


async def _require_map(conn: AsyncConnection, course: Course, lecture: Lecture) -> LectureMap:
    found = await maps.read_map(conn, course=course.id, lecture=lecture.id, reader="staff")
    if found is None:
        raise Refused(NO_MAP.format(slug=lecture.slug))
    return found


def _lost(edit: ChapterEdit, lecture: Lecture) -> LostWords:
    assert edit.lost_at is not None  # noqa: S101 - as it was asked for
    return LostWords(
        id=edit.id,
        lecture=lecture.slug,
        lecture_title=lecture.title,
        start_ms=edit.start_ms,
        end_ms=edit.end_ms,
        title=edit.title,
        is_dropped=edit.is_dropped,
        lost_at=edit.lost_at,
    )
