"""One command with an idempotency key, in a process that a crash point may end.

Ends with 0 when it recorded something and with 1 when the key was taken.
"""

import asyncio
import sys
from uuid import UUID

from shared.append import KeptAnswer
from shared.database import open_pool
from shared.errors import ConcurrentWrite
from tests.shared.kernel import CAUSE, Counter, store_on


async def main(url: str) -> int:
    pool = await open_pool(url, size=2)
    store = store_on(pool)
    id = UUID(int=7)
    one = Counter(id=id, account_id=id, brand="ponto", owner="Ana")
    answer = KeptAnswer(
        caller="user:1",
        key="k",
        request_hash=b"asked",
        status=201,
        headers={},
        body=b"",
        created_at=store.clock.now(),
    )
    try:
        async with store.transaction(CAUSE) as tx:
            await tx.save(one)
            tx.keep(answer)
    except ConcurrentWrite:
        return 1
    finally:
        await pool.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
