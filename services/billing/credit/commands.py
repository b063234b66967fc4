"""Applying credit to what is open."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.credit.using import use_credit
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.numbers import number_if_paid
from services.billing.rules.policy import policy_for
from shared.errors import Conflict, NotFound
from shared.store import Transaction


class NoCreditHeld(Conflict):
    """The account has no credit in the invoice's currency."""


@dataclass(frozen=True, kw_only=True)
class ApplyCredit:
    """An open invoice, and the brand's date."""

    invoice_id: UUID
    today: date


async def apply_credit(command: ApplyCredit, tx: Transaction) -> int:
    """Settle what the account's credit covers; how much was used, in minor units.

    Nothing where the account's rules leave it to the client, there is no credit, nothing is owed
    or a payment may arrive.
    """
    invoice = await tx.load(Invoice, command.invoice_id)
    policy = await policy_for(tx, invoice.brand, account_id=invoice.account_id)
    if invoice.settlement.is_payment_awaited or not policy.rules.credit_applied_at_issue:
        return 0
    open_minor = invoice.open_minor
    credit = await use_credit(invoice, tx, today=command.today)
    if credit:
        await number_if_paid(invoice, today=command.today, tx=tx)
        await tx.save(invoice, credit)
    return open_minor - invoice.open_minor


@dataclass(frozen=True, kw_only=True)
class PayByCredit:
    """The client's own wish, whatever its rules apply by themselves."""

    account_id: UUID
    invoice_id: UUID


async def pay_by_credit(command: PayByCredit, tx: Transaction) -> Invoice:
    """Settle what the account's credit covers of the invoice.

    InvoiceAlreadyPaid, so a repeat that finds nothing open; PaymentAlreadyOpen: close that attempt
    first; NoCreditHeld.
    """
    invoice = await tx.load(Invoice, command.invoice_id)
    if invoice.account_id != command.account_id:
        raise NotFound()
    invoice.settlement.check_payable()
    today = await today_for(invoice.brand, tx)
    credit = await use_credit(invoice, tx, today=today)
    if credit is None:
        raise NoCreditHeld(currency=invoice.currency)
    await number_if_paid(invoice, today=today, tx=tx)
    await tx.save(invoice, credit)
    return invoice
