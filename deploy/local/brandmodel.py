"""What a brand file says: its shape. Ids are short lower-case words."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from deploy.local.brandbanks import BankAccount, PixReceiver
from deploy.local.brandcatalogue import Group, Product, Promotion, Rules
from deploy.local.brandtax import Tax
from deploy.local.brandwords import (
    Colour,
    Currency,
    Days,
    Email,
    HostName,
    Key,
    Language,
    Line,
    Part,
    Slug,
    TimeZone,
    Words,
)


class TransferAccount(Part):
    """An account of which statements are imported, as the files of its bank name it."""

    number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ./-]{1,40}$")]
    currency: Currency
    bank_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{0,12}$")] = ""
    branch: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{0,12}$")] = ""


class PaymentMethod(Part):
    """A way to pay; `details` are what a payer needs for a transfer.

    A boleto names a bank account of the brand, PIX a receiver; these have gateways of their own.
    """

    id: Slug
    kind: Literal["hosted_page", "bank_transfer", "boleto", "pix"]
    label: Words
    clearing_days: Days
    details: dict[Key, Line] = Field(default_factory=dict)
    gateway: Slug | None = None
    bank_account: Slug | None = None
    pix_receiver: Slug | None = None
    accounts: list[TransferAccount] = Field(default_factory=list)


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
    reminder_days_before: list[Days] = Field(default_factory=lambda: [7, 1])
    overdue_notice_days: list[Days] = Field(default_factory=lambda: [1, 3, 7])
    suspension_days: Days = 5
    suspension_warning_days: Days = 2
    termination_days: Days | None = None
    unpaid_order_days: Days = 7


class Brand(Part):
    """A hosting company. It sells in `currencies` besides `currency`; `rules` change defaults."""

    slug: Slug
    name: Line
    hosts: Annotated[list[HostName], Field(min_length=1)]
    languages: Annotated[list[Language], Field(min_length=1)]
    default_language: Language
    time_zone: TimeZone
    currency: Currency
    currencies: list[Currency] = Field(default_factory=list)
    invoice_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,10}$")] | None = None
    sender_name: Line
    sender_email: Email
    accent_colour: Colour
    payee: dict[Key, Line]
    payment_methods: Annotated[list[PaymentMethod], Field(min_length=1)]
    departments: Annotated[list[Department], Field(min_length=1)]
    dunning: Dunning = Dunning()
    rules: Rules = Field(default_factory=dict)
    tax: Tax = Tax()
    bank_accounts: list[BankAccount] = Field(default_factory=list)
    pix_receivers: list[PixReceiver] = Field(default_factory=list)


class Member(Part):
    """A member of staff; the password is made here and shown once, it never stands in a file.

    `role`: what they may do; an administrator may do everything.
    """

    name: Line
    email: Email
    role: Literal["support", "billing", "manager", "admin"] = "admin"


class BrandFile(Part):
    """The whole file."""

    brand: Brand
    groups: list[Group] = Field(default_factory=list)
    products: list[Product] = Field(default_factory=list)
    promotions: list[Promotion] = Field(default_factory=list)
    staff: list[Member] = Field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """What billing is told, as JSON values; the slug and the staff are not among."""
        told = self.model_dump(mode="json", exclude={"staff"})
        brand = told.pop("brand")
        for promotion in told["promotions"]:
            promotion["rate_percent"] = promotion["rate_percent"] or "0"
        for method in brand["payment_methods"]:
            method["gateway"] = method["gateway"] or _gateway_of(method["kind"])
        return {**{name: each for name, each in brand.items() if name != "slug"}, **told}


def _gateway_of(kind: str) -> str:
    return kind if kind in {"boleto", "pix"} else "sandbox"
