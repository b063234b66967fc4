"""Asking the gateway what became of payments: after a webhook, by the clock, before a suspension.

A webhook that is lost for ever is thus made up for: open attempts are asked about again and again,
the older the less often.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
from uuid import UUID

import msgspec
import structlog

from services.billing.origins import caused_by
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.commands import (
    AbandonPayment,
    SettlePayment,
    abandon_payment,
    settle_payment,
)
from services.billing.payments.gateway import Checkout, Gateway
from services.billing.webhooks.inbox import Unprocessable
from shared.database import acquire
from shared.errors import NotFound
from shared.store import Cause, EventStore

LOOKS_EVERY_S = 5
BATCH = 50

log = structlog.get_logger()

ACTOR = "gateway"

_TAKE_DUE = """
insert into inquiry (subject_id, asked_at)
select p.payment_id, $1::timestamptz
from payment_open p left join inquiry i on i.subject_id = p.payment_id
where coalesce(i.asked_at, p.started_at) <= $1::timestamptz - case
        when $1::timestamptz - p.started_at < interval '1 hour' then interval '1 minute'
        when $1::timestamptz - p.started_at < interval '1 day' then interval '5 minutes'
        else interval '1 hour' end
order by p.started_at limit $2
on conflict (subject_id) do update set asked_at = excluded.asked_at
    where inquiry.asked_at <= excluded.asked_at - interval '1 minute'
returning subject_id, (select p.started_at < $1::timestamptz - interval '1 day' from payment_open p
                       where p.payment_id = subject_id) as is_old
"""


class _Named(msgspec.Struct, frozen=True):
    id: str


class _GatewayEvent(msgspec.Struct, frozen=True):
    data: _Named


class Inquiry:
    """Asks the gateway and books its word."""

    def __init__(self, *, store: EventStore, gateway: Gateway) -> None:
        self._store = store
        self._gateway = gateway

    async def ask(self, payment_id: UUID) -> bool:
        """Whether the gateway knows the payment; what it says is booked.

        `OutcomeUnknown` when it gives no answer that can be trusted; nothing is booked then.
        """
        reported = await self._gateway.find(str(payment_id))
        if reported is None:
            return False
        await self._settle(payment_id, reported)
        return True

    async def take_webhook(self, body: str) -> None:
        """Ask about the attempt that the webhook names. `Unprocessable` if it is not ours."""
        named = msgspec.json.decode(body, type=_GatewayEvent).data.id
        reported = await self._gateway.checkout(named)
        if reported is None:
            raise Unprocessable("no such checkout at the gateway")
        try:
            await self._settle(UUID(reported.reference), reported)
        except (NotFound, ValueError) as error:
            raise Unprocessable("no such payment here") from error

    async def run_janitor(self) -> None:
        """Ask about open attempts for as long as the service runs."""
        while True:
            await self.ask_about_due()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def ask_about_due(self) -> int:
        """Ask about every open attempt whose time has come; how many were."""
        async with acquire(self._store.pool) as db:
            due = await db.fetch(_TAKE_DUE, self._store.clock.now(), BATCH)
        for row in due:
            try:
                await self._ask_or_abandon(row["subject_id"], is_old=row["is_old"])
            except OutcomeUnknown as error:
                log.warning("gateway silent", payment=str(row["subject_id"]), **error.facts)
        return len(due)

    async def _ask_or_abandon(self, payment_id: UUID, *, is_old: bool) -> None:
        is_known = await self.ask(payment_id)
        if not is_known and is_old:
            abandon = AbandonPayment(payment_id=payment_id)
            async with self._caused_by(payment_id) as cause:
                await self._store.run(cause, partial(abandon_payment, abandon))

    async def _settle(self, payment_id: UUID, reported: Checkout) -> None:
        settle = SettlePayment(payment_id=payment_id, reported=reported)
        async with self._caused_by(payment_id) as cause:
            await self._store.run(cause, partial(settle_payment, settle))

    def _caused_by(self, payment_id: UUID) -> AbstractAsyncContextManager[Cause]:
        return caused_by("payment", payment_id, actor=ACTOR, pool=self._store.pool)
