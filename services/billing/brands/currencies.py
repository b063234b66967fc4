"""The currencies that a brand bills in."""

from services.billing.brands.brand import Brand
from shared.errors import Invalid


class CurrencyNotSold(Invalid):
    """The brand does not bill in this currency."""


def check_currency(brand: Brand, currency: str) -> None:
    """Raise `CurrencyNotSold` unless it is one of the brand's."""
    offered = [brand.settings.currency, *brand.settings.currencies]
    if currency not in offered:
        raise CurrencyNotSold(field="currency", offered=offered)
