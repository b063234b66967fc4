"""What the catalogue tells the world."""

from typing import Any

import msgspec

from services.billing.catalogue.product import ProductTerms
from shared.contracts import PublicEvent, billing


def product_published(product: Any, terms: ProductTerms) -> PublicEvent:
    """The product as it can be ordered from now on."""
    return billing.ProductPublished(
        product_id=product.id,
        slug=terms.slug,
        name=terms.name,
        description=terms.description,
        features=terms.features,
        prices=msgspec.convert(terms.prices, list[billing.Price], from_attributes=True),
        sort=terms.sort,
    )
