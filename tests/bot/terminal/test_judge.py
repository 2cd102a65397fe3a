"""The commands around the judge, each as a process, with an answering and a judging model on a local server."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from bot.terminal.judging.judge import canaries_view
from services.judging.canaries.comparing import Watched, shift
from tests.bot.console import Console, captions, ended, flat
from tests.bot.terminal.test_console import rendered
from tests.fake_model import FakeModel, Request, fake_model, says, sends_json

QUESTION = "Por que o gradiente encolhe em redes recorrentes longas?"
SAID = "O gradiente encolhe até sumir nas redes recorrentes longas"
VERDICT = json.dumps({"criteria": "o porquê", "supporting_evidence": "encolhe", "score": 1})
SUPPORT = json.dumps({"references": [{"number": 1, "quote": "o gradiente encolhe até sumir", "support": "full"}]})


def rows(terminal: Console, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(terminal.variables["DATABASE_URL"]) as conn:
        return conn.execute(query.encode()).fetchall()


async def models(writer: asyncio.StreamWriter, request: Request) -> None:
    """Answer, or judge, as the prompt asks."""
    asked = str(request["messages"][0]["content"])
    if "You grade how relevant" in asked or "You give a second opinion" in asked:
        await says(VERDICT)(writer, request)
    elif "whether the sources" in asked:
        await says(SUPPORT)(writer, request)
    elif "passages were looked up" in asked:
        await says(VERDICT)(writer, request)
    else:
        await says(f"{SAID} [1].")(writer, request)


@asynccontextmanager
async def course(terminal: Console) -> AsyncGenerator[tuple[Console, FakeModel], None]:
    """A course with one lecture and one answered question, in a terminal that knows the models' server."""
    file = captions(
        terminal.folder, "aula-1.vtt", "Hoje o assunto são redes recorrentes.", f"{SAID}.", "Por isso a LSTM."
    )
    taken = await terminal.run("ingest", str(file), "--course", "redes", "--video-url", "https://youtu.be/abc")
    assert taken.code == 0, taken.err
    # Whose passages are judged is chance, and no test should meet it.
    assert (await terminal.run("course", "judge", "redes", "--context-share", "0")).code == 0
    async with fake_model(models) as server:
        there = terminal.having(OPENAI_BASE_URL=server.base_url, MONITORIA_JUDGE_MODEL="juiz")
        asked = await there.run("ask", QUESTION, "--course", "redes", "--json")
        assert asked.document["outcome"] == "answered", asked.err
        yield there, server


async def test_an_answer_from_the_terminal_is_judged_when_the_judge_is_asked(terminal: Console) -> None:
    async with course(terminal) as (there, server):
        waiting = await there.run("queue")
        judged = await there.run("judge")
        done = await there.run("queue")

    assert "Judgements: 2 waiting, 0 running, 0 dead." in waiting.out
    assert (judged.code, flat(judged.out)) == (0, "2 judgements made or tried.")
    assert flat(done.out).startswith("Judgements: 0 waiting, 0 running, 0 dead.")
    assert {request["model"] for request in server.requests} == {"gpt-5-mini", "juiz"}
    assert rows(there, "select kind, status, score, label, model from judgements order by kind") == [
        ("relevance", "ok", 1, "I", "juiz"),
        ("support", "ok", None, None, "juiz"),
    ]
    assert rows(there, "select reason from review_reasons") == [("low_relevance",)]


async def test_a_judgement_can_be_made_once_more(terminal: Console) -> None:
    async with course(terminal) as (there, _):
        await there.run("judge")
        [(answer,)] = rows(there, "select id from answers")
        again = await there.run("judge", "--answer", str(answer))
        missing = await there.run("judge", "--missing")
        unknown = await there.run("judge", "--answer", "999")

    assert flat(again.out) == "3 judgements made or tried."
    assert flat(missing.out) == "0 judgements made or tried."
    assert rows(there, "select kind, count(*), max(score) from judgements group by kind order by kind") == [
        ("context", 1, 1),
        ("relevance", 2, 1),
        ("support", 2, None),
    ]
    assert (unknown.code, flat(unknown.err)) == (
        1,
        "There is no answer 999; `monitoria ask --json` and exports show the numbers.",
    )


async def test_a_worker_judges_until_it_is_told_to_stop(terminal: Console) -> None:
    async with course(terminal) as (there, _):
        process = await there.start("worker")
        async with asyncio.timeout(60):
            while rows(there, "select from jobs where state = 'waiting'"):  # noqa: ASYNC110 - another process's rows
                await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        ran = await ended(process)

    assert ran.code == 0, ran.err
    assert rows(there, "select count(*) from judgements where status = 'ok'") == [(2,)]


async def test_a_wrong_key_is_told_and_nothing_is_lost(terminal: Console) -> None:
    async with course(terminal) as (there, _), fake_model(sends_json({"error": {}}, status=401)) as shut:
        barred = there.having(MONITORIA_JUDGE_BASE_URL=shut.base_url, MONITORIA_JUDGE_API_KEY="errada")
        judged = await barred.run("judge")
        queue = await barred.run("queue")

    assert judged.code == 0
    assert "refuses the key; correct MONITORIA_JUDGE_API_KEY (HTTP 401)." in flat(judged.err)
    assert f"The model 'juiz' at '{shut.base_url.split('/')[2]}'" in flat(judged.err)
    assert "2 judgements wait" in flat(judged.err)
    assert "Judgements are held up, the next try in" in flat(queue.out)
    assert "errada" not in judged.out + judged.err + queue.out + queue.err
    assert shut.requests[0]["headers"]["authorization"] == "bearer errada"
    assert rows(there, "select distinct state, attempts from jobs") == [("waiting", 0)]


async def test_without_a_judge_nothing_waits_for_one(terminal: Console) -> None:
    async with course(terminal) as (there, _):
        none = there.having(MONITORIA_JUDGE_MODEL="none")
        await none.run("ask", "O que é a LSTM nas redes recorrentes?", "--course", "redes")
        judged = await none.run("judge")

    assert rows(there, "select count(*) from jobs") == [(2,)]
    assert (judged.code, "There is no judge; set MONITORIA_JUDGE_MODEL" in flat(judged.err)) == (1, True)


async def test_the_rules_of_a_course_are_shown_and_changed(terminal: Console) -> None:
    await terminal.run("course", "create", "redes", "--title", "Redes")
    shipped = await terminal.run("course", "judge", "redes")
    changed = await terminal.run(
        "course", "judge", "redes", "--flag-below", "3", "--labels", "ippc", "--daily-tokens", "9000"
    )
    same = await terminal.run("course", "judge", "redes", "--flag-below", "3")
    freed = await terminal.run("course", "judge", "redes", "--daily-tokens", "none", "--context-share", "0")
    twice = await terminal.run("course", "judge", "redes", "--second-share", "0.25")

    assert "as shipped" in shipped.out
    assert "I I P C" in shipped.out
    assert "scores below 3" in changed.out
    assert "I P P C" in changed.out
    assert "9,000 tokens a day (UTC)" in changed.out
    assert same.out == changed.out
    assert "judged for their passages too 2%, and all labelled P/I" in flat(shipped.out)
    assert "no limit" in freed.out
    assert "judged for their passages too none" in flat(freed.out)
    assert "a second person labels blind 10%" in flat(shipped.out)
    assert "a second person labels blind 25%" in flat(twice.out)
    assert rows(terminal, "select version from judge_settings order by 1") == [(1,), (2,), (3,)]


async def test_second_opinions_are_switched_on_and_off(terminal: Console) -> None:
    await terminal.run("course", "create", "redes", "--title", "Redes")
    shipped = await terminal.run("course", "judge", "redes")
    on = await terminal.run("course", "judge", "redes", "--second-opinion", "on", "--second-opinion-share", "0.1")
    maybe = await terminal.run("course", "judge", "redes", "--second-opinion", "maybe")
    off = await terminal.run("course", "judge", "redes", "--second-opinion", "off")

    assert "second opinions none" in " ".join(flat(shipped.out).split())
    assert "on scores at the threshold, on votes that contradict the judge, and on 10% of the others" in flat(on.out)
    assert maybe.code == 2
    assert "second opinions none" in " ".join(flat(off.out).split())
    assert rows(terminal, "select version, second_opinion, second_opinion_share from judge_settings order by 1") == [
        (1, True, 0.1),
        (2, False, 0.1),
    ]


async def test_both_opinions_are_told_of_an_answer_that_is_judged_anew(terminal: Console) -> None:
    async with course(terminal) as (there, _), fake_model(says(VERDICT.replace("1}", "2}"))) as second:
        await there.run("course", "judge", "redes", "--second-opinion", "on", "--second-opinion-share", "1")
        await there.run("judge")
        [(answer,)] = rows(there, "select id from answers")
        other = there.having(
            MONITORIA_SECOND_JUDGE_MODEL="revisor",
            MONITORIA_SECOND_JUDGE_BASE_URL=second.base_url,
            MONITORIA_SECOND_JUDGE_API_KEY="dela",
        )
        heard = await other.run("judge", "--answer", str(answer))

    assert flat(heard.out) == (
        "4 judgements made or tried. Relevance by juiz: 1 of 3. "
        "Second opinion by revisor (chance): 2 of 3, 1 point apart."
    )
    assert second.requests[0]["headers"]["authorization"] == "bearer dela"
    assert rows(there, "select distinct model, prompt_id from judgements where kind = 'second' order by 1") == [
        ("juiz", "second/1"),
        ("revisor", "judge/2"),
    ]
    assert rows(there, "select reason from review_reasons order by 1") == [("low_relevance",), ("split_opinion",)]


async def test_a_second_model_that_is_shut_is_told_beside_the_queue(terminal: Console) -> None:
    async with course(terminal) as (there, _), fake_model(sends_json({"error": {}}, status=401)) as shut:
        await there.run("course", "judge", "redes", "--second-opinion", "on", "--second-opinion-share", "1")
        barred = there.having(MONITORIA_SECOND_JUDGE_BASE_URL=shut.base_url, MONITORIA_SECOND_JUDGE_API_KEY="errada")
        judged = await barred.run("judge")
        queue = await barred.run("queue")

    assert judged.code == 0
    assert "Second opinions are held up" in flat(judged.err)
    assert "correct MONITORIA_SECOND_JUDGE_API_KEY" in flat(judged.err)
    assert "Judgements: 0 waiting, 0 running, 0 dead." in queue.out
    assert "Second opinions: 1 waiting, 0 running, 0 dead." in flat(queue.out)
    assert "Second opinions are held up, the next try in" in flat(queue.out)
    assert "errada" not in judged.out + judged.err + queue.out + queue.err
    assert rows(there, "select status, score from judgements where kind = 'relevance'") == [("ok", 1)]


def test_a_round_of_canaries_says_what_was_compared_with_what() -> None:
    first = Watched(
        scores={1: 2.0}, caught={}, missing=0, shift=None, is_same=False, is_shift_news=False, missed_news=frozenset()
    )
    later = replace(first, caught={2: True, 3: False}, missing=2, shift=shift([{1: 1.0}], {1: 2.0}), is_same=True)

    assert flat(rendered(canaries_view(first))) == (
        "1 frozen answer scored, 0 sentences made wrong judged. "
        "There is nothing to compare with yet; the next round will have this one. "
        "No sentence could be made wrong yet: that takes references which the judge found fully supported."
    )
    said = flat(rendered(canaries_view(later)))
    assert "No verdict on 2 more" in said
    assert "Beside the first rounds, on 1 of them: +1.00 points of 3 (too few for an interval)." in said
    assert said.endswith("Taken for right: 1 of 2 sentences made wrong.")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--flag-below", "5", "No score is below 5 only"),
        ("--judge-share", "1.5", "The share 1.5 of answers to be judged is none"),
        ("--audit-share", "-0.1", "The share -0.1 of answers to be audited is none"),
        ("--second-share", "2", "The share 2 of answers to be labelled twice is none"),
        ("--judge-share", "nan", "The share nan"),
        ("--context-share", "5", "The share 5 of answers to be judged for their passages is none"),
        ("--labels", "CPII", "The labels 'CPII' are no map"),
        ("--labels", "IPC", "The labels 'IPC' are no map"),
        ("--daily-tokens", "muitos", "The budget 'muitos' is no number"),
        ("--second-opinion-share", "1.5", "The share 1.5 of answers to be heard a second opinion on is none"),
    ],
)
async def test_rules_without_sense_get_one_sentence(terminal: Console, option: str, value: str, said: str) -> None:
    await terminal.run("course", "create", "redes", "--title", "Redes")
    ran = await terminal.run("course", "judge", "redes", option, value)

    assert ran.code == 1
    assert said in flat(ran.err)
