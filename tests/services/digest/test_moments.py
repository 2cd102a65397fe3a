import random
from dataclasses import dataclass

import pytest

from services.digest.report import Place
from services.digest.topics import moments
from services.digest.topics.grouping import ALONE, Groups
from services.digest.topics.moments import joined

DROPOUT = ("o dropout fica ligado no teste?", "desligo o dropout no teste?", "dropout no teste pode?")
OTHER_WORDS = ("apagar neurônios no teste é certo?", "neurônios apagados no teste?")
NOTHING_ALIKE = ("quanto é zzz?", "kkk é zzz?")


@dataclass(frozen=True)
class Question:
    text: str
    language: str
    places: tuple[Place, ...]


def asked(texts: tuple[str, ...], start_s: float | None, lecture: int = 1) -> list[Question]:
    places = (
        () if start_s is None else (Place(lecture_id=lecture, lecture="Aula", start_s=start_s, url=None, citations=1),)
    )
    return [Question(text, "pt", places) for text in texts]


def labels_of(*groups: list[Question]) -> tuple[int, ...]:
    numbers = tuple(number for number, group in enumerate(groups) for _ in group)
    return joined(
        Groups(labels=numbers, centrality=(0.5,) * len(numbers)), [question for group in groups for question in group]
    ).labels


def test_groups_that_cite_the_same_moment_in_like_words_are_one() -> None:
    assert labels_of(asked(DROPOUT, 100), asked(OTHER_WORDS, 110)) == (0, 0, 0, 0, 0)


def test_groups_that_cite_other_minutes_or_lectures_stay_apart() -> None:
    assert labels_of(asked(DROPOUT, 100), asked(OTHER_WORDS, 400)) == (0, 0, 0, 1, 1)
    assert labels_of(asked(DROPOUT, 100), asked(OTHER_WORDS, 100, 2)) == (0, 0, 0, 1, 1)


def test_groups_that_have_no_run_of_letters_in_common_stay_apart_whatever_they_cite() -> None:
    assert labels_of(asked(DROPOUT, 100), asked(NOTHING_ALIKE, 100)) == (0, 0, 0, 1, 1)


def test_groups_without_citations_stay_apart() -> None:
    assert labels_of(asked(DROPOUT, None), asked(OTHER_WORDS, None)) == (0, 0, 0, 1, 1)


def test_a_group_never_joins_one_that_has_joined_another() -> None:
    # The first cites two moments; each of the others cites one of them, and all use the same words.
    wide = [*asked(DROPOUT, 100), *asked(DROPOUT, 1_000)]

    assert set(labels_of(wide, asked(OTHER_WORDS, 100), asked(OTHER_WORDS, 100))) == {0}


def test_who_is_alone_stays_alone_and_the_larger_group_stays_the_most_typical() -> None:
    questions = [*asked(DROPOUT, 100), *asked(OTHER_WORDS, 100), *asked(("dropout?",), 100)]

    found = joined(Groups(labels=(7, 7, 7, 3, 3, ALONE), centrality=(0.5, 0.5, 0.5, 0.9, 0.9, 0.0)), questions)

    assert found.labels == (7, 7, 7, 7, 7, ALONE)
    assert max(found.centrality[3:5]) < 0.5


def test_the_order_of_the_questions_changes_nothing() -> None:
    # The last is as near to the first as to the second.
    first, second = asked(("xx dropout",) * 3, 100), asked(("yy dropout",) * 3, 700)
    between = [*asked(("dropout",), 100), *asked(("dropout",), 700)]

    def companions(*groups: list[Question]) -> set[str]:
        labels = labels_of(*groups)
        questions = [question.text for group in groups for question in group]
        of_between = {label for text, label in zip(questions, labels, strict=True) if text == "dropout"}
        return {text for text, label in zip(questions, labels, strict=True) if label in of_between}

    assert companions(first, second, between) == companions(second, first, between) == {"xx dropout", "dropout"}


def test_however_many_are_compared_at_once_the_same_groups_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = random.Random(7)  # noqa: S311 - made-up questions, the same each time
    words = ("dropout", "gradiente", "softmax", "kernel", "lote", "perda")
    groups = [
        asked((" ".join(drawn.choices(words, k=3)),) * 3, drawn.randrange(0, 900), drawn.randint(1, 2))
        for _ in range(60)
    ]
    at_once = labels_of(*groups)

    for block in (1, 7, 59, 60):
        monkeypatch.setattr(moments, "BLOCK", block)
        assert labels_of(*groups) == at_once
    assert 1 < len(set(at_once)) < 50


def test_no_words_are_weighed_where_no_two_groups_cite_the_same_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "letters", None)

    assert labels_of(asked(DROPOUT, 100), asked(OTHER_WORDS, 400)) == (0, 0, 0, 1, 1)
