"""Say which lectures a question is about, or that there is no such one, in the language of whoever asked."""

from collections.abc import Sequence
from datetime import date

from db.records import Language, LectureFacts
from services import i18n
from services.search.scope.facts import Missing, Nowhere, OneOf

MOST_NAMED = 3


def called(lecture: LectureFacts, language: Language) -> str:
    """Return a lecture's title with its day."""
    return f"{lecture.title}, {_day(lecture.held_on, language)}" if lecture.held_on else lecture.title


def named(lectures: Sequence[LectureFacts], language: Language) -> str:
    """Return lectures in a line; of many, the first, the last and how many."""
    if len(lectures) <= MOST_NAMED:
        return "; ".join(called(lecture, language) for lecture in lectures)
    first, last = called(lectures[0], language), called(lectures[-1], language)
    return i18n.text("scope.many", language, first=first, last=last, count=len(lectures))


def question_back(scope: OneOf | Nowhere, language: Language) -> str:
    """Return the sentence that asks which lecture is meant, or says that there is none, with those that there are."""
    match scope:
        case OneOf():
            said = i18n.text("scope.this_one" if len(scope.lectures) == 1 else "scope.which", language)
        case Nowhere():
            said = _missing(scope.missing, language)
    return "\n".join((said, *(f"- {called(lecture, language)}" for lecture in _there_are(scope))))


def _there_are(scope: OneOf | Nowhere) -> tuple[LectureFacts, ...]:
    return scope.lectures if isinstance(scope, OneOf) else scope.nearest


def _missing(missing: Missing, language: Language) -> str:
    if missing.number is not None:
        return i18n.text("scope.no_number", language, number=missing.number)
    if missing.week is not None:
        return i18n.text("scope.no_week", language, week=missing.week)
    first, last = _day(missing.first, language), _day(missing.last, language)
    if first == last:
        return i18n.text("scope.no_day", language, day=first)
    return i18n.text("scope.no_days", language, first=first, last=last)


def _day(day: date | None, language: Language) -> str:
    if day is None:
        return ""
    return f"{day:%d/%m/%Y}" if language == "pt-BR" else f"{day:%Y-%m-%d}"
