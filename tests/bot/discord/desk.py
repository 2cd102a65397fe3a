"""A course with a channel for its staff, the cards in it, and two TAs who press their buttons."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.discord.client import Monitoria
from services.lectures.manifest import plan
from services.models.llm import LlmConfig
from tests.bot.discord.asking import QUESTION
from tests.bot.discord.conftest import CAPTIONS, Campus
from tests.fake_discord import Channel, Interaction, Member, Message, Role

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


async def stopped(at: Desk) -> Any:
    """Let rounds be made by the test alone."""
    cog: Any = at.client.get_cog("Reviewing")
    cog._tick.cancel()
    await at.campus.server.until(lambda: not cog._tick.is_running())
    return cog
