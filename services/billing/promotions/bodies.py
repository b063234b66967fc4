"""What a request may say of a promotion: exact types, bounded, each field named."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

import msgspec
from pydantic import AfterValidator, ConfigDict, Field

from services.billing.catalogue.bodies import Currency, Cycle, Language, Minor, Slug, Texts
from services.billing.promotions.promotion import MOST_PERIODS, MOST_USES, PromotionTerms
from shared.http.body import Body, Day, Line

Code = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$"),
    AfterValidator(str.upper),
]
"""As it is kept: in large letters."""


def _rate(text: str) -> str:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise ValueError("is no decimal number") from None
    if not 0 <= rate <= 100:
        raise ValueError("is not within 0 and 100")
    return text


Rate = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?$"), AfterValidator(_rate)]
"""A share of a hundred as a decimal text, such as 12.5."""
Uses = Annotated[int, Field(ge=1, le=MOST_USES)]


class PromotionBody(Body):
    """A promotion. `amounts` by currency are of the kinds fixed and price, the rate of percent.

    `periods`: how many, from the first; null: for ever. `ends_on` is the last day. Without
    `products` and `cycles` it is for all.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "WELCOME25",
                    "kind": "percent",
                    "rate_percent": "25",
                    "label": {"en": "Welcome: 25 % off"},
                    "periods": 3,
                    "ends_on": "2026-12-31",
                    "cycles": ["monthly"],
                    "new_clients_only": True,
                    "limit": 500,
                    "banner": {"en": "25 % off for three months with WELCOME25"},
                }
            ]
        }
    )

    code: Code
    kind: Literal["percent", "fixed", "price", "free_setup"]
    label: Annotated[Texts, Field(min_length=1)]
    rate_percent: Rate = "0"
    amounts: dict[Currency, Minor] = Field(default_factory=dict)
    covers_setup: bool = False
    periods: Annotated[int, Field(ge=1, le=MOST_PERIODS)] | None = 1
    starts_on: Day | None = None
    ends_on: Day | None = None
    products: Annotated[list[Slug], Field(max_length=500)] = Field(default_factory=list)
    cycles: Annotated[list[Cycle], Field(max_length=8)] = Field(default_factory=list)
    new_clients_only: bool = False
    limit: Uses | None = None
    limit_per_client: Uses | None = None
    banner: dict[Language, Line] = Field(default_factory=dict)

    def terms(self) -> PromotionTerms:
        """As a value of the domain."""
        return msgspec.convert(self.model_dump(), PromotionTerms)
