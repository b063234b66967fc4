"""Playing the business days of one account ahead, on paper: what happens if nobody does anything.

The steps are those of the business day, word for word: the same queries find candidates, the same
commands decide, the same policies follow. Nobody pays, writes or clicks; what the panel is asked
for it does on the same day; a stored card is not charged. Nothing is recorded.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.billing.automation.business_day import BusinessDay, business_day
from services.billing.automation.chunks import StepOfDay, do_tasks, found_in
from services.billing.automation.rehearsal import CANDIDATES
from services.billing.automation.step import Found, Step
from services.billing.automation.today import today_for
from services.billing.brands.brand import Brand
from services.billing.forecast.course import Asked, Course, Foretold, Hindered
from services.billing.provisioning.commands import TakeAnswer, take_answer
from shared.consumers import Envelope, Policy, View
from shared.contracts.billing import BusinessDayStarted, ProvisioningRequested
from shared.database import Connection, acquire
from shared.paper import ACCOUNT, BRAND, PaperTransaction, Shadows, shadows_of
from shared.store import Cause, EventStore

FORETELLER = Cause(actor="automation:forecast")
AT_ONCE = 2
"""Forecasts that a process makes at the same time; the next waits."""

OTHER_TABLES = {
    "series": f"starts_with(t.name, {BRAND} || '/')",
    "planned_revision": f"t.brand = {BRAND}",
    "open_cart": f"t.account_id = {ACCOUNT}",
}
"""What commands of a business day write besides views: which rows of it."""

_FIRST_DAY = """
select coalesce(min(day) filter (where finished_at is null), max(day) + 1)
from business_day_run where brand = $1
"""
_IN_FLIGHT = """
select p.service_id, p.request_id, p.event_id, p.correlation_id
from provisioning_open p join service_due s on s.service_id = p.service_id order by p.request_id
"""


class Forecaster:
    """Plays days ahead. `policies`: those by which something follows for an account."""

    def __init__(
        self,
        store: EventStore,
        *,
        views: Sequence[View],
        policies: Sequence[Policy],
        steps: Mapping[str, Step],
    ) -> None:
        self._store = store
        self._views = views
        self._policies = policies
        self._steps = steps
        self._probe = probe_of(steps)
        self._shadows: Shadows | None = None
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def forecast(self, asked: Asked) -> Course:
        """What is to come, from the first day that is not played yet. `NotFound`: no such brand."""
        shadows = self._shadows = self._shadows or await self._known_shadows()
        async with self._turn, PaperTransaction(self._store, FORETELLER) as tx:
            db = await tx.begin()
            first = await db.fetchval(_FIRST_DAY, asked.brand) or await today_for(asked.brand, tx)
            brand = await tx.look_at(Brand, Brand.id_of(asked.brand))
            await shadows.cast(db, account_id=asked.account_id, brand=asked.brand)
            play = _Play(self, asked, tx=tx, zone=ZoneInfo(brand.settings.time_zone))
            return await play.days(first)

    async def _known_shadows(self) -> Shadows:
        async with acquire(self._store.pool) as db:
            return await shadows_of(self._views, db, others=OTHER_TABLES)

    @property
    def steps(self) -> Mapping[str, Step]:
        """In their order."""
        return self._steps

    async def show(self, envelopes: Sequence[Envelope], db: Connection) -> None:
        """Let the views have the events."""
        assert self._shadows is not None, "they are cast"
        await self._shadows.show(db, envelopes)

    def following(self, envelope: Envelope) -> list[Policy]:
        """The policies that the event is for."""
        return [policy for policy in self._policies if type(envelope.event) in policy.handles]

    async def is_busy(self, today: BusinessDay, db: Connection) -> bool:
        """Whether any step finds something to do, as things stand in the morning."""
        values = [value for step in self._steps.values() for value in step.values(today)]
        found: bool = await db.fetchval(self._probe, today.brand, today.day, *values)
        return found


class _Play:
    """One forecast under way."""

    def __init__(
        self, forecaster: Forecaster, asked: Asked, *, tx: PaperTransaction, zone: ZoneInfo
    ) -> None:
        self._by = forecaster
        self._asked = asked
        self._tx = tx
        self._zone = zone
        self._course: list[Foretold] = []
        self._hindered: list[Hindered] = []
        self._requests: list[Envelope] = []

    async def days(self, first: date) -> Course:
        """The days in order; one on which nothing happens is not played."""
        tx, asked = self._tx, self._asked
        db = await tx.begin()
        await self._answer_what_is_in_flight(first, db)
        today = await business_day(asked.brand, first, tx=tx)
        while today.day <= asked.until:
            events = len(self._course)
            tx.turn_to(FORETELLER, now=self._noon(today.day))
            started = tx.envelope_of(
                BusinessDayStarted(day=today.day), account_id=None, brand=asked.brand
            )
            await self._follow([started], today.day)
            if await self._by.is_busy(today, db):
                await self._play(today, started)
            if len(self._course) > events:  # the account may hold other products from now on
                today = await business_day(asked.brand, today.day, tx=tx)
            today = replace(today, day=today.day + timedelta(days=1))
        return Course(
            first=first, until=asked.until, foretold=self._course, hindered=self._hindered
        )

    async def _play(self, today: BusinessDay, started: Envelope) -> None:
        for name, step in self._by.steps.items():
            cause = Cause(
                actor=f"automation:{name}",
                causation_id=started.id,
                correlation_id=started.correlation_id,
            )
            of = StepOfDay(name=name, step=step, ordinal=-1, today=today, cause=cause)
            for found in await self._found(of):
                await self._do(found, of)
            await self._follow(self._tx.take_told(), today.day)
        await self._answer(today.day)

    async def _found(self, of: StepOfDay) -> list[Found]:
        db = await self._tx.begin()
        query = CANDIDATES.format(query=of.step.query)
        rows = await db.fetch(query, of.today.brand, of.today.day, *of.step.values(of.today))
        return [found_in(row) for row in rows if row["account_id"] == self._asked.account_id]

    async def _do(self, found: Found, of: StepOfDay) -> None:
        tx = self._tx
        tx.turn_to(of.cause, now=self._noon(of.today.day))
        task = of.step.task(of.today, found)
        await self._attempt(partial(do_tasks, [task], of, tx), step=of.name, day=of.today.day)

    async def _follow(self, told: Sequence[Envelope], day: date) -> None:
        """Let views and policies have what was told, and what they tell because of it."""
        tx, db = self._tx, await self._tx.begin()
        while told:
            self._note(told, day)
            await self._by.show(told, db)
            for envelope in told:
                for policy in self._by.following(envelope):
                    await self._carry_out(policy, envelope, day=day)
            told = tx.take_told()

    async def _carry_out(self, policy: Policy, envelope: Envelope, *, day: date) -> None:
        tx = self._tx
        tx.turn_to(_cause(f"policy:{policy.name}", envelope), now=self._noon(day))
        await self._attempt(partial(policy.handle, envelope, tx), step=policy.name, day=day)

    async def _attempt(
        self, work: Callable[[], Awaitable[object]], *, step: str, day: date
    ) -> None:
        refusal = await self._tx.attempt(work)
        if refusal is not None:
            self._hindered.append(Hindered(day=day, step=step, refusal=refusal))

    def _note(self, told: Sequence[Envelope], day: date) -> None:
        for envelope in told:
            if envelope.account_id == self._asked.account_id:
                self._course.append(Foretold(day=day, envelope=envelope))
            if isinstance(envelope.event, ProvisioningRequested):
                self._requests.append(envelope)

    async def _answer(self, day: date) -> None:
        """The panel does what it was asked for, and what it is asked for because of that."""
        while self._requests:
            request = self._requests.pop(0)
            assert isinstance(request.event, ProvisioningRequested), "only those are kept"
            event = request.event
            await self._confirm(
                _cause("panel", request), event.service_id, request_id=event.request_id, day=day
            )

    async def _answer_what_is_in_flight(self, day: date, db: Connection) -> None:
        """What the panel has not answered yet it does before the first day."""
        for row in await db.fetch(_IN_FLIGHT):
            cause = Cause(
                actor="panel", causation_id=row["event_id"], correlation_id=row["correlation_id"]
            )
            await self._confirm(cause, row["service_id"], request_id=row["request_id"], day=day)

    async def _confirm(
        self, cause: Cause, service_id: UUID, *, request_id: UUID, day: date
    ) -> None:
        self._tx.turn_to(cause, now=self._noon(day))
        answer = TakeAnswer(service_id=service_id, request_id=request_id, refusal=None)
        await self._attempt(partial(take_answer, answer, self._tx), step="panel", day=day)
        await self._follow(self._tx.take_told(), day)

    def _noon(self, day: date) -> datetime:
        return datetime.combine(day, time(12), tzinfo=self._zone)


def _cause(actor: str, envelope: Envelope) -> Cause:
    return Cause(actor=actor, causation_id=envelope.id, correlation_id=envelope.correlation_id)


_PARAMETER = re.compile(r"\$(\d+)")


def probe_of(steps: Mapping[str, Step]) -> str:
    """One query for all steps: does any find something? Its values follow one another.

    >>> step = Step(query="select $1, $2, $3", values=lambda _: (1,), task=lambda *_: None)
    >>> "select $1, $2, $4" in probe_of({"one": step, "two": step})
    True
    """
    asked, after = [], 2
    for step in steps.values():
        places = {int(place) for place in _PARAMETER.findall(step.query)}
        moved = _PARAMETER.sub(_moved(after - 2), step.query)
        asked.append(f"exists (select from ({moved}) as f where f.account_id = {ACCOUNT})")
        after += max(places | {2}) - 2
    known = "$1::text is not null and $2::date is not null"
    return f"select {known} and ({' or '.join(asked)})"


def _moved(by: int) -> Any:
    def moved(found: re.Match[str]) -> str:
        place = int(found[1])
        return f"${place}" if place <= 2 else f"${place + by}"

    return moved
