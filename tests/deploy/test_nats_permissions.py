"""A97: what a service may not do on the bus, tried against a real server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import nats
import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig

from deploy.local.nats import SEATS
from shared.cable import Cable
from tests.servers import PASSWORD, Bus

Connect = Callable[[str], Awaitable["Connection"]]
FORBIDDEN_WITHIN_S = 0.5
TOLD_WITHIN_S = 5


class Connection:
    """A service's connection, and what the server complains of."""

    def __init__(self, client: Client, complaints: "asyncio.Queue[str]") -> None:
        self.client = client
        self.js = client.jetstream(timeout=FORBIDDEN_WITHIN_S)
        self.complaints = complaints

    async def next_complaint(self) -> str:
        """What the server says about the last thing that was tried."""
        return (await asyncio.wait_for(self.complaints.get(), TOLD_WITHIN_S)).lower()

    async def assert_refused(self, subject: str) -> None:
        """Publishing there is a permissions violation."""
        await self.client.publish(subject, b"{}")
        told = await self.next_complaint()
        assert "permissions violation" in told
        assert subject.lower() in told


@pytest.fixture
async def connect(nats_server: Bus) -> AsyncIterator[Connect]:
    """Connects as a service, as the kernel does."""
    async with AsyncExitStack() as stack:

        async def as_service(service: str) -> Connection:
            complaints: asyncio.Queue[str] = asyncio.Queue()

            async def note(error: Exception) -> None:
                complaints.put_nowait(str(error))

            client = await nats.connect(
                nats_server.url,
                user=service,
                password=PASSWORD,
                inbox_prefix=f"_INBOX_{service}",
                error_cb=note,
            )
            stack.push_async_callback(client.close)
            return Connection(client, complaints)

        yield as_service


async def with_streams(connect: Connect) -> tuple[Connection, Connection]:
    """Billing and tickets, each with its stream."""
    billing, tickets = await connect("billing"), await connect("tickets")
    for each, name in ((billing, "billing"), (tickets, "tickets")):
        await each.js.add_stream(name=name.upper(), subjects=[f"{name}.>"])
    return billing, tickets


async def test_a_service_does_all_its_own_work(connect: Connect) -> None:
    billing, tickets = await with_streams(connect)
    ack = await billing.js.publish("billing.InvoiceIssued.17", b"{}", stream="BILLING")
    assert (await billing.js.get_msg("BILLING", ack.seq)).data == b"{}"
    assert (await tickets.js.stream_info("BILLING")).state.messages
    await tickets.js.add_consumer("BILLING", ConsumerConfig(durable_name="tickets"))
    pulled = await tickets.js.pull_subscribe_bind("tickets", stream="BILLING")
    (message,) = await pulled.fetch(1, timeout=5)
    await message.ack_sync(timeout=5)
    assert tickets.complaints.empty()


async def test_each_process_of_a_service_has_a_consumer_of_its_own(connect: Connect) -> None:
    billing, tickets = await with_streams(connect)
    cable = Cable(tickets.client, "billing", name=f"tickets-{SEATS - 1}")
    await cable.lay(frozenset({17, 18}))
    for partition in (16, 17):
        await billing.js.publish(f"billing.InvoiceIssued.{partition}", b"{}", stream="BILLING")
    info = await tickets.js.stream_info("BILLING")
    assert info.state.consumer_count
    assert await cable.fetch(10) == []  # what is no event of ours is left to the feed
    assert tickets.complaints.empty()


async def test_the_portal_consumes_and_publishes_nothing(connect: Connect) -> None:
    await with_streams(connect)
    portal = await connect("portal")
    await portal.js.add_consumer("BILLING", ConsumerConfig(durable_name="portal"))
    assert portal.complaints.empty()
    await portal.assert_refused("portal.Anything.1")
    await portal.assert_refused("billing.InvoicePaid.1")


@pytest.mark.parametrize(
    "subject",
    [
        "billing.InvoicePaid.17",
        "$JS.API.STREAM.CREATE.BILLING",
        "$JS.API.STREAM.UPDATE.BILLING",
        "$JS.API.STREAM.DELETE.BILLING",
        "$JS.API.STREAM.PURGE.BILLING",
        "$JS.API.STREAM.MSG.DELETE.BILLING",
        "$JS.API.STREAM.MSG.GET.BILLING",
        "$JS.API.STREAM.SNAPSHOT.BILLING",
        "$JS.API.STREAM.RESTORE.BILLING",
        "$JS.API.DIRECT.GET.BILLING",
        "$JS.API.CONSUMER.CREATE.BILLING.billing",
        "$JS.API.CONSUMER.CREATE.BILLING",
        "$JS.API.CONSUMER.DURABLE.CREATE.BILLING.portal",
        "$JS.API.CONSUMER.DELETE.BILLING.portal",
        "$JS.API.CONSUMER.PAUSE.BILLING.portal",
        "$JS.API.CONSUMER.MSG.NEXT.BILLING.portal",
        "$JS.ACK.BILLING.portal.1.1.1.1.0",
        "$JS.API.CONSUMER.CREATE.BILLING.portal-0",
        "$JS.API.CONSUMER.DELETE.BILLING.portal-0",
        "$JS.API.CONSUMER.MSG.NEXT.BILLING.portal-0",
        "$JS.API.CONSUMER.CREATE.BILLING.tickets-64",
        "$JS.API.STREAM.CREATE.EVIL",
        "_INBOX_billing.x",
        "$SYS.REQ.SERVER.PING",
    ],
)
async def test_a69_a_service_may_not_touch_what_is_anothers(connect: Connect, subject: str) -> None:
    await with_streams(connect)
    tickets = await connect("tickets")
    await tickets.assert_refused(subject)


@pytest.mark.parametrize("request_name", ["DELETE", "PURGE", "MSG.DELETE", "RESTORE", "SNAPSHOT"])
async def test_nobody_may_destroy_a_stream_not_even_its_own(
    connect: Connect, request_name: str
) -> None:
    billing, _ = await with_streams(connect)
    await billing.assert_refused(f"$JS.API.STREAM.{request_name}.BILLING")


@pytest.mark.parametrize("subject", ["billing.>", "_INBOX_billing.>", "_INBOX.>", ">", "$JS.>"])
async def test_a_service_hears_nothing_but_its_own_inbox(connect: Connect, subject: str) -> None:
    tickets = await connect("tickets")
    await tickets.client.subscribe(subject)
    assert "permissions violation" in await tickets.next_complaint()


async def test_a_consumer_under_another_services_name_is_not_made(connect: Connect) -> None:
    _, tickets = await with_streams(connect)
    with pytest.raises((nats.errors.TimeoutError, nats.js.errors.Error)):
        await tickets.js.add_consumer("BILLING", ConsumerConfig(durable_name="notifications"))


async def test_a_wrong_password_is_refused(nats_server: Bus) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", nats_server.port)
    await reader.readline()
    writer.write(b'CONNECT {"user": "billing", "pass": "guessed"}\r\nPING\r\n')
    assert b"Authorization Violation" in await asyncio.wait_for(reader.readline(), TOLD_WITHIN_S)
    writer.close()
    await writer.wait_closed()
