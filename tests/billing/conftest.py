"""The billing service under test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.billing.house import House, open_house
from tests.conftest import OpenDatabase


@pytest.fixture
async def house(database: OpenDatabase, tmp_path: Path) -> AsyncIterator[House]:
    """A fresh service that knows the brand `ponto` and two of its clients."""
    async with open_house(await database("billing"), tmp_path) as opened:
        yield opened
