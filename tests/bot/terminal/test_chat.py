"""A conversation in the terminal, typed by a pipe."""

import asyncio
import os
import pty
import signal

import psycopg
import pytest

from services import i18n
from tests.bot.console import Console, captions, ended, flat
from tests.fake_model import fake_model, says, sends_json

QUESTION = "Por que o gradiente encolhe em redes recorrentes longas?"
COUNTS_UP = "Seu voto vale: ajudou."
COUNTS_DOWN = "Seu voto vale: não ajudou; escreva - e algumas palavras para dizer o que está errado."
EXPLAINED = "Obrigado! A monitoria vai ver o que você escreveu."
WITHDRAWN = "Seu voto foi retirado."
NO_ANSWER = "Não há resposta em que votar; faça uma pergunta primeiro."


@pytest.fixture
async def taught(terminal: Console) -> Console:
    """A terminal on the course `redes`, which has one lecture, in a database of its own."""
    return await teach(terminal, "pt-BR")


async def teach(terminal: Console, language: str) -> Console:
    said = "O gradiente encolhe até sumir nas redes recorrentes longas."
    file = captions(terminal.folder, "aula-1.vtt", "Hoje o assunto são redes recorrentes.", said, "Por isso a LSTM.")
    ran = await terminal.run("ingest", str(file), "--course", "redes", "--language", language)
    assert ran.code == 0, ran.err
    return terminal


async def chatted(terminal: Console, *lines: str) -> list[str]:
    """Type *lines*, and return what is said beside the answers, after the welcome."""
    ran = await terminal.run("chat", "--course", "redes", typed="\n".join(lines) + "\n")
    assert ran.code == 0, ran.err
    return ran.err.splitlines()[1:]


def rows(terminal: Console, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(terminal.variables["DATABASE_URL"]) as conn:
        return conn.execute(query.encode()).fetchall()


def votes(terminal: Console) -> list[tuple[object, ...]]:
    return rows(terminal, "select role, label, reason, comment from annotations order by id")


def flags(terminal: Console) -> list[tuple[object, ...]]:
    """Why staff should look, of what still waits for them."""
    return rows(
        terminal,
        "select r.reason from review_reasons r join review_items i on i.id = r.item_id where i.settled_at is null",
    )


async def test_a_conversation_ends_with_the_input(sampled: Console) -> None:
    """A question, a follow-up, the commands, one that there is not, and Ctrl-D."""
    typed = "\n".join(["O que é a LSTM?", "", "e o gradiente que some nela?", "/lectures", "/new", "/help", ""])

    ran = await sampled.run("chat", "--course", "redes", typed=typed)

    assert ran.code == 0, ran.err
    assert "╭─ O que é a LSTM? ─" in ran.out
    assert "╭─ e o gradiente que some nela? ─" in ran.out
    assert ran.out.count("[1] 00:") == 2
    assert "aula-07-atencao\n" in ran.out
    assert "Uma nova conversa." in ran.err
    assert ran.err.count("/quit ou Ctrl-D encerra.") == 2


async def test_a_follow_up_reaches_the_model_with_what_came_before(sampled: Console) -> None:
    typed = "O que é a LSTM?\ne quem a inventou?\n/quit\nnever asked\n"
    async with fake_model(says("A LSTM é uma célula [1].")) as model:
        there = sampled.having(OPENAI_BASE_URL=model.base_url)
        ran = await there.run("chat", "--course", "redes", typed=typed)

    assert ran.code == 0, ran.err
    assert "A LSTM é uma célula [1]." in flat(ran.out)
    assert any("O que é a LSTM?" in prompt and "e quem a inventou?" in prompt for prompt in model.prompts)
    assert not any("never asked" in prompt for prompt in model.prompts)


async def test_a_thumb_down_counts_as_the_button_does_and_words_say_why(taught: Console) -> None:
    assert await chatted(taught, QUESTION, "-") == [COUNTS_DOWN]
    assert votes(taught) == [("student", "I", None, None)]
    assert flags(taught) == [("voted_down",)]

    assert await chatted(taught, QUESTION, "-", "-   faltou a  LSTM") == [COUNTS_DOWN, EXPLAINED]
    assert votes(taught)[1:] == [("student", "I", "other", "faltou a  LSTM")]
    keys = rows(taught, "select distinct annotator_key ~ '^[0-9a-f]{32}$' from annotations group by annotator_key")
    assert keys == [(True,)]


async def test_the_last_word_counts_and_the_same_again_takes_it_back(taught: Console) -> None:
    assert await chatted(taught, QUESTION, "- errado", "+") == [EXPLAINED, COUNTS_UP]
    assert votes(taught) == [("student", "C", None, None)]
    assert flags(taught) == []

    assert await chatted(taught, QUESTION, "+", "+", "-", "-") == [COUNTS_UP, WITHDRAWN, COUNTS_DOWN, WITHDRAWN]
    assert len(votes(taught)) == 1
    assert flags(taught) == []


async def test_a_vote_needs_an_answer_to_the_last_question(taught: Console) -> None:
    too_long = i18n.text("question.too_long", "pt-BR", length=1600, limit=1500)

    said = await chatted(taught, "+", QUESTION, "/new", "- errado", QUESTION, "é" * 1600, "-")

    assert said == [NO_ANSWER, "Uma nova conversa.", NO_ANSWER, too_long, NO_ANSWER]
    assert votes(taught) == []


async def test_an_answer_that_failed_takes_no_vote(taught: Console) -> None:
    async with fake_model(sends_json({"error": {}}, status=500)) as model:
        said = await chatted(taught.having(OPENAI_BASE_URL=model.base_url), QUESTION, "-")

    assert said[-1] == "Esta resposta falhou e não recebe voto; pergunte de novo."
    assert rows(taught, "select outcome from answers") == [("failed",)]
    assert votes(taught) == []


async def test_a_question_may_begin_like_a_vote(taught: Console) -> None:
    assert await chatted(taught, QUESTION, "+ exemplos de LSTM", "-log(p) é o gradiente?") == []

    assert votes(taught) == []
    assert rows(taught, "select text from questions order by id offset 1") == [
        ("+ exemplos de LSTM",),
        ("-log(p) é o gradiente?",),
    ]


async def test_words_in_another_encoding_are_kept_without_what_cannot_be_read(taught: Console) -> None:
    process = await taught.having(LC_ALL="C.UTF-8").start("chat", "--course", "redes")
    _, err = await process.communicate(f"{QUESTION}\n- está ".encode() + "errado demais, não é\n".encode("latin-1"))

    assert process.returncode == 0, err
    assert err.decode().splitlines()[1:] == [EXPLAINED]
    assert votes(taught) == [("student", "I", "other", "está errado demais, no")]


async def test_a_conversation_speaks_the_language_of_its_course(terminal: Console) -> None:
    there = await teach(terminal, "en")

    ran = await there.run("chat", "--course", "redes", typed=f"-\n{QUESTION}\n-\n+\n/new\n")

    assert "Ask a question. + or - votes on the last answer" in ran.err
    assert ran.err.splitlines()[1:] == [
        "There is no answer to vote on; ask a question first.",
        "Your vote counts: not helpful; write - and some words to say what is wrong.",
        "Your vote counts: helpful.",
        "A new conversation.",
    ]


LATER = "O gradiente some porque fatores menores do que um se multiplicam na rede recorrente."
NO_MOMENT = i18n.text("again.no_moment", "pt-BR")
TRIED = i18n.text("chat.tried", "pt-BR")
NOTHING_TO_TRY = i18n.text("chat.nothing_to_try", "pt-BR")


async def two_lectures(terminal: Console) -> Console:
    there = await teach(terminal, "pt-BR")
    file = captions(there.folder, "aula-2.vtt", "Exercício sobre redes recorrentes.", LATER)
    ran = await there.run("ingest", str(file), "--course", "redes", "--language", "pt-BR")
    assert ran.code == 0, ran.err
    return there


def tries(terminal: Console) -> list[tuple[object, ...]]:
    return rows(terminal, "select again, text, follows from questions order by id")


async def test_without_a_model_the_other_moments_come_until_none_is_left(terminal: Console) -> None:
    there = await two_lectures(terminal)
    typed = "\n".join(("/outro", QUESTION, "/outro", "/other", "/outro", "/simples")) + "\n"
    ran = await there.run("chat", "--course", "redes", typed=typed)

    first, second, none = flat(ran.out).split("╭")[1:]
    assert "aula 1" in first
    assert "aula 2" in second
    assert NO_MOMENT in none
    quotes = i18n.text("again.not_offered", "pt-BR")
    assert ran.err.splitlines()[1:] == [NOTHING_TO_TRY, TRIED, quotes]
    assert tries(there) == [(None, QUESTION, None), ("other", QUESTION, 1), ("other", QUESTION, 2)]


@pytest.mark.parametrize(("language", "typed"), [("pt-BR", ("/simples", "/exemplo")), ("en", ("/simpler", "/example"))])
async def test_the_last_answer_is_tried_as_by_the_buttons(
    terminal: Console, language: str, typed: tuple[str, ...]
) -> None:
    there = await teach(terminal, language)
    spoken = says("O gradiente encolhe [1]."), says("Ele fica pequeno [1]."), says("NO_MATERIAL")
    async with fake_model(*spoken) as model:
        ran = await there.having(OPENAI_BASE_URL=model.base_url).run(
            "chat", "--course", "redes", typed="\n".join((QUESTION, *typed, "+")) + "\n"
        )

    assert ran.code == 0, ran.err
    assert all(word in ran.err.splitlines()[0] for word in typed)
    _, simpler, example = flat(ran.out).split("╭")[1:]
    assert "Ele fica pequeno [1]." in simpler
    assert i18n.text("again.no_example", "pt-BR") in example
    assert ["in simpler words" in prompt for prompt in model.prompts] == [False, True, False]
    assert "O gradiente encolhe (1)." in model.prompts[1]
    assert "Ele fica pequeno (1)." in model.prompts[2]
    assert [again for again, _, _ in tries(there)] == [None, "simpler", "example"]
    assert votes(there) == [("student", "C", None, None)]


async def test_a_try_that_failed_may_be_made_again_and_a_question_follows_up_on_it(terminal: Console) -> None:
    there = await teach(terminal, "pt-BR")
    broken = sends_json({"error": {}}, status=500)
    async with fake_model(says("O gradiente encolhe [1]."), broken, says("Ele fica pequeno [1].")) as model:
        typed = "\n".join((QUESTION, "/simples", "/simples", "e na LSTM?")) + "\n"
        ran = await there.having(OPENAI_BASE_URL=model.base_url).run("chat", "--course", "redes", typed=typed)

    assert ran.code == 0, ran.err
    assert "Ele fica pequeno [1]." in flat(ran.out)
    assert [(again, follows) for again, _, follows in tries(there)] == [
        (None, None), ("simpler", 1), ("simpler", 1), (None, 3)
    ]  # fmt: skip
    assert rows(there, "select outcome from answers order by id") == [
        ("answered",), ("failed",), ("answered",), ("answered",)
    ]  # fmt: skip
    assert any(QUESTION in prompt and "e na LSTM?" in prompt for prompt in model.prompts)


async def test_ctrl_c_at_the_prompt_ends_at_once(sampled: Console) -> None:
    """Not only when Enter is pressed: a real terminal, at which nobody types anything else."""
    ours, theirs = pty.openpty()
    try:
        process = await sampled.start("chat", "--course", "redes", stdin=theirs, stdout=theirs)
        await _prompted(process)
        process.send_signal(signal.SIGINT)
        ran = await ended(process)
    finally:
        os.close(theirs)
        os.close(ours)

    assert ran.code == 130
    assert ran.err.endswith("Interrupted; what was done so far is kept.\n")


async def _prompted(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    async with asyncio.timeout(60):
        await process.stderr.readuntil(b"Ctrl-D encerra.")
    await asyncio.sleep(0.5)


async def test_who_thanks_is_thanked_and_nothing_is_stored(taught: Console) -> None:
    there = taught.having(OPENAI_BASE_URL="http://127.0.0.1:1/v1")  # with a judge, which would have its jobs
    asked = await there.run("ask", "oi", "--course", "redes", "--json")
    english = await there.run("ask", "Thank you!", "--course", "redes")

    assert (asked.code, asked.out, flat(asked.err)) == (1, "", i18n.text("question.greeting", "pt-BR"))
    assert (english.code, english.out, flat(english.err)) == (1, "", i18n.text("question.thanks", "pt-BR"))
    for table in ("questions", "answers", "jobs", "review_items"):
        assert rows(there, f"select count(*) from {table}") == [(0,)]  # noqa: S608 - names of ours


async def test_thanks_leave_the_conversation_as_it_was(taught: Console) -> None:
    said = await chatted(taught, QUESTION, "muito obrigada!", "+", "oi", "ok, entendi", "e na LSTM?")

    thanks, greeting = (i18n.text(f"question.{said}", "pt-BR") for said in ("thanks", "greeting"))
    assert said == [thanks, COUNTS_UP, greeting, thanks]
    assert rows(taught, "select follows is not null from questions order by id") == [(False,), (True,)]
