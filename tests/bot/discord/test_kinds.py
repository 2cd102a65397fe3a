"""Questions that ask for more than an answer, asked in Discord: what is said, and how it is paged."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.discord.client import Monitoria
from services.lectures.manifest import Plan, Source
from services.models.llm import LlmConfig
from tests.bot.discord.conftest import Campus
from tests.bot.discord.test_again import settled
from tests.bot.discord.test_scope import asked, cited, pressed
from tests.fake_discord import Message
from tests.fake_model import fake_model, says

MORE = "Mais"
MISSED = "o que perdi nas duas últimas aulas?"


async def taught(campus: Campus, client: Monitoria, *, lectures: int = 3) -> None:
    """Lectures on momentum, one a week, and one more that is not released."""
    await campus.taught(client.services)
    course = await client.services.courses.find("redes")
    sources = [source(campus, number) for number in range(1, lectures + 2)]
    sources[-1] = replace(sources[-1], title="Aula 99: Secreta", released_at=datetime(2099, 1, 1, tzinfo=UTC))
    async for _ in client.services.ingest.run(course, Plan(sources=tuple(sources), overlooked=(), folders=())):
        pass
    async with client.services.pool.connection() as conn:
        await conn.execute("update lectures set withdrawn_at = now(), transcript_id = null where slug = 'aula-1'")


def source(campus: Campus, number: int) -> Source:
    path = campus.setup.home / "captions" / f"parte-{number}.vtt"
    path.write_text(
        f"WEBVTT\n\n00:00:05.000 --> 00:00:15.000\nO momentum da semana {number} acelera a descida.\n\n"
        f"00:02:05.000 --> 00:02:15.000\nO dropout da semana {number} desliga neurônios.\n",
        encoding="utf-8",
    )
    return Source(
        slug=f"parte-{number}",
        path=path,
        title=f"Aula {number}: Semana {'abcdefghijklm'[number]}",
        language="pt",
        video_url=f"https://youtu.be/parte{number:02}",
        held_on=date(2026, 3, 2 + number),
    )


def links(message: Message) -> set[str]:
    return {f"parte{number:02}" for number in range(1, 14) if f"parte{number:02}" in cited(message)}


@pytest.mark.parametrize("has_model", [False, True])
async def test_a_list_is_paged_by_a_button(campus: Campus, has_model: bool) -> None:
    async with fake_model(says("Não devia escrever.")) as model:
        config = LlmConfig(base_url=model.base_url, model="fake") if has_model else None
        async with campus.running(answer=config) as client:
            await taught(campus, client, lectures=7)
            first = await asked(campus, "em quais aulas ele falou de momentum?")
            await settled(campus, client)
            second = await pressed(campus, first, MORE)

    assert first.content.startswith("Onde as aulas falam de momentum")
    assert first.content.endswith("E em mais 2 aulas.")
    assert (len(links(first)), len(links(second))) == (5, 2)
    assert links(first) | links(second) == {f"parte{number:02}" for number in range(1, 8)}
    assert MORE not in second.buttons
    assert "Secreta" not in first.content + second.content


@pytest.mark.parametrize("has_model", [False, True])
async def test_both_lectures_of_a_comparison_are_cited(campus: Campus, has_model: bool) -> None:
    async with fake_model(says("Acelera a descida [1].")) as model:
        config = LlmConfig(base_url=model.base_url, model="fake") if has_model else None
        async with campus.running(answer=config) as client:
            await taught(campus, client)
            reply = await asked(campus, "compara o que ele falou de momentum na aula 1 e na aula 2")

    assert reply.content.startswith("*Em: Aula 1: Semana b, 03/03/2026; Aula 2: Semana c, 04/03/2026*")
    assert links(reply) == {"parte01", "parte02"}


@pytest.mark.parametrize("has_model", [False, True])
async def test_topics_are_compared(campus: Campus, has_model: bool) -> None:
    async with fake_model(says("Acelera a descida [1].")) as model:
        config = LlmConfig(base_url=model.base_url, model="fake") if has_model else None
        async with campus.running(answer=config) as client:
            await taught(campus, client)
            reply = await asked(campus, "qual a diferença entre momentum e dropout?")

    assert reply.embeds
    assert "momentum" in cited(reply)
    assert "dropout" in cited(reply)


@pytest.mark.parametrize("question", ["resume a aula 2", MISSED, "o que ele falou na aula de 04/03/2026?"])
@pytest.mark.parametrize("has_model", [False, True])
async def test_lectures_are_told_whole(campus: Campus, question: str, has_model: bool) -> None:
    async with fake_model(says("- Acelera a descida [1].")) as model:
        config = LlmConfig(base_url=model.base_url, model="fake") if has_model else None
        async with campus.running(answer=config) as client:
            await taught(campus, client)
            reply = await asked(campus, question)

    assert reply.content.startswith("*Em: Aula 2: Semana c")
    assert "parte02" in links(reply)
    assert "parte01" not in links(reply)
    assert "Secreta" not in reply.content


async def test_a_follow_up_stays_in_the_lecture_and_is_widened(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)
        assert client.user is not None
        first = await asked(campus, "o que ele falou de momentum na aula 2?")
        await settled(campus, client)
        await campus.server.say(campus.ana, campus.room, "por que isso?", reply_to=first)
        reply = await campus.server.until(
            lambda: next((m for m in campus.server.messages(campus.room) if m.embeds and m is not first), None)
        )
        assert reply
        await settled(campus, client)
        wide = await pressed(campus, reply, "Em todas as aulas")

    assert reply.content.startswith("*Em: Aula 2: Semana c, 04/03/2026*")
    assert links(reply) == {"parte02"}
    assert "Em:" not in wide.content
    assert wide.embeds


async def test_what_is_not_released_is_in_none_of_them(campus: Campus) -> None:
    async with campus.running() as client:
        await taught(campus, client)
        told = [
            await asked(campus, question)
            for question in (
                "em quais aulas ele falou de momentum?",
                "resume a aula 99",
                "compara o que ele falou de momentum na aula 1 e na aula 99",
                "o que perdi desde 03/03/2026?",
                "o que perdi na última aula?",
                "resume a aula de secreta",
            )
        ]

    assert not [one for one in told if "Secreta" in f"{one.content} {one.embeds} {list(one.buttons)}"]
    assert not [one for one in told if "parte04" in f"{one.embeds}"]
