"""Flagged answers become cards, staff settle them in a click or two, and students see what came of it."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.discord.client import Monitoria
from services import i18n
from services.lectures.manifest import plan
from services.models.llm import LlmConfig
from tests.bot.discord.conftest import CAPTIONS, Campus, eventually
from tests.bot.discord.cutting import cut
from tests.bot.discord.test_asking import QUESTION, is_cited
from tests.fake_discord import Channel, Interaction, Member, Message, Role
from tests.fake_model import fake_model, says

CORRECTED = "O gradiente encolhe a cada passo da rede recorrente, e a LSTM soma em vez de multiplicar [t1]."


@dataclass
class Desk:
    """A course with a channel for its staff, and two TAs."""

    campus: Campus
    client: Monitoria
    staff: Channel
    role: Role
    bia: Member
    caio: Member

    async def asked(self, question: str = QUESTION, *, private: bool = False) -> Message:
        server = self.campus.server
        options = {"question": question, "private": private}
        asked = await server.slash(self.campus.ana, self.campus.room, "ask", options)
        await server.until(
            lambda: not self.client.answering.in_flight and asked.original and not asked.original.loading
        )
        await server.until(lambda: not self.client.answering.in_flight)
        assert asked.original is not None
        return asked.original

    async def disliked(self, answer: Message) -> None:
        await (await self.campus.server.click(self.campus.ana, answer, answer.buttons["Não ajudou"])).answered()

    async def card(self) -> Message:
        """The first card, once it is there."""
        [first, *_] = await self.campus.server.until(self.cards)
        return first

    def cards(self) -> list[Message]:
        return [message for message in self.campus.server.messages(self.staff) if message.embeds]

    async def press(self, who: Member, card: Message, button: str) -> Interaction:
        return await (await self.campus.server.click(who, card, card.buttons[button])).answered()

    async def column(self, query: str) -> list[Any]:
        async with self.client.services.pool.connection() as conn:
            return [row[0] for row in await (await conn.execute(query.encode())).fetchall()]

    async def change(self, statement: str) -> None:
        async with self.client.services.pool.connection() as conn:
            await conn.execute(statement.encode())


def fields(card: Message) -> dict[str, str]:
    return {field["name"]: field["value"] for field in card.embeds[0].get("fields", [])}


def said(interaction: Interaction) -> str:
    return json.dumps(interaction.response, ensure_ascii=False)


@asynccontextmanager
async def desk(campus: Campus, answer: LlmConfig | None = None, *, is_new: bool = True) -> AsyncGenerator[Desk, None]:
    server = campus.server
    if is_new:
        role = server.add_role(campus.guild, "monitoria")
        channel = server.add_channel(campus.guild, "equipe")
        bia, caio = server.add_member(campus.guild, "bia"), server.add_member(campus.guild, "caio")
        for ta in (bia, caio):
            server.set_roles(ta, [role])
    else:
        role = next(role for role in campus.guild.roles.values() if role.name == "monitoria")
        channel = next(found for found in campus.guild.channels.values() if found.name == "equipe")
        bia, caio = (
            next(one for one in campus.guild.members.values() if one.user.name == name) for name in ("bia", "caio")
        )
    async with campus.running(answer) as client:
        cog: Any = client.get_cog("Reviewing")
        cog._tick.change_interval(seconds=0.1)
        if is_new:
            await campus.taught(client.services)
            course = await client.services.courses.find("redes")
            await client.services.spaces.change(course, staff_channel_id=channel.id, staff_role_ids=[role.id])
        yield Desk(campus=campus, client=client, staff=channel, role=role, bia=bia, caio=caio)


async def corrected(at: Desk, who: Member, card: Message, text: str = CORRECTED, label: str = "I") -> Interaction:
    opened = await at.press(who, card, "Corrigir texto")
    return await (await at.campus.server.submit(who, opened, {"text": text, "label": [label]})).answered()


async def taught_anew(at: Desk) -> None:
    """Replace the lecture by another version of it."""
    course = await at.client.services.courses.find("redes")
    file = at.campus.setup.home / "captions" / "aula-1.vtt"
    file.write_text(CAPTIONS.replace("encolhe", "diminui"), encoding="utf-8")
    planned = plan([file], manifest=None, language="pt-BR", video_url="https://youtu.be/abc123")
    async for _ in at.client.services.ingest.run(course, planned):
        pass


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


async def test_an_incorrect_answer_is_marked_as_under_review(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        await at.press(at.bia, await at.card(), "Incorreta")

        await campus.server.until(lambda: "Em revisão pela monitoria" in answer.content)
        assert await at.column("select label from annotations where role = 'staff'") == ["I"]


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


# Cards whose acknowledgement is lost


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


async def test_the_judge_is_shown_on_a_press_and_remembered(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await at.column(
            "insert into judgements (answer_id, course_id, kind, status, score, criteria, evidence, label,"
            " settings_version, model) select id, course_id, 'relevance', 'ok', 1, 'o porquê', 'falta', 'I', 0, 'juiz'"
            " from answers returning id"
        )
        card = await at.card()
        shown = await at.press(at.bia, card, "Ver o juiz")
        await at.press(at.bia, card, "Em parte")

        assert "0.33" in said(shown)
        assert "o porquê falta" in said(shown)
        assert await at.column("select judge_visible from annotations where role = 'staff'") == [True]


HEARD = (
    "insert into judgements (answer_id, course_id, kind, first_id, asked_for, settings_version, model, status, score,"
    " criteria, label, spread, is_split) select answer_id, course_id, 'second', id, 'threshold', 0, 'revisor', 'ok', 3,"
    " 'nada falta', 'C', 2, true from judgements"
)
UNHEARD = (
    "insert into judgements (answer_id, course_id, kind, first_id, asked_for, settings_version, model, status)"
    " select answer_id, course_id, 'second', id, 'threshold', 0, 'revisor', 'refusal' from judgements"
)


@pytest.mark.parametrize(
    ("heard", "shown_as"),
    [(HEARD, "**Uma segunda opinião:** 1.00 (nota 3 de 3)"), (UNHEARD, "ela não deu nota (refusal)")],
)
async def test_both_opinions_are_shown_on_a_press_and_neither_before(campus: Campus, heard: str, shown_as: str) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await at.change(
            "insert into judgements (answer_id, course_id, kind, status, score, criteria, label, settings_version,"
            " model) select id, course_id, 'relevance', 'ok', 1, 'o porquê', 'I', 0, 'juiz' from answers"
        )
        await at.change(heard)
        await at.change("insert into review_reasons (item_id, reason) select id, 'split_opinion' from review_items")
        card = await at.card()
        before = json.dumps(card.embeds, ensure_ascii=False)
        shown = said(await at.press(at.bia, card, "Ver o juiz"))

        assert "Uma segunda" not in before
        assert "divergem" not in before
        assert shown.index("0.33") < shown.index(shown_as)


async def test_a_label_given_blind_is_stored_as_blind(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await at.press(at.bia, await at.card(), "Em parte")

        assert await at.column("select judge_visible from annotations where role = 'staff'") == [False]


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


async def test_in_hold_mode_nothing_reaches_the_student_before_it_is_approved(campus: Campus) -> None:
    async with (
        fake_model(says("O gradiente encolhe até sumir nas redes recorrentes longas [1].", pause_s=0.05)) as model,
        desk(campus, LlmConfig(model="fake", base_url=model.base_url)) as at,
    ):
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        answer = await at.asked()
        card = await at.card()

        assert "aguarda o aval da monitoria" in answer.content
        assert not any("encolhe" in one.content for one in campus.server.messages(campus.room))
        assert card.embeds[0]["title"] == "⏳ Resposta aguardando o aval"
        assert "encolhe" in card.embeds[0]["description"]

        await at.press(at.bia, card, "Aprovar")
        await campus.server.until(lambda: "encolhe até sumir" in answer.content)
        assert "Verificado pela monitoria" in answer.content
        assert is_cited(answer)
        told = await campus.server.until(
            lambda: [one.content for one in campus.server.messages(campus.room) if one.reference is answer]
        )
        assert told == [i18n.text("review.told_approved", "pt-BR")]


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


async def test_a_held_answer_that_is_rejected_never_shows_its_words(campus: Campus) -> None:
    async with desk(campus) as at:
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        answer = await at.asked()
        await at.press(at.bia, await at.card(), "Não publicar")

        await campus.server.until(lambda: "preferiu não publicar" in answer.content)
        assert not answer.embeds


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


async def test_a_rejected_answer_that_is_corrected_after_all_reaches_the_student(campus: Campus) -> None:
    async with desk(campus) as at:
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        answer = await at.asked()
        card = await at.card()
        await at.press(at.bia, card, "Não publicar")
        await campus.server.until(lambda: "preferiu não publicar" in answer.content)
        await campus.server.until(lambda: card.embeds[0]["title"] == "✅ Resolvida")
        await corrected(at, at.bia, card)

        await campus.server.until(lambda: "Verificado pela monitoria" in answer.content)


# Rounds in which something fails


async def stopped(at: Desk) -> Any:
    """Let rounds be made by the test alone."""
    cog: Any = at.client.get_cog("Reviewing")
    cog._tick.cancel()
    await at.campus.server.until(lambda: not cog._tick.is_running())
    return cog


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
