"""Sending a client to the gateway: to its payment page, or to pay by what it says.

What is asked is recorded before the gateway is asked, and its answer after, in two transactions: a
crash in between leaves a payment that is asked for again with the same key and opens the same page.
"""

from functools import partial
from uuid import UUID

from services.billing.gateways.port import Opened, PageRequest
from services.billing.gateways.registry import Gateways
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.commands import (
    RecordSent,
    RecordUnknown,
    RequestPage,
    WantedPage,
    record_sent,
    record_unknown,
    request_page,
)
from services.billing.payments.payables import numbers_of, payables_of
from services.billing.payments.payment import Payment
from services.billing.payments.ways import Ways
from shared.store import Cause, EventStore, Transaction


async def _wanted(payment_id: UUID, tx: Transaction) -> WantedPage:
    payment = await tx.load(Payment, payment_id)
    return WantedPage(payment=payment, invoice_number=numbers_of(await payables_of(payment, tx)))


class HostedPages:
    """Opens attempts at their gateways."""

    def __init__(self, *, store: EventStore, gateways: Gateways, ways: Ways) -> None:
        self._store = store
        self._gateways = gateways
        self._ways = ways

    async def open(
        self, payment_id: UUID, *, account_id: UUID, return_path: str, cause: Cause
    ) -> Opened:
        """The payment's page, or what the payer needs to know; the same again while it is open.

        `OutcomeUnknown` when the gateway gives no answer that can be trusted; try again then.
        """
        request = RequestPage(payment_id=payment_id, account_id=account_id, return_path=return_path)
        wanted = await self._store.run(cause, partial(request_page, request))
        gateway = self._gateways.named(wanted.payment.gateway)
        try:
            opened = await gateway.open(self._page_for(wanted))
        except OutcomeUnknown as error:
            unknown = RecordUnknown(payment_id=payment_id, cause=str(error.facts["cause"]))
            await self._store.run(cause, partial(record_unknown, unknown))
            raise
        sent = RecordSent(payment_id=payment_id, gateway_reference=opened.id)
        await self._store.run(cause, partial(record_sent, sent))
        return opened

    async def open_again(self, payment_id: UUID, *, cause: Cause) -> Opened:
        """What was asked for, asked once more, whatever has become of the attempt here.

        So that a request which is still on its way finds its key taken.
        """
        wanted = await self._store.run(cause, partial(_wanted, payment_id))
        return await self._gateways.named(wanted.payment.gateway).open(self._page_for(wanted))

    def _page_for(self, wanted: WantedPage) -> PageRequest:
        payment = wanted.payment
        return PageRequest(
            reference=str(payment.id),
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            description=wanted.invoice_number,
            return_url=self._ways.back(payment),
            notify_url=self._ways.of_news(payment.gateway),
            brand=payment.brand,
        )
