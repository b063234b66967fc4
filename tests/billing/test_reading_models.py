"""Consumers: every event is somebody's or nobody's by name, and twice is like once."""

from functools import partial
from typing import Any

import pytest

from services.billing.app import POLICIES, VIEWS
from services.billing.gateways.registry import Gateways
from services.billing.provisioning.panel_reactor import panel_reactor
from services.billing.refunds.reactor import refund_reactor
from services.billing.staff_tasks.commands import OpenTask, open_task
from shared.contracts import events_of
from shared.feed import read_all
from shared.store import Cause
from tests.billing.banking import credit, open_bank, owed, take_in
from tests.billing.house import House
from tests.billing.paid_in_brazil import order_and_boleto, pays_in_brazil
from tests.billing.paying_by_card import keep_card

CONSUMERS = (
    *VIEWS,
    *POLICIES,
    panel_reactor(None, notify_url=""),  # type: ignore[arg-type]
    refund_reactor(Gateways([])),
)


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: str(consumer.name))
def test_a_consumer_handles_or_ignores_each_event_of_its_sources(consumer: Any) -> None:
    published = frozenset().union(*(events_of(source) for source in consumer.sources))
    assert consumer.handles | consumer.ignored == published
    assert not consumer.handles & consumer.ignored


def test_each_table_of_a_view_has_a_name_of_its_own() -> None:
    names = [table for view in VIEWS for table in view.table_names]
    assert len(names) == len(set(names))


async def rows_of(house: House) -> dict[str, list[Any]]:
    found = {}
    async with house.store.pool.acquire() as db:
        for view in VIEWS:
            for table in view.table_names:
                rows = await db.fetch(f"select * from {table}")
                found[table] = sorted(map(repr, map(tuple, rows)))
    return found


async def test_views_that_are_fed_twice_hold_the_same(house: House) -> None:
    service = await house.active_service(house.ana)
    await house.order(house.rui, domain="rui.example")
    await house.start_payment(house.rui, (await house.invoices(house.rui))[0]["invoice_id"])
    await house.play(await house.today())
    await by_hand(house)
    before = await rows_of(house)
    assert all(before[view.name] for view in VIEWS if view.name != "provisioning_open")
    feed = house.service.consumers.feeds["billing"]
    for partition, head in (await feed.heads()).items():
        records = [record async for record in read_all(feed, partition, after=0, upto=head)]
        for worker in house.service.consumers.workers:
            await worker.offer("billing", records)
    assert await rows_of(house) == before
    assert await house.service_status(service["service_id"]) == "active"
    assert await house.findings() == []


BACK = {"way": "by_hand", "source": "credit", "amount_minor": 100, "reason": "In cash"}


async def first_payment(house: House) -> str:
    """Of Ana, who has paid."""
    return str(
        await house.fetchval("select payment_id from first_payment where account_id=$1", house.ana)
    )


async def by_hand(house: House) -> None:
    """What staff does of itself: an item for later, a draft, a note; a client: a card, a cart."""
    await keep_card(house, house.ana)
    await pays_in_brazil(house)
    await order_and_boleto(house, house.rui, "slip.example")
    invoice = (await house.invoices(house.ana))[0]["invoice_id"]
    item = {
        "description": "Restore",
        "net_minor": 9900,
        "currency": "BRL",
        "due": "next_invoice",
    }
    asked: list[tuple[str, dict[str, object]]] = [
        (f"/v1/accounts/{house.ana}/billable-items", item),
        (f"/v1/accounts/{house.ana}/drafts", {"currency": "BRL"}),
        (f"/v1/invoices/{invoice}/credit-notes", {"reason": "Two days without service"}),
        (f"/v1/payments/{await first_payment(house)}/refunds", BACK),
    ]
    for path, body in asked:
        await house.do("POST", path, body, token=house.staff())
    paid = await owed(house, house.rui, domain="bank.example")
    await open_bank(house)
    words = credit(2990, paid["number"], on=await house.today(), payer_name="RUI ALVES")
    await take_in(house, words)
    found = OpenTask(brand="ponto", kind="statement_unbalanced", key="1")
    await house.store.run(Cause(actor="automation:test"), partial(open_task, found))
    await house.do("POST", "/v1/carts", {"brand": "ponto"}, token=house.client(house.ana))
    await house.catch_up()


TAMPERED = {
    "ledger_sums_zero": "update ledger_posting set amount_minor = amount_minor + 1"
    " where ledger_account = 'revenue'",
    "receivables_equal_open_invoices": "update invoice_list set open_minor = 1",
    "numbers_are_gapless": "update series set last_number = last_number + 1",
}


async def test_verification_names_what_is_wrong_with_the_books(house: House) -> None:
    order = await house.order(house.ana)
    await house.pay_and_settle(house.ana, order["invoice_id"])
    assert await house.findings() == []
    for statement in TAMPERED.values():
        await house.execute(statement)
    assert set(TAMPERED) <= {each["check"] for each in await house.findings()}
