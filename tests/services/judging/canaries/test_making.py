"""Sentences made wrong on purpose say something else, in one place."""

import pytest

from services.judging.canaries.making import WrongKind, wrong


@pytest.mark.parametrize(
    ("sentence", "kind", "made"),
    [
        ("O LSTM tem 3 portas [1].", "number", "O LSTM tem 7 portas."),
        ("The rate was 0.5 at first [2].", "number", "The rate was 1.5 at first."),
        ("Sobe 12,5 por cento.", "number", "Sobe 25,5 por cento."),
        ("O gradiente não some.", "negation", "O gradiente some."),
        ("O gradiente some nas redes.", "negation", "O gradiente não some nas redes."),
        ("The loss is convex.", "negation", "The loss is not convex."),
        ("The loss is not convex.", "negation", "The loss is convex."),
        ("Normaliza-se antes da soma.", "order", "Normaliza-se depois da soma."),
        ("Sempre converge.", "order", "Nunca converge."),
        ("It grows before it stops.", "order", "It shrinks before it stops."),
    ],
)
def test_one_place_is_changed(sentence: str, kind: WrongKind, made: str) -> None:
    assert wrong(sentence, kind) == made


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("O gradiente some [3].", "number"),  # a mark is no number
        ("No vetor x[2] e no GPT4o.", "number"),
        ("Uma rede profunda.", "negation"),
        ("Uma rede profunda.", "order"),
        ("", "number"),
    ],
)
def test_where_a_way_does_not_apply_there_is_none(sentence: str, kind: WrongKind) -> None:
    assert wrong(sentence, kind) is None
