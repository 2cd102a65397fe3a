import asyncio
import json
from datetime import timedelta

import pytest

from bot.discord.client import Monitoria
from bot.discord.cogs import privacy
from bot.discord.cogs.asking import Asking
from services.models.llm import LlmConfig
from tests.bot.discord.asking import QUESTION, shown
from tests.bot.discord.conftest import Campus, eventually
from tests.fake_discord import Channel, Interaction, Member, Message
from tests.fake_model import fake_model, says

DELETE = "Apagar tudo"


async def used(campus: Campus, who: Member, command: str, where: Channel | None = None) -> Message:
    """What the bot whispers when somebody uses a command of `/privacy`."""
    answered = await (await campus.server.slash(who, where or campus.room, f"privacy {command}")).done()
    assert answered.original is not None
    assert answered.original.ephemeral or answered.channel.guild is None
    return answered.original


async def asked(campus: Campus, client: Monitoria, who: Member, *, private: bool = False) -> Message:
    options = {"question": QUESTION, "private": private}
    answered = await (await campus.server.slash(who, campus.room, "ask", options)).done()
    await campus.server.until(lambda: not client.answering.in_flight)
    assert answered.original is not None
    return answered.original


async def mentioned(campus: Campus, client: Monitoria, who: Member) -> None:
    """Ask by mention, and wait for the answer."""
    assert client.user is not None
    before = len(campus.server.messages(campus.room))
    await campus.server.say(who, campus.room, f"<@{client.user.id}> {QUESTION}")
    await campus.server.until(lambda: shown(campus.server.messages(campus.room)[before:]))
    await campus.server.until(lambda: not client.answering.in_flight)


async def confirmed(campus: Campus, who: Member, message: Message) -> Interaction:
    """Press the button, and wait for the last word."""
    pressed = await campus.server.click(who, message, message.buttons[DELETE])
    await campus.server.until(lambda: "continuam no Discord" in message.content)
    return pressed


def another(campus: Campus) -> Member:
    return campus.server.add_member(campus.guild, "bia")


async def test_what_is_stored_is_shown_in_the_language_of_who_asks(campus: Campus) -> None:
    english = campus.server.add_member(campus.guild, "eve", locale="en-US")
    async with campus.running() as client:
        await campus.taught(client.services)
        await asked(campus, client, campus.ana)
        await asked(campus, client, campus.ana)

        hers, others = [(await used(campus, who, "show")).embeds[0] for who in (campus.ana, english)]

        assert "**Redes** · perguntas: 2 · votos: 0" in hers["description"]
        assert "I store nothing about you in the courses of this server." in others["description"]
        assert "`/privacidade apagar`" in hers["fields"][-1]["value"]
        assert "`/privacy delete`" in others["fields"][-1]["value"]


async def test_the_commands_that_the_texts_name_exist(campus: Campus) -> None:
    async with campus.running():
        command = next(one for one in campus.server.commands if one["name"] == "privacy")

    names = {command["name"], command["name_localizations"]["pt-BR"]}
    below = {one["name"] for one in command["options"]}
    below |= {one["name_localizations"]["pt-BR"] for one in command["options"]}
    assert names == {"privacy", "privacidade"}
    assert below == {"show", "export", "delete", "ver", "exportar", "apagar"}


async def test_the_export_is_a_file_that_only_its_person_sees(campus: Campus) -> None:
    bia = another(campus)
    async with campus.running() as client:
        await campus.taught(client.services)
        await mentioned(campus, client, campus.ana)
        hers = await asked(campus, client, bia)
        await (await campus.server.click(campus.ana, hers, hers.buttons["Ajudou"])).answered()

        (file,) = (await used(campus, campus.ana, "export")).attachments

        document = json.loads(file.data)
        (course,) = document["courses"]
        assert file.name == "monitoria.json"
        assert [one["text"] for one in course["questions"]] == [QUESTION]
        assert [(one["label"], one["on_own_question"]) for one in course["votes"]] == [("C", False)]
        ids = [campus.ana.id, bia.id, campus.guild.id, campus.room.id, *(m.id for m in campus.room.messages)]
        assert [one for one in ids if str(one) in file.data.decode()] == []


async def test_a_confirmed_deletion_takes_rows_and_answers_and_leaves_those_of_others(campus: Campus) -> None:
    bia = another(campus)
    async with campus.running() as client:
        await campus.taught(client.services)
        mine = await asked(campus, client, campus.ana)
        hers = await asked(campus, client, bia)
        await (await campus.server.click(campus.ana, hers, hers.buttons["Não ajudou"])).answered()
        confirm = await used(campus, campus.ana, "delete")
        assert await campus.rows(client, "questions") == 2

        await confirmed(campus, campus.ana, confirm)

        assert "Perguntas: 1 · votos: 1." in confirm.content
        assert "Minhas mensagens apagadas do Discord: 1." in confirm.content
        assert confirm.buttons == {}
        assert mine.deleted
        assert campus.server.messages(campus.room) == [hers]
        assert await campus.rows(client, "questions") == await campus.rows(client, "answers") == 1
        assert await campus.rows(client, "annotations") == await campus.rows(client, "review_items") == 0


async def test_the_button_works_after_a_restart(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        await asked(campus, client, campus.ana)
        confirm = await used(campus, campus.ana, "delete")

    async with campus.running() as client:
        await confirmed(campus, campus.ana, confirm)

        assert await campus.rows(client, "questions") == 0


async def test_somebody_else_cannot_press_the_button(campus: Campus) -> None:
    bia = another(campus)
    async with campus.running() as client:
        await campus.taught(client.services)
        await asked(campus, client, campus.ana)
        await asked(campus, client, bia)
        confirm = await used(campus, campus.ana, "delete")
        confirm.interaction = None  # as if Discord had shown it to others

        tried = await (await campus.server.click(bia, confirm, confirm.buttons[DELETE])).answered()

        assert "Só quem pediu" in json.dumps(tried.response, ensure_ascii=False)
        assert await campus.rows(client, "questions") == 2


async def test_an_old_button_says_so_and_deletes_nothing(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        await asked(campus, client, campus.ana)
        confirm = await used(campus, campus.ana, "delete")
        monkeypatch.setattr(privacy, "CONFIRM_WITHIN", timedelta(0))

        await (await campus.server.click(campus.ana, confirm, confirm.buttons[DELETE])).answered()

        assert confirm.content == "Este botão não vale mais. Use `/privacidade apagar` de novo."
        assert confirm.buttons == {}
        assert await campus.rows(client, "questions") == 1


async def test_who_has_nothing_stored_is_offered_no_button(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)

        told = await used(campus, campus.ana, "delete")

        assert told.content == "Não guardo nada sobre você nas disciplinas deste servidor."
        assert told.buttons == {}


async def test_a_deletion_in_one_server_leaves_the_courses_of_others(campus: Campus) -> None:
    async with campus.running() as client:
        services = client.services
        await campus.taught(services)
        await asked(campus, client, campus.ana)
        elsewhere = campus.server.add_guild("Outra")
        room = campus.server.add_channel(elsewhere, "geral")
        there = campus.server.add_member(elsewhere, "ana", same_as=campus.ana)
        await campus.server.until(lambda: client.get_channel(room.id))
        optics = await services.courses.create(slug="optica", title="Óptica", language="pt-BR")
        await services.spaces.adopt(optics, elsewhere.id, "pt-BR")
        await services.people.choose_direct_course(there.id, optics.id)

        confirm = await used(campus, there, "delete", room)
        told = confirm.embeds[0]["description"]
        await confirmed(campus, there, confirm)

        assert "Óptica" in told
        assert "Redes" not in told
        assert await campus.rows(client, "questions") == 1
        assert await campus.rows(client, "direct_courses") == 0


async def test_who_left_the_server_deletes_in_direct_messages(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        await asked(campus, client, campus.ana)
        del campus.guild.members[campus.ana.id]
        direct = campus.server.direct_channel(campus.ana.user)

        await confirmed(campus, campus.ana, await used(campus, campus.ana, "delete", direct))

        assert await campus.rows(client, "questions") == 0


async def test_an_answer_that_discord_does_not_let_go_is_counted(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        for _ in range(3):
            await asked(campus, client, campus.ana)
        confirm = await used(campus, campus.ana, "delete")
        campus.server.fail(f"DELETE /channels/{campus.room.id}/messages", 403, code=50013, times=2)

        await confirmed(campus, campus.ana, confirm)

        assert "Minhas mensagens apagadas do Discord: 1." in confirm.content
        assert "Não consegui apagar do Discord estas minhas mensagens: 2." in confirm.content
        assert await campus.rows(client, "questions") == 0


@pytest.mark.parametrize(
    ("path", "taken"),
    [(r"POST /interactions/.+/callback", True), (r"PATCH /webhooks/.+/messages/@original", False)],
    ids=["acknowledged-unheard", "untold"],
)
async def test_what_cannot_be_told_meanwhile_leaves_no_message_standing(
    campus: Campus, path: str, *, taken: bool
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        await asked(campus, client, campus.ana)
        confirm = await used(campus, campus.ana, "delete")
        campus.server.fail(path, 503, taken=taken)

        await confirmed(campus, campus.ana, confirm)

        assert await campus.rows(client, "questions") == 0
        assert campus.server.messages(campus.room) == []


async def test_a_private_answer_that_was_shared_goes_from_the_channel(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        answer = await asked(campus, client, campus.ana, private=True)
        await (await campus.server.click(campus.ana, answer, answer.buttons["Compartilhar"])).followed_up()
        assert len(campus.server.messages(campus.room)) == 1

        confirm = await used(campus, campus.ana, "delete")
        await confirmed(campus, campus.ana, confirm)

        assert campus.server.messages(campus.room) == []
        assert "Não consegui" not in confirm.content


async def test_a_mention_whose_answer_was_deleted_is_not_answered_again_after_a_restart(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        await mentioned(campus, client, campus.ana)
        (said, _) = campus.server.messages(campus.room)
        await client.services.deliveries.saw({campus.room.id: said.id})
        await confirmed(campus, campus.ana, await used(campus, campus.ana, "delete"))

    async with campus.running() as client:
        asking = client.get_cog("Asking")
        assert isinstance(asking, Asking)
        await campus.server.until(lambda: asking._catching_up.is_planned)  # pyright: ignore[reportPrivateUsage]
        await mentioned(campus, client, campus.boss)

        assert await campus.rows(client, "questions") == 1
        assert len(campus.server.messages(campus.room)) == 3


async def test_a_mention_whose_answer_was_deleted_is_not_answered_when_discord_delivers_it_again(
    campus: Campus,
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        await mentioned(campus, client, campus.ana)
        (said, _) = campus.server.messages(campus.room)
        await confirmed(campus, campus.ana, await used(campus, campus.ana, "delete"))

    async with campus.running() as client:
        asking = client.get_cog("Asking")
        assert isinstance(asking, Asking)
        await campus.server.until(lambda: asking._catching_up.is_planned)  # pyright: ignore[reportPrivateUsage]
        await campus.server.deliver_again(said)
        await mentioned(campus, client, campus.boss)

        assert await campus.rows(client, "questions") == 1


@pytest.mark.parametrize("is_direct", [False, True])
async def test_a_message_that_was_deleted_from_our_rows_is_not_answered_when_it_comes_once_more(
    campus: Campus, *, is_direct: bool
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        await mentioned(campus, client, campus.boss)
        place = campus.server.direct_channel(campus.ana.user) if is_direct else campus.room
        mention = "" if is_direct or client.user is None else f"<@{client.user.id}> "
        said = await campus.server.say(campus.ana, place, f"{mention}{QUESTION}")
        await eventually(lambda: campus.rows(client, "answers"), 2)
        await campus.server.until(lambda: not client.answering.in_flight)
        await confirmed(campus, campus.ana, await used(campus, campus.ana, "delete"))
        await campus.server.deliver_again(said)
        await mentioned(campus, client, campus.boss)

        assert await campus.rows(client, "questions") == 2


async def test_an_answer_that_is_being_written_does_not_come_back(campus: Campus) -> None:
    async with (
        fake_model(says("Porque o gradiente encolhe [1].", pause_s=0.3)) as model,
        campus.running(LlmConfig(model="fake", base_url=model.base_url)) as client,
    ):
        await campus.taught(client.services)
        asking = await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})
        await asyncio.wait_for(model.asked.wait(), 60)
        await confirmed(campus, campus.ana, await used(campus, campus.ana, "delete"))

        await campus.server.until(lambda: not client.answering.in_flight)

        assert await campus.rows(client, "questions") == await campus.rows(client, "answers") == 0
        assert asking.original is not None
        assert not asking.original.embeds
        assert "gradiente" not in asking.original.content
