"""An order: placed -> cancelled, as long as its invoice is not paid. Amounts in minor units."""

from dataclasses import field, replace
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.carts.items import RENEWAL, check_domain
from services.billing.invoices.lines import Totals
from services.billing.orders.items import OrderedItem, service_of
from services.billing.why.why import Why
from shared.errors import Conflict


class OrderAlreadyCancelled(Conflict):
    """The order has been cancelled before."""


class Order(Aggregate):
    """What a client wanted at once, together with the services and the invoice it led to.

    It keeps the prices that it was made with. `terms_accepted_at`: when the client accepted the
    terms of service, as far as it was asked.
    """

    TOPIC = "billing.order"

    class Event(Aggregate.Event):
        TOPIC = "billing.order.event"

    class Placed(Aggregate.Created):
        """Orders of one product, before there were carts, have `service_id` and `item` instead."""

        TOPIC = "billing.order.placed"
        account_id: UUID
        brand: str
        number: str
        invoice_id: UUID
        service_id: UUID | None = None
        item: OrderedItem | None = None
        items: list[OrderedItem] = field(default_factory=list)
        promotion_id: UUID | None = None
        terms_accepted_at: datetime | None = None
        totals: Totals | None = None

    class Cancelled(Aggregate.Event):
        TOPIC = "billing.order.cancelled"
        cancelled_on: date
        reason: str
        why: Why | None = None

    @classmethod
    def place(cls, **says: Any) -> Self:
        """An order of at least one item, each for a domain name. `DomainNameInvalid`.

        `says`: what the event says.
        """
        items: list[OrderedItem] = says["items"]
        assert items, "an order is about something"
        for item in items:
            service_of(item)
            if item.kind != RENEWAL:
                check_domain(item.domain)
        optional = {"promotion_id": None, "terms_accepted_at": None, "totals": None}
        return cls(**{**optional, **says, "service_id": None, "item": None})

    @event(Placed)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        number: str,
        invoice_id: UUID,
        service_id: UUID | None,
        item: OrderedItem | None,
        items: list[OrderedItem],
        promotion_id: UUID | None,
        terms_accepted_at: datetime | None,
        totals: Totals | None,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.number = number
        self.invoice_id = invoice_id
        self.items = items_of(service_id, item, items=items)
        self.promotion_id = promotion_id
        self.terms_accepted_at = terms_accepted_at
        self.totals = totals
        self.is_cancelled = False

    def cancel(self, *, today: date, reason: str, why: Why | None = None) -> None:
        """Give the order up. A second time is `OrderAlreadyCancelled`."""
        if self.is_cancelled:
            raise OrderAlreadyCancelled(number=self.number)
        self._cancelled(cancelled_on=today, reason=reason, why=why)

    @event(Cancelled)
    def _cancelled(self, cancelled_on: date, reason: str, *, why: Why | None) -> None:
        self.is_cancelled = True


def items_of(
    service_id: UUID | None, item: OrderedItem | None, *, items: list[OrderedItem]
) -> tuple[OrderedItem, ...]:
    """The items of an order of any time, each with its service."""
    return tuple(items) or ((replace(item, service_id=service_id),) if item else ())
