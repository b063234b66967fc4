"""A hosting company's settings: configured -> configured anew, as often as its file is applied."""

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Self
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import available_timezones

from eventsourcing.domain import Aggregate, event

from services.billing.brands.transfer_accounts import (
    BankAccountInvalid,
    TransferAccount,
    check_accounts,
)
from services.billing.rules.rules import Rules
from services.billing.tax.brand_taxes import BrandTaxes
from shared.errors import Invalid, NotFound

HOSTED_PAGE = "hosted_page"
BANK_TRANSFER = "bank_transfer"


class TimeZoneUnknown(Invalid):
    """The time zone has no entry in the IANA database."""


class DefaultLanguageNotOffered(Invalid):
    """The default language is not one of the brand's languages."""


class DuplicateSetting(Invalid):
    """Two payment methods, departments or currencies have the same id."""


class DunningDaysContradict(Invalid):
    """The days of reminders, notices, warning and suspension do not fit together."""


class NumberingGoesOn(Invalid):
    """Numbers that begin anew each year cannot go back to one count: they would come twice."""


class PaymentMethodUnknown(NotFound):
    """The brand offers no such way to pay."""


class PaymentMethodNotOnline(Invalid):
    """This way to pay has no payment page: its details stand on the invoice."""


@dataclass(frozen=True, kw_only=True)
class PaymentMethod:
    """A way to pay. `kind`: hosted_page or bank_transfer; `label` by language.

    `gateway`: the name of the one through which it goes (docs/writing-a-gateway.md).
    `accounts`: those of a bank transfer of which statements are imported.
    """

    id: str
    kind: str
    label: dict[str, str]
    clearing_days: int
    details: dict[str, str] = field(default_factory=dict)
    gateway: str = "sandbox"
    accounts: list[TransferAccount] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Department:
    """Where a ticket can go; name and description by language."""

    id: str
    name: dict[str, str]
    description: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Dunning:
    """When invoices are issued and due, and what happens when they are not paid. All in days.

    `termination_days` counts from the suspension; None: services are never terminated.
    """

    new_order_due_days: int = 0
    renewal_days_before: int = 14
    reminder_days_before: list[int] = field(default_factory=lambda: [7, 1])
    overdue_notice_days: list[int] = field(default_factory=lambda: [1, 3, 7])
    suspension_days: int = 5
    suspension_warning_days: int = 2
    termination_days: int | None = None
    unpaid_order_days: int = 7


@dataclass(frozen=True, kw_only=True)
class BrandSettings:
    """Everything that a brand file says besides its products. Texts are keyed by language tag.

    `currencies` are those that it sells in besides `currency`.
    `rules` are changes of the defaults of `rules/rules.py` beyond those in `dunning`.
    """

    name: str
    hosts: list[str]
    languages: list[str]
    default_language: str
    time_zone: str
    currency: str
    invoice_prefix: str
    sender_name: str
    sender_email: str
    accent_colour: str
    payee: dict[str, str]
    payment_methods: list[PaymentMethod]
    departments: list[Department]
    dunning: Dunning = field(default_factory=Dunning)
    rules: dict[str, Any] = field(default_factory=dict)
    currencies: list[str] = field(default_factory=list)
    tax: BrandTaxes = field(default_factory=BrandTaxes)


class Brand(Aggregate):
    """One hosting company of the installation; `brand` is its slug."""

    TOPIC = "billing.brand"

    class Event(Aggregate.Event):
        TOPIC = "billing.brand.event"

    class Configured(Aggregate.Created):
        TOPIC = "billing.brand.configured"
        brand: str
        settings: BrandSettings

    class Reconfigured(Aggregate.Event):
        TOPIC = "billing.brand.reconfigured"
        settings: BrandSettings

    @staticmethod
    @lru_cache(maxsize=256)
    def id_of(slug: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"faktura:brand:{slug}")

    @classmethod
    def configure(cls, *, slug: str, settings: BrandSettings) -> Self:
        """A brand that was not known before."""
        _check(settings)
        return cls(id=cls.id_of(slug), brand=slug, settings=settings)

    @event(Configured)
    def __init__(self, *, id: UUID, brand: str, settings: BrandSettings) -> None:
        self.account_id: UUID | None = None
        self.brand = brand
        self.settings = settings

    def reconfigure(self, settings: BrandSettings) -> None:
        """The settings as they are from now on. The same settings again change nothing."""
        _check(settings)
        if _is_yearly(self.settings) and not _is_yearly(settings):
            raise NumberingGoesOn(field="rules.number_yearly")
        if settings != self.settings:
            self._reconfigured(settings=settings)

    @event(Reconfigured)
    def _reconfigured(self, settings: BrandSettings) -> None:
        self.settings = settings

    def online_method(self, method_id: str) -> PaymentMethod:
        """The way to pay by that name that has a payment page, or a named refusal."""
        for method in self.settings.payment_methods:
            if method.id == method_id:
                if method.kind != HOSTED_PAGE:
                    raise PaymentMethodNotOnline(method=method_id)
                return method
        raise PaymentMethodUnknown(method=method_id)


def _check(settings: BrandSettings) -> None:
    if settings.time_zone not in available_timezones():
        raise TimeZoneUnknown(time_zone=settings.time_zone)
    if settings.default_language not in settings.languages:
        raise DefaultLanguageNotOffered(language=settings.default_language)
    _check_unique([method.id for method in settings.payment_methods])
    _check_unique([department.id for department in settings.departments])
    _check_unique([settings.currency, *settings.currencies])
    _check_transfers(settings)
    _check_dunning(settings.dunning)
    Rules().changed(asdict(settings.dunning)).changed(settings.rules)
    settings.tax.rules()


def _check_transfers(settings: BrandSettings) -> None:
    methods = settings.payment_methods
    others = [method.id for method in methods if method.accounts and method.kind != BANK_TRANSFER]
    if others:
        raise BankAccountInvalid(field="accounts", reason="no_bank_transfer", methods=others)
    accounts = [account for method in methods for account in method.accounts]
    check_accounts(accounts, currencies=[settings.currency, *settings.currencies])


def _is_yearly(settings: BrandSettings) -> bool:
    return bool(settings.rules.get("number_yearly"))


def _check_unique(ids: list[str]) -> None:
    if len(ids) != len(set(ids)):
        raise DuplicateSetting(ids=ids)


def _check_dunning(dunning: Dunning) -> None:
    spans = [
        *dunning.reminder_days_before,
        *dunning.overdue_notice_days,
        dunning.suspension_days,
        dunning.unpaid_order_days,
        dunning.termination_days if dunning.termination_days is not None else 1,
    ]
    if min(spans) < 1 or min(dunning.new_order_due_days, dunning.renewal_days_before) < 0:
        raise DunningDaysContradict(reason="a span is too short")
    if not 0 <= dunning.suspension_warning_days < dunning.suspension_days:
        raise DunningDaysContradict(reason="the warning is not before the suspension")
    if max(dunning.reminder_days_before, default=0) > dunning.renewal_days_before:
        raise DunningDaysContradict(reason="a reminder is before the invoice")
