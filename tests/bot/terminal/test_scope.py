"""Questions that name their lectures, asked in the terminal of the sample course."""

from pathlib import Path
from typing import Any

from tests.bot.console import Console, captions, flat
from tests.fake_model import fake_model, says

DROPOUT = "o que ele falou de dropout na aula 4?"


async def asked(there: Console, question: str, *options: str) -> dict[str, Any]:
    ran = await there.run("ask", question, "--course", "redes", "--json", *options)
    assert ran.code == 0, ran.err
    return ran.document


def slugs(document: dict[str, Any]) -> set[str]:
    return {hit["lecture"] for hit in document["hits"]}


async def test_an_answer_says_in_which_lecture_it_was_looked_for(sampled: Console) -> None:
    document = await asked(sampled, DROPOUT)

    lecture = {
        "lecture": "aula-04-regularizacao",
        "title": "Aula 4: Sobreajuste, regularização, batch norm e inicialização",
        "date": "2026-03-24",
    }
    assert document["scope"] == {"kind": "within", "lectures": [lecture]}
    assert slugs(document) == {"aula-04-regularizacao"}


async def test_people_read_it_below_the_answer(sampled: Console) -> None:
    ran = await sampled.run("ask", "o que ele falou de dropout na aula de 24/03/2026?", "--course", "redes")

    assert "Em: Aula 4: Sobreajuste, regularização, batch norm e inicialização, 24/03/2026" in flat(ran.out)


async def test_with_a_model_too_only_that_lecture_is_shown_to_it(sampled: Console) -> None:
    async with fake_model(says("Desliga neurônios [1].")) as model:
        there = sampled.having(OPENAI_BASE_URL=model.base_url, MONITORIA_ANSWER_MODEL="fake")
        document = await asked(there, DROPOUT)

    assert document["answer"] == "Desliga neurônios [1]."
    assert slugs(document) == {"aula-04-regularizacao"}
    assert not [prompt for prompt in model.prompts if "Aula 5: Redes recorrentes" in prompt]


async def test_the_option_wins_over_the_words(sampled: Console) -> None:
    document = await asked(sampled, DROPOUT, "--lecture", "aula-02-tensores")

    assert document["scope"] is None
    assert slugs(document) == {"aula-02-tensores"}


async def test_the_same_question_in_all_lectures(sampled: Console) -> None:
    document = await asked(sampled, DROPOUT, "--everywhere")

    assert document["scope"] is None
    assert len(slugs(document)) > 1


async def test_a_lecture_that_there_is_not_is_said_in_a_sentence(sampled: Console) -> None:
    document = await asked(sampled, "o que ele falou na aula 15?")

    assert document["outcome"] == "no_material"
    assert str(document["answer"]).startswith("Não há aula 15; as mais próximas são:\n- Aula 5: Redes recorrentes")
    assert document["hits"] == []


async def test_in_a_conversation_one_that_was_listed_is_chosen_by_its_number(terminal: Console, tmp_path: Path) -> None:
    for number, said in ((1, "O dropout desliga neurônios."), (2, "O dropout da revisão cansa a rede.")):
        captions(tmp_path / "aulas", f"aula-{number}.vtt", said, "Até a próxima.")
    ran = await terminal.run("ingest", str(tmp_path / "aulas"), "--course", "redes", "--language", "pt-BR")
    assert ran.code == 0, ran.err

    typed = "o que é dropout na aula 9?\n/2\n/all\n/3\n"
    ran = await terminal.run("chat", "--course", "redes", typed=typed)

    none, second, everywhere, *rest = flat(ran.out).split("╭")[1:]
    assert "Não há aula 9; as mais próximas são:" in none
    assert "O dropout da revisão" in second
    assert "desliga neurônios" not in second
    assert "desliga neurônios" in everywhere
    assert rest == []
    assert "/all repete" in ran.err.splitlines()[-1]
