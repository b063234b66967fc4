"""What is asked for when money is given back: whose credit notes it comes with, who must agree.

Amounts in minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.gateways.port import GatewayCannot
from services.billing.invoices.invoice import Invoice
from services.billing.payments.payment import Payment
from services.billing.payments.payment_events import PaymentNotReceived, RefundExceedsPayment
from services.billing.refunds.refund import Way
from services.billing.rules.policy import policy_for
from shared.errors import Conflict, NotFound
from shared.store import Transaction


class RefundExceedsInvoice(Conflict):
    """The invoices do not keep that much of the payment any more."""


Source = Literal["invoices", "credit"]
"""What it is taken out of: of what the payment settled, by credit notes, or of the credit alone."""


@dataclass(frozen=True, kw_only=True)
class GiveBack:
    """`amount_minor` None: all that is left of the payment.

    `invoice_id`: the one of its invoices that is credited; None: all, in their order, and what they
    do not keep comes out of the credit. `refunding`: the gateways that can give back, by name.
    """

    id: UUID
    payment_id: UUID
    brand: str
    way: Way
    amount_minor: int | None
    reason: str
    requested_by: str
    refunding: frozenset[str]
    source: Source = "invoices"
    invoice_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class RequestRefund:
    """`invoice_id`: whose credit note it comes with; None: it comes out of the account's credit.

    `further_invoices` follow where that one does not keep as much. `reason` is a sentence.
    `needs_approval`: it waits until somebody else has approved it.
    """

    id: UUID
    payment_id: UUID
    amount_minor: int
    way: Way
    reason: str
    requested_by: str
    today: date
    invoice_id: UUID | None = None
    further_invoices: Sequence[UUID] = ()
    needs_approval: bool = False


async def planned_by_staff(command: GiveBack, tx: Transaction) -> RequestRefund:
    """What staff asks for: up to the brand's limit it goes at once, above it another approves.

    What was given back of the payment before counts, so that many small refunds are no way around
    the limit. GatewayCannot, and what `planned_refund` refuses.
    """
    payment = await tx.load(Payment, command.payment_id)
    if payment.brand != command.brand:
        raise NotFound()
    if command.way == "gateway" and payment.gateway not in command.refunding:
        raise GatewayCannot(gateway=payment.gateway, what="refund")
    planned = await planned_refund(command, payment, tx)
    policy = await policy_for(tx, payment.brand, account_id=payment.account_id)
    alone_minor = policy.rules.refund_alone_maximum_minor
    gone_minor = await _gone(payment, tx) + planned.amount_minor
    needs_approval = alone_minor is not None and gone_minor > alone_minor
    return replace(planned, needs_approval=needs_approval)


async def _gone(payment: Payment, tx: Transaction) -> int:
    """What of the payment went back, is about to, or was credited."""
    invoices = [await tx.load(Invoice, id) for id in payment.invoice_ids]
    settled_minor = sum(each.settlement.payments.get(payment.id, 0) for each in invoices)
    credited_minor = settled_minor - _kept(payment, invoices)
    return max(payment.amount_minor - payment.refundable_minor, credited_minor)


def _kept(payment: Payment, invoices: Sequence[Invoice]) -> int:
    """What of the payment these invoices keep: what it settled and no credit note took back."""
    return sum(each.settlement.kept_of(payment.id) for each in invoices)


async def planned_refund(command: GiveBack, payment: Payment, tx: Transaction) -> RequestRefund:
    """What is to be asked for; nobody needs to approve it.

    PaymentNotReceived, RefundExceedsPayment, RefundExceedsInvoice; `NotFound` for an invoice that
    the payment was not for.
    """
    if not payment.is_paid:
        raise PaymentNotReceived(status=payment.status)
    amount_minor = command.amount_minor or payment.refundable_minor
    if not 0 < amount_minor <= payment.refundable_minor:
        raise RefundExceedsPayment(left_minor=payment.refundable_minor)
    invoices = [await tx.load(Invoice, id) for id in _chosen(command, payment)]
    kept_minor = _kept(payment, invoices)
    if amount_minor > kept_minor and (command.invoice_id or command.way == "credit"):
        raise RefundExceedsInvoice(left_minor=kept_minor)
    return RequestRefund(
        id=command.id,
        payment_id=payment.id,
        amount_minor=amount_minor,
        way=command.way,
        reason=command.reason,
        requested_by=command.requested_by,
        today=await today_for(payment.brand, tx),
        invoice_id=invoices[0].id if invoices else None,
        further_invoices=[each.id for each in invoices[1:]],
    )


def _chosen(command: GiveBack, payment: Payment) -> list[UUID]:
    if command.source == "credit":
        return []
    if command.invoice_id is None:
        return payment.invoice_ids
    if command.invoice_id not in payment.invoice_ids:
        raise NotFound()
    return [command.invoice_id]
