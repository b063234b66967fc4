"""Orders: placed for a proper domain name, given up once."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent

from services.billing.carts.items import DomainNameInvalid
from services.billing.invoices.lines import Totals
from services.billing.orders.order import Order, OrderAlreadyCancelled
from services.billing.publishing import publish
from shared.codec import TypedMapper
from tests.billing.samples import (
    ACCOUNT,
    INVOICE,
    NEXT,
    ORDER,
    OTHER,
    SERVICE,
    TODAY,
    ordered_item,
    placed_order,
)
from tests.given import KEY, given, rebuilt
from tests.golden.write import golden_of


def test_a_placed_order_names_what_it_led_to() -> None:
    order = rebuilt(placed_order())
    assert (order.id, order.invoice_id, order.is_cancelled) == (ORDER, INVOICE, False)
    assert order.items == (ordered_item(service_id=SERVICE),)


def test_an_order_keeps_all_that_it_was_made_with() -> None:
    at = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    addon = ordered_item(kind="addon", service_id=OTHER, parent_id=SERVICE, catalogue_version=3)
    renewal = ordered_item(kind="renewal", service_id=NEXT, periods=12, domain="")
    totals = Totals(net_minor=11970, tax_minor=2514, gross_minor=14484)
    order = rebuilt(
        Order.place(
            id=ORDER,
            account_id=ACCOUNT,
            brand="ponto",
            number="PON-O-2026-000001",
            invoice_id=INVOICE,
            items=[ordered_item(), addon, renewal],
            promotion_id=OTHER,
            terms_accepted_at=at,
            totals=totals,
        )
    )
    assert order.items == (ordered_item(), addon, renewal)
    assert (order.promotion_id, order.terms_accepted_at, order.totals) == (OTHER, at, totals)


def test_an_order_of_before_there_were_carts_reads_as_one_of_a_single_item() -> None:
    golden = golden_of("billing")["domain", "billing.order.placed", 1]
    state = msgspec.json.encode({**golden.data, "originator_topic": Order.TOPIC})
    stored = StoredEvent(ORDER, 1, golden.name, state)
    event: Any = TypedMapper(key=KEY).to_domain_event(stored)
    order = event.mutate(None)
    (item,) = order.items
    assert (item.service_id, item.kind) == (event.service_id, "product")
    assert item.total_minor == event.item.total_minor
    public: Any = publish(event, order)
    assert (public.service_id, public.total_minor) == (item.service_id, item.total_minor)


@pytest.mark.parametrize(
    "domain",
    ["example.com", "a.co", "xn--bcher-kva.example", "x1.y-2.z3.museum", f"{'a' * 63}.com"],
)
def test_a_proper_domain_name_is_taken(domain: str) -> None:
    assert placed_order(domain=domain).items[0].domain == domain


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "localhost",
        "-a.com",
        "a-.com",
        "a..com",
        ".com",
        "a.com.",
        "a b.com",
        "EXAMPLE.com",
        "127.0.0.1",
        "a.com\n",
        "a.com/x",
        "<script>.com",
        f"{'a' * 64}.com",
        ".".join(["a" * 60] * 5),
    ],
)
def test_what_is_no_domain_name_is_refused(domain: str) -> None:
    with pytest.raises(DomainNameInvalid):
        placed_order(domain=domain)


def test_an_order_can_be_given_up_once() -> None:
    order = (
        given(placed_order())
        .when(lambda o: o.cancel(today=TODAY, reason="client"))
        .then((Order.Cancelled, {"cancelled_on": TODAY, "reason": "client", "why": None}))
    )
    assert order.is_cancelled


def test_a_cancelled_order_is_not_cancelled_again() -> None:
    order = placed_order()
    order.cancel(today=TODAY, reason="client")
    given(order).when(lambda o: o.cancel(today=TODAY, reason="unpaid")).then_refused(
        OrderAlreadyCancelled
    )
