"""Booking what a bank took for a boleto. Amounts are centavos.

A payment is of one amount. Paid in full, the attempt is what was received; fine and interest are
the house's own; what is more is a payment of its own and the client's credit. Paid in part, a
payment over that part takes the attempt's place and the rest of the invoice stays open. Paid once
more, all of it is credit. A top-up is credit whatever was paid, and costs nothing when it is late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import uuid5

from services.billing.automation.today import today_for
from services.billing.boleto.agreements import holidays_around
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.boleto_events import Takings
from services.billing.boleto.shares import Shares, shares_of
from services.billing.payments.payables import Payable, payables_of
from services.billing.payments.payment import Payment
from services.billing.payments.receiving import (
    UnaskedMoney,
    receive_payment,
    receive_unasked,
)
from services.billing.why.because import because
from shared.store import Transaction

PAID_IN_PART = "paid_in_part"

Booked = Literal["settled", "settled_in_part", "overpaid", "paid_again", "credited", "told_before"]
"""*credited*: its invoices had nothing open any more. All but the first want somebody's look."""


@dataclass(frozen=True, kw_only=True)
class BankTook:
    """What a bank says that a payer paid for a boleto, and when.

    `told_charges_minor`: what of it is fine and interest by the bank's own word. `fact` is the same
    whenever the same is told.
    """

    boleto: Boleto
    fact: str
    paid_minor: int
    told_charges_minor: int
    fee_minor: int
    paid_on: date | None


@dataclass(frozen=True, kw_only=True)
class _About:
    """What a booking is about, and on which days: it came `paid_on`, we learn of it `today`."""

    boleto: Boleto
    attempt: Payment
    payables: Sequence[Payable]
    paid_on: date
    today: date


async def collect_boleto(command: BankTook, tx: Transaction) -> Booked:
    """Book it once for a fact, and say what it was. The boleto is changed and saved."""
    assert command.paid_minor > 0, "the caller looks whether money came"
    boleto = command.boleto
    if command.fact in boleto.facts:
        return "told_before"
    today = await today_for(boleto.brand, tx)
    attempt = await tx.load(Payment, boleto.payment_id)
    about = _About(
        boleto=boleto,
        attempt=attempt,
        payables=await payables_of(attempt, tx),
        paid_on=min(command.paid_on or today, today),
        today=today,
    )
    is_awaited = not about.attempt.is_paid
    shares = _shares(command, about)
    rest_minor = await _book(command, about, shares=shares, tx=tx)
    _note(command, about, shares=shares, tx=tx)
    await tx.save(boleto)
    return _meaning(shares, is_awaited=is_awaited, rest_minor=rest_minor)


def _shares(command: BankTook, about: _About) -> Shares:
    return shares_of(
        command.paid_minor,
        asked_minor=about.attempt.amount_minor,
        owed_for_lateness_minor=_owed_for_lateness(command, about),
        is_awaited=not about.attempt.is_paid,
    )


def _owed_for_lateness(command: BankTook, about: _About) -> int:
    if about.attempt.purpose == "top_up":
        return 0
    holidays = holidays_around(about.boleto.due_on)
    owed_minor = about.boleto.owed_for_lateness(about.paid_on, holidays=holidays)
    return max(owed_minor, command.told_charges_minor)


async def _book(command: BankTook, about: _About, *, shares: Shares, tx: Transaction) -> int:
    """Receive what came, and return what of it no invoice took that was to."""
    attempt, rest_minor = about.attempt, 0
    if shares.asked_minor:
        asked = _money(command, about, amount_minor=shares.asked_minor)
        rest_minor += await receive_payment(attempt, asked, tx)
    elif not attempt.has_ended:
        attempt.fail(PAID_IN_PART)
        for each in about.payables:
            each.end_payment(attempt.id)
        await tx.save(attempt, *about.payables)
    if shares.other_minor:
        other = _money(command, about, amount_minor=shares.other_minor)
        rest_minor += await receive_unasked(other, tx)
    return 0 if attempt.purpose == "top_up" else rest_minor


def _money(command: BankTook, about: _About, *, amount_minor: int) -> UnaskedMoney:
    return UnaskedMoney(
        id=uuid5(about.boleto.id, command.fact),
        like=about.attempt,
        payables=about.payables,
        amount_minor=amount_minor,
        received_on=about.paid_on,
        today=about.today,
        reference=str(about.boleto.id),
    )


def _note(command: BankTook, about: _About, *, shares: Shares, tx: Transaction) -> None:
    boleto = about.boleto
    takings = Takings(
        fact=command.fact,
        payment_id=about.attempt.id,
        paid_minor=command.paid_minor,
        late_charges_minor=shares.charges_minor,
        fee_minor=command.fee_minor,
        collected_on=about.paid_on,
    )
    why = None
    if shares.charges_minor:
        invoice, due_on = boleto.invoice_id, boleto.due_on
        why = because(
            tx, "late_charges.boleto", invoice=invoice, due_on=due_on, paid_on=about.paid_on
        )
    boleto.collect(takings, why=why)


def _meaning(shares: Shares, *, is_awaited: bool, rest_minor: int) -> Booked:
    if not is_awaited:
        return "paid_again"
    if not shares.asked_minor:
        return "settled_in_part"
    if shares.other_minor:
        return "overpaid"
    return "credited" if rest_minor else "settled"
