"""What a gateway's report of a day, our payments and the ledger say of the same money: pure sums.

Amounts in minor units. A gateway's day is of its own time zone: money that came there on a day may
have come on the day before for us, never later, as nothing is received after today.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import msgspec

from services.billing.gateways.port import DayEntry

DifferenceKind = Literal[
    "unknown_to_us",
    "not_at_gateway",
    "amounts_differ",
    "currencies_differ",
    "refund_unknown_to_us",
    "dispute_unknown_to_us",
]


@dataclass(frozen=True, kw_only=True)
class OurPayment:
    """A payment as we have it. `ledger_minor`: what the ledger has as received for it.

    `received_minor` is 0 as long as its money is not ours; `refunds`: id -> amount.
    """

    payment_id: UUID
    account_id: UUID
    brand: str
    currency: str
    received_minor: int
    ledger_minor: int
    refunds: Mapping[str, int] = field(default_factory=dict)
    is_disputed: bool = False


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where the three do not say the same. `subject`: the payment, or the gateway's own id."""

    kind: DifferenceKind
    subject: str
    currency: str
    gateway_minor: int
    ours_minor: int
    ledger_minor: int
    account_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Total:
    """What the three say came on the day, by currency."""

    currency: str
    gateway_minor: int
    ours_minor: int
    ledger_minor: int


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The outcome of a day."""

    totals: tuple[Total, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True)
class Reports:
    """The gateway's entries of the day, and those of the day after as far as it has come.

    They bear our ids of payments (`in_our_ids`).
    """

    day: Sequence[DayEntry]
    after: Sequence[DayEntry]

    @property
    def payment_ids(self) -> set[UUID]:
        """The payments that the day's report names, as far as they can be ours."""
        return {id for entry in self.day if (id := id_of(entry)) is not None}


def in_our_ids(entries: Sequence[DayEntry], known: Mapping[str, UUID]) -> list[DayEntry]:
    """The entries with our id of each payment, where a gateway has its own.

    A payment's reference is our id. What became of it later is found by the gateway's, of which
    `known` has ours; where it has none, the entry is of no payment.
    """
    return [
        msgspec.structs.replace(
            entry,
            payment_id=entry.reference
            if entry.kind == "payment"
            else str(known.get(entry.payment_id, "")),
        )
        for entry in entries
    ]


def id_of(entry: DayEntry) -> UUID | None:
    """Our id of the payment that an entry is about; None where it is no id of ours."""
    try:
        return UUID(entry.payment_id)
    except ValueError:
        return None


def compare(
    reports: Reports,
    ours: Mapping[UUID, OurPayment],
    *,
    received: Iterable[UUID],
    foreign: Iterable[UUID] = (),
) -> Compared:
    """The day's payments, refunds and disputes.

    `ours`: all that the report names and that we received on the day, by id. `received`: those of
    the day. `foreign`: payments that are another brand's, which looks at them itself.
    """
    others = set(foreign)
    told = [entry for entry in reports.day if id_of(entry) not in others]
    differences = [
        *_of_payments(told, ours),
        *_not_at_gateway(reports, ours, received=received),
        *_of_refunds(told, ours),
        *_of_disputes(told, ours),
    ]
    totals = _totals(told, ours, received_ids=set(received))
    return Compared(totals=tuple(totals), differences=tuple(differences))


def _of_payments(told: Sequence[DayEntry], ours: Mapping[UUID, OurPayment]) -> Iterable[Difference]:
    payments: dict[str, list[DayEntry]] = {}
    for entry in told:
        if entry.kind == "payment":
            payments.setdefault(entry.payment_id or entry.id, []).append(entry)
    for subject, entries in payments.items():
        gateway_minor = sum(entry.amount_minor for entry in entries)
        own = ours.get(known) if (known := id_of(entries[0])) else None
        if own is None:
            yield Difference(
                kind="unknown_to_us",
                subject=subject,
                currency=entries[0].currency,
                gateway_minor=gateway_minor,
                ours_minor=0,
                ledger_minor=0,
            )
        elif {entry.currency for entry in entries} != {own.currency}:
            yield _difference("currencies_differ", own, gateway_minor=gateway_minor)
        elif not gateway_minor == own.received_minor == own.ledger_minor:
            yield _difference("amounts_differ", own, gateway_minor=gateway_minor)


def _not_at_gateway(
    reports: Reports, ours: Mapping[UUID, OurPayment], *, received: Iterable[UUID]
) -> Iterable[Difference]:
    named = {id_of(e) for e in (*reports.day, *reports.after) if e.kind == "payment"}
    for payment_id in received:
        if payment_id not in named:
            yield _difference("not_at_gateway", ours[payment_id], gateway_minor=0)


def _of_refunds(told: Sequence[DayEntry], ours: Mapping[UUID, OurPayment]) -> Iterable[Difference]:
    for entry in told:
        known = id_of(entry) if entry.kind == "refund" else None
        own = ours.get(known) if known else None
        if own and own.refunds.get(entry.reference) != -entry.amount_minor:
            yield _difference("refund_unknown_to_us", own, gateway_minor=entry.amount_minor)


def _of_disputes(told: Sequence[DayEntry], ours: Mapping[UUID, OurPayment]) -> Iterable[Difference]:
    for entry in told:
        known = id_of(entry) if entry.kind == "dispute" else None
        own = ours.get(known) if known else None
        if own and not own.is_disputed:
            yield _difference("dispute_unknown_to_us", own, gateway_minor=entry.amount_minor)


def _difference(kind: DifferenceKind, own: OurPayment, *, gateway_minor: int) -> Difference:
    return Difference(
        kind=kind,
        subject=str(own.payment_id),
        currency=own.currency,
        gateway_minor=gateway_minor,
        ours_minor=own.received_minor,
        ledger_minor=own.ledger_minor,
        account_id=own.account_id,
    )


def _totals(
    told: Sequence[DayEntry], ours: Mapping[UUID, OurPayment], *, received_ids: set[UUID]
) -> Iterable[Total]:
    """By currency, of the payments that the gateway or we have on the day."""
    counted = received_ids | {id_of(entry) for entry in told if entry.kind == "payment"}
    gateway: Counter[str] = Counter()
    for entry in told:
        if entry.kind == "payment":
            gateway[entry.currency] += entry.amount_minor
    received: Counter[str] = Counter()
    ledger: Counter[str] = Counter()
    for own in (own for id, own in ours.items() if id in counted):
        received[own.currency] += own.received_minor
        ledger[own.currency] += own.ledger_minor
    for currency in sorted({*gateway, *received, *ledger}):
        yield Total(
            currency=currency,
            gateway_minor=gateway[currency],
            ours_minor=received[currency],
            ledger_minor=ledger[currency],
        )
