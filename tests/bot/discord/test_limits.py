"""Discord's limits: drafts are edited no faster than it likes, and nothing waits for what it slows down."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from datetime import date

import pytest

from bot.discord.delivering.live import BETWEEN_S, Live
from bot.discord.messages.layout import Page
from bot.discord.permissions import Lack
from db.records import LectureFacts, LectureId
from services.answering.drafts import Draft
from services.models.llm import LlmConfig
from services.models.thoughts import SoFar
from tests.bot.discord.conftest import Campus
from tests.bot.discord.test_troubles import LONG, answers, mentioned
from tests.fake_model import fake_model, says


@pytest.mark.long
async def test_edits_that_are_slowed_down_end_in_the_whole_text_and_hold_up_nobody_else(campus: Campus) -> None:
    async with (
        fake_model(says(LONG, pause_s=0.04)) as model,
        campus.running(LlmConfig(model="fake", base_url=model.base_url)) as client,
    ):
        await campus.taught(client.services)
        course = await client.services.courses.find("redes")
        other = campus.server.add_channel(campus.guild, "outras-duvidas")
        await client.services.spaces.bind(
            course, guild=campus.guild.id, channel=other.id, answers="mention", reader="pt-BR"
        )
        limit = campus.server.rate_limit(rf"PATCH /channels/{campus.room.id}/", after=1, per_s=5.0)
        await mentioned(campus, client)
        await campus.server.until(lambda: limit.refused)

        await mentioned(campus, client, room=other)
        await campus.server.until(lambda: answers(campus, other))
        assert not answers(campus)  # the first one still waits

        await campus.server.until(lambda: answers(campus))
        await campus.server.until(lambda: not client.answering.in_flight)
        assert "…" not in answers(campus)[0].content
        assert answers(campus)[0].content.count("encolhe") == 8
        edits = [call for call in campus.server.requests if call.method == "PATCH" and str(campus.room.id) in call.path]
        assert len(edits) <= 5  # a first draft, one refused, that one again, the whole text, and one to spare


async def test_an_answer_that_grows_is_edited_no_faster_than_discord_likes(campus: Campus) -> None:
    async with (
        fake_model(says(LONG, pause_s=0.04)) as model,
        campus.running(LlmConfig(model="fake", base_url=model.base_url)) as client,
    ):
        await campus.taught(client.services)
        began_s = time.monotonic()
        await mentioned(campus, client)
        await campus.server.until(lambda: answers(campus))

        edits = [call for call in campus.server.requests if call.method == "PATCH"]
        assert 1 <= len(edits) <= (time.monotonic() - began_s) / BETWEEN_S + 1


async def test_typing_that_is_slowed_down_holds_up_no_answer(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        limit = campus.server.rate_limit(r"POST /channels/\d+/typing", after=1, per_s=600.0)
        await mentioned(campus, client)
        await campus.server.until(lambda: len(answers(campus)) == 1)
        await campus.server.until(lambda: not client.answering.in_flight)

        await mentioned(campus, client, "o que a LSTM guarda?")

        await campus.server.until(lambda: len(answers(campus)) == 2)
        await campus.server.until(lambda: not client.answering.in_flight)
        assert limit.refused <= 1


class Silent:
    """An outlet that keeps its drafts."""

    def __init__(self) -> None:
        self.drafts: list[str] = []

    async def draft(self, text: str) -> None:
        self.drafts.append(text)

    async def deliver(self, pages: Sequence[Page]) -> AsyncGenerator[int, None]:
        for number, _ in enumerate(pages):
            yield number

    async def take_back(self) -> None:
        raise NotImplementedError

    async def say(self, text: str) -> None:
        raise NotImplementedError

    def lacks(self) -> list[Lack]:
        return []

    def takes_files(self) -> bool:
        return False


async def test_a_draft_that_looks_the_same_is_not_sent_again() -> None:
    outlet = Silent()

    async with Live(outlet, between_s=0.01) as live:
        for words in range(300, 320):
            live.offer(Draft(written=SoFar(["palavra " * words])))
            await asyncio.sleep(0.02)

    assert len(outlet.drafts) == 1


async def test_a_draft_says_in_which_lecture_it_is_looked_for() -> None:
    outlet = Silent()
    lecture = LectureFacts(id=LectureId(1), slug="a", title="Aula 5: *Redes*", held_on=date(2026, 3, 12))

    async with Live(outlet, language="pt-BR", between_s=0.01) as live:
        live.offer(Draft(written=SoFar(["palavra " * 20]), within=(lecture,)))
        await asyncio.sleep(0.05)

    assert outlet.drafts[0].startswith("*Em: Aula 5: \\*Redes\\*, 12/03/2026*\n\npalavra")


async def test_only_drafts_that_are_shown_are_cleaned() -> None:
    outlet = Silent()
    offered = [Draft(written=SoFar(["palavra " * words])) for words in range(10, 200)]

    async with Live(outlet, between_s=60) as live:
        for part in offered:
            live.offer(part)
            await asyncio.sleep(0)

    assert len(outlet.drafts) == 1
    assert sum("text" in vars(part.written) for part in offered) == 1
