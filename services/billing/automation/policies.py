"""What is decided again when facts come late: a payment of an earlier day that is learnt of now.

A suspension is lifted by every payment, early or late (`held_services/policies.py`).
"""

from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.automation.voided_fees import VoidLateFee, void_late_fee
from services.billing.event_groups import (
    BRANDS,
    CREDIT,
    DAYS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    PROVISIONING,
    SERVICES,
)
from services.billing.invoices.invoice import Invoice
from services.billing.payments.payment import Payment
from shared.consumers import Envelope, Policy
from shared.contracts.billing import PaymentFailed, PaymentReceived
from shared.store import Transaction


async def when_payment_ends_reconsider_fees(envelope: Envelope, tx: Transaction) -> None:
    """Take back the late fee that was charged on a day on which the money had come already.

    A fee for which money was on its way is looked at again when that has come, or will not come.
    """
    match envelope.event:
        case (PaymentReceived() | PaymentFailed()) as ended if ended.purpose == "invoice":
            for invoice_id in (ended.invoice_id, *ended.further_invoices):
                await _reconsider_both(invoice_id, tx)


async def _reconsider_both(invoice_id: UUID, tx: Transaction) -> None:
    """The fee for this invoice, and where this is one over a fee, that for the other."""
    invoice = await tx.load(Invoice, invoice_id)
    await _reconsider(invoice, tx)
    if invoice.details.about_invoice_id:
        await _reconsider(await tx.load(Invoice, invoice.details.about_invoice_id), tx)


async def _reconsider(invoice: Invoice, tx: Transaction) -> None:
    if invoice.is_open:
        return
    paid_on = await _settled_in_full_on(invoice, tx)
    today = await today_for(invoice.brand, tx)
    await void_late_fee(VoidLateFee(invoice_id=invoice.id, paid_on=paid_on, today=today), tx)


async def _settled_in_full_on(invoice: Invoice, tx: Transaction) -> date:
    """The day of the last of the payments that settled it, or of what else did so after that."""
    payments = await tx.load_many(Payment, list(invoice.settlement.payments))
    days = [payment.received_on for payment in payments.values() if payment.received_on]
    if not days:
        return date.max
    return max(*days, invoice.settlement.settled_on or date.min)


reconsider_when_paid = Policy(
    name="reconsider_when_paid",
    sources=("billing",),
    handle=when_payment_ends_reconsider_fees,
    handles=frozenset({PaymentReceived, PaymentFailed}),
    ignored=(PAYMENTS - {PaymentReceived, PaymentFailed})
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
