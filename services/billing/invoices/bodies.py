"""What requests and answers about invoices share: exact types, bounded, each field named."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from shared.http.body import Answer, Body, Line
from shared.money import round_half_up

HIGHEST_MINOR = 10**12

Amount = Annotated[int, Field(gt=-HIGHEST_MINOR, lt=HIGHEST_MINOR)]
Charge = Annotated[int, Field(gt=0, lt=HIGHEST_MINOR)]
TaxCategory = Literal["standard", "reduced", "zero", "exempt"]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


def _above_zero(text: str) -> str:
    if not Decimal(text):
        raise ValueError("is not above zero")
    return text


Quantity = Annotated[
    str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,4})?$"), AfterValidator(_above_zero)
]
"""A decimal text above zero, such as 1 or 2.5."""


class MoneyLine(Body):
    """A line as priced: with tax where the brand's prices include it. Below zero takes off."""

    description: Line
    net_minor: Amount


def whole_minor(quantity: str, unit_minor: int) -> int:
    """So many at so much each, rounded half up.

    >>> whole_minor("2.5", 333)
    833
    """
    return round_half_up(Fraction(Decimal(quantity)) * unit_minor)


class ReasonBody(Body):
    """A sentence of staff's that stays with what is done."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The client went out of business."}]}
    )

    reason: Line


class TaxOut(Answer):
    """The tax of one rate on the sum of its lines; `category` as in UNCL 5305 (EN 16931).

    An informative one is contained in the price and told: no part of the document's tax.
    """

    name: str
    category: str
    rate_percent: Decimal
    taxable_minor: int
    tax_minor: int
    note: str = ""
    is_informative: bool = False
