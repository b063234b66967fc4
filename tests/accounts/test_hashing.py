"""Hashes of passwords: the work is bounded, and the loop goes on meanwhile."""

import asyncio
from collections.abc import Iterator
from threading import Event

import pytest

from services.accounts.users.hashing import MOST_WAITING, WORKERS, PasswordHashing, TooManySignIns


@pytest.fixture
def hashing() -> Iterator[PasswordHashing]:
    made = PasswordHashing()
    yield made
    made.close()


async def test_a_hash_proves_its_password_and_no_other(hashing: PasswordHashing) -> None:
    made = await hashing.hash("correct horse battery")
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hashing.verify(made, "correct horse battery")
    assert not await hashing.verify(made, "correct horse batterx")
    assert made != await hashing.hash("correct horse battery")
    assert not hashing.is_outdated(made)


async def test_nobody_is_nobody_even_with_nobodys_password(hashing: PasswordHashing) -> None:
    assert not await hashing.verify(None, "nobody's password")
    assert not await hashing.verify(None, "anything else")


async def test_more_than_two_at_work_and_fifty_waiting_are_refused_A76(
    hashing: PasswordHashing,
) -> None:
    gate, room = Event(), WORKERS + MOST_WAITING
    jobs = [asyncio.ensure_future(hashing._run(gate.wait)) for _ in range(room)]
    await asyncio.sleep(0)
    with pytest.raises(TooManySignIns):
        await hashing.verify(None, "one too many")
    with pytest.raises(TooManySignIns):
        hashing.check_room()
    gate.set()
    assert await asyncio.gather(*jobs) == [True] * room
    hashing.check_room()
    assert not await hashing.verify(None, "there is room again")


async def test_the_loop_is_not_held_up_while_hashes_are_made(hashing: PasswordHashing) -> None:
    jobs = asyncio.gather(*(hashing.hash(f"password {n}") for n in range(8)))
    turns = 0
    while not jobs.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100
