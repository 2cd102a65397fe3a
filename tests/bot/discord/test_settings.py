"""What staff do with a course in Discord, who may, and the one sentence in which each mistake ends."""

import json
import re
from typing import Any

import pytest

from db.records import Language
from services.i18n import catalogue
from services.lectures.captions.records import MAX_BYTES
from tests.bot.discord.asking import QUESTION
from tests.bot.discord.conftest import CAPTIONS, Campus
from tests.fake_discord import Channel, Interaction, Member, Role

NOT_ALLOWED = "Só a equipe da disciplina, ou quem pode gerenciar o servidor, pode fazer isso."


async def used(
    campus: Campus, who: Member, command: str, options: dict[str, Any] | None = None, room: Channel | None = None
) -> str:
    """Use a command and return all that who used it sees at once."""
    asked = await (await campus.server.slash(who, room or campus.room, command, options)).answered()
    return said(asked)


def said(asked: Interaction) -> str:
    assert asked.response
    data: dict[str, Any] = asked.response.get("data") or {}
    assert data.get("flags") == 64, "only who asked may see it"
    return str(data.get("content") or "") + json.dumps(data.get("embeds") or [], ensure_ascii=False)


async def staffed(campus: Campus) -> tuple[Role, Member]:
    """A role of the course's staff, and a TA who has it and may not manage the server."""
    role = campus.server.add_role(campus.guild, "monitores")
    ta = campus.server.add_member(campus.guild, "rita", [role])
    await used(campus, campus.boss, "course settings", {"staff_role": role})
    return role, ta


# Who may


async def test_who_has_a_staff_role_changes_the_settings(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        _, ta = await staffed(campus)

        shown = await used(campus, ta, "course settings", {"person_limit": 7, "answers": "every"})

        assert shown.startswith("Configuração de **Redes** atualizada.")
        assert "Perguntas de uma pessoa por hora: 7" in shown
        assert "a toda pergunta" in shown
        course = await client.services.courses.find("redes")
        assert (await client.services.spaces.settings(course)).person_hourly == 7


async def test_a_student_is_refused_and_nothing_changes(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        await staffed(campus)

        assert await used(campus, campus.ana, "course settings", {"person_limit": 1}) == NOT_ALLOWED + "[]"

        course = await client.services.courses.find("redes")
        assert (await client.services.spaces.settings(course)).person_hourly == 20


async def test_who_lost_the_role_in_between_is_refused(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        _, ta = await staffed(campus)
        assert NOT_ALLOWED not in await used(campus, ta, "course show")

        campus.server.set_roles(ta, [])

        assert NOT_ALLOWED in await used(campus, ta, "course settings", {"person_limit": 1})
        assert NOT_ALLOWED in await used(campus, ta, "course show")


async def test_a_ta_appoints_no_others(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        _, ta = await staffed(campus)
        friends = campus.server.add_role(campus.guild, "amigos")

        assert NOT_ALLOWED in await used(campus, ta, "course settings", {"staff_role": friends})
        assert NOT_ALLOWED in await used(campus, ta, "course unbind")

        course = await client.services.courses.find("redes")
        assert friends.id not in (await client.services.spaces.settings(course)).staff_role_ids


async def test_staff_of_one_course_are_students_in_another(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        _, ta = await staffed(campus)
        other = await client.services.courses.create(slug="calculo", title="Cálculo", language="pt-BR")
        room = campus.server.add_channel(campus.guild, "calculo")
        await client.services.spaces.bind(
            other, guild=campus.guild.id, channel=room.id, answers="mention", reader="pt-BR"
        )

        assert NOT_ALLOWED in await used(campus, ta, "course settings", {"person_limit": 1}, room)


# What is missing


async def test_binding_says_at_once_what_is_missing_there(campus: Campus) -> None:
    async with campus.running() as client:
        await client.services.courses.create(slug="redes", title="Redes", language="pt-BR")
        campus.server.forbid(campus.room, "embed_links", "send_messages_in_threads")

        shown = await used(campus, campus.boss, "course bind", {"course": "redes"})

        assert f"<#{campus.room.id}>: Inserir links, Enviar mensagens em tópicos[" in shown


async def test_binding_a_category_names_the_channels_in_it_that_are_closed(campus: Campus) -> None:
    async with campus.running() as client:
        await client.services.courses.create(slug="redes", title="Redes", language="pt-BR")
        category = campus.server.add_channel(campus.guild, "redes", kind="category")
        inner, hidden = (campus.server.add_channel(campus.guild, name, parent=category) for name in ("a", "b"))
        campus.server.forbid(hidden, "view_channel")

        shown = await used(campus, campus.boss, "course bind", {"course": "redes", "channel": category})

        assert f"<#{hidden.id}>: Ver canal" in shown
        assert f"<#{inner.id}>" not in shown


async def test_a_forum_needs_no_permission_to_open_posts(campus: Campus) -> None:
    async with campus.running() as client:
        await client.services.courses.create(slug="redes", title="Redes", language="pt-BR")
        forum = campus.server.add_channel(campus.guild, "perguntas", kind="forum")
        campus.server.forbid(forum, "send_messages")

        shown = await used(campus, campus.boss, "course bind", {"course": "redes", "channel": forum})

        assert "⚠️" not in shown


async def test_the_settings_list_the_channels_where_something_is_missing(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        assert "⚠️" not in await used(campus, campus.boss, "course show")
        campus.server.forbid(campus.room, "read_message_history")
        ingrid = campus.server.add_member(campus.guild, "ingrid", locale="en-US")
        campus.server.set_roles(ingrid, [campus.server.add_role(campus.guild, "chefes", 1 << 5)])

        assert f"<#{campus.room.id}>: Ver histórico de mensagens" in await used(campus, campus.boss, "course show")
        assert f"<#{campus.room.id}>: Read Message History" in await used(campus, ingrid, "course show")


# Mistakes


async def test_mistakes_with_names_end_in_one_sentence_in_the_readers_language(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        elsewhere = await client.services.courses.create(slug="segredo", title="De outro servidor", language="pt-BR")
        await client.services.spaces.adopt(elsewhere, 1, "en")
        long = "X" * 3_000

        for command, options, sentence in (
            ("course create", {"slug": "redes", "title": "R"}, "Já existe uma disciplina 'redes'"),
            ("course create", {"slug": "Redes Neurais!", "title": "R"}, "'Redes Neurais!' não pode ser o código"),
            ("course create", {"slug": long, "title": "R"}, "não pode ser o código"),
            ("course bind", {"course": "rede"}, "você quis dizer 'redes'?"),
            ("course bind", {"course": "quimica"}, "Não há disciplina 'quimica' aqui; há 'redes'."),
            ("course bind", {"course": long}, "Não há disciplina"),
        ):
            shown = await used(campus, campus.boss, command, options)
            assert sentence in shown, shown
            assert "segredo" not in shown


async def test_in_a_server_without_a_course_the_way_to_make_one_is_told(campus: Campus) -> None:
    async with campus.running():
        shown = await used(campus, campus.boss, "course bind", {"course": "redes"})

        assert "crie com /disciplina criar" in shown


@pytest.mark.parametrize("private", [True, False])
async def test_an_unknown_lecture_is_told_and_what_was_typed_cannot_act(campus: Campus, private: bool) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        hostile = "@everyone [prova vazada](https://evil.example/x) <@&42> " + "x" * 3_000
        options = {"question": QUESTION, "lecture": hostile, "private": private}

        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", options)).done()

        assert asked.original
        assert asked.original.content.startswith('Não encontrei nenhuma aula com "')
        assert asked.original.content.endswith("Há: aula 1.")
        assert not re.search(r"@everyone|\]\(|https?://|<@", asked.original.content)


async def test_unbinding_says_what_it_did(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        room = campus.room.id

        assert f"<#{room}> não pertence mais" in await used(campus, campus.boss, "course unbind")
        assert f"<#{room}> não estava ligado" in await used(campus, campus.boss, "course unbind")
        assert "Use /disciplina ligar aqui" in await used(campus, campus.boss, "course show")
        assert await used(campus, campus.ana, "course show") == NOT_ALLOWED + "[]"


@pytest.mark.parametrize(
    ("command", "options"), [("search", {"query": "x"}), ("lectures", {}), ("ask", {"question": "x"})]
)
async def test_in_direct_messages_a_course_must_be_chosen_first(
    campus: Campus, command: str, options: dict[str, Any]
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        other = await client.services.courses.create(slug="calculo", title="Cálculo", language="pt-BR")
        room = campus.server.add_channel(campus.guild, "calculo")
        await client.services.spaces.bind(
            other, guild=campus.guild.id, channel=room.id, answers="mention", reader="pt-BR"
        )
        direct = campus.server.direct_channel(campus.ana.user)

        asked = await campus.server.slash(campus.ana.user, direct, command, options)

        await campus.server.until(
            lambda: "/disciplina escolher" in json.dumps([asked.response, *[m.content for m in asked.messages]])
        )


# Captions


async def ingested(campus: Campus, name: str, data: bytes, **options: str) -> str:
    """Send a file and return the last sentence that is shown."""
    given = {"captions": campus.server.attachment(name, data), **options}
    taken = await (await campus.server.slash(campus.boss, campus.room, "course ingest", given)).answered()
    if taken.response and taken.response["type"] == 4:
        return said(taken)
    last = await campus.server.until(lambda: taken.original and _final(taken.original.content))
    assert taken.original is not None
    assert taken.original.ephemeral
    assert not taken.followups
    return str(last)


def _final(content: str) -> str:
    return "" if not content or content.startswith(("Lendo", "Preparando")) else content


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("notas.pdf", b"%PDF-1.7 \x00\x01\x02"),
        ("pagina.vtt", b"<!doctype html><html><body>login</body></html>"),
        ("vazio.srt", b""),
        ("aula.txt", "só um texto, sem tempos".encode()),
    ],
)
async def test_a_file_that_is_not_captions_is_refused_in_one_sentence(campus: Campus, name: str, data: bytes) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)

        shown = await ingested(campus, name, data)

        assert shown.startswith(f"**{name.partition('.')[0]}**: não consigo ler este arquivo como legendas.")
        assert "\n" not in shown


async def test_captions_without_a_single_usable_cue_are_refused_with_the_reason(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        music = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n[Música]\n"

        shown = await ingested(campus, "aula.vtt", music.encode())

        assert shown == (
            "**aula**: não posso usar nenhuma das legendas deste arquivo (1).\nFicou de fora: 1 (1 × sem palavras)."
        )


async def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)

        shown = await ingested(campus, "@everyone.vtt", b"x" * (MAX_BYTES + 1))

        assert "tem 21 MB e o limite é 20 MB" in shown
        assert "@everyone" not in shown


@pytest.mark.parametrize(
    "video", ["javascript:alert(1)", "https://youtu.be@evil.example/", "não é link", "https://ana:senha@youtu.be/x"]
)
async def test_a_bad_link_is_refused(campus: Campus, video: str) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)

        shown = await ingested(campus, "aula-2.vtt", CAPTIONS.encode(), video=video)

        assert shown.startswith("O link do vídeo precisa ser um endereço http(s) simples")


async def test_a_file_that_discord_does_not_hand_out_is_asked_for_again(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        lost = campus.server.attachment("aula-2.vtt", CAPTIONS.encode())
        del campus.server.files[lost.id]

        taken = await campus.server.slash(campus.boss, campus.room, "course ingest", {"captions": lost})

        await campus.server.until(lambda: taken.original and "Envie o arquivo de novo" in taken.original.content)


@pytest.mark.parametrize("name", ["é" * 200 + ".vtt", "aula.vtt" + "x" * 100, ".vtt"])
async def test_a_strange_file_name_is_no_obstacle(campus: Campus, name: str) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)

        shown = await ingested(campus, name, CAPTIONS.encode())

        assert "aula nova. Legendas usadas: 4 de 4." in shown


async def test_a_student_sends_no_captions(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        captions = campus.server.attachment("aula-2.vtt", CAPTIONS.encode())

        assert await used(campus, campus.ana, "course ingest", {"captions": captions}) == NOT_ALLOWED + "[]"


# Words


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_text_names_commands_as_its_reader_sees_them(language: Language) -> None:
    texts = catalogue(language)
    groups = {text: key.removesuffix("name") for key, text in texts.items() if re.fullmatch(r"command\.\w+\.name", key)}
    said = "\n".join(text for key, text in texts.items() if not key.startswith(("command.", "chat.")))

    named: list[tuple[str, str]] = re.findall(r"/(\w+) (\w+)", said)

    assert named
    for group, command in named:
        assert command in {text for key, text in texts.items() if key.startswith(groups[group])}
