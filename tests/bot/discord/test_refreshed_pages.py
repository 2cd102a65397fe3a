"""Answers of several messages, each of which follows when the answer changes."""

import pytest

from bot.discord.delivering import outlets
from bot.discord.delivering.resuming import followup
from bot.discord.messages.layout import Page
from tests.bot.discord.asking import QUESTION
from tests.bot.discord.conftest import Campus
from tests.bot.discord.desk import CORRECTED, corrected, desk
from tests.bot.discord.test_refreshing import LONG, LONGER, card_of, is_whole, ours, settled


async def test_an_answer_that_becomes_shorter_and_longer_again_is_whole_each_time(campus: Campus) -> None:
    async with desk(campus) as at:
        card = await card_of(at, await at.asked())
        for text, count in ((LONG, 2), (CORRECTED, 1), (LONG, 2), (LONGER, 2), (CORRECTED, 1), (LONGER, 2)):
            await corrected(at, at.bia, card, text)
            await campus.server.until(lambda count=count: len(ours(campus)) == count and is_whole(ours(campus)))
            await settled(at)
            shown = " ".join(" ".join(one.content for one in ours(campus)).split())
            assert " ".join(text.split("[t1]")[0].split()) in shown.replace(" …", "")


async def test_a_second_message_that_somebody_deleted_comes_back_with_the_next_correction(campus: Campus) -> None:
    async with desk(campus) as at:
        card = await card_of(at, await at.asked())
        await corrected(at, at.bia, card, LONG)
        await campus.server.until(lambda: len(ours(campus)) == 2 and is_whole(ours(campus)))
        await settled(at)
        await campus.server.delete(ours(campus)[1])
        await corrected(at, at.bia, card, LONGER)

        await campus.server.until(lambda: len(ours(campus)) == 2 and is_whole(ours(campus)))


async def test_who_deletes_the_first_message_takes_the_rest_along(campus: Campus) -> None:
    async with desk(campus) as at:
        card = await card_of(at, await at.asked())
        await corrected(at, at.bia, card, LONG)
        await campus.server.until(lambda: len(ours(campus)) == 2 and is_whole(ours(campus)))
        await settled(at)
        await campus.server.delete(ours(campus)[0])
        await corrected(at, at.bia, card, LONGER)

        await campus.server.until(lambda: not ours(campus))
        await settled(at)
        assert ours(campus) == []


async def test_a_page_whose_acknowledgements_are_lost_is_one_message(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "PAUSES_S", (0.01, 0.01, 0.01))
    monkeypatch.setattr("services.answering.showings.FIRST_GAP", outlets.timedelta(seconds=0.2))
    async with desk(campus) as at:
        card = await card_of(at, await at.asked())
        campus.server.fail(rf"POST /channels/{campus.room.id}/messages", 503, times=4, taken=True)
        await corrected(at, at.bia, card, LONG)

        await campus.server.until(lambda: len(ours(campus)) == 2 and is_whole(ours(campus)))
        await settled(at)
        assert len(ours(campus)) == 2


async def test_a_page_of_a_command_whose_acknowledgement_is_lost_is_one_message(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "PAUSES_S", (0.01, 0.01, 0.01))
    async with desk(campus) as at:
        await corrected(at, at.bia, await card_of(at, await at.asked()), LONG)
        await campus.server.until(lambda: len(ours(campus)) == 2 and is_whole(ours(campus)))
        campus.server.fail(r"POST /webhooks/\d+/\S+", 503, times=2, taken=True)
        await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        await settled(at)

        again = ours(campus)[2:]
        assert len(again) == 2
        assert is_whole(again)


async def test_a_private_command_that_is_taken_over_gets_all_its_pages(campus: Campus) -> None:
    async with desk(campus) as at:
        options = {"question": QUESTION, "private": True}
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", options)).done()
        assert at.client.application_id is not None
        webhook = followup(at.client, at.client.application_id, asked.token)
        outlet = outlets.CommandOutlet(webhook, channel=None, us=0, is_private=True)

        sent = [message async for message in outlet.deliver([Page(content="um"), Page(content="dois")])]

        assert len(sent) == 2
