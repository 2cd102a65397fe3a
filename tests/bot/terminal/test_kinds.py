"""Questions that ask for more than an answer, asked in the terminal of the sample course."""

from pathlib import Path

import pytest

from tests.bot.console import Console, captions, flat
from tests.bot.terminal.test_scope import asked, slugs
from tests.fake_model import fake_model, says

RNN, ATTENTION = "aula-05-recorrentes", "aula-07-atencao"


@pytest.mark.parametrize("has_model", [False, True])
@pytest.mark.parametrize(
    ("question", "intent", "lectures"),
    [
        ("em quais aulas ele falou de dropout?", "list", {"aula-04-regularizacao"}),
        ("qual a diferença entre LSTM e dropout?", "comparison", {RNN, "aula-04-regularizacao"}),
        ("compara o que ele falou de gradiente na aula 3 e na aula 5", "comparison", {RNN, "aula-03-gradiente"}),
        ("resume a aula 5", "overview", {RNN}),
        ("o que perdi na aula 5?", "missed", {RNN}),
    ],
)
async def test_each_kind_is_answered(
    sampled: Console, question: str, intent: str, lectures: set[str], has_model: bool
) -> None:
    async with fake_model(says("É explicado [1].")) as model:
        model_there = {"OPENAI_BASE_URL": model.base_url, "MONITORIA_ANSWER_MODEL": "fake"} if has_model else {}
        document = await asked(sampled.having(**model_there), question)

    assert document["intent"] == intent
    assert document["outcome"] == "answered"
    assert lectures <= {reference["lecture"] for reference in document["references"]}
    assert 1 <= len(document["references"]) <= 5


async def test_a_lecture_by_its_title(sampled: Console) -> None:
    document = await asked(sampled, "o que ele falou de memória na aula de redes recorrentes, LSTM e GRU?")

    assert slugs(document) == {RNN}


async def test_a_conversation_pages_a_list_and_stays_in_the_lecture(terminal: Console, tmp_path: Path) -> None:
    for number in range(1, 8):
        captions(tmp_path / "aulas", f"aula-{number}.vtt", f"O momentum acelera {number} vezes.", "Até a próxima.")
    ran = await terminal.run("ingest", str(tmp_path / "aulas"), "--course", "redes", "--language", "pt-BR")
    assert ran.code == 0, ran.err

    once = await terminal.run("ask", "em quais aulas ele falou de momentum?", "--course", "redes")
    assert "For the others ask it in `monitoria chat --course redes`, then write /more." in flat(once.err)

    typed = "em quais aulas ele falou de momentum?\n/more\n/more\no que é momentum na aula 3?\npor que isso?\n"
    ran = await terminal.run("chat", "--course", "redes", typed=typed)

    listed, more, third, follow_up = flat(ran.out).split("╭")[1:]
    assert "E em mais 2 aulas." in listed
    assert listed.count("acelera") == 10
    assert more.count("acelera") == 4
    assert "Em: aula 3" in third
    assert "Em: aula 3" in follow_up
    assert "Você já pediu isso" in ran.err  # for want of more
