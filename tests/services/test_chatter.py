import pytest

from services.chatter import is_question


@pytest.mark.parametrize(
    "text",
    [
        "o que é um tensor?",
        "Oi prof, como funciona o dropout",
        "não entendi a parte da atenção",
        "alguém sabe por que a LSTM lembra mais?",
        "boa noite! qual a diferença entre RNN e LSTM?",
        "why does the gradient vanish",
        "Explique a regra da cadeia",
    ],
)
def test_questions(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "bom dia!",
        "Oi, tudo bem?",
        "valeu demais",
        "kkkkk",
        "como vai?",
        "sério?",
        "quem vai no bar hoje?",
        "",
        "ok, obrigado",
    ],
)
def test_chatter(text: str) -> None:
    assert not is_question(text)
