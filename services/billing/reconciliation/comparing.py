"""Comparing days that are over: the gateway's report, our payments, the ledger.

Before anything is called a difference the gateway is asked about the payment, which books what we
were not told. A gateway that gives no report is asked again later, and after some days given up.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog

from services.billing.gateways.port import DayEntry, Gateway
from services.billing.gateways.registry import GatewayNotConfigured, Gateways
from services.billing.ledger.postings import CLEARING, DISPUTED
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.inquiry import Inquiry
from services.billing.payments.payment import Payment
from services.billing.reconciliation.commands import (
    NoReport,
    RecordComparison,
    record_comparison,
)
from services.billing.reconciliation.three_ways import (
    Compared,
    OurPayment,
    Reports,
    compare,
    id_of,
    in_our_ids,
)
from shared.consumers.group import Consumers
from shared.database import acquire
from shared.errors import NotFound
from shared.store import Cause, EventStore, Transaction

POLL_S = 5
ASKED_AGAIN_AFTER = timedelta(minutes=5)
GIVEN_UP_AFTER = timedelta(days=3)
BATCH = 200
ACTOR = "automation:reconcile"

log = structlog.get_logger()

_DUE = "select * from reconciliation where outcome is null order by day, brand, gateway limit $1"
_RECEIVED = """
select payment_id from gateway_payment where brand = $1 and gateway = $2 and received_on = $3
"""
_NAMED_THERE = """
select gateway_reference, payment_id from gateway_payment
where gateway = $1 and gateway_reference = any($2)
"""
_LEDGER = """
select l.payment_id, coalesce(sum(l.amount_minor), 0)::bigint as minor from ledger_posting l
where l.payment_id = any($1) and l.ledger_account = $2 and l.amount_minor > 0
  and not exists (
    select from ledger_posting o where o.event_id = l.event_id and o.ledger_account = $3)
group by 1
"""
"""What came; what a bank gives back of a dispute came before."""
_IS_FIRST = """
select not exists (
    select from reconciliation r where r.gateway = $1 and r.day = $2 and r.brand < $3)
"""


class Comparing:
    """Compares what is due. Several may run: one at a time works."""

    def __init__(
        self, *, store: EventStore, gateways: Gateways, consumers: Consumers, inquiry: Inquiry
    ) -> None:
        self._store = store
        self._gateways = gateways
        self._consumers = consumers
        self._inquiry = inquiry
        self._not_before: dict[UUID, datetime] = {}

    async def run(self) -> None:
        """Compare what is due, for as long as the service runs."""
        while True:
            seen = self._store.committed.count
            await self.work_off()
            await self._store.committed.wait_after(seen, timeout_s=POLL_S)

    async def work_off(self) -> int:
        """Compare every day that is due; how many were."""
        if not await self._due():
            return 0
        async with self._store.leases.held("reconciliation") as lease:
            done = 0
            for row in await self._due():
                lease.check()
                done += await self._compare(row)
            if done:
                await self._consumers.reach_end(self._store.service)
        return done

    async def _due(self) -> list[asyncpg.Record]:
        """What is due, without gateways that are left alone for a while as they were silent."""
        now = self._store.clock.now()
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(_DUE, BATCH)
        return [r for r in rows if self._not_before.get(r["reconciliation_id"], now) <= now]

    async def _compare(self, row: asyncpg.Record) -> bool:
        """Whether the day is compared, or given up."""
        compared: Compared | NoReport
        try:
            compared = await self._outcome(row)
        except OutcomeUnknown as error:
            log.warning("no report", gateway=row["gateway"], day=str(row["day"]), **error.facts)
            now = self._store.clock.now()
            if now < row["asked_at"] + GIVEN_UP_AFTER:
                self._not_before[row["reconciliation_id"]] = now + ASKED_AGAIN_AFTER
                return False
            compared = "missing"
        self._not_before.pop(row["reconciliation_id"], None)
        command = RecordComparison(reconciliation_id=row["reconciliation_id"], compared=compared)
        cause = Cause(
            actor=ACTOR, causation_id=row["event_id"], correlation_id=row["correlation_id"]
        )
        await self._store.run(cause, partial(record_comparison, command))
        return True

    async def _outcome(self, row: asyncpg.Record) -> Compared | NoReport:
        try:
            gateway = self._gateways.named(row["gateway"])
        except GatewayNotConfigured:
            return "missing"
        if not gateway.capabilities.reports_days:
            return "never"
        reports = await _reports(gateway, row["day"])
        compared = await self._look(row, reports)
        if not compared.differences:
            return compared
        for payment_id in {_uuid(each.subject) for each in compared.differences} - {None}:
            await self._ask(payment_id)
        return await self._look(row, reports)

    async def _ask(self, payment_id: UUID | None) -> None:
        """Have the gateway's word about the payment booked, if it is one of ours."""
        assert payment_id is not None
        try:
            await self._inquiry.ask(payment_id)
        except NotFound:
            log.warning("a payment of the report is not ours", payment=str(payment_id))

    async def _look(self, row: asyncpg.Record, reports: Reports) -> Compared:
        """What the three say now."""
        await self._consumers.reach_end(self._store.service)
        reports = await self._in_our_ids(row["gateway"], reports)
        async with acquire(self._store.pool) as db:
            found = await db.fetch(_RECEIVED, row["brand"], row["gateway"], row["day"])
            is_first = await db.fetchval(_IS_FIRST, row["gateway"], row["day"], row["brand"])
        received = [each["payment_id"] for each in found]
        named = {*received, *reports.payment_ids}
        ours = await self._store.run(Cause(actor=ACTOR), partial(_ours, named))
        foreign = {id for id, each in ours.items() if each.brand != row["brand"]}
        if not is_first:  # what nobody knows is looked at once, not by each brand
            foreign |= named - ours.keys()
            ours_alone = [entry for entry in reports.day if id_of(entry)]
            reports = Reports(day=ours_alone, after=reports.after)
        own = {id: each for id, each in ours.items() if id not in foreign}
        return compare(reports, own, received=received, foreign=foreign)

    async def _in_our_ids(self, gateway: str, reports: Reports) -> Reports:
        names = [each.payment_id for each in (*reports.day, *reports.after) if each.payment_id]
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(_NAMED_THERE, gateway, names)
        known = {row["gateway_reference"]: row["payment_id"] for row in rows}
        return Reports(day=in_our_ids(reports.day, known), after=in_our_ids(reports.after, known))


async def _reports(gateway: Gateway, day: date) -> Reports:
    """The day's, and as much as there is of the next: for money that came there after midnight."""
    entries: list[list[DayEntry]] = [await gateway.day(on) for on in (day, day + timedelta(days=1))]
    return Reports(day=entries[0], after=entries[1])


async def _ours(payment_ids: Collection[UUID], tx: Transaction) -> dict[UUID, OurPayment]:
    payments = await tx.load_many(Payment, list(payment_ids))
    rows = await tx.read.fetch(_LEDGER, list(payments), CLEARING, DISPUTED)
    booked = {row["payment_id"]: row["minor"] for row in rows}
    return {
        id: OurPayment(
            payment_id=id,
            account_id=payment.account_id,
            brand=payment.brand,
            currency=payment.currency,
            received_minor=payment.amount_minor if payment.is_paid else 0,
            ledger_minor=booked.get(id, 0),
            refunds=payment.refunds,
            is_disputed=bool(payment.disputes),
        )
        for id, payment in payments.items()
        if payment.account_id is not None
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
