"""A court, for each test anew."""

from collections.abc import AsyncGenerator

import pytest

from db import connect
from services.courses.courses import Courses
from tests.services.judging.queue.court import Court


@pytest.fixture
async def court(database: str) -> AsyncGenerator[Court, None]:
    async with connect.pool(database) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes", language="pt-BR")
        yield Court(pool=pool, course=course)
