"""What can be ordered. Amounts are integer minor units of `currency` (ISO 4217)."""

from datetime import date
from uuid import UUID

import msgspec

from shared.contracts.event import PublicEvent


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What one cycle of a product costs; `setup_minor` once, with the first period."""

    cycle: str
    currency: str
    recurring_minor: int
    setup_minor: int = 0


class ProductGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf of the catalogue; texts by language, `sort` orders the shelves of a brand."""

    slug: str
    name: dict[str, str]
    description: dict[str, str] = {}
    sort: int = 0


class OptionValue(msgspec.Struct, frozen=True, kw_only=True):
    """One of the values of a choice; without prices it is included."""

    id: str
    name: dict[str, str]
    prices: list[Price] = []


class ProductOption(msgspec.Struct, frozen=True, kw_only=True):
    """What a client configures: one of `values`, or so many units at `prices` each."""

    id: str
    kind: str  # choice | quantity
    name: dict[str, str]
    values: list[OptionValue] = []
    minimum: int = 0
    maximum: int = 0
    prices: list[Price] = []


class ProductPublished(PublicEvent, frozen=True, kw_only=True):
    """A product that clients can order, as it is from now on; name and description by language.

    With `addon_to` it is only sold for services of these products. `upgrades_to` are the products
    that a service of this one may go up to; `stock` is how many can be held at once. A service ends
    after `term_periods`, None: when it is cancelled.
    """

    product_id: UUID
    slug: str
    name: dict[str, str]
    description: dict[str, str]
    features: dict[str, list[str]]
    prices: list[Price]
    sort: int
    group: ProductGroup | None = None
    addon_to: list[UUID] = msgspec.field(default_factory=list)
    options: list[ProductOption] = msgspec.field(default_factory=list)
    upgrades_to: list[UUID] = msgspec.field(default_factory=list)
    stock: int | None = None
    tax_category: str = "standard"
    term_periods: int | None = None


class ProductRevisionPlanned(PublicEvent, frozen=True, kw_only=True):
    """From a later date on the product will cost this; `ProductPublished` follows on that day."""

    product_id: UUID
    effective_on: date
    prices: list[Price]


class ProductRevisionWithdrawn(PublicEvent, frozen=True, kw_only=True):
    """What was planned for this date will not be."""

    product_id: UUID
    effective_on: date


class ProductRetired(PublicEvent, frozen=True, kw_only=True):
    """The product can no longer be ordered; services that hold it go on."""

    product_id: UUID
