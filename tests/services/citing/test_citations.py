import time
from dataclasses import replace

import pytest

from db.records import Hit
from services.citing.citations import (
    LEAD_IN_S,
    MOST_REFERENCES,
    Cited,
    resolve,
    without_marks,
)
from tests.passages import CUE_S, hit

RECURRENT = hit(
    "Bom dia, gente, vamos começar a aula.",
    "Uma rede recorrente repete a mesma conta em cada passo.",
    "O gradiente passa pela mesma matriz muitas vezes,",
    "e por isso ele encolhe até sumir.",
    "Depois do intervalo eu mostro outra coisa.",
    "A LSTM guarda uma célula de memória,",
    "que soma em vez de multiplicar.",
    "Por hoje é só, até a próxima semana.",
    rank=1,
    lecture="aula-05",
)
TENSORS = hit(
    "Um tensor é uma caixa de números com um formato.",
    "O formato diz quantos números há em cada eixo.",
    rank=2,
    lecture="aula-02",
    start_s=30.0,
)
ATTENTION = hit(
    "Good morning, everyone, nice to see you.",
    "We divide the scores by the square root of the dimension, which is 64 here,",
    "because large dot products saturate the softmax.",
    rank=3,
    lecture="aula-07",
    language="en",
    start_s=0.0,
)
HITS = (RECURRENT, TENSORS, ATTENTION)


def starts(cited: Cited) -> list[float]:
    return [reference.start_s for reference in cited.references]


def cue(passage: Hit, position: int) -> float:
    return passage.cue_starts_s[position]


def test_a_reference_starts_at_the_cue_that_supports_the_sentence() -> None:
    cited = resolve("O gradiente passa muitas vezes pela mesma matriz e encolhe [1].", HITS)

    (reference,) = cited.references
    assert reference.start_s == cue(RECURRENT, 2) - LEAD_IN_S
    assert reference.end_s == cue(RECURRENT, 4)
    assert reference.quote == "O gradiente passa pela mesma matriz muitas vezes, e por isso ele encolhe até sumir."
    assert reference.url == "https://youtu.be/abc?t=108"
    assert (reference.lecture, reference.title) == ("aula-05", "Título de aula-05")
    assert reference.segment_id == RECURRENT.segment_id


def test_a_reference_into_a_long_cue_points_at_its_estimated_second() -> None:
    sentences = [f"Aqui vem a frase número {n} sobre nada de mais." for n in range(40)]
    sentences[30] = "O dropout desliga neurônios no sorteio durante o treino."
    turn = hit(" ".join(sentences), rank=1)
    turn = replace(turn, cue_starts_s=(100.0,), start_s=100.0, end_s=300.0)

    (reference,) = resolve("O dropout desliga neurônios no treino [1].", [turn]).references

    said = turn.text[: turn.text.index("O dropout")].split()
    assert reference.quote.startswith(sentences[30])
    assert reference.start_s == pytest.approx(100 + 200 * len(said) / len(turn.text.split()) - LEAD_IN_S, abs=1)


def test_a_pause_after_a_cue_moves_no_reference() -> None:
    passage = hit("Primeiro, bom dia, gente. O dropout desliga neurônios.", "Voltamos.", rank=1)
    passage = replace(passage, cue_starts_s=(100.0, 400.0), start_s=100.0, end_s=410.0)

    (reference,) = resolve("O dropout desliga neurônios [1].", [passage]).references

    assert reference.start_s <= 103


def test_two_sentences_that_cite_one_passage_open_it_at_two_moments() -> None:
    draft = "O gradiente encolhe pela mesma matriz [1]. A LSTM soma na célula de memória [1]."

    cited = resolve(draft, [replace(RECURRENT, cue_starts_s=tuple(100 + 20.0 * i for i in range(8)), end_s=260.0)])

    assert cited.text == "O gradiente encolhe pela mesma matriz [1]. A LSTM soma na célula de memória [2]."
    assert starts(cited) == [138.0, 198.0]


def test_two_clauses_that_cite_one_passage_open_it_at_two_moments() -> None:
    draft = "Uma rede recorrente repete a conta em cada passo [1] e a LSTM guarda uma célula de memória [1]."

    cited = resolve(draft, [replace(RECURRENT, cue_starts_s=tuple(100 + 20.0 * i for i in range(8)), end_s=260.0)])

    assert starts(cited) == [118.0, 198.0]


def test_the_lead_in_stays_within_the_passage() -> None:
    assert starts(resolve("Um tensor é uma caixa de números com formato [2].", HITS)) == [30.0]


def test_a_run_at_the_end_of_a_passage_ends_with_it() -> None:
    cited = resolve("O formato diz quantos números há por eixo [2].", HITS)

    assert cited.references[0].end_s == TENSORS.end_s


def test_a_sentence_in_another_language_finds_cognates_and_numbers() -> None:
    cited = resolve("Com 64 dimensões, os scores saturam o softmax [3].", HITS)

    assert cue(ATTENTION, 1) - LEAD_IN_S <= cited.references[0].start_s < cue(ATTENTION, 2)


def test_a_sentence_that_shares_no_word_opens_the_whole_passage() -> None:
    cited = resolve("A raiz serve para conter valores enormes [3].", HITS)

    (reference,) = cited.references
    assert (reference.start_s, reference.end_s) == (ATTENTION.start_s, ATTENTION.end_s)
    assert reference.quote.startswith("Good morning")


def test_a_word_in_common_by_chance_supports_nothing() -> None:
    draft = "O pacote dot desenha grafos dirigidos, árvores, redes, fluxos, estados e autômatos no terminal [3]."

    assert starts(resolve(draft, HITS)) == [ATTENTION.start_s]
    assert resolve(draft, HITS).references[0].end_s == ATTENTION.end_s


def test_a_reference_opens_where_the_lecturer_begins_the_sentence() -> None:
    passage = hit("Isso é tudo.", "Agora, quanto ao que vem,", "o dropout desliga neurônios.", "Fim da aula.")

    cited = resolve("O dropout desliga neurônios ao acaso [1].", [passage])

    assert cited.references[0].start_s == cue(passage, 1) - LEAD_IN_S
    assert cited.references[0].quote == "o dropout desliga neurônios."


def test_the_clause_before_a_mark_counts_not_the_whole_sentence() -> None:
    draft = "Uma rede recorrente repete a conta em cada passo [1] e um tensor é uma caixa de números [2]."

    assert starts(resolve(draft, HITS)) == [cue(RECURRENT, 1) - LEAD_IN_S, 30.0]


@pytest.mark.parametrize(
    "draft",
    [
        "Segundo [1], a LSTM guarda uma célula de memória.",
        "A LSTM guarda uma célula de memória. [1]",
        "A LSTM guarda uma célula de memória. É isso [1].",
        "Um tensor é outra coisa. «A LSTM guarda uma célula de memória,» [1]",
        "«A LSTM guarda uma célula de memória. Isso melhora frases longas demais.» [1]",
        "- Um tensor tem eixos\n- A LSTM guarda uma célula de memória [1]",
    ],
)
def test_the_claim_is_found_wherever_the_mark_stands(draft: str) -> None:
    assert starts(resolve(draft, HITS)) == [cue(RECURRENT, 5) - LEAD_IN_S]


@pytest.mark.parametrize(
    "marks",
    [
        "[1][2]",
        "[1, 2]",
        "[1,2]",
        "[1;2]",
        "[1-2]",
        "[1–2]",
        "[1 e 2]",
        "[1 and 2]",
        "[1] [2]",
        "[^1][^2]",
        "【1】【2】",
        "【1†L3-L9】[2]",
        "[trechos 1 e 2]",
        "[Passage 1][passage 2]",
        "([1][2])",
        "[1][2][1]",
        "[1][2][9]",
    ],
)
def test_the_ways_models_write_marks_are_read(marks: str) -> None:
    cited = resolve(f"Redes repetem a conta e tensores têm formato {marks}.", HITS)

    assert cited.text == "Redes repetem a conta e tensores têm formato [1][2]."
    assert [reference.lecture for reference in cited.references] == ["aula-05", "aula-02"]


def test_numbers_follow_the_first_mention() -> None:
    cited = resolve("Tensores têm formato [2]. Redes repetem [1]. O formato tem eixos [2].", HITS)

    assert cited.text == "Tensores têm formato [1]. Redes repetem [2]. O formato tem eixos [1]."
    assert [reference.number for reference in cited.references] == [1, 2]


@pytest.mark.parametrize(
    ("draft", "text"),
    [
        ("Some [9].", "Some."),
        ("Some [9], e [0] volta.", "Some, e volta."),
        ("[9] Some.", "Some."),
        ("Some\n[9]\nmesmo.", "Some\n\nmesmo."),
        ("Some ([9]).", "Some."),
        ("Some [9] [10] mesmo.", "Some mesmo."),
        ("Some [999999999999].", "Some."),
        ("- [9] some", "- some"),
        ("http:[9]//evil.example", "http: //evil.example"),
        ("[[9]1] some", "[ 1] some"),
    ],
)
def test_a_mark_that_points_at_nothing_disappears(draft: str, text: str) -> None:
    assert resolve(draft, HITS) == Cited(text=text, references=())


@pytest.mark.parametrize(
    "draft",
    [
        "Use `x[1]` assim.",
        "Use ``x[1] ` [2]`` assim.",
        "Rode `pip install git+https://x.example/a` assim.",
        "Use:\n```python\ny = x[1] + [2]\n```",
        "```\nx [1]",
        "Use vetor[3] e m[1][2] assim.",
        "Chame f(x)[1] ou array([1, 2]) assim.",
        "Valores em [0, 1] ou [0,1], [1, 0].",
        "Uma lista [a] e [ ] e [1.5] e [x, 1].",
        "  Dois  espaços , assim .  \n\n",
    ],
)
def test_what_is_not_a_mark_is_left_as_it_is(draft: str) -> None:
    assert resolve(draft, HITS) == Cited(text=draft, references=())


def test_marks_without_a_space_count_where_a_model_writes_no_other() -> None:
    glued = "A LSTM guarda uma célula de memória[1]. Um tensor é uma caixa de números[2]."

    assert resolve(glued, HITS).text == (
        "A LSTM guarda uma célula de memória [1]. Um tensor é uma caixa de números [2]."
    )
    assert (
        resolve("Veja vetor[3]. Um tensor é uma caixa [2].", HITS).text == "Veja vetor[3]. Um tensor é uma caixa [1]."
    )


def test_neighbouring_moments_of_a_lecture_become_one() -> None:
    following = replace(RECURRENT, rank=2, start_s=140.0, end_s=180.0, segment_id=TENSORS.segment_id,
        cue_starts_s=tuple(140 + CUE_S * i for i in range(8)))  # fmt: skip

    cited = resolve(
        "A LSTM guarda uma célula de memória [1]. Uma rede recorrente repete a conta [2].", [RECURRENT, following]
    )

    assert cited.text == "A LSTM guarda uma célula de memória [1]. Uma rede recorrente repete a conta [1]."
    (reference,) = cited.references
    assert reference.segment_id == RECURRENT.segment_id
    assert (reference.start_s, reference.end_s) == (123.0, 150.0)
    assert reference.quote.startswith("A LSTM")


def test_the_same_moment_of_two_lectures_stays_two() -> None:
    cited = resolve("A LSTM guarda uma célula de memória [1][2].", [RECURRENT, replace(RECURRENT, lecture="aula-06")])

    assert len(cited.references) == 2


def test_at_most_five_are_shown_and_the_marks_of_others_disappear() -> None:
    hits = [hit("Um tensor é uma caixa de números.", rank=i, lecture=f"aula-{i}") for i in range(1, 8)]
    draft = " ".join(f"Tensor é caixa de números [{i}]." for i in range(1, 8))

    cited = resolve(draft, hits)

    assert len(cited.references) == MOST_REFERENCES
    assert cited.text.endswith("Tensor é caixa de números [5]. Tensor é caixa de números. Tensor é caixa de números.")


def test_a_moment_past_the_end_of_the_video_is_dropped() -> None:
    late = hit("Um tensor é uma caixa.", "O formato diz os eixos.", start_s=100.0, duration_s=100.0)

    assert resolve("Um tensor é uma caixa [1].", [late]) == Cited(text="Um tensor é uma caixa.", references=())


def test_a_lecture_without_video_is_cited_without_a_link() -> None:
    cited = resolve("Um tensor é uma caixa [1].", [replace(TENSORS, video_url=None)])

    assert [reference.url for reference in cited.references] == [None]


@pytest.mark.parametrize(
    ("draft", "text"),
    [
        ("Veja https://evil.example/a?b=c#d.", "Veja."),
        ("Veja HTTPS://EVIL.example agora", "Veja agora"),
        ("Veja <https://evil.example> agora", "Veja agora"),
        ("Veja (https://evil.example/a) agora", "Veja agora"),
        ("Veja www.evil.example/x, sim", "Veja, sim"),
        ("Veja youtu.be/abc?t=1 e discord.gg/abc agora", "Veja e agora"),
        ("Veja pytorch.org agora", "Veja agora"),
        ("Veja: .youtu.be/x e /youtu.be/x", "Veja: . e /"),
        ("Veja https://youtu.be@evil.example/x", "Veja"),
        ("Veja ftp://x.example/a e discord://x/y", "Veja e"),
        ("Veja [a aula 3](https://evil.example/a(b)c) agora", "Veja a aula 3 agora"),
        ("Veja [a aula](\nhttps://evil.example) agora", "Veja a aula agora"),
        ("Veja ![foto](https://evil.example/a.png) agora", "Veja foto agora"),
        ("Veja [x](javascript:alert(1)) agora", "Veja x agora"),
        ("Veja [https://a.example](https://b.example) agora", "Veja agora"),
        ("Veja [[x](https://a.example)](javascript:alert) agora", "Veja x agora"),
        ("hthttps://b.exampletps://evil.example fim", "fim"),
        ("https://um.example https://dois.example fim", "fim"),
    ],
)
def test_an_address_that_a_model_wrote_is_removed(draft: str, text: str) -> None:
    assert resolve(draft, HITS).text == text


@pytest.mark.parametrize(
    "draft",
    [
        "Use torch.nn.Linear e model.fit(x).",
        "Abra train.py/test.py ou a/b.",
        "Escreva a ana@uni.br hoje.",
        "p.ex./i.e. 3.5/2",
    ],
)
def test_what_only_looks_like_an_address_stays(draft: str) -> None:
    assert resolve(draft, HITS).text == draft


def test_a_mark_written_as_a_link_is_a_mark() -> None:
    assert resolve("Tensores têm formato [2](https://evil.example).", HITS).text == "Tensores têm formato [1]."


def test_a_long_cue_is_quoted_by_its_best_sentence() -> None:
    long = hit(
        "Primeiro, umas notícias da semana que não importam muito aqui. " * 4
        + "A máscara causal vem antes do softmax. "
        + "E assim por diante, como sempre. " * 5
    )

    quote = resolve("A máscara causal é aplicada antes do softmax [1].", [long]).references[0].quote

    assert quote.startswith("A máscara causal vem antes do softmax.")
    assert quote in long.text
    assert len(quote) <= 200


@pytest.mark.parametrize("unit", ["( [1]", "a [1]. ", "[", "[[1]", "«[1]", "a.", "``", "[a](", "[0, ", " ", "http://"])
def test_a_model_that_repeats_itself_does_not_keep_us_busy(unit: str) -> None:
    draft = (unit * 20_000)[:20_000]
    started = time.process_time()

    assert len(resolve(draft, HITS).references) <= 1
    assert time.process_time() - started < 3  # a quadratic step takes minutes


def test_a_draft_in_writing_shows_no_marks() -> None:
    assert without_marks("Some [1][2]. Em [0, 1], `x[1]` fica [9].") == "Some. Em [0, 1], `x[1]` fica."


ENGLISH = hit(
    "We looked at many ways to keep a network from learning its examples by heart.",
    "Turn units off at random while it trains, and none of them can lean on another.",
    "That is all for today, and next time we talk about something else entirely.",
    language="en",
)
CLAIM = "Desligar neurônios ao acaso durante o treino"


def test_a_claim_in_another_language_than_its_passage_is_named_unsure() -> None:
    cited = resolve(f"{CLAIM} ajuda [1].", [ENGLISH])

    assert [text for text, _ in cited.unsure] == [f"{CLAIM} ajuda"]
    assert cited.references[0].start_s == ENGLISH.start_s


def test_the_lecturers_own_words_for_a_claim_tell_its_moment() -> None:
    draft = f"{CLAIM} ajuda [1]."
    (unsure,) = resolve(draft, [ENGLISH]).unsure

    cited = resolve(draft, [ENGLISH], {unsure: "Turn units off at random while it trains"})

    assert cited.text == draft
    assert cited.references[0].start_s == ENGLISH.cue_starts_s[1] - LEAD_IN_S
    assert cited.references[0].quote.startswith("Turn units off at random")
    assert cited.unsure == ()
