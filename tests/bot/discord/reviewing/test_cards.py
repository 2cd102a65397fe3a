"""Flagged answers become cards, which staff take, settle, list and count."""

import asyncio
import json
from typing import Any

import pytest

from tests.bot.discord.asking import QUESTION
from tests.bot.discord.conftest import Campus
from tests.bot.discord.desk import corrected, desk, fields, said


async def test_a_thumb_down_makes_one_card_with_question_answer_reasons_and_votes(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        card = await at.card()

        embed = card.embeds[0]
        assert embed["title"] == "🚩 Resposta para revisar"
        assert QUESTION.rstrip("?") in embed["description"]
        found = fields(card)
        assert found["Por que está aqui"] == "voto contra 👎"
        assert found["Votos e comentários"] == "👍 ajudou: 0 · 👎 não ajudou: 1"
        assert "https://youtu.be/abc123?t=" in found["Onde está nas aulas"]
        assert found["Mensagem"] == answer.jump_url
        assert "ana" not in json.dumps(card.embeds)
        assert "AR" not in json.dumps(card.embeds)


async def test_a_new_reason_edits_the_card_instead_of_posting_another(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        card = await at.card()
        await (await campus.server.click(campus.ana, answer, answer.buttons["Chamar monitor"])).answered()

        await campus.server.until(lambda: "alguém chamou a monitoria" in fields(card)["Por que está aqui"])
        assert card.embeds[0]["title"] == "🙋 Chamaram a monitoria"
        assert len(at.cards()) == 1


async def test_a_vote_that_is_withdrawn_settles_its_card(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        card = await at.card()
        await campus.server.until(at.cards)
        await at.disliked(answer)

        await campus.server.until(lambda: card.embeds[0]["title"] == "✅ Resolvida")
        assert fields(card)["Situação"] == "O motivo deixou de existir"


async def test_of_two_who_take_at_once_one_gets_it_and_the_other_sees_who(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        take = card.buttons["Pegar"]
        pressed = await asyncio.gather(*(campus.server.click(ta, card, take) for ta in (at.bia, at.caio)))
        answered = [await one.answered() for one in pressed]

        refused = [one for one in answered if "Quem está com esta resposta é" in said(one)]
        assert len(refused) == 1
        [holder] = await at.column("select taken_by from review_items")
        assert f"<@{holder}>" in said(refused[0])
        await campus.server.until(lambda: f"Com <@{holder}>" in fields(card).get("Situação", ""))
        assert "Soltar" in card.buttons


async def test_a_lease_that_ran_out_lets_the_next_one_take(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        await at.press(at.bia, card, "Pegar")
        await at.column("update review_items set taken_until = now() - interval '1 second' returning id")
        await at.press(at.caio, card, "Correta")

        assert await at.column("select verdict from review_items") == ["C"]
        assert await at.column("select label from annotations where role = 'staff'") == ["C"]


async def test_a_ta_who_lost_the_role_can_do_nothing(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        campus.server.set_roles(at.bia, [])
        for button in ("Pegar", "Correta", "Corrigir texto", "Ver o juiz"):
            assert "Só a equipe da disciplina" in said(await at.press(at.bia, card, button))
        assert "Só a equipe da disciplina" in said(await at.press(campus.ana, card, "Dispensar"))

        assert await at.column("select verdict from review_items") == [None]


async def test_an_incorrect_answer_is_marked_as_under_review(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        await at.press(at.bia, await at.card(), "Incorreta")

        await campus.server.until(lambda: "Em revisão pela monitoria" in answer.content)
        assert await at.column("select label from annotations where role = 'staff'") == ["I"]


async def test_a_press_on_the_card_of_a_deleted_question_says_so(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        cog: Any = at.client.get_cog("Reviewing")
        cog._tick.cancel()
        await at.column("delete from questions returning id")

        assert "não existe mais" in said(await at.press(at.bia, card, "Correta"))


async def test_a_card_that_was_deleted_is_posted_again(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        card = await at.card()
        await campus.server.delete(card)
        await (await campus.server.click(campus.ana, answer, answer.buttons["Chamar monitor"])).answered()

        [again] = await campus.server.until(lambda: [one for one in at.cards() if one.id != card.id])
        assert "alguém chamou a monitoria" in fields(again)["Por que está aqui"]


async def test_every_action_is_in_the_audit_table(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        await at.press(at.bia, card, "Pegar")
        await at.press(at.bia, card, "Soltar")
        await corrected(at, at.bia, card)

        assert await at.column("select action from staff_actions order by id") == ["take", "release", "label", "edit"]
        [before] = await at.column("select before->>'text' from staff_actions where action = 'edit'")
        assert before


async def test_the_commands_of_review(campus: Campus) -> None:
    async with desk(campus) as at:
        first = await at.asked()
        await at.disliked(first)
        second = await at.asked("O que a LSTM guarda?")
        await (await campus.server.click(campus.ana, second, second.buttons["Chamar monitor"])).answered()
        await campus.server.until(lambda: len(at.cards()) == 2)

        async def review(command: str, **options: Any) -> str:
            used = await campus.server.slash(at.bia, at.staff, f"review {command}", options)
            return said(await used.answered())

        assert "O que a LSTM guarda?" in await review("next")
        listed = await review("list")
        assert listed.index("O que a LSTM") < listed.index("Por que o gradiente")
        assert "O que a LSTM" not in await review("list", reason="voted_down")
        numbers = await review("stats")
        assert "**Abertas:** 2" in numbers
        assert "voto contra 👎 (abertas: 1, resolvidas: 0)" in numbers
        [item] = await at.column("select item_id from review_reasons where reason = 'called'")
        assert "ficou com" in await review("assign", number=item, to=at.caio)
        assert await at.column("select taken_by from review_items where taken_by is not null") == [at.caio.id]
        assert "não é da equipe" in await review("assign", number=item, to=campus.ana)
        student = await campus.server.slash(campus.ana, campus.room, "review list", {})
        assert "Só a equipe da disciplina" in said(await student.answered())


async def test_stats_equal_what_sql_says(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        await at.press(at.bia, card, "Correta")
        await at.column("update review_items set opened_at = settled_at - interval '3 hours' returning id")
        course = await at.client.services.courses.find("redes")
        standing = await at.client.services.review.standing(course)

        assert (standing.whole.open, standing.whole.oldest_s, standing.whole.settled) == (0, None, 1)
        assert standing.whole.median_settle_s == 3 * 3600
        assert standing.by_reason == {"voted_down": (0, 1)}


@pytest.mark.parametrize("is_settled", [False, True])
async def test_a_card_loses_the_vote_of_who_has_their_data_deleted(campus: Campus, *, is_settled: bool) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        davi = campus.server.add_member(campus.guild, "davi")
        await (await campus.server.click(davi, answer, answer.buttons["Ajudou"])).answered()
        await (await campus.server.click(campus.ana, answer, answer.buttons["Chamar monitor"])).answered()
        card = await at.card()
        if is_settled:
            await at.press(at.bia, card, "Dispensar")
        assert fields(card)["Votos e comentários"] == "👍 ajudou: 1 · 👎 não ajudou: 0"

        await at.client.services.privacy.forget(davi.id, campus.guild.id)

        await campus.server.until(lambda: "Votos e comentários" not in fields(card))
