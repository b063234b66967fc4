"""Commands under faults: rivals, lost answers, crashes, deadlocks; always through a proxy."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import database as databases
from shared import recorder
from shared.append import KeptAnswer, Write
from shared.codec import MAX_EVENT_BYTES, TypedMapper
from shared.crash import CrashPoint
from shared.database import SERVER_SETTINGS, Connection, open_pool
from shared.errors import ConcurrentWrite, EventTooLarge, Unavailable
from shared.ids import new_id
from shared.recorder import CommitUnknown, Recorder
from shared.startup import wait_until_it_answers
from shared.store import EventStore, Transaction
from shared.wakeup import LONGEST_PAUSE_S
from tests.conftest import Database, OpenDatabase, wait_until
from tests.faults.proxy import (
    BLACK_HOLE,
    DROPS_REQUESTS,
    DROPS_RESPONSES,
    Proxy,
    Weather,
    running_proxy,
)
from tests.servers import Postgres
from tests.shared import test_http
from tests.shared.kernel import CAUSE, KEY, Counter, store_on
from tests.shared.test_http import Client, code_of

client = test_http.client
PROJECT = Path(__file__).parents[2]
NEW = b'{"owner": "Ana"}'


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[Proxy]:
    """Between every pool of these tests and the server."""
    with running_proxy(lambda: postgres.port) as proxy:
        yield proxy


@pytest.fixture
async def database(
    database: OpenDatabase, postgres: Postgres, proxy: Proxy
) -> AsyncIterator[OpenDatabase]:
    """As the others' databases, but what the application opens goes through the proxy."""
    async with AsyncExitStack() as stack:

        async def open_database(service: str) -> Database:
            direct = await database(service)
            url = direct.url.replace(f":{postgres.port}/", f":{proxy.port}/")
            pool = await open_pool(url, size=8)
            stack.callback(pool.terminate)
            return replace(direct, url=url, pool=pool)

        yield open_database


@pytest.fixture
async def opened(database: OpenDatabase) -> Database:
    return await database("kernel")


@pytest.fixture
async def witness(opened: Database) -> AsyncIterator[Connection]:
    """Looks at the database past the proxy."""
    db = await asyncpg.connect(opened.owner_url)
    yield db
    await db.close()


def counter(account: UUID | None = None) -> Counter:
    return Counter(id=new_id(), account_id=account or new_id(), brand="ponto", owner="Ana")


async def recorded(witness: Connection, table: str = "events") -> int:
    return int(await witness.fetchval(f"select count(*) from {table}"))


async def lose(proxy: Proxy) -> None:
    """What is on its way gets lost with its connection; then the weather is fine."""
    await asyncio.to_thread(proxy.reset)
    proxy.heal()


# ---------------------------------------------------------------------------- F11: not there yet


async def test_f11_a_process_that_starts_without_its_database_waits_and_is_there_when_it_is(
    opened: Database, proxy: Proxy
) -> None:
    proxy.weather = Weather(refuses=True)
    waiting = asyncio.create_task(wait_until_it_answers(opened.url))
    tries = proxy.accepted

    async def has_tried_twice() -> bool:
        return proxy.accepted >= tries + 2

    await wait_until(has_tried_twice)
    assert not waiting.done()
    proxy.heal()
    await asyncio.wait_for(waiting, LONGEST_PAUSE_S * 2)


async def test_a_wrong_password_is_not_waited_for(opened: Database) -> None:
    wrong = opened.url.replace("@", "-and-more@", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncio.wait_for(wait_until_it_answers(wrong), LONGEST_PAUSE_S)


# ------------------------------------------------------------------------------- F12: a hanging one


async def test_f12_who_waits_for_a_server_that_hangs_waits_for_one_statement_and_no_longer(
    opened: Database, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "NO_MORE_AFTER_S", 0.9)
    monkeypatch.setattr(databases, "COMMAND_TIMEOUT_S", 1)
    async with await open_pool(opened.url, size=2, at_once=2) as pool:
        store = store_on(pool)

        async def append() -> None:
            await store.run(CAUSE, lambda tx: tx.save(counter()))

        await append()
        proxy.weather = BLACK_HOLE
        begun = time.monotonic()
        sent = asyncio.create_task(append())
        await asyncio.wait({sent}, timeout=0.3)
        behind = asyncio.create_task(append())
        await asyncio.wait({sent, behind})
        assert time.monotonic() - begun < 3
        assert isinstance(sent.exception(), CommitUnknown)
        assert isinstance(behind.exception(), Unavailable)
        await lose(proxy)


# ------------------------------------------------------------------------------------- F04: rivals


async def _count_up(store: EventStore, id: UUID, *, rounds: int) -> None:
    async def count(tx: Transaction) -> None:
        loaded = await tx.load(Counter, id)
        loaded.count(step=1)
        await tx.save(loaded)

    done = 0
    for _ in range(rounds):
        outcomes = await asyncio.gather(
            *(store.run(CAUSE, count) for _ in range(50)), return_exceptions=True
        )
        failures = [outcome for outcome in outcomes if outcome is not None]
        assert all(isinstance(failure, ConcurrentWrite) for failure in failures), failures
        assert len(failures) < 50, "one of the rivals is always first"
        done += 50 - len(failures)
    async with store.transaction(CAUSE) as tx:
        assert (await tx.load(Counter, id)).total == done


async def test_f04_fifty_writers_of_one_aggregate_lose_no_update(opened: Database) -> None:
    store, one = store_on(opened.pool), counter()
    async with store.transaction(CAUSE) as tx:
        await tx.save(one)
    await _count_up(store, one.id, rounds=3)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_f04_a_hundred_rounds_of_fifty_writers_lose_no_update(opened: Database) -> None:
    store, one = store_on(opened.pool), counter()
    async with store.transaction(CAUSE) as tx:
        await tx.save(one)
    await _count_up(store, one.id, rounds=100)


# ------------------------------------------------------------------------------- F05: lost answers


async def test_f05_a_lost_answer_is_looked_up_and_the_command_has_succeeded(
    opened: Database, proxy: Proxy, witness: Connection
) -> None:
    store, account = store_on(opened.pool), new_id()
    first = await _save(store, counter(account))
    proxy.weather = DROPS_RESPONSES
    saving = asyncio.create_task(_save(store, counter(account)))
    await wait_until(partial(_has, witness, "events", 2))
    await lose(proxy)
    assert await saving == dict.fromkeys(first, 2)
    assert await recorded(witness) == await recorded(witness, "log") == 2


async def test_f05_a_lost_request_is_sent_again_and_done_once(
    opened: Database, proxy: Proxy, witness: Connection
) -> None:
    store = store_on(opened.pool)
    await _save(store, counter())
    proxy.weather = DROPS_REQUESTS
    saving = asyncio.create_task(_save(store, counter()))
    done, _ = await asyncio.wait({saving}, timeout=0.2)
    assert not done
    await lose(proxy)
    await saving
    assert await recorded(witness) == await recorded(witness, "log") == 2


async def test_f05_only_anothers_event_is_a_conflict(
    opened: Database, proxy: Proxy, witness: Connection
) -> None:
    store, one = store_on(opened.pool), counter()
    await _save(store, one)
    async with store.transaction(CAUSE) as tx:
        mine = await tx.load(Counter, one.id)
    mine.count(step=1)
    proxy.weather = DROPS_REQUESTS
    saving = asyncio.create_task(_save(store, mine))
    done, _ = await asyncio.wait({saving}, timeout=0.2)
    assert not done
    await witness.execute(
        """insert into events (stream_id, version, topic, brand, data, recorded_at)
           values ($1, 2, 'kernel.counter.counted', 'ponto', '{}', now())""",
        one.id,
    )
    await lose(proxy)
    with pytest.raises(ConcurrentWrite):
        await saving
    assert await recorded(witness) == 2


class _AfterAppend(Recorder):
    """Changes the weather when the COMMIT is all that is missing."""

    proxy: Proxy
    weather: Weather

    async def join(self, db: Connection, write: Write) -> None:
        await super().join(db, write)
        self.proxy.weather = self.weather


async def _numbered(store: EventStore) -> int:
    """A command that needs a transaction of the server, as `EventStore.run` carries it out."""

    async def work(tx: Transaction) -> int:
        number = await tx.next_number("ponto/invoice")
        await tx.save(counter())
        return number

    return await store.run(CAUSE, work)


async def test_f05_a_commit_whose_answer_is_lost_is_found_and_not_repeated(
    opened: Database, proxy: Proxy, witness: Connection
) -> None:
    store = store_on(opened.pool)
    assert await _numbered(store) == 1
    recorder = store.recorder = _AfterAppend(opened.pool)
    recorder.proxy, recorder.weather = proxy, DROPS_RESPONSES
    numbering = asyncio.create_task(_numbered(store))
    await wait_until(partial(_has, witness, "events", 2))
    recorder.weather = Weather()
    await lose(proxy)
    assert await numbering == 2
    assert await recorded(witness) == 2
    assert await witness.fetchval("select last_number from series") == 2


async def test_f05_a_commit_that_never_arrived_is_ended_and_the_command_done_again(
    opened: Database, proxy: Proxy, witness: Connection
) -> None:
    """The server still holds the transaction open, and with it the series' row."""
    async with asyncpg.create_pool(
        opened.url, min_size=1, max_size=4, command_timeout=1, server_settings=SERVER_SETTINGS
    ) as pool:
        store = store_on(pool)
        assert await _numbered(store) == 1
        recorder = store.recorder = _AfterAppend(pool)
        recorder.proxy, recorder.weather = proxy, DROPS_REQUESTS
        numbering = asyncio.create_task(_numbered(store))
        await wait_until(partial(_is_idle_in_transaction, witness))
        recorder.weather = Weather()
        await wait_until(partial(_has_closed, store, proxy))
        assert await numbering == 2
    assert await recorded(witness) == 2
    assert await witness.fetchval("select last_number from series") == 2


async def test_f05_a_request_with_a_key_is_answered_once_though_its_answer_was_lost(
    client: Client, proxy: Proxy
) -> None:
    token = client.token()
    proxy.weather = DROPS_RESPONSES
    posting = asyncio.create_task(client.post("/counters", content=NEW, token=token))
    done, _ = await asyncio.wait({posting}, timeout=0.2)
    assert not done
    await lose(proxy)
    first = await posting
    assert first.status_code == 201
    assert await client.events() == 1
    key = {"token": token, "idempotency_key": "k"}
    answers = [await client.post("/counters", content=NEW, **key) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert await client.events() == 2


async def test_f05_a_kept_answer_alone_is_found_as_recorded(
    opened: Database, proxy: Proxy, witness: Connection
) -> None:
    store = store_on(opened.pool)
    await _save(store, counter())
    answer = KeptAnswer(
        caller="user:1",
        key="k",
        request_hash=b"asked",
        status=204,
        headers={},
        body=b"",
        created_at=store.clock.now(),
    )

    async def keep() -> None:
        async with store.transaction(CAUSE) as tx:
            tx.keep(answer)

    proxy.weather = DROPS_RESPONSES
    keeping = asyncio.create_task(keep())
    await wait_until(partial(_has, witness, "idempotency_key", 1))
    await lose(proxy)
    await keeping
    with pytest.raises(ConcurrentWrite):
        await keep()


async def _save(store: EventStore, one: Counter) -> dict[int, int]:
    async with store.transaction(CAUSE) as tx:
        await tx.save(one)
    return tx.positions


async def _has(witness: Connection, table: str, count: int) -> bool:
    return await recorded(witness, table) == count


async def _is_idle_in_transaction(witness: Connection) -> bool:
    state = "select count(*) from pg_stat_activity where state = 'idle in transaction'"
    return bool(await witness.fetchval(state))


async def _has_closed(store: EventStore, proxy: Proxy) -> bool:
    """The client has given its connection up; from then on new ones meet fine weather."""
    if store.pool.get_size() > store.pool.get_idle_size():
        return False
    proxy.heal()
    return True


# --------------------------------------------------------------------------------- F06: the crash


@pytest.mark.parametrize(
    ("point", "rows"), [("command.before_commit", 0), ("command.after_commit", 1)]
)
async def test_f06_a_key_is_kept_with_the_work_of_its_command_or_not_at_all(
    opened: Database, witness: Connection, point: CrashPoint, rows: int
) -> None:
    crashed = await _run_command(opened.url, crash_at=point)
    assert crashed == -signal.SIGKILL
    assert await recorded(witness) == await recorded(witness, "idempotency_key") == rows
    assert await _run_command(opened.url) == (1 if rows else 0)
    assert await recorded(witness) == await recorded(witness, "idempotency_key") == 1


async def _run_command(url: str, *, crash_at: str = "") -> int:
    command = (sys.executable, "-m", "tests.faults.keyed_command", url)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=PROJECT, env={**os.environ, "CRASH_AT": crash_at}
    )
    return await process.wait()


# --------------------------------------------------------------------------- F07: keys used again


async def test_f07_a_key_is_its_callers_own_and_bound_to_what_was_asked(client: Client) -> None:
    token = client.token()
    first = await client.post("/counters", content=NEW, token=token, idempotency_key="k")
    other = b'{"owner": "Eva"}'
    reused = await client.post("/counters", content=other, token=token, idempotency_key="k")
    assert code_of(reused) == (422, "idempotency_key_reused")
    anothers = await client.post("/counters", content=other, idempotency_key="k")
    assert (first.status_code, anothers.status_code) == (201, 201)
    assert first.content != anothers.content
    assert await client.events() == 2


async def test_f07_a_day_later_the_same_key_is_a_new_request(client: Client) -> None:
    token = client.token()
    keyed = partial(client.post, "/counters", token=token, idempotency_key="k")
    first = await keyed(content=NEW)
    async with client.store.pool.acquire() as db:
        await db.execute("update idempotency_key set created_at = now() - interval '23 hours'")
    assert (await keyed(content=NEW)).content == first.content
    async with client.store.pool.acquire() as db:
        await db.execute("update idempotency_key set created_at = now() - interval '25 hours'")
    other = b'{"owner": "Eva"}'
    second = await keyed(content=other)
    assert second.status_code == 201
    assert second.content != first.content
    assert (await keyed(content=other)).content == second.content
    assert await client.events() == 2


# --------------------------------------------------------------------------------- F14: deadlocks


async def test_f14_a_deadlock_is_retried_and_nobody_notices(
    opened: Database, witness: Connection
) -> None:
    store = store_on(opened.pool)
    both_hold_one = asyncio.Barrier(2)
    attempts = 0

    async def work(tx: Transaction, *, order: tuple[str, str]) -> None:
        nonlocal attempts
        attempts += 1
        await tx.next_number(order[0])
        if attempts <= 2:
            await both_hold_one.wait()
        await tx.next_number(order[1])
        await tx.save(counter())

    await asyncio.gather(
        store.run(CAUSE, partial(work, order=("a", "b"))),
        store.run(CAUSE, partial(work, order=("b", "a"))),
    )
    assert attempts == 3
    rows = await witness.fetch("select last_number from series order by name")
    assert [row["last_number"] for row in rows] == [2, 2]
    assert await recorded(witness) == 2


# ---------------------------------------------------------------------- F36: the size of an event


@given(st.text(min_size=0, max_size=MAX_EVENT_BYTES * 2), st.integers(0, 2))
def test_f36_no_text_makes_an_event_larger_than_64_kib(text: str, repeated: int) -> None:
    one = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner=text * 100**repeated)
    mapper = TypedMapper(key=KEY)
    try:
        stored = mapper.to_stored_event(one.collect_events()[0])
    except EventTooLarge:
        assert len(text.encode()) * 100**repeated * 6 > MAX_EVENT_BYTES / 2
    else:
        assert len(stored.state) <= MAX_EVENT_BYTES


async def test_f36_what_is_just_too_large_is_refused_before_anything_is_sent(
    opened: Database, witness: Connection
) -> None:
    store = store_on(opened.pool)
    fitting = MAX_EVENT_BYTES * 3 // 4 - 300  # encrypted text is a third longer
    with pytest.raises(EventTooLarge):
        await _save(store, Counter(id=new_id(), account_id=new_id(), brand="p", owner="x" * 65_000))
    assert await recorded(witness) == 0
    await _save(store, Counter(id=new_id(), account_id=new_id(), brand="p", owner="x" * fitting))
    assert await recorded(witness) == 1
