"""Create courses and find them again."""

import difflib

from psycopg_pool import AsyncConnectionPool

from db import courses, lectures
from db.records import Course, CourseId, Language, Lecture
from services import i18n
from services.errors import Broken, Refused
from services.ground.text import clean

LONGEST_ECHO = 80
"""Characters of what somebody typed that a refusal repeats."""
NOT_STORED = CourseId(0)
"""The id of a course that is only planned; ids of stored ones begin at 1."""


class UnknownCourse(Refused):
    """There is no course of that name."""


class Courses:
    """The courses of this installation."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def create(self, *, slug: str, title: str, language: Language, reader: Language = "en") -> Course:
        """
        Create a course.

        Raises:
            Refused: the slug is taken or malformed, said in the *reader*'s language.

        """
        _require_slug(slug, reader)
        async with self._pool.connection() as conn:
            course = await courses.insert(conn, slug=slug, title=clean(title)[:500] or slug, language=language)
        if course is None:
            raise Refused(i18n.text("course.taken", reader, slug=slug))
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

    async def by_id(self, course: CourseId) -> Course:
        """
        Return the course of an id.

        Raises:
            Broken: there is none, although a row of ours names it.

        """
        async with self._pool.connection() as conn:
            found = await courses.by_id(conn, course)
        if found is None:
            raise Broken(f"There is no course with the id {course}.")
        return found

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
        _require_slug(slug, "en")
        return Course(id=NOT_STORED, slug=slug, title=slug, language=language), True

    async def every(self) -> list[Course]:
        async with self._pool.connection() as conn:
            return await courses.every(conn)

    async def lectures(self, course: Course) -> list[Lecture]:
        """The course's lectures, by date."""
        async with self._pool.connection() as conn:
            return await lectures.of_course(conn, course.id)

    async def lecture(self, course: Course, slug: str, *, reader: Language = "en") -> Lecture:
        """
        Return the lecture called *slug*.

        Raises:
            Refused: the course has no such lecture; the message, in the *reader*'s language, names close ones.

        """
        slug = clean(slug)
        async with self._pool.connection() as conn:
            lecture = await lectures.by_slug(conn, course=course.id, slug=slug)
            known = [] if lecture else [lecture.slug for lecture in await lectures.released(conn, course.id)]
        if lecture is None:
            near = difflib.get_close_matches(slug, known, n=3, cutoff=0.5) or known[:5]
            listed = listing(near) or i18n.text("course.none_yet", reader)
            raise Refused(i18n.text("course.no_lecture", reader, course=course.slug, slug=echo(slug), known=listed))
        return lecture


def _require_slug(slug: str, reader: Language) -> None:
    if not _is_slug(slug):
        raise Refused(i18n.text("course.bad_slug", reader, slug=echo(slug)))


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
    hint = f"did you mean {near[0]!r}?" if near else f"there are {listing(known)}."
    return f"There is no course {slug!r}; {hint}"


def echo(typed: str) -> str:
    """Return as much of what somebody typed as a refusal repeats."""
    return typed if len(typed) <= LONGEST_ECHO else typed[:LONGEST_ECHO] + "…"


def listing(names: list[str]) -> str:
    """Return the first ten *names* as a sentence lists them; "" where there are none."""
    return ", ".join(repr(name) for name in names[:10]) + (" …" if len(names) > 10 else "")
