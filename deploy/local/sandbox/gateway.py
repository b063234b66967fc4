"""The sandbox payment gateway: an API for checkouts, a hosted payment page, signed webhooks.

Checkout: open -> pending -> succeeded | failed; an open one may expire. Amounts are integer minor
units of `currency`. Run it with `python -m deploy.local.sandbox.gateway` (SANDBOX_ environment).
"""

import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from babel.numbers import format_currency, get_currency_precision
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.local.sandbox import gateway_words, webhooks
from deploy.local.sandbox.database import open_database, transaction
from deploy.local.sandbox.psp import Psp
from deploy.local.sandbox.server import (
    Refused,
    create_server,
    page,
    read_json,
    require_key,
    serve,
    working,
)
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
    status text not null default 'open',
    failure_code text,
    created_at real not null
);
create index if not exists checkout_reference on checkout (reference, created_at);
"""
WEBHOOK_AFTER_S = 0.3
"""The payer's browser is back before the webhook comes, unless the outcome says otherwise."""
DECIDED = ("succeeded", "failed", "expired")

Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$", max_length=2000)]


class NewCheckout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the merchant sends; `reference` is the merchant's own id of the payment."""

    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    amount_minor: Annotated[int, msgspec.Meta(gt=0, lt=10**12)]
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    description: Annotated[str, msgspec.Meta(max_length=500)]
    return_url: Url
    notify_url: Url
    customer: str | None = None
    saves_method: bool = False


class Gateway:
    """The gateway's state and its routes."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._database = open_database(settings.data, tables=TABLES + webhooks.TABLES)
        self._outbox = webhooks.Outbox(
            self._database, header="Gateway-Signature", secret=settings.webhook_secret
        )
        self._psp = Psp(self._database, self._outbox, settings)

    def app(self) -> Starlette:
        """The gateway as a web application."""
        routes = [
            Route("/", self.overview),
            Route("/v1/checkouts", self.create, methods=["POST"]),
            Route("/v1/checkouts", self.find),
            Route("/v1/checkouts/{id}", self.show),
            Route("/v1/checkouts/{id}/expire", self.expire, methods=["POST"]),
            Route("/v1/deliveries", self.deliveries),
            *self._psp.routes(),
            Route("/pay/{id}", self.payment_page),
            Route("/pay/{id}", self.pay, methods=["POST"]),
        ]

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            async with working(self._outbox.run()):
                yield

        return create_server(routes, lifespan)

    async def create(self, request: Request) -> Response:
        """Opens a checkout. The same key and body give the same answer, another body 409."""
        require_key(request, self._settings.key)
        key = request.headers.get("idempotency-key", "")
        if not 0 < len(key) <= 255:
            raise Refused(400, "idempotency_key_missing", "Send an Idempotency-Key header.")
        wanted = await read_json(request, NewCheckout)
        row = self._open(wanted, key)
        if row["request_hash"] != _hash(wanted):
            raise Refused(409, "idempotency_key_reused", "The key was used with another body.")
        url = f"{self._settings.public_url}/pay/{row['id']}"
        return JSONResponse({"id": row["id"], "url": url, "status": "open"}, status_code=201)

    async def show(self, request: Request) -> Response:
        """One checkout, as it is now."""
        require_key(request, self._settings.key)
        return JSONResponse(_public(self._checkout(request)))

    async def find(self, request: Request) -> Response:
        """The newest checkout with the merchant's reference."""
        require_key(request, self._settings.key)
        row = self._database.execute(
            "select * from checkout where reference = ? order by created_at desc limit 1",
            (request.query_params.get("reference", ""),),
        ).fetchone()
        if row is None:
            raise Refused(404, "not_found", "There is no checkout with this reference.")
        return JSONResponse(_public(row))

    async def expire(self, request: Request) -> Response:
        """Closes an open checkout, so that nobody can pay it any more; 409 when it is not open."""
        require_key(request, self._settings.key)
        row = self._checkout(request)
        self._database.execute(
            "update checkout set status = 'expired' where id = ? and status = 'open'", (row["id"],)
        )
        now = self._checkout(request)
        if now["status"] != "expired":
            raise Refused(409, "not_open", f"The checkout is {now['status']}.")
        return JSONResponse(_public(now))

    async def deliveries(self, request: Request) -> Response:
        """How many webhooks have not been taken yet."""
        require_key(request, self._settings.key)
        return JSONResponse({"open": self._outbox.open_count()})

    async def overview(self, request: Request) -> Response:
        """The latest checkouts, each with its payment page."""
        rows = self._database.execute("select * from checkout order by created_at desc limit 50")
        checkouts = [{**row, "amount": _amount(row, locale="en")} for row in rows]
        return page("gateway.html", checkouts=checkouts)

    async def payment_page(self, request: Request) -> Response:
        """Where the payer decides; here: where the tester chooses the outcome."""
        row = self._checkout(request)
        words = gateway_words.words_for(request.headers.get("accept-language", ""))
        return page(
            "pay.html",
            form_action=_origin(row["return_url"]),
            checkout=row,
            amount=_amount(row, locale=words["locale"]),
            words=words,
            is_decided=row["status"] in DECIDED,
        )

    async def pay(self, request: Request) -> Response:
        """Carries out the chosen outcome, then sends the payer back to the merchant."""
        row = self._checkout(request)
        outcome = str((await request.form()).get("outcome", ""))
        match outcome:
            case "approve":
                self._decide(row, "succeeded", after_s=WEBHOOK_AFTER_S)
            case "decline":
                self._decide(row, "failed", after_s=WEBHOOK_AFTER_S)
            case "webhook-before-response":
                event_id = self._decide(row, "succeeded", after_s=0.0)
                await self._outbox.deliver(event_id)
            case "hang":
                self._set_status(row["id"], "pending")
                await _never_answer(request)
            case _:
                raise Refused(422, "unknown_outcome", "Choose one of the outcomes on the page.")
        return RedirectResponse(row["return_url"], status_code=303)

    def _open(self, wanted: NewCheckout, key: str) -> sqlite3.Row:
        self._database.execute(
            "insert into checkout (id, idempotency_key, request_hash, reference, amount_minor,"
            " currency, description, return_url, notify_url, created_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (idempotency_key) do nothing",
            (
                f"chk_{secrets.token_urlsafe(16)}",
                key,
                _hash(wanted),
                wanted.reference,
                wanted.amount_minor,
                wanted.currency,
                wanted.description,
                wanted.return_url,
                wanted.notify_url,
                time.time(),
            ),
        )
        kept: sqlite3.Row = self._database.execute(
            "select * from checkout where idempotency_key = ?", (key,)
        ).fetchone()
        return kept

    def _checkout(self, request: Request) -> sqlite3.Row:
        row: sqlite3.Row | None = self._database.execute(
            "select * from checkout where id = ?", (request.path_params["id"],)
        ).fetchone()
        if row is None:
            raise Refused(404, "not_found", "There is no such checkout.")
        return row

    def _decide(self, row: sqlite3.Row, status: str, *, after_s: float) -> str:
        """Ends the checkout and keeps its webhook. One that has ended stays as it is.

        Both are one database transaction: no outcome without its webhook.
        """
        event_id = f"evt_{row['id'].removeprefix('chk_')}"
        with transaction(self._database):
            if self._set_status(row["id"], status):
                self._announce(event_id, row["id"], after_s=after_s)
        return event_id

    def _set_status(self, checkout_id: str, status: str) -> bool:
        failure_code = "card_declined" if status == "failed" else None
        changed = self._database.execute(
            "update checkout set status = ?, failure_code = ?"
            " where id = ? and status in ('open', 'pending')",
            (status, failure_code, checkout_id),
        )
        return changed.rowcount == 1

    def _announce(self, event_id: str, checkout_id: str, *, after_s: float) -> None:
        row = self._database.execute(
            "select * from checkout where id = ?", (checkout_id,)
        ).fetchone()
        event = {
            "id": event_id,
            "type": f"checkout.{row['status']}",
            "created": int(time.time()),
            "data": _public(row),
        }
        body = json.dumps(event).encode()
        self._outbox.add(event_id, url=row["notify_url"], body=body, after_s=after_s)


def _public(row: sqlite3.Row) -> dict[str, Any]:
    names = ("id", "reference", "amount_minor", "currency", "status", "failure_code")
    return {name: row[name] for name in names}


def _amount(row: sqlite3.Row, *, locale: str) -> str:
    major = Decimal(row["amount_minor"]).scaleb(-get_currency_precision(row["currency"]))
    return format_currency(major, row["currency"], locale=locale)


def _hash(wanted: NewCheckout) -> str:
    return hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()


async def _never_answer(request: Request) -> None:
    """Waits until the payer's browser gives up."""
    while (await request.receive())["type"] != "http.disconnect":
        continue


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


if __name__ == "__main__":
    settings = SandboxSettings()
    serve(Gateway(settings).app(), settings, name="gateway")
