"""Late fees: charged once for an overdue invoice, on an invoice of their own; voided by late news.

Amounts in minor units. The fee's invoice has an id that follows from the late invoice's, so that it
is found from there and cannot be there twice.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID, uuid5

from services.billing.contacts.contact import contact_of
from services.billing.credit_notes.commands import IssueCreditNote, issue_credit_note
from services.billing.invoices.commands import (
    CancelInvoice,
    IssueInvoice,
    cancel_invoice,
    issue_invoice,
)
from services.billing.invoices.descriptions import describe_late_fee
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.invoices.settlement import Settlement
from services.billing.rules.policy import policy_for
from services.billing.rules.rules import LateFee
from services.billing.why.because import Fact, because
from services.billing.why.codes import Code
from services.billing.why.why import Why
from shared.errors import NotFound
from shared.ids import new_id
from shared.money import round_half_even
from shared.store import Transaction

REASON = "paid_in_time"


def late_fee_minor(fee: LateFee, open_minor: int) -> int:
    """What being late with `open_minor` costs; 0: nothing is charged.

    >>> from decimal import Decimal
    >>> late_fee_minor(LateFee(kind="percent", rate_percent=Decimal(2), minimum_minor=500), 2990)
    500
    >>> late_fee_minor(LateFee(kind="percent", rate_percent=Decimal("2.5")), 29900)
    748
    """
    match fee.kind:
        case "percent":
            exact = Fraction(fee.rate_percent) * open_minor / 100
            return max(round_half_even(exact), fee.minimum_minor)
        case "fixed":
            return max(fee.amount_minor, fee.minimum_minor)
        case _:
            return 0


def fee_invoice_id(invoice_id: UUID) -> UUID:
    """The id of the invoice over the fee for being late with that one."""
    return uuid5(invoice_id, "late_fee")


@dataclass(frozen=True, kw_only=True)
class ChargeLateFee:
    """An invoice that is not paid in time, and the brand's date."""

    invoice_id: UUID
    today: date


async def charge_late_fee(command: ChargeLateFee, tx: Transaction) -> Invoice | None:
    """An invoice over the fee, due today; once for each invoice, for ever, and none for a fee.

    None: not overdue for long enough, a payment may arrive, or nothing is charged by the rules.
    """
    invoice = await tx.load(Invoice, command.invoice_id)
    policy = await policy_for(tx, invoice.brand, account_id=invoice.account_id)
    fee = policy.rules.late_fee
    is_late = invoice.due_on + timedelta(days=fee.after_days) <= command.today
    minor = late_fee_minor(fee, invoice.open_minor)
    if not is_late or not minor or not _is_chargeable(invoice, command.today):
        return None
    if not await tx.claim_once("late_fee", str(invoice.id)):
        return None
    facts = {"open_minor": invoice.open_minor, "after_days": max(fee.after_days, 1)}
    overdue: dict[str, Fact] = {"invoice": invoice.id, "due_on": invoice.due_on}
    why = because(tx, "late_fee.overdue", policy=policy, **facts, **overdue)
    line = await _fee_line(invoice, minor, why=why, tx=tx)
    return await issue_invoice(_fee_invoice(invoice, line, today=command.today), tx)


def _is_chargeable(invoice: Invoice, today: date) -> bool:
    is_fee = invoice.details.about_invoice_id is not None
    return invoice.is_overdue(today) and not invoice.settlement.is_payment_awaited and not is_fee


async def _fee_line(invoice: Invoice, minor: int, *, why: Why, tx: Transaction) -> InvoiceLine:
    assert invoice.account_id is not None, "an invoice belongs to an account"
    contact = await contact_of(invoice.account_id, tx.read)
    return InvoiceLine(
        kind="late_fee",
        description=describe_late_fee(invoice.number, contact.language),
        net_minor=minor,
        why=why,
    )


def _fee_invoice(invoice: Invoice, line: InvoiceLine, *, today: date) -> IssueInvoice:
    assert invoice.account_id is not None, "an invoice belongs to an account"
    return IssueInvoice(
        id=fee_invoice_id(invoice.id),
        account_id=invoice.account_id,
        brand=invoice.brand,
        order_id=None,
        today=today,
        due_on=today,
        currency=invoice.currency,
        lines=[line],
        about_invoice_id=invoice.id,
        is_exact=True,
    )


@dataclass(frozen=True, kw_only=True)
class VoidLateFee:
    """The invoice that, as is known now, was paid in time to owe no fee: on `paid_on`."""

    invoice_id: UUID
    paid_on: date
    today: date


async def void_late_fee(command: VoidLateFee, tx: Transaction) -> bool:
    """Take back the fee that would not have been charged, had the payment been known.

    One that is untouched becomes void; one that was paid, or in part, is taken back by a credit
    note, so that the money for it is the account's credit. None charged, taken back already,
    charged before the payment, or with money on its way (then the end of that payment asks again):
    nothing changes, False.
    """
    try:
        fee = await tx.load(Invoice, fee_invoice_id(command.invoice_id))
    except NotFound:
        return False
    if fee.issued_on <= command.paid_on or _is_over(fee.settlement):
        return False
    await _take_back(fee, command, tx)
    return True


def _is_over(fee: Settlement) -> bool:
    is_gone = fee.is_cancelled or fee.is_written_off or fee.is_taken_back
    return is_gone or fee.is_payment_awaited


async def _take_back(fee: Invoice, command: VoidLateFee, tx: Transaction) -> None:
    if fee.is_open and not fee.settlement.payments and not fee.settlement.credit_notes:
        why = _why_void(command, fee, rule="invoice.paid_in_time", tx=tx)
        cancel = CancelInvoice(invoice_id=fee.id, today=command.today, reason=REASON, why=why)
        await cancel_invoice(cancel, tx)
        return
    note = IssueCreditNote(
        id=new_id(),
        invoice_id=fee.id,
        brand=fee.brand,
        today=command.today,
        reason=REASON,
        why=_why_void(command, fee, rule="credit_note.paid_in_time", tx=tx),
    )
    await issue_credit_note(note, tx)


def _why_void(command: VoidLateFee, fee: Invoice, *, rule: Code, tx: Transaction) -> Why:
    return because(
        tx, rule, paid_invoice=command.invoice_id, paid_on=command.paid_on, invoice=fee.id
    )
