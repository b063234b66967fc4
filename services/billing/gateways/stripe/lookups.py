"""What there is at Stripe: attempts by its name or by ours, with all that came of their money."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import stripe

from services.billing.gateways import port
from services.billing.gateways.stripe import meanings, objects, requests
from services.billing.gateways.stripe.calls import PAGE_SIZE, all_of, first_of, look_for, must
from services.billing.gateways.stripe.connection import unknown
from services.billing.gateways.stripe.meanings import BY_PAGE, REFERENCE

Listed = TypeVar("Listed")

PAGE = re.compile(r"cs_[A-Za-z0-9_]{1,250}")
INTENT = re.compile(r"pi_[A-Za-z0-9_]{1,250}")


class Lookups:
    """Reads, and changes nothing. All that is unclear is `OutcomeUnknown`."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._v1 = client.v1

    async def look(self, id: str) -> port.Reported | None:
        """See `Gateway.look`. A payment made on a page is reported under the page's name."""
        if PAGE.fullmatch(id):
            page = await look_for(
                self._v1.checkout.sessions.retrieve_async(id), objects.CheckoutSession
            )
            return None if page is None else await self._page_report(page)
        if not INTENT.fullmatch(id):
            return None
        intent = await self._intent(id)
        if intent is None or not intent.metadata.get(BY_PAGE):
            return None if intent is None else await self._intent_report(intent)
        page = await self.page_behind(id)
        if page is None:
            raise unknown("a payment by a page without the page")
        return await self._page_report(page)

    async def find(self, reference: str) -> port.Reported | None:
        """See `Gateway.find`. Looks through what there is since the reference was made."""
        page = await self.page_with(reference, mode="payment")
        if page is not None:
            return await self._page_report(page)
        charged = await self._charge_with(reference)
        if charged is None:
            return None
        return await self.look(charged.id)

    async def look_at(self, id: str) -> port.Reported:
        """The attempt, which is known to be there."""
        report = await self.look(id)
        if report is None:
            raise unknown("gone")
        return report

    async def page_with(self, reference: str, *, mode: str) -> objects.CheckoutSession | None:
        """The page of mode payment or setup that was opened for a reference of ours."""
        return await first_of(
            self.pages_of(
                self._v1.checkout.sessions.list_async,
                objects.Page[objects.CheckoutSession],
                created={"gte": requests.not_before(reference)},
            ),
            lambda page: page.client_reference_id == reference and page.mode == mode,
        )

    async def page_behind(self, intent_id: str) -> objects.CheckoutSession | None:
        """The page on which a payment was made, if it was made on one."""
        pages = await must(
            self._v1.checkout.sessions.list_async({"payment_intent": intent_id, "limit": 1}),
            objects.Page[objects.CheckoutSession],
        )
        return pages.data[0] if pages.data else None

    async def refunds_of(self, intent_id: str) -> list[objects.Refund]:
        """All refunds of a payment."""
        return await all_of(
            self.pages_of(
                self._v1.refunds.list_async,
                objects.Page[objects.Refund],
                payment_intent=intent_id,
            )
        )

    async def intent_of(self, id: str) -> str:
        """The name of the payment of an attempt that was paid."""
        if INTENT.fullmatch(id):
            return id
        if not PAGE.fullmatch(id):
            raise unknown("no name of an attempt")
        page = await must(self._v1.checkout.sessions.retrieve_async(id), objects.CheckoutSession)
        if page.payment_intent is None:
            raise unknown("a page without its payment")
        return page.payment_intent

    def pages_of(
        self, list_async: Callable[..., Awaitable[Any]], kind: type[Listed], **params: Any
    ) -> Callable[[str], Awaitable[Listed]]:
        """Asks for a list page by page, each after the name that it is given."""

        async def next_page(after: str) -> Listed:
            more = {"starting_after": after} if after else {}
            return await must(list_async({**params, "limit": PAGE_SIZE, **more}), kind)

        return next_page

    async def _intent(self, id: str) -> objects.PaymentIntent | None:
        return await look_for(
            self._v1.payment_intents.retrieve_async(
                id, {"expand": ["latest_charge", "payment_method"]}
            ),
            objects.PaymentIntent,
        )

    async def _page_report(self, page: objects.CheckoutSession) -> port.Reported:
        if page.payment_intent is None:
            return meanings.page_report(page, None)
        intent = await self._intent(page.payment_intent)
        if intent is None:
            raise unknown("a page without its payment")
        refunds, disputes = await self._what_went_back(intent)
        return meanings.page_report(page, intent, refunds=refunds, disputes=disputes)

    async def _intent_report(self, intent: objects.PaymentIntent) -> port.Reported:
        refunds, disputes = await self._what_went_back(intent)
        return meanings.intent_report(intent, refunds=refunds, disputes=disputes)

    async def _what_went_back(
        self, intent: objects.PaymentIntent
    ) -> tuple[list[objects.Refund], list[objects.Dispute]]:
        charge = intent.latest_charge
        if intent.status != "succeeded" or not isinstance(charge, objects.Charge):
            return [], []
        disputes: list[objects.Dispute] = []
        if charge.disputed:
            disputes = await all_of(
                self.pages_of(
                    self._v1.disputes.list_async,
                    objects.Page[objects.Dispute],
                    payment_intent=intent.id,
                )
            )
        return await self.refunds_of(intent.id), disputes

    async def _charge_with(self, reference: str) -> objects.PaymentIntent | None:
        return await first_of(
            self.pages_of(
                self._v1.payment_intents.list_async,
                objects.Page[objects.PaymentIntent],
                created={"gte": requests.not_before(reference)},
            ),
            lambda intent: intent.metadata.get(REFERENCE) == reference,
        )
