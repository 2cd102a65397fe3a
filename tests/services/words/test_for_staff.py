import json
from pathlib import Path

import pytest

from services.words.for_staff import needs_staff

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.mark.parametrize(
    "question",
    [
        "qual o prazo da lista 2?",
        "Quando é a prova de álgebra?",
        "qdo sai a nota da p1??",
        "que dia vai ser a entrega do trabalho?",
        "Qual é a data da prova final?",
        "até quando posso entregar o projeto?",
        "posso entregar a lista atrasada?",
        "minha nota está errada, o que faço?",
        "quantas faltas posso ter?",
        "a professora cobra presença?",
        "isso cai na prova?",
        "como faço pra trancar a disciplina?",
        "fiquei reprovado, e agora?",
        "tem prova substitutiva?",
        "qual a senha do moodle?",
        "When is the midterm?",
        "when is our final project due?",
        "What's the deadline for homework 3?",
        "can I get an extension?",
        "what is my grade?",
        "will this be on the exam?",
        "when are the office hours?",
    ],
)
def test_deadlines_grades_and_attendance_are_for_the_staff(question: str) -> None:
    assert needs_staff(question)


@pytest.mark.parametrize(
    "question",
    [
        "quando o gradiente some?",
        "como a LSTM guarda memória de longo prazo?",
        "qual a nota mais grave da escala de dó?",
        "quando usamos prova por indução?",
        "quando temos prova por contradição?",
        "qual é a prova do teorema central do limite?",
        "como provar que a matriz tem inversa?",
        "a presença de ruído muda a saída?",
        "como funciona a entrega de pacotes no UDP?",
        "o que acontece quando a lista está vazia?",
        "quanto vale o projeto final na nota?",
        "qual a data em que o perceptron foi inventado?",
        "what does earliest deadline first mean?",
        "when is the gradient zero?",
        "what is the final layer for?",
        "when does the test loss go up?",
        "how does attention work?",
        "why is my score matrix full of NaN?",
    ],
)
def test_a_question_about_content_is_not(question: str) -> None:
    assert not needs_staff(question)


def test_no_answerable_sample_question_is_turned_away() -> None:
    files = [SAMPLES / name for name in ("questions.jsonl", "calibration.jsonl")]
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]

    assert [line["question"] for line in lines if line["relevant"] and needs_staff(line["question"])] == []
