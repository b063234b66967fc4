"""Stripe's own client, bounded in time and size, tried once, and its answers read strictly.

The same call again is the caller's to decide, under the same idempotency key.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
import msgspec
import stripe
from pydantic import SecretStr

from services.billing import outside_calls
from services.billing.gateways.stripe.objects import Shell
from services.billing.outside_calls import OutcomeUnknown, exchange
from shared.telemetry import current_traceparent

Read = TypeVar("Read")

NAME = "stripe"

logging.getLogger("stripe").setLevel(logging.WARNING)  # else it tells what is asked, and of whom


def unknown(cause: str) -> OutcomeUnknown:
    """The error that says why Stripe's word is no word."""
    return OutcomeUnknown(what=NAME, cause=cause)


def read_json(text: str, kind: type[Read]) -> Read:
    """What was sent, if it has the form that it must have; else `OutcomeUnknown`."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise unknown("answer not understood") from error


def _check_form(content: bytes) -> None:
    """Raise `OutcomeUnknown` unless it is text and an object: its client relies on it."""
    try:
        read_json(content.decode(), Shell)
    except UnicodeDecodeError as error:
        raise unknown("answer not understood") from error


class BoundedClient(stripe.HTTPXClient):
    """The client's way to the network: ten seconds in all, one MiB, no redirects, no proxies."""

    def __init__(self) -> None:
        super().__init__(timeout=outside_calls.TOTAL_S)
        self._bounded = httpx.AsyncClient(
            timeout=outside_calls.TOTAL_S, follow_redirects=False, trust_env=False
        )

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """See stripe.HTTPClient. What does not answer in these bounds is `OutcomeUnknown`."""
        try:
            request = self._bounded.build_request(
                method,
                url,
                headers={"traceparent": current_traceparent(), **headers},
                content=post_data,
            )
            async with asyncio.timeout(outside_calls.TOTAL_S):
                answer, content = await exchange(self._bounded, request, what=NAME)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise unknown(type(error).__name__) from error
        _check_form(content)
        return content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        """Close the connections."""
        await self._bounded.aclose()
        await super().close_async()  # type: ignore[no-untyped-call]


def connect(*, url: str, key: SecretStr) -> tuple[stripe.StripeClient, BoundedClient]:
    """Stripe's client with this key, and its way to the network, which is to be closed."""
    network = BoundedClient()
    client = stripe.StripeClient(
        key.get_secret_value(),
        base_addresses={"api": url},
        http_client=network,
        max_network_retries=0,
    )
    return client, network
