"""Terms: what makes a question's words meet a lecture's."""

import pytest

from services.words import terms as lexical
from services.words.terms import question_terms, saturated, terms


def overlap(question: str, passage: str, *, language: str = "pt", others: tuple[str, ...] = ()) -> float:
    """The weight of the question's terms that the passage holds."""
    held = terms(passage, language)
    return sum(weight for term, weight in question_terms(question, "pt", others).items() if term in held)


def test_an_inflected_word_is_found() -> None:
    assert overlap("gradientes", "o gradiente desce") > 0


def test_accents_left_out_on_a_phone_do_not_matter() -> None:
    assert overlap("regressao", "uma regressão simples") >= 1
    assert overlap("funcoes de ativacao", "funções de ativação") >= 2


def test_composed_and_decomposed_accents_are_the_same() -> None:
    assert terms("regressa\u0303o", "pt") == terms("regressão", "pt")


def test_a_typo_at_the_end_of_a_long_word_is_forgiven() -> None:
    assert overlap("convoluçõs", "convoluções") > 0


@pytest.mark.parametrize(
    ("asked", "said"), [("determinante", "determinant"), ("convolucional", "convolutional"), ("tensores", "tensor")]
)
def test_cognates_meet_across_languages(asked: str, said: str) -> None:
    assert overlap(asked, f"the {said} here", language="en", others=("en",)) > 0


def test_stems_of_other_languages_count_less_than_those_of_the_question() -> None:
    weights = question_terms("networks", "pt", ("en",))

    assert set(weights.values()) == {1.0, lexical.OTHER_LANGUAGE_WEIGHT, lexical.PREFIX_WEIGHT}


def test_words_without_a_subject_are_left_out() -> None:
    assert question_terms("o que é que ele faz com isso?", "pt", ("en",)) == {}
    assert not terms("the and of a o de", "en")


def test_a_portuguese_verb_that_looks_like_an_english_filler_counts() -> None:
    assert overlap("some", "o gradiente some") >= 1


def test_numbers_are_words() -> None:
    assert overlap("camada 42", "na camada 42 da rede") >= 2


def test_a_language_without_a_stemmer_is_searched_as_it_is_written() -> None:
    assert terms("합성곱 신경망", "ko")


def test_more_mentions_weigh_more_but_less_and_less() -> None:
    weights = [saturated({1: count, 2: 100}, {})[1] for count in (1, 2, 3)]

    assert weights[0] < weights[1] < weights[2]
    assert weights[2] - weights[1] < weights[1] - weights[0]


def test_the_title_counts_as_half_a_mention() -> None:
    assert saturated({1: 1}, {2: 1})[2] < saturated({1: 1}, {})[1]
    assert saturated({1: 2}, {1: 2})[1] == pytest.approx(saturated({1: 3}, {})[1])


def test_terms_stay_where_the_database_expects_them() -> None:
    from db.transcripts import TERM_SPACE

    assert lexical.TERM_SPACE == TERM_SPACE
    assert all(0 <= term < TERM_SPACE for term in terms("uma rede neural recorrente esquece o passado", "pt"))
