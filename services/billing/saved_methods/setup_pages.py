"""Sending a client to the page where a way to pay is saved, and asking what came of it.

As with payments, what is asked is recorded before the gateway is asked, and its answer after.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from services.billing.gateways.port import SetupRequest
from services.billing.gateways.registry import Gateways
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.ways import Ways
from services.billing.saved_methods.method_setup import MethodSetup
from services.billing.saved_methods.setups import (
    GiveUpSetup,
    RecordSetupOpened,
    SettleSetup,
    WantSetup,
    give_up_setup,
    record_setup_opened,
    settle_setup,
    want_setup,
)
from services.billing.webhooks.inbox import Unprocessable
from shared.database import acquire
from shared.errors import NotFound
from shared.store import Cause, EventStore, Transaction

LOOKS_EVERY_S = 15
BATCH = 50
GIVEN_UP_AFTER = timedelta(days=1)
CAUSE = Cause(actor="gateway")

log = structlog.get_logger()

_TAKE_DUE = """
update method_setup_page set next_at = $1::timestamptz + case
    when $1::timestamptz - wanted_at < interval '1 hour' then interval '1 minute'
    else interval '15 minutes' end
where setup_id in (select setup_id from method_setup_page
                   where ended_at is null and next_at <= $1::timestamptz
                   order by next_at limit $2 for update skip locked)
returning setup_id, wanted_at
"""


@dataclass(frozen=True, kw_only=True)
class OpenedSetup:
    """The wish and the address of its page."""

    setup_id: UUID
    url: str


class SetupPages:
    """Opens the pages and books what came of them."""

    def __init__(self, *, store: EventStore, gateways: Gateways, ways: Ways) -> None:
        self._store = store
        self._gateways = gateways
        self._ways = ways

    async def open(self, want: WantSetup, *, cause: Cause) -> OpenedSetup:
        """The address of a new page. `GatewayCannot`; `OutcomeUnknown`: ask for another one."""
        setup = await self._store.run(cause, partial(want_setup, want))
        opened = await self._gateways.named(setup.gateway).open_setup(self._request_for(setup))
        if opened.url is None:
            raise OutcomeUnknown(what=setup.gateway, cause="no address of a page")
        known = RecordSetupOpened(setup_id=setup.id, gateway_reference=opened.id)
        await self._store.run(cause, partial(record_setup_opened, known))
        return OpenedSetup(setup_id=setup.id, url=opened.url)

    def _request_for(self, setup: MethodSetup) -> SetupRequest:
        return SetupRequest(
            reference=str(setup.id),
            customer=str(setup.account_id),
            currency=setup.currency,
            return_url=self._ways.portal_url.format(brand=setup.brand) + setup.return_path,
            notify_url=self._ways.of_news(setup.gateway),
        )

    async def ask(self, setup_id: UUID) -> MethodSetup:
        """Ask the gateway and book its word. `OutcomeUnknown`: nothing is booked."""
        setup = await self._load(setup_id)
        if setup.outcome is not None:
            return setup
        reported = await self._gateways.named(setup.gateway).find_setup(str(setup_id))
        settle = SettleSetup(setup_id=setup_id, reported=reported)
        return await self._store.run(CAUSE, partial(settle_setup, settle))

    async def ask_for(self, setup_id: UUID, *, account_id: UUID) -> MethodSetup:
        """The same for a client. `NotFound` for one of another account."""
        setup = await self._load(setup_id)
        if setup.account_id != account_id:
            raise NotFound()
        return await self.ask(setup_id)

    async def take_notice(self, gateway: str, about: str) -> None:
        """Ask about the page that a webhook names. `Unprocessable` if it is not ours."""
        async with acquire(self._store.pool) as db:
            setup_id = await db.fetchval(
                """select setup_id from method_setup_page
                   where gateway = $1 and gateway_reference = $2""",
                gateway,
                about,
            )
        if setup_id is None:
            raise Unprocessable("no such page was opened here")
        await self.ask(setup_id)

    async def run_janitor(self) -> None:
        """Ask about open pages for as long as the service runs."""
        while True:
            await self.ask_about_due()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def ask_about_due(self) -> int:
        """Ask about every page whose time has come; how many were. After a day it is given up."""
        now = self._store.clock.now()
        async with acquire(self._store.pool) as db:
            due = await db.fetch(_TAKE_DUE, now, BATCH)
        for row in due:
            try:
                setup = await self.ask(row["setup_id"])
            except OutcomeUnknown as error:
                log.warning("gateway silent", setup=str(row["setup_id"]), **error.facts)
                continue
            if setup.outcome is None and now - row["wanted_at"] > GIVEN_UP_AFTER:
                give_up = GiveUpSetup(setup_id=setup.id)
                await self._store.run(CAUSE, partial(give_up_setup, give_up))
        return len(due)

    async def _load(self, setup_id: UUID) -> MethodSetup:
        async def load(tx: Transaction) -> MethodSetup:
            return await tx.load(MethodSetup, setup_id)

        return await self._store.run(CAUSE, load)
