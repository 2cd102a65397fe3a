"""Words of staff answer the next who asks the same, until they are stale or retired."""

import json

from tests.bot.discord.asking import QUESTION, is_cited
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.desk import corrected, desk, fields, said, taught_anew


async def test_the_next_student_who_asks_the_same_gets_the_verified_answer(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await corrected(at, at.bia, await at.card())

        other = await at.asked("pq o gradiente some nas redes recorrentes")

        assert "Verificado pela monitoria" in other.content
        assert "a LSTM soma em vez de multiplicar [1]" in other.text
        assert is_cited(other)
        assert {"Ajudou", "Não ajudou"} <= other.buttons.keys()
        assert await at.column("select way from verified_uses") == ["shown"]


async def test_another_question_does_not_get_it(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await corrected(at, at.bia, await at.card())

        other = await at.asked("O que é uma célula de memória na LSTM?")

        assert "Verificado" not in other.content


async def test_a_student_who_deletes_the_question_takes_the_card_along_but_not_the_verified_answer(
    campus: Campus,
) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        await corrected(at, at.bia, card)
        await at.column("delete from questions returning id")

        await campus.server.until(lambda: card.deleted)
        assert await at.column("select answer_id from verified_answers") == [None]
        assert "Verificado pela monitoria" in (await at.asked(QUESTION + " ")).content


async def test_a_verified_answer_whose_lecture_changes_is_flagged_and_no_longer_shown(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await corrected(at, at.bia, await at.card())
        await taught_anew(at)

        await campus.server.until(
            lambda: any("a aula citada mudou" in json.dumps(fields(one), ensure_ascii=False) for one in at.cards())
        )
        assert "Verificado" not in (await at.asked("pq o gradiente some nas redes recorrentes")).content


async def test_a_retired_answer_is_shown_no_more(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        await corrected(at, at.bia, await at.card())
        await campus.server.until(lambda: "Verificado" in answer.content)
        [number] = await at.column("select id from verified_answers")
        listed = await (await campus.server.slash(at.bia, at.staff, "review verified", {})).answered()
        retired = await (await campus.server.slash(at.bia, at.staff, "review retire", {"number": number})).answered()

        assert "a LSTM soma" in said(listed)
        assert "foi retirada" in said(retired)
        await campus.server.until(lambda: "Verificado" not in answer.content)
        assert "Verificado" not in (await at.asked("pq o gradiente some nas redes recorrentes")).content


async def test_words_of_staff_that_are_repeated_are_told_as_no_correction(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await corrected(at, at.bia, await at.card())
        other = await at.asked("pq o gradiente some nas redes recorrentes")
        assert "Verificado pela monitoria" in other.content

        # As when others found the words incorrect, and then correct after all.
        await at.change("update showings set wanted = wanted + 1 where kind = 'reply'")
        await eventually(lambda: at.column("select count(*) from showings where shown < wanted"), [0])

        assert not [one.content for one in campus.server.messages(campus.room) if one.reference is other]


async def test_correcting_an_answer_that_repeats_words_of_staff_changes_those(campus: Campus) -> None:
    async with desk(campus) as at:
        first = await at.asked()
        await at.disliked(first)
        await corrected(at, at.bia, await at.card())
        repeated = await at.asked("pq o gradiente some nas redes recorrentes")
        await at.disliked(repeated)
        await campus.server.until(lambda: len(at.cards()) == 2)
        await corrected(at, at.caio, at.cards()[1], "O gradiente diminui a cada passo [1].")

        await campus.server.until(lambda: "diminui a cada passo" in repeated.content)
        await campus.server.until(lambda: "diminui a cada passo" in first.content)
        assert await at.column("select version from verified_answers") == [2]


async def test_a_stale_answer_that_staff_confirm_is_shown_again(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await corrected(at, at.bia, await at.card())
        await taught_anew(at)
        await campus.server.until(lambda: len(at.cards()) == 2)
        opened = await at.press(at.bia, at.cards()[1], "Corrigir texto")
        await (await campus.server.submit(at.bia, opened, {"label": ["C"]})).answered()

        assert await at.column("select count(*) from review_items where settled_at is null") == [0]
        assert await at.column("select stale_since from verified_answers") == [None]
        assert "Verificado" in (await at.asked("pq o gradiente some nas redes recorrentes")).content
