"""A course that is told of its weeks, for each test anew."""

from collections.abc import AsyncGenerator

import pytest

from db import connect
from services.courses.courses import Courses
from tests.services.digest.rooms import Room


@pytest.fixture
async def room(database: str) -> AsyncGenerator[Room, None]:
    async with connect.pool(database) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes Neurais", language="pt-BR")
        room = Room(url=database, pool=pool, course=course)
        await room.plan()
        yield room
