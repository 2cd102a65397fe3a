from services.people import People
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.test_asking import QUESTION


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
