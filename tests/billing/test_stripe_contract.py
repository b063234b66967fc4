"""Stripe passes the suite of all gateways, through localstripe."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from unittest.mock import patch

import pytest
from starlette.responses import Response

from services.billing import outside_calls
from services.billing.gateways.port import Opened
from services.billing.gateways.stripe.gateway import StripeGateway
from shared.clock import SystemClock
from tests.billing.gateway_contract import GatewayContract, Stand
from tests.billing.stripe_stand_in import (
    DECLINED_CARD,
    GOOD_CARD,
    KEY,
    StripeStandIn,
    nothing_wrong,
    running_localstripe,
    stripe_in_front_of,
)

DECLINES = {"decline": "insufficient_funds", "decline_hard": "stolen_card"}
OUTCOMES = {"open": "needs_response", "won": "won", "lost": "lost"}
PATHS = {"charge": "/v1/payment_intents"}


class StripePayer:
    """Types cards into the pages of the stand-in."""

    def __init__(self, stripe: StripeStandIn) -> None:
        self._stripe = stripe
        self.over = asyncio.Event()
        """Until then, who waits for an answer waits."""

    async def pay(self, opened: Opened, *, how: str = "approve") -> None:
        """See `Payer`."""
        assert opened.url is not None
        await self._stripe.pay(opened.url, self._card(how))

    async def save(self, opened: Opened, *, later: str = "approve") -> None:
        """See `Payer`."""
        await self.pay(opened, how=later)

    async def dispute(self, id: str, *, outcome: str = "open") -> None:
        """See `Payer`."""
        intent = self._stripe.pages[id]["payment_intent"]
        await self._stripe.dispute(intent, status=OUTCOMES[outcome])

    async def go_wrong(self, call: str, how: str) -> None:
        """See `Payer`."""
        is_after = how in {"hang_after", "garbage"}

        async def once(path: str) -> Response | None:
            if path != PATHS[call]:
                return None
            self._stripe.before = self._stripe.after = nothing_wrong
            if how.startswith("hang"):
                await self.over.wait()
            return Response(b"{not json", 200 if is_after else 500)

        self._stripe.before = nothing_wrong if is_after else once
        self._stripe.after = once if is_after else nothing_wrong

    async def webhook(self) -> tuple[dict[str, str], bytes]:
        """See `Payer`."""
        return self._stripe.told[-1]

    def _card(self, how: str) -> str:
        if how == "approve":
            return GOOD_CARD
        self._stripe.decline_code = DECLINES[how]
        return DECLINED_CARD


@pytest.fixture(scope="module")
def localstripe() -> Iterator[str]:
    """Where localstripe listens."""
    with running_localstripe() as url:
        yield url


def adapter(url: str, stripe: StripeStandIn) -> StripeGateway:
    return StripeGateway(url=url, key=KEY, webhook_secrets=stripe.secrets, clock=SystemClock())


@pytest.fixture
async def stand(localstripe: str) -> AsyncIterator[Stand]:
    within_a_second = patch.object(outside_calls, "TOTAL_S", 1)
    async with stripe_in_front_of(localstripe) as stripe:
        payer = StripePayer(stripe)
        with within_a_second:
            gateway, silent = adapter(stripe.url, stripe), adapter("http://127.0.0.1:1", stripe)
            yield Stand(gateway=gateway, silent=silent, payer=payer)
        payer.over.set()
        await asyncio.gather(gateway.close(), silent.close())


class TestStripe(GatewayContract):
    """See `GatewayContract`. Cards that are confirmed when they are saved: `test_stripe.py`."""

    adapter = StripeGateway
    cannot = frozenset({"confirm"})
