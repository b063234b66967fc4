"""What clients ordered. Amounts are integer minor units of `currency` (ISO 4217)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from shared.contracts.billing.services import ServiceOption
from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent


class OrderedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was ordered: a product, an addon to `parent_id`, or `periods` of a service.

    `kind`: product, addon or renewal. `service_id` is the service that it leads to, or that it
    renews. `total_minor` is what it costs at once, before tax; `recurring_minor` is one product's
    price for a period. `catalogue_version`: the edition of the product that its prices are of.
    """

    product_id: UUID
    service_id: UUID
    kind: str
    cycle: str
    domain: str
    total_minor: int
    quantity: int = 1
    parent_id: UUID | None = None
    periods: int = 1
    options: list[ServiceOption] = msgspec.field(default_factory=list)
    recurring_minor: int = 0
    setup_minor: int = 0
    discount_minor: int = 0
    catalogue_version: int = 0


class OrderPlaced(PublicEvent, frozen=True, kw_only=True):
    """A client ordered; the invoice over `total_minor` follows in the same transaction.

    `product_id`, `service_id`, `cycle` and `domain` are those of the first of `items`, which are
    all that was ordered (empty in orders of before, which had one).
    """

    order_id: UUID
    number: str
    product_id: UUID
    service_id: UUID
    invoice_id: UUID
    cycle: str
    domain: str
    total_minor: int
    currency: str
    items: list[OrderedItem] = msgspec.field(default_factory=list)
    promotion_id: UUID | None = None
    terms_accepted_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class OrderCancelled(PublicEvent, frozen=True, kw_only=True):
    """The order is void, its invoice with it; `reason` is `client`, `staff` or `unpaid`.

    `service_ids`: those that it was about, `service_id` being the first; renewed ones go on.
    """

    order_id: UUID
    number: str
    service_id: UUID
    invoice_id: UUID
    cancelled_on: date
    reason: str
    why: Why | None = None
    service_ids: list[UUID] = msgspec.field(default_factory=list)
