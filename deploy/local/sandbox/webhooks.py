"""Webhooks of a sandbox: kept in its database, signed, sent again until the answer is 2xx.

A delivery waits 0.5 s after its first failure, then twice as long each time, at most 30 s.
"""

import asyncio
import sqlite3
import time

import httpx

from deploy.local.sandbox.database import count
from deploy.local.sandbox.signing import signature

TABLES = """
create table if not exists delivery (
    id text primary key,
    url text not null,
    body blob not null,
    attempts integer not null default 0,
    due_at real not null,
    delivered_at real,
    last_answer text not null default ''
);
create index if not exists delivery_due on delivery (due_at) where delivered_at is null;
"""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
ANSWER_WITHIN_S = 10.0
LEASE_S = 15.0
"""While a try is on its way, or after a kill in the middle of one, nobody else tries."""
IDLE_S = 1.0


class Outbox:
    """The deliveries of one sandbox; `run` sends them until it is cancelled."""

    def __init__(self, database: sqlite3.Connection, *, header: str, secret: str) -> None:
        self._database = database
        self._header = header
        self._secret = secret
        self._news = asyncio.Event()
        self._client = httpx.AsyncClient(
            timeout=ANSWER_WITHIN_S, follow_redirects=False, trust_env=False
        )

    def add(self, delivery_id: str, *, url: str, body: bytes, after_s: float = 0.0) -> None:
        """Keeps a delivery that is first tried in `after_s` seconds. A repeated id is ignored."""
        self._database.execute(
            "insert or ignore into delivery (id, url, body, due_at) values (?, ?, ?, ?)",
            (delivery_id, url, body, time.time() + after_s),
        )
        self._news.set()

    def open_count(self) -> int:
        """How many deliveries have not been taken yet."""
        return count(self._database, "select count(*) from delivery where delivered_at is null")

    async def run(self) -> None:
        """Sends what is due, for ever; a slow receiver holds up nobody else."""
        async with self._client, asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                for delivery_id in self._due():
                    group.create_task(self.deliver(delivery_id))
                await self._rest()

    async def deliver(self, delivery_id: str) -> bool:
        """Tries one delivery now; True when it has been taken, False too when there is none."""
        row = self._database.execute(
            "update delivery set attempts = attempts + 1, due_at = ? where id = ?"
            " returning url, body, attempts, delivered_at",
            (time.time() + LEASE_S, delivery_id),
        ).fetchone()
        if row is None or row["delivered_at"] is not None:
            return row is not None
        answer = await self._post(row["url"], row["body"])
        taken = answer.startswith("2")
        pause_s = min(FIRST_PAUSE_S * 2 ** min(row["attempts"] - 1, 10), LONGEST_PAUSE_S)
        now = time.time()
        self._database.execute(
            "update delivery set last_answer = ?, due_at = ?, delivered_at = ?"
            " where id = ? and delivered_at is null",
            (answer, now + pause_s, now if taken else None, delivery_id),
        )
        self._news.set()
        return taken

    async def _post(self, url: str, body: bytes) -> str:
        headers = {
            "Content-Type": "application/json",
            self._header: signature(body, self._secret, at=int(time.time())),
        }
        try:
            answer = await self._client.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return type(error).__name__
        return str(answer.status_code)

    def _due(self) -> list[str]:
        rows = self._database.execute(
            "select id from delivery where delivered_at is null and due_at <= ? order by due_at",
            (time.time(),),
        )
        return [row["id"] for row in rows]

    async def _rest(self) -> None:
        """Sleeps until the next delivery is due, or one comes in."""
        earliest = self._database.execute(
            "select min(due_at) from delivery where delivered_at is null"
        ).fetchone()[0]
        pause_s = IDLE_S if earliest is None else min(max(earliest - time.time(), 0), IDLE_S)
        try:
            await asyncio.wait_for(self._news.wait(), pause_s)
        except TimeoutError:
            return
