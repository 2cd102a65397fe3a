import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.digest.topics.anonymous import LONGEST, anonymous, capitalised

HOSTILE = "sou a Maria Silva, RA 123456, maria@x.br, (11) 99999-9999, <@123>"


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        HOSTILE.upper(),
        f"{HOSTILE} por que o gradiente some?",
        "aqui é o joão da silva do noturno, por que o xor não dá?",
        "meu nome é zuleide quintana e não entendi o dropout",
        "Me chamo Zuleide Quintana. O que é dropout?",
        "Pessoal, aqui é a Zuleide! qual a nota?",
        "I'm John Smith, student id 2020123, why dropout?",
        "a Ana Clara Souza me disse que a LSTM esquece",
        "não entendi o que a prof. Zuleide Quintana disse",
        "por que o gradiente some?\nAtt,\nZuleide Quintana",
        "maria (at) usp (dot) br ou maria arroba x ponto br",
        "ｍａｒｉａ＠ｘ．ｂｒ me responde",
        "me liga +55 11 98888 7777 ou 11999998888 ou (11) 4002-8922",
        "meu cpf é 123.456.789-00 e o rg 12.345.678-9",
        "matrícula 2020-1234, nusp: 9876543, ra20201234",
        "1\u200b2\u200b3\u200b4\u200b5\u200b6 é meu número",
        "<@!123456789012345678> <@&99> <#44> </ask:55> <:oi:66> @everyone @zuleide.q zuleide#1234",
        "veja https://x.com/zuleide?id=1 e discord.gg/zuleide e `https://x.com/zuleide`",
        'File "/home/zuleide/trabalho.py" e C:\\Users\\zuleide\\a.py',
    ],
)
def test_nothing_of_a_person_is_left(text: str) -> None:
    left = anonymous(text).lower()

    for told in (
        "maria",
        "silva",
        "joão",
        "zuleide",
        "quintana",
        "john",
        "smith",
        "clara",
        "souza",
        "arroba",
        "@",
        "<",
    ):
        assert told not in left
    assert sum(character.isdigit() for character in left) == 0


@pytest.mark.parametrize(
    "text",
    [
        "por que o Adam usa momentum e a Random Forest não?",
        "não ficou clara a parte do iris",
        "o que faz o @property e o @staticmethod?",
        "usei 100000 amostras, 0,000012 de taxa e os anos 1990-2020",
        "a entrada tem 32x32x3 ou 224 por 224, e x[1, 2, 3, 4, 5, 6]?",
        "sou o único que não entendeu?",
        "Professor, por que dividir por n-1?",
        "lista[-1:3] dá o quê?",
    ],
)
def test_what_a_question_is_about_stays(text: str) -> None:
    assert anonymous(text) == text


def test_the_question_of_who_introduces_themselves_stays() -> None:
    assert anonymous(f"Oi, {HOSTILE} por que o gradiente some?") == "Oi, … por que o gradiente some?"


def test_a_long_text_is_cut_between_words_so_that_no_part_of_a_number_stays() -> None:
    assert anonymous("a " * (LONGEST // 2 - 2) + "123456").strip("a …") == ""


@given(st.text(max_size=300))
def test_any_text_comes_back_on_one_line_and_does_not_change_again(text: str) -> None:
    once = anonymous(text)

    assert "\n" not in once
    assert anonymous(once.replace("…", "")).count("@") <= once.count("@")


def test_capitals_inside_a_sentence_are_told_from_those_that_begin_one() -> None:
    assert capitalised("Por que o Zuleido disse? Como a Rede aprende") == {"zuleido", "rede"}
