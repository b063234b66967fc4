"""What the PSP's webhooks say of PIX that came: never booked by itself, the PSP is asked.

Source: Banco Central, API Pix: the body lists the PIX of a moment, at most some hundreds.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol
from uuid import UUID

import msgspec

from services.billing.pix.commands import TakePix, take_pix
from services.billing.pix.fields import BrCodeInvalid
from services.billing.pix.psp import ReceivedPix
from services.billing.pix.txid import payment_of
from services.billing.webhooks.inbox import Kept, Unprocessable
from shared.errors import NotFound
from shared.store import Cause, EventStore

SOURCE = "pix"
CAUSE = Cause(actor="gateway:pix")


class _Named(msgspec.Struct, frozen=True, rename={"end_to_end_id": "endToEndId"}):
    end_to_end_id: str
    txid: str = ""


class _Body(msgspec.Struct, frozen=True):
    pix: list[_Named]


class AsksForReceived(Protocol):
    """The gateway, as far as it is wanted here."""

    async def received(self, payment_id: UUID) -> list[ReceivedPix]: ...


def news_in(body: bytes) -> list[Kept]:
    """Each PIX of a webhook as it is kept, once by its end-to-end id. Raises DecodeError."""
    told = msgspec.json.decode(body, type=_Body).pix
    return [
        Kept(event_id=each.end_to_end_id, body=msgspec.json.encode(each).decode()) for each in told
    ]


class PixNews:
    """Deals with what is kept of a webhook. `ask` settles an attempt by what its gateway says."""

    def __init__(
        self,
        *,
        store: EventStore,
        gateway: AsksForReceived,
        ask: Callable[[UUID], Awaitable[object]],
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._ask = ask

    async def take(self, kept: Kept) -> None:
        """Ask about the attempt, then for what else came by its code. `Unprocessable`: not ours.

        A PIX without a txid is a transfer to the key that no code asked for.
        """
        named = msgspec.json.decode(kept.body, type=_Named)
        try:
            payment_id = payment_of(named.txid)
            await self._ask(payment_id)
        except (BrCodeInvalid, NotFound) as error:
            raise Unprocessable("no such PIX code here") from error
        for each in await self._gateway.received(payment_id):
            took = TakePix(
                payment_id=payment_id,
                end_to_end_id=each.end_to_end_id,
                amount_minor=each.amount_minor,
                paid_on=each.paid_on,
            )
            await self._store.run(CAUSE, partial(take_pix, took))
