"""What a mail must know besides its notice: its reader, its brand, what it is about."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

LabelByLanguage = dict[str, str]
"""language tag -> text."""


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whom to write to: a user's own address, or the account's contact."""

    name: str
    email: str
    language: str
    account_number: str | None


@dataclass(frozen=True, kw_only=True)
class Brand:
    """The hosting company that writes."""

    slug: str
    name: str
    host: str
    default_language: str
    time_zone: str
    sender_name: str
    sender_email: str
    accent_colour: str
    company: str
    method_labels: dict[str, LabelByLanguage]


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """An issued invoice; the total is in minor units of the currency."""

    id: UUID
    number: str
    total_minor: int
    currency: str
    due_on: date


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that the account holds."""

    id: UUID
    product_name: LabelByLanguage
    domain: str


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A ticket with the message that the mail quotes."""

    id: UUID
    number: str
    subject: str
    author: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whom and what a notice is about; what it is not about is None."""

    recipient: Recipient
    brand: Brand
    invoice: Invoice | None = None
    service: Service | None = None
    ticket: Ticket | None = None
