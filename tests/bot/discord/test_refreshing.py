"""Every message that shows an answer shows what is true now, whole, wherever it stands and whatever was lost."""

import asyncio
from typing import Any

import pytest

from bot.discord.delivering import outlets
from db import showings as places
from db.records import CourseId, QuestionId, Showing
from services.models.llm import LlmConfig
from tests.bot.discord.asking import QUESTION, is_cited
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.desk import CORRECTED, Desk, corrected, desk
from tests.bot.discord.test_privacy import confirmed, used
from tests.fake_discord import Channel, Message
from tests.fake_model import fake_model, says

SENTENCE = "O gradiente encolhe a cada passo da rede recorrente, e a LSTM soma em vez de multiplicar. "
LONG = SENTENCE * 25 + "Veja [t1]."
LONGER = SENTENCE * 43 + "Veja [t1]."


def ours(campus: Campus, room: Channel | None = None) -> list[Message]:
    """All messages of the bot that everybody sees, but the word that an answer was corrected."""
    found = campus.server.messages(room or campus.room)
    return [one for one in found if one.author is campus.server.user and "corrigiu a resposta" not in one.content]


def is_whole(messages: list[Message]) -> bool:
    """Only the last message of an answer has references and buttons, and it has both."""
    *first, last = messages
    return is_cited(last) and "Ajudou" in last.buttons and not any(one.embeds or one.buttons for one in first)


async def card_of(at: Desk, answer: Message) -> Message:
    await at.disliked(answer)
    return await at.card()


async def states(at: Desk) -> list[str]:
    return await at.column("select state from deliveries order by question_id")


async def settled(at: Desk) -> None:
    """Wait until every place shows what it should."""
    query = "select id from showings where not is_private and over_at is null and (shown is null or shown < wanted)"
    await eventually(lambda: at.column(query), [])


async def mentioned(at: Desk, text: str = QUESTION, room: Channel | None = None) -> Message:
    assert at.client.user is not None
    return await at.campus.server.say(at.campus.ana, room or at.campus.room, f"<@{at.client.user.id}> {text}")


# Where an answer stands


async def test_the_shared_copy_of_a_private_answer_is_corrected_and_taken_back(campus: Campus) -> None:
    async with desk(campus) as at:
        private = await at.asked(private=True)
        await (await campus.server.click(campus.ana, private, private.buttons["Compartilhar"])).followed_up()
        (shared,) = ours(campus)
        card = await card_of(at, shared)
        await corrected(at, at.bia, card)

        await campus.server.until(lambda: "Verificado pela monitoria" in shared.content)
        assert QUESTION.rstrip("?") in shared.content
        assert is_whole([shared])
        assert "Verificado" not in private.content  # nobody can edit it

        await confirmed(campus, campus.ana, await used(campus, campus.ana, "delete"))
        assert ours(campus) == []


async def test_a_card_links_to_the_shared_copy_of_a_private_answer(campus: Campus) -> None:
    async with desk(campus) as at:
        private = await at.asked(private=True)
        await (await campus.server.click(campus.ana, private, private.buttons["Compartilhar"])).followed_up()
        (shared,) = ours(campus)
        card = await card_of(at, shared)

        assert shared.jump_url in str(card.embeds)


async def test_a_reaction_to_the_shared_copy_counts_and_a_thread_under_it_follows_up(campus: Campus) -> None:
    async with desk(campus) as at:
        private = await at.asked(private=True)
        await (await campus.server.click(campus.ana, private, private.buttons["Compartilhar"])).followed_up()
        (shared,) = ours(campus)
        await campus.server.react(at.bia, shared, "👍")
        await eventually(lambda: at.column("select label from annotations"), ["C"])
        await mentioned(at, "e na LSTM?", await campus.server.start_thread(campus.ana, shared, "mais"))

        await eventually(lambda: at.column("select follows is not null from questions order by id"), [False, True])


async def test_an_answer_that_was_asked_again_elsewhere_is_corrected_there(campus: Campus) -> None:
    async with desk(campus) as at:
        other = campus.server.add_channel(campus.guild, "outras")
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.bind(
            course, guild=campus.guild.id, channel=other.id, answers="mention", reader="pt-BR"
        )
        campus.server.forbid(campus.room, "send_messages")
        await mentioned(at)
        await eventually(lambda: states(at), ["undeliverable"])
        asked = await (await campus.server.slash(campus.ana, other, "ask", {"question": QUESTION})).done()
        await eventually(lambda: states(at), ["delivered"])
        answer = asked.original
        assert answer is not None
        assert await at.column("select channel_id from deliveries") == [other.id]
        await corrected(at, at.bia, await card_of(at, answer))

        await campus.server.until(lambda: "Verificado pela monitoria" in answer.content)
        assert QUESTION not in answer.content  # Discord shows what the command asked
        await confirmed(campus, campus.ana, await used(campus, campus.ana, "delete"))
        assert ours(campus, other) == []


async def test_a_private_answer_asked_again_in_public_is_corrected(campus: Campus) -> None:
    async with desk(campus) as at:
        campus.server.fail(r"PATCH /webhooks/", 401, code=50027)
        options = {"question": QUESTION, "private": True}
        await campus.server.slash(campus.ana, campus.room, "ask", options)
        await eventually(lambda: states(at), ["undeliverable"])
        answer = await at.asked()
        await eventually(lambda: states(at), ["delivered"])
        await corrected(at, at.bia, await card_of(at, answer))

        await campus.server.until(lambda: "Verificado pela monitoria" in answer.content)


async def test_a_share_whose_acknowledgements_are_lost_is_one_message_and_is_corrected(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "PAUSES_S", (0.01, 0.01, 0.01))
    async with desk(campus) as at:
        private = await at.asked(private=True)
        campus.server.forgets_nonces = True
        campus.server.fail(rf"POST /channels/{campus.room.id}/messages", 503, taken=True)
        outage = campus.server.fail(rf"POST /channels/{campus.room.id}/messages", 503, times=100)
        await (await campus.server.click(campus.ana, private, private.buttons["Compartilhar"])).followed_up()
        (shared,) = ours(campus)
        outage.left = 0
        await settled(at)
        await corrected(at, at.bia, await card_of(at, private))

        await campus.server.until(lambda: "Verificado pela monitoria" in shared.content)
        assert ours(campus) == [shared]


# When it is shown


async def test_an_answer_that_is_corrected_while_it_is_sent_ends_up_corrected(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(campus) as at:
        arrived = at.client.services.showings.arrived

        async def late(*args: Any, **named: Any) -> None:
            """Let staff correct the answer between its being read and its being noted as shown."""
            [item] = await at.column("select id from answers")
            course = await at.client.services.courses.find("redes")
            await at.client.services.annotate.call_staff(course, item)
            await corrected(at, at.bia, await at.card())
            await arrived(*args, **named)

        monkeypatch.setattr(at.client.services.showings, "arrived", late)
        await mentioned(at)
        await campus.server.until(at.cards)
        monkeypatch.undo()

        await campus.server.until(lambda: any("Verificado" in one.content for one in ours(campus)))
        assert is_whole(ours(campus))


async def test_an_edit_that_lands_late_is_set_right(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await corrected(at, at.bia, await card_of(at, answer))
        await campus.server.until(lambda: "Verificado" in answer.content)
        await settled(at)
        showings = at.client.services.showings

        # Two processes edit; the older edit is noted first and lands last.
        before = await showing_of(at)
        late, _, _ = await showings.begin(before)
        await corrected(at, at.bia, at.cards()[0], CORRECTED.replace("encolhe", "diminui"))
        early, now, _ = await showings.begin(before)
        assert now is not None
        assert now.wanted > before.wanted
        await showings.shown(before, late)
        await showings.shown(now, early)

        await campus.server.until(lambda: "diminui" in answer.content)


async def showing_of(at: Desk) -> Showing:
    """The place where the only question was asked."""
    [question] = await at.column("select id from questions")
    [course] = await at.column("select course_id from questions")
    async with at.client.services.pool.connection() as conn:
        found = await places.current(conn, question=QuestionId(question), course=CourseId(course))
    assert found is not None
    return found


async def test_a_card_whose_older_edit_lands_last_is_edited_again(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        card = await card_of(at, answer)
        review = at.client.services.review
        [item] = await at.column("select id from review_items")
        course = await at.client.services.courses.find("redes")
        await eventually(lambda: at.column("select card_shown = card_version from review_items"), [True])

        # A press renders the card before a vote that the tick shows; its edit is noted first and lands last.
        hand = await review.begin(item)
        older = await review.card(course.id, item)
        await campus.server.react(at.caio, answer, "👎")
        await eventually(lambda: at.column("select card_version > card_shown from review_items"), [True])
        ticking = await review.begin(item)
        newer = await review.card(course.id, item)
        assert older is not None
        assert newer is not None
        assert await review.shown(older, hand, channel=at.staff.id, message=card.id)
        assert await review.shown(newer, ticking, channel=at.staff.id, message=card.id)

        await campus.server.until(lambda: "não ajudou: 2" in str(card.embeds))


# Hold


async def test_a_held_answer_taken_over_after_a_restart_is_held(campus: Campus) -> None:
    text = "O gradiente encolhe até sumir nas redes recorrentes longas [1]."
    async with fake_model(says(text, pause_s=1.0), says(text)) as model:
        config = LlmConfig(model="fake", base_url=model.base_url)
        async with desk(campus, config) as at:
            course = await at.client.services.courses.find("redes")
            await at.client.services.spaces.change(course, holds=["answered"])
            await mentioned(at)
            await model.asked.wait()
        async with desk(campus, config, is_new=False) as at:
            await eventually(lambda: states(at), ["delivered"], limit_s=20)

            assert await at.column("select held from answers") == ["waiting"]
            assert "aguarda o aval da monitoria" in ours(campus)[-1].content
            assert not any("encolhe" in str(body) for body in campus.server.bodies if "Resposta" not in str(body))


async def test_a_reaction_to_an_answer_that_is_held_back_is_no_vote(campus: Campus) -> None:
    async with desk(campus) as at:
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        answer = await at.asked()
        await campus.server.react(campus.ana, answer, "👎")
        await (await campus.server.slash(campus.ana, campus.room, "lectures", {})).answered()
        await asyncio.sleep(0.2)

        assert await at.column("select label from annotations") == []


async def test_a_private_answer_whose_words_were_retired_is_neither_shared_nor_quoted_nor_voted_on(
    campus: Campus,
) -> None:
    async with desk(campus) as at:
        await corrected(at, at.bia, await card_of(at, await at.asked()))
        private = await at.asked("pq o gradiente some nas redes recorrentes", private=True)
        assert "Verificado" in private.content
        [number] = await at.column("select id from verified_answers")
        await (await campus.server.slash(at.bia, at.staff, "review retire", {"number": number})).answered()

        for button, says_so in (
            ("Compartilhar", "não está liberada"),
            ("Ajudou", "não está liberada"),
            ("Trechos", "não tem trechos"),
        ):
            pressed = await (await campus.server.click(campus.ana, private, private.buttons[button])).answered()
            assert says_so in str(pressed.response)
        assert len(ours(campus)) == 1


async def test_an_answer_that_is_held_back_is_not_in_the_export(campus: Campus) -> None:
    async with desk(campus) as at:
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        await at.asked()

        document = await at.client.services.privacy.document(campus.ana.id, campus.guild.id)
        [question] = document["courses"][0]["questions"]
        assert (question["answer"]["text"], question["answer"]["references"]) == ("", [])


# Staff find words of staff incorrect


async def test_verified_words_that_staff_find_incorrect_are_under_review_in_every_message(campus: Campus) -> None:
    async with desk(campus) as at:
        first = await at.asked()
        card = await card_of(at, first)
        await corrected(at, at.bia, card)
        repeated = await at.asked("pq o gradiente some nas redes recorrentes")
        await at.disliked(repeated)
        await campus.server.until(lambda: len(at.cards()) == 2)
        await at.press(at.caio, at.cards()[1], "Incorreta")

        for shown in (first, repeated):
            await campus.server.until(lambda shown=shown: "Em revisão pela monitoria" in shown.content)
            assert "Verificado" not in shown.content
        assert "Verificado" not in (await at.asked("por que o gradiente some nas redes recorrentes?")).content
        await corrected(at, at.caio, card, CORRECTED.replace("encolhe", "diminui"))
        for shown in (first, repeated):
            await campus.server.until(lambda shown=shown: "Verificado" in shown.content and "diminui" in shown.content)


# What is deleted


async def test_a_message_that_nobody_knows_of_is_found_and_deleted_with_the_rest(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "PAUSES_S", (0.01, 0.01, 0.01))
    async with desk(campus) as at:
        campus.server.fail(rf"POST /channels/{campus.room.id}/messages", 503, times=100, taken=True)
        await mentioned(at)
        await campus.server.until(lambda: at.client.answering.refused and not at.client.answering.in_flight)
        assert len(ours(campus)) == 1
        await confirmed(campus, campus.ana, await used(campus, campus.ana, "delete"))

        assert ours(campus) == []


async def test_what_could_not_be_deleted_at_once_is_deleted_later(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "PAUSES_S", (0.01, 0.01, 0.01))
    async with desk(campus) as at:
        await at.asked()
        outage = campus.server.fail(rf"DELETE /channels/{campus.room.id}/messages", 503, times=100)
        confirm = await used(campus, campus.ana, "delete")
        await confirmed(campus, campus.ana, confirm)
        assert "Não consegui apagar do Discord estas minhas mensagens: 1." in confirm.content
    outage.left = 0

    async with desk(campus, is_new=False) as at:
        await at.column("update orphan_messages set claimed_until = now() returning id")  # its lease ends
        await campus.server.until(lambda: ours(campus) == [])
        await eventually(lambda: at.column("select id from orphan_messages"), [])


async def test_an_answer_that_is_deleted_while_it_is_sent_does_not_stay(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(campus) as at:
        sent = at.client.services.showings.sent

        async def late(*args: Any) -> bool:
            await at.client.services.privacy.forget(campus.ana.id, campus.guild.id)
            return await sent(*args)

        monkeypatch.setattr(at.client.services.showings, "sent", late)
        await mentioned(at)
        await campus.server.until(lambda: campus.server.bodies and not at.client.answering.in_flight)

        await campus.server.until(lambda: ours(campus) == [])


async def test_words_of_staff_ask_nothing_back(campus: Campus) -> None:
    """What named a lecture that there is not is answered by staff: their words can be voted on."""
    async with desk(campus) as at:
        asked_back = await at.asked("o que ele falou do gradiente na aula 9?")
        assert list(asked_back.buttons)[-1] == "Em todas as aulas"
        await campus.server.react(campus.ana, asked_back, "👎")

        await corrected(at, at.bia, await at.card(), "Ele encolhe, e foi na aula 1.")

        await campus.server.until(lambda: "Ele encolhe" in asked_back.content)
        assert {"Ajudou", "Não ajudou"} <= set(asked_back.buttons)
        assert "Em todas as aulas" not in asked_back.buttons
