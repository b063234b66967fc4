"""What a brand is, and the business days that its automation works on."""

from datetime import date

import msgspec

from shared.contracts.event import PublicEvent


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay that a brand offers; `clearing_days` is shown to the client."""

    id: str
    kind: str  # hosted_page | bank_transfer
    label: dict[str, str]
    clearing_days: int
    details: dict[str, str] = {}


class Department(msgspec.Struct, frozen=True, kw_only=True):
    """Where a ticket can go; name and description by language."""

    id: str
    name: dict[str, str]
    description: dict[str, str]


class BrandConfigured(PublicEvent, frozen=True, kw_only=True):
    """A hosting company's settings as they are from now on; the slug is the envelope's brand.

    `currencies` are those that it sells in besides `currency`.
    """

    name: str
    hosts: list[str]
    languages: list[str]
    default_language: str
    time_zone: str
    currency: str
    sender_name: str
    sender_email: str
    accent_colour: str
    payee: dict[str, str]
    payment_methods: list[PaymentMethod]
    departments: list[Department]
    currencies: list[str] = msgspec.field(default_factory=list)


class BusinessDayStarted(PublicEvent, frozen=True, kw_only=True):
    """The brand's automation works on this local date; once per brand and date, in order."""

    day: date
