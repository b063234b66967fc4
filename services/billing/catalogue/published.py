"""What the catalogue tells the world."""

import msgspec

from services.billing.catalogue.product import Product, ProductTerms
from services.billing.catalogue.terms import Price
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_product(event: DomainEvent, product: Product) -> PublicEvent | None:
    """The public event of a product."""
    match event:
        case Product.Published(terms=terms) | Product.Revised(terms=terms):
            return _product_published(product, terms)
        case Product.RevisionPlanned(terms=terms, effective_on=effective_on):
            return billing.ProductRevisionPlanned(
                product_id=product.id, effective_on=effective_on, prices=_prices(terms.prices)
            )
        case Product.RevisionWithdrawn(effective_on=effective_on):
            return billing.ProductRevisionWithdrawn(
                product_id=product.id, effective_on=effective_on
            )
        case Product.Retired():
            return billing.ProductRetired(product_id=product.id)
        case _:
            return None


def _product_published(product: Product, terms: ProductTerms) -> PublicEvent:
    """The product as it can be ordered from now on."""
    return billing.ProductPublished(
        product_id=product.id,
        slug=terms.slug,
        name=terms.name,
        description=terms.description,
        features=terms.features,
        prices=_prices(terms.prices),
        sort=terms.sort,
        group=msgspec.convert(terms.group, billing.ProductGroup | None, from_attributes=True),
        addon_to=[Product.id_of(product.brand, slug) for slug in terms.addon_to],
        options=msgspec.convert(terms.options, list[billing.ProductOption], from_attributes=True),
        upgrades_to=[Product.id_of(product.brand, slug) for slug in terms.upgrades_to],
        stock=terms.stock,
        term_periods=terms.term_periods,
        tax_category=terms.tax_category,
    )


def _prices(prices: list[Price]) -> list[billing.Price]:
    return msgspec.convert(prices, list[billing.Price], from_attributes=True)
