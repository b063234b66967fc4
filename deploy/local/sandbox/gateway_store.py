"""What the sandbox gateway keeps: checkouts, saved methods, refunds, disputes, and the money.

Amounts are integer minor units of `currency`. What is said of a checkout outside may differ from
what it is, where a behaviour says so.
"""

import json
import secrets
import sqlite3
import time
from datetime import UTC, date, datetime
from typing import Any

from deploy.local.sandbox import webhooks
from deploy.local.sandbox.database import open_database, transaction
from deploy.local.sandbox.server import Refused
from deploy.local.sandbox.settings import SandboxSettings

TABLES = """
create table if not exists checkout (
    id text primary key,
    idempotency_key text not null unique,
    request_hash text not null,
    reference text not null,
    amount_minor integer not null,
    currency text not null,
    description text not null,
    return_url text not null,
    notify_url text not null,
    customer text,
    saves_method integer not null default 0,
    token text,
    url text,
    status text not null default 'open',
    failure_code text,
    decline text,
    paid_at real,
    said text not null default '{}',
    created_at real not null
);
create index if not exists checkout_reference on checkout (reference, created_at);
create table if not exists method (
    token text primary key,
    customer text not null,
    brand text not null,
    last4 text not null,
    expires_month integer not null,
    expires_year integer not null,
    fingerprint text not null,
    later text not null,
    removed integer not null default 0
);
create table if not exists setup (
    id text primary key,
    reference text not null unique,
    customer text not null,
    return_url text not null,
    notify_url text not null,
    status text not null default 'open',
    token text
);
create table if not exists refund (
    id text primary key,
    reference text not null unique,
    checkout_id text not null,
    amount_minor integer not null,
    status text not null,
    failure_code text,
    made_at real not null
);
create table if not exists dispute (
    id text primary key,
    checkout_id text not null,
    amount_minor integer not null,
    status text not null,
    reason text not null,
    opens_at real not null,
    closed_at real
);
create table if not exists movement (
    id text primary key,
    kind text not null,
    checkout_id text not null,
    reference text not null,
    amount_minor integer not null,
    currency text not null,
    at real not null
);
create table if not exists behaviour (
    call text primary key,
    name text not null
);
"""
ADDED = {
    "customer": "text",
    "saves_method": "integer not null default 0",
    "token": "text",
    "url": "text",
    "decline": "text",
    "paid_at": "real",
    "said": "text not null default '{}'",
}
MERCHANT = "sandbox"
WEBHOOK_AFTER_S = 0.3
"""The payer's browser is back before the webhook comes, unless the outcome says otherwise."""
EXPIRES = (12, 2031)
DAY_S = 86400.0


class Store:
    """The gateway's rows, and the webhooks about them."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.database = open_database(settings.data, tables=TABLES + webhooks.TABLES)
        _widen(self.database)
        self.outbox = webhooks.Outbox(
            self.database, header="Gateway-Signature", secret=settings.webhook_secret
        )

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        """The first row that the query finds."""
        row: sqlite3.Row | None = self.database.execute(query, values).fetchone()
        return row

    def found(self, table: str, id: str, *, key: str = "id") -> sqlite3.Row:
        """The row of that id, or 404."""
        row = self.one(f"select * from {table} where {key} = ?", id)  # noqa: S608
        if row is None:
            raise Refused(404, "not_found", f"There is no such {table}.")
        return row

    def take_behaviour(self, call: str) -> str:
        """How the next call of this kind is to go wrong, once; empty: it goes right."""
        row = self.one("delete from behaviour where call = ? returning name", call)
        return str(row["name"]) if row else ""

    def decide(self, checkout_id: str, status: str, **changes: Any) -> bool:
        """Let the checkout be so, unless it has ended. Money that comes is in the day's report."""
        if status == "succeeded":
            changes["paid_at"] = time.time()
        names = ", ".join(f"{name} = ?" for name in ("status", *changes))
        ended = self.database.execute(
            f"update checkout set {names} where id = ? and status in ('open', 'pending')",  # noqa: S608
            (status, *changes.values(), checkout_id),
        )
        row = self.found("checkout", checkout_id)
        if ended.rowcount == 1 and status == "succeeded":
            self.move("payment", row, reference=row["reference"], amount_minor=row["amount_minor"])
            if row["saves_method"] and not row["token"]:
                self.save_method_of(row, later="approve")
        return ended.rowcount == 1

    def save_method_of(self, checkout: sqlite3.Row, *, later: str) -> None:
        """Keep the card that the checkout was paid with."""
        token = self.new_method(checkout["customer"] or "", later=later)
        self.database.execute("update checkout set token = ? where id = ?", (token, checkout["id"]))

    def new_method(self, customer: str, *, later: str) -> str:
        """A card of the customer; `later` is how its charges turn out. Its token."""
        token = f"tok_{secrets.token_urlsafe(12)}"
        self.database.execute(
            "insert into method (token, customer, brand, last4, expires_month, expires_year,"
            " fingerprint, later) values (?, ?, 'visa', '4242', ?, ?, ?, ?)",
            (token, customer, *EXPIRES, f"fp_{customer}", later),
        )
        return token

    def move(self, kind: str, checkout: sqlite3.Row, *, reference: str, amount_minor: int) -> None:
        """Note money that came or left."""
        self.database.execute(
            "insert into movement (id, kind, checkout_id, reference, amount_minor, currency, at)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (
                f"mov_{secrets.token_urlsafe(12)}",
                kind,
                checkout["id"],
                reference,
                amount_minor,
                checkout["currency"],
                time.time(),
            ),
        )

    def announce(
        self, checkout: sqlite3.Row, what: str, *, after_s: float = WEBHOOK_AFTER_S, times: int = 1
    ) -> str:
        """Tell the merchant `times` times of one event; its id."""
        event_id = f"evt_{secrets.token_urlsafe(12)}"
        event = {
            "id": event_id,
            "type": what,
            "created": int(time.time()),
            "data": self.told(self.found("checkout", checkout["id"])),
        }
        body = json.dumps(event).encode()
        for number in range(times):
            delivery = event_id if not number else f"{event_id}#{number}"
            self.outbox.add(delivery, url=checkout["notify_url"], body=body, after_s=after_s)
        return event_id

    def told(self, row: sqlite3.Row) -> dict[str, Any]:
        """The checkout as the API tells it, with all that came of its money."""
        names = ("id", "reference", "amount_minor", "currency", "status", "failure_code")
        paid_on = datetime.fromtimestamp(row["paid_at"], UTC).date() if row["paid_at"] else None
        return {
            **{name: row[name] for name in names},
            "decline": row["decline"],
            "url": row["url"] if row["status"] == "open" else None,
            "paid_on": paid_on.isoformat() if paid_on else None,
            "merchant": MERCHANT,
            "saved_method": self.method_told(row["token"]) if row["saves_method"] else None,
            "refunds": [self.refund_told(each) for each in self._of(row, "refund")],
            "disputes": [_dispute_told(each, row) for each in self._open_disputes(row)],
            **json.loads(row["said"]),
        }

    def method_told(self, token: str | None) -> dict[str, Any] | None:
        """The saved method as the API tells it."""
        row = self.one("select * from method where token = ? and removed = 0", token)
        if row is None:
            return None
        names = ("token", "brand", "last4", "expires_month", "expires_year", "fingerprint")
        return {"kind": "card", **{name: row[name] for name in names}}

    def refund_told(self, row: sqlite3.Row) -> dict[str, Any]:
        """The refund as the API tells it."""
        checkout = self.found("checkout", row["checkout_id"])
        names = ("id", "reference", "amount_minor", "status", "failure_code")
        made_on = _day(row["made_at"]) if row["status"] == "succeeded" else None
        return {
            **{name: row[name] for name in names},
            "currency": checkout["currency"],
            "refunded_on": made_on,
        }

    def day(self, on: date) -> list[dict[str, Any]]:
        """The money that moved on a day of UTC."""
        starts = datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp()
        rows = self.database.execute(
            "select * from movement where at >= ? and at < ? order by at", (starts, starts + DAY_S)
        )
        return [_moved(row) for row in rows]

    def _of(self, checkout: sqlite3.Row, table: str) -> list[sqlite3.Row]:
        query = f"select * from {table} where checkout_id = ? order by rowid"  # noqa: S608
        return list(self.database.execute(query, (checkout["id"],)))

    def _open_disputes(self, checkout: sqlite3.Row) -> list[sqlite3.Row]:
        return [each for each in self._of(checkout, "dispute") if each["status"] != "planned"]


def _widen(database: sqlite3.Connection) -> None:
    """Add to a file of before what its table of checkouts did not have then."""
    known = {row["name"] for row in database.execute("pragma table_info(checkout)")}
    for name, kind in ADDED.items():
        if name not in known:
            database.execute(f"alter table checkout add column {name} {kind}")


def _dispute_told(row: sqlite3.Row, checkout: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "amount_minor": row["amount_minor"],
        "currency": checkout["currency"],
        "status": row["status"],
        "reason": row["reason"],
        "opened_on": _day(row["opens_at"]),
        "closed_on": _day(row["closed_at"]),
        "respond_by": _day(row["opens_at"] + 7 * DAY_S),
    }


def _moved(row: sqlite3.Row) -> dict[str, Any]:
    names = ("id", "kind", "amount_minor", "currency", "reference")
    return {**{name: row[name] for name in names}, "payment_id": row["checkout_id"]}


def _day(at: float | None) -> str | None:
    return datetime.fromtimestamp(at, UTC).date().isoformat() if at else None


def plan_dispute(store: Store, checkout: sqlite3.Row, *, after_s: float, reason: str) -> str:
    """A dispute over all of the money, which opens by itself when its time has come; its id."""
    id = f"dp_{secrets.token_urlsafe(12)}"
    store.database.execute(
        "insert into dispute (id, checkout_id, amount_minor, status, reason, opens_at)"
        " values (?, ?, ?, 'planned', ?, ?)",
        (id, checkout["id"], checkout["amount_minor"], reason, time.time() + after_s),
    )
    return id


def open_due_disputes(store: Store) -> None:
    """Open each whose time has come: the money is held, and the merchant is told."""
    query = "select * from dispute where status = 'planned' and opens_at <= ?"
    for row in store.database.execute(query, (time.time(),)).fetchall():
        checkout = store.found("checkout", row["checkout_id"])
        if checkout["status"] != "succeeded":
            continue
        with transaction(store.database):
            store.database.execute("update dispute set status = 'open' where id = ?", (row["id"],))
            store.move("dispute", checkout, reference=row["id"], amount_minor=-row["amount_minor"])
            store.announce(checkout, "dispute.opened")


def close_dispute(store: Store, row: sqlite3.Row, *, outcome: str) -> None:
    """The bank has decided; what is won comes back."""
    checkout = store.found("checkout", row["checkout_id"])
    with transaction(store.database):
        store.database.execute(
            "update dispute set status = ?, closed_at = ? where id = ? and status = 'open'",
            (outcome, time.time(), row["id"]),
        )
        if outcome == "won":
            amount_minor = row["amount_minor"]
            store.move("dispute_won", checkout, reference=row["id"], amount_minor=amount_minor)
        store.announce(checkout, "dispute.closed")
