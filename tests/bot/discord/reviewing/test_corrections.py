"""What staff write in place of an answer reaches the student once, and no word of it is lost."""

import asyncio

from tests.bot.discord.conftest import Campus
from tests.bot.discord.desk import CORRECTED, corrected, desk, said


async def test_a_correction_changes_the_students_message_and_its_references_and_tells_once(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        card = await at.card()
        await corrected(at, at.bia, card)

        await campus.server.until(lambda: "Verificado pela monitoria" in answer.content)
        assert "a LSTM soma em vez de multiplicar [1]" in answer.text
        assert answer.embeds[0]["description"].count("youtu.be") == 1
        told = await campus.server.until(
            lambda: [one for one in campus.server.messages(campus.room) if "corrigiu a resposta acima" in one.content]
        )
        assert [one.reference for one in told] == [answer]
        await campus.server.until(lambda: card.embeds[0]["title"] == "✅ Resolvida")

        await corrected(at, at.bia, card, CORRECTED.replace("encolhe", "diminui"))
        await campus.server.until(lambda: "diminui" in answer.content)
        await asyncio.sleep(0.5)
        again = [one for one in campus.server.messages(campus.room) if "corrigiu a resposta acima" in one.content]
        assert len(again) == 1
        assert await at.column("select version from verified_answers") == [2]


async def test_buttons_and_forms_work_after_a_restart(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        card = await at.card()
        opened = await at.press(at.bia, card, "Corrigir texto")

    async with desk(campus, is_new=False) as at:
        sent = await campus.server.submit(at.bia, opened, {"text": CORRECTED, "label": ["P"]})
        await sent.answered()
        await campus.server.until(lambda: "Verificado pela monitoria" in answer.content)
        await campus.server.until(lambda: card.embeds[0]["title"] == "✅ Resolvida")
        assert "Nada para revisar" in said(await at.press(at.caio, card, "Próxima"))


async def test_a_form_sent_twice_is_one_correction(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        opened = await at.press(at.bia, card, "Corrigir texto")
        for _ in range(2):
            await (await campus.server.submit(at.bia, opened, {"text": CORRECTED, "label": ["P"]})).answered()

        assert await at.column("select version from verified_answers") == [1]
        assert await at.column("select count(*) from staff_actions where action = 'edit'") == [1]


async def test_who_decided_meanwhile_is_not_overruled_unseen_and_no_word_is_lost(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        opened = await at.press(at.bia, card, "Corrigir texto")
        await at.press(at.caio, card, "Correta")
        sent = await (await campus.server.submit(at.bia, opened, {"text": CORRECTED, "label": ["I"]})).answered()

        assert "mexeu nesta resposta enquanto você escrevia" in said(sent)
        assert "a LSTM soma" in said(sent)
        assert await at.column("select verdict from review_items") == ["C"]
        assert await at.column("select count(*) from verified_answers") == [0]


async def test_a_mark_that_points_at_nothing_saves_nothing_and_gives_the_text_back(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        sent = await corrected(at, at.bia, await at.card(), "A LSTM soma [9].")

        assert "A marca [9] não aponta para nada" in said(sent)
        assert "A LSTM soma" in said(sent)
        assert await at.column("select verdict from review_items") == [None]


async def test_cards_give_the_words_that_hold_also_where_another_card_changed_them(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        first = await at.card()
        await corrected(at, at.bia, first)
        await at.disliked(await at.asked())
        await campus.server.until(lambda: len(at.cards()) == 2)
        second = at.cards()[1]
        assert "soma em vez de multiplicar" in second.embeds[0]["description"]

        await corrected(at, at.caio, first, "O gradiente some por um motivo só.")

        for card in (first, second):
            await campus.server.until(lambda card=card: "por um motivo só" in card.embeds[0]["description"])
