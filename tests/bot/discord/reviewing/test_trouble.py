"""A card that was lost on its way is found again, and trouble with one card holds up no other."""

import logging

import pytest

from tests.bot.discord.asking import QUESTION
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.cutting import cut
from tests.bot.discord.desk import Desk, desk, fields, stopped
from tests.fake_discord import Message


async def unacknowledged(at: Desk, *, forgets_nonces: bool) -> tuple[Message, Message]:
    """An answer, and its card, of which Discord told nobody that it arrived; what it shows is not true any more."""
    server = at.campus.server
    answer = await at.asked()
    server.fail(rf"POST /channels/{at.staff.id}/messages", 503, taken=True)
    await at.disliked(answer)
    card = await at.card()
    await eventually(lambda: at.column("select card_failures > 0 from review_items"), [True])
    if forgets_nonces:  # as Discord does in minutes
        server.forgets_nonces, card.nonce = True, None
    return answer, card


async def try_again(at: Desk) -> None:
    await at.column("update review_items set card_claimed_until = '-infinity' returning id")


@pytest.mark.parametrize("forgets_nonces", [False, True])
async def test_a_card_whose_acknowledgement_was_lost_shows_what_is_true_now(
    campus: Campus, *, forgets_nonces: bool
) -> None:
    async with desk(campus) as at:
        answer, card = await unacknowledged(at, forgets_nonces=forgets_nonces)
        await (await campus.server.click(campus.ana, answer, answer.buttons["Chamar monitor"])).answered()
        await try_again(at)

        await campus.server.until(lambda: "alguém chamou a monitoria" in fields(card)["Por que está aqui"])
        await eventually(lambda: at.column("select card_message_id from review_items"), [card.id])
        assert at.cards() == [card]


@pytest.mark.parametrize("forgets_nonces", [False, True])
async def test_a_card_whose_acknowledgement_was_lost_goes_with_its_question(
    campus: Campus, *, forgets_nonces: bool
) -> None:
    async with desk(campus) as at:
        _, card = await unacknowledged(at, forgets_nonces=forgets_nonces)
        await at.column("delete from questions returning id")

        await campus.server.until(lambda: card.deleted)
        await eventually(lambda: at.column("select id from orphan_messages"), [])


async def test_a_card_that_arrived_in_a_channel_which_is_no_more_the_staffs_is_deleted_there(campus: Campus) -> None:
    async with desk(campus) as at:
        _, card = await unacknowledged(at, forgets_nonces=False)
        course = await at.client.services.courses.find("redes")
        other = campus.server.add_channel(campus.guild, "outra-equipe")
        await at.client.services.spaces.change(course, staff_channel_id=other.id)
        await try_again(at)

        await campus.server.until(lambda: card.deleted)
        await campus.server.until(lambda: campus.server.messages(other))


async def test_a_card_that_is_refused_is_not_looked_for(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        campus.server.fail(rf"POST /channels/{at.staff.id}/messages", 403)
        await at.disliked(answer)
        await eventually(lambda: at.column("select card_failures > 0 from review_items"), [True])
        assert await at.column("select card_begun_at from review_items") == [None]
        await try_again(at)

        await at.card()
        assert not [one for one in campus.server.requests if one.method == "GET" and str(at.staff.id) in one.path]


async def test_a_card_settled_before_anybody_knew_of_it_says_so_if_it_is_there(campus: Campus) -> None:
    async with desk(campus) as at:
        _, card = await unacknowledged(at, forgets_nonces=True)
        shown = await (await campus.server.slash(at.bia, campus.room, "review next", {})).answered()
        assert shown.original
        await at.press(at.bia, shown.original, "Dispensar")
        await try_again(at)

        await campus.server.until(lambda: card.embeds[0]["title"] == "✅ Resolvida")


def told(caplog: pytest.LogCaptureFixture, event: str) -> list[tuple[int, bool]]:
    """The levels at which an event was logged, and whether with a trace."""
    return [(one.levelno, bool(one.exc_info)) for one in caplog.records if one.getMessage() == event]


async def test_a_database_cut_in_a_round_is_a_warning_without_a_trace(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(campus) as at:
        cog = await stopped(at)
        async with cut(campus, "review_items"):
            await cog._tick()

        assert told(caplog, "review.tick_failed") == [(logging.WARNING, False)]


async def test_a_card_that_fails_unexpectedly_is_told_with_its_trace_and_holds_up_no_other(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(campus) as at:
        cog = await stopped(at)
        for question in (QUESTION, "O que é uma célula de memória na LSTM?"):
            await at.disliked(await at.asked(question))
        first, second = await at.column("select id from review_items order by id")
        await at.change(f"alter table review_items add check (id <> {first} or card_message_id is null)")
        await cog._tick()

        assert await at.column("select id from review_items where card_message_id is not null") == [second]
        assert told(caplog, "review.card_failed") == [(logging.ERROR, True)]


async def test_a_place_that_fails_unexpectedly_is_told_with_its_trace_and_holds_up_no_other(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(campus) as at:
        cog = await stopped(at)
        for question in (QUESTION, "O que é uma célula de memória na LSTM?"):
            await at.asked(question)
        first, second = await at.column("update showings set wanted = 2 returning id")
        await at.change(f"alter table showings add check (id <> {first} or shown < 2)")
        await cog._tick()

        assert await at.column("select id from showings where shown = 2") == [second]
        assert told(caplog, "answer.not_refreshed") == [(logging.ERROR, True)]
