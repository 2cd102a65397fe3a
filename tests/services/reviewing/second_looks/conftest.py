"""A pair of staff, for each test anew."""

import pytest

from tests.services.reviewing.second_looks.looked import Pair
from tests.services.reviewing.staffed import Staffed


@pytest.fixture
async def pair(staffed: Staffed) -> Pair:
    return Pair(desk=staffed.desk, asker=staffed.asker, review=staffed.review)
