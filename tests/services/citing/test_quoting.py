from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Hit
from services.citing.citations import NEIGHBOURS_S, resolve
from services.citing.quoting import LEAST_COVERAGE, candidates, coverage, quoted
from services.citing.sentences import LONGEST_QUOTE
from tests.passages import hit

DROPOUT = hit(
    "Bom dia, gente, hoje tem dropout na lista de exercícios.",
    "O que é dropout mesmo?",
    "O dropout desliga neurônios ao acaso durante o treino,",
    "e assim nenhum neurônio depende de um colega específico da rede.",
    "Agora um assunto diferente, a parada antecipada, que olha a validação.",
    "A gente guarda o melhor modelo e para quando a perda volta a subir.",
    "Por fim, na hora do teste, o dropout tem que estar desligado, senão a saída muda.",
)
ATTENTION = hit(
    "We divide the attention scores by the square root of the dimension of the keys,",
    "because large dot products would saturate the softmax completely.",
    rank=2,
    lecture="aula-07",
    language="en",
)
HITS = (DROPOUT, ATTENTION)


def quotes(draft: str | None) -> list[str]:
    return [line.split("» ")[0].removeprefix("«") for line in (draft or "").split("\n\n")]


def test_the_best_sentence_is_quoted_word_for_word_with_its_mark() -> None:
    draft = quoted("o que o dropout faz com os neurônios no treino?", HITS, "pt")

    assert draft is not None
    assert draft.startswith(
        "«O dropout desliga neurônios ao acaso durante o treino, e assim nenhum neurônio depende de um colega "
        "específico da rede.» [1]"
    )


def test_a_statement_is_preferred_to_a_question_and_to_housekeeping() -> None:
    best = quotes(quoted("dropout?", HITS, "pt"))[0]

    assert "Bom dia" not in best
    assert not best.endswith("?")


def test_what_is_nearest_in_meaning_is_quoted_though_it_shares_no_word() -> None:
    question = "por que dividir antes da normalização?"
    among = candidates(question, HITS, "pt")
    near = {one.sentence.text: 0.6 if "square root" in one.sentence.text else 0.05 for one in among}

    assert quoted(question, HITS, "pt") is None
    assert "square root" in quotes(quoted(question, HITS, "pt", among=among, near=near))[0]


def test_a_translation_says_in_the_lecture_s_language_what_is_asked() -> None:
    question = "por que dividir as pontuações pela raiz quadrada?"
    translations = {"en": "why divide the scores by the square root?"}

    assert quoted(question, [ATTENTION], "pt") is None
    assert "square root" in quotes(quoted(question, [ATTENTION], "pt", translations=translations))[0]
    assert not any(one.is_foreign for one in candidates(question, [ATTENTION], "pt", translations))


def test_nothing_is_quoted_where_neither_words_nor_meaning_are_near() -> None:
    question = "como funciona uma GAN com gerador e discriminador?"
    among = candidates(question, HITS, "pt")

    assert quoted(question, HITS, "pt", among=among, near={one.sentence.text: 0.2 for one in among}) is None


def test_of_two_sentences_that_say_as_much_the_one_amid_the_subject_is_quoted() -> None:
    alone = hit("O dropout foi citado ontem por um colega de vocês na monitoria.", rank=1, lecture="aula-08")
    amid = hit(
        "Os neurônios de uma rede grande decoram os exemplos que veem.",
        "O dropout evita isso de um jeito simples e que custa muito pouco.",
        rank=1,
    )

    first = quotes(quoted("o que o dropout faz com os neurônios?", [alone, amid], "pt"))[0]

    assert "O dropout evita isso" in first or "Os neurônios de uma rede" in first


def test_quotations_come_from_moments_that_stay_apart() -> None:
    long = replace(DROPOUT, cue_starts_s=tuple(20.0 * i for i in range(7)), start_s=0.0, end_s=150.0)
    draft = quoted("para que serve o dropout no treino e no teste?", [long], "pt")

    assert draft is not None
    references = resolve(draft, [long]).references
    assert len(references) == draft.count("«") == 2
    for one, other in combinations(references, 2):
        assert other.start_s - one.end_s >= NEIGHBOURS_S or one.start_s - other.end_s >= NEIGHBOURS_S


def test_captions_without_punctuation_are_quoted_in_whole_cues() -> None:
    cues = [f"aqui vem o pedaço número {i} da fala sem ponto nenhum" for i in range(20)]
    cues[10] = "o perceptron acha uma reta que separa as classes"
    bare = hit(*cues)

    quote = quotes(quoted("perceptron separa as classes com uma reta?", [bare], "pt"))[0]

    assert "o perceptron acha uma reta que separa as classes" in quote
    assert len(quote.split()) <= LONGEST_QUOTE
    assert bare.text.index(quote) in bare.cue_offsets


@pytest.mark.parametrize(
    "question",
    [
        "como funciona uma GAN com gerador e discriminador?",
        "o que é equilíbrio de Nash?",
        "qual a diferença entre TCP e UDP?",
        "how do I deploy a model with Docker?",
    ],
)
def test_nothing_is_quoted_where_the_passages_lack_the_subject(question: str) -> None:
    assert quoted(question, HITS, "pt") is None


def test_nothing_is_quoted_from_no_passages() -> None:
    assert quoted("o que é dropout?", [], "pt") is None


def test_words_that_only_frame_a_question_do_not_count() -> None:
    assert coverage("você pode explicar como funciona o dropout?", HITS, "pt") == coverage("dropout", HITS, "pt") == 1.0


def test_a_name_that_is_missing_counts_twice() -> None:
    assert coverage("treino de Dijkstra", HITS, "pt") < LEAST_COVERAGE
    assert coverage("treino de Dijkstra", HITS, "pt") < coverage("treino de dijkstra", HITS, "pt")


def test_words_in_brackets_are_not_quoted_as_marks() -> None:
    matrix = hit("A matriz tem as colunas [2, 1] e [1, 2] como exemplo de autovalor.")

    assert quoted("qual matriz de exemplo do autovalor?", [matrix], "pt") is None


@given(
    st.lists(st.sampled_from(["dropout", "neurônios", "scores", "softmax", "treino", "saída", "Nash"]), max_size=6),
    st.permutations(HITS),
)
def test_every_quotation_is_verbatim_and_cited(words: list[str], hits: list[Hit]) -> None:
    passages = [replace(one, rank=rank) for rank, one in enumerate(hits, start=1)]
    draft = quoted(" ".join(words), passages, "pt")

    for line in (draft or "").split("\n\n") if draft else []:
        quote, mark = line.removeprefix("«").split("» ")
        assert quote in passages[int(mark.strip("[]")) - 1].text
    assert draft is None or resolve(draft, passages).references


@pytest.mark.parametrize("question", ["😀😀", "???", "$$ \\( [", "«»"])
def test_what_holds_no_word_is_answered_by_nothing(question: str) -> None:
    found = candidates(question, HITS, "pt")
    near = {one.sentence.text: 0.2 for one in found}

    assert quoted(question, HITS, "pt", among=found, near=near) is None
