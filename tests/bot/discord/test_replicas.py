"""Two processes hear every press, form and command; one acts, and the other neither does nor says anything."""

import asyncio
import logging
import re
from collections import Counter

import pytest

from services import i18n
from tests.bot.discord.asking import QUESTION
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.cutting import cut, hanging
from tests.bot.discord.desk import Desk, corrected, desk
from tests.bot.discord.test_privacy import confirmed, used

UNAVAILABLE = i18n.text("discord.unavailable", "pt-BR")


def first_answers(campus: Campus) -> Counter[str]:
    """How often somebody tried to give each interaction its first answer."""
    tried = [re.fullmatch(r"/interactions/(\d+)/[^/]+/callback", call.path) for call in campus.server.requests]
    return Counter(found[1] for found in tried if found)


async def quiet(campus: Campus) -> None:
    """Wait until nothing has been asked of Discord for a while."""
    seen = -1
    while seen != len(campus.server.requests):
        seen = len(campus.server.requests)
        await asyncio.sleep(0.5)


async def voted(at: Desk) -> list[str]:
    return await at.column("select label from annotations where role = 'student'")


async def test_a_vote_counts_once(campus: Campus) -> None:
    async with desk(campus) as at, campus.running():
        answer = await at.asked()
        pressed = await (await campus.server.click(campus.ana, answer, answer.buttons["Ajudou"])).answered()
        await quiet(campus)

        assert await voted(at) == ["C"]
        assert first_answers(campus)[str(pressed.id)] == 1


async def test_each_press_form_and_command_is_answered_by_one(campus: Campus, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with desk(campus) as at, campus.running():
        answer = await at.asked(private=True)
        await (await campus.server.click(campus.ana, answer, answer.buttons["Compartilhar"])).followed_up()
        opened = await (await campus.server.click(campus.ana, answer, answer.buttons["Não ajudou"])).answered()
        await (await campus.server.submit(campus.ana, opened, {"reason": ["unclear"], "comment": "?"})).answered()
        card = await at.card()
        await at.press(at.bia, card, "Pegar")
        await corrected(at, at.bia, card)
        await (await campus.server.slash(at.bia, campus.room, "review list", {})).answered()
        await quiet(campus)
        shared = [one for one in campus.server.messages(campus.room) if QUESTION.rstrip("?") in one.content]
        assert len(shared) == 1
        assert await at.column("select action from staff_actions order by id") == ["take", "label", "edit"]
        await confirmed(campus, campus.ana, await used(campus, campus.ana, "delete"))
        await quiet(campus)

        assert set(first_answers(campus).values()) == {1}
        assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
        assert await at.column("select count(*) from handled_interactions") == [len(first_answers(campus))]


@pytest.mark.hurried
async def test_where_it_cannot_be_claimed_in_time_the_person_is_told_to_try_again(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        async with hanging(campus, "handled_interactions"):
            pressed = await campus.server.click(campus.ana, answer, answer.buttons["Ajudou"])
            listed = await campus.server.slash(at.bia, campus.room, "review list", {})
            told = [await one.answered() for one in (pressed, listed)]

        assert [one.original and one.original.content for one in told] == [UNAVAILABLE] * 2
        assert await voted(at) == []


async def test_where_the_database_is_cut_before_it_is_claimed_the_person_is_told(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        async with cut(campus, "handled_interactions"):
            pressed = await campus.server.click(campus.ana, answer, answer.buttons["Ajudou"])
            listed = await campus.server.slash(at.bia, campus.room, "review list", {})
            told = [await one.answered() for one in (pressed, listed)]

        assert [one.original and one.original.content for one in told] == [UNAVAILABLE] * 2
        assert await voted(at) == []


async def test_what_was_claimed_is_forgotten_after_an_hour(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.column(
            "insert into handled_interactions (id, at) values (1, now() - interval '2 hours'), (2, now()) returning id"
        )

        await eventually(lambda: at.column("select id from handled_interactions"), [2])


@pytest.mark.parametrize(("status", "code"), [(400, 40060), (404, 10062)])
async def test_an_answer_that_comes_too_late_is_no_error(
    campus: Campus, caplog: pytest.LogCaptureFixture, status: int, code: int
) -> None:
    caplog.set_level(logging.INFO)
    async with desk(campus) as at:
        answer = await at.asked()
        campus.server.fail(r"POST /interactions/.+/callback", status, code=code)
        await campus.server.click(campus.ana, answer, answer.buttons["Ajudou"])
        await campus.server.until(lambda: "interaction.not_ours" in [it.getMessage() for it in caplog.records])

        assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_a_lost_connection_to_discord_is_told_without_a_trace(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        campus.server.fail(r"POST /interactions/.+/callback", 0)
        pressed = await (await campus.server.click(campus.ana, answer, answer.buttons["Ajudou"])).answered()

        assert pressed.original
        assert pressed.original.content == UNAVAILABLE
        [failed] = [one for one in caplog.records if one.getMessage() == "interaction.failed"]
        assert failed.exc_info is None
