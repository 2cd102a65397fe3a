"""Another try at an answer that staff take back while it is written."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from db import connect
from db.records import Destination
from services import i18n
from services.answering import ask
from services.answering.drafts import Draft
from services.courses.courses import Courses
from services.errors import Refused
from services.lectures.ingest import Ingest
from services.lectures.manifest import Plan
from services.search.generations import Serving
from services.search.retrieve import Retriever
from tests.fake_model import says, waits
from tests.services.answering.room import RECURRENT, WORD_OF_PROOF, Room, answered, captioned, model_that, no_model

TO = Destination(guild_id=1, channel_id=2, message_id=3, token=None, is_private=False, language="pt-BR")


@pytest.fixture
async def room(database: str, tmp_path: Path) -> AsyncGenerator[Room, None]:
    """A course of one lecture, so that no question is translated."""
    async with connect.pool(database, size=2) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes", language="pt-BR")
        sources = (captioned(tmp_path, "rnn", "pt", RECURRENT),)
        async with Serving(pool, None, reopen=no_model) as serving:
            async for _ in Ingest(pool, serving, None).run(course, Plan(sources=sources, overlooked=(), folders=())):
                pass
        yield Room(pool=pool, course=course, retriever=Retriever(pool, None), folder=tmp_path)


async def test_no_draft_is_shown_of_a_try_once_its_answer_is_rejected(room: Room) -> None:
    opened, drafts = asyncio.Event(), list[str]()
    slowly = waits("O gradiente fica ", opened, "pequeno e some depois de cem passos [1].")
    async with model_that(says(WORD_OF_PROOF), slowly) as (model, _):
        asker = room.asker(model, limit_s=30.0)
        _, reply = await answered(asker, room.asked(source_id="1", destination=TO))
        asked = room.asked(
            source_id="2", destination=replace(TO, message_id=4), follows=reply.answer.question_id, again="simpler"
        )
        with pytest.raises(Refused, match=i18n.text("again.changed", "pt-BR")):  # noqa: PT012
            async with aclosing(asker.ask(asked)) as parts:
                async for part in parts:
                    assert isinstance(part, Draft)
                    drafts.append(part.text)
                    await _rejected(room)
                    opened.set()

    assert [draft.strip() for draft in drafts] == ["O gradiente"]
    assert await room.column("again", "questions") == [None]
    assert await room.column("question_id", "deliveries") == [reply.answer.question_id]


async def _rejected(room: Room) -> None:
    """Reject the answer, and wait until it is looked at again."""
    async with room.pool.connection() as conn:
        await conn.execute("update answers set held = 'rejected'")
    await asyncio.sleep(ask.LOOK_AGAIN_S * 1.1)
