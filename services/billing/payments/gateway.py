"""The port to the payment gateway, and the gateway behind it: a hosted page per payment attempt.

Cards never reach us (PCI DSS SAQ A). Silence, garbage and surprises are `OutcomeUnknown`, never a
failure: the same question may be asked again, and opening twice with one key opens once.
"""

import re
from datetime import date
from typing import Literal, Protocol, TypeVar

import msgspec
from pydantic import SecretStr

from services.billing.outside_calls import OutsideAnswer, OutsideSystem

Read = TypeVar("Read")

_CHECKOUT_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class CheckoutRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway is to collect. `reference`: the payment's id, also the idempotency key."""

    reference: str
    amount_minor: int
    currency: str
    description: str
    return_url: str
    notify_url: str


class OpenedCheckout(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's name for the attempt and the page where the payer goes."""

    id: str
    url: str


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt as the gateway sees it now; `paid_on`: when the money came, as far as it says."""

    id: str
    reference: str
    amount_minor: int
    currency: str
    status: Literal["open", "pending", "succeeded", "failed", "expired"]
    failure_code: str | None = None
    paid_on: date | None = None


class Gateway(Protocol):
    """What billing wants of a payment gateway."""

    async def open(self, request: CheckoutRequest) -> OpenedCheckout:
        """Open the attempt's hosted page; the same request again gives the same page."""
        ...

    async def checkout(self, checkout_id: str) -> Checkout | None:
        """The attempt by the gateway's own id; None when there is none."""
        ...

    async def find(self, reference: str) -> Checkout | None:
        """The attempt by our payment's id; None when it was never opened."""
        ...


class HostedPageGateway:
    """The sandbox gateway's protocol (`/v1/checkouts`)."""

    def __init__(self, *, url: str, key: SecretStr) -> None:
        self._system = OutsideSystem(name="gateway", url=url, key=key)

    async def open(self, request: CheckoutRequest) -> OpenedCheckout:
        """See `Gateway.open`."""
        answer = await self._system.call(
            "POST",
            "/v1/checkouts",
            json=msgspec.structs.asdict(request),
            headers={"idempotency-key": request.reference},
        )
        if answer.status != 201:
            raise self._system.unknown(f"status {answer.status}")
        opened = self._read(answer, OpenedCheckout)
        if not opened.url.startswith(("https://", "http://")):
            raise self._system.unknown("no address of a page")
        return opened

    async def checkout(self, checkout_id: str) -> Checkout | None:
        """See `Gateway.checkout`."""
        if not _CHECKOUT_ID.fullmatch(checkout_id):
            return None
        return self._found(await self._system.call("GET", f"/v1/checkouts/{checkout_id}"))

    async def find(self, reference: str) -> Checkout | None:
        """See `Gateway.find`."""
        params = {"reference": reference}
        return self._found(await self._system.call("GET", "/v1/checkouts", params=params))

    async def close(self) -> None:
        """Close the connections."""
        await self._system.close()

    def _found(self, answer: OutsideAnswer) -> Checkout | None:
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._system.unknown(f"status {answer.status}")
        return self._read(answer, Checkout)

    def _read(self, answer: OutsideAnswer, kind: type[Read]) -> Read:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as error:
            raise self._system.unknown("answer not understood") from error
