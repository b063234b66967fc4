"""Cards by Stripe: hosted pages (Checkout), saved cards charged while the payer is away, refunds.

An attempt is known by the name of its page (`cs_...`) or, without one, of its payment (`pi_...`). A
saved card's token is `<customer>/<card>`: each has a customer of its own there, so that nothing of
whose it is must be kept beside it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from pydantic import SecretStr

from services.billing.gateways import port
from services.billing.gateways.stripe import day_report, meanings, objects, requests
from services.billing.gateways.stripe.amounts import AmountNotPayable
from services.billing.gateways.stripe.calls import Refusal, all_of, ask, look_for, must
from services.billing.gateways.stripe.connection import NAME, connect, unknown
from services.billing.gateways.stripe.declines import (
    CONFIRMATION_WANTED,
    METHOD_GONE,
    decline_of,
)
from services.billing.gateways.stripe.lookups import PAGE, Lookups
from services.billing.gateways.stripe.meanings import REFERENCE
from services.billing.gateways.stripe.signature import check_signature
from services.billing.gateways.stripe.webhook import notice_of
from shared.clock import Clock

_TOKEN = re.compile(r"(cus_[A-Za-z0-9_]{1,250})/(pm_[A-Za-z0-9_]{1,250})")
_AMOUNT_REFUSED = {"amount_too_large", "amount_too_small", "invalid_charge_amount"}
_PAGES_LIVE = timedelta(days=1)


class StripeGateway(port.Gateway):
    """Stripe under the key of one merchant. `webhook_secrets`: the new one and, for a while, the
    old one. Amounts of currencies that it cannot take exactly are `AmountNotPayable`."""

    capabilities = port.Capabilities(
        hosted_page=True,
        saved_methods=True,
        refunds=True,
        webhooks=True,
        expires=True,
        reports_days=True,
    )

    def __init__(
        self,
        *,
        url: str,
        key: SecretStr,
        webhook_secrets: Sequence[SecretStr],
        clock: Clock,
    ) -> None:
        self.name = NAME
        client, self._network = connect(url=url, key=key)
        self._v1 = client.v1
        self._known = Lookups(client)
        self._webhook_secrets = webhook_secrets
        self._clock = clock

    async def open(self, request: port.PageRequest) -> port.Opened:
        """See the port. `AmountNotPayable` also for what is below or above Stripe's limits."""
        params = requests.page_of(request)
        if not self._is_key_kept(request.reference):
            known = await self._known.page_with(request.reference, mode="payment")
            if known is not None:
                return _opened(known, reference=request.reference)
        answer = await ask(
            self._v1.checkout.sessions.create_async(params, {"idempotency_key": request.reference}),
            objects.CheckoutSession,
        )
        if isinstance(answer, Refusal):
            if answer.code in _AMOUNT_REFUSED:
                raise AmountNotPayable(currency=request.currency)
            raise unknown(f"refused: {answer.code}")
        return _opened(answer, reference=request.reference)

    async def look(self, id: str) -> port.Reported | None:
        """See the port. A payment that was made on a page is reported under the page's name."""
        return await self._known.look(id)

    async def find(self, reference: str) -> port.Reported | None:
        """See the port. Looks through what there is since the reference was made."""
        return await self._known.find(reference)

    async def expire(self, id: str) -> port.Reported:
        """See the port."""
        report = await self._known.look_at(id)
        if report.status != "open":
            return report
        if PAGE.fullmatch(id):
            await ask(self._v1.checkout.sessions.expire_async(id), objects.CheckoutSession)
        else:
            await ask(self._v1.payment_intents.cancel_async(id), objects.PaymentIntent)
        return await self._known.look_at(id)  # refused or not: what holds now is what counts

    async def charge(self, request: port.ChargeRequest) -> port.Reported:
        """See the port. If the payer must confirm it, the report has the bank's page."""
        parts = _TOKEN.fullmatch(request.token)
        if parts is None:
            return _not_charged(request, code=METHOD_GONE)
        if not self._is_key_kept(request.reference):
            known = await self.find(request.reference)
            if known is not None:
                return known
        try:
            params = requests.charge_of(request, customer=parts[1], method=parts[2])
        except AmountNotPayable as error:
            return _not_charged(request, code=error.code)
        answer = await ask(
            self._v1.payment_intents.create_async(params, {"idempotency_key": request.reference}),
            objects.PaymentIntent,
        )
        if isinstance(answer, Refusal):
            return await self._refused_charge(request, answer, method=parts[2])
        return meanings.intent_report(answer)

    async def refund(self, request: port.RefundRequest) -> port.ReportedRefund:
        """See the port. Looks for the reference first, however old it is."""
        intent_id = await self._known.intent_of(request.payment_id)
        for refund in await self._known.refunds_of(intent_id):
            if refund.metadata.get(REFERENCE) == request.reference:
                return meanings.refund_report(refund)
        try:
            params = requests.refund_of(request, intent=intent_id)
        except AmountNotPayable as error:
            return _not_refunded(request, code=error.code)
        answer = await ask(
            self._v1.refunds.create_async(params, {"idempotency_key": request.reference}),
            objects.Refund,
        )
        if isinstance(answer, Refusal):
            return _not_refunded(request, code=answer.code)
        return meanings.refund_report(answer)

    async def open_setup(self, request: port.SetupRequest) -> port.Opened:
        """See the port."""
        if not self._is_key_kept(request.reference):
            known = await self._known.page_with(request.reference, mode="setup")
            if known is not None:
                return _opened(known, reference=request.reference)
        page = await must(
            self._v1.checkout.sessions.create_async(
                requests.setup_of(request), {"idempotency_key": request.reference}
            ),
            objects.CheckoutSession,
        )
        return _opened(page, reference=request.reference)

    async def find_setup(self, reference: str) -> port.ReportedSetup | None:
        """See the port."""
        page = await self._known.page_with(reference, mode="setup")
        if page is None:
            return None
        intent = None
        if page.setup_intent is not None:
            intent = await must(
                self._v1.setup_intents.retrieve_async(
                    page.setup_intent, {"expand": ["payment_method"]}
                ),
                objects.SetupIntent,
            )
        return meanings.setup_report(page, intent)

    async def forget(self, token: str) -> None:
        """See the port."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return
        answer = await ask(self._v1.payment_methods.detach_async(parts[2]), objects.PaymentMethod)
        if isinstance(answer, objects.PaymentMethod):
            return
        method = await look_for(
            self._v1.payment_methods.retrieve_async(parts[2]), objects.PaymentMethod
        )
        if method is not None and method.customer is not None:
            raise unknown(f"refused: {answer.code}")

    async def day(self, on: date) -> list[port.DayEntry]:
        """See the port. The days are those of UTC."""
        begins, ends = day_report.bounds_of(on)
        movements = await all_of(
            self._known.pages_of(
                self._v1.balance_transactions.list_async,
                objects.Page[objects.BalanceTransaction],
                created={"gte": begins, "lt": ends},
                expand=["data.source"],
            )
        )
        earlier = begins - int(_PAGES_LIVE.total_seconds())
        pages = await all_of(
            self._known.pages_of(
                self._v1.checkout.sessions.list_async,
                objects.Page[objects.CheckoutSession],
                created={"gte": earlier, "lt": ends},
            )
        )
        names = {page.payment_intent: page.id for page in pages if page.payment_intent}
        moved = (day_report.made_on_a_page(each) for each in movements)
        for intent_id in {each for each in moved if each} - names.keys():
            page = await self._known.page_behind(intent_id)  # what goes back came long ago
            names |= {intent_id: page.id} if page else {}
        oldest_first = reversed(movements)
        return [entry for each in oldest_first for entry in day_report.entries_of(each, names)]

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> port.Notice:
        """See the port."""
        header = headers.get("stripe-signature", "")
        check_signature(header, body, secrets=self._webhook_secrets, now=now)
        return notice_of(body)

    async def close(self) -> None:
        """Close the connections."""
        await self._network.close_async()

    def _is_key_kept(self, reference: str) -> bool:
        return requests.is_key_kept(reference, now=self._clock.now())

    async def _refused_charge(
        self, request: port.ChargeRequest, refusal: Refusal, *, method: str
    ) -> port.Reported:
        """What a refusal says of the charge; the payer is asked where their bank wants it."""
        if refusal.intent is None:
            if refusal.is_missing:
                return _not_charged(request, code=METHOD_GONE)
            if refusal.code in _AMOUNT_REFUSED:
                return _not_charged(request, code=refusal.code)
            raise unknown(f"refused: {refusal.code}")
        if refusal.code != CONFIRMATION_WANTED:
            return meanings.intent_report(refusal.intent)
        answer = await ask(
            self._v1.payment_intents.confirm_async(
                refusal.intent.id,
                {
                    "payment_method": method,
                    "return_url": request.return_url,
                    "expand": ["latest_charge"],
                },
                {"idempotency_key": f"{request.reference}:confirm"},
            ),
            objects.PaymentIntent,
        )
        if isinstance(answer, objects.PaymentIntent):
            return meanings.intent_report(answer)
        if answer.intent is None:
            raise unknown(f"refused: {answer.code}")
        return meanings.intent_report(answer.intent)


def _opened(page: objects.CheckoutSession, *, reference: str) -> port.Opened:
    """The page, if it is the one that was asked for and can be gone to."""
    if page.client_reference_id != reference:
        raise unknown("another page")
    if page.url is None or not page.url.startswith(("https://", "http://")):
        raise unknown("no address of a page")
    return port.Opened(id=page.id, url=page.url)


def _not_charged(request: port.ChargeRequest, *, code: str) -> port.Reported:
    """Nothing came to be at Stripe."""
    return port.Reported(
        id="",
        reference=request.reference,
        amount_minor=request.amount_minor,
        currency=request.currency,
        status="failed",
        failure_code=code,
        decline=decline_of(code),
    )


def _not_refunded(request: port.RefundRequest, *, code: str) -> port.ReportedRefund:
    """Nothing came to be at Stripe."""
    return port.ReportedRefund(
        id="",
        reference=request.reference,
        amount_minor=request.amount_minor,
        currency=request.currency,
        status="failed",
        failure_code=code,
    )
