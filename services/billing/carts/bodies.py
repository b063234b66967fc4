"""What requests and answers about carts say: exact types, bounded, each field named; no prices."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from services.billing.carts.cart import Cart
from services.billing.carts.items import (
    ADDON,
    MOST_PERIODS,
    PRODUCT,
    RENEWAL,
    CartItem,
    domain_name,
)
from services.billing.carts.preview import Preview, preview_of
from services.billing.catalogue.bodies import ChoiceBody, Cycle
from services.billing.catalogue.pricing import Choice
from services.billing.catalogue.terms import MOST_UNITS
from services.billing.invoices.bodies import TaxOut
from shared.http import Answer, Body, Id, Line

Quantity = Annotated[int, Field(ge=1, le=MOST_UNITS)]
Periods = Annotated[int, Field(ge=1, le=MOST_PERIODS)]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
TypedCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
BrandSlug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]


class CartBody(Body):
    """The brand that is chosen from."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"brand": "ponto"}]})

    brand: BrandSlug


class ItemBody(Body):
    """A product with its options, for a domain; with `parent_id` an addon.

    The parent is a service of the account, or another item of the cart by its id; an addon is for
    the parent's domain unless it says another. Options that are left out are as by default.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "product_id": "6a1f0f5e-8c4c-5f5e-9a55-0f7d6b1f2c11",
                    "cycle": "monthly",
                    "domain": "ana.example",
                    "options": [{"option": "memory", "value": "4gb"}],
                },
                {
                    "product_id": "0c5c2b0e-55f5-5b7e-8f59-4b3a5f1c9d22",
                    "cycle": "annual",
                    "parent_id": "019390a0-7c1e-7d42-9f3e-2b8d4a6c1e55",
                },
            ]
        }
    )

    product_id: Id
    cycle: Cycle
    domain: Line | None = None
    options: Annotated[list[ChoiceBody], Field(max_length=50)] = Field(default_factory=list)
    quantity: Quantity = 1
    parent_id: Id | None = None

    def item(self, item_id: UUID) -> CartItem:
        """As a value of the domain. `DomainNameInvalid`."""
        return CartItem(
            item_id=item_id,
            kind=ADDON if self.parent_id else PRODUCT,
            product_id=self.product_id,
            cycle=self.cycle,
            domain=domain_name(self.domain or "", is_needed=self.parent_id is None),
            choices=[Choice(**each.model_dump()) for each in self.options],
            quantity=self.quantity,
            parent_id=self.parent_id,
        )


class RenewalItemBody(Body):
    """The next periods of a service of the account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"service_id": "019390a0-7c1e-7d42-9f3e-2b8d4a6c1e55", "periods": 12}]
        }
    )

    service_id: Id
    periods: Periods = 1

    def item(self, item_id: UUID) -> CartItem:
        """As a value of the domain."""
        return CartItem(
            item_id=item_id, kind=RENEWAL, service_id=self.service_id, periods=self.periods
        )


class PromotionCodeBody(Body):
    """A promotion by its code, however it is typed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "welcome25"}]})

    code: TypedCode


def _is_accepted(value: bool) -> bool:
    if not value:
        raise ValueError("is not accepted")
    return value


class CheckoutBody(Body):
    """The fingerprint of the preview that the client has seen, and that the terms are accepted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"fingerprint": "0f343b0931126a20f133d67c2b018a3b", "accepts_terms": True}]
        }
    )

    fingerprint: Fingerprint
    accepts_terms: Annotated[bool, AfterValidator(_is_accepted)]


class CartId(Answer):
    """Which cart it is. A guest's is known to whoever has this id: keep it as a secret."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"cart_id": "019390a0-1111-7d42-9f3e-2b8d4a6c1e55"}]}
    )

    cart_id: UUID


class ItemId(Answer):
    """Which item it is; the service that it leads to will have the same id."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"item_id": "019390a0-7c1e-7d42-9f3e-2b8d4a6c1e55"}]}
    )

    item_id: UUID


class ChoiceOut(Answer):
    """What was chosen of an option."""

    option: str
    value: str | None
    quantity: int | None


class ItemOut(Answer):
    """One thing in a cart. `kind`: product, addon or renewal."""

    item_id: UUID
    kind: str
    product_id: UUID | None
    cycle: str
    domain: str
    options: list[ChoiceOut]
    quantity: int
    parent_id: UUID | None
    service_id: UUID | None
    periods: int


class CartOut(Answer):
    """A cart. `status`: open, checked_out (with `order_id`), adopted or expired."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cart_id": "019390a0-1111-7d42-9f3e-2b8d4a6c1e55",
                    "brand": "ponto",
                    "status": "open",
                    "changed_on": "2026-11-22",
                    "promotion_code": "WELCOME25",
                    "order_id": None,
                    "items": [
                        {
                            "item_id": "019390a0-7c1e-7d42-9f3e-2b8d4a6c1e55",
                            "kind": "product",
                            "product_id": "6a1f0f5e-8c4c-5f5e-9a55-0f7d6b1f2c11",
                            "cycle": "monthly",
                            "domain": "ana.example",
                            "options": [{"option": "memory", "value": "4gb", "quantity": None}],
                            "quantity": 1,
                            "parent_id": None,
                            "service_id": None,
                            "periods": 1,
                        }
                    ],
                }
            ]
        }
    )

    cart_id: UUID
    brand: str
    status: str
    changed_on: date
    promotion_code: str | None
    order_id: UUID | None
    items: list[ItemOut]


def cart_out(cart: Cart) -> CartOut:
    """The cart as it is answered."""
    return CartOut(
        cart_id=cart.id,
        brand=cart.brand,
        status=cart.status,
        changed_on=cart.changed_on,
        promotion_code=cart.promotion_code,
        order_id=cart.order_id,
        items=[_item_out(each) for each in cart.items.values()],
    )


def _item_out(item: CartItem) -> ItemOut:
    fields: dict[str, Any] = dict(vars(item))
    return ItemOut.model_validate({**fields, "options": fields.pop("choices")})


class PreviewLineOut(Answer):
    """A line as it will stand on the invoice; the end of a period is the day after its last."""

    kind: str
    description: str
    net_minor: int
    quantity: Decimal
    period_start: date | None
    period_end: date | None


class PreviewItemOut(Answer):
    """What an item costs; `renews_minor`: a whole period afterwards, before tax.

    It ends after `term_periods`, if that says any.
    """

    item_id: UUID
    kind: Literal["product", "addon", "renewal"]
    product_id: UUID
    product_name: dict[str, str]
    domain: str
    cycle: str
    quantity: int
    renews_minor: int | None
    term_periods: int | None = None
    lines: list[PreviewLineOut]


class PreviewOut(Answer):
    """What the cart costs: the invoice that its checkout issues, to the cent.

    `credit_minor` of it is paid by the account's credit at once. Send `fingerprint` with the
    checkout. For a guest the taxes are those at the seller's place.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "fingerprint": "0f343b0931126a20f133d67c2b018a3b",
                    "currency": "BRL",
                    "due_on": "2026-11-22",
                    "promotion_code": None,
                    "items": [
                        {
                            "item_id": "019390a0-7c1e-7d42-9f3e-2b8d4a6c1e55",
                            "kind": "product",
                            "product_id": "6a1f0f5e-8c4c-5f5e-9a55-0f7d6b1f2c11",
                            "product_name": {"en": "Start hosting"},
                            "domain": "ana.example",
                            "cycle": "monthly",
                            "quantity": 1,
                            "renews_minor": 2990,
                            "lines": [
                                {
                                    "kind": "new",
                                    "description": "Start hosting – ana.example (monthly)",
                                    "net_minor": 2990,
                                    "quantity": "1",
                                    "period_start": None,
                                    "period_end": None,
                                }
                            ],
                        }
                    ],
                    "taxes": [],
                    "prices_include_tax": False,
                    "notes": [],
                    "net_minor": 2990,
                    "tax_minor": 0,
                    "total_minor": 2990,
                    "credit_minor": 0,
                }
            ]
        }
    )

    fingerprint: str
    currency: str
    due_on: date
    promotion_code: str | None
    items: list[PreviewItemOut]
    taxes: list[TaxOut]
    prices_include_tax: bool
    notes: list[str]
    net_minor: int
    tax_minor: int
    total_minor: int
    credit_minor: int


def preview_out(preview: Preview) -> PreviewOut:
    """The preview as it is answered."""
    shown = preview_of(preview.quoted)
    return PreviewOut.model_validate({**shown, "credit_minor": preview.credit_minor})
