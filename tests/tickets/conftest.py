"""The tickets service under test."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import OpenDatabase
from tests.tickets.desk import Desk, open_desk


@pytest.fixture
async def desk(database: OpenDatabase) -> AsyncIterator[Desk]:
    """A fresh service that knows the brand `ponto` and two of its clients."""
    async with open_desk(await database("tickets")) as opened:
        yield opened
