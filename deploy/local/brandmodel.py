"""What a brand file says: the shape, and what must fit together. Ids are short lower-case words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

LEAST_CONTRAST = 4.5
"""Of the accent colour with white, for text (WCAG 2.2, 1.4.3)."""
Where = tuple[str | int, ...]
"""The place of a value: field names and list indices."""


def _time_zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("is no time zone of the IANA database, as in America/Sao_Paulo")
    return text


def _currency(text: str) -> str:
    if text not in list_currencies():
        raise ValueError("is no ISO 4217 currency, as in BRL")
    return text


def _language(text: str) -> str:
    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError):
        raise ValueError("is no language tag, as in pt-BR") from None
    return text


def _email(text: str) -> str:
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return text


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of `#rrggbb` with white (WCAG 2.2, relative luminance).

    >>> round(contrast_with_white("#000000"), 1)
    21.0
    """
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)


def _readable_colour(text: str) -> str:
    ratio = contrast_with_white(text)
    if ratio < LEAST_CONTRAST:
        raise ValueError(
            f"has a contrast of {ratio:.1f}:1 with white; {LEAST_CONTRAST}:1 is needed"
        )
    return text


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Language = Annotated[str, AfterValidator(_language)]
Currency = Annotated[str, AfterValidator(_currency)]
Email = Annotated[str, AfterValidator(_email)]
HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
Colour = Annotated[
    str, StringConstraints(pattern=r"^#[0-9a-f]{6}$"), AfterValidator(_readable_colour)
]
Days = Annotated[int, Field(ge=0, le=365)]
Minor = Annotated[int, Field(ge=0, lt=10**12)]
Words = dict[Language, Line]
"""A text by language tag."""


class Part(BaseModel):
    """The base of everything in the file: exact types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PaymentMethod(Part):
    """A way to pay; `details` are what a payer needs for a transfer."""

    id: Slug
    kind: Literal["hosted_page", "bank_transfer"]
    label: Words
    clearing_days: Days
    details: dict[Key, Line] = {}


class Department(Part):
    """Where a ticket can go."""

    id: Slug
    name: Words
    description: Words


class Dunning(Part):
    """When invoices are issued and due, and what happens when they are not paid. All in days.

    `termination_days` counts from the suspension; null: services are never terminated.
    """

    new_order_due_days: Days = 0
    renewal_days_before: Days = 14
    reminder_days_before: list[Days] = [7, 1]
    overdue_notice_days: list[Days] = [1, 3, 7]
    suspension_days: Days = 5
    suspension_warning_days: Days = 2
    termination_days: Days | None = None
    unpaid_order_days: Days = 7


class Price(Part):
    """What one cycle costs; `setup_minor` once, with the first period."""

    cycle: Literal["monthly", "quarterly", "semiannual", "annual", "biennial", "triennial"]
    currency: Currency
    recurring_minor: Annotated[int, Field(gt=0, lt=10**12)]
    setup_minor: Minor = 0


class Product(Part):
    """A product that clients can order; `plan` is the panel's name for it, else the slug."""

    slug: Slug
    plan: Line | None = None
    name: Words
    description: Words
    features: dict[Language, list[Line]]
    prices: Annotated[list[Price], Field(min_length=1)]
    sort: Annotated[int, Field(ge=0, le=10_000)] = 0


class Brand(Part):
    """A hosting company."""

    slug: Slug
    name: Line
    hosts: Annotated[list[HostName], Field(min_length=1)]
    languages: Annotated[list[Language], Field(min_length=1)]
    default_language: Language
    time_zone: Annotated[str, AfterValidator(_time_zone)]
    currency: Currency
    invoice_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,10}$")] | None = None
    sender_name: Line
    sender_email: Email
    accent_colour: Colour
    payee: dict[Key, Line]
    payment_methods: Annotated[list[PaymentMethod], Field(min_length=1)]
    departments: Annotated[list[Department], Field(min_length=1)]
    dunning: Dunning = Dunning()


class Member(Part):
    """A member of staff; the password is made here and shown once, it never stands in a file."""

    name: Line
    email: Email


class BrandFile(Part):
    """The whole file."""

    brand: Brand
    products: list[Product] = []
    staff: list[Member] = []


def contradictions(file: BrandFile) -> Iterator[tuple[Where, str]]:
    """What does not fit together in a file whose parts are well formed: where, and why."""
    brand = file.brand
    if brand.default_language not in brand.languages:
        yield ("brand", "default_language"), "is not one of the brand's languages"
    yield from _repeated(("brand", "payment_methods"), (m.id for m in brand.payment_methods))
    yield from _repeated(("brand", "departments"), (d.id for d in brand.departments))
    yield from _repeated(("products",), (product.slug for product in file.products))
    for place, product in enumerate(file.products):
        yield from _repeated(("products", place, "prices"), (p.cycle for p in product.prices))
        for number, price in enumerate(product.prices):
            if price.currency != brand.currency:
                yield (
                    ("products", place, "prices", number, "currency"),
                    f"is not the brand's {brand.currency}",
                )
    for where, words in _texts(file):
        if missing := sorted(set(brand.languages) - set(words)):
            yield where, f"has no text in {', '.join(missing)}"


def _repeated(where: Where, ids: Iterable[str]) -> Iterator[tuple[Where, str]]:
    known: set[str] = set()
    for place, each in enumerate(ids):
        if each in known:
            yield (*where, place), f"{each} stands there twice"
        known.add(each)


def _texts(file: BrandFile) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    """Every text by language, with its place."""
    for place, method in enumerate(file.brand.payment_methods):
        yield ("brand", "payment_methods", place, "label"), method.label
    for place, department in enumerate(file.brand.departments):
        yield ("brand", "departments", place, "name"), department.name
        yield ("brand", "departments", place, "description"), department.description
    for place, product in enumerate(file.products):
        yield ("products", place, "name"), product.name
        yield ("products", place, "description"), product.description
        yield ("products", place, "features"), product.features
