import json

from tests.bot.discord.asking import QUESTION, is_cited
from tests.bot.discord.conftest import CAPTIONS, Campus


async def test_a_course_is_created_bound_filled_and_asked_in_discord_alone(campus: Campus) -> None:
    async with campus.running() as client:
        server, boss, room = campus.server, campus.boss, campus.room
        await (await server.slash(boss, room, "course create", {"slug": "redes", "title": "Redes"})).answered()
        await (await server.slash(boss, room, "course bind", {"course": "redes"})).answered()
        captions = server.attachment("aula-1.vtt", CAPTIONS.encode())
        options = {"captions": captions, "video": "https://youtu.be/abc123"}
        taken = await server.slash(boss, room, "course ingest", options)
        await server.until(lambda: taken.original and "Legendas usadas: 4 de 4" in taken.original.content)

        asked = await (await server.slash(campus.ana, room, "ask", {"question": QUESTION})).done()
        await server.until(lambda: not client.answering.in_flight)

        assert is_cited(asked.original)


async def test_a_student_cannot_change_a_course(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        for command, options in (
            ("course create", {"slug": "x", "title": "X"}),
            ("course bind", {"course": "redes"}),
            ("course unbind", {}),
            ("course settings", {"answers": "off"}),
            ("course show", {}),
        ):
            tried = await (await campus.server.slash(campus.ana, campus.room, command, options)).answered()

            assert "Só a equipe da disciplina" in json.dumps(tried.response, ensure_ascii=False), command


async def test_another_server_cannot_bind_the_course(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        elsewhere = campus.server.add_guild("Outra")
        room = campus.server.add_channel(elsewhere, "geral")
        owner = campus.server.add_member(elsewhere, "dono", owner=True)
        await campus.server.until(lambda: client.get_channel(room.id))

        tried = await (await campus.server.slash(owner, room, "course bind", {"course": "redes"})).answered()

        assert "pertence a outro servidor" in json.dumps(tried.response, ensure_ascii=False)
        assert await campus.rows(client, "bindings") == 1


async def test_search_and_lectures_show_links_to_who_asked_alone(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        for command, options in (("search", {"query": "gradiente"}), ("lectures", {})):
            shown = await (await campus.server.slash(campus.ana, campus.room, command, options)).done()

            assert shown.original is not None
            assert shown.original.ephemeral
            assert "https://youtu.be/abc123" in shown.original.embeds[0]["description"], command
