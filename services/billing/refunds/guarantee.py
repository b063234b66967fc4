"""The money-back guarantee: a client takes back what it paid first, and what that was for ends.

The brand has promised it by its rules, so nobody has to agree, however much it is. Where the way
that it was paid by gives nothing back, staff pays it out by hand and says so by its approval.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.invoice import Invoice
from services.billing.payments.payment import Payment
from services.billing.payments.payment_events import PaymentNotReceived
from services.billing.refunds.giving_back import GiveBack, RequestRefund, planned_refund
from services.billing.refunds.refund import Way
from services.billing.rules.policy import policy_for
from shared.errors import Conflict, NotFound
from shared.store import Transaction

GUARANTEE = "guarantee"
BEGINNINGS = frozenset({"new", "addon"})
"""Kinds of the lines that a service begins with."""


class GuaranteeOver(Conflict):
    """There is no money-back guarantee, or its days since the first payment are over."""


class NotTheFirstPayment(Conflict):
    """The guarantee is for the first payment of an account alone."""


class Guaranteed(NamedTuple):
    """What is to be asked for, and the services that end by it."""

    request: RequestRefund
    services: Sequence[HeldService]


@dataclass(frozen=True, kw_only=True)
class ClaimGuarantee:
    """The client wants the money of its first payment back. `refunding` as in `GiveBack`."""

    id: UUID
    payment_id: UUID
    account_id: UUID
    brand: str
    claimed_by: str
    refunding: frozenset[str]


async def guaranteed(command: ClaimGuarantee, tx: Transaction) -> Guaranteed:
    """What the claim gives back and ends. GuaranteeOver, NotTheFirstPayment, PaymentNotReceived."""
    payment = await tx.load(Payment, command.payment_id)
    if payment.account_id != command.account_id:
        raise NotFound()
    if not payment.is_paid:
        raise PaymentNotReceived(status=payment.status)
    await _check_first(payment, tx)
    services = await _begun_by(payment, tx)
    await _check_days(payment, services, tx)
    way: Way = "gateway" if payment.gateway in command.refunding else "by_hand"
    planned = await planned_refund(_give_back(command, way=way), payment, tx)
    return Guaranteed(replace(planned, needs_approval=way == "by_hand"), services)


def _give_back(command: ClaimGuarantee, *, way: Way) -> GiveBack:
    return GiveBack(
        id=command.id,
        payment_id=command.payment_id,
        brand=command.brand,
        way=way,
        amount_minor=None,
        reason=GUARANTEE,
        requested_by=command.claimed_by,
        refunding=command.refunding,
    )


async def _check_first(payment: Payment, tx: Transaction) -> None:
    """The view names the first; it is behind by moments, and then nobody is the first yet."""
    query = "select payment_id from first_payment where account_id = $1"
    if await tx.read.fetchval(query, payment.account_id) != payment.id:
        raise NotTheFirstPayment()


async def _begun_by(payment: Payment, tx: Transaction) -> list[HeldService]:
    """The services that the paid invoices were the beginning of."""
    invoices = [await tx.load(Invoice, id) for id in payment.invoice_ids]
    lines = [line for each in invoices for line in each.lines if line.kind in BEGINNINGS]
    ids = dict.fromkeys(line.service_id for line in lines if line.service_id)
    return [await tx.load(HeldService, id) for id in ids]


async def _check_days(payment: Payment, services: Sequence[HeldService], tx: Transaction) -> None:
    """The shortest guarantee among what was bought counts, as all of the payment goes back."""
    products: set[UUID | None] = {each.terms.product_id for each in services} or {None}
    policies = [
        await policy_for(tx, payment.brand, product_id=product, account_id=payment.account_id)
        for product in products
    ]
    days = min(policy.rules.guarantee_days for policy in policies)
    today = await today_for(payment.brand, tx)
    assert payment.received_on is not None, "it is paid"
    if not days or today > payment.received_on + timedelta(days=days):
        raise GuaranteeOver(days=days)
