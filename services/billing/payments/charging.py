"""Charging a saved method while the payer is away.

As with a page, what is asked is recorded before, and the answer after. A charge whose outcome is
unknown and that the gateway turns out not to have is asked for again, under the same key.
"""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from services.billing.gateways.port import ChargeRequest, Reported
from services.billing.gateways.registry import Gateways
from services.billing.invoices.invoice import Invoice
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.commands import (
    RecordUnknown,
    SettlePayment,
    WantedPage,
    record_unknown,
    settle_payment,
)
from services.billing.payments.payment import Payment
from services.billing.payments.ways import Ways
from shared.store import Cause, EventStore, Transaction


@dataclass(frozen=True, kw_only=True)
class RequestCharge:
    """The saved method `token` of `customer`, both as the gateway calls them."""

    payment_id: UUID
    token: str
    customer: str
    return_path: str


async def request_charge(command: RequestCharge, tx: Transaction) -> WantedPage:
    """Record what the gateway will be asked. Refused when the attempt or the invoice is over.

    Money may come from now on, so nothing else settles or ends the invoice until that is clear.
    """
    payment = await tx.load(Payment, command.payment_id)
    invoice = await tx.load(Invoice, payment.invoice_id)
    invoice.settlement.check_open()
    payment.request_charge(
        token=command.token, customer=command.customer, return_path=command.return_path
    )
    invoice.hold_for_payment(payment.id)
    await tx.save(payment, invoice)
    return WantedPage(payment=payment, invoice_number=invoice.number)


class Charges:
    """Charges saved methods at their gateways."""

    def __init__(self, *, store: EventStore, gateways: Gateways, ways: Ways) -> None:
        self._store = store
        self._gateways = gateways
        self._ways = ways

    async def charge(self, request: RequestCharge, *, cause: Cause) -> Reported:
        """What the gateway says of the charge; it is booked. A decline is an answer.

        `OutcomeUnknown` when it gives no answer that can be trusted; the janitor goes on then.
        """
        wanted = await self._store.run(cause, partial(request_charge, request))
        gateway = self._gateways.named(wanted.payment.gateway)
        try:
            reported = await gateway.charge(self._charge_for(wanted))
        except OutcomeUnknown as error:
            unknown = RecordUnknown(payment_id=request.payment_id, cause=str(error.facts["cause"]))
            await self._store.run(cause, partial(record_unknown, unknown))
            raise
        settle = SettlePayment(
            payment_id=request.payment_id,
            reported=reported,
            merchant=gateway.merchant,
            gateway=gateway.name,
        )
        await self._store.run(cause, partial(settle_payment, settle))
        return reported

    async def charge_again(self, payment: Payment, *, cause: Cause) -> None:
        """Ask for the same charge once more; the gateway has never got it."""
        same = RequestCharge(
            payment_id=payment.id,
            token=payment.token,
            customer=payment.customer,
            return_path=payment.return_path,
        )
        await self.charge(same, cause=cause)

    def _charge_for(self, wanted: WantedPage) -> ChargeRequest:
        payment = wanted.payment
        return ChargeRequest(
            reference=str(payment.id),
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            description=wanted.invoice_number,
            customer=payment.customer,
            token=payment.token,
            return_url=self._ways.back(payment),
            notify_url=self._ways.of_news(payment.gateway),
        )
