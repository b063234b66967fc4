"""What was ordered, as values: each item as it was priced. Amounts in minor units, before tax."""

from dataclasses import dataclass, field
from uuid import UUID

from services.billing.catalogue.terms import ChosenOption


@dataclass(frozen=True, kw_only=True)
class OrderedItem:
    """One thing that was ordered, with the service that it led to, or that it renews.

    `kind`: product, addon (for the service `parent_id`) or renewal (of `periods`). `total_minor` is
    what its lines on the invoice come to; `recurring_minor` is one product's price for a period,
    `setup_minor` the set-up of all, `discount_minor` what was taken off. `catalogue_version`: the
    edition of the product whose prices it keeps.
    """

    product_id: UUID
    cycle: str
    domain: str
    total_minor: int
    currency: str
    kind: str = "product"
    service_id: UUID | None = None
    options: list[ChosenOption] = field(default_factory=list)
    quantity: int = 1
    parent_id: UUID | None = None
    periods: int = 1
    recurring_minor: int = 0
    setup_minor: int = 0
    discount_minor: int = 0
    catalogue_version: int = 0


def service_of(item: OrderedItem) -> UUID:
    """The service that an item led to, or that it renews."""
    assert item.service_id, "an item has a service"
    return item.service_id
