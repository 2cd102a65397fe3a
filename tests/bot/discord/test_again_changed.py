"""Another try at an answer that staff have changed, held back, verified or lost, before the press and after it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.discord.client import Monitoria
from services import i18n
from tests.bot.discord.asking import QUESTION, is_cited, shown
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.desk import Desk, corrected, desk, said
from tests.bot.discord.test_again import GONE, KINDS, SAYS, kinds, pressed, taught, taught_more, writer
from tests.bot.discord.test_again import asked as asks
from tests.bot.discord.test_refreshing import card_of
from tests.fake_discord import Interaction, Message
from tests.fake_model import FakeModel, Request, fake_model, hangs, says

CHANGED = i18n.text("again.changed", "pt-BR")
NOT_RELEASED = i18n.text("discord.not_released", "pt-BR")
NOT_OFFERED = i18n.text("again.not_offered", "pt-BR")
NO_MODEL = i18n.text("again.no_model", "pt-BR")


@dataclass
class Gate:
    """A model that answers at once the first time, and then waits until it is let go on."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def behave(self, writer: asyncio.StreamWriter, request: Request) -> None:
        await self.opened.wait()
        await says("Ele fica pequeno [1].")(writer, request)


@asynccontextmanager
async def gated(campus: Campus) -> AsyncGenerator[tuple[Desk, Gate, FakeModel], None]:
    gate = Gate()
    async with fake_model(SAYS, gate.behave) as model, desk(campus, writer(model)) as at:
        yield at, gate, model


async def correct(at: Desk, answer: Message) -> None:
    await corrected(at, at.bia, await card_of(at, answer))


async def call_wrong(at: Desk, answer: Message) -> None:
    await at.press(at.bia, await card_of(at, answer), "Incorreta")


async def hold(at: Desk, _: Message) -> None:
    await at.change("update answers set held = 'waiting' where id = 1")


async def reject(at: Desk, _: Message) -> None:
    await at.change("update answers set held = 'rejected' where id = 1")


async def remove(at: Desk, _: Message) -> None:
    await at.change("delete from questions where id = 1")


Change = Callable[[Desk, Message], Awaitable[None]]
MEANWHILE: dict[Change, str] = {correct: CHANGED, call_wrong: CHANGED, hold: CHANGED, reject: CHANGED, remove: GONE}


async def whispered(used: Interaction) -> str:
    """What who pressed is told alone, where nothing is left for others to see."""
    await used.followed_up()
    assert used.original
    assert used.original.deleted
    (told,) = used.followups
    assert told.ephemeral
    return told.content


@pytest.mark.parametrize(("change", "says_so"), MEANWHILE.items(), ids=lambda one: getattr(one, "__name__", ""))
async def test_what_was_changed_while_a_try_was_written_is_not_gone_on_from(
    campus: Campus, change: Change, says_so: str
) -> None:
    async with gated(campus) as (at, gate, model):
        answer = await at.asked()
        again = await campus.server.click(campus.ana, answer, answer.buttons["Mais simples"])
        await campus.server.until(lambda: len(model.requests) > 1)
        await change(at, answer)
        gate.opened.set()

        assert await whispered(again) == says_so
        await campus.server.until(lambda: not at.client.answering.in_flight)
        assert [kind for kind, _ in await kinds(at.client) if kind] == []
        assert await at.column("select state from deliveries where question_id > 1") == []


async def test_another_moment_of_what_is_corrected_meanwhile_is_shown(campus: Campus) -> None:
    async with gated(campus) as (at, gate, model):
        await taught_more(campus, at.client)
        answer = await at.asked()
        again = await campus.server.click(campus.ana, answer, answer.buttons["Outro momento"])
        await campus.server.until(lambda: len(model.requests) > 1)
        await correct(at, answer)
        gate.opened.set()

        await campus.server.until(lambda: is_cited(again.original))
        assert again.original
        assert again.original.embeds != answer.embeds


async def test_a_try_that_a_stop_cut_off_is_let_go_of_where_the_model_is_gone(campus: Campus) -> None:
    async with fake_model(SAYS, hangs()) as model, desk(campus, writer(model)) as at:
        answer = await at.asked()
        again = await campus.server.click(campus.ana, answer, answer.buttons["Exemplo"])
        await campus.server.until(lambda: len(model.requests) > 1)
    async with desk(campus, is_new=False) as at:
        assert await whispered(again) == NO_MODEL
        assert await kinds(at.client) == [(None, QUESTION)]


async def test_a_try_that_a_stop_cut_off_is_not_written_of_what_was_rejected_meanwhile(campus: Campus) -> None:
    async with fake_model(SAYS, hangs()) as model:
        async with desk(campus, writer(model)) as at:
            answer = await at.asked()
            again = await campus.server.click(campus.ana, answer, answer.buttons["Exemplo"])
            await campus.server.until(lambda: len(model.requests) > 1)
            await reject(at, answer)
        model.behaviours[:] = [SAYS]
        requests = len(model.requests)
        async with desk(campus, writer(model), is_new=False) as at:
            assert await whispered(again) == CHANGED
            assert await kinds(at.client) == [(None, QUESTION)]
            assert len(model.requests) == requests


async def test_where_the_model_is_gone_a_press_is_refused_and_costs_nothing(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client, lectures=2)
        answer = await asks(campus, client)
        async with client.services.pool.connection() as conn:
            await conn.execute("update course_settings set person_hourly = 2")
    async with campus.running() as client:
        for label in ("Mais simples", "Exemplo", "Mais simples"):
            assert await whispered(await pressed(campus, client, answer, label)) == NO_MODEL
        assert await kinds(client) == [(None, QUESTION)]

        assert is_cited((await pressed(campus, client, answer, "Outro momento")).original)


# Before the press


async def refused(campus: Campus, answer: Message, label: str, button: str) -> str:
    """What is said, and to whom alone, when *button* is pressed that stood there before."""
    answer.components.append({"type": 1, "components": [{"type": 2, "style": 2, "label": label, "custom_id": button}]})
    used = await (await campus.server.click(campus.ana, answer, button)).answered()
    answer.components.pop()
    assert used.response
    data = used.response["data"]
    assert data["flags"] == 64
    return data["content"]


@pytest.mark.parametrize("change", [correct, call_wrong])
async def test_of_what_staff_have_corrected_or_found_wrong_another_moment_is_left(
    campus: Campus, change: Change
) -> None:
    async with fake_model(SAYS) as model, desk(campus, writer(model)) as at:
        await taught_more(campus, at.client)
        answer = await at.asked()
        gone = {label: answer.buttons[label] for label in ("Mais simples", "Exemplo")}
        await change(at, answer)
        await campus.server.until(lambda: set(KINDS) & set(answer.buttons) == {"Outro momento"})

        for label, button in gone.items():
            assert await refused(campus, answer, label, button) == NOT_OFFERED
        assert is_cited((await pressed(campus, at.client, answer, "Outro momento")).original)


@pytest.mark.parametrize("change", [hold, reject])
async def test_of_what_staff_hold_back_nothing_is_tried(campus: Campus, change: Change) -> None:
    async with fake_model(SAYS) as model, desk(campus, writer(model)) as at:
        answer = await at.asked()
        await change(at, answer)

        for label in KINDS:
            used = await (await campus.server.click(campus.ana, answer, answer.buttons[label])).answered()
            assert NOT_RELEASED in said(used)
        assert await kinds(at.client) == [(None, QUESTION)]


async def test_under_a_verified_answer_that_is_given_again_only_another_moment_is_offered(campus: Campus) -> None:
    async with fake_model(SAYS) as model, desk(campus, writer(model)) as at:
        await taught_more(campus, at.client)
        answer = await at.asked()
        await correct(at, answer)
        again = await at.asked("pq o gradiente some nas redes recorrentes")

        assert "Verificado pela monitoria" in again.content
        assert set(KINDS) & set(again.buttons) == {"Outro momento"}
        other = await pressed(campus, at.client, again, "Outro momento")
        assert other.original
        assert is_cited(other.original)
        assert other.original.embeds != again.embeds


async def test_a_try_is_held_where_answers_are_and_stands_as_verified_once_it_is_approved(campus: Campus) -> None:
    async with fake_model(SAYS) as model, desk(campus, writer(model)) as at:
        answer = await at.asked()
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        simpler = (await pressed(campus, at.client, answer, "Mais simples")).original
        assert simpler
        assert "aguarda o aval" in simpler.content
        assert not set(KINDS) & set(simpler.buttons)

        await at.press(at.bia, await at.card(), "Aprovar")
        await campus.server.until(lambda: "Verificado pela monitoria" in simpler.content)
        assert is_cited(simpler)
        assert set(KINDS) & set(simpler.buttons) == {"Outro momento"}


async def test_what_staff_correct_in_a_try_changes_the_try_alone(campus: Campus) -> None:
    async with fake_model(SAYS) as model, desk(campus, writer(model)) as at:
        answer = await at.asked()
        simpler = (await pressed(campus, at.client, answer, "Mais simples")).original
        assert simpler
        await correct(at, simpler)

        await campus.server.until(lambda: "Verificado pela monitoria" in simpler.content)
        assert "Verificado" not in answer.content
        assert set(KINDS) <= set(answer.buttons)
        assert "Verificado" not in (await at.asked()).content


# In threads


async def test_in_a_forum_post_a_try_is_answered_there_and_its_words_follow_up(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        course = await client.services.courses.find("redes")
        forum = campus.server.add_channel(campus.guild, "forum", kind="forum")
        await client.services.spaces.bind(
            course, guild=campus.guild.id, channel=forum.id, answers="forum", reader="pt-BR"
        )
        post = await campus.server.post(campus.ana, forum, "Gradiente", QUESTION)
        answer = await campus.server.until(lambda: shown(campus.server.messages(post)[1:]))
        await campus.server.until(lambda: not client.answering.in_flight)

        simpler = (await pressed(campus, client, answer, "Mais simples")).original
        assert simpler
        assert is_cited(simpler)
        assert simpler.channel is post
        await campus.server.say(campus.ana, post, "e na LSTM?", reply_to=simpler)
        await eventually(lambda: follows(client), [None, 1, 2])


async def follows(client: Monitoria) -> list[int | None]:
    async with client.services.pool.connection() as conn:
        return [row[0] for row in await (await conn.execute("select follows from questions order by id")).fetchall()]


async def test_where_staff_have_the_floor_a_press_is_answered_and_the_silence_goes_on(campus: Campus) -> None:
    async with fake_model(SAYS) as model, desk(campus, writer(model)) as at:
        thread = await campus.server.start_thread(campus.ana, await at.asked(), "mais")
        await campus.server.say(campus.ana, thread, "e o que a LSTM guarda?")
        answer = await campus.server.until(lambda: shown(campus.server.messages(thread)))
        await campus.server.say(at.bia, thread, "deixa que eu explico")
        await eventually(lambda: at.column("select count(*) from staffed_threads"), [1])

        simpler = (await pressed(campus, at.client, answer, "Mais simples")).original
        await campus.server.say(campus.ana, thread, "e por que o gradiente some?")
        await campus.server.until(lambda: not at.client.answering.in_flight)

        assert simpler
        assert is_cited(simpler)
        assert simpler.channel is thread
        assert [kind for kind, _ in await kinds(at.client)] == [None, None, "simpler"]
        assert await at.column("select count(*) from staffed_threads") == [1]
