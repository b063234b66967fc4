"""Where the holder of a card confirms a charge that their bank wants confirmed (3-D Secure)."""

from functools import partial
from uuid import UUID

from services.billing.gateways.registry import Gateways
from services.billing.payments.payment import Payment, PaymentHasEnded
from shared.errors import Conflict, NotFound
from shared.store import Cause, EventStore, Transaction


class NothingToConfirm(Conflict):
    """The payer's bank does not wait for a confirmation of this payment."""


async def confirmation_page(
    payment_id: UUID, *, account_id: UUID, store: EventStore, gateways: Gateways
) -> str:
    """The address of the page, as the gateway says now.

    `NotFound` for a payment of another account, PaymentHasEnded, NothingToConfirm; `OutcomeUnknown`
    where the gateway gives no answer that can be trusted.
    """
    payment = await store.run(Cause(actor="gateway"), partial(_load, payment_id))
    if payment.account_id != account_id:
        raise NotFound()
    if payment.has_ended:
        raise PaymentHasEnded(status=payment.status)
    reported = await gateways.named(payment.gateway).find(str(payment.id))
    if reported is None or reported.status != "open" or not payment.token or not reported.url:
        raise NothingToConfirm()
    return reported.url


async def _load(payment_id: UUID, tx: Transaction) -> Payment:
    return await tx.load(Payment, payment_id)
