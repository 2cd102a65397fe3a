"""`monitoria run` as it is run: a process that is started, killed, doubled and told to stop."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from services import wiring
from services.models.llm import LlmConfig
from tests.bot.discord.asking import QUESTION, is_cited, shown
from tests.bot.discord.conftest import WRITTEN, Campus, Start, eventually
from tests.fake_discord import Channel, FakeDiscord, Message
from tests.fake_model import FakeModel, hangs, says, streams

EX_CONFIG = 78
COMMANDS = r"/applications/\d+/commands"


@asynccontextmanager
async def teaching(campus: Campus) -> AsyncGenerator[wiring.Services, None]:
    """The course, taught before the process starts."""
    async with wiring.services(campus.setup) as services:
        await campus.taught(services)
        yield services


async def taught(campus: Campus) -> None:
    async with teaching(campus):
        pass


def by(model: FakeModel, *, judge: str = "none") -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": model.base_url,
        "MONITORIA_ANSWER_MODEL": "fake",
        "MONITORIA_JUDGE_MODEL": judge,
    }


def us(campus: Campus) -> str:
    return campus.server.user.mention


async def rows(campus: Campus, query: LiteralString) -> list[tuple[Any, ...]]:
    assert campus.setup.database_url
    async with await psycopg.AsyncConnection.connect(campus.setup.database_url, autocommit=True) as conn:
        return await (await conn.execute(query)).fetchall()


async def count(campus: Campus, table: str) -> int:
    assert campus.setup.database_url
    async with await psycopg.AsyncConnection.connect(campus.setup.database_url) as conn:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        row = await (await conn.execute(query)).fetchone()
    assert row
    return int(row[0])


async def let_leases_run_out(campus: Campus) -> None:
    """Do what a minute and a half does."""
    assert campus.setup.database_url
    async with await psycopg.AsyncConnection.connect(campus.setup.database_url) as conn:
        await conn.execute("update questions set leased_until = now()")
        await conn.execute("update deliveries set leased_until = now()")


def answers_in(campus: Campus, channel: Channel) -> list[Message]:
    return [message for message in campus.server.messages(channel) if message.author is campus.server.user]


def calls(server: FakeDiscord, method: str) -> list[str]:
    return [call.path for call in server.requests if call.method == method and call.path.endswith("/commands")]


async def test_every_way_of_asking_yields_a_cited_answer(campus: Campus, start: Start, model: FakeModel) -> None:
    server, ana, room = campus.server, campus.ana, campus.room
    forum = server.add_channel(campus.guild, "perguntas", kind="forum")
    async with teaching(campus) as services:
        course = await services.courses.find("redes")
        await services.spaces.bind(course, guild=campus.guild.id, channel=forum.id, answers="forum", reader="pt-BR")
    await (await start(**by(model))).ready()

    asked = await server.slash(ana, room, "ask", {"question": QUESTION})
    await server.until(lambda: is_cited(asked.original))

    await server.say(ana, room, f"{us(campus)} {QUESTION}")
    mentioned = await server.until(lambda: shown(answers_in(campus, room)[1:]))
    assert mentioned
    assert is_cited(mentioned)

    await server.say(ana, room, "e o que a LSTM guarda?", reply_to=mentioned)
    assert is_cited(await server.until(lambda: shown(answers_in(campus, room)[2:])))

    thread = await server.start_thread(ana, mentioned)
    await server.say(ana, thread, "e por que ela soma?")
    assert is_cited(await server.until(lambda: shown(answers_in(campus, thread))))

    post = await server.post(ana, forum, "Gradiente que some", "por que isso acontece?")
    assert is_cited(await server.until(lambda: shown(answers_in(campus, post))))

    said = await server.say(campus.boss, room, QUESTION)
    menu = await server.menu(ana, room, "Perguntar às aulas", said)
    await server.until(lambda: is_cited(menu.original))
    assert menu.original
    assert menu.original.ephemeral

    direct = await server.dm(ana, QUESTION)
    assert is_cited(await server.until(lambda: shown(answers_in(campus, direct.channel))))
    assert await count(campus, "answers") == 7


async def test_what_was_being_answered_at_a_kill_is_answered_once_after_the_next_start(
    campus: Campus, start: Start, model: FakeModel
) -> None:
    await taught(campus)
    first = await (await start(**by(model))).ready()
    await campus.server.say(
        campus.ana, campus.room, f"{us(campus)} {QUESTION}"
    )  # a new model's first words are no draft
    await campus.server.until(lambda: any(map(is_cited, answers_in(campus, campus.room))))
    model.behaviours[:] = [streams(WRITTEN, " E mais.", pause_s=60)]
    asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
    await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")
    begun = await campus.server.until(  # both drafts stand there
        lambda: len([it for it in answers_in(campus, campus.room) if "encolhe" in it.content]) == 3
    )
    assert begun

    await first.kill()
    model.behaviours[:] = [says(WRITTEN)]
    await let_leases_run_out(campus)
    await (await start(**by(model))).ready()

    await campus.server.until(lambda: all(map(is_cited, answers_in(campus, campus.room))))
    await quiet(campus)
    assert is_cited(asked.original)
    assert len(answers_in(campus, campus.room)) == 3
    assert await rows(campus, "select count(*), count(distinct question_id) from answers") == [(3, 3)]
    assert await rows(campus, "select state from deliveries") == [("delivered",)] * 3


async def test_a_vote_after_a_restart_is_stored(campus: Campus, start: Start) -> None:
    await taught(campus)
    first = await (await start()).ready()
    asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
    assert asked.original
    await campus.server.until(lambda: asked.original and asked.original.buttons)
    await first.stop()

    await (await start()).ready()
    await (await campus.server.click(campus.ana, asked.original, asked.original.buttons["Ajudou"])).answered()

    assert await rows(campus, "select label, role from annotations") == [("C", "student")]


async def test_what_discord_delivers_again_is_answered_once(campus: Campus, start: Start, model: FakeModel) -> None:
    await taught(campus)
    model.behaviours[:] = [says(WRITTEN, pause_s=0.2)]
    await (await start(**by(model))).ready()
    asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
    said = await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")
    for thing in (asked, said):  # while it is being answered
        await campus.server.deliver_again(thing)
    await campus.server.until(lambda: all(map(is_cited, answers_in(campus, campus.room))) and asked.original)
    for message in answers_in(campus, campus.room):
        message.nonce = None  # Discord forgets it in minutes

    for thing in (asked, said):  # and long after
        await campus.server.deliver_again(thing)
    await quiet(campus)

    assert len(answers_in(campus, campus.room)) == 2
    assert await count(campus, "answers") == 2
    assert len(model.requests) == 2


async def test_what_comes_twice_is_held_until_it_is_answered(
    campus: Campus, model: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    model.behaviours[:] = [hangs()]
    async with campus.running(LlmConfig(model="fake", base_url=model.base_url)) as client:
        await campus.taught(client.services)
        said = await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")
        await model.asked.wait()

        await campus.server.deliver_again(said)
        await campus.server.until(lambda: "answer.in_progress" in [it.getMessage() for it in caplog.records])
        await asyncio.sleep(0.1)

        assert client.answering.in_flight == {f"message:{said.id}"}


async def test_no_level_of_the_log_tells_names_or_words_of_people(
    campus: Campus, start: Start, model: FakeModel
) -> None:
    await taught(campus)
    run = await start(**by(model), MONITORIA_LOG_LEVEL="debug")
    canary = "canário amarelo"

    await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION} {canary}")
    await eventually(lambda: _is_answered(campus), wanted=True)
    await run.stop()

    assert any(canary in prompt for prompt in model.prompts)
    for word in (canary, json.dumps(canary)[1:-1], QUESTION, json.dumps(QUESTION)[1:-1], campus.ana.name):
        assert word not in run.said


async def _is_answered(campus: Campus) -> bool:
    return await count(campus, "answers") == 1


async def test_two_replicas_give_one_answer(campus: Campus, start: Start, model: FakeModel) -> None:
    await taught(campus)
    model.behaviours[:] = [says(WRITTEN, pause_s=0.1)]
    replicas = [await start(**by(model)) for _ in range(2)]
    for replica in replicas:
        await replica.ready()
    assert len([session for session in campus.server.sessions if session.queue]) == 2

    asked = [await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION}) for _ in range(3)]
    for _ in range(3):
        await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")
    await campus.server.until(lambda: len([m for m in answers_in(campus, campus.room) if is_cited(m)]) == 6)
    await quiet(campus)

    assert all(is_cited(one.original) for one in asked)
    assert len(answers_in(campus, campus.room)) == 6
    assert len(model.requests) == await count(campus, "answers") == await count(campus, "questions") == 6
    assert await rows(campus, "select distinct number from answer_messages") == [(0,)]


async def test_without_a_token_nothing_is_tried(campus: Campus, start: Start) -> None:
    run = await start(DISCORD_TOKEN="")

    assert await run.ended() == EX_CONFIG
    assert len(run.said.splitlines()) == 1, run.said
    (sentence,) = run.said.splitlines()
    assert "https://discord.com/developers/applications (Bot, Reset Token)" in sentence
    assert not campus.server.requests


async def test_a_wrong_token_is_tried_once(campus: Campus, start: Start) -> None:
    run = await start(DISCORD_TOKEN="another", MONITORIA_LOG_LEVEL="")

    assert await run.ended() == EX_CONFIG
    assert len(run.said.splitlines()) == 1, run.said
    (sentence,) = run.said.splitlines()
    assert sentence.startswith("Discord refuses the token in DISCORD_TOKEN; copy it anew from https://discord.com/")
    assert [call.path for call in campus.server.requests] == ["/users/@me"]
    assert campus.server.identifies == 0


async def test_without_the_intent_it_identifies_once(campus: Campus, start: Start) -> None:
    campus.server.refuse_intents = True
    run = await start(MONITORIA_LOG_LEVEL="")

    assert await run.ended() == EX_CONFIG
    assert len(run.said.splitlines()) == 1, run.said
    (sentence,) = run.said.splitlines()
    assert "Message Content Intent at https://discord.com/developers/applications" in sentence
    assert campus.server.identifies == 1


async def test_where_no_server_admits_commands_it_says_where_to_click(campus: Campus, start: Start) -> None:
    campus.server.fail(r"GET /applications/\d+/guilds/\d+/commands", 403, code=50001, times=9)
    run = await start()

    assert await run.ended() == EX_CONFIG
    (sentence,) = run.sentences
    link = f"https://discord.com/oauth2/authorize?client_id={campus.server.user.id}&scope=bot+applications.commands"
    assert link in sentence
    assert campus.server.identifies == 1


async def test_where_one_server_admits_none_of_its_commands_the_others_are_served(campus: Campus, start: Start) -> None:
    other = campus.server.add_guild("Outra")
    campus.server.fail(rf"GET /applications/\d+/guilds/{other.id}/commands", 403, code=50001, times=9)
    await taught(campus)
    run = await (await start()).ready()

    await run.until(lambda it: it.has("discord.commands_not_allowed"))

    asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
    assert is_cited(asked.original)
    (told,) = [event for event in run.events if event["event"] == "discord.commands_not_allowed"]
    assert told["guild_id"] == other.id


async def test_a_token_that_is_revoked_while_it_runs_ends_it(campus: Campus, start: Start) -> None:
    run = await (await start()).ready()

    campus.server.token = "new"
    await campus.server.drop(resumable=False)

    assert await run.ended() == EX_CONFIG
    assert run.sentences[-1].startswith("Discord refuses the token in DISCORD_TOKEN; copy it anew from https://")
    assert campus.server.identifies == 2
    assert not run.has("part.failed")


async def test_while_discord_is_away_it_tries_again(campus: Campus, start: Start) -> None:
    campus.server.fail("GET /users/@me", 0, times=4)  # a cut connection is tried once more by itself

    run = await (await start()).ready()

    told = [event for event in run.events if event["event"] == "part.failed"]
    assert [event["part"] for event in told] == ["gateway", "gateway"]
    assert [event["reason"].startswith("Discord cannot be reached (") for event in told] == [True, True]
    assert 1 <= told[0]["again_in_s"] <= 3
    assert 2 <= told[1]["again_in_s"] <= 6


async def test_commands_are_published_only_when_discord_has_others(campus: Campus, start: Start) -> None:
    published: list[int] = []
    for _ in range(2):
        await (await (await start()).ready()).stop()
        published.append(len(calls(campus.server, "PUT")))
    campus.server.commands[0]["description"] = "of an older release"
    await (await (await start()).ready()).stop()
    published.append(len(calls(campus.server, "PUT")))

    assert published == [1, 1, 2]
    assert "of an older release" not in str(campus.server.commands)


async def test_commands_that_cannot_be_published_do_not_keep_it_from_answering(campus: Campus, start: Start) -> None:
    campus.server.fail(rf"PUT {COMMANDS}", 400, code=30034, times=9)
    await taught(campus)
    run = await (await start()).ready()

    await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")

    assert is_cited(await campus.server.until(lambda: shown(answers_in(campus, campus.room))))
    assert run.has("commands.unpublished")


async def test_the_worker_judges_beside_the_bot(campus: Campus, start: Start, model: FakeModel) -> None:
    await taught(campus)
    await (await start(**by(model, judge="severe"))).ready()

    await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")

    assert is_cited(await campus.server.until(lambda: shown(answers_in(campus, campus.room))))
    await campus.server.until(lambda: "severe" in [request["model"] for request in model.requests])


async def quiet(campus: Campus) -> None:
    """Wait until every delivery is settled and nothing was asked of Discord for a while."""
    for _ in range(200):
        waiting = await rows(campus, "select 1 from deliveries where state = 'waiting'")
        seen = len(campus.server.requests)
        await asyncio.sleep(0.5)
        if not waiting and len(campus.server.requests) == seen:
            return
    raise AssertionError(campus.server.seen())
