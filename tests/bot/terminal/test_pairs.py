"""`monitoria eval --pairs` and `monitoria judge pairs`: which of two configurations is preferred, and by whom."""

import asyncio

import psycopg
import pytest

from tests.bot.console import Console, Ran, captions, flat
from tests.bot.terminal.test_replay import QUESTIONS, SAID, models, question_set
from tests.fake_model import Behaviour, FakeModel, Request, fake_model
from tests.services.judging.preferring import always, choosing


def judging(behaviour: Behaviour) -> Behaviour:
    """The models of an evaluation, where pairs are judged by *behaviour*."""

    async def behave(writer: asyncio.StreamWriter, request: Request) -> None:
        is_pair = "You compare two answers" in str(request["messages"][0]["content"])
        await (behaviour if is_pair else models)(writer, request)

    return behave


def there(terminal: Console, server: FakeModel) -> Console:
    return terminal.having(OPENAI_BASE_URL=server.base_url, MONITORIA_ANSWER_MODEL="bom", MONITORIA_JUDGE_MODEL="juiz")


async def evaluated(terminal: Console, server: FakeModel, *options: str) -> Ran:
    order = ("eval", str(question_set(terminal.folder)), "--course", "redes", "--answers", *options)
    return await there(terminal, server).run(*order)


async def taught(terminal: Console) -> None:
    lecture = captions(terminal.folder, "aula-1.vtt", "Hoje o assunto são redes recorrentes.", f"{SAID}.")
    await terminal.run("ingest", str(lecture), "--course", "redes")


async def test_two_models_are_compared_kept_and_shown_with_what_staff_say(terminal: Console) -> None:
    await taught(terminal)
    async with fake_model(judging(choosing(lambda a, _: "A" if "gradiente encolhe" in a else "B"))) as server:
        ran = await evaluated(terminal, server, "--against", "model=ruim", "--pairs", "--keep", "--json")
        table = await evaluated(terminal, server, "--against", "model=ruim", "--pairs")
    shown = await terminal.run("judge", "pairs", "--course", "redes")
    listed = await terminal.run("judge", "pairs", "--course", "redes", "--json")
    runs = await terminal.run("judge", "runs", "--course", "redes")
    exported = await terminal.run("export", "--course", "redes", "--format", "pairs")
    empty = await terminal.run("export", "--course", "redes", "--format", "pairs", "--since", "2999-01-01")

    assert ran.code == 0, ran.err
    found = ran.document["pairs"]
    assert (found["first"], found["second"]) == ("as configured", "model=ruim")
    assert (found["judge"]["n"], found["judge"]["losses"], found["judge"]["preference"]) == (3, 3, 0.0)
    assert (found["order"]["decided"], found["order"]["first_place"], found["tokens"]) == (0, None, 108)
    assert found["kept"] == {"run": 1, "count": 3}
    assert "0% (0% to" in flat(table.out)
    assert "3 compared, 0 missing" in flat(table.out)
    [one] = listed.document["comparisons"]
    assert (one["run"], one["judge"]["losses"], one["staff"]["n"], one["agreement"]["agreement"]) == (1, 3, 0, None)
    assert "model=ruim against as configured" in flat(shown.out)
    assert "pairs, juiz, pair/1" in flat(runs.out)
    assert len(exported.out.splitlines()) == 3
    assert "has no pair that was compared since 2999-01-01" in flat(empty.err)


async def test_without_the_option_no_pair_is_asked_about_and_nothing_else_changes(terminal: Console) -> None:
    await taught(terminal)
    async with fake_model(judging(always("A"))) as server:
        ran = await evaluated(terminal, server, "--against", "model=ruim", "--json")

    assert "pairs" not in ran.document
    assert not [prompt for prompt in server.prompts if "You compare two answers" in prompt]


async def test_what_staff_have_verified_is_no_words_of_a_configuration(terminal: Console, database: str) -> None:
    await taught(terminal)
    with psycopg.connect(database) as conn:
        conn.execute(
            """
            insert into verified_answers (course_id, question, language, text, verified_by)
            select id, %s, 'pt', 'Palavras da equipe.', 'ta' from courses
            """,
            [QUESTIONS[0][1]],
        )
    async with fake_model(judging(always("A"))) as server:
        ran = await evaluated(terminal, server, "--against", "model=ruim", "--pairs", "--keep", "--json")
    exported = await terminal.run("export", "--course", "redes", "--format", "pairs")

    assert (ran.document["pairs"]["same"], ran.document["pairs"]["kept"]["count"]) == (1, 2)
    assert "Palavras da equipe" not in exported.out


async def test_a_judge_that_prefers_the_first_place_is_told_of(terminal: Console) -> None:
    await taught(terminal)
    async with fake_model(judging(always("A"))) as server:
        ran = await evaluated(terminal, server, "--against", "model=ruim", "--pairs")
    shown = await terminal.run("judge", "pairs", "--course", "redes")

    assert "100% (44% to 100%); of these for the first place 100%" in flat(ran.out)
    assert "3 undecided" in flat(ran.out)
    assert "No pair of 'redes' is kept" in flat(shown.out)


@pytest.mark.parametrize(
    "options",
    [("--answers", "--pairs"), ("--pairs",), ("--answers", "--against", "model=x", "--keep"), ("--keep",)],
)
async def test_pairs_need_something_to_compare(terminal: Console, options: tuple[str, ...]) -> None:
    ran = await terminal.run("eval", "set.jsonl", "--course", "redes", *options)

    assert (ran.code, "--pairs goes with" in flat(ran.err)) == (2, True), ran.err


async def test_a_course_that_is_not_there_is_one_sentence(terminal: Console) -> None:
    ran = await terminal.run("judge", "pairs", "--course", "outra")

    assert ran.code == 1
    assert "outra" in ran.err
