"""From the log to JetStream: one relay per service, in order within a partition, for ever.

Every message is published with its event's id, so a repeat within the duplicate window is dropped
by the server. A stream that is new, shorter or other than recorded is filled again from the log
under a new epoch, because the server would acknowledge and not store an id that it remembers.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import PubAck, StreamInfo

from shared import bus
from shared.database import Connection, acquire
from shared.envelope import Record, to_headers
from shared.feed import record_of
from shared.lease import Lease, held_lease
from shared.store import EventStore
from shared.telemetry import GAUGES, RELAYED

BATCH = 500
POLL_S = 0.5
CHECK_EVERY_S = 30.0
NO_SEQUENCE = 0

log = structlog.get_logger()

# By time over the partitions, yet always a prefix of each: within one, the running maximum of the
# instants never falls as positions rise, though the instants themselves may.
_UNPUBLISHED = """
select l.* from relay_checkpoint c
join partition_head h on h.partition = c.partition and h.position > c.position
cross join lateral (
    select * from log where log.partition = c.partition and log.position > c.position
    order by log.position limit $1
) l
order by max(l.occurred_at) over (partition by l.partition order by l.position),
    l.partition, l.position
limit $1
"""
_REMEMBER = """
with published as (
    update relay_checkpoint c set position = r.position
    from unnest($6::smallint[], $7::bigint[]) as r (partition, position)
    where c.partition = r.partition and c.position < r.position)
insert into relay_stream as s (stream, created_at, last_sequence, last_event_id, epoch)
values ($1, $2, $3, $4, $5)
on conflict (stream) do update set created_at = excluded.created_at,
    last_sequence = excluded.last_sequence, last_event_id = excluded.last_event_id,
    epoch = excluded.epoch
"""


class StreamChanged(Exception):
    """The stream is not the one that was published to; it must be filled again."""


class Relay:
    """Publishes one service's log. Several may run; the lease lets one work at a time."""

    def __init__(self, store: EventStore, client: Client) -> None:
        self._pool = store.pool
        self._client = client
        self._wakeup = store.committed
        self._clock = store.clock
        self._service = store.service
        self._stream = bus.stream_of(store.service)
        self._epoch = 0
        self._created_at = datetime.min.replace(tzinfo=UTC)
        self._replicas = 1

    async def run(self, *, replicas: int = 1) -> None:
        """Publish until cancelled; raises when the bus or the database fails, to be run again."""
        self._replicas = replicas
        async with held_lease(self._pool, f"relay/{self._service}") as lease:
            await self._publish_for_ever(lease)

    async def _publish_for_ever(self, lease: Lease) -> None:
        js = self._client.jetstream(timeout=bus.PUBLISH_TIMEOUT_S)
        checked_at = -CHECK_EVERY_S
        while True:
            if time.monotonic() - checked_at >= CHECK_EVERY_S:
                await self.check_stream(js)
                checked_at = time.monotonic()
            lease.check()
            seen = self._wakeup.count
            try:
                published = await self.publish_batch(js)
            except StreamChanged:
                checked_at = -CHECK_EVERY_S
                continue
            if not published:
                await self._wakeup.wait_after(seen, timeout_s=POLL_S)

    async def publish_batch(self, js: JetStreamContext) -> int:
        """Publish what waits, at most a batch, and remember it; how many events that was."""
        async with acquire(self._pool) as db:
            rows = await db.fetch(_UNPUBLISHED, BATCH)
        GAUGES.set("faktura_unpublished", len(rows), service=self._service)
        if not rows:
            return 0
        records = [record_of(row, self._service) for row in rows]
        acks = await asyncio.gather(*(self._publish(js, record) for record in records))
        await self._check_duplicates(js, records, acks=acks)
        last_ack, last = max(zip(acks, records, strict=True), key=lambda pair: pair[0].seq)
        await self._remember(records, last_sequence=last_ack.seq, last_event_id=str(last.id))
        RELAYED.add(len(records), {"service": self._service})
        return len(records)

    async def check_stream(self, js: JetStreamContext) -> None:
        """Assert the stream and compare it with what was recorded; on a difference, rewind."""
        await bus.assert_stream(js, self._service, replicas=self._replicas)
        info = await js.stream_info(self._stream)
        assert info.created is not None, "the server says when it made the stream"
        self._created_at = info.created
        async with acquire(self._pool) as db:
            known = await db.fetchrow("select * from relay_stream where stream = $1", self._stream)
            if known is None:
                await self._begin_epoch(db, epoch=0)
            elif await self._differs(js, info, known=known):
                log.warning("stream changed", stream=self._stream, epoch=known["epoch"] + 1)
                await self._begin_epoch(db, epoch=known["epoch"] + 1)
            else:
                self._epoch = known["epoch"]

    async def _differs(
        self, js: JetStreamContext, info: StreamInfo, *, known: asyncpg.Record
    ) -> bool:
        if info.created != known["created_at"] or info.state.last_seq < known["last_sequence"]:
            return True
        if known["last_sequence"] == NO_SEQUENCE:
            return False
        if known["last_sequence"] < info.state.first_seq:
            return info.state.messages == 0
        held = await self._event_at(js, known["last_sequence"])
        return bool(held != known["last_event_id"])

    async def _begin_epoch(self, db: Connection, *, epoch: int) -> None:
        """Publish again, under new message ids, what is younger than the stream's maximal age."""
        oldest = self._clock.now() - timedelta(seconds=bus.MAX_AGE_S)
        async with db.transaction():
            await db.execute(
                """update relay_checkpoint c set position = coalesce(
                       (select max(position) from log l
                        where l.partition = c.partition and l.occurred_at < $1), 0)""",
                oldest,
            )
            await db.execute(
                _REMEMBER, self._stream, self._created_at, NO_SEQUENCE, "", epoch, [], []
            )
        self._epoch = epoch

    async def _publish(self, js: JetStreamContext, record: Record) -> PubAck:
        headers = to_headers(record)
        headers["Nats-Msg-Id"] = f"{record.id}:r{self._epoch}" if self._epoch else str(record.id)
        subject = f"{self._service}.{record.type}.{record.partition}"
        return await js.publish(subject, record.data.encode(), stream=self._stream, headers=headers)

    async def _check_duplicates(
        self, js: JetStreamContext, records: list[Record], *, acks: list[PubAck]
    ) -> None:
        """An acknowledged duplicate proves nothing: the server may remember an id that it lost."""
        for record, ack in zip(records, acks, strict=True):
            if ack.duplicate and await self._event_at(js, ack.seq) != str(record.id):
                async with acquire(self._pool) as db:
                    await self._begin_epoch(db, epoch=self._epoch + 1)
                raise StreamChanged

    async def _event_at(self, js: JetStreamContext, sequence: int) -> str:
        try:
            message = await js.get_msg(self._stream, seq=sequence, direct=True)
        except nats.js.errors.NotFoundError:
            return ""
        return str((message.headers or {}).get("ce-id", ""))

    async def _remember(
        self, records: list[Record], *, last_sequence: int, last_event_id: str
    ) -> None:
        reached: dict[int, int] = {}
        for record in records:
            reached[record.partition] = max(record.position, reached.get(record.partition, 0))
        async with acquire(self._pool) as db:
            await db.execute(
                _REMEMBER,
                self._stream,
                self._created_at,
                last_sequence,
                last_event_id,
                self._epoch,
                list(reached),
                list(reached.values()),
            )
