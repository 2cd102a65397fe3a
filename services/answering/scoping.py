"""Narrow a question to the lectures that it names in its own words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from db import lectures, questions
from db.records import AnswerScope, Course, QuestionId
from services.search.scope.facts import EVERYWHERE, Everywhere, Nowhere, OneOf, Scope, Within
from services.search.scope.resolving import names_lectures, scope, without_scope
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


async def scope_of(conn: AsyncConnection, course: Course, question: QuestionId, text: str) -> Scope:
    """
    Return which lectures a stored question names, as of when it was said, in the course's time zone.

    A lecture that was chosen apart from the words wins over them. Only a question that may name one costs a look.
    """
    if not names_lectures(text, datetime.now(UTC), UTC) or needs_staff(text):
        return EVERYWHERE
    told = await questions.told(conn, course=course.id, question=question)
    if told is None or told.everywhere or told.lecture_id is not None:
        return EVERYWHERE
    known = await lectures.released(conn, course.id)
    return scope(text, now=told.said_at, zone=ZoneInfo(told.time_zone), lectures=known)


def searched_for(text: str, within: Scope) -> str:
    """
    Return what to search *within* for: *text* without the words that chose the lectures.

    What asks for a lecture as a whole has no words of its own: then its title says what it is about.
    """
    if not isinstance(within, Within):
        return text
    left = without_scope(text, datetime.now(UTC), UTC)
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
