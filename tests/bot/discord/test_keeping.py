"""Staff keep a good message of a person: by reply, by thread, by hand; and what becomes of that message afterwards."""

import json

import pytest

from tests.bot.discord.asking import QUESTION, is_cited
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.desk import Desk, corrected, desk, fields, said, taught_anew
from tests.bot.discord.test_when_to_speak import quiet, thread_under_an_answer
from tests.fake_discord import Interaction, Member, Message

MENU = "Guardar como verificada"
GOOD = "O gradiente encolhe até sumir nas redes recorrentes longas. Vejam https://youtu.be/zzz e falem com <@1>!"
OTHER = "A LSTM guarda uma célula de memória que soma em vez de multiplicar o gradiente."


TRIES = 5
"""A form has three seconds to open; where the machine has no time for it, people try again, as they are told."""


async def opened(at: Desk, message: Message, who: Member | None = None) -> Interaction:
    for _ in range(TRIES):
        used = await (await at.campus.server.menu(who or at.bia, message.channel, MENU, message)).answered()
        if "problema interno" not in json.dumps(used.response, ensure_ascii=False):
            return used
    raise AssertionError(f"no form in {TRIES} tries")


async def sent(at: Desk, form: Interaction, who: Member | None = None, **values: str) -> Interaction:
    return await (await at.campus.server.submit(who or at.bia, form, values)).answered()


async def kept(at: Desk, message: Message, **values: str) -> Interaction:
    return await sent(at, await opened(at, message), None, **values)


def field(form: Interaction, name: str) -> str:
    rows = [row["component"] for row in form.modal["components"] if row["type"] == 18]
    return str(next(row for row in rows if row["custom_id"] == name).get("value", ""))


async def asked_again(at: Desk, question: str) -> Message:
    return await at.asked(question)


async def explained(at: Desk, text: str = GOOD, question: str = QUESTION) -> Message:
    """A student asks in the room, and a TA replies."""
    asked = await at.campus.server.say(at.campus.ana, at.campus.room, question)
    return await at.campus.server.say(at.bia, at.campus.room, text, reply_to=asked)


async def test_a_reply_is_kept_with_its_question_and_moments_and_serves_the_next_asker(campus: Campus) -> None:
    async with desk(campus) as at:
        message = await explained(at)

        form = await opened(at, message)
        assert field(form, "question") == QUESTION
        assert field(form, "text") == (
            "O gradiente encolhe até sumir nas redes recorrentes longas [t1]. Vejam e falem com!"
        )
        assert "`[t1]`" in json.dumps(form.modal, ensure_ascii=False)
        done = await sent(at, form)
        answer = await asked_again(at, QUESTION)

        assert "resposta verificada 1" in said(done)
        assert "Verificado pela monitoria" in answer.content
        assert "O gradiente encolhe até sumir nas redes recorrentes longas [1]." in answer.text
        assert is_cited(answer)
        assert "zzz" not in json.dumps([answer.content, answer.embeds])


async def test_a_question_that_the_bot_answered_is_corrected_by_it_and_its_card_closes(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        card = await at.card()
        message = await campus.server.say(campus.ana, campus.room, OTHER, reply_to=answer)

        done = await kept(at, message)

        assert "Guardada" in said(done)
        await campus.server.until(lambda: "Verificado pela monitoria" in answer.content)
        assert "célula de memória" in answer.content
        await campus.server.until(lambda: card.embeds[0]["title"] == "✅ Resolvida")
        assert await at.column("select verdict from review_items") == ["edited"]
        [verified] = await at.column("select id from verified_answers")
        assert await at.column("select (after->>'verified')::int from staff_actions where action = 'keep'") == [
            verified
        ]
        assert await at.column("select source from questions") == ["discord"]


async def test_in_a_thread_the_question_is_the_one_that_the_thread_hangs_on(campus: Campus) -> None:
    async with desk(campus) as at:
        thread = await thread_under_an_answer(at)
        message = await campus.server.say(at.bia, thread, OTHER)
        await quiet(at.client)

        form = await opened(at, message)

        assert field(form, "question") == QUESTION
        assert await at.column("select question_id is not null from keep_drafts") == [True]


async def test_in_a_post_and_in_a_thread_on_a_message_the_question_is_what_opened_it(campus: Campus) -> None:
    async with desk(campus) as at:
        forum = campus.server.add_channel(campus.guild, "perguntas", kind="forum")
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.bind(
            course, guild=campus.guild.id, channel=forum.id, answers="mention", reader="pt-BR"
        )
        post = await campus.server.post(campus.ana, forum, "Gradiente", "por que ele some?")
        in_post = await campus.server.say(at.bia, post, OTHER)
        asked = await campus.server.say(campus.ana, campus.room, "o que a LSTM guarda?")
        thread = await campus.server.start_thread(campus.ana, asked)
        in_thread = await campus.server.say(at.bia, thread, OTHER)
        await quiet(at.client)

        questions = [field(await opened(at, message), "question") for message in (in_post, in_thread)]

        assert questions == ["Gradiente\npor que ele some?", "o que a LSTM guarda?"]


async def test_without_a_question_the_form_asks_for_it_and_gives_the_text_back(campus: Campus) -> None:
    async with desk(campus) as at:
        message = await campus.server.say(at.bia, campus.room, OTHER)
        form = await opened(at, message)

        assert field(form, "question") == ""
        refused = await sent(at, form, question="   ", text="minhas palavras")
        assert "Preciso da pergunta" in said(refused)
        assert "minhas palavras" in said(refused)
        assert await at.column("select id from verified_answers") == []
        done = await sent(at, form, question="o que a LSTM guarda?")
        assert "Guardada" in said(done)


async def test_a_form_is_sent_after_a_restart(campus: Campus) -> None:
    async with desk(campus) as at:
        form = await opened(at, await explained(at))
    async with desk(campus, is_new=False) as at:
        done = await sent(at, form)

        assert "resposta verificada 1" in said(done)
        assert len(await at.column("select segment_id from verified_references")) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "não tem palavras"),
        ("https://youtu.be/abc", "não tem palavras"),
        ("<@1>", "não tem palavras"),
        ("palavra " * 600, "cabem 4000"),
    ],
)
async def test_what_cannot_be_kept_is_refused_in_a_sentence(campus: Campus, text: str, words: str) -> None:
    async with desk(campus) as at:
        files = [campus.server.attachment("quadro.png", b"x", "image/png")] if not text else []
        message = await campus.server.say(at.bia, campus.room, text, files=files)

        assert words in said(await opened(at, message))
        assert await at.column("select id from keep_drafts") == []


async def test_our_own_message_and_who_is_no_staff_are_refused(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        message = await explained(at)

        assert "Esta mensagem é minha" in said(await opened(at, answer))
        assert "Só a equipe da disciplina" in said(await opened(at, message, campus.ana))


async def test_a_role_that_was_lost_meanwhile_saves_nothing_and_gives_the_text_back(campus: Campus) -> None:
    async with desk(campus) as at:
        form = await opened(at, await explained(at))
        campus.server.set_roles(at.bia, [])

        refused = await sent(at, form, text="as palavras que escrevi")

        assert "Só a equipe da disciplina" in said(refused)
        assert "as palavras que escrevi" in said(refused)
        assert await at.column("select id from verified_answers") == []


@pytest.mark.parametrize("text", ["isto é [t9]", "[t1] [t2] [t3] [t4] [t5] [t6]", "ver [1]"])
async def test_marks_that_point_at_nothing_save_nothing(campus: Campus, text: str) -> None:
    async with desk(campus) as at:
        refused = await kept(at, await explained(at), text=text)

        assert text in said(refused).replace('\\"', '"')
        assert await at.column("select id from verified_answers") == []


async def test_marks_and_addresses_in_the_message_are_no_marks_and_no_addresses(campus: Campus) -> None:
    async with desk(campus) as at:
        text = "O vetor [1] some, @everyone, ver [a aula](https://evil.example/x) <#7> <:ok:1234567890123456>"
        form = await opened(at, await explained(at, text))

        assert field(form, "text") == "O vetor (1) some, everyone, ver a aula :ok: [t1]"
        done = await sent(at, form)
        assert "Guardada" in said(done)
        [stored] = await at.column("select text from verified_answers")
        assert "(1)" in stored
        assert not any(part in stored for part in ("evil", "<", "@"))


async def test_the_same_message_twice_is_one_and_says_so(campus: Campus) -> None:
    async with desk(campus) as at:
        message = await explained(at)
        first, second = await opened(at, message), await opened(at, message, at.caio)

        await sent(at, first)
        again = await sent(at, first)
        other = await sent(at, second, at.caio, text="outras palavras")
        third = await opened(at, message)

        assert "resposta verificada 1" in said(again)
        assert "Enquanto isso" in said(other)
        assert "outras palavras" in said(other)
        assert "já está guardada" in said(third)
        assert await at.column("select version from verified_answers") == [1]


async def test_an_edit_or_a_deletion_of_the_message_makes_a_card(campus: Campus) -> None:
    async with desk(campus) as at:
        first = await explained(at)
        second = await explained(at, OTHER, "o que a LSTM guarda?")
        await kept(at, first)
        await kept(at, second)
        await campus.server.edit(first, first.content + " (editado)")
        await campus.server.delete(second)

        await campus.server.until(lambda: len(at.cards()) == 2)
        cards = at.cards()

        why = {fields(card)["Por que está aqui"] for card in cards}
        assert why == {"a mensagem guardada mudou", "a mensagem guardada foi apagada"}
        edited = next(card for card in cards if "mudou" in fields(card)["Por que está aqui"])
        assert fields(edited)["Mensagem"] == first.jump_url
        assert GOOD[:40] in edited.embeds[0]["description"]


async def test_an_edit_while_the_bot_was_away_makes_a_card_too(campus: Campus) -> None:
    async with desk(campus) as at:
        messages = [await explained(at), await explained(at, OTHER, "o que a LSTM guarda?")]
        for message in messages:
            await kept(at, message)
    await campus.server.edit(messages[0], "nada disso")
    await campus.server.delete(messages[1])
    async with desk(campus, is_new=False) as at:
        await campus.server.until(lambda: len(at.cards()) == 2)

        assert sorted(await at.column("select reason from review_reasons")) == ["source_changed", "source_gone"]


async def test_a_deletion_while_it_is_retired_is_known_once_staff_write_there_again(campus: Campus) -> None:
    async with desk(campus) as at:
        message = await explained(at)
        await kept(at, message)
        await campus.server.edit(message, OTHER)
        card = await at.card()
        await (await campus.server.slash(at.bia, at.staff, "review retire", {"number": 1})).answered()
        await campus.server.delete(message)
        await eventually(lambda: at.column("select gone_at is not null from kept_messages"), [True])

        form = await at.press(at.bia, card, "Corrigir texto")
        await (await campus.server.submit(at.bia, form, {"text": "Encolhe.", "label": ["C"]})).answered()
        await quiet(at.client)
    async with desk(campus, is_new=False) as at:
        await quiet(at.client)

        assert await at.column("select text from verified_answers where retired_at is null") == ["Encolhe."]
        assert await at.column("select reason from review_reasons") == ["source_changed"]


async def test_what_changes_nothing_makes_no_card(campus: Campus) -> None:
    async with desk(campus) as at:
        message = await explained(at)
        await kept(at, message)

        await campus.server.edit(message, message.content)
        await quiet(at.client)

        assert await at.column("select id from review_items") == []


async def test_its_card_corrects_it_and_a_lecture_that_changes_stales_it(campus: Campus) -> None:
    async with desk(campus) as at:
        await kept(at, await explained(at))
        await taught_anew(at)

        card = await at.card()
        form = await at.press(at.bia, card, "Corrigir texto")
        await (await campus.server.submit(at.bia, form, {"text": "Encolhe.", "label": ["C"]})).answered()

        assert await at.column("select text from verified_answers") == ["Encolhe."]
        assert await at.column("select stale_since is null from verified_answers") == [True]


async def test_who_wrote_it_as_a_student_takes_it_back_by_deleting_their_data(campus: Campus) -> None:
    async with desk(campus) as at:
        davi = campus.server.add_member(campus.guild, "davi")
        asked = await campus.server.say(campus.ana, campus.room, QUESTION)
        message = await campus.server.say(davi, campus.room, OTHER, reply_to=asked)
        await kept(at, message)
        answer = await asked_again(at, QUESTION)
        assert "célula de memória" in answer.content

        await at.client.services.privacy.forget(davi.id, campus.guild.id)

        await campus.server.until(lambda: "célula de memória" not in answer.content)
        words = await at.column("select text from verified_answers union all select text from answers")
        assert not any("célula" in text for text in words)
        assert await at.column("select message_id from kept_messages") == []


async def test_what_a_student_wrote_goes_from_the_record_of_actions_and_what_staff_wrote_stays(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        await at.disliked(answer)
        card = await at.card()
        davi = campus.server.add_member(campus.guild, "davi")
        await kept(at, await campus.server.say(davi, campus.room, OTHER, reply_to=answer))
        await campus.server.until(lambda: "célula" in card.embeds[0]["description"])
        await corrected(at, at.bia, card, "A memória é uma soma.")

        await at.client.services.privacy.forget(davi.id, campus.guild.id)

        recorded = json.dumps(
            await at.column("select jsonb_build_array(before, after) from staff_actions"), ensure_ascii=False
        )
        assert "célula" not in recorded
        assert "A memória é uma soma." in recorded
        actions = await at.column("select action from staff_actions order by id")
        assert [one for one in actions if one in {"keep", "edit"}] == ["keep", "edit"]
        await campus.server.until(lambda: "célula" not in card.embeds[0]["description"])


async def test_a_question_that_was_deleted_meanwhile_loses_nothing(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        form = await opened(at, await campus.server.say(at.bia, campus.room, OTHER, reply_to=answer))
        await at.client.services.privacy.forget(campus.ana.id, campus.guild.id)

        done = await sent(at, form)

        assert "Guardada" in said(done)
        assert await at.column("select source from questions") == ["kept"]


async def test_a_kept_question_is_nobodys_and_in_no_digest(campus: Campus) -> None:
    async with desk(campus) as at:
        await kept(at, await explained(at))

        assert await at.column("select asker_key from questions") == [None]
        assert await at.column("select answer_id from wanted_judgements") == []
