"""Find the lecture that somebody means by what they type, among those that they may know of, and its map."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from psycopg_pool import AsyncConnectionPool

from db import course_settings, lectures, maps
from db.records import Course, Language, Lecture, LectureFacts, LectureId, Role
from db.records.maps import LectureMap
from services import i18n
from services.errors import Refused
from services.ground.text import clean
from services.search.scope.facts import OneOf, Within
from services.search.scope.numbering import numbering
from services.search.scope.resolving import scope
from services.words.terms import fold

LONGEST_ECHO = 80
LONGEST_TYPED = 200
"""What names a lecture is said by then; Discord takes 6,000 characters, and sends them anew with each key."""
MOST_NAMED = 5
"""Lectures that a refusal names."""
NUMBER = re.compile(r"(?:(?:aula|lecture|n|no)[ .º°#]*)?0*(?P<number>\d{1,3})")
MONTHS = (
    *("jan janeiro january", "feb fev fevereiro february", "mar marco march", "apr abr abril april", "mai may maio"),
    *("jun junho june", "jul julho july", "aug ago agosto august", "sep set setembro september"),
    *("oct out outubro october", "nov novembro november", "dec dez dezembro december"),
)


class Lookup:
    """The lectures of a course and their maps, for who may see them."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def lectures(self, course: Course, role: Role) -> list[Lecture]:
        """The lectures that somebody of this *role* may know of, by date."""
        async with self._pool.connection() as conn:
            return await lectures.visible(conn, course.id, reader=role)

    async def offered(self, course: Course, typed: str, role: Role) -> list[Lecture]:
        """Return the lectures that *typed*, as far as it goes, may come to mean, the likeliest first."""
        return offered(await self.lectures(course, role), clean(typed), await self._now(course))

    async def meant(self, course: Course, typed: str, role: Role, language: Language) -> Lecture:
        """
        Return the one lecture that *typed* means: the name by which it was offered, or words.

        Raises:
            Refused: it may mean several, or none; the message names what there is.

        """
        known = await self.lectures(course, role)
        if chosen := next((one for one in known if typed in {one.slug, name(one)}), None):
            return chosen
        found = meant(known, clean(typed), await self._now(course))
        if len(found) == 1:
            return found[0]
        key = "lecture.several" if found else "lecture.unknown" if known else "lectures.none"
        listed = "; ".join(one.title for one in (found or known)[:MOST_NAMED])
        more = " …" if len(found or known) > MOST_NAMED else ""
        raise Refused(i18n.text(key, language, typed=clean(typed)[:LONGEST_ECHO], known=listed + more))

    async def _now(self, course: Course) -> datetime:
        async with self._pool.connection() as conn:
            return datetime.now(ZoneInfo(await course_settings.time_zone(conn, course.id)))

    async def map(self, course: Course, lecture: LectureId, role: Role) -> LectureMap | None:
        """Return the lecture's map; None: it has none, or nobody of this *role* may see it."""
        async with self._pool.connection() as conn:
            return await maps.read_map(conn, course=course.id, lecture=lecture, reader=role)


def name(lecture: Lecture) -> str:
    """Return what names the lecture in a choice of Discord's, which takes 100 characters."""
    return lecture.slug if len(lecture.slug) <= 100 else f"#{lecture.id}"


def offered(known: Sequence[Lecture], typed: str, now: datetime) -> list[Lecture]:
    """Return those of *known* that *typed* may come to mean, the likeliest first; the latest, of nothing typed."""
    wanted = _wanted(typed)
    if not wanted:
        return sorted(known, key=lambda one: one.held_on or date.min, reverse=True)
    exact = _pointed_at(known, wanted, now)
    if exact and not wanted.isdigit():
        return exact
    # Who types a number may go on, to a longer one or a day.
    return [*exact, *(one for one in known if one not in exact and _is_like(one, wanted))]


def meant(known: Sequence[Lecture], typed: str, now: datetime) -> list[Lecture]:
    """
    Return those of *known* that *typed* means; *now* is the course's.

    A number and a day are what they say: "5" is lecture 5, neither the fifteenth nor one held on the fifth, where there
    is such a lecture. Everything else is looked for in titles, names and days.
    """
    wanted = _wanted(typed)
    return _pointed_at(known, wanted, now) or [one for one in known if wanted and _is_like(one, wanted)]


def _wanted(typed: str) -> str:
    return " ".join(fold(typed[:LONGEST_TYPED]).split())


def _pointed_at(known: Sequence[Lecture], wanted: str, now: datetime) -> list[Lecture]:
    return _numbered(known, wanted) or _scoped(known, wanted, now)


def _numbered(known: Sequence[Lecture], wanted: str) -> list[Lecture]:
    told = NUMBER.fullmatch(wanted)
    return [one for one in known if told and numbering(_facts(one)).number == int(told["number"])]


def _scoped(known: Sequence[Lecture], wanted: str, now: datetime) -> list[Lecture]:
    """Return the lectures that words such as "terça passada" or "as duas últimas" point at."""
    facts = [_facts(one) for one in known]
    zone = now.tzinfo or UTC
    for asked in (wanted, f"na aula de {wanted}", f"a {wanted} aula"):
        found = scope(asked, now=now, zone=zone, lectures=facts)
        if isinstance(found, Within | OneOf):
            ids = {one.id for one in found.lectures}
            return [one for one in known if one.id in ids]
    return []


def _is_like(lecture: Lecture, wanted: str) -> bool:
    said = [fold(lecture.title), fold(lecture.slug), *(_days(lecture.held_on) if lecture.held_on else ())]
    return any(wanted in one for one in said) or _has_words(said, wanted)


def _has_words(said: Sequence[str], wanted: str) -> bool:
    """Tell whether each word of *wanted* begins one that is *said*, in whichever order."""
    words = re.findall(r"\w+", " ".join(said))
    asked = re.findall(r"\w+", wanted)
    return bool(asked) and all(any(word.startswith(one) for word in words) for one in asked)


def _days(held_on: date) -> Iterator[str]:
    """Yield a day as people write it, folded."""
    day, month, year = held_on.day, held_on.month, held_on.year
    yield held_on.isoformat()
    yield from (f"{day:02}{sign}{month:02}{sign}{year}" for sign in "/.-")
    yield f"{day}/{month}/{year}"
    for called in MONTHS[month - 1].split():
        yield f"{day} de {called} {day} {called} {called} {day}"


def _facts(lecture: Lecture) -> LectureFacts:
    return LectureFacts(id=lecture.id, slug=lecture.slug, title=lecture.title, held_on=lecture.held_on)
