"""The accounts service under test."""

from collections.abc import AsyncIterator

import pytest

from tests.accounts.house import House, open_house
from tests.conftest import OpenDatabase


@pytest.fixture
async def house(database: OpenDatabase) -> AsyncIterator[House]:
    """A fresh service with the brand `ponto`."""
    async with open_house(await database("accounts"), await database("keyring")) as opened:
        yield opened
