from collections.abc import AsyncGenerator

import pytest

from db import connect
from services.courses.courses import Courses
from tests.services.research.learning.labelled import Labelled


@pytest.fixture
async def labelled(database: str) -> AsyncGenerator[Labelled, None]:
    async with connect.pool(database) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes", language="pt-BR")
        yield Labelled(pool=pool, course=course)
