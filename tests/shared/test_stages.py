"""How consumers go through a log: together, in stages, in no more transactions than needed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from shared.consumers import Envelope, Policy, Rows, View, group, worker
from shared.consumers.checkpoints import Checkpoints, Run, move_checkpoints
from shared.consumers.declarations import EventClasses
from shared.consumers.group import Consumers
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied
from shared.database import Connection
from shared.envelope import partition_of
from shared.feed import LocalFeed
from shared.ids import new_id
from shared.store import EventStore, Transaction
from tests.conftest import OpenDatabase
from tests.shared.kernel import CAUSE, Counter, store_on

ALL: EventClasses = frozenset({TicketOpened, TicketReplied, TicketClosed})


@pytest.fixture
async def store(database: OpenDatabase) -> EventStore:
    return store_on((await database("kernel")).pool)


def account_of(partition: int) -> UUID:
    """An account whose events go to the partition."""
    while partition_of(account := new_id(), "ponto") != partition:
        pass
    return account


async def counted(store: EventStore, account: UUID, *, times: int) -> None:
    """One TicketReplied of the account, then so many TicketClosed."""
    counter = Counter(id=new_id(), account_id=account, brand="ponto", owner="Ana")
    for _ in range(times):
        counter.count(step=1)
    async with store.transaction(CAUSE) as tx:
        await tx.save(counter)


def view(name: str) -> View:
    def apply(_: Envelope, __: Rows) -> None:
        """It only looks."""

    return View(name=name, sources=("tickets",), tables="", apply=apply, handles=ALL)


async def test_a_policy_has_a_transaction_for_each_event_that_concerns_it_and_no_others(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[list[int]] = []
    handled: list[type] = []

    async def counting(
        db: Connection, consumer: str, *, runs: Sequence[Run], known: Checkpoints
    ) -> None:
        moved.append([len(run) for run in runs])
        await move_checkpoints(db, consumer, runs=runs, known=known)

    async def note(envelope: Envelope, tx: Transaction) -> None:
        handled.append(type(envelope.event))

    monkeypatch.setattr(worker, "move_checkpoints", counting)
    for partition in (3, 7, 40, 41):
        await counted(store, account_of(partition), times=0)
    await counted(store, account_of(20), times=2)
    ignored: EventClasses = frozenset({TicketOpened, TicketReplied})
    closings = Policy(
        name="closings",
        sources=("tickets",),
        handle=note,
        handles=frozenset({TicketClosed}),
        ignored=ignored,
    )
    consumers = Consumers([closings], store, None)  # type: ignore[arg-type]
    await consumers.load()
    await consumers.reach_end("tickets")
    assert handled == [TicketClosed, TicketClosed]
    assert moved == [[1, 1, 2], [1], [1, 1]]


async def test_consumers_read_a_long_backlog_once_and_none_runs_ahead_of_the_others(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "STAGE", 10)
    monkeypatch.setattr("shared.feed.REMEMBERED", 20)
    pages: list[tuple[int, int]] = []
    page = LocalFeed.page

    async def counting(self: LocalFeed, partition: int, *, after: int, limit: int) -> Any:
        pages.append((partition, after))
        return await page(self, partition, after=after, limit=limit)

    monkeypatch.setattr(LocalFeed, "page", counting)
    seen = {"first": 0, "second": 0}
    leads: list[int] = []

    def applied(name: str, envelopes: Sequence[Envelope]) -> None:
        seen[name] += len(envelopes)
        leads.append(abs(seen["first"] - seen["second"]))

    for partition in (1, 2, 60):
        await counted(store, account_of(partition), times=32)
    views = [view("first"), view("second")]
    consumers = Consumers(views, store, None, applied=applied)  # type: ignore[arg-type]
    await consumers.load()
    await consumers.reach_end("tickets")
    assert seen == {"first": 99, "second": 99}
    assert max(leads) == 10
    assert len(pages) == len(set(pages)), "nothing is read twice"
