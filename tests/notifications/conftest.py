"""What the tests of the mails share."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import OpenDatabase
from tests.notifications.mail_servers import Serve, mail_servers
from tests.notifications.post_office import PostOffice, post_office


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a mail server with the given handler and answers its port."""
    async with mail_servers() as start:
        yield start


@pytest.fixture
async def office(database: OpenDatabase) -> AsyncIterator[PostOffice]:
    """The service's consumers on a fresh database."""
    async with post_office((await database("notifications")).pool) as opened:
        yield opened
