"""Password hashes: argon2id, computed in two threads so that the event loop never waits for one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

from shared.errors import TooMany

Result = TypeVar("Result")

WORKERS = 2
MOST_WAITING = 50


class TooManySignIns(TooMany):
    """Too many passwords are being checked at this moment; try again in a second."""


class PasswordHashing:
    """Makes and checks hashes (OWASP: argon2id, t=2, m=19 MiB, p=1; about 50 ms each).

    At most 2 are computed at a time and 50 wait; one more is `TooManySignIns`.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="argon2")
        self._places = Semaphore(WORKERS + MOST_WAITING)
        self._nobodys_hash = self._hasher.hash("nobody's password")

    async def hash(self, password: str) -> str:
        """The encoded hash with its parameters and a fresh salt."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the right one; without a hash False, after the same work."""
        is_right = await self._run(lambda: self._matches(password_hash, password))
        return is_right and password_hash is not None

    def check_room(self) -> None:
        """`TooManySignIns` while no more may wait: asked before an attempt is counted."""
        if not self._places.acquire(blocking=False):
            raise TooManySignIns(retry_after_s=1)
        self._places.release()

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads; jobs that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password_hash: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash or self._nobodys_hash, password)
        except VerifyMismatchError:
            return False

    async def _run(self, job: Callable[[], Result]) -> Result:
        if not self._places.acquire(blocking=False):
            raise TooManySignIns(retry_after_s=1)
        running = self._threads.submit(job)
        running.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(running)
