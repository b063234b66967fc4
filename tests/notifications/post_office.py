"""The notifications service's consumers, without the bus: events in, mails out, one step a call."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from joserfc.jwk import OKPKey

from services.notifications.app import VIEWS
from services.notifications.mail.mailer import Mailer, mailer
from services.notifications.mail.sending import smtp_sender
from services.notifications.publishing import publish
from shared.consumers.effects import EffectRunner
from shared.consumers.worker import Worker
from shared.contracts.event import PublicEvent, source_of
from shared.database import Pool
from shared.envelope import (
    FIRST_HASH,
    Envelope,
    Record,
    chained_hash,
    encode_public,
    partition_of,
)
from shared.feed import Feed, LocalFeed
from shared.ids import new_id
from shared.peers import Peers
from shared.personal import Cipher
from shared.store import EventStore
from shared.tokens import Signer
from shared.wakeup import Wakeup
from tests.notifications.samples import ACCOUNT, PORTAL_URL, TOKEN, USER
from tests.shared.kernel import KEY, KeysInMemory

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 30, 12, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def pass_by(self, span: timedelta) -> None:
        self._now += span


class Log:
    """What another service has published."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.records: defaultdict[int, list[Record]] = defaultdict(list)

    async def heads(self) -> dict[int, int]:
        return {partition: len(records) for partition, records in self.records.items()}

    async def page(self, partition: int, *, after: int, limit: int = 500) -> list[Record]:
        return self.records[partition][after : after + limit]

    def add(self, event: PublicEvent, *, account_id: UUID | None) -> Record:
        """Publish the event as the next of its partition."""
        partition = partition_of(account_id, "ponto")
        record = Record(
            source=self.source,
            partition=partition,
            position=len(self.records[partition]) + 1,
            id=new_id(),
            type=type(event).__name__,
            version=event.VERSION,
            account_id=account_id,
            brand="ponto",
            occurred_at=datetime(2026, 11, 30, 12, 5, tzinfo=UTC),
            actor="test",
            causation_id=None,
            correlation_id=new_id(),
            traceparent=TRACEPARENT,
            data=msgspec.json.encode(encode_public(event, Cipher(KEY))).decode(),
            hash="",
        )
        before = self.records[partition][-1:]
        start = bytes.fromhex(before[0].hash) if before else FIRST_HASH
        chained = msgspec.structs.replace(record, hash=chained_hash(start, record).hex())
        self.records[partition].append(chained)
        return chained


class PostOffice:
    """The service's views and its mailer over the logs of the others."""

    def __init__(self, pool: Pool, peers: Peers) -> None:
        self.clock = Clock()
        self.store = EventStore(
            pool, service="notifications", publish=publish, keyring=KeysInMemory(), clock=self.clock
        )
        self.peers = peers
        self.logs = {name: Log(name) for name in ("accounts", "billing", "tickets")}
        self._feeds: dict[str, Feed] = {
            **self.logs,
            "notifications": LocalFeed(pool, "notifications"),
        }
        self._views = [self._worker(view) for view in VIEWS]
        self._mailer = self.mailer_to(1)

    def mailer_to(self, smtp_port: int) -> Worker:
        """A mailer that hands over to the mail server at `smtp_port` from now on."""
        sending = Mailer(
            store=self.store,
            peers=self.peers,
            send=smtp_sender("127.0.0.1", smtp_port),
            portal_url=PORTAL_URL,
        )
        self._mailer = self._worker(mailer(sending))
        self._runner = EffectRunner(mailer(sending), self.store, Wakeup())
        return self._mailer

    def happened(self, *events: PublicEvent, account_id: UUID | None = ACCOUNT) -> list[Record]:
        """The other services publish the events."""
        return [
            self.logs[source_of(type(event))].add(event, account_id=account_id) for event in events
        ]

    async def read_views(self, *names: str) -> None:
        """Let the views read what was published (all views, or the named ones)."""
        for worker in self._views:
            if not names or worker.name in names:
                await self._catch_up(worker)

    async def plan(self) -> None:
        """Let the mailer read what was published."""
        await self._catch_up(self._mailer)

    async def carry_out(self) -> int:
        """Let the mailer send what is due; how many mails that were."""
        return await self._runner.carry_out_due()

    async def deliver(self) -> None:
        """All of it: views, plans, mails, history."""
        await self.read_views()
        await self.plan()
        while await self.carry_out():
            pass
        await self.read_views()

    async def offer_again(self, records: Sequence[Record]) -> None:
        """The bus repeats what it brought before."""
        await self._mailer.offer(records[0].source, records)

    async def rows(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """What the database says."""
        async with self.store.pool.acquire() as db:
            return await db.fetch(query, *values)

    async def published(self) -> list[Record]:
        """What the service itself has published."""
        feed = self._feeds["notifications"]
        heads = await feed.heads()
        return [record for part in heads for record in await feed.page(part, after=0)]

    def _worker(self, consumer: Any) -> Worker:
        return Worker(consumer, self.store, self._feeds, applied=_ignore)

    async def _catch_up(self, worker: Worker) -> None:
        await worker.load()
        for source in worker.consumer.sources:
            await worker.catch_up(source)


def _ignore(name: str, envelopes: Sequence[Envelope]) -> None:
    return None


@asynccontextmanager
async def post_office(pool: Pool) -> AsyncIterator[PostOffice]:
    """The consumers on a fresh database, with an accounts service that mints one-time tokens."""
    server = await asyncio.start_server(_mint, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    key = OKPKey.generate_key("Ed25519").as_dict(private=True)
    peers = Peers({"accounts": address}, Signer("notifications", key))
    yield PostOffice(pool, peers)
    await peers.close()
    server.close()


async def _mint(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """POST /internal/links of the accounts service, for one request a connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"POST /internal/links ")
    length = next(
        int(line.split(b":")[1])
        for line in head.splitlines()
        if line.lower().startswith(b"content-length")
    )
    asked = msgspec.json.decode(await reader.readexactly(length))
    assert set(asked) == {"kind", "user_id"}
    is_known = asked["user_id"] == str(USER)
    answer = {"token": f"{asked['kind']}-{TOKEN}"} if is_known else {"code": "not_found"}
    body = msgspec.json.encode(answer)
    status = "200 OK" if is_known else "404 Not Found"
    lines = (f"HTTP/1.1 {status}", "content-type: application/json", "connection: close")
    writer.write("\r\n".join((*lines, f"content-length: {len(body)}", "", "")).encode() + body)
    await writer.drain()
    writer.close()
