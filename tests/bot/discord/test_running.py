"""`monitoria run` as it is run: a process that is started, killed, doubled and told to stop."""

import asyncio
import json
import logging
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import aiohttp
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from services import wiring
from services.models.llm import LlmConfig
from tests.bot.discord.conftest import Campus, Start, eventually
from tests.bot.discord.cutting import hanging
from tests.bot.discord.launched import ROOT, Launched
from tests.bot.discord.test_asking import QUESTION, is_cited, shown
from tests.fake_discord import Channel, FakeDiscord, Message
from tests.fake_model import FakeModel, fake_model, hangs, says, streams

WRITTEN = "Porque o gradiente encolhe até sumir nas redes recorrentes longas [1]."
EX_CONFIG = 78
COMMANDS = r"/applications/\d+/commands"


@pytest.fixture
async def model() -> AsyncGenerator[FakeModel, None]:
    async with fake_model(says(WRITTEN)) as made:
        yield made


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
    await _quiet(campus)
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
    await _quiet(campus)

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
    await _quiet(campus)

    assert all(is_cited(one.original) for one in asked)
    assert len(answers_in(campus, campus.room)) == 6
    assert len(model.requests) == await count(campus, "answers") == await count(campus, "questions") == 6
    assert await rows(campus, "select distinct number from answer_messages") == [(0,)]


@pytest.mark.parametrize(("which", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_a_stop_lets_an_answer_finish(
    campus: Campus, start: Start, model: FakeModel, which: signal.Signals, status: int
) -> None:
    await taught(campus)
    model.behaviours[:] = [says(WRITTEN, pause_s=0.3)]
    run = await (await start(**by(model))).ready()
    asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
    await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")
    await campus.server.until(lambda: len(model.requests) == 2)

    run.tell(which)
    await run.until(lambda it: it.has("run.stopping"))
    await campus.server.until(lambda: not any(session.queue for session in campus.server.sessions))
    assert not any(map(is_cited, answers_in(campus, campus.room)))  # Discord is left before, not after
    await campus.server.say(campus.ana, campus.room, f"{us(campus)} e agora?")  # too late for this process

    assert await run.ended() == status
    assert is_cited(asked.original)
    assert [is_cited(message) for message in answers_in(campus, campus.room)] == [True, True]
    assert await rows(campus, "select state from deliveries") == [("delivered",)] * 2
    assert run.sentences == ([] if status == 0 else ["Interrupted; what was done so far is kept."])


async def test_a_stop_lets_go_of_an_answer_that_takes_too_long(campus: Campus, start: Start, model: FakeModel) -> None:
    await taught(campus)
    model.behaviours[:] = [hangs()]
    run = await (await start(**by(model))).ready()
    asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
    await campus.server.until(lambda: model.requests)

    began_s = time.monotonic()
    run.tell(signal.SIGTERM)
    assert await run.ended() == 0
    assert time.monotonic() - began_s > 5  # it had its chance

    assert await rows(campus, "select state, leased_until <= now() from deliveries") == [("waiting", True)]
    assert await rows(campus, "select leased_until <= now() from questions") == [(True,)]
    model.behaviours[:] = [says(WRITTEN)]
    await (await start(**by(model))).ready()
    await campus.server.until(lambda: is_cited(asked.original))


async def test_a_second_signal_ends_it_at_once_and_lets_go_too(campus: Campus, start: Start, model: FakeModel) -> None:
    await taught(campus)
    model.behaviours[:] = [hangs()]
    run = await (await start(**by(model))).ready()
    await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
    await campus.server.until(lambda: model.requests)
    run.tell(signal.SIGTERM)
    await run.until(lambda it: it.has("run.stopping"))

    run.tell(signal.SIGTERM)

    assert await run.ended(6) == 0
    let_go = await rows(campus, "select state, leased_until <= now() from deliveries") == [("waiting", True)]
    # Who asks twice wants an end rather than order: on a machine with no time to spare, force may come first.
    assert let_go or run.has("run.overdue"), run.said


async def test_a_stop_with_nothing_begun_waits_for_nothing(campus: Campus) -> None:
    async with campus.running() as client:
        cog: Any = client.get_cog("Digesting")
        await campus.server.until(lambda: cog._clock._running)

        async with asyncio.timeout(60):  # while there was a clock, it never ended
            await client.finished()
        assert not cog._clock._running.done()
    assert cog._clock._running.done()


async def test_a_stop_waits_for_a_digest_that_is_being_posted(campus: Campus) -> None:
    async with hanging(campus, "digests") as blocker, campus.running() as client:
        await eventually(lambda: _is_waited_for(campus), wanted=True)
        leaving = asyncio.create_task(client.finished())
        await asyncio.sleep(0.3)
        assert not leaving.done()

        await blocker.rollback()
        async with asyncio.timeout(60):
            await leaving


async def _is_waited_for(campus: Campus) -> bool:
    waiting = (
        "select 1 from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0"
    )
    return bool(await rows(campus, waiting))


async def test_a_stop_while_it_opens_is_heard(campus: Campus, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # a database that takes calls and never answers
        port = deaf.getsockname()[1]
        run = await start(DATABASE_URL=f"postgresql://ana@127.0.0.1:{port}/x", MONITORIA_LOG_LEVEL="debug")
        held, _ = await asyncio.to_thread(deaf.accept)
        with held:
            run.tell(signal.SIGTERM)

            assert await run.ended(6) == 0


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


async def test_health_and_metrics_are_told(campus: Campus, start: Start, postgres_url: str) -> None:
    await taught(campus)
    address = f"127.0.0.1:{_free_port()}"
    run = await start(MONITORIA_HTTP_BIND=address)
    async with aiohttp.ClientSession(f"http://{address}") as http:
        first = await _first_answer(http, run)
        await run.ready()
        await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")
        assert is_cited(await campus.server.until(lambda: shown(answers_in(campus, campus.room))))
        await _quiet(campus)

        assert first == (503, {"ready": False, "gateway": False, "database": True})
        assert await _get(http, "/health/live") == (200, {"live": True})
        assert await _get(http, "/health/ready") == (200, {"ready": True, "gateway": True, "database": True})
        async with http.get("/metrics") as response:
            told = await response.text()
        assert 'monitoria_answers_total{outcome="answered"} 1.0' in told
        assert "monitoria_answer_seconds_count 1.0" in told
        assert "monitoria_gateway_connected 1.0" in told
        assert "monitoria_gateway_heartbeat_seconds " in told
        assert "monitoria_event_loop_lag_seconds_count" in told
        assert not [word for word in ("gradiente", "ana", "duvidas") if f'"{word}' in told or f" {word} " in told]

        assert await _health_of_the_image(address) == 0
        async with _database_closed(campus, postgres_url):
            down = await _get(http, "/health/ready")
            assert await _health_of_the_image(address) == 1
            assert (await _get(http, "/health/live"))[0] == 200
        assert down == (503, {"ready": False, "gateway": True, "database": False})
        await _until_ready(http)


async def test_the_worker_judges_beside_the_bot(campus: Campus, start: Start, model: FakeModel) -> None:
    await taught(campus)
    await (await start(**by(model, judge="severe"))).ready()

    await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")

    assert is_cited(await campus.server.until(lambda: shown(answers_in(campus, campus.room))))
    await campus.server.until(lambda: "severe" in [request["model"] for request in model.requests])


async def test_a_taken_port_is_a_warning_and_no_more(campus: Campus, start: Start) -> None:
    await taught(campus)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        run = await (await start(MONITORIA_HTTP_BIND=address)).ready()
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()

    assert is_cited(asked.original)
    (told,) = [event for event in run.events if event["event"] == "health.unavailable"]
    assert address in told["reason"]
    assert "MONITORIA_HTTP_BIND" in told["reason"]


async def _quiet(campus: Campus) -> None:
    """Wait until every delivery is settled and nothing was asked of Discord for a while."""
    for _ in range(200):
        waiting = await rows(campus, "select 1 from deliveries where state = 'waiting'")
        seen = len(campus.server.requests)
        await asyncio.sleep(0.5)
        if not waiting and len(campus.server.requests) == seen:
            return
    raise AssertionError(campus.server.seen())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


async def _health_of_the_image(address: str) -> int:
    """What a container engine hears that asks as the Dockerfile says."""
    joined = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", "")
    (asked,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", joined, re.MULTILINE)
    _, *arguments = json.loads(asked)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env={"MONITORIA_HTTP_BIND": address}, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(60):
        return await process.wait()


async def _get(http: aiohttp.ClientSession, path: str) -> tuple[int, Any]:
    async with http.get(path) as response:
        return response.status, await response.json()


async def _first_answer(http: aiohttp.ClientSession, run: Launched) -> tuple[int, Any]:
    """What it says of itself as soon as it says anything."""
    for _ in range(2000):
        assert run.process.returncode is None, run.said
        try:
            return await _get(http, "/health/ready")
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.02)
    raise AssertionError(run.said)


async def _until_ready(http: aiohttp.ClientSession) -> None:
    for _ in range(100):
        if (await _get(http, "/health/ready"))[0] == 200:
            return
        await asyncio.sleep(0.2)
    raise AssertionError("it did not recover")


@asynccontextmanager
async def _database_closed(campus: Campus, postgres_url: str) -> AsyncGenerator[None, None]:
    """Cut every connection to the database, and let none in."""
    assert campus.setup.database_url
    name = conninfo_to_dict(campus.setup.database_url)["dbname"]
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as conn:
        allow = sql.SQL("alter database {} allow_connections {}")
        await conn.execute(allow.format(sql.Identifier(str(name)), sql.SQL("false")))
        await conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        try:
            yield
        finally:
            await conn.execute(allow.format(sql.Identifier(str(name)), sql.SQL("true")))
