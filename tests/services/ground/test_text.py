"""What certainly stands for a person is taken out, and what lectures and staff speak of stays."""

import pytest

from services.ground.text import without_people


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Fale com <@123456789> ou <@&55555>.", "Fale com @… ou @…."),
        ("Fale com @ana.lima.", "Fale com @…."),
        ("fulano#1234 disse", "@… disse"),
        ("ana.lima+ta@alunos.exemplo.edu.br, por favor", "…@…, por favor"),
        ("a\u200bna@exe\u00admplo.br", "…@…"),
        ("RA204117, nº USP 12345678", "RA…, nº USP …"),
        ("CPF 123.456.789-09", "CPF …"),
        ("(11) 98765-4321, 11 98765-4321 e 98765-4321", "…, … e …"),
        ("+55 11 98765-4321, +1 (212) 555-0123", "…, …"),
    ],
)
def test_what_stands_for_a_person_is_taken_out(said: str, shown: str) -> None:
    assert without_people(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "Falta dizer que a LSTM tem 3 portas, como em 2015-2016.",
        "A taxa era 0.001, não 0.01; são 1.000.000 de pesos e 4.096 unidades.",
        "Ver aula 4, 01:02:03 a 01:05:40, e o issue #12.",
        "O custo é O(n^2) e a norma é 3 @ 4.",
        "Maria explicou melhor.",  # a name is a word like others
    ],
)
def test_what_stands_for_nobody_stays(said: str) -> None:
    assert without_people(said) == said
