"""What clients ordered. Amounts are integer minor units of `currency` (ISO 4217)."""

from datetime import date
from uuid import UUID

from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent


class OrderPlaced(PublicEvent, frozen=True, kw_only=True):
    """A client ordered; the invoice follows in the same transaction."""

    order_id: UUID
    number: str
    product_id: UUID
    service_id: UUID
    invoice_id: UUID
    cycle: str
    domain: str
    total_minor: int
    currency: str


class OrderCancelled(PublicEvent, frozen=True, kw_only=True):
    """The order is void, its invoice with it; `reason` is `client` or `unpaid`."""

    order_id: UUID
    number: str
    service_id: UUID
    invoice_id: UUID
    cancelled_on: date
    reason: str
    why: Why | None = None
