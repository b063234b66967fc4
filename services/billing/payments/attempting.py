"""The attempts by card that requests make, counted."""

from uuid import UUID

from services.billing.payments.card_attempts import CardAttempt
from services.billing.payments.payment import Payment
from services.billing.state import account_of, cause_of, state_of
from shared.http.call import CallContext
from shared.http.visitor import network_of_visitor
from shared.store import Transaction


async def count_card_attempt(call: CallContext, payment_id: UUID) -> None:
    """Count an attempt to pay, where its gateway takes cards; `TooManyCardAttempts`."""

    async def load(tx: Transaction) -> Payment:
        return await tx.load(Payment, payment_id)

    payment = await call.store.run(cause_of(call), load)
    gateway = state_of(call).gateways.named(payment.gateway)
    if gateway.capabilities.saved_methods and payment.account_id == call.caller.account_id:
        await _count(call, payment_id, saves_card=False)


async def count_card_to_save(call: CallContext, setup_id: UUID) -> None:
    """Count the wish to save a card; `TooManyCardAttempts`."""
    await _count(call, setup_id, saves_card=True)


async def _count(call: CallContext, attempt_id: UUID, *, saves_card: bool) -> None:
    account_id, brand = account_of(call)
    attempt = CardAttempt(
        attempt_id=attempt_id,
        account_id=account_id,
        brand=brand,
        network=await network_of_visitor(call),
        saves_card=saves_card,
    )
    await state_of(call).card_attempts.count(attempt, cause_of(call))
