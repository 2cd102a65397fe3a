"""What Discord refuses, loses or slows down, and what becomes of the answer all the same."""

import logging
from typing import Any

import discord
import pytest

from bot.discord.client import Monitoria, apologise
from bot.discord.delivering import outlets
from services.models.llm import LlmConfig
from tests.bot.discord.asking import QUESTION, is_cited, shown
from tests.bot.discord.conftest import Campus, eventually
from tests.fake_discord import Channel, Message
from tests.fake_model import fake_model, says

SEND = r"POST /channels/\d+/messages$"
SOONER_S = 40.0  # than the next round, which comes once a minute
LONG = "O gradiente encolhe a cada passo das redes recorrentes longas [1]. " * 8
TWO = ("prazer", "olá")


async def mentioned(campus: Campus, client: Monitoria, text: str = QUESTION, room: Channel | None = None) -> Message:
    assert client.user is not None
    return await campus.server.say(campus.ana, room or campus.room, f"<@{client.user.id}> {text}")


async def states(client: Monitoria) -> list[str]:
    async with client.services.pool.connection() as conn:
        cursor = await conn.execute("select state from deliveries order by question_id")
        return [row[0] for row in await cursor.fetchall()]


def answers(campus: Campus, room: Channel | None = None) -> list[Message]:
    return [message for message in campus.server.messages(room or campus.room) if message.embeds]


def sends(campus: Campus) -> list[dict[str, object]]:
    """The bodies of all messages that the bot sent, or tried to."""
    path = f"/channels/{campus.room.id}/messages"
    return [call.body for call in campus.server.requests if (call.method, call.path) == ("POST", path)]


def warned(caplog: pytest.LogCaptureFixture, action: str) -> list[tuple[int, str]]:
    """Channel and permission of each warning."""
    records = [record.__dict__ for record in caplog.records if record.getMessage() == action]
    return [(record["channel_id"], record["permission"]) for record in records]


# Tokens


@pytest.mark.long
async def test_a_public_answer_whose_token_ran_out_comes_as_a_message_once(campus: Campus) -> None:
    async with (
        fake_model(says("Porque o gradiente encolhe [1].", pause_s=0.2)) as model,
        campus.running(LlmConfig(model="fake", base_url=model.base_url)) as client,
    ):
        await campus.taught(client.services)
        asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
        await model.asked.wait()
        campus.server.expire(asked)

        (answer,) = await campus.server.until(lambda: answers(campus))
        await eventually(lambda: states(client), ["delivered"])

        assert is_cited(answer)
        assert QUESTION in answer.content
        assert not answer.pings.users
        assert asked.original is not answer
        assert answers(campus) == [answer]
        assert await campus.rows(client, "answers") == 1


@pytest.mark.parametrize(("status", "code"), [(401, 50027), (404, 10015)])
async def test_a_private_answer_whose_token_ran_out_is_shown_by_asking_again(
    campus: Campus, status: int, code: int
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        campus.server.fail(r"PATCH /webhooks/", status, code=code)
        options = {"question": f" {QUESTION.replace(' ', '  ')}", "private": True}
        await campus.server.slash(campus.ana, campus.room, "ask", options)
        await eventually(lambda: states(client), ["undeliverable"])

        again = await (await campus.server.slash(campus.ana, campus.room, "ask", options)).done()
        await eventually(lambda: states(client), ["delivered"])
        third = await (await campus.server.slash(campus.ana, campus.room, "ask", options)).done()

        assert is_cited(again.original)
        assert is_cited(third.original)
        assert campus.server.messages(campus.room) == []
        assert await campus.rows(client, "answers") == 2  # the third time, the question is a new one


# Sends that fail


@pytest.mark.parametrize("status", [500, 503, 0])
async def test_a_send_whose_acknowledgement_is_lost_is_one_message(campus: Campus, status: int) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        campus.server.fail(SEND, status, taken=True)
        await mentioned(campus, client)

        await eventually(lambda: states(client), ["delivered"])

        first, second = sends(campus)
        assert first["nonce"] == second["nonce"]
        assert first["enforce_nonce"] is second["enforce_nonce"] is True
        assert len(answers(campus)) == 1


@pytest.mark.parametrize("command", ["search", "ask"])
async def test_nobody_is_left_thinking_where_the_first_sign_came_through_and_its_acknowledgement_did_not(
    campus: Campus, command: str
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        campus.server.fail(r"POST /interactions/", 0, times=2, taken=True)  # the first cut is mended by the HTTP client

        used = await campus.server.slash(
            campus.ana, campus.room, command, {"query" if command == "search" else "question": QUESTION}
        )

        await campus.server.until(lambda: used.messages and not any(message.loading for message in used.messages))
        assert used.messages[-1].content


async def test_a_send_that_fails_for_a_moment_is_repeated_soon(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        campus.server.fail(SEND, 503, times=2)
        await mentioned(campus, client)

        await eventually(lambda: states(client), ["delivered"], limit_s=SOONER_S)

        assert len(sends(campus)) == 3
        assert len(answers(campus)) == 1


async def test_a_response_that_fails_for_a_moment_is_repeated_soon(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        campus.server.fail(r"PATCH /webhooks/", 0, times=2)  # the first cut is mended by the HTTP client

        asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
        await eventually(lambda: states(client), ["delivered"], limit_s=SOONER_S)

        assert is_cited(asked.original)


async def test_who_was_told_to_try_again_is_not_told_twice_by_a_task_that_outlived_its_end(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    """In Python 3.11 `asyncio.wait_for` returns when it is cancelled in the moment in which what it awaits ends."""
    seen: list[discord.Interaction[Any]] = []

    async def see(interaction: discord.Interaction[Any]) -> None:
        seen.append(interaction)

    async with campus.running() as client:
        await campus.taught(client.services)
        client.add_listener(see, "on_interaction")
        asked = await campus.server.slash(campus.ana, campus.room, "lectures")
        await campus.server.until(lambda: [message for message in asked.messages if message.embeds])
        await client.finished()  # what is shown may not be known to have come, and a stop would apologise for it
        before = len(asked.messages)

        with pytest.raises(discord.InteractionResponded) as outlived:
            await seen[0].response.defer()
        await apologise(seen[0], outlived.value)

    assert len(asked.messages) == before
    assert "interaction.failed" not in {record.getMessage() for record in caplog.records}


@pytest.mark.long
async def test_a_send_that_goes_on_failing_is_left_to_the_next_round(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "PAUSES_S", (0.01, 0.01, 0.01))
    async with campus.running() as client:
        await campus.taught(client.services)
        outage = campus.server.fail(SEND, 503, times=100)
        await mentioned(campus, client)

        await campus.server.until(lambda: client.answering.refused and not client.answering.in_flight)

        assert len(sends(campus)) == 4
        assert await states(client) == ["waiting"]
        outage.left = 0
        async with client.services.pool.connection() as conn:
            await conn.execute("update deliveries set leased_until = now()")
        await eventually(lambda: states(client), ["delivered"])
        assert len(answers(campus)) == 1


@pytest.mark.parametrize("status", [0, 503])
async def test_a_draft_that_is_lost_does_not_lose_the_answer(campus: Campus, status: int) -> None:
    async with (
        fake_model(says(LONG, pause_s=0.01)) as model,
        campus.running(LlmConfig(model="fake", base_url=model.base_url)) as client,
    ):
        await campus.taught(client.services)
        campus.server.fail(SEND, status, taken=True)
        await mentioned(campus, client)

        await eventually(lambda: states(client), ["delivered"])

        (_, answer) = campus.server.messages(campus.room)
        assert is_cited(answer)
        assert not answer.content.endswith("…")


# Permissions


@pytest.mark.parametrize("permission", ["send_messages", "embed_links"])
async def test_a_lacking_permission_is_named_to_the_operator_once(
    campus: Campus, caplog: pytest.LogCaptureFixture, permission: str
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        campus.server.forbid(campus.room, permission)

        for question in (QUESTION, "o que a LSTM guarda?"):
            await mentioned(campus, client, question)
        await eventually(lambda: states(client), ["undeliverable", "undeliverable"])

        assert warned(caplog, "discord.permission_lacking") == [(campus.room.id, permission)]


async def test_a_permission_that_threads_lack_is_named_with_their_channel(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        for name in TWO:
            thread = await campus.server.start_thread(
                campus.ana, await campus.server.say(campus.ana, campus.room, name), name
            )
            campus.server.forbid(campus.room, "send_messages_in_threads")
            await mentioned(campus, client, room=thread)
        await eventually(lambda: states(client), ["undeliverable", "undeliverable"])

        assert warned(caplog, "discord.permission_lacking") == [(campus.room.id, "send_messages_in_threads")]


async def test_without_the_history_the_answer_comes_as_a_plain_message(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        campus.server.forbid(campus.room, "read_message_history")

        await mentioned(campus, client)

        await eventually(lambda: states(client), ["delivered"])
        assert is_cited(answers(campus)[0])
        assert answers(campus)[0].reference is None
        assert warned(caplog, "discord.permission_lacking") == [(campus.room.id, "read_message_history")]


async def test_what_discord_refuses_for_good_is_not_tried_for_an_hour(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        campus.server.fail(SEND, 400, code=50083, times=100)  # a thread that is locked

        await mentioned(campus, client)

        await eventually(lambda: states(client), ["undeliverable"])
        assert len(sends(campus)) == 1


# The same message again


async def rebound(campus: Campus, client: Monitoria) -> None:
    other = await client.services.courses.create(slug="outra", title="Outra", language="pt-BR")
    await client.services.spaces.bind(
        other, guild=campus.guild.id, channel=campus.room.id, answers="mention", reader="pt-BR"
    )


async def test_a_message_that_was_answered_is_left_alone_when_it_comes_again(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with campus.running() as client:
        await campus.taught(client.services)
        said = await mentioned(campus, client)
        await eventually(lambda: states(client), ["delivered"])
        answers(campus)[0].nonce = None  # Discord remembers it for minutes
        await rebound(campus, client)

        await campus.server.deliver_again(said)
        await mentioned(campus, client, "o que a LSTM guarda?")  # later, so its answer says that the first is through
        await eventually(lambda: states(client), ["delivered", "delivered"])

        assert len(answers(campus)) == 1
        assert "discord.failed" not in [record.getMessage() for record in caplog.records]


async def test_a_message_that_comes_again_in_a_channel_of_another_course_keeps_its_answer(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        campus.server.forbid(campus.room, "send_messages")
        said = await mentioned(campus, client)
        await eventually(lambda: states(client), ["undeliverable"])
        await rebound(campus, client)
        campus.server.forbid(campus.room)

        await campus.server.deliver_again(said)

        await campus.server.until(lambda: answers(campus))
        await eventually(lambda: states(client), ["delivered"])
        assert await campus.rows(client, "answers") == 1


# Who is answered


@pytest.mark.parametrize("chatter", ["oi", "valeu", "kkkk", "bom dia, turma", "bom dia, turma!", "rsrs", "👍", "tmj"])
async def test_chatter_is_left_alone_where_every_question_is_answered(campus: Campus, chatter: str) -> None:
    async with campus.running() as client:
        await campus.taught(client.services, answers="every")

        await campus.server.say(campus.ana, campus.room, chatter)
        await campus.server.say(campus.ana, campus.room, QUESTION)

        await eventually(lambda: states(client), ["delivered"])
        assert await campus.rows(client, "questions") == 1


async def test_bots_and_webhooks_are_left_alone(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services, answers="every")
        robot = campus.server.add_member(campus.guild, "robô", bot=True)

        await campus.server.say(robot, campus.room, QUESTION)
        await campus.server.say(campus.ana, campus.room, QUESTION, webhook=True)
        await mentioned(campus, client, "o que a LSTM guarda?")

        await eventually(lambda: states(client), ["delivered"])
        assert await campus.rows(client, "questions") == 1


async def test_where_answers_are_off_not_even_a_mention_is_answered(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services, answers="off")
        course = await client.services.courses.find("redes")
        other = campus.server.add_channel(campus.guild, "aberto")
        await client.services.spaces.bind(
            course, guild=campus.guild.id, channel=other.id, answers="mention", reader="pt-BR"
        )

        await campus.server.say(campus.ana, campus.room, QUESTION)
        await mentioned(campus, client)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).answered()
        await mentioned(campus, client, room=other)

        await eventually(lambda: states(client), ["delivered"])
        assert asked.response
        assert asked.response["data"]["content"] == "As respostas estão desligadas neste canal."
        assert len(campus.server.messages(campus.room)) == 2


async def test_in_a_forum_questions_are_answered_and_talk_below_them_is_not(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        forum = await campus.forum(client.services)
        beto = campus.server.add_member(campus.guild, "beto")

        post = await campus.server.post(campus.ana, forum, "Gradiente que some", "por que isso acontece?")
        await campus.server.until(lambda: shown(campus.server.messages(post)))
        await campus.server.until(lambda: not client.answering.in_flight)
        await campus.server.say(beto, post, "acho que é porque ele multiplica números pequenos")
        await campus.server.say(campus.ana, post, "valeu!")
        await campus.server.say(campus.ana, post, "e o que a LSTM guarda?")

        await eventually(lambda: states(client), ["delivered", "delivered"])
        assert len(answers(campus, post)) == 2
