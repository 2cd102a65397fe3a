"""A course with its staff, for each test anew."""

import pytest

from services.answering.ask import Asker
from services.answering.asked_before import Finder
from services.reviewing.review import Review
from tests.services.conftest import Desk
from tests.services.reviewing.staffed import Staffed


@pytest.fixture
async def staffed(taught: Desk) -> Staffed:
    asker = Asker(taught.pool, taught.retriever, None, finder=Finder(taught.pool, None))
    return Staffed(desk=taught, asker=asker, review=Review(taught.pool, asker))
