"""Create courses and find them again."""

import difflib

from psycopg_pool import AsyncConnectionPool

from db import courses, lectures
from db.records import Course, CourseId, Language, Lecture
from services.errors import Refused
from services.manifest import clean

SLUG_RULE = "1 to 63 small letters, digits and hyphens, such as redes-neurais-2026"
NOT_STORED = CourseId(0)
"""The id of a course that is only planned; ids of stored ones begin at 1."""


class UnknownCourse(Refused):
    """There is no course of that name."""


class Courses:
    """The courses of this installation."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def create(self, *, slug: str, title: str, language: Language) -> Course:
        """
        Create a course.

        Raises:
            Refused: the slug is taken or malformed.

        """
        _require_slug(slug)
        async with self._pool.connection() as conn:
            course = await courses.insert(conn, slug=slug, title=clean(title)[:500] or slug, language=language)
        if course is None:
            raise Refused(f"There is a course {slug!r} already; choose another name, or use that one.")
        return course

    async def find(self, slug: str) -> Course:
        """
        Return the course called *slug*.

        Raises:
            UnknownCourse: there is none; the message says which there are.

        """
        slug = clean(slug)
        async with self._pool.connection() as conn:
            course = await courses.by_slug(conn, slug)
            known = [] if course else [known.slug for known in await courses.every(conn)]
        if course is None:
            raise UnknownCourse(_unknown(slug, known))
        return course

    async def find_or_create(self, slug: str, *, language: Language) -> tuple[Course, bool]:
        """
        Return the course called *slug*, and whether it was created just now.

        Raises:
            Refused: there is none, and the slug is malformed or (`UnknownCourse`) almost that of another.

        """
        course, is_new = await self.find_or_plan(slug, language=language)
        return (await self.create(slug=slug, title=slug, language=language) if is_new else course), is_new

    async def find_or_plan(self, slug: str, *, language: Language) -> tuple[Course, bool]:
        """Return what `find_or_create` would, and raise as it does; but a new course is not stored."""
        try:
            return await self.find(slug), False
        except UnknownCourse:
            known = [course.slug for course in await self.every()]
            if difflib.get_close_matches(slug, known, n=1, cutoff=0.8):
                raise
        _require_slug(slug)
        return Course(id=NOT_STORED, slug=slug, title=slug, language=language), True

    async def every(self) -> list[Course]:
        async with self._pool.connection() as conn:
            return await courses.every(conn)

    async def lectures(self, course: Course) -> list[Lecture]:
        """The course's lectures, by date."""
        async with self._pool.connection() as conn:
            return await lectures.of_course(conn, course.id)

    async def lecture(self, course: Course, slug: str) -> Lecture:
        """
        Return the lecture called *slug*.

        Raises:
            Refused: the course has no such lecture; the message names close ones.

        """
        slug = clean(slug)
        async with self._pool.connection() as conn:
            lecture = await lectures.by_slug(conn, course=course.id, slug=slug)
            known = [] if lecture else [lecture.slug for lecture in await lectures.of_course(conn, course.id)]
        if lecture is None:
            near = difflib.get_close_matches(slug, known, n=3, cutoff=0.5) or known[:5]
            raise Refused(f"The course {course.slug!r} has no lecture {slug!r}; it has {_listed(near)}.")
        return lecture


def _require_slug(slug: str) -> None:
    if not _is_slug(slug):
        raise Refused(f"{slug!r} cannot name a course; use {SLUG_RULE}.")


def _is_slug(slug: str) -> bool:
    return (
        0 < len(slug) <= 63
        and slug.isascii()
        and slug.replace("-", "a").isalnum()
        and slug == slug.lower()
        and not slug.startswith("-")
    )


def _unknown(slug: str, known: list[str]) -> str:
    if not known:
        return f"There is no course {slug!r}, nor any other; create it with `monitoria course create {slug} --title …`."
    near = difflib.get_close_matches(slug, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {_listed(known)}."
    return f"There is no course {slug!r}; {hint}"


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names[:10]) + (" …" if len(names) > 10 else "") if names else "none yet"
