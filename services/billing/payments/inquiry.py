"""Asking the gateways what became of payments: after a webhook, by the clock, before a suspension.

A webhook that is lost for ever is thus made up for: open attempts are asked about again and again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog

from services.billing.gateways.port import Gateway, Notice, Reported
from services.billing.gateways.registry import Gateways
from services.billing.origins import caused_by
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.charging import Charges
from services.billing.payments.commands import (
    AbandonPayment,
    SettlePayment,
    abandon_payment,
    settle_payment,
)
from services.billing.payments.due_questions import (
    Question,
    note_next_question,
    take_due_questions,
)
from services.billing.payments.handing_over import HandOver, hand_over
from services.billing.payments.hosted_page import HostedPages
from services.billing.payments.payment import Payment
from services.billing.webhooks.inbox import Unprocessable
from shared.errors import Conflict, NotFound, Stale
from shared.store import Cause, EventStore, Transaction

LOOKS_EVERY_S = 5

log = structlog.get_logger()

ACTOR = "gateway"

TakeSetup = Callable[[str, str], Awaitable[None]]
"""Told the gateway's name and its id of a page on which a method was to be saved."""


async def _nobody_waits(gateway: str, about: str) -> None:
    raise Unprocessable(f"nobody waits for setup {about} of {gateway}")


TakeReversals = Callable[[UUID, Reported, Transaction], Awaitable[None]]
"""Told what came of a payment's money since: refunds and disputes."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Who takes what gateways tell beside the outcomes of payments."""

    reversals: TakeReversals
    setups: TakeSetup = _nobody_waits


class Inquiry:
    """Asks the gateways and books their word."""

    def __init__(
        self,
        *,
        store: EventStore,
        gateways: Gateways,
        pages: HostedPages,
        charges: Charges,
        elsewhere: Elsewhere,
    ) -> None:
        self._store = store
        self._gateways = gateways
        self._pages = pages
        self._charges = charges
        self._elsewhere = elsewhere

    async def ask(self, payment_id: UUID) -> bool:
        """Whether the gateway knows the payment; what it says is booked.

        `OutcomeUnknown` when it gives no answer that can be trusted; nothing is booked then. A
        gateway that cannot be asked is not: what it has tells itself.
        """
        payment = await self._load(payment_id)
        gateway = self._gateways.named(payment.gateway)
        if not gateway.capabilities.can_be_asked:
            return True
        reported = await gateway.find(str(payment_id))
        if reported is None:
            return False
        await self._settle(payment_id, reported, gateway=gateway)
        return True

    async def take_notice(self, gateway_name: str, notice: Notice) -> None:
        """Ask about what a webhook of the gateway names. `Unprocessable` if it is not ours."""
        if notice.kind == "other":
            return None
        if notice.kind == "setup":
            return await self._elsewhere.setups(gateway_name, notice.about)
        gateway = self._gateways.named(gateway_name)
        reported = await gateway.look(notice.about)
        if reported is None:
            raise Unprocessable("no such attempt at the gateway")
        try:
            await self._settle(UUID(reported.reference), reported, gateway=gateway)
        except (NotFound, ValueError) as error:
            raise Unprocessable("no such payment here") from error

    async def end(self, payment_id: UUID) -> Payment:
        """Close an open attempt, so that another may begin: nobody can pay it any more after this.

        What came of it meanwhile is booked: look at what is returned, which is open still where the
        gateway cannot close it. `OutcomeUnknown`.
        """
        payment = await self._load(payment_id)
        if payment.has_ended:
            return payment
        gateway = self._gateways.named(payment.gateway)
        if not (gateway.capabilities.can_be_asked or gateway.capabilities.expires):
            return payment
        if known := await self._closed(payment, gateway):
            await self._settle(payment_id, known, gateway=gateway)
        elif not payment.token:
            return await self._end_unknown(payment)
        return await self._load(payment_id)

    async def _end_unknown(self, payment: Payment) -> Payment:
        """Of which the gateway knew nothing; if its page was asked for meanwhile, it is closed."""
        try:
            await self._abandon(payment.id, expected_version=payment.version)
        except Stale:
            return await self.end(payment.id)
        return await self._load(payment.id)

    async def _closed(self, payment: Payment, gateway: Gateway) -> Reported | None:
        """The attempt at the gateway, closed if that is possible; None where it never came to be.

        A page that was asked for may be opened there at any moment: so it is opened, and closed.
        """
        known = await gateway.find(str(payment.id))
        if not gateway.capabilities.expires:
            return known
        if known is None and payment.return_path and not payment.token:
            async with self._caused_by(payment.id) as cause:
                opened = await self._pages.open_again(payment.id, cause=cause)
            return await gateway.expire(opened.id)
        is_open = known is not None and known.status == "open"
        return await gateway.expire(known.id) if known and is_open else known

    async def run_janitor(self) -> None:
        """Ask about open attempts for as long as the service runs."""
        while True:
            await self.ask_about_due()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def ask_about_due(self) -> int:
        """Ask about every open attempt whose time has come; how many were."""
        now = self._store.clock.now()
        due = await take_due_questions(self._store.pool, now)
        for question in due:
            try:
                await self._put(question, now=now)
            except OutcomeUnknown as error:
                log.warning("gateway silent", payment=str(question.payment_id), **error.facts)
            await self._plan_next(question, now=now)
        return len(due)

    async def _put(self, question: Question, *, now: datetime) -> None:
        if await self.ask(question.payment_id):
            return
        payment = await self._load(question.payment_id)
        async with self._caused_by(payment.id) as cause:
            if payment.token and not payment.has_ended:
                await self._charge_again(payment, cause=cause)
            elif question.is_old(now):
                await self.end(payment.id)

    async def _charge_again(self, payment: Payment, *, cause: Cause) -> None:
        """The same charge once more, under the same key; given up if the invoice is over."""
        try:
            await self._charges.charge_again(payment, cause=cause)
        except Conflict:
            await self._abandon(payment.id)

    async def _plan_next(self, question: Question, *, now: datetime) -> None:
        gateway = self._gateways.named(question.gateway)
        planned = question.next_after(now, pending_days=gateway.capabilities.pending_days)
        await note_next_question(self._store.pool, question, planned=planned)
        if planned.for_staff:
            command = HandOver(payment_id=question.payment_id, reason=planned.for_staff)
            async with self._caused_by(question.payment_id) as cause:
                await self._store.run(cause, partial(hand_over, command))

    async def _load(self, payment_id: UUID) -> Payment:
        async def load(tx: Transaction) -> Payment:
            return await tx.load(Payment, payment_id)

        return await self._store.run(Cause(actor=ACTOR), load)

    async def _abandon(self, payment_id: UUID, *, expected_version: int | None = None) -> None:
        abandon = AbandonPayment(payment_id=payment_id, expected_version=expected_version)
        async with self._caused_by(payment_id) as cause:
            await self._store.run(cause, partial(abandon_payment, abandon))

    async def _settle(self, payment_id: UUID, reported: Reported, *, gateway: Gateway) -> None:
        settle = SettlePayment(
            payment_id=payment_id,
            reported=reported,
            merchant=gateway.merchant,
            gateway=gateway.name,
        )
        reverse = partial(self._elsewhere.reversals, payment_id, reported)
        async with self._caused_by(payment_id) as cause:
            await self._store.run(cause, partial(settle_payment, settle))
            if reported.refunds or reported.disputes:
                await self._store.run(cause, reverse)

    def _caused_by(self, payment_id: UUID) -> AbstractAsyncContextManager[Cause]:
        return caused_by("payment", payment_id, actor=ACTOR, pool=self._store.pool)
