"""The relay at work on a real stream: batches, order, what it takes up, what it fills again."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from shared import bus
from shared.envelope import Record, from_message, header_lines, to_headers
from shared.errors import Unavailable
from shared.ids import new_id
from shared.lease import Leases
from shared.published import End, Landmark, Published, backlog
from shared.relay import Relay
from shared.stream import (
    SINGLE_BELOW,
    Found,
    IdsRemembered,
    Outgoing,
    OwnStream,
    StreamMoved,
)
from tests.conftest import OpenDatabase
from tests.faults.backbone import STREAM, Backbone, open_backbone
from tests.servers import Bus, running_nats
from tests.shared.kernel import CAUSE, Counter
from tests.shared.test_bus import settings_for

MANY = SINGLE_BELOW * 3
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Still:
    """A clock that stands still."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Bus]:
    with running_nats(tmp_path) as server:
        yield server


@pytest.fixture
async def backbone(database: OpenDatabase, server: Bus) -> Backbone:
    return await open_backbone(database, server)


@asynccontextmanager
async def relay_of(backbone: Backbone, *, batch: int = 1000) -> AsyncIterator[Relay]:
    """A relay that has looked at its stream; what it publishes, the test says."""
    client = await bus.connect(settings_for("tickets", backbone.server))
    relay = Relay(backbone.source, client, batch=batch)
    await relay.check_stream()
    yield relay
    await bus.close(client)


@asynccontextmanager
async def stream_of(server: Bus) -> AsyncIterator[OwnStream]:
    """An empty stream."""
    client = await bus.connect(settings_for("tickets", server))
    stream = OwnStream(client, "tickets")
    await stream.assert_exists(replicas=1)
    yield stream
    await bus.close(client)


def messages(count: int) -> list[Outgoing]:
    return [Outgoing("tickets.Test.1", str(new_id()), "a: b\r\n", b"{}") for _ in range(count)]


@pytest.mark.parametrize("count", [1, SINGLE_BELOW - 1, SINGLE_BELOW, MANY, 1000])
async def test_messages_are_stored_in_order_after_the_sequence_that_was_named(
    server: Bus, count: int
) -> None:
    async with stream_of(server) as stream:
        first, second = messages(count), messages(count)
        assert await stream.append(first, after=0) == count
        assert await stream.append(second, after=count) == 2 * count
        client = stream._js
        ids = [
            (await client.get_msg(STREAM, seq=sequence)).headers["Nats-Msg-Id"]  # type: ignore[index]
            for sequence in (1, count, count + 1, 2 * count)
        ]
    assert ids == [first[0].id, first[-1].id, second[0].id, second[-1].id]


@pytest.mark.parametrize("count", [3, MANY])
async def test_what_does_not_follow_the_end_of_the_stream_is_refused_and_not_stored(
    server: Bus, count: int
) -> None:
    async with stream_of(server) as stream:
        await stream.append(messages(count), after=0)
        for elsewhere in (0, count - 1, count + 1):
            with pytest.raises(StreamMoved):
                await stream.append(messages(count), after=elsewhere)
        assert (await stream.state()).last == count


@pytest.mark.parametrize("count", [3, MANY])
async def test_a_batch_with_an_id_that_the_server_remembers_is_refused(
    server: Bus, count: int
) -> None:
    async with stream_of(server) as stream:
        sent = messages(count)
        await stream.append(sent, after=0)
        with pytest.raises(IdsRemembered):
            await stream.append(sent, after=count)
        assert await stream.append_one(sent[0]) == (1, True)
        assert (await stream.state()).last == count


@pytest.mark.parametrize("batch", [10, 100, 1000])
async def test_a_backlog_arrives_whole_and_in_the_order_of_each_partition(
    backbone: Backbone, batch: int
) -> None:
    await backbone.write(60, times=9)
    async with relay_of(backbone, batch=batch) as relay:
        assert await relay.publish_waiting() == 600
        assert await relay.publish_waiting() == 0
    await backbone.assert_on_the_bus(await backbone.logged(), doubles=False)
    assert await backbone.unpublished() == 0


async def test_what_a_relay_stored_before_it_died_is_taken_up_and_not_sent_again(
    backbone: Backbone,
) -> None:
    await backbone.write(20)
    async with relay_of(backbone) as relay:
        await relay.publish_waiting()
        async with backbone.source.pool.acquire() as db:
            await db.execute("update relay_checkpoint set position = 0")
            await db.execute("update relay_stream set last_sequence = 0, last_event_id = ''")
        assert await backbone.unpublished() == 100
    async with relay_of(backbone) as relay:
        assert await backbone.unpublished() == 0
        assert await relay.publish_waiting() == 0


async def test_a_message_that_the_log_does_not_know_is_passed_over(backbone: Backbone) -> None:
    await backbone.write(10)
    async with relay_of(backbone) as relay:
        await relay.publish_waiting()
        async with backbone.asking() as client:
            js = client.jetstream()
            await js.publish("tickets.Forged.1", b"{}", headers={"ce-id": "no id"})
            forged = to_headers(record(actor="forger")) | {"faktura-position": "1000000"}
            await js.publish("tickets.Forged.1", b"{}", headers=forged)
        await backbone.write(10)
        with pytest.raises(StreamMoved):
            await relay.publish_waiting()
        await relay.check_stream()
        assert await relay.publish_waiting() == 50
    assert await backbone.unpublished() == 0
    assert await backbone.epoch() == 0


async def test_each_partition_that_waits_has_its_share_of_a_batch(backbone: Backbone) -> None:
    await backbone.write(1, times=500)
    await backbone.write(30, times=0)
    published = Published(backbone.source.pool, "tickets", stream=STREAM)
    records = await published.waiting(await published.positions(), limit=128)
    reached: dict[int, int] = {}
    for each in records:
        assert each.position == reached.get(each.partition, 0) + 1
        reached[each.partition] = each.position
    assert set(reached) == {partition for partition, _, _ in await backbone.logged()}
    assert len(records) <= 128


async def test_the_oldest_event_that_waits_says_how_long_the_bus_is_behind(
    backbone: Backbone,
) -> None:
    async with backbone.source.pool.acquire() as db:
        assert dict(await backlog(db)) == {"events": 0, "since": None}
    backbone.source.clock = Still(LONG_AGO)
    await backbone.write(1)
    backbone.source.clock = Still(LONG_AGO + timedelta(days=1))
    await backbone.write(3)
    async with backbone.source.pool.acquire() as db:
        assert dict(await backlog(db)) == {"events": 20, "since": LONG_AGO}


async def test_a_stream_is_filled_again_with_what_is_younger_than_its_maximal_age(
    backbone: Backbone,
) -> None:
    account = new_id()
    for day in range(7):
        backbone.source.clock = Still(LONG_AGO + timedelta(days=day))
        counter = Counter(id=new_id(), account_id=account, brand="ponto", owner="Ana")
        async with backbone.source.transaction(CAUSE) as tx:
            await tx.save(counter)
    published = Published(backbone.source.pool, "tickets", stream=STREAM)
    [(partition, _, _), *_] = await backbone.logged()
    end = End(LONG_AGO, 1, Landmark(0, ""))
    for days, expected in ((0, 0), (3, 3), (6.5, 7)):
        await published.begin_again(end, since=LONG_AGO + timedelta(days=days))
        positions = await published.positions()
        assert positions.pop(partition) == expected
        assert set(positions.values()) == {0}


async def test_an_event_that_expired_is_not_missed_but_one_that_was_purged_is(
    backbone: Backbone,
) -> None:
    async with relay_of(backbone) as relay:
        await backbone.write(2)
        await relay.publish_waiting()
        known, state = relay._known_end(), await relay._stream.state()
        emptied = state._replace(first=state.last + 1, messages=0)
        relay._looked_at = known.last
        assert await relay._is_another(known, emptied)
        relay._clock = Still(relay._clock.now() + timedelta(days=31))
        assert not await relay._is_another(known, emptied)


def record(*, actor: str = "test", brand: str = "ponto") -> Record:
    return Record(
        source="tickets",
        partition=1,
        position=2,
        id=new_id(),
        type="TicketClosed",
        version=1,
        account_id=new_id(),
        brand=brand,
        occurred_at=datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC),
        actor=actor,
        causation_id=None,
        correlation_id=UUID(int=7),
        traceparent="",
        data="{}",
        hash="00",
    )


def test_a_record_is_read_from_its_message_as_it_was() -> None:
    sent = record(actor="Zoë")
    assert from_message("tickets", to_headers(sent), body=b"{}") == sent


@pytest.mark.parametrize("breaks", ["\r\n", "\n", "\r"])
def test_no_value_can_add_a_header(breaks: str) -> None:
    text = f"x{breaks}Nats-Msg-Id: forged"
    lines = header_lines(record(actor=text, brand=text))
    assert lines.count("\n") == lines.count("\r") == header_lines(record()).count("\r\n")
    assert "Nats-Msg-Id" not in to_headers(record(actor=text, brand=text))


async def test_a_later_end_of_the_stream_is_never_set_back(backbone: Backbone) -> None:
    """By a relay that had the lease before, or by a statement that was thought to be lost."""
    await backbone.write(2)
    [(partition, _, _), *_] = await backbone.logged()
    published = Published(backbone.source.pool, "tickets", stream=STREAM)
    latest = End(LONG_AGO, 1, Landmark(5, "latest"))
    await published.begin_again(latest, since=LONG_AGO)
    before = await published.positions()
    for epoch, sequence in ((0, 9), (1, 4)):
        late = End(LONG_AGO, epoch, Landmark(sequence, "late"))
        with pytest.raises(Unavailable):
            await published.remember(late, {partition: 1})
        with pytest.raises(Unavailable):
            await published.begin_again(late, since=datetime.max.replace(tzinfo=UTC))
    assert (await published.end(), await published.positions()) == (latest, before)


async def test_a_relay_begins_no_batch_when_its_lease_may_be_anothers(backbone: Backbone) -> None:
    await backbone.write(1, times=9)
    leases = Leases(backbone.source.pool)
    async with relay_of(backbone, batch=5) as relay, leases.held("relay/tickets") as lease:
        append = relay._stream.append

        async def lose_the_lease(messages: Sequence[Outgoing], *, after: int) -> int:
            leases._sure_until = 0.0
            return await append(messages, after=after)

        relay._stream.append = lose_the_lease  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            await relay.publish_waiting(lease)
    assert len(await backbone.held()) == 5


async def test_a_long_tail_is_taken_up_piece_by_piece_each_of_them_remembered(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the database was restored from a copy that is far older than the stream."""
    monkeypatch.setattr("shared.relay.READ_AT_ONCE", 30)
    await backbone.write(20)
    async with relay_of(backbone) as relay:
        await relay.publish_waiting()
        async with backbone.source.pool.acquire() as db:
            await db.execute("update relay_checkpoint set position = 0")
            await db.execute("update relay_stream set last_sequence = 0, last_event_id = ''")
        read = relay._stream.at

        async def dies_on_its_way(sequence: int) -> Found | None:
            if sequence > 60:
                raise TimeoutError
            return await read(sequence)

        relay._stream.at = dies_on_its_way  # type: ignore[method-assign]
        with pytest.raises(TimeoutError):
            await relay.check_stream()
        assert await backbone.unpublished() == 40
        relay._stream.at = read  # type: ignore[method-assign]
        await relay.check_stream()
        assert await backbone.unpublished() == 0
        assert await relay.publish_waiting() == 0


async def test_a_relay_with_much_to_do_is_well_again_with_the_first_batch_that_the_bus_takes(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an outage long past would count as one that goes on, for as long as there is work."""
    await backbone.write(20)
    async with relay_of(backbone, batch=40) as relay:
        await relay._wait_out(TimeoutError())
        append, failing = relay._stream.append, []

        async def watched(messages: Sequence[Outgoing], *, after: int) -> int:
            failing.append(relay.is_failing)
            return await append(messages, after=after)

        monkeypatch.setattr(relay._stream, "append", watched)
        await relay.check_stream()
        await relay.publish_waiting()
    assert failing[:2] == [True, False]
    assert not any(failing[2:])
