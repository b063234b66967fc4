"""Collecting an invoice from what its account has saved, without being asked: autopay.

The attempt is recorded before the gateway is asked, under an id that follows from what was due: who
is interrupted goes on with the same attempt. A payment page that is open is closed at the gateway
before; what was paid there meanwhile is booked, and nothing is charged then.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.brands.brand import Brand
from services.billing.invoices.invoice import Invoice
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.charging import Charges, RequestCharge
from services.billing.payments.commands import AbandonPayment, abandon_payment
from services.billing.payments.payment import Payment
from services.billing.saved_methods.collection import Collection
from services.billing.saved_methods.wallet import SavedMethod, Wallet
from shared.errors import Conflict
from shared.store import Cause, EventStore, Transaction

if TYPE_CHECKING:  # its chain of imports is long
    from services.billing.payments.inquiry import Inquiry


@dataclass(frozen=True, kw_only=True)
class NothingToCharge:
    """Why nothing is charged; a stable code."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class InTheWay:
    """Another attempt to pay the invoice is open."""

    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class Chargeable:
    """The attempt that is begun, and what it is to be charged to."""

    payment: Payment
    method: SavedMethod


Begun = NothingToCharge | InTheWay | Chargeable


async def begin_collection(due: Collection, tx: Transaction) -> Begun:
    """Record the attempt, if there is something to charge and nothing in the way.

    Begun before, it is the same attempt; ended before, there is nothing to do.
    """
    known = await tx.find(Payment, due.payment_id)
    if known is not None:
        return await _go_on(known, tx)
    invoice = await tx.load(Invoice, due.invoice_id)
    if not invoice.settlement.is_collectable:
        is_disputed = invoice.is_open and invoice.settlement.is_charged_back
        return NothingToCharge(reason="charged_back" if is_disputed else "nothing_open")
    method = await _method_for(due, tx)
    if method is None:
        return NothingToCharge(reason="no_method")
    if attempt := invoice.settlement.attempt:
        return InTheWay(payment_id=attempt.payment_id)
    payment = await _begin(due, invoice, method=method, tx=tx)
    return Chargeable(payment=payment, method=method)


async def _method_for(due: Collection, tx: Transaction) -> SavedMethod | None:
    """What is charged automatically, if the brand still takes it."""
    wallet = await tx.find(Wallet, Wallet.id_of(due.account_id))
    method = wallet and wallet.charged_automatically(await today_for(due.brand, tx))
    brand = await tx.look_at(Brand, Brand.id_of(due.brand))
    taken = {(each.id, each.gateway) for each in brand.settings.payment_methods}
    return method if method and (method.method, method.gateway) in taken else None


async def _begin(
    due: Collection, invoice: Invoice, *, method: SavedMethod, tx: Transaction
) -> Payment:
    today = await today_for(due.brand, tx)
    invoice.start_payment(payment_id=due.payment_id, method=method.method, today=today)
    payment = Payment.start(
        id=due.payment_id,
        account_id=due.account_id,
        brand=due.brand,
        invoice_id=due.invoice_id,
        method=method.method,
        amount_minor=invoice.open_minor,
        currency=invoice.currency,
        today=today,
        gateway=method.gateway,
    )
    payment.request_charge(
        token=method.token,
        customer=str(due.account_id),
        return_path=f"/invoices/{due.invoice_id}",
    )
    await tx.save(payment, invoice)
    return payment


async def _go_on(payment: Payment, tx: Transaction) -> Begun:
    """An attempt that was begun and interrupted. What it was fixed to is charged, nothing else."""
    if payment.status != "created":
        return NothingToCharge(reason=payment.status)
    assert payment.account_id is not None, "a payment belongs to an account"
    wallet = await tx.load(Wallet, Wallet.id_of(payment.account_id))
    known = (*wallet.methods.values(), *wallet.forgotten.values())
    method = next(each for each in known if each.token == payment.token)
    return Chargeable(payment=payment, method=method)


@dataclass(frozen=True, kw_only=True)
class TellOfConfirmation:
    """An attempt that the payer's bank wants them to confirm."""

    payment_id: UUID


async def tell_of_confirmation(command: TellOfConfirmation, tx: Transaction) -> None:
    """Have the payer told, once."""
    payment = await tx.load(Payment, command.payment_id)
    assert payment.account_id is not None, "a payment belongs to an account"
    wallet = await tx.load(Wallet, Wallet.id_of(payment.account_id))
    wallet.want_confirmation(
        payment_id=payment.id,
        invoice_id=payment.invoice_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )
    await tx.save(wallet)


class Collector:
    """Charges saved ways to pay for invoices that are due."""

    def __init__(self, *, store: EventStore, charges: Charges, inquiry: "Inquiry") -> None:
        self._store = store
        self._charges = charges
        self._inquiry = inquiry

    async def collect(self, due: Collection, *, cause: Cause) -> str:
        """What came of it, as a stable word. Begun again it goes on where it stopped.

        `OutcomeUnknown` when the gateway does not say whether an open page could be closed: nothing
        is charged then, and the same is to be asked again.
        """
        begun = await self._begin(due, cause=cause)
        match begun:
            case InTheWay():
                return "another_attempt_is_open"
            case NothingToCharge(reason=reason):
                return reason
        return await self._charge(begun, cause=cause)

    async def _begin(self, due: Collection, *, cause: Cause) -> Begun:
        begun = await self._store.run(cause, partial(begin_collection, due))
        if not isinstance(begun, InTheWay):
            return begun
        ended = await self._inquiry.end(begun.payment_id)
        if not ended.has_ended:
            return begun
        return await self._store.run(cause, partial(begin_collection, due))

    async def _charge(self, begun: Chargeable, *, cause: Cause) -> str:
        payment = begun.payment
        request = RequestCharge(
            payment_id=payment.id,
            token=begun.method.token,
            customer=payment.customer,
            return_path=payment.return_path,
        )
        try:
            reported = await self._charges.charge(request, cause=cause)
        except OutcomeUnknown:
            return "unknown"
        except Conflict as refusal:  # the invoice is over, or the gateway is not there any more
            return await self._let_go(payment.id, refusal, cause=cause)
        if reported.status == "open":
            tell = TellOfConfirmation(payment_id=payment.id)
            await self._store.run(cause, partial(tell_of_confirmation, tell))
        return reported.status

    async def _let_go(self, payment_id: UUID, refusal: Conflict, *, cause: Cause) -> str:
        """End the attempt, unless the gateway has it from before an interruption."""
        if not await self._inquiry.ask(payment_id):
            abandon = AbandonPayment(payment_id=payment_id)
            await self._store.run(cause, partial(abandon_payment, abandon))
        return refusal.code
