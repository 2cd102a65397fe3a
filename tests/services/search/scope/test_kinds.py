"""What kind of reply questions in both languages ask for, by two tables, with how many come out right."""

from collections import Counter
from datetime import UTC
from zoneinfo import ZoneInfo

from db.records import LectureFacts
from services.search.scope.facts import Within
from services.search.scope.intents import Intent, intent
from services.search.scope.resolving import meant
from tests.services.search.scope.courses import TWICE_A_WEEK
from tests.services.search.scope.test_phrases import A_FRIDAY, lines

ZONE = ZoneInfo("America/Sao_Paulo")


def found(text: str) -> str:
    """Write what came of a phrase as the table does; "" where it asks for an answer."""
    scope = meant(text, now=A_FRIDAY.astimezone(UTC), zone=ZONE, lectures=TWICE_A_WEEK)
    asked = intent(text, scope.lectures if isinstance(scope, Within) else ())
    return written(asked) if asked else ""


def written(asked: Intent) -> str:
    match asked.kind:
        case "list":
            return f"list {asked.topic}"
        case "comparison" if not asked.sides:
            return f"comparison ~{asked.topic}"
        case "comparison" if asked.sides[0].lecture:
            return f"comparison {' '.join(f'#{side.lecture.id}' for side in asked.sides if side.lecture)}"
        case "comparison":
            return f"comparison {' | '.join(side.about for side in asked.sides)}"
        case "overview" | "missed":
            return f"{asked.kind} {' '.join(str(lecture.id) for lecture in asked.lectures)}"


def test_phrases_are_of_the_kind_that_the_table_says() -> None:
    told = [line.rpartition(" = ") for line in lines("kinds.txt")]
    wrong = {text: came for text, _, kind in told if (came := found(text)) != kind}
    counted = Counter("right" if text not in wrong else "none" if not wrong[text] else "wrong" for text, _, _ in told)

    print(f"{len(told)} phrases: {dict(counted)}")  # noqa: T201 - read by `pytest -s`
    assert len(told) >= 120
    assert {text: came for text, came in wrong.items() if came} == {}
    assert counted["right"] >= 0.97 * len(told), wrong


def test_what_only_looks_like_one_asks_for_an_answer() -> None:
    told = [*lines("kinds_look_like.txt")]
    wrong = {text: came for text in told if (came := found(text))}

    print(f"{len(told)} phrases: {len(wrong)} wrong")  # noqa: T201
    assert len(told) >= 120
    assert wrong == {}


def test_a_chosen_lecture_is_the_one_that_is_meant() -> None:
    chosen: tuple[LectureFacts, ...] = TWICE_A_WEEK[4:5]

    assert intent("resume a aula 9", chosen) == Intent(kind="overview", lectures=chosen)
    assert intent("resume a aula", chosen) == Intent(kind="overview", lectures=chosen)
    assert intent("o que é dropout?", chosen) is None


def test_a_long_run_of_small_words_is_read_at_once() -> None:
    for word in ("a ", "o que ", "em que aula foi ", "a e ", "compara o x e "):
        found((word * 800)[:1_500])
