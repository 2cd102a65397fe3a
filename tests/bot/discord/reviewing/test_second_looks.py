"""A card that a second member of staff labels blind, in Discord."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.bot.discord.asking import QUESTION
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.desk import Desk, corrected, desk, fields, said, stopped
from tests.fake_discord import Interaction, Message

OTHER = "O que é uma célula de memória na LSTM?"
TITLE = "👀 Segunda olhada, às cegas"
REFUSAL = "Você já rotulou esta resposta: a segunda olhada fica para outra pessoa da equipe."


@dataclass
class Looked:
    """An answer that Bia has labelled, and the cards of both looks."""

    desk: Desk
    answer: Message
    first: Message
    second: Message


def whole(message: Message | Interaction) -> str:
    shown = message.response if isinstance(message, Interaction) else message.embeds
    return json.dumps(shown, ensure_ascii=False)


async def wants(at: Desk, share: float) -> None:
    rules = at.client.services.judge_settings
    await rules.change(await at.client.services.courses.find("redes"), {"second_share": share})


async def new_card(at: Desk, question: str) -> tuple[Message, Message]:
    """A disliked answer, and its card."""
    known = {one.id for one in at.cards()}
    answer = await at.asked(question)
    await at.disliked(answer)
    [card] = await at.campus.server.until(lambda: [one for one in at.cards() if one.id not in known])
    return answer, card


async def settled_by_bia(at: Desk, button: str) -> tuple[Message, Message]:
    """An answer that is drawn, in a course where Caio labels too; its first card."""
    await wants(at, 0)
    _, other = await new_card(at, OTHER)
    await at.press(at.caio, other, "Correta")
    await wants(at, 1)
    answer, first = await new_card(at, QUESTION)
    await at.press(at.bia, first, button)
    await at.change("update second_looks set drawn_at = drawn_at - interval '1 hour'")
    return answer, first


async def second_card(at: Desk) -> Message:
    [second] = await at.campus.server.until(lambda: [one for one in at.cards() if one.embeds[0]["title"] == TITLE])
    return second


@asynccontextmanager
async def looked(campus: Campus, button: str = "Incorreta") -> AsyncGenerator[Looked, None]:
    async with desk(campus) as at:
        answer, first = await settled_by_bia(at, button)
        yield Looked(desk=at, answer=answer, first=first, second=await second_card(at))


async def test_the_second_card_tells_nothing_of_the_first_label(campus: Campus) -> None:
    async with looked(campus) as it:
        await campus.server.until(lambda: "Em revisão pela monitoria" in it.answer.content)
        told = whole(it.second)

        assert QUESTION.rstrip("?") in told
        assert "segunda olhada, por sorteio" in told
        assert not [word for word in ("ncorreta", "revisão", it.answer.jump_url, f"{it.desk.bia.id}") if word in told]
        assert list(it.second.buttons) == [
            "Pegar",
            "Correta",
            "Em parte",
            "Incorreta",
            "Dispensar",
            "Trechos",
            "Próxima",
        ]
        assert (
            fields(it.first)["Situação"]
            == "Rotulada. O rótulo só aparece aqui depois da segunda olhada, que é às cegas."
        )


async def test_the_first_card_does_not_say_what_the_judge_thinks_before_the_second_label(campus: Campus) -> None:
    async with looked(campus) as it:
        await it.desk.change(
            """
            insert into review_reasons (item_id, reason) select i.id, 'low_relevance'
            from review_items i join second_looks l using (answer_id) where i.id <> l.item_id and l.is_drawn
            """
        )
        await it.desk.change("update review_items set card_version = card_version + 1")
        await campus.server.until(lambda: "escolhida automaticamente" in fields(it.first)["Por que está aqui"])
        await it.desk.press(it.desk.caio, it.second, "Correta")

        await campus.server.until(lambda: "nota baixa do juiz" in fields(it.first)["Por que está aqui"])


@pytest.mark.parametrize("button", ["Correta", "Em parte", "Incorreta"])
async def test_the_second_label_changes_no_message_of_the_student(campus: Campus, button: str) -> None:
    async with looked(campus) as it:
        await campus.server.until(lambda: "Em revisão pela monitoria" in it.answer.content)
        told = len(campus.server.messages(campus.room))
        await it.desk.press(it.desk.caio, it.second, button)
        await campus.server.until(lambda: fields(it.first)["Situação"].startswith("Incorreta, em revisão"))

        assert "Em revisão pela monitoria" in it.answer.content
        assert len(campus.server.messages(campus.room)) == told
        assert fields(it.second)["Situação"].startswith("Rotulada por uma segunda pessoa, às cegas")
        disagree = "As duas pessoas discordam: uma disse *correta*, a outra *incorreta*. Vale a pena conversarem."
        for card in (it.first, it.second):
            assert (disagree in fields(card)["Situação"]) is (button == "Correta")
        assert await it.desk.column("select judge_visible from annotations where role = 'staff'") == [False] * 3


async def test_who_labelled_first_is_told_so_alone_and_does_not_find_it(campus: Campus) -> None:
    async with looked(campus) as it:
        for button in ("Pegar", "Correta", "Dispensar"):
            refused = await it.desk.press(it.desk.bia, it.second, button)
            assert REFUSAL in said(refused)
            assert refused.response
            assert refused.response["data"]["flags"] & 64
        nothing = await campus.server.slash(it.desk.bia, it.desk.staff, "review next", {})
        assert "Nada para revisar" in said(await nothing.answered())
        found = await campus.server.slash(it.desk.caio, it.desk.staff, "review next", {})
        assert TITLE in said(await found.answered())

        [item] = await it.desk.column("select id from review_items where settled_at is null")
        options = {"number": item, "to": it.desk.bia}
        given = await campus.server.slash(it.desk.caio, it.desk.staff, "review assign", options)
        assert "já rotulou esta resposta" in said(await given.answered())
        assert await it.desk.column("select taken_by from review_items where settled_at is null") == [None]


async def test_it_has_a_name_in_the_lists(campus: Campus) -> None:
    async with looked(campus) as it:
        listed = await campus.server.slash(it.desk.caio, it.desk.staff, "review list", {"reason": "second_look"})
        assert "segunda olhada, por sorteio" in said(await listed.answered())
        stats = said(await (await campus.server.slash(it.desk.caio, it.desk.staff, "review stats", {})).answered())
        assert "**Abertas:** 0" in stats
        assert "segunda olhada, por sorteio (abertas: 1, resolvidas: 0)" in stats


async def test_it_is_posted_and_labelled_after_a_restart(campus: Campus) -> None:
    async with desk(campus) as at:
        await stopped(at)  # the bot goes between the label and the card
        await wants(at, 0)
        other, answer = await at.asked(OTHER), await at.asked()
        for one in (other, answer):
            await at.disliked(one)
        cog: Any = at.client.get_cog("Reviewing")
        await cog._round()
        first, second = at.cards()
        await at.press(at.caio, first, "Correta")
        await wants(at, 1)
        await at.press(at.bia, second, "Incorreta")
        await at.change("update second_looks set drawn_at = drawn_at - interval '1 hour'")

    async with desk(campus, is_new=False) as at:
        card = await second_card(at)

    async with desk(campus, is_new=False) as at:
        assert REFUSAL in said(await at.press(at.bia, card, "Correta"))
        await at.press(at.caio, card, "Correta")
        await campus.server.until(lambda: "discordam" in fields(card)["Situação"])
        assert [one.embeds[0]["title"] for one in at.cards()] == ["✅ Resolvida"] * 3


async def test_who_has_lost_the_role_cannot_label_and_a_label_given_before_stays(campus: Campus) -> None:
    async with looked(campus) as it:
        campus.server.set_roles(it.desk.bia, [])
        campus.server.set_roles(it.desk.caio, [])
        for who in (it.desk.bia, it.desk.caio):
            assert "Só a equipe da disciplina" in said(await it.desk.press(who, it.second, "Correta"))

        campus.server.set_roles(it.desk.caio, [it.desk.role])
        await it.desk.press(it.desk.caio, it.second, "Incorreta")
        assert await it.desk.column("select label from annotations where role = 'staff' order by id") == ["C", "I", "I"]


async def test_a_vote_meanwhile_makes_an_ordinary_card_of_it(campus: Campus) -> None:
    async with looked(campus, "Correta") as it:
        davi = campus.server.add_member(campus.guild, "davi")
        await (await campus.server.click(davi, it.answer, it.answer.buttons["Não ajudou"])).answered()
        await campus.server.until(lambda: it.second.embeds[0]["title"] == "🚩 Resposta para revisar")

        assert fields(it.second)["Mensagem"] == it.answer.jump_url
        assert {"Corrigir texto", "Ver o juiz"} <= it.second.buttons.keys()
        await it.desk.press(it.desk.bia, it.second, "Incorreta")
        await campus.server.until(lambda: "Em revisão pela monitoria" in it.answer.content)
        await campus.server.until(lambda: fields(it.first)["Situação"] == "Correta")


@pytest.mark.parametrize("button", ["Correta", "Incorreta", "Dispensar"])
async def test_who_still_sees_a_second_look_does_not_settle_a_call(campus: Campus, button: str) -> None:
    async with looked(campus, "Correta") as it:
        used = await (await campus.server.slash(it.desk.caio, it.desk.staff, "review next", {})).answered()
        seen = used.original  # of one person alone: nobody edits it later
        assert seen
        await (await campus.server.click(campus.ana, it.answer, it.answer.buttons["Chamar monitor"])).answered()
        await it.desk.press(it.desk.caio, seen, button)

        assert await it.desk.column("select count(*) from review_items where settled_at is null") == [1]
        assert await it.desk.column("select count(*) from annotations where role = 'staff'") == [2]
        assert seen.embeds[0]["title"] == "🙋 Chamaram a monitoria"
        await it.desk.press(it.desk.caio, seen, button)
        assert await it.desk.column("select count(*) from review_items where settled_at is null") == [0]


async def test_a_correction_from_the_first_card_takes_the_second_back(campus: Campus) -> None:
    async with looked(campus) as it:
        seen = await (await campus.server.slash(it.desk.caio, it.desk.staff, "review next", {})).answered()
        await corrected(it.desk, it.desk.bia, it.first)

        await campus.server.until(lambda: it.second.embeds[0]["title"] == "✅ Resolvida")
        assert fields(it.second)["Situação"] == "A segunda olhada foi cancelada"
        assert seen.original
        assert "já foi resolvido" in said(await it.desk.press(it.desk.caio, seen.original, "Correta"))
        assert await it.desk.column("select label from annotations where role = 'staff' order by id") == ["C", "I"]


async def test_a_deleted_question_takes_the_card_along(campus: Campus) -> None:
    async with looked(campus) as it:
        seen = await (await campus.server.slash(it.desk.caio, it.desk.staff, "review next", {})).answered()
        await it.desk.client.services.privacy.forget(campus.ana.id, campus.guild.id)

        await campus.server.until(lambda: it.second.deleted and it.first.deleted)
        assert seen.original
        assert "não existe mais" in said(await it.desk.press(it.desk.caio, seen.original, "Correta"))
        assert await it.desk.column("select answer_id from second_looks") == []


async def test_a_card_that_somebody_deleted_is_posted_again_when_it_changes(campus: Campus) -> None:
    async with looked(campus) as it:
        await campus.server.delete(it.second)
        await it.desk.change("update review_items set card_version = card_version + 1 where settled_at is null")

        assert (await second_card(it.desk)).id != it.second.id


async def test_after_two_weeks_the_card_says_that_it_was_taken_back(campus: Campus) -> None:
    async with looked(campus) as it:
        await it.desk.change("update second_looks set opened_at = opened_at - interval '14 days'")

        await campus.server.until(lambda: it.second.embeds[0]["title"] == "✅ Resolvida")
        assert fields(it.second)["Situação"] == "A segunda olhada foi cancelada"
        await campus.server.until(lambda: fields(it.first)["Situação"] == "Incorreta, em revisão")


async def test_a_single_ta_is_never_bothered(campus: Campus) -> None:
    async with desk(campus) as at:
        await wants(at, 1)
        for question in (OTHER, QUESTION):
            _, card = await new_card(at, question)
            await at.press(at.bia, card, "Incorreta")
        await eventually(lambda: at.column("select count(*) from review_items where card_shown < card_version"), [0])

        assert await at.column("select answer_id from second_looks") == []
        assert {fields(one)["Situação"] for one in at.cards()} == {"Incorreta, em revisão"}
