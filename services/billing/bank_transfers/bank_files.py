"""Reading bank files beside the requests: one at a time, in a thread of its own."""

import asyncio

from services.billing.bank_transfers.importing import ReadFile, read_file


class BankFiles:
    """The one reader of a process: a file in memory is many times as large as it is on the way."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def read(self, content: bytes) -> ReadFile:
        """The whole file. Errors: StatementUnreadable, StatementTooLarge."""
        async with self._turn:
            return await asyncio.to_thread(read_file, content)
