"""What follows from a line of a return file for the boleto that it is about. Amounts: centavos.

What the bank says is compared with the boleto before anything is booked. The bank's word about one
event counts once, in however many files it comes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.billing.boleto.boleto import Boleto
from services.billing.boleto.collecting import BankTook, Booked, collect_boleto
from services.billing.boleto.commands import EndBoleto, end_boleto
from services.billing.cnab.occurrences import OccurrenceKind
from services.billing.payments.payables import payables_of
from services.billing.payments.payment import Payment
from shared.store import Transaction

Outcome = (
    Booked
    | Literal[
        "noted",
        "on_its_way",
        "ended",
        "rejected",
        "reversed",
        "not_understood",
        "amount_differs",
        "no_amount",
        "unknown_boleto",
        "ambiguous",
        "failed",
    ]
)
"""What came of a line."""

FOR_STAFF: frozenset[str] = frozenset(
    {
        "settled_in_part",
        "overpaid",
        "paid_again",
        "credited",
        "rejected",
        "reversed",
        "not_understood",
        "amount_differs",
        "no_amount",
        "unknown_boleto",
        "ambiguous",
        "failed",
    }
)
"""The outcomes that somebody should look at."""

MONEY: frozenset[str] = frozenset({OccurrenceKind.PAID, OccurrenceKind.PAID_IN_PART})
NOTED: frozenset[str] = frozenset(
    {
        OccurrenceKind.REGISTERED,
        OccurrenceKind.CHANGED,
        OccurrenceKind.PROTEST,
        OccurrenceKind.FEE,
    }
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """An occurrence as it is kept; see `cnab.occurrences.Occurrence`."""

    number: int
    fact: str
    kind: str
    code: str
    reasons: Collection[str]
    own_number: str
    occurred_on: date | None
    amount_minor: int
    paid_minor: int
    charges_minor: int
    fee_minor: int


async def take_line(line: Line, boleto: Boleto, tx: Transaction) -> Outcome:
    """Do what follows from the line, once for its fact."""
    if line.fact in boleto.facts:
        return "told_before"
    if line.kind in MONEY:
        return await _take_money(line, boleto, tx)
    boleto.answer(
        fact=line.fact,
        kind=line.kind,
        code=line.code,
        reasons=sorted(line.reasons),
        told_on=line.occurred_on,
    )
    await tx.save(boleto)
    return await _take_word(line, boleto, tx)


async def _take_money(line: Line, boleto: Boleto, tx: Transaction) -> Outcome:
    if line.paid_minor <= 0:
        return "no_amount"
    if not _is_amount_of(boleto, line.amount_minor):
        return "amount_differs"
    took = BankTook(
        boleto=boleto,
        fact=line.fact,
        paid_minor=line.paid_minor,
        told_charges_minor=line.charges_minor,
        fee_minor=line.fee_minor,
        paid_on=line.occurred_on,
    )
    return await collect_boleto(took, tx)


def _is_amount_of(boleto: Boleto, said_minor: int) -> bool:
    """Whether the bank's amount of the boleto (0: it says none) is one that we have asked for."""
    asked = {boleto.amount_minor + minor for minor in (0, *boleto.reissued.values())}
    return said_minor == 0 or said_minor in asked


_ENDS: Mapping[str, tuple[str, Outcome]] = {
    OccurrenceKind.REJECTED: ("rejected", "rejected"),
    OccurrenceKind.WRITTEN_OFF: ("written_off", "ended"),
}
"""Kind -> why the boleto ends, and what that is called in the report."""


async def _take_word(line: Line, boleto: Boleto, tx: Transaction) -> Outcome:
    if line.kind in NOTED:
        return "noted"
    if line.kind == OccurrenceKind.PAYMENT_PENDING:
        return await _hold(boleto, tx)
    if line.kind == OccurrenceKind.PAYMENT_REVERSED:
        return "reversed"
    if line.kind in _ENDS:
        reason, outcome = _ENDS[line.kind]
        await end_boleto(EndBoleto(boleto_id=boleto.id, reason=reason), tx)
        return outcome
    return "not_understood"


async def _hold(boleto: Boleto, tx: Transaction) -> Outcome:
    """A cheque was given for it, say: the money may come any day."""
    payment = await tx.load(Payment, boleto.payment_id)
    payables = await payables_of(payment, tx)
    payment.mark("pending", str(boleto.id))
    for each in payables:
        each.hold_for_payment(payment.id)
    await tx.save(payment, *payables)
    return "on_its_way"
