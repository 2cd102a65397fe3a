"""What questions in both languages say of lectures, by two tables, with how many come out right."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.search.scope.facts import Everywhere, Nowhere, OneOf, Scope, Within
from services.search.scope.resolving import scope, without_scope
from tests.services.search.scope.courses import COURSES

HERE = Path(__file__).parent
A_FRIDAY = datetime(2026, 10, 9, 10, 0, tzinfo=ZoneInfo("America/Sao_Paulo"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A line of a table: where and when it is asked, and what it means."""

    course: str
    now: datetime
    text: str
    meant: str

    @property
    def found(self) -> str:
        zone = self.now.tzinfo
        assert zone is not None
        return written(scope(self.text, now=self.now, zone=zone, lectures=COURSES[self.course]))


def written(found: Scope) -> str:
    """Write what came of a phrase as the table does."""
    match found:
        case Everywhere():
            return "all"
        case Within():
            return " ".join(str(lecture.id) for lecture in found.lectures)
        case OneOf():
            return " ".join(("?", *(str(lecture.id) for lecture in found.lectures)))
        case Nowhere():
            return "none"


def said() -> Iterator[Phrase]:
    course, now = "", A_FRIDAY
    for line in lines("said.txt"):
        if line.startswith("@"):
            _, course, moment, zone = line.split()
            now = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))
        else:
            text, _, meant = line.rpartition(" = ")
            yield Phrase(course=course, now=now, text=text, meant=meant)


def looks_like() -> Iterator[Phrase]:
    for line in lines("looks_like.txt"):
        yield Phrase(course="twice", now=A_FRIDAY, text=line, meant="all")


def lines(name: str) -> Iterator[str]:
    text = (HERE / name).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def outcome(phrase: Phrase) -> str:
    found = phrase.found
    if found == phrase.meant:
        return "right"
    # To ask back or to search everywhere is no wrong answer.
    return "refused" if found == "all" or found.startswith("?") else "wrong"


def test_phrases_mean_what_the_table_says() -> None:
    outcomes = [(phrase.course, phrase.text, outcome(phrase)) for phrase in said()]
    counted = Counter(came for *_, came in outcomes)

    print(f"{len(outcomes)} phrases: {dict(counted)}")  # noqa: T201 - read by `pytest -s`
    assert len(outcomes) >= 200
    assert [one for one in outcomes if one[-1] == "wrong"] == []
    assert counted["right"] >= 0.97 * len(outcomes)


def test_nothing_that_only_looks_like_a_lecture_narrows_a_question() -> None:
    wrong = {phrase.text: phrase.found for phrase in looks_like() if phrase.found != "all"}

    print(f"{len([*looks_like()])} phrases: {len(wrong)} wrong")  # noqa: T201
    assert len([*looks_like()]) >= 100
    assert wrong == {}


@pytest.mark.parametrize("course", COURSES)
def test_no_course_makes_a_look_alike_certain(course: str) -> None:
    for line in lines("looks_like.txt"):
        found = scope(line, now=A_FRIDAY, zone=ZoneInfo("UTC"), lectures=COURSES[course])

        assert isinstance(found, Everywhere), line


def test_a_course_without_lectures_is_searched_as_ever() -> None:
    assert scope("o que ele falou na aula 5?", now=A_FRIDAY, zone=ZoneInfo("UTC"), lectures=()) == Everywhere()


@pytest.mark.parametrize("beginning", ["x", "da ", ", ", "not de "])
@pytest.mark.parametrize("ending", ["lecture 5 ", "aula 1 ", "the friday lecture "])
def test_a_question_that_repeats_itself_does_not_keep_us_busy(beginning: str, ending: str) -> None:
    text = (beginning * 4_000)[:4_000] + (" " + ending) * 200
    started = time.thread_time()

    scope(text, now=A_FRIDAY, zone=ZoneInfo("UTC"), lectures=COURSES["twice"])
    without_scope(text, A_FRIDAY, ZoneInfo("UTC"))

    assert time.thread_time() - started < 5  # a quadratic step for each lecture takes much longer
