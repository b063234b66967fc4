"""Applying a brand file: one document with the brand's settings and its whole catalogue."""

from typing import Annotated, Literal

import msgspec
from fastapi import Path
from pydantic import Field

from services.billing.brands.brand import (
    BrandSettings,
    DefaultLanguageNotOffered,
    DunningDaysContradict,
    DuplicateSetting,
    TimeZoneUnknown,
)
from services.billing.brands.commands import ConfigureBrand, configure_brand
from services.billing.catalogue.product import PriceInvalid, ProductTerms
from shared.http import Body, Call, Line, Paragraph, Router, Who

router = Router(tags=["brands"])

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Minor = Annotated[int, Field(ge=0, le=10**12)]
Days = Annotated[int, Field(ge=0, le=3660)]
Texts = dict[Language, Line]


class PaymentMethodBody(Body):
    """A way to pay; `details` are shown to who chooses a bank transfer."""

    id: Slug
    kind: Literal["hosted_page", "bank_transfer"]
    label: Texts
    clearing_days: Days = 0
    details: dict[Line, Line] = Field(default_factory=dict)


class DepartmentBody(Body):
    """Where a ticket can go."""

    id: Slug
    name: Texts
    description: Texts


class DunningBody(Body):
    """Spans in days; what is left out has the default of product.md."""

    new_order_due_days: Days = 0
    renewal_days_before: Days = 14
    reminder_days_before: list[Days] = Field(default_factory=lambda: [7, 1])
    overdue_notice_days: list[Days] = Field(default_factory=lambda: [1, 3, 7])
    suspension_days: Days = 5
    suspension_warning_days: Days = 2
    termination_days: Days | None = None
    unpaid_order_days: Days = 7


class PriceBody(Body):
    """What one cycle costs, in minor units; the currency is the brand's if left out."""

    cycle: Literal["monthly", "quarterly", "semiannual", "annual", "biennial", "triennial"]
    recurring_minor: Annotated[int, Field(gt=0, le=10**12)]
    setup_minor: Minor = 0
    currency: Currency | None = None


class ProductBody(Body):
    """A product; `plan` is the panel's name for it, the slug if left out."""

    slug: Slug
    plan: Line | None = None
    name: Texts
    description: dict[Language, Paragraph] = Field(default_factory=dict)
    features: dict[Language, list[Line]] = Field(default_factory=dict)
    prices: Annotated[list[PriceBody], Field(min_length=1)]
    sort: Annotated[int, Field(ge=0, le=10_000)] = 0

    def terms(self, currency: str) -> ProductTerms:
        """As a value of the domain."""
        fields = self.model_dump()
        for price in fields["prices"]:
            price["currency"] = price["currency"] or currency
        return msgspec.convert({**fields, "plan": self.plan or self.slug}, ProductTerms)


class BrandBody(Body):
    """A brand file. `invoice_prefix` stands before each number; else the slug's first letters."""

    name: Line
    hosts: list[Line]
    languages: Annotated[list[Language], Field(min_length=1)]
    default_language: Language
    time_zone: Line
    currency: Currency
    invoice_prefix: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,10}$")] | None = None
    sender_name: Line
    sender_email: Line
    accent_colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    payee: dict[Line, Line]
    payment_methods: Annotated[list[PaymentMethodBody], Field(min_length=1)]
    departments: list[DepartmentBody]
    dunning: DunningBody = DunningBody()
    products: list[ProductBody]

    def settings(self, slug: str) -> BrandSettings:
        """As a value of the domain."""
        prefix = self.invoice_prefix or slug.replace("-", "")[:3].upper()
        return msgspec.convert({**self.model_dump(), "invoice_prefix": prefix}, BrandSettings)


@router.put(
    "/internal/brands/{slug}",
    status_code=204,
    who=Who.INTERNAL,
    errors=(
        TimeZoneUnknown,
        DefaultLanguageNotOffered,
        DuplicateSetting,
        DunningDaysContradict,
        PriceInvalid,
    ),
)
async def put_brand(
    slug: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")], body: BrandBody, call: Call
) -> None:
    """Set the brand up as its file says; the same file again changes nothing."""
    command = ConfigureBrand(
        slug=slug,
        settings=body.settings(slug),
        products=[product.terms(body.currency) for product in body.products],
    )
    await configure_brand(command, call.tx)
