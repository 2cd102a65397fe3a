"""A course to export, for each test anew."""

from dataclasses import replace

import pytest

from services.lectures.manifest import Plan, Source
from tests.services.conftest import Desk
from tests.services.research.exports.office import TITLE, VIDEO, Office


@pytest.fixture
async def office(desk: Desk) -> Office:
    path = desk.write("aula-03", "bom dia", "hoje o assunto é outro", "um tensor é um arranjo")
    source = Source(slug="aula-03", path=path, title=TITLE, language="pt", video_url=VIDEO)
    await desk.take_in(Plan(sources=(source,), overlooked=(), folders=()).sources)
    found = await desk.retriever.search(course=desk.course, questions=["tensor"])
    return Office(desk=desk, hits=[replace(found.hits[0], score=0.8412345051765442)])
