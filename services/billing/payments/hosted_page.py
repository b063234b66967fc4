"""Sending a client to the gateway's payment page.

What is asked is recorded before the gateway is asked, and its answer after, in two transactions: a
crash in between leaves a payment that is asked for again with the same key and opens the same page.
"""

from functools import partial
from uuid import UUID

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
from services.billing.payments.gateway import CheckoutRequest, Gateway
from shared.store import Cause, EventStore


class HostedPages:
    """Opens payment pages. `portal_url` has `{brand}` for the slug of the brand."""

    def __init__(
        self, *, store: EventStore, gateway: Gateway, portal_url: str, notify_url: str
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._portal_url = portal_url
        self._notify_url = notify_url

    async def open(
        self, payment_id: UUID, *, account_id: UUID, return_path: str, cause: Cause
    ) -> str:
        """The address of the payment's page; the same again as long as the attempt is open.

        `OutcomeUnknown` when the gateway gives no answer that can be trusted; try again then.
        """
        request = RequestPage(payment_id=payment_id, account_id=account_id, return_path=return_path)
        wanted = await self._store.run(cause, partial(request_page, request))
        try:
            opened = await self._gateway.open(self._checkout_for(wanted))
        except OutcomeUnknown as error:
            unknown = RecordUnknown(payment_id=payment_id, cause=str(error.facts["cause"]))
            await self._store.run(cause, partial(record_unknown, unknown))
            raise
        sent = RecordSent(payment_id=payment_id, gateway_reference=opened.id)
        await self._store.run(cause, partial(record_sent, sent))
        return opened.url

    def _checkout_for(self, wanted: WantedPage) -> CheckoutRequest:
        payment = wanted.payment
        return CheckoutRequest(
            reference=str(payment.id),
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            description=wanted.invoice_number,
            return_url=self._portal_url.format(brand=payment.brand) + payment.return_path,
            notify_url=self._notify_url,
        )
