"""What is decided again when facts come late: a payment of an earlier day that is learnt of now, an
invoice that turns out never to have been owed.

A suspension is lifted by every payment, early or late (`held_services/policies.py`).
"""

from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.automation.voided_fees import (
    VoidLateFee,
    void_late_fee,
    was_never_owed,
)
from services.billing.credit_notes.corrected import as_corrected
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
from services.billing.why.codes import OF_CREDIT_NOTE, OF_VOID_INVOICE
from shared.consumers import Envelope, Policy
from shared.contracts.billing import (
    CreditNoteIssued,
    InvoiceCancelled,
    PaymentFailed,
    PaymentReceived,
)
from shared.store import Transaction


async def when_payment_ends_reconsider_fees(envelope: Envelope, tx: Transaction) -> None:
    """Take back the late fee that was charged on a day on which the money had come already.

    A fee for which money was on its way is looked at again when that has come, or will not come.
    """
    match envelope.event:
        case (PaymentReceived() | PaymentFailed()) as ended if ended.purpose == "invoice":
            for invoice_id in (ended.invoice_id, *ended.further_invoices):
                standing = await _reconsider(invoice_id, tx)
                if standing.details.about_invoice_id:
                    await _reconsider(standing.details.about_invoice_id, tx)


async def when_invoice_taken_back_reconsider_fees(envelope: Envelope, tx: Transaction) -> None:
    """Take back the late fee for an invoice that staff makes void, credits whole, or corrects to
    nothing.
    """
    match envelope.event:
        case InvoiceCancelled(invoice_id=invoice_id, reason=reason):
            if reason not in OF_VOID_INVOICE:
                await _reconsider(invoice_id, tx)
        case CreditNoteIssued(invoice_id=invoice_id, reason=reason, leaves_nothing=True):
            if reason not in OF_CREDIT_NOTE:
                await _reconsider(invoice_id, tx)


async def _reconsider(invoice_id: UUID, tx: Transaction) -> Invoice:
    """The fees for the invoice that stands for this one today, and for those that it corrects."""
    standing = await as_corrected(invoice_id, tx)
    if standing.is_open:
        return standing
    today = await today_for(standing.brand, tx)
    is_owed = not await was_never_owed(standing, tx)
    late: Invoice | None = standing
    while late:
        paid_on = min([await _settled_in_full_on(each, tx) for each in (late, standing)])
        void = VoidLateFee(invoice_id=late.id, paid_on=paid_on if is_owed else None, today=today)
        await void_late_fee(void, tx)
        corrected = late.details.corrects
        late = await tx.load(Invoice, corrected) if corrected else None
    return standing


async def _settled_in_full_on(invoice: Invoice, tx: Transaction) -> date:
    """The day of the last of the payments that settled it, or of what else did so after that.

    The last day that there is where none did, or what was open was written off.
    """
    if invoice.settlement.is_written_off:
        return date.max
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

reconsider_when_taken_back = Policy(
    name="reconsider_when_taken_back",
    sources=("billing",),
    handle=when_invoice_taken_back_reconsider_fees,
    handles=frozenset({InvoiceCancelled, CreditNoteIssued}),
    ignored=(INVOICES - {InvoiceCancelled, CreditNoteIssued})
    | BRANDS
    | CREDIT
    | DAYS
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
