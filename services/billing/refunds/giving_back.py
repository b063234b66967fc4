"""What is asked for when money is given back: whose credit note it comes with, who must agree.

Amounts in minor units.
"""

from dataclasses import dataclass
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.gateways.port import GatewayCannot
from services.billing.invoices.invoice import Invoice
from services.billing.payments.payment import Payment
from services.billing.payments.payment_events import PaymentNotReceived, RefundExceedsPayment
from services.billing.refunds.commands import RequestRefund, request_refund
from services.billing.refunds.refund import Refund, Way
from services.billing.rules.policy import policy_for
from shared.errors import Conflict, NotFound
from shared.store import Transaction


class RefundedInvoiceIsOpen(Conflict):
    """The invoice that it paid in part is still open; void or credit what is open first."""


@dataclass(frozen=True, kw_only=True)
class GiveBack:
    """`amount_minor` None: all that is left of the payment. `account_id` None: staff asks.

    `refunding`: the names of the gateways that can give back.
    """

    id: UUID
    payment_id: UUID
    brand: str
    account_id: UUID | None
    way: Way
    amount_minor: int | None
    reason: str
    requested_by: str
    refunding: frozenset[str]


async def give_back_payment(command: GiveBack, tx: Transaction) -> Refund:
    """Ask for the refund: up to the brand's limit it goes at once, above when another approves.

    PaymentNotReceived, RefundExceedsPayment, GatewayCannot, RefundedInvoiceIsOpen, and what
    `request_refund` refuses.
    """
    payment = await _payment(command, tx)
    amount_minor = command.amount_minor or payment.refundable_minor
    if amount_minor <= 0:
        raise RefundExceedsPayment(left_minor=payment.refundable_minor)
    policy = await policy_for(tx, payment.brand, account_id=payment.account_id)
    alone_minor = policy.rules.refund_alone_maximum_minor
    request = RequestRefund(
        id=command.id,
        payment_id=payment.id,
        amount_minor=amount_minor,
        way=command.way,
        reason=command.reason,
        requested_by=command.requested_by,
        today=await today_for(payment.brand, tx),
        invoice_id=await _credited_invoice(payment, amount_minor, tx),
        needs_approval=alone_minor is not None and amount_minor > alone_minor,
    )
    return await request_refund(request, tx)


async def _payment(command: GiveBack, tx: Transaction) -> Payment:
    payment = await tx.load(Payment, command.payment_id)
    if payment.brand != command.brand or command.account_id not in {None, payment.account_id}:
        raise NotFound()
    if not payment.is_paid:
        raise PaymentNotReceived(status=payment.status)
    if command.way == "gateway" and payment.gateway not in command.refunding:
        raise GatewayCannot(gateway=payment.gateway, what="refund")
    return payment


async def _credited_invoice(payment: Payment, amount_minor: int, tx: Transaction) -> UUID | None:
    """The invoice that the payment paid so much of and that can still be taken back as far.

    None: it comes out of the account's credit, where what no invoice took has gone, and what
    other credit notes gave back.
    """
    settled_minor = 0
    found: UUID | None = None
    for invoice_id in payment.invoice_ids:
        invoice = await tx.load(Invoice, invoice_id)
        settlement = invoice.settlement
        paid_minor = settlement.payments.get(payment.id, 0)
        settled_minor += paid_minor
        left_minor = settlement.total_minor - sum(settlement.credit_notes.values())
        if found is None and amount_minor <= min(paid_minor, left_minor):
            found = _if_settled(invoice)
    left_over_minor = payment.amount_minor - settled_minor
    return None if amount_minor <= left_over_minor else found


def _if_settled(invoice: Invoice) -> UUID:
    if invoice.is_open:
        raise RefundedInvoiceIsOpen(number=invoice.number)
    return invoice.id
