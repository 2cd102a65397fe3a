from dataclasses import replace

from services import i18n
from services.courses.people import People
from tests.bot.discord.asking import QUESTION, shown
from tests.bot.discord.conftest import Campus, eventually
from tests.fake_discord import Channel, Member, Message, User

GONE = i18n.text("discord.answer_gone", "pt-BR")


async def votes(campus: Campus) -> list[tuple[str, str | None, str | None]]:
    async with campus.running() as client, client.services.pool.connection() as conn:
        cursor = await conn.execute("select label, reason, comment from annotations order by id")
        return list(await cursor.fetchall())


async def test_a_vote_by_button_after_a_restart_is_stored(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        assert asked.original is not None

    async with campus.running():
        await (await campus.server.click(campus.ana, asked.original, asked.original.buttons["Ajudou"])).answered()

    assert await votes(campus) == [("C", None, None)]


async def test_a_thumb_down_counts_and_the_form_says_why(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        assert asked.original is not None
        down = asked.original.buttons["Não ajudou"]
        opened = await (await campus.server.click(campus.ana, asked.original, down)).answered()

        values = {"reason": ["incomplete"], "comment": "faltou a LSTM"}
        await (await campus.server.submit(campus.ana, opened, values)).answered()

        assert await campus.rows(client, "review_items") == 1
    assert await votes(campus) == [("I", "incomplete", "faltou a LSTM")]


async def test_a_second_press_withdraws_the_vote(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        assert asked.original is not None
        for _ in range(2):
            await (await campus.server.click(campus.ana, asked.original, asked.original.buttons["Ajudou"])).answered()

    assert await votes(campus) == []


async def test_a_ta_is_called_once(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        assert asked.original is not None
        for _ in range(2):
            call = asked.original.buttons["Chamar monitor"]
            await (await campus.server.click(campus.ana, asked.original, call)).answered()

        assert await campus.rows(client, "review_reasons") == 1


async def test_a_reaction_counts_as_the_button_and_taking_it_off_withdraws(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        assert asked.original is not None
        await campus.server.until(lambda: not client.answering.in_flight)
        course = await client.services.courses.find("redes")
        key = await People(client.services.pool).key(course, campus.ana.id)

        async def label() -> str | None:
            async with client.services.pool.connection() as conn:
                cursor = await conn.execute("select label from annotations where annotator_key = %s", [key])
                row = await cursor.fetchone()
                return row[0] if row else None

        await campus.server.react(campus.ana, asked.original, "👎")
        await eventually(label, "I")
        await campus.server.unreact(campus.ana, asked.original, "👎")
        await eventually(label, None)


async def test_a_form_opened_before_a_restart_is_read_after_it(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        assert asked.original is not None
        down = asked.original.buttons["Não ajudou"]
        opened = await (await campus.server.click(campus.ana, asked.original, down)).answered()

    async with campus.running():
        await (await campus.server.submit(campus.ana, opened, {"reason": ["unclear"], "comment": ""})).answered()

    assert await votes(campus) == [("I", "unclear", None)]


async def planted(campus: Campus, channel: Channel, custom_id: str) -> Message:
    """A message of the bot's that holds a button of another answer, as no server of Discord's lets one make it."""
    button = {"type": 2, "style": 2, "label": "x", "custom_id": custom_id}
    body = {"content": "oi", "components": [{"type": 1, "components": [button]}]}
    return campus.server.write(channel, campus.server.user, body)


async def test_an_answer_is_acted_upon_in_the_server_of_its_course_alone(campus: Campus) -> None:
    other = campus.server.add_guild("Outra")
    room = campus.server.add_channel(other, "duvidas")
    eva = campus.server.add_member(other, "eva")
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        assert asked.original
        up, excerpts = (asked.original.buttons[name] for name in ("Ajudou", "Trechos"))
        elsewhere: list[tuple[Member | User, Message]] = [
            (eva, await planted(campus, room, name)) for name in (up, excerpts)
        ]
        direct = campus.server.direct_channel(campus.ana.user)
        elsewhere.append((campus.ana.user, await planted(campus, direct, up)))
        opened = await campus.server.click(campus.ana, asked.original, asked.original.buttons["Não ajudou"])
        await opened.answered()

        for who, message in elsewhere:
            (name,) = message.buttons.values()
            pressed = await (await campus.server.click(who, message, name)).answered()
            assert pressed.original
            assert pressed.original.content == GONE
            assert not pressed.original.embeds
        carried = replace(opened, user=eva.user, channel=room, source=None)
        sent = await (await campus.server.submit(eva, carried, {"reason": ["wrong"]})).answered()
        assert sent.original
        assert sent.original.content == GONE

    assert await votes(campus) == [("I", None, None)]  # from the server of the course


async def test_an_answer_in_direct_messages_is_acted_upon_there(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await campus.server.dm(campus.ana, QUESTION)
        answer = await campus.server.until(lambda: shown(asked.channel.messages))
        assert answer
        await campus.server.until(lambda: not client.answering.in_flight)

        await (await campus.server.click(campus.ana.user, answer, answer.buttons["Ajudou"])).answered()

    assert await votes(campus) == [("C", None, None)]


async def test_of_a_course_that_no_server_has_bound_nothing_is_acted_upon(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        assert asked.original
        async with client.services.pool.connection() as conn:
            await conn.execute("update course_settings set guild_id = null")

        pressed = await campus.server.click(campus.ana, asked.original, asked.original.buttons["Ajudou"])

        assert (await pressed.answered()).original
        assert pressed.original
        assert pressed.original.content == GONE
