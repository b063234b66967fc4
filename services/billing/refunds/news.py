"""What a gateway reports of money that went back: refunds of ours and of its own, and disputes.

A refund that was begun at the gateway is booked as it is: what an invoice was paid with is taken
back by a credit note, the rest comes out of the account's credit as far as that reaches; where it
does not, people look into it. A dispute that is lost makes the invoice owed again. Amounts in minor
units.
"""

from datetime import date
from uuid import UUID, uuid5

from services.billing.automation.today import today_for
from services.billing.credit.using import credit_of
from services.billing.gateways.port import Reported, ReportedDispute, ReportedRefund
from services.billing.invoices.invoice import Invoice
from services.billing.payments.handing_over import task_about
from services.billing.payments.mismatch import Mismatch
from services.billing.payments.payment import Payment
from services.billing.refunds.commands import news_of, take_refund_news
from services.billing.refunds.covering import take_back_invoice, withdraw_for
from services.billing.refunds.refund import Refund
from services.billing.staff_tasks.commands import open_task
from services.billing.why.because import because
from shared.errors import Conflict
from shared.store import Transaction

CHARGED_BACK = "charged_back"


async def take_reversals(payment_id: UUID, reported: Reported, tx: Transaction) -> None:
    """Book what came of the money since the outcome was booked. Said again it changes nothing.

    Of a payment that is not paid here, as what the gateway says differs from what we asked for,
    nothing is booked.
    """
    payment = await tx.load(Payment, payment_id)
    if not payment.is_paid:
        return
    today = await today_for(payment.brand, tx)
    for refund in reported.refunds:
        await _take_refund(payment.id, refund, today=today, tx=tx)
    for dispute in reported.disputes:
        await _take_dispute(payment.id, dispute, today=today, tx=tx)


async def _take_refund(
    payment_id: UUID, reported: ReportedRefund, *, today: date, tx: Transaction
) -> None:
    refund_id = _uuid_or_none(reported.reference)
    ours = await tx.find(Refund, refund_id) if refund_id else None
    if ours is not None and ours.payment_id == payment_id:
        await take_refund_news(news_of(ours.id, reported, today=today), tx)
    elif reported.status == "succeeded":
        await _book_begun_there(payment_id, reported, today=today, tx=tx)


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _book_begun_there(
    payment_id: UUID, reported: ReportedRefund, *, today: date, tx: Transaction
) -> None:
    payment = await tx.load(Payment, payment_id)
    id = uuid5(payment.id, f"refund:{reported.id}")
    if str(id) in payment.refunds:
        return
    try:
        payment.refund(
            refund_id=str(id),
            amount_minor=reported.amount_minor,
            refunded_on=min(reported.refunded_on or today, today),
            way="at_gateway",
        )
    except Conflict as error:
        await _tell(payment, Mismatch(field="refund", expected="", found=error.code), tx=tx)
    else:
        await _record(payment, id, reported=reported, today=today, tx=tx)


async def _tell(payment: Payment, mismatch: Mismatch, *, tx: Transaction) -> None:
    """What the gateway did cannot be: a fresh record, as what was refused leaves nothing."""
    fresh = await tx.load(Payment, payment.id)
    fresh.note_mismatch(mismatch)
    await tx.save(fresh)


async def _record(
    payment: Payment, id: UUID, *, reported: ReportedRefund, today: date, tx: Transaction
) -> None:
    """The credit note is told first: an invoice is refunded once it is credited."""
    refund = Refund.request(
        id=id,
        account_id=payment.account_id,
        brand=payment.brand,
        payment_id=payment.id,
        invoice_id=payment.invoice_ids[0] if len(payment.invoice_ids) == 1 else None,
        amount_minor=reported.amount_minor,
        currency=payment.currency,
        way="at_gateway",
        reason="at_gateway",
        requested_on=today,
        requested_by="gateway",
        gateway=payment.gateway,
        payment_reference=payment.gateway_reference,
    )
    withdrawn_minor = await _cover_as_far(refund, payment, today=today, tx=tx)
    refund.order(approved_by="", withdrawn_minor=withdrawn_minor)
    refund.finish(gateway_reference=reported.id, refunded_on=today)
    await tx.save(payment, refund)
    if withdrawn_minor < reported.amount_minor:
        short_minor = str(reported.amount_minor - withdrawn_minor)
        await open_task(task_about(payment, "refund_unexplained", short_minor=short_minor), tx)


async def _cover_as_far(refund: Refund, payment: Payment, *, today: date, tx: Transaction) -> int:
    """How much of the refund came out of the account's money: of its invoices, then its credit."""
    rest_minor = refund.amount_minor
    for invoice_id in payment.invoice_ids:
        rest_minor -= await _cover_by(
            invoice_id, payment.id, most_minor=rest_minor, today=today, tx=tx
        )
    credit = await credit_of(refund.account_id, refund.currency, tx)
    withdrawn_minor = min(refund.amount_minor, credit.balance_minor if credit else 0)
    if withdrawn_minor:
        await withdraw_for(refund, withdrawn_minor, tx=tx)
    return withdrawn_minor


async def _cover_by(
    invoice_id: UUID, payment_id: UUID, *, most_minor: int, today: date, tx: Transaction
) -> int:
    """How much of the payment the invoice keeps no longer: what a credit note takes back."""
    invoice = await tx.load(Invoice, invoice_id)
    kept_minor = min(most_minor, invoice.settlement.kept_of(payment_id))
    if invoice.is_pro_forma or invoice.settlement.is_payment_awaited or invoice.is_open:
        return 0
    if kept_minor:
        await take_back_invoice(invoice.id, kept_minor, today=today, tx=tx)
    return kept_minor


async def _take_dispute(
    payment_id: UUID, reported: ReportedDispute, *, today: date, tx: Transaction
) -> None:
    payment = await tx.load(Payment, payment_id)
    before = payment.status
    payment.dispute(
        dispute_id=reported.id,
        outcome=reported.status,
        amount_minor=reported.amount_minor,
        reason=reported.reason,
        day=min(reported.closed_on or reported.opened_on or today, today),
    )
    await tx.save(payment)
    if payment.status == before:
        return
    if payment.status == "disputed":
        respond_by = str(reported.respond_by or "")
        await open_task(task_about(payment, "payment_disputed", respond_by=respond_by), tx)
    if payment.status == "charged_back":
        await _charge_back(payment, payment.disputed[reported.id], today=today, tx=tx)


async def _charge_back(payment: Payment, lost_minor: int, *, today: date, tx: Transaction) -> None:
    """Its invoices are owed again; the rest comes out of the credit as far as that reaches."""
    owed_minor = 0
    for invoice_id in payment.invoice_ids:
        invoice = await tx.load(Invoice, invoice_id)
        rest_minor = lost_minor - owed_minor
        owed_minor += invoice.reopen(payment_id=payment.id, amount_minor=rest_minor, today=today)
        await tx.save(invoice)
    credit = await credit_of(payment.account_id, payment.currency, tx)
    rest_minor = min(lost_minor - owed_minor, credit.balance_minor if credit else 0)
    if credit and rest_minor:
        why = because(tx, "credit.charged_back", payment=payment.id)
        credit.withdraw(
            withdrawal_id=payment.id, amount_minor=rest_minor, reason=CHARGED_BACK, why=why
        )
        await tx.save(credit)
    facts = {"lost_minor": str(lost_minor), "owed_again_minor": str(owed_minor)}
    await open_task(task_about(payment, "payment_charged_back", **facts), tx)
