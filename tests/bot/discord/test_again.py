"""Another try at an answer, by the buttons under it."""

import asyncio

import pytest

from bot.discord.client import Monitoria
from db.records import Language
from services import i18n
from services.lectures.manifest import plan
from services.models.llm import LlmConfig
from tests.bot.discord.asking import QUESTION, is_cited, shown
from tests.bot.discord.conftest import Campus
from tests.fake_discord import Channel, Interaction, Message
from tests.fake_model import FakeModel, fake_model, hangs, says, waits

WRITTEN = i18n.text("again.being_written", "pt-BR")
GONE = i18n.text("discord.answer_gone", "pt-BR")
NO_EXAMPLE = i18n.text("again.no_example", "pt-BR")
NO_MOMENT = i18n.text("again.no_moment", "pt-BR")
SAYS = says("O gradiente encolhe até sumir [1].")
KINDS = {"Mais simples": "simpler", "Exemplo": "example", "Outro momento": "other"}
LATER = """WEBVTT

00:00:05.000 --> 00:00:20.000
Exercício {number}: em redes recorrentes o gradiente some depois de {number}0 passos.

00:00:20.000 --> 00:00:40.000
O gradiente some porque {number}0 fatores menores do que um se multiplicam na rede recorrente {number}.
"""


async def taught(campus: Campus, client: Monitoria, *, lectures: int = 2) -> None:
    """Create the course, with more lectures that say why the gradient vanishes."""
    await campus.taught(client.services)
    await taught_more(campus, client, lectures=lectures)


async def taught_more(campus: Campus, client: Monitoria, *, lectures: int = 2) -> None:
    course = await client.services.courses.find("redes")
    for number in range(2, lectures + 1):
        file = campus.setup.home / "captions" / f"aula-{number}.vtt"
        file.write_text(LATER.format(number=number), encoding="utf-8")
        planned = plan([file], manifest=None, language="pt-BR", video_url="https://youtu.be/abc123")
        async for _ in client.services.ingest.run(course, planned):
            pass


async def asked(campus: Campus, client: Monitoria, *, private: bool = False, place: Channel | None = None) -> Message:
    options = {"question": QUESTION} | ({"private": True} if private else {})
    used = await (await campus.server.slash(campus.ana, place or campus.room, "ask", options)).done()
    await settled(campus, client)
    assert used.original is not None
    return used.original


async def pressed(campus: Campus, client: Monitoria, answer: Message | None, label: str) -> Interaction:
    assert answer is not None
    who = campus.ana if answer.channel.guild else campus.ana.user
    used = await (await campus.server.click(who, answer, answer.buttons[label])).done()
    await settled(campus, client)
    return used


async def settled(campus: Campus, client: Monitoria) -> None:
    await campus.server.until(lambda: not client.answering.in_flight)


async def kinds(client: Monitoria) -> list[tuple[str | None, str]]:
    async with client.services.pool.connection() as conn:
        found = await conn.execute("select again, text from questions order by id")
        return list(await found.fetchall())


def before(answer: Message) -> str:
    return i18n.text("again.before", "pt-BR", link=answer.jump_url)


def writer(model: FakeModel) -> LlmConfig:
    return LlmConfig(model="fake", base_url=model.base_url)


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("label", KINDS)
async def test_a_press_asks_again_in_the_same_place(campus: Campus, label: str, private: bool) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client, private=private)

        again = await pressed(campus, client, answer, label)

        assert is_cited(again.original)
        assert again.original
        assert again.original.ephemeral is private
        assert await kinds(client) == [(None, QUESTION), (KINDS[label], QUESTION)]
        wish = {"Mais simples": "in simpler words", "Exemplo": "an example of this"}.get(label)
        assert wish is None or wish in model.prompts[-1]


@pytest.mark.parametrize("label", KINDS)
async def test_a_press_in_a_thread_is_answered_there(campus: Campus, label: str) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        thread = await campus.server.start_thread(campus.ana, await asked(campus, client))
        answer = await asked(campus, client, place=thread)

        again = await pressed(campus, client, answer, label)

        assert is_cited(again.original)
        assert again.original
        assert again.original.channel is thread


@pytest.mark.parametrize("label", KINDS)
async def test_a_press_in_direct_messages_is_answered_there(campus: Campus, label: str) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        said = await campus.server.dm(campus.ana, QUESTION)
        answer = await campus.server.until(lambda: shown(said.channel.messages))
        await settled(campus, client)

        again = await pressed(campus, client, answer, label)

        assert is_cited(again.original)
        assert again.original
        assert again.original.channel is said.channel


@pytest.mark.parametrize(("course", "locale", "spoken"), [("en", "pt-BR", "pt-BR"), ("pt-BR", "en-US", "en")])
async def test_a_press_in_direct_messages_is_answered_in_the_language_that_it_tells(
    campus: Campus, course: Language, locale: str, spoken: Language
) -> None:
    campus.ana.user.locale = locale
    async with campus.running() as client:
        await taught(campus, client, lectures=8)
        await speaks(client, course)
        said = await campus.server.dm(campus.ana, QUESTION)
        first = await campus.server.until(lambda: shown(said.channel.messages))
        await settled(campus, client)

        await client.services.spaces.change(await client.services.courses.find("redes"), holds=["answered"])

        held = await pressed(campus, client, first, i18n.text("button.other", course))

        assert held.original
        assert held.original.content == i18n.text("mark.waiting", spoken)


async def speaks(client: Monitoria, language: Language) -> None:
    """Let the course have another language."""
    async with client.services.pool.connection() as conn:
        await conn.execute("update courses set language = %s", [language])


async def test_other_moments_come_one_after_the_other_until_none_is_left(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client, lectures=8)
        answer: Message | None = await asked(campus, client)
        assert answer
        assert set(KINDS) & set(answer.buttons) == {"Outro momento"}
        links: list[str] = []
        while answer and answer.embeds:
            links.append(answer.embeds[0]["description"])
            answer = (await pressed(campus, client, answer, "Outro momento")).original

        assert answer
        assert answer.content == NO_MOMENT
        assert not set(KINDS) & set(answer.buttons)
        assert len(links) == len(set(links)) > 1


async def test_a_model_writes_of_another_moment(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        again = await pressed(campus, client, answer, "Outro momento")

        assert again.original
        assert again.original.embeds[0]["description"] != answer.embeds[0]["description"]


async def test_where_the_lectures_give_no_example_one_sentence_says_so(campus: Campus) -> None:
    async with fake_model(SAYS, says("NO_MATERIAL")) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        again = await pressed(campus, client, await asked(campus, client), "Exemplo")

        assert again.original
        assert again.original.content == NO_EXAMPLE
        assert not set(KINDS) & set(again.original.buttons)


async def test_a_press_after_a_restart_is_answered(campus: Campus) -> None:
    async with fake_model(SAYS) as model:
        async with campus.running(writer(model)) as client:
            await taught(campus, client)
            answer = await asked(campus, client)
        async with campus.running(writer(model)) as client:
            for label in KINDS:
                assert is_cited((await pressed(campus, client, answer, label)).original)


async def test_a_try_that_a_stop_cut_off_is_finished_by_the_next_start(campus: Campus) -> None:
    async with fake_model(SAYS, hangs()) as model:
        async with campus.running(writer(model)) as client:
            await taught(campus, client)
            answer = await asked(campus, client)
            again = await campus.server.click(campus.ana, answer, answer.buttons["Mais simples"])
            await campus.server.until(lambda: len(model.requests) > 1)
        model.behaviours[:] = [SAYS]
        async with campus.running(writer(model)) as client:
            await again.done()
            await campus.server.until(lambda: is_cited(again.original))
            assert await kinds(client) == [(None, QUESTION), ("simpler", QUESTION)]


@pytest.mark.parametrize("label", KINDS)
async def test_presses_count_within_the_limits_and_a_refusal_is_for_one_alone(campus: Campus, label: str) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        async with client.services.pool.connection() as conn:
            await conn.execute("update course_settings set person_hourly = 2")
        first = next(other for other in KINDS if other != label)
        await pressed(campus, client, answer, first)

        refused = await (await pressed(campus, client, answer, label)).followed_up()

        assert refused.original
        assert refused.original.deleted
        assert refused.followups[0].ephemeral
        assert "2 perguntas" in refused.followups[0].content
        assert await kinds(client) == [(None, QUESTION), (KINDS[first], QUESTION)]


@pytest.mark.parametrize("label", KINDS)
async def test_of_two_presses_at_once_one_is_answered(campus: Campus, label: str) -> None:
    bia = campus.server.add_member(campus.guild, "bia")
    async with (
        fake_model(SAYS) as model,
        campus.running(writer(model)) as client,
        campus.running(writer(model)) as replica,
    ):
        await taught(campus, client)
        answer = await asked(campus, client)
        name = answer.buttons[label]
        both = await asyncio.gather(*(campus.server.click(who, answer, name) for who in (campus.ana, bia)))
        for one in both:
            await one.done()
        await settled(campus, client)
        await settled(campus, replica)

        late = await pressed(campus, client, answer, label)

        assert await kinds(client) == [(None, QUESTION), (KINDS[label], QUESTION)]
        (answered,) = [message for one in both for message in (one.original, *one.followups) if is_cited(message)]
        assert answered
        assert late.original
        assert (late.original.content, late.original.ephemeral) == (before(answered), True)
        said = [message for one in both for message in (one.original, *one.followups) if message]
        there = [message for message in said if not message.deleted]
        assert sorted(is_cited(message) for message in there) == [False, True]
        (told,) = [message for message in there if not is_cited(message)]
        assert told.ephemeral
        assert told.content in {WRITTEN, before(answered)}


async def test_while_a_try_is_written_a_second_press_says_so(campus: Campus) -> None:
    bia = campus.server.add_member(campus.guild, "bia")
    opened = asyncio.Event()
    async with (
        fake_model(SAYS, waits("O gradiente fica ", opened, "pequeno [1].")) as model,
        campus.running(writer(model)) as client,
    ):
        await taught(campus, client)
        answer = await asked(campus, client)
        name = answer.buttons["Mais simples"]
        first = await campus.server.click(campus.ana, answer, name)
        await campus.server.until(lambda: len(model.requests) > 1)

        second = await (await campus.server.click(bia, answer, name)).answered()
        opened.set()

        assert second.original
        assert (second.original.content, second.original.ephemeral) == (WRITTEN, True)
        await campus.server.until(lambda: is_cited(first.original))
        assert len(await kinds(client)) == 2


async def test_a_try_that_failed_makes_room_for_another(campus: Campus) -> None:
    async with fake_model(SAYS, says("")) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        failed = await pressed(campus, client, answer, "Mais simples")
        assert failed.original
        assert not set(KINDS) & set(failed.original.buttons)
        model.behaviours[:] = [SAYS]

        assert is_cited((await pressed(campus, client, answer, "Mais simples")).original)
        assert len(await kinds(client)) == 3


async def test_where_one_of_two_failed_tries_was_deleted_there_is_room_for_another(campus: Campus) -> None:
    async with fake_model(SAYS, says("")) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        for _ in range(2):
            await pressed(campus, client, answer, "Mais simples")
        async with client.services.pool.connection() as conn:
            await conn.execute("delete from questions where again is not null and again_try = 0")
        model.behaviours[:] = [SAYS]

        assert is_cited((await pressed(campus, client, answer, "Mais simples")).original)


async def test_a_lost_private_try_is_sent_and_not_made_anew(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client, private=True)
        await pressed(campus, client, answer, "Exemplo")
        async with client.services.pool.connection() as conn:
            await conn.execute("update deliveries set state = 'undeliverable' where question_id > 1")
        requests = len(model.requests)

        assert is_cited((await pressed(campus, client, answer, "Exemplo")).original)
        assert len(model.requests) == requests
        # … nor is it taken for the answer to the plain question.
        plain = await asked(campus, client, private=True)
        assert plain
        assert (None, QUESTION) in (await kinds(client))[1:]


async def test_who_asks_for_a_lost_answer_while_it_is_written_is_told_so(campus: Campus) -> None:
    async with fake_model(SAYS, hangs()) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        await asked(campus, client, private=True)
        async with client.services.pool.connection() as conn:
            await conn.execute("update deliveries set state = 'undeliverable'")
            await conn.execute("update questions set leased_until = now()")
            await conn.execute("delete from answers")
        await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION, "private": True})
        await campus.server.until(lambda: len(model.requests) > 1)
        async with client.services.pool.connection() as conn:
            await conn.execute("update deliveries set state = 'undeliverable'")

        options = {"question": QUESTION, "private": True}
        again = await (await campus.server.slash(campus.ana, campus.room, "ask", options)).done(20.0)

        assert again.original
        assert again.original.content == i18n.text("question.in_progress", "pt-BR")


async def test_where_answers_are_switched_off_nothing_is_tried(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        course = await client.services.courses.find("redes")
        await client.services.spaces.bind(
            course, guild=campus.guild.id, channel=campus.room.id, answers="off", reader="pt-BR"
        )

        again = await pressed(campus, client, answer, "Exemplo")

        assert again.original
        assert again.original.content == i18n.text("discord.switched_off", "pt-BR")


async def test_a_shared_copy_offers_no_tries(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client, private=True)
        await (await campus.server.click(campus.ana, answer, answer.buttons["Compartilhar"])).followed_up()

        (public,) = campus.server.messages(campus.room)
        assert "Ajudou" in public.buttons
        assert not set(KINDS) & set(public.buttons)
