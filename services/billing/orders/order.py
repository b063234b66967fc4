"""An order: placed -> cancelled, as long as its invoice is not paid. Amounts in minor units."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.why.why import Why
from shared.errors import Conflict, Invalid

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}\Z){_LABEL}(?:\.{_LABEL})*\.(?!\d+\Z){_LABEL}")


class DomainNameInvalid(Invalid):
    """This is not a domain name such as example.com."""


class OrderAlreadyCancelled(Conflict):
    """The order has been cancelled before."""


@dataclass(frozen=True, kw_only=True)
class OrderedItem:
    """What was ordered; `total_minor` is what its first invoice asks for."""

    product_id: UUID
    cycle: str
    domain: str
    total_minor: int
    currency: str


class Order(Aggregate):
    """A client's wish for a product, together with the service and the invoice it led to."""

    TOPIC = "billing.order"

    class Event(Aggregate.Event):
        TOPIC = "billing.order.event"

    class Placed(Aggregate.Created):
        TOPIC = "billing.order.placed"
        account_id: UUID
        brand: str
        number: str
        service_id: UUID
        invoice_id: UUID
        item: OrderedItem

    class Cancelled(Aggregate.Event):
        TOPIC = "billing.order.cancelled"
        cancelled_on: date
        reason: str
        why: Why | None = None

    @classmethod
    def place(
        cls,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        number: str,
        service_id: UUID,
        invoice_id: UUID,
        item: OrderedItem,
    ) -> Self:
        """An order of one product for one domain name."""
        if not _DOMAIN.fullmatch(item.domain):
            raise DomainNameInvalid()
        return cls(
            id=id,
            account_id=account_id,
            brand=brand,
            number=number,
            service_id=service_id,
            invoice_id=invoice_id,
            item=item,
        )

    @event(Placed)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        number: str,
        service_id: UUID,
        invoice_id: UUID,
        item: OrderedItem,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.number = number
        self.service_id = service_id
        self.invoice_id = invoice_id
        self.item = item
        self.is_cancelled = False

    def cancel(self, *, today: date, reason: str, why: Why | None = None) -> None:
        """Give the order up. A second time is `OrderAlreadyCancelled`."""
        if self.is_cancelled:
            raise OrderAlreadyCancelled(number=self.number)
        self._cancelled(cancelled_on=today, reason=reason, why=why)

    @event(Cancelled)
    def _cancelled(self, cancelled_on: date, reason: str, *, why: Why | None) -> None:
        self.is_cancelled = True
