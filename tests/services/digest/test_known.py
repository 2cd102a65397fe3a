from collections.abc import Sequence

import pytest

from services.digest.topics.finding import presentable
from services.digest.topics.known import KnownWords, Taught, known
from services.words.terms import terms

LECTURES = "o gradiente some na rede recorrente quando a derivada é menor que um; o perceptron não aprende o xor"
TAUGHT = Taught(terms=frozenset(terms(LECTURES, "pt")), languages=("pt",))


def words_of(*said: tuple[str, str | None], least: int = 3) -> KnownWords:
    return known(said, least_askers=least, taught=TAUGHT)


@pytest.mark.parametrize(
    "text",
    [
        "sou o zuleido, por que o gradiente some?",
        "sou zuleide souza, por que o gradiente some?",
        "dr zuleido souza, por que o gradiente some?",
        "aqui é o zuleido da turma 3",
        "Zuleido aqui, por que o gradiente some?",
        "ZULEIDO SOUZA: por que o gradiente some?",
        "meu insta é zuleido.souza, o gradiente some?",
        "por que joao_silva_zuleido.py não roda?",
        "github: zuleidosouza",
        "zuleido99, o gradiente some?",
        "Lista2-ZuleidoSouza.pdf",
        "zuleido.souza(a)usp.br",
        "D'Zuleido perguntou do xor",
    ],
)
def test_a_rare_name_is_not_shown_however_it_is_written(text: str) -> None:
    left = presentable(text, words_of(("o gradiente some?", "a"))).lower()

    assert "zuleid" not in left
    assert "souza" not in left


@pytest.mark.parametrize(
    "text", ["cpf 123 456 789 09", "cpf é 123 456 789-09", "matrícula é 12 345 678", "RA 12 345 678", "é 1234 5678 90"]
)
def test_a_number_in_groups_is_not_shown(text: str) -> None:
    assert not [character for character in presentable(text, words_of()) if character.isdigit()]


def test_what_the_lectures_say_and_what_anybody_says_stays() -> None:
    text = "Por que o gradiente some nas redes recorrentes, e como eu evito isso?"

    assert presentable(text, words_of()) == text


def test_a_word_stays_once_three_people_use_it_whatever_the_course_shows() -> None:
    def asked(*askers: str | None) -> Sequence[tuple[str, str | None]]:
        return [("o dropout some?", asker) for asker in askers]

    assert presentable("o dropout some?", words_of(*asked("a", "b", "c"))) == "O dropout some?"
    assert presentable("o dropout some?", words_of(*asked("a", "b", "b"), least=1)) == "O … some?"
    assert presentable("o dropout some?", words_of(*asked("a", "b", None, None))) == "O … some?"
