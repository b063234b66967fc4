"""The truth, read past the platform's code: SQL as superuser, the stream, the sandboxes' files."""

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import asyncpg
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.local.keys import SERVICES
from tests.faults.stand import Stand

SOURCES = ("accounts", "billing", "tickets", "notifications")
BATCH = 500
END_OF_BATCH = "204"

Row = asyncpg.Record
Rows = list[Row]


@dataclass(frozen=True)
class Outside:
    """Connections of our own to everything that keeps something."""

    stand: Stand
    databases: Mapping[str, "asyncpg.Connection[Row]"]

    async def rows(self, service: str, query: str) -> Rows:
        """What a query on a service's database gives."""
        return list(await self.databases[service].fetch(query))

    async def log(self, service: str, *types: str) -> Rows:
        """The public events of a service (of these types), by partition and position."""
        wanted = "where type = any ($1)" if types else "where cardinality($1::text[]) = 0"
        return list(
            await self.databases[service].fetch(
                f"select *, data::text as text from log {wanted} order by partition, position",
                list(types),
            )
        )

    async def facts(self, service: str, *types: str) -> list[dict[str, Any]]:
        """The data of public events, with `type`, `account` and `brand`."""
        return [
            {
                **json.loads(row["text"]),
                "type": row["type"],
                "account": str(row["account_id"] or ""),
                "brand": row["brand"],
            }
            for row in await self.log(service, *types)
        ]

    async def table(self, service: str, name: str) -> Rows:
        """All rows of a read model's table, in whichever schema it lives now."""
        schema = await self.databases[service].fetchval(
            """select table_schema from information_schema.tables
               where table_name = $1 and table_schema like 'view%'""",
            name,
        )
        assert schema, f"{service} has no table {name}"
        return await self.rows(service, f"select * from {schema}.{name}")

    def sandbox(self, name: str, query: str) -> list[sqlite3.Row]:
        """What a query on a sandbox's file gives."""
        path = self.stand.home.folder / "sandbox" / f"{name}.sqlite"
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        database.row_factory = sqlite3.Row
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    async def stream(self, service: str) -> list[tuple[str, int, int]]:
        """(event id, partition, position) of each message of the service's stream, in order."""
        installation = self.stand.installation
        client = await nats.connect(
            f"nats://127.0.0.1:{installation.ports['nats']}",
            user=service,
            password=installation.secrets.nats_passwords[service],
            inbox_prefix=f"_INBOX_{service}",
        )
        try:
            return [_place(message) async for message in _messages(client, service)]
        finally:
            await client.close()


def _place(message: Msg) -> tuple[str, int, int]:
    headers = message.headers or {}
    return (
        headers["ce-id"],
        int(headers["faktura-partition"]),
        int(headers["faktura-position"]),
    )


async def _messages(client: Client, service: str) -> AsyncIterator[Msg]:
    """Every message of the stream, by JetStream's batched direct get."""
    sequence = 1
    while True:
        inbox = client.new_inbox()
        answers = await client.subscribe(inbox)
        wish = {"seq": sequence, "batch": BATCH, "next_by_subj": f"{service}.>"}
        subject = f"$JS.API.DIRECT.GET.{service.upper()}"
        await client.publish(subject, json.dumps(wish).encode(), reply=inbox)
        found = [message async for message in _until_end_of_batch(answers)]
        await answers.unsubscribe()
        for message in found:
            yield message
        if len(found) < BATCH:
            return
        sequence = int((found[-1].headers or {})["Nats-Sequence"]) + 1


async def _until_end_of_batch(answers: Any) -> AsyncIterator[Msg]:
    while True:
        message = await answers.next_msg(timeout=10)
        if "Status" in (message.headers or {}):
            return
        yield message


def chained(before: bytes, row: Row) -> bytes:
    """The hash of a row of the log, from the words of the design: not by the platform's code."""
    sealed = (
        str(row["id"]),
        row["type"],
        str(row["version"]),
        str(row["account_id"] or ""),
        row["brand"],
        row["occurred_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        row["actor"],
        str(row["causation_id"] or ""),
    )
    return hashlib.sha256(before + "\n".join((*sealed, row["text"])).encode()).digest()


@asynccontextmanager
async def looking_from_outside(stand: Stand) -> AsyncIterator[Outside]:
    """Superuser's connections for the time of the block."""
    installation = stand.installation
    async with AsyncExitStack() as stack:
        databases = {}
        for service in SERVICES:
            url = installation.database_url(
                "postgres",
                password=installation.secrets.postgres_password,
                database=f"faktura_{service}",
            )
            databases[service] = await asyncpg.connect(url, timeout=5, command_timeout=60)
            stack.push_async_callback(databases[service].close)
        yield Outside(stand, databases)


async def superuser(stand: Stand, database: str = "postgres") -> "asyncpg.Connection[Row]":
    """A connection as superuser, past the proxy; the caller closes it."""
    installation = stand.installation
    password = installation.secrets.postgres_password
    url = installation.database_url("postgres", password=password, database=database)
    return await asyncpg.connect(url, timeout=5, command_timeout=60)
