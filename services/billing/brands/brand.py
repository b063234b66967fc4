"""A hosting company's settings: configured -> configured anew, as often as its file is applied."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from typing import Any, Self, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import available_timezones

from eventsourcing.domain import Aggregate, event

from services.billing.boleto.bank_account import BankAccount
from services.billing.brands.transfer_accounts import (
    TransferAccount,
    TransferAccountInvalid,
    check_accounts,
)
from services.billing.pix.receiver import PixReceiver
from services.billing.rules.rules import Rules
from services.billing.tax.brand_taxes import BrandTaxes
from shared.errors import Invalid, NotFound

HOSTED_PAGE, BANK_TRANSFER = "hosted_page", "bank_transfer"
BOLETO, PIX = "boleto", "pix"
ONLINE = frozenset({HOSTED_PAGE, BOLETO, PIX})
"""Ways to pay that a client begins here; a transfer begins at the client's bank."""


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


class PaymentMethodLacks(Invalid):
    """A way to pay names no bank account or PIX receiver of the brand, or another gateway."""


class PaymentMethodUnknown(NotFound):
    """The brand offers no such way to pay."""


class PaymentMethodNotOnline(Invalid):
    """This way to pay has no payment page: its details stand on the invoice."""


@dataclass(frozen=True, kw_only=True)
class PaymentMethod:
    """A way to pay. `kind`: hosted_page, bank_transfer, boleto or pix; `label` by language.

    `gateway`: the name of the one through which it goes (docs/writing-a-gateway.md). A boleto is
    collected on the brand's `bank_account` of that id, PIX is paid to its `pix_receiver`.
    `accounts`: those of a bank transfer of which statements are imported.
    """

    id: str
    kind: str
    label: dict[str, str]
    clearing_days: int
    details: dict[str, str] = field(default_factory=dict)
    gateway: str = "sandbox"
    bank_account: str = ""
    pix_receiver: str = ""
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
    bank_accounts: list[BankAccount] = field(default_factory=list)
    pix_receivers: list[PixReceiver] = field(default_factory=list)

    def bank_account_of(self, method_id: str) -> BankAccount:
        """The account that boletos of a way to pay are collected on. `PaymentMethodUnknown`."""
        named = {each.id: each.bank_account for each in self.payment_methods}.get(method_id)
        return _named(named, self.bank_accounts, method=method_id)

    def bank_account(self, account_id: str) -> BankAccount:
        """The account of that id, which a boleto was issued on. `PaymentMethodUnknown`: gone."""
        return _named(account_id, self.bank_accounts, method=account_id)

    def pix_receiver_of(self, method_id: str) -> PixReceiver:
        """Who receives what is paid by a way to pay. `PaymentMethodUnknown`."""
        named = {each.id: each.pix_receiver for each in self.payment_methods}.get(method_id)
        return _named(named, self.pix_receivers, method=method_id)

    def pix_receiver(self, receiver_id: str) -> PixReceiver:
        """The receiver of that id, which a code was asked for. `PaymentMethodUnknown`: gone."""
        return _named(receiver_id, self.pix_receivers, method=receiver_id)


Named = TypeVar("Named", BankAccount, PixReceiver)


def _named(id: str | None, among: list[Named], *, method: str) -> Named:
    for each in among:
        if each.id == id:
            return each
    raise PaymentMethodUnknown(method=method)


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
        _check_counts(self.settings, settings)
        if settings != self.settings:
            self._reconfigured(settings=settings)

    @event(Reconfigured)
    def _reconfigured(self, settings: BrandSettings) -> None:
        self.settings = settings

    def online_method(self, method_id: str, *, kinds: Collection[str] = ONLINE) -> PaymentMethod:
        """The way to pay by that name, if it is of these kinds, or a named refusal."""
        for method in self.settings.payment_methods:
            if method.id == method_id:
                if method.kind not in kinds:
                    raise PaymentMethodNotOnline(method=method_id)
                return method
        raise PaymentMethodUnknown(method=method_id)


@cache
def _time_zones() -> frozenset[str]:
    """All names of time zones; the tree of their files is walked once."""
    return frozenset(available_timezones())


def _check(settings: BrandSettings) -> None:
    if settings.time_zone not in _time_zones():
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
    for method in settings.payment_methods:
        check_way_to_pay(method, settings.bank_accounts, receivers=settings.pix_receivers)


def check_way_to_pay(
    method: PaymentMethod, accounts: list[BankAccount], *, receivers: list[PixReceiver]
) -> None:
    """Raise PaymentMethodLacks, which names field and reason, unless all that it names is there."""
    known = {BOLETO: {each.id for each in accounts}, PIX: {each.id for each in receivers}}
    fields = {BOLETO: "bank_account", PIX: "pix_receiver"}
    for kind, field_name in fields.items():
        named = getattr(method, field_name)
        if method.kind == kind and named not in known[kind]:
            raise PaymentMethodLacks(method=method.id, field=field_name, reason="is not there")
        if method.kind == kind and method.gateway != kind:
            raise PaymentMethodLacks(method=method.id, field="gateway", reason=f"is not {kind}")
        if method.kind != kind and named:
            raise PaymentMethodLacks(method=method.id, field=field_name, reason=f"is for {kind}")


def _check_counts(before: BrandSettings, after: BrandSettings) -> None:
    """Own numbers go on from where they are: another first number could give some of them twice."""
    first = {each.numbered_by: each.first_number for each in before.bank_accounts}
    for account in after.bank_accounts:
        if first.get(account.numbered_by, account.first_number) != account.first_number:
            raise NumberingGoesOn(field=f"bank_accounts.{account.id}.first_number")


def _check_transfers(settings: BrandSettings) -> None:
    methods = settings.payment_methods
    others = [method.id for method in methods if method.accounts and method.kind != BANK_TRANSFER]
    if others:
        raise TransferAccountInvalid(field="accounts", reason="no_bank_transfer", methods=others)
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
