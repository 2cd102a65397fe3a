"""When two questions ask the same: what keeps them apart, what does not, and the figures that the document gives."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench import same_question as measuring
from services.answering import same_question
from services.answering.same_question import (
    MEASURED,
    SHORTLIST,
    WORDS_ALONE,
    Candidates,
    Comparable,
    Guard,
    asked,
    best,
    compare,
    judge,
    likeness,
)
from services.models.embedder.protocol import Vectors

MINILM = "all-MiniLM-L6-v2"
PACKAGED = "universal-sentence-encoder-multilingual-3"
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "same-question.md"
PAIRS = measuring.read(measuring.SET)
TEXTS = sorted({(pair.a, pair.lang_a) for pair in PAIRS} | {(pair.b, pair.lang_b) for pair in PAIRS})
TOLERANCE = 3
"""In pairs: vectors differ in their last digits from one processor to the next."""


def pt(text: str) -> Comparable:
    return asked(text, "pt")


def en(text: str) -> Comparable:
    return asked(text, "en")


def unit(*numbers: float) -> Vectors:
    return (np.array(numbers) / np.linalg.norm(numbers)).astype(np.float32)


@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS))
def test_it_does_not_matter_which_of_two_was_asked_first(a: tuple[str, str], b: tuple[str, str]) -> None:
    assert likeness(asked(*a), asked(*b)) == likeness(asked(*b), asked(*a))


@given(st.sampled_from(TEXTS))
def test_a_question_that_names_its_subject_is_the_same_as_itself(text: tuple[str, str]) -> None:
    assume(asked(*text).reading.has_subject)

    assert compare(asked(*text), asked(*text)) == "same"


@given(st.text(), st.text())
def test_any_text_can_be_compared(a: str, b: str) -> None:
    assert compare(pt(a), pt(b)) == compare(pt(b), pt(a))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("por que usar dropout?", "pq a gente usa dropout"),
        ("o que é regularização?", "oq e regularizacao"),
        ("o que é a regra da cadeia?", "me explica oq seria a regra da cadeia"),
        ("early stopping, como funciona?", "como funciona o early stopping?"),
        ("como funciona a convolução?", "como funciona a convloução?"),
        ("qual a diferença entre gru e lstm?", "lstm x gru, qual a diferenca"),
        ("qual o prazo da lista 1", "qual o prazo da lista um"),
        ("x < y sempre?", "x menor que y sempre?"),
    ],
    ids=["shorthand", "accents", "courtesies", "topic first", "slip", "either order", "number word", "sign"],
)
def test_other_spelling_asks_the_same(a: str, b: str) -> None:
    assert compare(pt(a), pt(b)) == "same"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("o que é um tensor?", "what is a tensor?"),
        ("a aula 3 foi gravada?", "was lecture 3 recorded?"),
        ("o que o dropout faz no treino?", "what does dropout do during training?"),
    ],
    ids=["cognate", "synonym", "side of an opposite"],
)
def test_the_same_is_found_across_languages(a: str, b: str) -> None:
    assert compare(pt(a), en(b)) == "same"


GUARDED: list[tuple[Guard, str, str]] = [
    ("negation", "por que usar dropout?", "por que não usar dropout?"),
    ("negation", "a rede converge com relu?", "a rede converge sem relu?"),
    ("choice", "o gradiente aponta pra cima e pra baixo?", "o gradiente aponta pra cima ou pra baixo?"),
    ("numbers", "qual a saída com stride 1?", "qual a saída com stride 2?"),
    ("numbers", "o campo receptivo com duas camadas?", "o campo receptivo com tres camadas?"),
    ("numbers", "por que 56 camadas perdem pra 20?", "por que 20 camadas perdem pra 56?"),
    ("opposites", "a perda de treino é menor que a de teste?", "a perda de teste é menor que a de treino?"),
    ("opposites", "posso usar dropout?", "preciso usar dropout?"),
    ("kind", "o que é a perda de huber?", "como calcular a perda de huber?"),
    ("kind", "o que é a perda de huber?", "por que usar a perda de huber?"),
    ("kind", "que dia é a monitoria?", "em que sala é a monitoria?"),
    ("kind", "o que é retropropagação?", "retropropagação cai na prova?"),
    ("order", "trocar tanh por relu resolve?", "trocar relu por tanh resolve?"),
    ("order", "o que é a transposta do produto?", "o que é o produto das transpostas?"),
    ("order", "quando a lista é melhor que a fila?", "quando a fila é melhor que a lista?"),
    ("no subject", "e no teste?", "e no teste?"),
]


@pytest.mark.parametrize(("guard", "a", "b"), GUARDED, ids=[f"{guard}: {b}" for guard, _, b in GUARDED])
def test_a_guard_alone_keeps_apart_what_the_words_do_not(guard: Guard, a: str, b: str) -> None:
    like = likeness(pt(a), pt(b))

    assert like.against == {guard}
    assert judge(like, WORDS_ALONE) != "same"
    assert judge(replace(like, against=frozenset()), WORDS_ALONE) == "same"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("pra que serve a porta de entrada?", "pra que serve a porta de saída?"),
        ("o que é precisão?", "o que é previsão?"),
        ("como congelo as camadas?", "como descongelo as camadas?"),
        ("quando usar float16?", "quando usar float32?"),
        ("o que x.mean(dim=0) devolve?", "o que x.sum(dim=0) devolve?"),
        ("como funciona o laço for", "como funciona o laço while"),
        ("oq é c++", "oq é c#"),
        ("por que o gradiente some na rede recorrente?", "por que o gradiente some na rede recorrente bidirecional?"),
    ],
    ids=["opposite", "one letter", "prefix", "digits", "function", "keyword", "signs", "qualifier"],
)
def test_one_other_word_asks_something_else(a: str, b: str) -> None:
    assert compare(pt(a), pt(b)) != "same"


def test_vectors_have_no_say_in_what_is_the_same() -> None:
    near = unit(1, 0)
    a = asked("o dropout no treino?", "pt", vector=near, model=MINILM)
    b = asked("o dropout no teste?", "pt", vector=near, model=MINILM)

    assert likeness(a, b).cosine == pytest.approx(1)
    assert compare(a, b) == "related"


def test_only_a_measured_model_relates_by_its_vectors() -> None:
    def verdict(model: str) -> str:
        a, b = (asked(text, "pt", vector=unit(1, 0), model=model) for text in ("sobreajuste?", "overfitting?"))
        return compare(a, b)

    assert verdict(MINILM) == "related"
    assert verdict("intfloat/multilingual-e5-small") == "different"


def test_vectors_of_two_models_are_not_compared() -> None:
    a = asked("peso?", "pt", vector=unit(1, 0), model=MINILM)
    b = asked("erro?", "pt", vector=unit(1, 0, 0), model="another")

    assert likeness(a, b).cosine is None


def test_the_best_of_many_is_found_past_its_likes() -> None:
    others = [pt(f"o que é o assunto número {number} da lista?") for number in range(200)]
    match = best(pt("oq e uma epoca"), Candidates([*others, pt("o que é uma época?"), *others]))

    assert match is not None
    assert (match.place, match.verdict) == (200, "same")


def test_what_nothing_is_like_has_no_match() -> None:
    assert best(pt("quando é a prova?"), Candidates([pt("o que é um tensor?")])) is None
    assert best(pt("quando é a prova?"), Candidates([])) is None


def test_a_related_one_is_found_where_none_is_the_same() -> None:
    match = best(
        pt("por que usar a perda de huber?"), Candidates([pt("o que é um tensor?"), pt("o que é a perda de huber?")])
    )

    assert match is not None
    assert (match.place, match.verdict) == (1, "related")


def test_where_two_fit_that_differ_neither_is_shown() -> None:
    question, first, second = pt("pra que serve o dropout?"), pt("o que o dropout faz?"), pt("por que usar o dropout?")

    assert compare(question, first) == compare(question, second) == "same" != compare(first, second)
    match = best(question, Candidates([first, second]))
    assert match is not None
    assert match.verdict == "related"


def test_where_two_fit_that_ask_the_same_one_is_shown() -> None:
    match = best(pt("pq usar dropout"), Candidates([pt("por que usar dropout?"), pt("pq a gente usa o dropout?")]))

    assert match is not None
    assert match.verdict == "same"
    assert match.runner_up == match.score


def test_candidates_with_and_without_vectors_stand_side_by_side() -> None:
    with_vector = asked("sobreajuste?", "pt", vector=unit(1, 0), model=MINILM)
    without = [pt(f"tema {number}?") for number in range(2 * SHORTLIST)]

    match = best(asked("overfitting?", "pt", vector=unit(1, 0), model=MINILM), Candidates([*without, with_vector]))

    assert match is not None
    assert (match.place, match.verdict) == (2 * SHORTLIST, "related")


def test_no_question_and_no_topic_is_on_both_sides() -> None:
    for sides in ({"dev"}, {"test"}):
        mine = [pair for pair in PAIRS if {pair.split} == sides]
        others = [pair for pair in PAIRS if {pair.split} != sides]
        texts = {text for pair in others for text in (pair.a, pair.b)}
        topics = {pair.id.rpartition("-")[0] for pair in others}
        assert not [pair.id for pair in mine if {pair.a, pair.b} & texts or pair.id.rpartition("-")[0] in topics]


def test_the_set_names_each_pair_once() -> None:
    assert len({pair.id for pair in PAIRS}) == len({frozenset({pair.a, pair.b}) for pair in PAIRS}) == len(PAIRS)
    assert {pair.label for pair in PAIRS} == {"same", "related", "different"}


@pytest.fixture(scope="module")
def questions() -> dict[str, Comparable]:
    """Each question of the set, with its vector by the packaged model."""
    found, model = asyncio.run(measuring.embedded(PAIRS, "bundled"))
    assert model == PACKAGED
    return found


@pytest.fixture(scope="module")
def measured(questions: dict[str, Comparable]) -> list[measuring.Measured]:
    return [measuring.measure(pair, questions) for pair in PAIRS]


def figures(row: str, split: measuring.Split) -> tuple[int, int]:
    """The counts in a row of the document's last table, as in "12 of 96"."""
    found = re.search(
        rf"^\| {re.escape(row)} \| (\d+) of (\d+) \| (\d+) of (\d+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE
    )
    assert found, row
    counts = [int(number) for number in found.groups()]
    return (counts[0], counts[1]) if split == "dev" else (counts[2], counts[3])


@pytest.mark.parametrize("split", measuring.SPLITS)
@pytest.mark.parametrize("languages", ["pt–pt", "en–en", "pt–en"])
def test_the_document_tells_how_often_the_same_is_found(
    measured: list[measuring.Measured], languages: str, split: measuring.Split
) -> None:
    some = [one for one in measured if one.pair.languages == languages and one.pair.split == split]
    reached = measuring.hits(some, measuring.same_by(WORDS_ALONE), measuring.SAME)

    assert (reached.right, reached.said) == figures(f"same, {languages}: right of said", split)
    assert (reached.right, reached.true) == figures(f"same, {languages}: found of all", split)


@pytest.mark.parametrize("split", measuring.SPLITS)
@pytest.mark.parametrize("model", ["no model", PACKAGED])
def test_the_document_tells_how_often_the_related_is_found(
    measured: list[measuring.Measured], model: str, split: measuring.Split
) -> None:
    some = [one for one in measured if one.pair.split == split]
    limits = MEASURED.get(model, WORDS_ALONE)
    reached = measuring.hits(some, measuring.near_by(limits), measuring.NOT_DIFFERENT)

    told = figures(f"same or related, {model}: right of said", split)
    assert (reached.right, reached.said) == pytest.approx(told, abs=TOLERANCE)
    told = figures(f"same or related, {model}: found of all", split)
    assert (reached.right, reached.true) == pytest.approx(told, abs=TOLERANCE)


@pytest.mark.parametrize("split", measuring.SPLITS)
def test_the_document_tells_how_one_fares_against_all(questions: dict[str, Comparable], split: measuring.Split) -> None:
    found = measuring.one_against_all([pair for pair in PAIRS if pair.split == split], questions)

    told = figures("one against all: found of asked again", split)
    assert (found.right, found.questions) == pytest.approx(told, abs=TOLERANCE)
    assert found.wrong == figures("one against all: wrong of shown", split)[0]


def test_the_thresholds_are_those_that_the_first_half_chooses(
    measured: list[measuring.Measured], questions: dict[str, Comparable]
) -> None:
    dev = [one for one in measured if one.pair.split == "dev"]

    assert measuring.choose(dev, questions) == (WORDS_ALONE, MEASURED[PACKAGED])


def test_the_wanted_precision_is_met_on_the_other_half(measured: list[measuring.Measured]) -> None:
    test = [one for one in measured if one.pair.split == "test"]

    assert measuring.hits(test, measuring.same_by(WORDS_ALONE), measuring.SAME).precision >= 0.98


def test_readings_are_remembered() -> None:
    text = "o que é lembrar uma leitura?"

    assert same_question.asked(text, "pt").reading is same_question.asked(text, "pt").reading
