"""A course with three short lectures, for each test anew."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from db import connect
from services.courses.courses import Courses
from services.lectures.ingest import Ingest
from services.lectures.manifest import Plan
from services.search.generations import Serving
from services.search.retrieve import Retriever
from tests.services.answering.room import ATTENTION, DROPOUT, RECURRENT, Room, captioned, no_model


@pytest.fixture
async def room(database: str, tmp_path: Path) -> AsyncGenerator[Room, None]:
    async with connect.pool(database, size=2) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes", language="pt-BR")
        sources = tuple(
            captioned(tmp_path, slug, language, cues)
            for slug, language, cues in (
                ("rnn", "pt", RECURRENT),
                ("dropout", "pt", DROPOUT),
                ("attention", "en", ATTENTION),
            )
        )
        async with Serving(pool, None, reopen=no_model) as serving:
            async for _ in Ingest(pool, serving, None).run(course, Plan(sources=sources, overlooked=(), folders=())):
                pass
        yield Room(pool=pool, course=course, retriever=Retriever(pool, None), folder=tmp_path)
