"""The money-back guarantee: a client takes back what it paid first, and what that was for ends."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.invoice import Invoice
from services.billing.payments.payment import Payment
from services.billing.refunds.giving_back import GiveBack, give_back_payment
from services.billing.refunds.refund import Refund
from services.billing.rules.policy import policy_for
from services.billing.service_endings.commands import CancelService, cancel_service
from shared.envelope import partition_of
from shared.errors import Conflict, NotFound
from shared.store import Transaction

GUARANTEE = "guarantee"


class GuaranteeOver(Conflict):
    """The brand gives no money-back guarantee, or its days since the first payment are over."""


class NotTheFirstPayment(Conflict):
    """The guarantee is for the first payment of an account alone."""


@dataclass(frozen=True, kw_only=True)
class ClaimGuarantee:
    """The client wants the money of its first payment back. `refunding` as in `GiveBack`."""

    id: UUID
    payment_id: UUID
    account_id: UUID
    brand: str
    claimed_by: str
    refunding: frozenset[str]


async def claim_guarantee(command: ClaimGuarantee, tx: Transaction) -> Refund:
    """End what was bought and give all of the payment back; once, as then nothing is left of it.

    GuaranteeOver, NotTheFirstPayment, and what `cancel_service` and `give_back_payment` raise.
    """
    payment = await tx.load(Payment, command.payment_id)
    if payment.account_id != command.account_id:
        raise NotFound()
    await _check_days(payment, tx)
    await _check_first(payment, tx)
    await _end_services(payment, tx)
    return await give_back_payment(_refund(command), tx)


def _refund(command: ClaimGuarantee) -> GiveBack:
    return GiveBack(
        id=command.id,
        payment_id=command.payment_id,
        brand=command.brand,
        account_id=command.account_id,
        way="gateway",
        amount_minor=None,
        reason=GUARANTEE,
        requested_by=command.claimed_by,
        refunding=command.refunding,
    )


async def _check_days(payment: Payment, tx: Transaction) -> None:
    policy = await policy_for(tx, payment.brand, account_id=payment.account_id)
    days = policy.rules.guarantee_days
    today = await today_for(payment.brand, tx)
    if not days or payment.received_on is None:
        raise GuaranteeOver(days=days)
    if today > payment.received_on + timedelta(days=days):
        raise GuaranteeOver(days=days)


_FIRST = """
select data ->> 'payment_id' from log
where partition = $1 and account_id = $2 and type = 'PaymentReceived' order by position limit 1
"""


async def _check_first(payment: Payment, tx: Transaction) -> None:
    partition = partition_of(payment.account_id, payment.brand)
    if await tx.read.fetchval(_FIRST, partition, payment.account_id) != str(payment.id):
        raise NotTheFirstPayment()


async def _end_services(payment: Payment, tx: Transaction) -> None:
    """All that the paid invoices were the beginning of ends today."""
    today = await today_for(payment.brand, tx)
    for service_id in await _begun_by(payment, tx):
        service = await tx.load(HeldService, service_id)
        if service.has_ended or service.cancellation is not None:
            continue
        cancel = CancelService(
            service_id=service_id,
            account_id=payment.account_id,
            at="now",
            reason=GUARANTEE,
            requested_by="client",
            today=today,
            is_right=True,
        )
        await cancel_service(cancel, tx)


async def _begun_by(payment: Payment, tx: Transaction) -> list[UUID]:
    found: dict[UUID, None] = {}
    for invoice_id in payment.invoice_ids:
        invoice = await tx.load(Invoice, invoice_id)
        for line in invoice.lines:
            if line.service_id and line.kind in {"new", "addon"}:
                found[line.service_id] = None
    return list(found)
