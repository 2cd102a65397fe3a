"""What PostgreSQL refuses, and the longest that Discord lets through, by every door of Discord: no error is met."""

import json
import logging
from collections.abc import Generator

import pytest

from db.texts import storable
from tests.bot.discord.asking import QUESTION
from tests.bot.discord.conftest import CAPTIONS, Campus
from tests.bot.discord.desk import CORRECTED, Desk, corrected, desk
from tests.bot.discord.test_keeping import explained, opened, sent
from tests.bot.discord.test_settings import ingested
from tests.fake_discord import Interaction

NUL, HIGH, LOW = "\0", "\ud83e", "\udcff"
MARKS = (NUL, HIGH, LOW, f"{LOW}{HIGH}", f"{NUL}{HIGH}{NUL}")
OPTION, FIELD = 6_000, 4_000
"""Characters that Discord lets through at most, in an option of a command and in a field of a form."""


@pytest.fixture(autouse=True)
def nothing_unexpected(caplog: pytest.LogCaptureFixture) -> Generator[None, None, None]:
    yield
    told = [
        f"{record.getMessage()} {getattr(record, 'reason', '')} {record.exc_text}"
        for record in caplog.get_records("call")
        if record.levelno >= logging.ERROR
    ]
    assert not told


def answer_of(interaction: Interaction) -> str:
    """What came back, which every text for people must be able to go through."""
    said = json.dumps(interaction.response, ensure_ascii=False)
    assert said != "null"
    assert storable(said) == said
    return said


async def clean(at: Desk, query: str) -> list[str]:
    found = [str(value) for value in await at.column(query)]
    assert all(storable(one) == one for one in found)
    return found


async def test_a_question_by_command_and_by_mention(campus: Campus) -> None:
    async with desk(campus) as at:
        me = at.client.user
        assert me
        for mark in MARKS:
            asked = await campus.server.slash(campus.ana, campus.room, "ask", {"question": f"{QUESTION[:9]}{mark}?"})
            answer_of(await asked.done())
            before = len(campus.server.messages(campus.room))
            await campus.server.say(campus.ana, campus.room, f"<@{me.id}> {QUESTION}{mark}")
            await campus.server.until(lambda before=before: len(campus.server.messages(campus.room)) > before + 1)
        long = await campus.server.slash(campus.ana, campus.room, "ask", {"question": (QUESTION * 100)[:2_000]})
        answer_of(await long.done())

        assert len(await clean(at, "select text from questions")) >= 2 * len(MARKS)


async def test_a_search(campus: Campus) -> None:
    async with desk(campus) as at:
        for query in (*(f"gradiente{mark}" for mark in MARKS), *MARKS):
            asked = await campus.server.slash(campus.ana, campus.room, "search", {"query": query})
            await campus.server.until(lambda asked=asked: asked.original and not asked.original.loading)
        assert at.client.is_ready()
        await at.client.finished()  # what is shown is there a moment before its sender knows


async def test_the_form_of_a_vote(campus: Campus) -> None:
    async with desk(campus) as at:
        answer = await at.asked()
        form = await (await campus.server.click(campus.ana, answer, answer.buttons["Não ajudou"])).answered()
        for mark in (*MARKS, "x" * 1_000):
            values = {"reason": ["other"], "comment": f"faltou{mark}"[:1_000]}
            answer_of(await (await campus.server.submit(campus.ana, form, values)).answered())

        assert (await clean(at, "select comment from annotations where comment is not null"))[0].startswith("faltou")


async def test_the_form_of_a_correction(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        card = await at.card()
        for mark in MARKS:
            answer_of(await corrected(at, at.bia, card, CORRECTED.replace(" ", f" {mark}", 2)))
        answer_of(await corrected(at, at.bia, card, (CORRECTED + " palavra" * 600)[:FIELD]))
        for text in (NUL, HIGH, f"{HIGH}a LSTM soma [77]"):
            answer_of(await corrected(at, at.bia, card, text))

        assert await clean(at, "select text from verified_answers")


async def test_a_message_and_the_form_of_keep_as_verified(campus: Campus) -> None:
    async with desk(campus) as at:
        for mark in MARKS:
            message = await explained(at, f"O gradiente{mark} encolhe até sumir nas redes recorrentes longas {mark}.")
            form = await opened(at, message)
            answer_of(form)
            answer_of(await sent(at, form, question=f"{QUESTION}{mark}", text=f"Ele{mark} encolhe [t1].{mark}"))
        message = await explained(at)
        form = await opened(at, message)
        for text in (NUL, HIGH, f"Ele{HIGH} encolhe [t77].", ("Ele encolhe [t1]. " * 300)[:4_000]):
            answer_of(await sent(at, form, text=text))

        assert await clean(at, "select text from verified_answers")
        assert await clean(at, "select question from verified_answers")


async def test_a_course_s_names_and_settings(campus: Campus) -> None:
    async with desk(campus) as at:
        for number, mark in enumerate(MARKS):
            names = {"slug": f"curso-{number}", "title": f"Curso {number}{mark}"}
            answer_of(await (await campus.server.slash(campus.boss, campus.room, "course create", names)).answered())
            names = {"slug": f"curso{mark}", "title": "Curso"}
            answer_of(await (await campus.server.slash(campus.boss, campus.room, "course create", names)).answered())
            bound = await campus.server.slash(campus.boss, campus.room, "course bind", {"course": f"redes{mark}"})
            answer_of(await bound.answered())
        names = {"slug": "longo", "title": "t" * OPTION}
        answer_of(await (await campus.server.slash(campus.boss, campus.room, "course create", names)).answered())

        assert len(await clean(at, "select title from courses")) >= len(MARKS)


async def test_captions_and_their_names(campus: Campus) -> None:
    async with desk(campus) as at:
        for number, mark in enumerate((*MARKS, "palavra " * 250_000)):
            told = CAPTIONS.replace("gradiente", f"gradiente{mark}", 1).encode("utf-8", "surrogatepass")
            shown = await ingested(campus, f"aula-{number}{mark[:3]}.vtt", told)
            assert storable(shown) == shown

        assert len(await clean(at, "select title from lectures")) > len(MARKS)
