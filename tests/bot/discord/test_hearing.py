"""Nobody is left waiting: what becomes of questions while the database or Discord fails for a moment."""

import logging
from typing import Any

import pytest

from bot.discord.client import FIRST_SIGN_LIMIT_S, Monitoria
from services import i18n
from services.courses.people import People
from tests.bot.discord.asking import QUESTION, is_cited
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.cutting import cut, frozen, hanging
from tests.bot.discord.test_troubles import answers, mentioned, states
from tests.fake_discord import Interaction

UNAVAILABLE = i18n.text("discord.unavailable", "pt-BR")


def said(used: Interaction) -> str:
    """What whoever acted reads."""
    assert used.messages, "it is still thinking, or silent"
    assert not any(message.loading for message in used.messages)
    return used.messages[-1].content


def keep_marks_often(client: Monitoria) -> None:
    asking: Any = client.get_cog("Asking")
    asking._tick.change_interval(seconds=0.05)


def traces(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.exc_info]


# Commands, menus, buttons and forms


@pytest.mark.parametrize("table", ["bindings", "secrets", "lectures", "deliveries", "questions", "course_settings"])
async def test_a_command_whose_question_cannot_be_stored_ends_in_one_sentence(
    campus: Campus, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        options = {"question": QUESTION, "lecture": "aula-1"}

        async with cut(campus, table) as done:
            asked = await (await campus.server.slash(campus.ana, campus.room, "ask", options)).done()

        assert done.times
        assert [said(asked)] == [message.content for message in asked.messages] == [UNAVAILABLE]
        assert not traces(caplog)


async def test_a_stop_before_the_question_is_stored_says_so(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        async with hanging(campus, "secrets"):
            asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).answered()
            async with hanging(campus, "bindings"):
                searched = await campus.server.slash(campus.ana, campus.room, "search", {"query": "gradiente"})
                await searched.answered()

                await client.close()

        assert (said(asked), said(searched)) == (UNAVAILABLE, UNAVAILABLE)


async def test_a_stop_tells_also_whom_a_database_leaves_hanging_that_hears_no_cancel(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        async with hanging(campus, "bindings"):
            searched = await campus.server.slash(campus.ana, campus.room, "search", {"query": "gradiente"})
            await searched.answered()
            async with frozen(campus):
                await client.close()

        assert [message.content for message in searched.messages] == [said(searched)] == [UNAVAILABLE]


def test_a_first_sign_is_given_while_discord_waits_for_it() -> None:
    discord_waits_s = 3
    assert discord_waits_s > FIRST_SIGN_LIMIT_S


@pytest.mark.hurried
@pytest.mark.parametrize("command", ["course show", "course unbind", "review list"])
async def test_a_command_that_hangs_is_answered_before_it_ends(campus: Campus, command: str) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        async with hanging(campus, "bindings"), hanging(campus, "course_settings"):
            used = await (await campus.server.slash(campus.boss, campus.room, command)).answered()

        assert said(used) == UNAVAILABLE


@pytest.mark.hurried
async def test_a_button_that_hangs_is_answered_before_it_ends(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        await eventually(lambda: states(client), ["delivered"])
        assert asked.original

        async with hanging(campus, "annotations"):
            pressed = await campus.server.click(campus.ana, asked.original, asked.original.buttons["Ajudou"])
            assert said(await pressed.answered()) == UNAVAILABLE

        await eventually(lambda: campus.rows(client, "annotations"), 0)  # and what it told is true


async def test_a_form_is_answered_while_the_database_fails(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        assert asked.original
        down = asked.original.buttons["Não ajudou"]
        opened = await (await campus.server.click(campus.ana, asked.original, down)).answered()

        async with cut(campus, "annotations"):
            sent = await (await campus.server.submit(campus.ana, opened, {"reason": ["wrong"]})).done()

        assert said(sent) == UNAVAILABLE


async def test_choosing_a_course_is_answered_while_the_database_fails(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "course choose")).done()
        course = await client.services.courses.find("redes")
        assert asked.original

        async with cut(campus, "direct_courses"):
            chosen = await campus.server.choose(campus.ana, asked.original, "m:choose", [str(course.id)])
            await chosen.followed_up()
        again = await campus.server.choose(campus.ana, asked.original, "m:choose", [str(course.id)])
        await again.followed_up()

        assert chosen.followups[0].content == UNAVAILABLE
        assert "Redes" in again.followups[0].content


@pytest.mark.hurried
@pytest.mark.parametrize("fails", [cut, hanging])
async def test_choices_that_cannot_be_had_are_none(
    campus: Campus, fails: type, caplog: pytest.LogCaptureFixture
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        async with fails(campus, "lectures"), fails(campus, "course_settings"):
            lectures = await campus.server.autocomplete(campus.ana, campus.room, "ask", "lecture", "aul")
            options = ("course bind", "course", "red")
            courses = await campus.server.autocomplete(campus.boss, campus.room, *options)

        assert (lectures, courses) == ([], [])
        assert not traces(caplog)


# Messages


@pytest.mark.parametrize("table", ["bindings", "secrets", "course_settings"])
async def test_a_mention_that_could_not_be_stored_is_answered_once_afterwards(
    campus: Campus, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        async with cut(campus, table) as done:
            await mentioned(campus, client)
            await campus.server.until(lambda: done.times)

        await campus.server.until(lambda: answers(campus))
        await eventually(lambda: states(client), ["delivered"])
        assert [is_cited(message) for message in campus.server.messages(campus.room)[1:]] == [True]
        assert not traces(caplog)


@pytest.mark.parametrize("table", ["bindings", "secrets", "course_settings"])
async def test_a_mention_that_could_not_be_stored_before_a_stop_is_answered_once_after_the_start(
    campus: Campus, table: str
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        keep_marks_often(client)
        before = await campus.server.say(campus.ana, campus.room, "oi")
        await eventually(client.services.deliveries.watermarks, {campus.room.id: before.id})
        async with cut(campus, table) as done:
            lost = await mentioned(campus, client)
            await campus.server.until(lambda: done.times)
            await campus.server.say(campus.ana, campus.room, "alguém?")
            if table != "bindings":  # what was said after it is decided, and the mark stays below it all the same
                other = campus.server.add_channel(campus.guild, "outra")
                elsewhere = await campus.server.say(campus.ana, other, "oi")
                await eventually(lambda: _mark(client, other.id), elsewhere.id)
            await client.close()

    async with campus.running() as client:
        marks = await client.services.deliveries.watermarks()
        assert marks[campus.room.id] < lost.id
        await campus.server.until(lambda: answers(campus))
        await eventually(lambda: states(client), ["delivered"])

        assert len(answers(campus)) == 1
        assert await campus.rows(client, "questions") == 1


async def _mark(client: Monitoria, channel: int) -> int | None:
    return (await client.services.deliveries.watermarks()).get(channel)


async def test_a_message_is_seen_once_it_is_decided(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        keep_marks_often(client)

        asked = await mentioned(campus, client)

        await campus.server.until(lambda: answers(campus))
        (answer,) = answers(campus)
        assert answer.id > asked.id
        await eventually(lambda: _mark(client, campus.room.id), answer.id)


async def test_what_fails_by_a_fault_of_ours_is_tried_a_few_times_and_left(
    campus: Campus, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> str:
        raise KeyError("a fault")

    monkeypatch.setattr("services.courses.absence.FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(People, "key", broken)
    async with campus.running() as client:
        await campus.taught(client.services)
        await mentioned(campus, client)

        await campus.server.until(lambda: [it for it in caplog.records if it.__dict__.get("is_left")])

        assert traces(caplog) == ["message.undecided"]


# Direct messages


async def test_a_direct_message_is_answered_once_the_database_is_back(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        async with cut(campus, "bindings") as done:
            asked = await campus.server.dm(campus.ana, QUESTION)
            await campus.server.until(lambda: done.times)

        await campus.server.until(lambda: answers(campus, asked.channel))
        assert len(answers(campus, asked.channel)) == 1
        assert not traces(caplog)


async def test_a_direct_message_that_stays_unanswered_is_explained(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.courses.absence.FIRST_PAUSE_S", 0.01)
    async with campus.running() as client:
        await campus.taught(client.services)
        async with cut(campus, "bindings") as done:
            asked = await campus.server.dm(campus.ana, QUESTION)
            await campus.server.until(lambda: len(asked.channel.messages) == 2)

        assert asked.channel.messages[1].content == UNAVAILABLE
        assert done.times == 4


@pytest.mark.parametrize("are_strangers", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
async def test_who_takes_no_messages_leaves_no_traceback(
    campus: Campus, caplog: pytest.LogCaptureFixture, are_strangers: bool, is_known: bool
) -> None:
    caplog.set_level(logging.INFO)
    async with campus.running() as client:
        if is_known:
            await campus.taught(client.services)
        (campus.server.strangers if are_strangers else campus.server.closed_to_messages).add(campus.ana.id)

        asked = await campus.server.dm(campus.ana, QUESTION)

        event = "discord.refused" if is_known else "direct.unreachable"
        (record,) = await campus.server.until(lambda: [it for it in caplog.records if it.getMessage() == event])
        assert record.__dict__["code"] == (50278 if are_strangers else 50007)
        assert asked.channel.messages == [asked]
        assert not traces(caplog)
