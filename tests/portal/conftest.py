"""The portal under test."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import OpenDatabase
from tests.portal.house import House, open_house


@pytest.fixture
async def house(database: OpenDatabase) -> AsyncIterator[House]:
    """A fresh portal with empty views."""
    async with open_house(await database("portal")) as opened:
        yield opened
