"""What can be ordered. Amounts are integer minor units of `currency` (ISO 4217)."""

from uuid import UUID

import msgspec

from shared.contracts.event import PublicEvent


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What one cycle of a product costs; `setup_minor` once, with the first period."""

    cycle: str
    currency: str
    recurring_minor: int
    setup_minor: int = 0


class ProductPublished(PublicEvent, frozen=True, kw_only=True):
    """A product that clients can order, as it is from now on; name and description by language."""

    product_id: UUID
    slug: str
    name: dict[str, str]
    description: dict[str, str]
    features: dict[str, list[str]]
    prices: list[Price]
    sort: int


class ProductRetired(PublicEvent, frozen=True, kw_only=True):
    """The product can no longer be ordered; services that hold it go on."""

    product_id: UUID
