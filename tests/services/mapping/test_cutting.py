"""Where chapters begin, and into how many a lecture is cut."""

import random

import numpy as np
import pytest

from services.mapping import cutting
from services.mapping.cutting import cut, many
from services.mapping.openings import opening
from tests.lectures import spoken, subjects


def test_a_change_of_subject_is_where_a_chapter_begins() -> None:
    speech = spoken(
        subjects(
            [
                "perceptron peso viés soma",
                "tensor eixo lote formato",
                "dropout rede treino sorteio",
                "filtro imagem canal passo",
            ],
            minutes=5,
        )
    )

    starts = cut(speech)

    # Of four subjects in twenty minutes; a chapter more is cut where it costs least.
    changes = [300_000, 600_000, 900_000]
    assert all(min(abs(start - change) for start in starts) <= 20_000 for change in changes), starts


def test_words_that_open_something_decide_between_near_cues() -> None:
    cues = [f"o peso {n} multiplica a entrada" for n in range(60)]
    cues[31] = "Bom, agora vamos ver o próximo assunto, que é convolução."
    cues[32:] = [f"o filtro {n} desliza pela imagem" for n in range(28)]

    starts = cut(spoken(cues))

    assert 310_000 in starts


def test_a_pause_is_worth_something_and_a_long_one_no_more() -> None:
    cues = ["a rede aprende com o erro que comete em cada exemplo do lote de treino que ela vê"] * 20
    still, paused, long = (
        cutting.beginnings(cutting.grouped(spoken(cues, pauses={10: pause_s}).cues)) for pause_s in (0.0, 4.0, 60.0)
    )

    assert sum(still) < sum(paused) == sum(long)


@pytest.mark.parametrize(("minutes", "chapters"), [(1, 1), (3, 1), (10, 5), (30, 7), (50, 8), (90, 10), (240, 12)])
def test_longer_lectures_have_more_chapters_up_to_twelve(minutes: float, chapters: int) -> None:
    assert many(60 * minutes) == chapters


def test_four_hours_are_cut_into_twelve_with_few_runs() -> None:
    words = [f"assunto{n}" for n in range(200)]
    draw = random.Random(3)  # noqa: S311 - made up
    cues = [" ".join(draw.choices(words[at // 120 :][:20], k=10)) for at in range(1440)]

    starts = cut(spoken(cues))

    assert len(starts) == 12
    assert len(cutting.grouped(spoken(cues).cues)) <= cutting.MOST_RUNS + 1


def test_one_cue_is_one_chapter() -> None:
    assert cut(spoken(["bom dia"])) == [0]


def test_vectors_decide_where_words_do_not() -> None:
    cues = [" ".join(f"palavra{n}x{k}" for k in range(10)) for n in range(240)]
    plain = spoken(cues)
    half = len(plain.passages) // 2
    first, second = np.eye(2, 8, dtype=np.float32)
    vectors = tuple(np.array([first if at < half else second]) for at in range(len(plain.passages)))
    border = plain.passages[half].cue_starts_s[0] * 1000

    starts = cut(spoken(cues, vectors=vectors))

    assert any(abs(start - border) <= 90_000 for start in starts)


@pytest.mark.parametrize(
    ("opens", "goes_on"),
    [
        ("Agora vamos ver outra coisa.", "que depende dos pesos da rede"),
        ("Okay, so next we'll talk about pooling.", "because the gradient is small there"),
        ("Passando para o próximo assunto", "e por isso ele converge"),
        ("Alors on va voir la convolution", "parce que la dérivée est nulle"),
    ],
)
def test_a_lecturers_openings_are_heard(opens: str, goes_on: str) -> None:
    assert opening(opens) >= 1.2 > opening(goes_on)
