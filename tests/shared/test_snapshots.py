"""Snapshots: loading from one gives what a replay gives, and none is believed that may be wrong."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.automation.business_calendar import BusinessCalendar
from services.billing.credit.credit_balance import CreditBalance
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.invoices.settlement import Attempt
from services.tickets.tickets.ticket import Question, Side, Ticket
from shared import snapshots
from shared.ids import new_id
from shared.snapshots import NO_FORM, THRESHOLD, form_of, restored, taken
from shared.store import EventStore
from tests.conftest import OpenDatabase
from tests.given import rebuilt
from tests.golden.samples import KEY, sample_of
from tests.shared.kernel import CAUSE, Counter, store_on


@pytest.fixture
async def store(database: OpenDatabase) -> EventStore:
    return store_on((await database("kernel")).pool)


async def counted(store: EventStore, times: int) -> Counter:
    counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana Sá")
    for _ in range(times - 1):
        counter.count(step=1)
    async with store.transaction(CAUSE) as tx:
        await tx.save(counter)
    return counter


async def load(store: EventStore, id: UUID) -> Counter:
    async with store.transaction(CAUSE) as tx:
        return await tx.load(Counter, id)


async def state_of(store: EventStore, id: UUID) -> tuple[int, str] | None:
    async with store.pool.acquire() as db:
        row = await db.fetchrow("select version, state from snapshot where stream_id = $1", id)
    return (row["version"], row["state"]) if row else None


async def test_a_long_stream_leaves_a_snapshot_when_it_is_loaded(store: EventStore) -> None:
    short, long = await counted(store, THRESHOLD - 1), await counted(store, THRESHOLD)
    for counter in (short, long):
        await load(store, counter.id)
    assert await state_of(store, short.id) is None
    kept = await state_of(store, long.id)
    assert kept is not None
    assert kept[0] == THRESHOLD


async def test_a_snapshot_and_what_came_after_it_give_what_a_replay_gives(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await counted(store, THRESHOLD)
    await load(store, counter.id)
    async with store.transaction(CAUSE) as tx:
        again = await tx.load(Counter, counter.id)
        again.count(step=5)
        await tx.save(again)
        assert (await tx.load(Counter, counter.id)).total == THRESHOLD - 1 + 5
    by_snapshot = await load(store, counter.id)
    monkeypatch.setattr("shared.store.form_of", lambda cls: NO_FORM)
    by_replay = await load(store, counter.id)
    assert vars(by_snapshot) == vars(by_replay)
    assert by_snapshot.version == THRESHOLD + 1


async def test_the_tail_alone_is_read_where_there_is_a_snapshot(store: EventStore) -> None:
    counter = await counted(store, THRESHOLD)
    await load(store, counter.id)
    async with store.pool.acquire() as db:
        rows = await db.fetch(snapshots.LOAD, counter.id, form_of(Counter))
        assert len(rows) == 1
        assert len(await db.fetch(snapshots.LOAD, counter.id, NO_FORM)) == THRESHOLD


async def test_a_snapshot_of_other_code_is_not_believed_and_made_anew(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await counted(store, THRESHOLD)
    await load(store, counter.id)
    before = await state_of(store, counter.id)
    async with store.pool.acquire() as db:
        await db.execute("update snapshot set form = 'kernel.counter/of-before', state = '{}'")
    assert (await load(store, counter.id)).total == THRESHOLD - 1
    after = await state_of(store, counter.id)
    assert before is not None
    assert after is not None
    assert after[0] == before[0]
    assert after[1] != "{}"


async def test_a_snapshot_that_cannot_be_read_is_passed_over(store: EventStore) -> None:
    counter = await counted(store, THRESHOLD)
    await load(store, counter.id)
    async with store.pool.acquire() as db:
        await db.execute("""update snapshot set state = '{"~": "Gone", "v": {}}'""")
    assert (await load(store, counter.id)).total == THRESHOLD - 1


async def test_what_is_personal_in_a_snapshot_goes_with_its_key(store: EventStore) -> None:
    counter = await counted(store, THRESHOLD)
    assert (await load(store, counter.id)).owner == "Ana Sá"
    kept = await state_of(store, counter.id)
    assert kept is not None
    assert "Ana" not in kept[1]
    assert kept[1].startswith("~1.")
    store.keyring.erased.add(counter.account_id)  # type: ignore[attr-defined]
    erased = await load(store, counter.id)
    assert (erased.owner, erased.total) == ("[erased]", THRESHOLD - 1)


def test_a_change_of_an_aggregates_module_makes_another_form() -> None:
    assert form_of(Counter) != form_of(CreditBalance)
    assert form_of(Counter).startswith("kernel.counter/")


DAY = date(2026, 1, 31)


def invoice() -> Invoice:
    line = InvoiceLine(kind="renewal", description="Web", net_minor=1000, service_id=new_id())
    made = Invoice.issue(
        id=new_id(),
        account_id=new_id(),
        brand="ponto",
        number="P-1",
        order_id=None,
        issued_on=DAY,
        due_on=DAY,
        currency="BRL",
        lines=[line],
        billed_to=("Ana", "Rua 1", ""),
    )
    made.start_payment(payment_id=new_id(), method="pix", today=DAY)
    assert isinstance(made.settlement.attempt, Attempt)
    return rebuilt(made)


def credit() -> CreditBalance:
    made = CreditBalance.open(account_id=new_id(), brand="ponto", currency="BRL")
    for _ in range(3):
        made.add(amount_minor=5, reason="overpayment", payment_id=new_id())
    return rebuilt(made)


def calendar() -> BusinessCalendar:
    made = BusinessCalendar.open("ponto")
    made.start(DAY)
    return rebuilt(made)


def ticket() -> Ticket:
    made = Ticket.open(
        id=new_id(),
        account_id=new_id(),
        brand="ponto",
        number="T-1",
        author="Ana",
        question=sample_of(Question),
    )
    made.reply(side=Side.STAFF, author="ponto", message="Olá")
    return rebuilt(made)


@pytest.mark.parametrize("make", [invoice, credit, calendar, ticket])
@pytest.mark.parametrize("key", [None, KEY])
def test_real_aggregates_come_back_as_they_were(make: Any, key: bytes | None) -> None:
    before = make()
    after = restored(type(before), taken(before, key=key), key=key)
    assert vars(after) == vars(before)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.uuids() | st.dates()
        | st.decimals(allow_nan=False) | st.datetimes(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
        | st.tuples(inner, inner) | st.frozensets(st.uuids()),
    )
)  # fmt: skip
def test_any_plain_state_comes_back_as_it_was(value: Any) -> None:
    counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana")
    counter.total = value
    again = restored(Counter, taken(counter, key=None), key=None)
    assert again is not None
    assert again.total == value
    assert type(again.total) is type(value)
