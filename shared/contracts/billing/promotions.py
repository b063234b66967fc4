"""What is cheaper for a while, and who had it. Amounts in minor units, by currency (ISO 4217)."""

from datetime import date
from uuid import UUID

import msgspec

from shared.contracts.event import PublicEvent


class PromotionPublished(PublicEvent, frozen=True, kw_only=True):
    """A promotion as it is from now on; dates are the brand's, `ends_on` is its last day.

    `kind`: percent (of `rate_percent`), fixed (so much less), price (instead of the product's) or
    free_setup. `periods` counts from the first; None: for ever. Empty `products` (slugs) and
    `cycles` exclude none. `label` and `banner` by language; without a banner it is not advertised.
    """

    promotion_id: UUID
    code: str
    kind: str
    label: dict[str, str]
    rate_percent: str = "0"
    amounts: dict[str, int] = msgspec.field(default_factory=dict)
    covers_setup: bool = False
    periods: int | None = 1
    starts_on: date | None = None
    ends_on: date | None = None
    products: list[str] = msgspec.field(default_factory=list)
    cycles: list[str] = msgspec.field(default_factory=list)
    new_clients_only: bool = False
    limit: int | None = None
    limit_per_client: int | None = None
    banner: dict[str, str] = msgspec.field(default_factory=dict)
    origin: str = "staff"


class PromotionEnded(PublicEvent, frozen=True, kw_only=True):
    """Nobody can use it any more; what was ordered with it keeps it."""

    promotion_id: UUID
    ended_on: date


class PromotionUsed(PublicEvent, frozen=True, kw_only=True):
    """The account ordered with the promotion."""

    promotion_id: UUID
    order_id: UUID
    code: str


class PromotionReleased(PublicEvent, frozen=True, kw_only=True):
    """The order was given up unpaid: the use counts no more."""

    promotion_id: UUID
    order_id: UUID
    code: str
