"""What somebody types finds the lecture that they mean."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from db.records import CourseId, Lecture, LectureId, TranscriptId
from services.lectures.lookup import meant, name, offered

NOW = datetime(2026, 11, 26, 15, tzinfo=ZoneInfo("America/Sao_Paulo"))  # a Thursday


def lecture(number: int, title: str, held_on: date | None, slug: str = "") -> Lecture:
    return Lecture(
        id=LectureId(number), course_id=CourseId(1), slug=slug or f"aula-{number:02}", title=title, language="pt",
        video_url=None, held_on=held_on, duration_s=None, released_at=None, source="", transcript_id=TranscriptId(1),
    )  # fmt: skip


KNOWN = [
    lecture(1, "Aula 1: Perceptron", date(2026, 3, 5)),
    lecture(2, "Aula 2: Retropropagação", date(2026, 3, 12)),
    lecture(5, "Aula 5: Regularização e dropout", date(2026, 11, 17)),
    lecture(15, "Aula 15: Atenção", date(2026, 11, 24)),
    lecture(16, "Aula 16: Revisão da aula 5", None),
]


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("5", [5]),
        ("aula 5", [5]),
        ("Aula 05", [5]),
        ("lecture 15", [15]),
        ("aula-02", [2]),
        ("12/03", [2]),
        ("12/03/2026", [2]),
        ("2026-03-12", [2]),
        ("12 de março", [2]),
        ("march 12", [2]),
        ("dropout", [5]),
        ("retropropagacao", [2]),
        ("DROPOUT regu", [5]),
        ("terça passada", [5, 15]),
        ("aula de terça", [15]),
        ("última", [16]),
        ("março", [1, 2]),
        ("fotossíntese", []),
        ("99", []),
        ("", []),
        ("  ", []),
        ("*", []),
    ],
)
def test_what_is_typed_means_these_lectures(typed: str, numbers: list[int]) -> None:
    assert sorted(one.id for one in meant(KNOWN, typed, NOW)) == numbers


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("", [15, 5, 2, 1, 16]),
        ("1", [1, 2, 5, 15, 16]),
        ("12/", [2]),
        ("ate", [15]),
        ("revisão", [16]),
    ],
)
def test_while_it_is_typed_these_are_offered_the_likeliest_first(typed: str, numbers: list[int]) -> None:
    assert [one.id for one in offered(KNOWN, typed, NOW)] == numbers


def test_a_name_of_any_length_fits_into_a_choice() -> None:
    assert name(lecture(3, "x", None, slug="a" * 100)) == "a" * 100
    assert name(lecture(3, "x", None, slug="a" * 101)) == "#3"


def test_a_long_hostile_text_is_looked_for_as_it_is() -> None:
    assert meant(KNOWN, "(" * 5_000 + "\\q+" * 100, NOW) == []


def test_of_a_text_that_is_far_too_long_the_beginning_is_looked_at() -> None:
    typed = f"dropout{' ' * 200}{'fotossíntese ' * 400}"

    assert [one.id for one in meant(KNOWN, typed, NOW)] == [5]
    assert [one.id for one in offered(KNOWN, typed, NOW)] == [5]
