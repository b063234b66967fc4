"""Giving money back: asked for, ordered once whoever must agree has, booked when it has gone.

A refund of what an invoice was paid with is a credit note over it first, so that the money is the
account's credit, then taken out of that, then sent; a refund to the credit ends with the first.
Amounts in minor units.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.billing.gateways.port import ReportedRefund
from services.billing.payments.payment import Payment
from services.billing.payments.payment_events import PaymentNotRefundable
from services.billing.refunds.covering import give_back, take_back_invoices, withdraw_for
from services.billing.refunds.giving_back import GiveBack, RequestRefund, planned_by_staff
from services.billing.refunds.refund import Refund
from services.billing.staff_tasks.commands import CloseTask, OpenTask, close_task, open_task
from services.billing.staff_tasks.kinds import Kind
from shared.errors import NotFound
from shared.store import Transaction

TO_APPROVE: Kind = "refund_to_approve"


async def give_back_payment(command: GiveBack, tx: Transaction) -> Refund:
    """The refund that staff wants. What `planned_by_staff` and `request_refund` refuse."""
    return await request_refund(await planned_by_staff(command, tx), tx)


async def request_refund(command: RequestRefund, tx: Transaction) -> Refund:
    """The refund, whose money goes back no other way from now on. The same id again: the same.

    PaymentNotReceived, PaymentNotRefundable, RefundExceedsPayment; if it is ordered at once, what
    `order_refund` refuses.
    """
    known = await tx.find(Refund, command.id)
    if known is not None:
        return known
    payment = await tx.load(Payment, command.payment_id)
    payment.reserve_refund(refund_id=str(command.id), amount_minor=command.amount_minor)
    refund = _requested(command, payment)
    await tx.save(payment, refund)
    if command.needs_approval:
        await open_task(_task(refund, TO_APPROVE), tx)
    else:
        await order_refund(OrderRefund(refund_id=refund.id, brand=refund.brand), tx)
    return await tx.load(Refund, refund.id)


def _requested(command: RequestRefund, payment: Payment) -> Refund:
    return Refund.request(
        id=command.id,
        account_id=payment.account_id,
        brand=payment.brand,
        payment_id=payment.id,
        invoice_id=command.invoice_id,
        further_invoices=list(command.further_invoices),
        amount_minor=command.amount_minor,
        currency=payment.currency,
        way=command.way,
        reason=command.reason,
        requested_on=command.today,
        requested_by=command.requested_by,
        gateway=payment.gateway,
        payment_reference=payment.gateway_reference,
    )


@dataclass(frozen=True, kw_only=True)
class OrderRefund:
    """`approved_by` is empty where nobody needs to; a day later than the request is `today`."""

    refund_id: UUID
    brand: str
    approved_by: str = ""
    today: date | None = None


async def order_refund(command: OrderRefund, tx: Transaction) -> Refund:
    """Take the money out of the account, with its credit notes; the gateway is asked after this.

    What is paid back by hand is booked at once, and so is what becomes credit. RefundIsDecided,
    RefundNeedsAnother, PaymentNotRefundable where the payer's bank has taken the money meanwhile,
    RefundedInvoiceIsOpen, RefundExceedsInvoice, CreditTooSmall, and what a credit note refuses.
    """
    refund = await _of_brand(command.refund_id, command.brand, tx)
    today = command.today or refund.requested_on
    withdrawn_minor = 0 if refund.way == "credit" else refund.amount_minor
    refund.order(approved_by=command.approved_by, withdrawn_minor=withdrawn_minor)
    await _check_still_ours(refund, tx)
    await tx.save(refund)
    await take_back_invoices(refund, today=today, tx=tx)
    if withdrawn_minor:
        await withdraw_for(refund, withdrawn_minor, tx=tx)
    await _end_what_needs_no_gateway(refund, today=today, tx=tx)
    await close_task(_decided(refund), tx)
    return refund


async def _check_still_ours(refund: Refund, tx: Transaction) -> None:
    """While it waited for somebody to agree, the money may have gone back another way."""
    payment = await tx.load(Payment, refund.payment_id)
    if payment.status in {"disputed", "charged_back", "reversed"}:
        raise PaymentNotRefundable(status=payment.status)


async def _end_what_needs_no_gateway(refund: Refund, *, today: date, tx: Transaction) -> None:
    if refund.way == "by_hand":
        await _finish(refund, gateway_reference="", refunded_on=today, tx=tx)
    elif refund.way == "credit":
        await _release(refund, tx)
        refund.finish(gateway_reference="", refunded_on=today)
        await tx.save(refund)


@dataclass(frozen=True, kw_only=True)
class DeclineRefund:
    """`reason` is a sentence of who declined it."""

    refund_id: UUID
    brand: str
    declined_by: str
    reason: str


async def decline_refund(command: DeclineRefund, tx: Transaction) -> Refund:
    """The money stays. RefundIsDecided."""
    refund = await _of_brand(command.refund_id, command.brand, tx)
    refund.decline(declined_by=command.declined_by, reason=command.reason)
    await _release(refund, tx)
    await tx.save(refund)
    await close_task(_decided(refund), tx)
    return refund


@dataclass(frozen=True, kw_only=True)
class TakeRefundNews:
    """What the gateway says of a refund that we asked for."""

    refund_id: UUID
    status: Literal["pending", "succeeded", "failed"]
    gateway_reference: str
    failure_code: str
    refunded_on: date


def news_of(refund_id: UUID, reported: ReportedRefund, *, today: date) -> TakeRefundNews:
    """The gateway's word about one refund; what went back later than today did so today."""
    return TakeRefundNews(
        refund_id=refund_id,
        status=reported.status,
        gateway_reference=reported.id,
        failure_code=reported.failure_code or "refused",
        refunded_on=min(reported.refunded_on or today, today),
    )


async def take_refund_news(command: TakeRefundNews, tx: Transaction) -> None:
    """Book that it went back, or that it will not: then it is the account's credit, and a task.

    Said again it changes nothing; pending changes nothing.
    """
    refund = await tx.load(Refund, command.refund_id)
    if command.status == "succeeded" and refund.status != "done":
        await _finish(
            refund,
            gateway_reference=command.gateway_reference,
            refunded_on=command.refunded_on,
            tx=tx,
        )
    elif command.status == "failed" and refund.status == "ordered":
        refund.fail(command.failure_code)
        await _release(refund, tx)
        await give_back(refund, tx=tx)
        await open_task(_task(refund, "refund_failed", reason=command.failure_code), tx)
    await tx.save(refund)


async def _finish(
    refund: Refund, *, gateway_reference: str, refunded_on: date, tx: Transaction
) -> None:
    payment = await tx.load(Payment, refund.payment_id)
    payment.refund(
        refund_id=str(refund.id),
        amount_minor=refund.amount_minor,
        refunded_on=refunded_on,
        way=refund.way,
    )
    refund.finish(gateway_reference=gateway_reference, refunded_on=refunded_on)
    await tx.save(payment, refund)


async def _release(refund: Refund, tx: Transaction) -> None:
    payment = await tx.load(Payment, refund.payment_id)
    payment.release_refund(str(refund.id))
    await tx.save(payment)


async def _of_brand(refund_id: UUID, brand: str, tx: Transaction) -> Refund:
    refund = await tx.load(Refund, refund_id)
    if refund.brand != brand:
        raise NotFound()
    return refund


def _task(refund: Refund, kind: Kind, **facts: str) -> OpenTask:
    known = {
        "payment_id": str(refund.payment_id),
        "way": refund.way,
        "amount_minor": str(refund.amount_minor),
        "currency": refund.currency,
    }
    return OpenTask(
        brand=refund.brand,
        kind=kind,
        key=str(refund.id),
        account_id=refund.account_id,
        facts={**known, **facts},
    )


def _decided(refund: Refund) -> CloseTask:
    key = str(refund.id)
    return CloseTask(brand=refund.brand, kind=TO_APPROVE, key=key, note=refund.status)
