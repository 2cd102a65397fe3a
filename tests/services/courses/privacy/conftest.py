"""A course and its students, for each test anew."""

from itertools import count

import pytest

from services.courses.courses import Courses
from services.courses.people import People
from services.courses.places import Spaces
from services.courses.privacy import Privacy
from services.reviewing.annotate import Annotate
from tests.services.conftest import Desk
from tests.services.courses.privacy.students import ELSEWHERE, HERE, Class


@pytest.fixture
async def course(taught: Desk) -> Class:
    other = await Courses(taught.pool).create(slug="optica", title="Óptica", language="pt-BR")
    spaces, people = Spaces(taught.pool), People(taught.pool)
    await spaces.adopt(taught.course, HERE, "en")
    await spaces.adopt(other, ELSEWHERE, "en")
    return Class(
        desk=taught,
        other=other,
        people=people,
        privacy=Privacy(taught.pool, people),
        annotate=Annotate(taught.pool),
        ids=count(840000000000000000),
    )
