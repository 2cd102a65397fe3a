"""Students ask by a command, a mention, a reply, a post or a menu, and are answered there."""

import json
import logging
import re

import pytest

from bot.discord.client import Monitoria
from services import i18n
from services.models.llm import LlmConfig
from tests.bot.discord.asking import QUESTION, is_cited, shown
from tests.bot.discord.conftest import CAPTIONS, Campus
from tests.fake_model import fake_model, replies, says


async def test_a_command_yields_a_cited_answer(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)

        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()

        assert asked.original is not None
        assert is_cited(asked.original)
        assert not asked.original.ephemeral


async def test_a_private_answer_is_seen_by_its_asker_alone_until_it_is_shared(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        options = {"question": QUESTION, "private": True}
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", options)).done()
        assert asked.original is not None
        assert asked.original.ephemeral
        assert campus.server.messages(campus.room) == []

        share = asked.original.buttons["Compartilhar"]
        await (await campus.server.click(campus.ana, asked.original, share)).followed_up()
        await (await campus.server.click(campus.ana, asked.original, share)).done()

        (public,) = campus.server.messages(campus.room)
        assert is_cited(public)
        assert QUESTION in public.content
        assert "ana" not in public.content


async def test_a_mention_yields_a_cited_reply(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        assert client.user is not None

        said = await campus.server.say(campus.ana, campus.room, f"<@{client.user.id}> {QUESTION}")

        reply = await campus.server.until(lambda: shown(campus.server.messages(campus.room)[1:]))
        assert reply
        assert is_cited(reply)
        assert reply.reference
        assert not reply.pings.users
        await campus.server.deliver_again(said)
        await campus.server.until(lambda: not client.answering.in_flight)
        assert len(campus.server.messages(campus.room)) == 2
        assert await campus.rows(client, "answers") == 1


async def test_a_reply_to_an_answer_follows_up(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        assert client.user is not None
        await campus.server.say(campus.ana, campus.room, f"<@{client.user.id}> {QUESTION}")
        first = await campus.server.until(lambda: shown(campus.server.messages(campus.room)[1:]))
        assert first
        await campus.server.until(lambda: not client.answering.in_flight)

        await campus.server.say(campus.ana, campus.room, "e o que a LSTM guarda?", reply_to=first)

        await campus.server.until(lambda: len(campus.server.messages(campus.room)) == 4)
        async with client.services.pool.connection() as conn:
            row = await (await conn.execute("select count(*) from questions where follows is not null")).fetchone()
        assert row == (1,)


async def test_a_forum_post_is_answered_with_its_title(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        forum = await campus.forum(client.services)

        post = await campus.server.post(campus.ana, forum, "Gradiente que some", "por que isso acontece?")

        reply = await campus.server.until(lambda: shown(campus.server.messages(post)[1:]))
        assert is_cited(reply)
        async with client.services.pool.connection() as conn:
            row = await (await conn.execute("select text from questions")).fetchone()
        assert row == ("Gradiente que some\npor que isso acontece?",)


async def test_a_thread_under_an_answer_follows_up(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        assert client.user is not None
        await campus.server.say(campus.ana, campus.room, f"<@{client.user.id}> {QUESTION}")
        first = await campus.server.until(lambda: shown(campus.server.messages(campus.room)[1:]))
        assert first
        await campus.server.until(lambda: not client.answering.in_flight)
        thread = await campus.server.start_thread(campus.ana, first)

        await campus.server.say(campus.ana, thread, "e o que a LSTM guarda?")

        await campus.server.until(lambda: len(campus.server.messages(thread)) > 1)
        assert shown(campus.server.messages(thread))


async def test_the_message_menu_answers_in_private(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        said = await campus.server.say(campus.boss, campus.room, QUESTION)

        asked = await (await campus.server.menu(campus.ana, campus.room, "Perguntar às aulas", said)).done()

        assert asked.original is not None
        assert is_cited(asked.original)
        assert asked.original.ephemeral


async def test_every_question_is_answered_where_that_is_wanted_and_chatter_is_not(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services, answers="every")
        for chatter in ("bom dia, gente!", "tudo bem?", "valeu!", "kkkk"):
            await campus.server.say(campus.ana, campus.room, chatter)

        await campus.server.say(campus.ana, campus.room, QUESTION)

        await campus.server.until(lambda: [m for m in campus.server.messages(campus.room) if m.embeds])
        assert len(campus.server.messages(campus.room)) == 6


async def test_an_unbound_channel_gives_a_hint_that_only_the_asker_sees(campus: Campus) -> None:
    async with campus.running():
        asked = await (await campus.server.slash(campus.boss, campus.room, "ask", {"question": QUESTION})).answered()

        assert "/disciplina ligar" in json.dumps(asked.response)


async def test_a_direct_message_is_answered_for_the_course_that_both_see(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)

        said = await campus.server.dm(campus.ana, QUESTION)

        channel = campus.server.channel(said.channel.id)
        assert channel is not None
        assert is_cited(await campus.server.until(lambda: shown(campus.server.messages(channel))))


async def test_mentions_made_while_the_bot_was_away_are_answered(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        assert client.user is not None
        us = client.user.id
        seen = await campus.server.say(campus.ana, campus.room, "oi")
        await client.services.deliveries.saw({campus.room.id: seen.id})
    await campus.server.say(campus.ana, campus.room, f"<@{us}> {QUESTION}")

    async with campus.running():
        reply = await campus.server.until(lambda: shown(campus.server.messages(campus.room)))

        assert is_cited(reply)


async def test_a_question_in_flight_when_the_bot_stopped_is_finished_after_the_start(campus: Campus) -> None:
    async with (
        fake_model(says("Porque encolhe [1].", pause_s=30)) as model,
        campus.running(LlmConfig(model="fake", base_url=model.base_url)) as client,
    ):
        await campus.taught(client.services)
        asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
        await model.asked.wait()

    async with campus.running() as client:
        await campus.server.until(lambda: asked.original and is_cited(asked.original))

        assert await campus.rows(client, "questions") == await campus.rows(client, "answers") == 1


async def test_too_many_questions_are_told_when_to_come_back(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        course = await client.services.courses.find("redes")
        await client.services.spaces.change(course, person_hourly=1)
        await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()

        again = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": "e agora?"})).done()

        assert again.original is not None
        assert "daqui a 60 min" in again.original.content
        assert await campus.rows(client, "questions") == 1


@pytest.mark.parametrize("question", [QUESTION, "o que o professor falou para @everyone ver aqui?"])
async def test_nothing_hostile_reaches_a_request(campus: Campus, question: str) -> None:
    hostile = (
        "O gradiente encolhe nas redes recorrentes [1]. "
        "@everyone @here <@&42> <@1> veja [aqui](https://evil.example/x) [1], https://youtu.be@evil.example/, "
        "discord.gg/abcdef, <t:1:R> `\\`https://evil.example`, www.evil.example/x [a](\nhttps://evil.example)"
    )
    async with (
        fake_model(replies(lambda prompt: "" if "The lines for" in prompt else hostile)) as model,
        campus.running(LlmConfig(model="fake", base_url=model.base_url)) as client,
    ):
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": question})).done()
        assert asked.original is not None
        await campus.server.until(lambda: asked.original and asked.original.buttons)  # no longer a draft
        await (await campus.server.click(campus.ana, asked.original, asked.original.buttons["Trechos"])).answered()

        assert not any([asked.original.pings.users, asked.original.pings.roles, asked.original.pings.everyone])
        bodies = json.dumps(
            [body for body in campus.server.bodies if "content" in json.dumps(body)], ensure_ascii=False
        )
        assert not re.search(r"@everyone|@here|<@&?\d|<t:\d|discord\.gg|\]\(\s*(?!<?https://youtu\.be/abc123)", bodies)
        assert set(re.findall(r"https?://[^\s\"\\)]+", bodies)) <= {
            url for url in re.findall(r"https?://[^\s\"\\)]+", bodies) if url.startswith("https://youtu.be/abc123")
        }


async def test_a_command_delivered_again_yields_one_answer(campus: Campus, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "bot.discord.client")
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        await campus.server.until(lambda: not client.answering.in_flight)

        await campus.server.deliver_again(asked)
        await campus.server.until(lambda: "interaction.taken" in [one.getMessage() for one in caplog.records])

        assert len([one for one in campus.server.requests if "/callback" in one.path]) == 1
        assert await campus.rows(client, "questions") == await campus.rows(client, "answers") == 1
        assert campus.server.messages(campus.room) == [asked.original]


async def test_the_lectures_are_offered_while_typing(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)

        choices = await campus.server.autocomplete(campus.ana, campus.room, "ask", "lecture", "aul")

        assert [choice["value"] for choice in choices] == ["aula-1"]


async def test_a_hostile_title_acts_nowhere(campus: Campus) -> None:
    title = "@everyone [Aula] <@&42> https://youtu.be@evil.example/ discord.gg/abc ||x|| " + "longa " * 60
    async with campus.running() as client:
        await campus.taught(client.services)
        server, room = campus.server, campus.room
        captions = server.attachment("@everyone.vtt", CAPTIONS.encode())
        options = {"captions": captions, "title": title, "video": "https://youtu.be/abc123"}
        taken = await server.slash(campus.boss, room, "course ingest", options)
        await server.until(lambda: taken.original and "Legendas usadas" in taken.original.content)
        forum = await campus.forum(client.services)

        choices = await server.autocomplete(campus.ana, room, "ask", "lecture", "aula")
        shown = [
            (await (await server.slash(campus.ana, room, command, given)).done()).original
            for command, given in (
                ("lectures", {}),
                ("search", {"query": "gradiente @everyone"}),
                ("ask", {"question": QUESTION, "lecture": "@everyone"}),
            )
        ]
        await server.until(lambda: not client.answering.in_flight)
        post = await server.post(campus.ana, forum, "@everyone <@&42>", QUESTION)
        await server.until(lambda: len(server.messages(post)) == 2)

        assert {choice["value"] for choice in choices} == {"aula-1", "@everyone"}  # a choice is never read as markup
        assert all(message and message.embeds for message in shown)
        assert not any(message.pings.everyone or message.pings.roles for message in server.messages(post)[1:])
        bodies = json.dumps([body for body in server.bodies if not body.get("data", {}).get("choices")])
        assert not re.search(r"@everyone|@here|<@&?\d|discord\.gg/|evil\.example|(?<!\\)\|\|", bodies)
        assert not re.search(r"\]\((?!<?https://youtu\.be/abc123\?t=\d+>?\))", bodies)


async def questions(client: Monitoria) -> list[str]:
    async with client.services.pool.connection() as conn:
        return [row[0] for row in await (await conn.execute("select text from questions order by id")).fetchall()]


async def test_a_forwarded_message_is_the_question_in_direct_messages_and_by_the_menu(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        original = await campus.server.say(campus.boss, campus.room, QUESTION)
        direct = campus.server.direct_channel(campus.ana.user)

        await campus.server.forward(campus.ana, original, direct)
        assert is_cited(await campus.server.until(lambda: shown(direct.messages)))
        passed_on = await campus.server.forward(campus.ana, original, campus.room)
        asked = await (await campus.server.menu(campus.ana, campus.room, "Perguntar às aulas", passed_on)).done()

        assert is_cited(asked.original)
        assert await questions(client) == [QUESTION, QUESTION]


async def test_a_mention_under_a_forwarded_message_asks_what_it_says(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        us = campus.server.user.mention
        other = campus.server.add_channel(campus.guild, "outra")
        original = await campus.server.say(campus.boss, other, f"{us} {QUESTION}")  # in a channel of no course

        passed_on = await campus.server.forward(campus.ana, original, campus.room)
        await campus.server.say(campus.ana, campus.room, us)
        first = await campus.server.until(lambda: shown(campus.server.messages(campus.room)))
        await campus.server.until(lambda: not client.answering.in_flight)
        await campus.server.say(campus.boss, campus.room, us, reply_to=passed_on)
        await campus.server.until(lambda: len([m for m in campus.server.messages(campus.room) if m.embeds]) == 2)

        assert is_cited(first)
        assert await questions(client) == [QUESTION, QUESTION]


async def test_a_forward_is_no_reply_to_what_it_forwards(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        await campus.server.say(campus.ana, campus.room, f"{campus.server.user.mention} {QUESTION}")
        answer = await campus.server.until(lambda: shown(campus.server.messages(campus.room)))
        assert answer
        await campus.server.until(lambda: not client.answering.in_flight)

        await campus.server.forward(campus.ana, answer, campus.room)
        await campus.server.say(campus.ana, campus.room, f"{campus.server.user.mention} o que a LSTM guarda?")

        await campus.server.until(lambda: len([m for m in campus.server.messages(campus.room) if m.embeds]) == 2)
        assert await questions(client) == [QUESTION, "o que a LSTM guarda?"]


async def test_where_every_question_is_answered_a_forwarded_one_is_too(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services, answers="every")
        other = campus.server.add_channel(campus.guild, "outra")
        original = await campus.server.say(campus.boss, other, QUESTION)

        await campus.server.forward(campus.ana, original, campus.room)

        assert is_cited(await campus.server.until(lambda: shown(campus.server.messages(campus.room))))


async def test_who_greets_by_a_command_or_a_mention_is_greeted_and_nothing_is_stored(campus: Campus) -> None:
    greeting, thanks = (i18n.text(f"question.{said}", "pt-BR") for said in ("greeting", "thanks"))
    async with campus.running() as client:
        await campus.taught(client.services, answers="every")
        assert client.user is not None

        used = await campus.server.slash(campus.ana, campus.room, "ask", {"question": "obrigado!"})
        command = await used.done()
        await campus.server.say(campus.ana, campus.room, f"<@{client.user.id}> oi, tudo bem?")
        reply = await campus.server.until(
            lambda: next((one for one in campus.server.messages(campus.room) if one.content == greeting), None)
        )
        await campus.server.say(campus.ana, campus.room, f"<@{client.user.id}> obrigado!")
        await campus.server.say(campus.ana, campus.room, f"<@{client.user.id}> {QUESTION}")
        await campus.server.until(lambda: shown(campus.server.messages(campus.room)))

        assert thanks in {one.content for one in (command.original, *command.followups) if one}
        assert reply
        assert reply.reference
        assert [await campus.rows(client, table) for table in ("questions", "answers")] == [1, 1]


async def test_thanks_in_direct_messages_are_left_alone(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        direct = campus.server.direct_channel(campus.ana.user)

        for text in ("oi", "obrigada!", "👍", QUESTION):
            await campus.server.dm(campus.ana, text)
        await campus.server.until(lambda: shown(direct.messages))
        await campus.server.until(lambda: not client.answering.in_flight)

        ours = [one for one in direct.messages if one.author.id != campus.ana.user.id]
        assert len(ours) == 2
        assert i18n.text("question.greeting", "pt-BR") in {one.content for one in ours}
        assert await campus.rows(client, "questions") == 1


async def test_a_post_that_only_greets_is_left_alone(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        forum = await campus.forum(client.services)

        greets = await campus.server.post(campus.ana, forum, "Bom dia", "oi, gente!")
        asks = await campus.server.post(campus.ana, forum, "Gradiente", QUESTION)

        await campus.server.until(lambda: shown(campus.server.messages(asks)[1:]))
        assert len(campus.server.messages(greets)) == 1
        assert await campus.rows(client, "questions") == 1
