"""Late fees: charged once for an overdue invoice, on an invoice of their own.

Amounts in minor units. The fee's invoice has an id that follows from the late invoice's, so that it
is found from there and cannot be there twice. What late news take back: `voided_fees.py`.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID, uuid5

from services.billing.contacts.contact import contact_of
from services.billing.invoices.commands import (
    IssueInvoice,
    issue_invoice,
)
from services.billing.invoices.descriptions import describe_late_fee
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.invoices.overdue import is_overdue
from services.billing.rules.policy import policy_for
from services.billing.rules.rules import LateFee
from services.billing.why.because import Fact, because
from services.billing.why.why import Why
from shared.money import round_half_even
from shared.store import Transaction


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

    The late invoice notes it, so that nothing can happen to that in the same moment unseen. None:
    not overdue for long enough, a payment may arrive, or nothing is charged by the rules.
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
    fee_invoice = await issue_invoice(_fee_invoice(invoice, line, today=command.today), tx)
    invoice.trigger_event(Invoice.LateFeeCharged, fee_invoice_id=fee_invoice.id)
    await tx.save(invoice)
    return fee_invoice


def _is_chargeable(invoice: Invoice, today: date) -> bool:
    is_fee = invoice.details.about_invoice_id is not None
    return is_overdue(invoice, today) and not invoice.settlement.is_payment_awaited and not is_fee


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
