"""What a service is held at, as values: its price, its paid time, and what is asked of it.

Amounts are minor units of the service's currency, prices those of a whole period; dates are local
dates of the brand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from uuid import UUID

from services.billing.catalogue.terms import ChosenOption
from services.billing.held_services.calendar import CYCLES_WITHOUT_PERIOD, period_end
from services.billing.promotions.discount import Charge, Discount, all_taken_off
from shared.errors import Conflict

OVERDUE = "overdue"
CANCELLATION, FIXED_TERM, PARENT_ENDED, TRANSFER = (
    "cancellation",
    "fixed_term",
    "parent_ended",
    "transfer",
)
REGULAR_ENDS = frozenset({CANCELLATION, FIXED_TERM, PARENT_ENDED, TRANSFER})
"""Why a service comes to its regular end; for any other reason it is terminated."""
NOW, PERIOD_END = "now", "period_end"
UNDO = "undo"


class ServiceNotPending(Conflict):
    """The service runs already, or never will."""


class ServiceNotActive(Conflict):
    """Only an active service can be renewed, changed, warned or suspended."""


class ServiceNotSuspended(Conflict):
    """The service is not suspended."""


class ServiceHasEnded(Conflict):
    """The service is cancelled or terminated for good."""


class RenewalUnpaid(Conflict):
    """An earlier invoice for this service is not paid yet."""


class NothingOverdue(Conflict):
    """The service is not active, or the invoice is no unpaid one of it past its due date."""


class CancellationPending(Conflict):
    """The service has been cancelled; take the cancellation back first."""


class NothingToWithdraw(Conflict):
    """There is no cancellation or change that could be taken back."""


class ChangePending(Conflict):
    """Another change of the service is under way; wait for it or take it back first."""


class ChangeAlreadyBilled(Conflict):
    """The period that begins with the change is invoiced; it can no longer be taken back."""


class NothingDue(Conflict):
    """The service is paid once or never: nothing of it falls due."""


@dataclass(frozen=True, kw_only=True)
class ChargedTime:
    """The time on one plan within a period that was charged (`proration.Stay`, as it is stored).

    The period ends on `period_end`; `price_minor` is what `whole_start` to `period_end` costs,
    `charged_minor` what was charged for the time since `since`, `credited_minor` what was given
    back of it. `invoice_id`: where it was charged, as far as it was on an invoice.
    """

    period_start: date
    period_end: date
    since: date
    whole_start: date
    price_minor: int
    charged_minor: int
    credited_minor: int = 0
    since_at: datetime | None = None
    invoice_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceTerms:
    """What was ordered, as at the order; `product_name` by language, `plan` is the panel's name.

    A period costs `recurring_minor` for each of `quantity` units, and its options, less the
    discounts. An addon names its parent. `ends_on` is the day after the last of a fixed term, which
    is known from the activation on where the term is one of `term_periods`.
    `first` is what the first invoice charges for, with periods from `anchor_day` of the month on,
    where that is not one whole period from the activation; `first_minor` is what it charges for
    that whole period where a promotion makes it another price than that of the next.
    """

    product_id: UUID
    product_name: dict[str, str]
    plan: str
    domain: str
    cycle: str
    recurring_minor: int
    currency: str
    parent_id: UUID | None = None
    options: list[ChosenOption] = field(default_factory=list)
    quantity: int = 1
    catalogue_version: int = 0
    discounts: list[Discount] = field(default_factory=list)
    ends_on: date | None = None
    setup_minor: int = 0
    tax_category: str = "standard"
    first: list[ChargedTime] = field(default_factory=list)
    anchor_day: int = 0
    first_minor: int | None = None
    term_periods: int | None = None

    @cached_property
    def charge(self) -> Charge:
        """What a whole period costs, its parts apart."""
        options_minor = sum(option.recurring_minor for option in self.options)
        return Charge(
            product_minor=self.recurring_minor * self.quantity,
            options_minor=options_minor * self.quantity,
            quantity=self.quantity,
        )

    @property
    def list_minor(self) -> int:
        """What a whole period costs without discounts."""
        return self.charge.product_minor + self.charge.options_minor

    @cached_property
    def price_minor(self) -> int:
        """What the next whole period costs, with the discounts that are left."""
        return self.list_minor - all_taken_off(self.discounts, self.charge).recurring_minor

    @property
    def panel_options(self) -> dict[str, str]:
        """What the panel has to know of the options: its name for a value, or how many."""
        return {option.option: option.plan or str(option.quantity) for option in self.options}


@dataclass(frozen=True, kw_only=True)
class Billed:
    """What is charged for the periods on an invoice, and the discounts that are left after them."""

    charged: list[ChargedTime] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)


NOTHING_SPECIAL = Billed()


@dataclass(frozen=True, kw_only=True)
class Instead:
    """The invoice that stands for another one."""

    invoice_id: UUID
    due_on: date


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """Periods that are invoiced but not paid; the end is exclusive. `charged`: what they cost.

    `discounts_before` are those that count again if the invoice becomes void.
    """

    period_start: date
    period_end: date
    due_on: date
    charged: list[ChargedTime] = field(default_factory=list)
    discounts_before: list[Discount] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """The client gives the service up: it ends where `ends_on` begins. `at`: now or period_end."""

    id: UUID
    at: str
    ends_on: date
    reason: str
    requested_by: str


@dataclass(frozen=True, kw_only=True)
class ServiceChange:
    """Other terms: from `effective_on` (`effective` period_end), or when `invoice_id` is paid.

    `kind`: upgrade, downgrade, cycle, options, or undo: back to the terms that it has, at the panel
    alone. A change within a period says what it gives back and what it costs; `charged`,
    `next_due_on`, `anchor_day` are then what the paid time will be.
    """

    id: UUID
    kind: str
    terms: ServiceTerms
    effective: str
    requested_on: date
    effective_on: date
    invoice_id: UUID | None = None
    credit_minor: int = 0
    charge_minor: int = 0
    charged: list[ChargedTime] = field(default_factory=list)
    next_due_on: date | None = None
    anchor_day: int = 0

    @property
    def net_minor(self) -> int:
        """What the client owes by the change; below zero, what is owed to the client."""
        return self.charge_minor - self.credit_minor


InPlace = Instead | ServiceChange
"""What takes the place of a renewal or a change that will not come."""


def whole_period(
    period_start: date, period_end: date, *, price_minor: int, on: UUID | None = None
) -> ChargedTime:
    """A period that was charged as a whole, at one price, on an invoice."""
    return ChargedTime(
        period_start=period_start,
        period_end=period_end,
        since=period_start,
        whole_start=period_start,
        price_minor=price_minor,
        charged_minor=price_minor,
        invoice_id=on,
    )


def unended(charged: Iterable[ChargedTime], today: date | None) -> tuple[ChargedTime, ...]:
    """Without the periods that are over by `today`; None: nobody knows which those are."""
    return tuple(each for each in charged if today is None or each.period_end > today)


Wish = Cancellation | ServiceChange
"""What is asked of a service that runs, to be done later."""


def term_end(terms: ServiceTerms, next_due_on: date | None, *, anchor_day: int) -> date | None:
    """Where a fixed term ends whose first time ends on `next_due_on`, be it a part of a period."""
    if terms.ends_on or terms.term_periods is None or next_due_on is None:
        return terms.ends_on
    end = next_due_on
    for _ in range(terms.term_periods - 1):
        end = period_end(end, cycle=terms.cycle, anchor_day=anchor_day)
    return end


def has_overdue(unpaid: Mapping[UUID, Renewal], today: date) -> bool:
    """Whether an unpaid renewal is past its due date."""
    return any(renewal.due_on < today for renewal in unpaid.values())


def unspent(charged: Iterable[ChargedTime], *, is_waived: bool) -> list[ChargedTime]:
    """What was charged, as a change may give it back: nothing of what was never paid."""
    if not is_waived:
        return list(charged)
    return [replace(each, credited_minor=each.charged_minor) for each in charged]


def is_suspendable(
    status: str, unpaid: Mapping[UUID, Renewal], *, invoice_id: UUID, today: date
) -> bool:
    """Whether a service is active and this invoice of it is unpaid past its due date."""
    renewal = unpaid.get(invoice_id)
    return status == "active" and renewal is not None and renewal.due_on < today


def due_after(change: ServiceChange, next_due_on: date | None) -> date | None:
    """When the service falls due once it has changed; None for what is paid once or never."""
    if change.terms.cycle in CYCLES_WITHOUT_PERIOD:
        return None
    return change.next_due_on or next_due_on


def check_pending(status: str) -> None:
    """Raise `ServiceNotPending` once the service runs or is over."""
    if status != "pending":
        raise ServiceNotPending(status=status)


def check_active(status: str) -> None:
    """Raise `ServiceNotActive` unless the service runs."""
    if status != "active":
        raise ServiceNotActive(status=status)


def check_not_ended(status: str) -> None:
    """Raise `ServiceHasEnded` once the service is over."""
    if status in {"terminated", "cancelled"}:
        raise ServiceHasEnded(status=status)


def check_suspended(status: str) -> None:
    """Raise `ServiceNotSuspended` unless the service stands still."""
    if status != "suspended":
        raise ServiceNotSuspended(status=status)


def check_terminable(status: str, reason: str) -> None:
    """Raise `ServiceNotSuspended` unless it may be deleted: for debt only while suspended."""
    if not (status == "suspended" or (status == "active" and reason != OVERDUE)):
        raise ServiceNotSuspended(status=status)


def check_suspendable(
    status: str, unpaid: Mapping[UUID, Renewal], *, invoice_id: UUID, today: date
) -> None:
    """Raise `NothingOverdue` unless this invoice suspends the service."""
    if not is_suspendable(status, unpaid, invoice_id=invoice_id, today=today):
        raise NothingOverdue()


def check_billable(
    begins_on: date | None,
    *,
    unpaid: Mapping[UUID, Renewal],
    change: ServiceChange | None,
    most_unpaid: int,
) -> date:
    """The first day of the next period, if that may be invoiced now."""
    if begins_on is None:
        raise NothingDue()
    if len(unpaid) > most_unpaid:
        raise RenewalUnpaid()
    if change and change.effective == NOW:
        raise ChangePending()
    return begins_on


def check_droppable(change: ServiceChange, billed_until: date | None) -> None:
    """Raise `ChangeAlreadyBilled` if the period that begins with the change is invoiced."""
    if change.effective == PERIOD_END and billed_until and billed_until > change.effective_on:
        raise ChangeAlreadyBilled()


def check_wish(
    wish: Wish,
    *,
    status: str,
    cancellation: Cancellation | None,
    change: ServiceChange | None,
    unpaid: Mapping[UUID, Renewal],
) -> None:
    """Raise unless this may be asked of a service in this state."""
    is_change = isinstance(wish, ServiceChange)
    if status != "active" and (is_change or status != "suspended"):
        raise ServiceNotActive(status=status)
    if cancellation:
        raise CancellationPending()
    if is_change and change:
        raise ChangePending()
    if is_change and unpaid:
        raise RenewalUnpaid()
