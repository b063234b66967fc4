"""From the log to JetStream: one relay per service, in order within a partition, for ever.

The relay knows where its stream ends, and the server stores nothing anywhere else. After whatever
failed, it reads back what the stream really holds and goes on from there. A stream that is new,
shorter or other than recorded is filled again from the log under a new epoch, because the server
would acknowledge and not store an id that it remembers.
"""

import asyncio
import random
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import nats.js.errors
import structlog
from nats.aio.client import Client

from shared import bus
from shared.crash import crash_point
from shared.envelope import Record, header_lines
from shared.heartbeat import beat
from shared.lease import Lease
from shared.published import End, Landmark, Positions, Published
from shared.store import EventStore
from shared.stream import (
    AT_ONCE,
    MAX_BATCH,
    READ_AT_ONCE,
    IdsRemembered,
    Outgoing,
    OwnStream,
    State,
    StreamMoved,
)
from shared.telemetry import RELAY_FAILURES, RELAYED, STREAM_CHANGES
from shared.wakeup import together

BATCH = MAX_BATCH
POLL_S = 0.5
CHECK_EVERY_S = 30.0
ASSERT_EVERY_S = 60.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 0.5
KEEP_LEASE_S = 30.0
CONFIRM_TIMES = 5
EXPIRY_SLACK_S = 3600.0

log = structlog.get_logger()


class _Batch(NamedTuple):
    messages: list[Outgoing]
    reached: Positions
    moved: Positions


class _Stored(NamedTuple):
    batch: _Batch
    end: End


class Relay:
    """Publishes one service's log. Several may run; the lease lets one work at a time."""

    def __init__(self, store: EventStore, client: Client, *, batch: int = BATCH) -> None:
        self._leases = store.leases
        self._wakeup = store.committed
        self._clock = store.clock
        self._service = store.service
        self._stream = OwnStream(client, store.service)
        self._published = Published(store.pool, store.service, stream=self._stream.name)
        self._batch = batch
        self._replicas = 1
        self._end: End | None = None
        self._looked_at: Landmark | None = None
        self._remembers_lost_ids = False
        self._reached: Positions = {}
        self._subjects: dict[tuple[str, int], str] = {}
        self._connection = -1
        self._checked_at = -CHECK_EVERY_S
        self._asserted_at = -ASSERT_EVERY_S
        self._failing_since: float | None = None
        self._pause_s = FIRST_PAUSE_S

    async def run(self, *, replicas: int = 1) -> None:
        """Publish until cancelled, through every failure of the bus.

        Raises when the database or the lease is lost, and when the bus has not answered this
        process for half a minute: another process, which may reach it, then gets the lease.
        """
        self._replicas = replicas
        async with self._leases.held(f"relay/{self._service}") as lease:
            await self.publish_under(lease)

    async def publish_under(self, lease: Lease) -> None:
        """`run` for as long as the lease holds."""
        self._checked_at = -CHECK_EVERY_S  # a look that the database cut short is begun anew
        while True:
            beat()
            try:
                await self._publish_for_ever(lease)
            except (StreamMoved, *bus.UNREACHABLE) as error:
                await self._wait_out(error)

    @property
    def is_failing(self) -> bool:
        """Whether the bus did not take the last thing that it was given."""
        return self._failing_since is not None

    async def check_stream(self) -> None:
        """Assert the stream, compare it with what was recorded, and take up where it ends."""
        self._connection = self._stream.connection
        known = await self._published.end()
        state = await self._look()
        if known is None:
            await self._begin_epoch(0)
        elif self._remembers_lost_ids or await self._is_another(known, state):
            await self._begin_epoch(known.epoch + 1)
            self._remembers_lost_ids = False
        else:
            await self._take_up(known, state)
        self._looked_at = self._known_end().last
        self._checked_at = time.monotonic()

    async def publish_waiting(self, lease: Lease | None = None) -> int:
        """Publish what waits in the log and remember it; how many events that was.

        While the server stores one batch, the next is read and the one before remembered. With a
        lease, no batch is begun when it may be another's by now: `Unavailable`.
        """
        published = 0
        stored: _Stored | None = None
        batch = await self._read_after(self._reached)
        while batch.messages:
            if lease:
                lease.check()
            stored, ahead, _ = await together(
                self._store(batch), self._read_after(batch.reached), self._remember(stored)
            )
            published += len(batch.messages)
            batch = ahead
        await self._remember(stored)
        return published

    async def _publish_for_ever(self, lease: Lease) -> None:
        while True:
            lease.check()
            if self._check_is_due():
                await self.check_stream()
            seen = self._wakeup.count
            published = await self.publish_waiting(lease)
            self._note_success()
            if not published:
                await self._wakeup.wait_after(seen, timeout_s=POLL_S)

    def _check_is_due(self) -> bool:
        is_another_connection = self._connection != self._stream.connection
        return is_another_connection or time.monotonic() - self._checked_at >= CHECK_EVERY_S

    def _note_success(self) -> None:
        if self._failing_since is not None:
            outage_s = round(time.monotonic() - self._failing_since, 1)
            log.info("relay goes on", stream=self._stream.name, outage_s=outage_s)
            self._failing_since, self._pause_s = None, FIRST_PAUSE_S

    async def _wait_out(self, error: Exception) -> None:
        """Note a failure, in the log once an outage, and pause; then the stream is looked at."""
        self._checked_at = -CHECK_EVERY_S
        RELAY_FAILURES.add(1, {"service": self._service, "error": type(error).__name__})
        if self._failing_since is None:
            self._failing_since = time.monotonic()
            log.warning("relay waits", stream=self._stream.name, error=repr(error))
        elif time.monotonic() - self._failing_since > KEEP_LEASE_S:
            raise error
        await asyncio.sleep(self._pause_s * random.uniform(0.8, 1.2))  # noqa: S311
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    async def _read_after(self, reached: Positions) -> _Batch:
        records = await self._published.waiting(reached, limit=self._batch)
        messages: list[Outgoing] = []
        for first in range(0, len(records), AT_ONCE):
            messages += map(self._message, records[first : first + AT_ONCE])
            await asyncio.sleep(0)
        moved = {record.partition: record.position for record in records}
        return _Batch(messages, {**reached, **moved}, moved)

    def _message(self, record: Record) -> Outgoing:
        kind = (record.type, record.partition)
        subject = self._subjects.get(kind)
        if subject is None:
            assert record.type.isidentifier(), f"an event's type is a name, not {record.type!r}"
            subject = self._subjects[kind] = f"{self._service}.{record.type}.{record.partition}"
        epoch = self._known_end().epoch
        id = f"{record.id}:r{epoch}" if epoch else str(record.id)
        return Outgoing(subject, id, header_lines(record), record.data.encode())

    async def _store(self, batch: _Batch) -> _Stored:
        end = self._known_end()
        crash_point("relay.before_publish")
        try:
            last = await self._stream.append(batch.messages, after=end.last.sequence)
        except IdsRemembered:
            last = await self._store_each(batch)
        crash_point("relay.after_publish")
        self._note_success()
        self._end = end._replace(last=Landmark(last, _event_id(batch.messages[-1])))
        return _Stored(batch, self._end)

    async def _store_each(self, batch: _Batch) -> int:
        """One after the other, where the server says that it has seen one of them.

        A repeat that it acknowledges proves nothing: it may remember an id whose message it lost.
        """
        last = 0
        for message in batch.messages:
            beat()
            last, is_repeat = await self._stream.append_one(message)
            held = await self._stream.at(last) if is_repeat else None
            if is_repeat and (held is None or str(held.event_id) != _event_id(message)):
                self._remembers_lost_ids = True
                raise StreamMoved
        return last

    async def _remember(self, stored: _Stored | None) -> None:
        if stored is None:
            return
        await self._published.remember(stored.end, stored.batch.moved)
        crash_point("relay.after_checkpoint")
        self._reached = stored.batch.reached
        RELAYED.add(len(stored.batch.messages), {"service": self._service})

    async def _look(self) -> State:
        """The stream's state; first made, or brought to its configuration, where that is due."""
        is_due = time.monotonic() - self._asserted_at >= ASSERT_EVERY_S
        if not is_due or self.is_failing:
            with suppress(nats.js.errors.NotFoundError):
                return await self._stream.state()
        await self._stream.assert_exists(replicas=self._replicas)
        self._asserted_at = time.monotonic()
        return await self._stream.state()

    async def _is_another(self, known: End, state: State) -> bool:
        """Whether what was published is missing. A cluster's new leader may first have to read."""
        for _ in range(CONFIRM_TIMES if self._replicas > 1 else 1):
            if state.created_at != known.created_at:
                return True
            # What was there when we last looked is younger than anything that may have expired.
            purged = self._looked_at is not None and state.first > self._looked_at.sequence + 1
            marks = (known.last, self._looked_at or known.last)
            if not purged and not any([await self._lost(mark, state) for mark in marks]):
                return False
            if self._replicas > 1:
                await asyncio.sleep(FIRST_PAUSE_S * 5)
                state = await self._stream.state()
        return True

    async def _lost(self, mark: Landmark, state: State) -> bool:
        if not mark.event_id:
            return mark.sequence > state.last
        if mark.sequence >= state.first:
            held = await self._stream.at(mark.sequence)
            return held is None or str(held.event_id) != mark.event_id
        # Before the first: too old to be held, or purged.
        occurred_at = await self._published.occurred_at(UUID(mark.event_id))
        return occurred_at is not None and occurred_at > self._expired_before(EXPIRY_SLACK_S)

    def _expired_before(self, slack_s: float) -> datetime:
        return self._clock.now() - timedelta(seconds=bus.MAX_AGE_S - slack_s)

    async def _begin_epoch(self, epoch: int) -> None:
        """Publish again, under new message ids, what is younger than the stream's maximal age."""
        if epoch:
            log.warning("stream changed", stream=self._stream.name, epoch=epoch)
            STREAM_CHANGES.add(1, {"service": self._service})
        state = await self._stream.state()
        held = await self._stream.at(state.last) if state.last else None
        last = Landmark(state.last, str(held.event_id) if held else "")
        self._end = End(state.created_at, epoch, last)
        await self._published.begin_again(self._end, since=self._expired_before(0))
        self._reached = await self._published.positions()

    async def _take_up(self, known: End, state: State) -> None:
        """Go on where the stream ends: what it holds past the record was stored all the same.

        Piece by piece, each remembered: past the record of a restored database lies a long way.
        """
        reached = await self._published.positions()
        for after in range(known.last.sequence, state.last, READ_AT_ONCE):
            upto = min(after + READ_AT_ONCE, state.last)
            tail = await self._stream.between(after, upto)
            ours = await self._published.known([found.event_id for found in tail])
            held = {(f.partition, f.position) for f in tail if f.event_id in ours}
            moved: Positions = {}
            for partition, position in sorted(held):
                if position == moved.get(partition, reached[partition]) + 1:
                    moved[partition] = position
            event_id = str(tail[-1].event_id) if tail and tail[-1].sequence == upto else ""
            known = known._replace(last=Landmark(upto, event_id))
            await self._published.remember(known, moved)
            reached |= moved
        self._end = known
        self._reached = reached

    def _known_end(self) -> End:
        assert self._end is not None, "the stream is looked at before it is published to"
        return self._end


def _event_id(message: Outgoing) -> str:
    return message.id.partition(":")[0]
