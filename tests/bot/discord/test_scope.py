"""Questions that name their lectures, asked in Discord: what is said, and what its buttons do."""

from dataclasses import replace
from datetime import UTC, date, datetime

from bot.discord.client import Monitoria
from services.lectures.manifest import Plan, Source
from services.models.llm import LlmConfig
from tests.bot.discord.conftest import Campus
from tests.fake_discord import Message
from tests.fake_model import fake_model, says

LECTURES = {
    1: (date(2026, 3, 3), "O dropout desliga neurônios ao acaso durante o treino."),
    2: (date(2026, 3, 10), "Na revisão, o dropout cansa a rede e demora a treinar."),
    3: (date(2026, 3, 17), "Gabarito: o dropout da prova desliga um terço."),
}
EVERYWHERE = "Em todas as aulas"
FIRST, SECOND = "Aula 1: Parte um, 03/03/2026", "Aula 2: Parte dois, 10/03/2026"
NAMES = {1: "um", 2: "dois", 3: "secreta"}


async def taught(campus: Campus, client: Monitoria) -> None:
    """Two lectures in March, and a third that is not released."""
    await campus.taught(client.services)
    course = await client.services.courses.find("redes")
    sources = [source(campus, number) for number in LECTURES]
    sources[-1] = replace(sources[-1], released_at=datetime(2099, 1, 1, tzinfo=UTC))
    plan = Plan(sources=tuple(sources), overlooked=(), folders=())
    async for _ in client.services.ingest.run(course, plan):
        pass
    async with client.services.pool.connection() as conn:
        # The lecture that every campus has would be a second first one.
        await conn.execute("update lectures set withdrawn_at = now(), transcript_id = null where slug = 'aula-1'")


def source(campus: Campus, number: int) -> Source:
    held_on, said = LECTURES[number]
    path = campus.setup.home / "captions" / f"parte-{number}.vtt"
    path.write_text(f"WEBVTT\n\n00:00:05.000 --> 00:00:15.000\n{said}\n", encoding="utf-8")
    return Source(
        slug=f"parte-{number}",
        path=path,
        title=f"Aula {number}: Parte {NAMES[number]}",
        language="pt",
        video_url=f"https://youtu.be/parte{number}",
        held_on=held_on,
    )


async def asked(campus: Campus, question: str, **options: object) -> Message:
    done = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": question, **options})).done()
    assert done.original is not None
    return done.original


async def pressed(campus: Campus, message: Message, label: str) -> Message:
    done = await (await campus.server.click(campus.ana, message, message.buttons[label])).done()
    assert done.original is not None
    assert done.original is not message
    return done.original


def cited(message: Message) -> str:
    return message.embeds[0]["description"] if message.embeds else ""


async def test_an_answer_says_where_it_was_looked_for_and_one_press_widens_it(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)

        narrow = await asked(campus, "o que ele falou de dropout na aula 2?")
        wide = await pressed(campus, narrow, EVERYWHERE)

        assert narrow.content.startswith(f"*Em: {SECOND}*\n\n")
        assert "parte2" in cited(narrow)
        assert "parte1" not in cited(narrow)
        assert "Em:" not in wide.content
        assert "parte1" in cited(wide)
        assert EVERYWHERE not in wide.buttons


async def test_with_a_model_it_is_the_same(campus: Campus) -> None:
    async with fake_model(says("Cansa a rede [1].")) as model:
        config = LlmConfig(base_url=model.base_url, model="fake")
        async with campus.running(answer=config) as client:
            await taught(campus, client)

            narrow = await asked(campus, "o que ele falou de dropout na aula de 10/03/2026?")
            wide = await pressed(campus, narrow, EVERYWHERE)

    assert narrow.content.startswith(f"*Em: {SECOND}*\n\nCansa a rede")
    assert "Em:" not in wide.content
    passages = [prompt for prompt in model.prompts if "Parte dois" in prompt]
    assert ["Parte um" in prompt for prompt in passages] == [False, True]
    assert not [prompt for prompt in model.prompts if "secreta" in prompt]


async def test_a_lecture_that_there_is_not_is_said_and_the_nearest_are_buttons(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)

        nowhere = await asked(campus, "o que ele falou de dropout na aula 7?")
        chosen = await pressed(campus, nowhere, FIRST)
        wide = await pressed(campus, nowhere, EVERYWHERE)

        assert nowhere.content.startswith("Não há aula 7; as mais próximas são:")
        assert list(nowhere.buttons) == [FIRST, SECOND, EVERYWHERE]
        assert "parte1" in cited(chosen)
        assert "parte2" not in cited(chosen)
        assert "parte1" in cited(wide)


async def test_a_button_chooses_the_lecture_that_it_names_though_one_before_it_has_gone(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)
        nowhere = await asked(campus, "o que ele falou de dropout na aula 7?")
        async with client.services.pool.connection() as conn:
            await conn.execute("update lectures set withdrawn_at = now(), transcript_id = null where slug = 'parte-1'")

        chosen = await pressed(campus, nowhere, SECOND)

        assert "parte2" in cited(chosen)


async def test_where_two_may_be_meant_each_is_a_button(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)

        # 3 October or 10 March.
        unclear = await asked(campus, "what did he say about dropout in the 3/10 lecture?")

        assert list(unclear.buttons) == ["Aula 2: Parte dois, 10/03/2026", EVERYWHERE]


async def test_a_mention_is_understood_as_a_command_is(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)
        assert client.user is not None
        await campus.server.say(campus.ana, campus.room, f"<@{client.user.id}> o que é dropout na aula 2?")

        reply = await campus.server.until(
            lambda: next((m for m in campus.server.messages(campus.room) if m.embeds), None)
        )
        assert reply
        wide = await pressed(campus, reply, EVERYWHERE)

        assert reply.content.startswith(f"*Em: {SECOND}*")
        assert "parte1" in cited(wide)
        assert not wide.ephemeral


async def test_a_private_answer_is_widened_in_private(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)

        narrow = await asked(campus, "o que ele falou de dropout na aula 2?", private=True)
        wide = await pressed(campus, narrow, EVERYWHERE)

        assert wide.ephemeral
        assert campus.server.messages(campus.room) == []


async def test_the_option_wins_over_the_words(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)

        reply = await asked(campus, "o que ele falou de dropout na aula 2?", lecture="parte-1")

        assert "Em:" not in reply.content
        assert "parte1" in cited(reply)
        assert "parte2" not in cited(reply)


async def test_a_lecture_that_is_not_released_is_no_button_and_no_answer(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)

        told = [
            await asked(campus, question)
            for question in (
                "o que ele falou de dropout na aula 3?",
                "o que ele falou de dropout na aula de 17/03/2026?",
                "o que ele falou de dropout na última aula?",
                "o que foi dito de dropout nas aulas de março de 2026?",
                "o que ele falou de dropout na aula 12?",
            )
        ]
        told.append(await pressed(campus, told[0], EVERYWHERE))

        assert not [one for one in told if "secreta" in f"{one.content} {one.embeds} {list(one.buttons)}"]
        assert not [one for one in told if "parte3" in f"{one.embeds}"]


async def test_a_press_after_a_restart_still_widens(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)
        narrow = await asked(campus, "o que ele falou de dropout na aula 2?")

    async with campus.running():
        wide = await pressed(campus, narrow, EVERYWHERE)

    assert "parte1" in cited(wide)
