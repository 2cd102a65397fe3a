"""The weekly digest in Discord: previewed, scheduled, and posted once."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

from bot.discord.client import Monitoria
from bot.discord.cogs.digesting import Channels
from tests.bot.discord.conftest import Campus
from tests.fake_discord import Channel, Interaction, Message


@asynccontextmanager
async def term(campus: Campus) -> AsyncGenerator[tuple[Monitoria, Channel], None]:
    """A course in which three students asked the same in the last week, and a channel for its digest."""
    room = campus.server.add_channel(campus.guild, "resumo")
    async with campus.running() as client:
        await campus.taught(client.services)
        async with client.services.pool.connection() as conn:
            await conn.execute(
                """
                insert into questions (course_id, text, language, source, asker_key, asked_at)
                select 1, 'Por que o gradiente some na rede recorrente?', 'pt', 'discord', 'x' || n,
                    date_trunc('week', now() at time zone 'America/Sao_Paulo') at time zone 'America/Sao_Paulo'
                        - interval '3 days' + n * interval '1 hour'
                from generate_series(1, 4) n
                """
            )
            await conn.execute(
                """
                insert into answers (question_id, course_id, outcome, text, retrieval, model, latency_ms, answered_at)
                select id, 1, 'answered', 'Encolhe.', 'lexical', 'm', 1, asked_at + interval '2 seconds' from questions
                """
            )
        yield client, room


def said(interaction: Interaction) -> str:
    return json.dumps(interaction.response, ensure_ascii=False)


def posted(campus: Campus, room: Channel) -> list[Message]:
    return [message for message in campus.server.messages(room) if message.embeds]


async def scheduled(campus: Campus, client: Monitoria, room: Channel) -> None:
    """Let the last week's digest be due now."""
    used = await campus.server.slash(campus.boss, campus.room, "digest schedule", {"channel": room, "hour": 0})
    assert "Resumo semanal de **Redes**" in said(await used.answered())
    async with client.services.pool.connection() as conn:
        await conn.execute("update course_settings set digest_since = now() - interval '8 days'")


async def test_staff_preview_the_last_week_alone(campus: Campus) -> None:
    async with term(campus) as (_, _):
        used = await (await campus.server.slash(campus.boss, campus.room, "digest preview", {})).done()
        student = await (await campus.server.slash(campus.ana, campus.room, "digest preview", {})).answered()

        assert used.original is not None
        assert used.original.ephemeral
        [embed] = used.original.embeds
        assert "4 perguntas de 4 estudantes" in embed["description"]
        assert "gradiente" in embed["description"]
        assert {file.name.rsplit(".")[-1] for file in used.original.attachments} == {"png", "html"}
        assert "Só a equipe da disciplina" in said(student)


async def test_a_digest_that_is_due_is_posted_once_by_two_who_look_at_once(campus: Campus) -> None:
    async with term(campus) as (client, room):
        await scheduled(campus, client, room)
        digests = client.services.digests
        await asyncio.gather(*(digests.post_due(Channels(client)) for _ in range(3)))
        await digests.post_due(Channels(client))

        [message] = posted(campus, room)
        assert "gradiente" in message.embeds[0]["description"]
        assert min(file.name for file in message.attachments) == "digest.png"
        async with client.services.pool.connection() as conn:
            rows = await (await conn.execute("select state, message_id from digests")).fetchall()
        assert rows == [("posted", message.id)]


async def test_a_digest_whose_process_died_after_the_send_is_found_and_not_sent_again(campus: Campus) -> None:
    async with term(campus) as (client, room):
        await scheduled(campus, client, room)
        outlet: Any = Channels(client)
        real = outlet.post

        async def dies(post: Any, digest: Any) -> int:
            await real(post, digest)
            raise SystemExit  # as a process that ends between the send and the note of it

        outlet.post = dies
        with suppress(SystemExit):
            await client.services.digests.post_due(outlet)
        async with client.services.pool.connection() as conn:
            await conn.execute("update digests set leased_until = now()")
        await client.services.digests.post_due(Channels(client))

        assert len(posted(campus, room)) == 1


async def test_a_schedule_says_what_is_missing_and_refuses_a_zone_that_is_none(campus: Campus) -> None:
    async with term(campus) as (_, _):
        mail = {"email": "ana@example"}
        nobody = await (await campus.server.slash(campus.boss, campus.room, "digest schedule", mail)).answered()
        bare = await (await campus.server.slash(campus.boss, campus.room, "digest schedule", {"hour": 9})).answered()
        options = {"zone": "America/SaoPaulo"}
        wrong = await (await campus.server.slash(campus.boss, campus.room, "digest schedule", options)).answered()

        assert "'ana@example' não é um e-mail" in said(nobody)
        assert "Falta dizer onde" in said(bare)
        assert "Não existe o fuso horário 'America/SaoPaulo'; escreva um como 'America/Sao_Paulo'." in said(wrong)


async def test_a_schedule_says_when_the_next_comes_and_that_no_mail_goes_out(campus: Campus) -> None:
    async with term(campus) as (_, room):
        options = {"channel": room, "email": "ana@example.edu; rui@example.edu"}
        both = await (await campus.server.slash(campus.boss, campus.room, "digest schedule", options)).answered()
        none = await (await campus.server.slash(campus.boss, campus.room, "digest schedule", {"email": "-"})).answered()

        assert "ana@example.edu, rui@example.edu" in said(both)
        assert "MONITORIA_SMTP_URL" in said(both)
        assert re.search(r"O próximo sai <t:\d+:F>", said(both))
        assert "example.edu" not in said(none)
        assert "MONITORIA_SMTP_URL" not in said(none)


async def test_a_digest_that_failed_is_told_of_and_posted_once_the_schedule_is_changed(campus: Campus) -> None:
    async with term(campus) as (client, room):
        closed = campus.server.add_channel(campus.guild, "fechado")
        campus.server.forbid(closed, "send_messages")
        await scheduled(campus, client, closed)
        await client.services.digests.post_due(Channels(client))
        async with client.services.pool.connection() as conn:
            await conn.execute("update digests set mail_state = 'failed'")
            await conn.execute("update course_settings set digest_emails = '{ana@example.edu}'")
        asked = await (await campus.server.slash(campus.boss, campus.room, "digest schedule", {})).answered()
        options = {"channel": room}
        mended = await (await campus.server.slash(campus.boss, campus.room, "digest schedule", options)).answered()
        await client.services.digests.post_due(Channels(client))

        assert "não pôde ser publicado" in said(asked)
        assert "não pôde ser enviado" in said(asked)
        assert "será tentado de novo" in said(mended)
        assert len(posted(campus, room)) == 1


async def test_a_digest_that_is_turned_off_does_not_come(campus: Campus) -> None:
    async with term(campus) as (client, room):
        await scheduled(campus, client, room)
        stopped = await (await campus.server.slash(campus.boss, campus.room, "digest stop", {})).answered()
        await client.services.digests.post_due(Channels(client))
        shown = await (await campus.server.slash(campus.boss, campus.room, "digest schedule", {})).answered()

        assert "não recebe resumo semanal" in said(stopped)
        assert "não recebe resumo semanal" in said(shown)
        assert posted(campus, room) == []
