"""What an answer without marks is given, and how often that is right on pairs that were labelled by hand."""

import time
from collections.abc import Iterator

import pytest

from db.records import Hit
from services.citing.attribution import LEAST_SUPPORT, attributed, support
from services.citing.support import rarity
from tests.passages import hit
from tests.services.attribution_pairs import PASSAGES

HITS = [
    hit(*cues, rank=rank, lecture=f"aula-{rank:02}", language=language)
    for rank, (language, cues, _, _) in enumerate(PASSAGES, start=1)
]


def pairs() -> Iterator[tuple[str, Hit, bool]]:
    """Each sentence with its passage, and whether the passage says it."""
    for passage, (_, _, said, unsaid) in zip(HITS, PASSAGES, strict=True):
        yield from ((sentence, passage, True) for sentence in said)
        yield from ((sentence, passage, False) for sentence in unsaid)


def precision_and_recall(least: float) -> tuple[float, float]:
    shown = [is_said for sentence, passage, is_said in pairs() if support(sentence, passage, rarity(HITS)) >= least]
    return sum(shown) / len(shown), sum(shown) / sum(is_said for _, _, is_said in pairs())


def test_there_are_enough_labelled_pairs() -> None:
    labels = [is_said for _, _, is_said in pairs()]

    assert len(labels) >= 150
    assert sum(labels) == len(labels) / 2


def test_what_is_shown_is_nearly_always_said_by_its_passage() -> None:
    precision, recall = precision_and_recall(LEAST_SUPPORT)

    assert precision >= 0.95
    assert recall >= 0.75


@pytest.mark.parametrize("number", range(1, len(PASSAGES) + 1))
def test_among_all_passages_a_sentence_is_given_its_own(number: int) -> None:
    for sentence in PASSAGES[number - 1][2]:
        given = attributed(sentence, HITS)
        assert given in {"", f"{sentence[:-1]} [{number}]."}


def test_what_no_passage_supports_is_left_out() -> None:
    text = "O dropout é uma forma de regularizar a rede.\n\nEle foi inventado em Toronto por acaso. Boa prova!"

    assert attributed(text, HITS) == "O dropout é uma forma de regularizar a rede [1]."


def test_nothing_is_given_to_nothing() -> None:
    assert attributed("", HITS) == attributed("Sim.", HITS) == attributed("O dropout regulariza a rede.", []) == ""


@pytest.mark.parametrize("unit", [".", "…", " ", ".)"])
def test_a_model_that_repeats_itself_does_not_keep_us_busy(unit: str) -> None:
    text = f"a{(unit * 40_000)[:40_000]}x"
    started = time.thread_time()

    assert attributed(text, HITS) == ""
    assert time.thread_time() - started < 5  # a quadratic step takes much longer
