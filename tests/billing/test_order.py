"""Orders: placed for a proper domain name, given up once."""

import pytest

from services.billing.orders.order import DomainNameInvalid, Order, OrderAlreadyCancelled
from tests.billing.samples import (
    INVOICE,
    ORDER,
    SERVICE,
    TODAY,
    ordered_item,
    placed_order,
)
from tests.given import given, rebuilt


def test_a_placed_order_names_what_it_led_to() -> None:
    order = rebuilt(placed_order())
    assert (order.id, order.service_id, order.invoice_id) == (ORDER, SERVICE, INVOICE)
    assert (order.item, order.is_cancelled) == (ordered_item(), False)


@pytest.mark.parametrize(
    "domain",
    ["example.com", "a.co", "xn--bcher-kva.example", "x1.y-2.z3.museum", f"{'a' * 63}.com"],
)
def test_a_proper_domain_name_is_taken(domain: str) -> None:
    assert placed_order(domain=domain).item.domain == domain


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
