"""Narrow a question to the lectures that it names in its own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from db import lectures, questions, scopes
from db.records import AnswerScope, Course, LectureFacts, LectureId, QuestionId
from services.answering.phrasing import leans
from services.search.scope.facts import EVERYWHERE, Everywhere, Nowhere, OneOf, Scope, Within
from services.search.scope.intents import Intent, intent
from services.search.scope.resolving import meant, names_lectures, narrowed, speaks_of_lectures, without_scope
from services.words.fillers import FILLERS
from services.words.for_staff import needs_staff
from services.words.terms import fold, terms, words

OVERVIEW = frozenset(
    """
    aborda abordou assunto assuntos conteudo dito explicado falado geral perdi resuma resume resumir resumo rolou tema
    teve trata tratou vimos visto
    about covered discussed missed recap say said summarise summarize summary talk talked topic topics
    """.split()  # noqa: SIM905 - word lists read better as running text
)
"""Words that ask for a lecture as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointed:
    """Where a question is to be looked for, and which lectures it is about: all of a course, if it names all."""

    scope: Scope = EVERYWHERE
    named: tuple[LectureFacts, ...] = ()


NOWHERE_ELSE = Pointed()


async def pointed(
    conn: AsyncConnection,
    course: Course,
    question: QuestionId,
    text: str,
    *,
    chosen: LectureId | None,
    follows: QuestionId | None,
) -> Pointed:
    """
    Return which lectures a stored question names, as of when it was said, in the course's time zone.

    A lecture that was *chosen* apart from the words wins over them. Where they name none, it is about the lectures of
    the question that it *follows*. Only a question that may be about some costs a look.
    """
    if chosen is None and follows is None and not names_lectures(text, datetime.now(UTC), UTC):
        return NOWHERE_ELSE
    told = await questions.told(conn, course=course.id, question=question)
    if told is None or told.everywhere or needs_staff(text):
        return NOWHERE_ELSE
    if told.lecture_id is not None:
        known = await lectures.released(conn, course.id)
        return Pointed(named=tuple(lecture for lecture in known if lecture.id == told.lecture_id))
    if names_lectures(text, told.said_at, ZoneInfo(told.time_zone)):
        known = await lectures.released(conn, course.id)
        found = meant(text, now=told.said_at, zone=ZoneInfo(told.time_zone), lectures=known)
        return Pointed(scope=narrowed(found, known), named=found.lectures if isinstance(found, Within) else ())
    if follows is not None:
        before = await scopes.of_question(conn, course=course.id, question=follows)
        return Pointed(scope=Within(lectures=before), named=before) if before else NOWHERE_ELSE
    return NOWHERE_ELSE


def takes_along(text: str) -> bool:
    """Tell whether *text* takes the lectures along of the question that it follows: it leans on it, and names none."""
    return leans(text) and not speaks_of_lectures(text)


def asked_for(text: str, understood: str, named: Sequence[LectureFacts]) -> Intent | None:
    """Return what a question asks for, in its own words or as it was understood; None: an answer."""
    return intent(text, named) or (intent(understood, named) if understood != text else None)


def searched_for(text: str, within: Scope) -> str:
    """
    Return what to search *within* for: *text* without the words that chose the lectures.

    What asks for a lecture as a whole has no words of its own: then its title says what it is about.
    """
    if not isinstance(within, Within):
        return text
    left = without_scope(text, datetime.now(UTC), UTC, named=within.lectures)
    if any(terms(word, "pt") and fold(word) not in FILLERS | OVERVIEW for word in words(left)):
        return left
    return ". ".join(lecture.title for lecture in within.lectures)


def recorded_as(found: Scope) -> AnswerScope | None:
    """Return *found* as it is stored with an answer."""
    match found:
        case Everywhere():
            return None
        case Within():
            return AnswerScope(kind="within", lectures=found.lectures)
        case OneOf():
            return AnswerScope(kind="one_of", lectures=found.lectures)
        case Nowhere():
            return AnswerScope(kind="nowhere", lectures=found.nearest)
