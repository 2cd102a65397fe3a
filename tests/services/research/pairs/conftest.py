from collections.abc import AsyncGenerator

import pytest

from tests.services.research.learning.labelled import Labelled, opened


@pytest.fixture
async def labelled(database: str) -> AsyncGenerator[Labelled, None]:
    async with opened(database) as found:
        yield found
