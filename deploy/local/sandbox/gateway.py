"""The sandbox payment gateway: an API for checkouts, a hosted payment page, signed webhooks.

Checkout: open -> pending -> succeeded | failed; an open one may expire. Amounts are integer minor
units of `currency`. Run it with `python -m deploy.local.sandbox.gateway` (SANDBOX_ environment).
"""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from urllib.parse import urlsplit

import msgspec
from babel.numbers import format_currency, get_currency_precision
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.local.sandbox import gateway_words
from deploy.local.sandbox.database import transaction
from deploy.local.sandbox.gateway_calls import (
    CODES,
    DECLINES,
    WRONGS,
    Amount,
    Calls,
    Currency,
    Name,
    Url,
    begin,
    digest,
    end,
    never_answer,
    say,
)
from deploy.local.sandbox.gateway_store import (
    DAY_S,
    WEBHOOK_AFTER_S,
    Store,
    open_due_disputes,
    plan_dispute,
)
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

DECIDED = ("succeeded", "failed", "expired")
LOOKS_EVERY_S = 1.0
FIFTY = 50
LATER = ("approve", "decline", "decline_hard", "confirm")
"""How charges of a saved method turn out."""


class NewCheckout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the merchant sends; `reference` is the merchant's own id of the payment."""

    reference: Name
    amount_minor: Amount
    currency: Currency
    description: str
    return_url: Url
    notify_url: Url
    customer: str | None = None
    saves_method: bool = False


class NewSetup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page on which a method is saved and nothing is paid."""

    reference: Name
    customer: Name
    currency: Currency
    return_url: Url
    notify_url: Url


class Gateway:
    """The gateway's state and its routes."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._store = Store(settings)
        self._database = self._store.database
        self._outbox = self._store.outbox
        self._psp = Psp(self._database, self._outbox, settings)

    def app(self) -> Starlette:
        """The gateway as a web application."""
        pages = Pages(self._settings, self._store)
        routes = [
            Route("/v1/checkouts", self.create, methods=["POST"]),
            Route("/v1/checkouts", self.find),
            Route("/v1/checkouts/{id}", self.show),
            Route("/v1/checkouts/{id}/expire", self.expire, methods=["POST"]),
            Route("/v1/setups", self.create_setup, methods=["POST"]),
            Route("/v1/setups", self.find_setup),
            Route("/v1/methods/{token}", self.remove_method, methods=["DELETE"]),
            Route("/v1/deliveries", self.deliveries),
            *self._psp.routes(),
            *Calls(self._settings, self._store).routes(),
            *pages.routes(),
        ]

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            async with working(self._outbox.run(), self._open_disputes()):
                yield

        return create_server(routes, lifespan)

    async def _open_disputes(self) -> None:
        while True:
            open_due_disputes(self._store)
            await asyncio.sleep(LOOKS_EVERY_S)

    async def create(self, request: Request) -> Response:
        """Opens a checkout. The same key and body give the same answer, another body 409."""
        require_key(request, self._settings.key)
        key = request.headers.get("idempotency-key", "")
        if not 0 < len(key) <= 255:
            raise Refused(400, "idempotency_key_missing", "Send an Idempotency-Key header.")
        wanted = await read_json(request, NewCheckout)
        behaviour = self._store.take_behaviour("open")
        await begin(behaviour, request)
        row = self._open(wanted, key)
        if row["request_hash"] != digest(wanted):
            raise Refused(409, "idempotency_key_reused", "The key was used with another body.")
        if behaviour in WRONGS:
            say(self._store, row, behaviour=behaviour)
        await end(behaviour, request)
        url = f"{self._settings.public_url}/pay/{row['id']}"
        return JSONResponse({"id": row["id"], "url": url, "status": "open"}, status_code=201)

    async def show(self, request: Request) -> Response:
        """One checkout, as it is now."""
        require_key(request, self._settings.key)
        return await self._tell(self._checkout(request), request)

    async def find(self, request: Request) -> Response:
        """The newest checkout with the merchant's reference."""
        require_key(request, self._settings.key)
        row = self._store.one(
            "select * from checkout where reference = ? order by created_at desc limit 1",
            request.query_params.get("reference", ""),
        )
        if row is None:
            raise Refused(404, "not_found", "There is no checkout with this reference.")
        return await self._tell(row, request)

    async def _tell(self, row: sqlite3.Row, request: Request) -> Response:
        behaviour = self._store.take_behaviour("look")
        await begin(behaviour, request)
        await end(behaviour, request)
        return JSONResponse(self._store.told(row))

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
        return JSONResponse(self._store.told(now))

    async def create_setup(self, request: Request) -> Response:
        """Opens a page on which a method is saved; the same reference gives the same page."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, NewSetup)
        self._database.execute(
            "insert or ignore into setup (id, reference, customer, return_url, notify_url)"
            " values (?, ?, ?, ?, ?)",
            (
                f"set_{secrets.token_urlsafe(16)}",
                wanted.reference,
                wanted.customer,
                wanted.return_url,
                wanted.notify_url,
            ),
        )
        row = self._store.found("setup", wanted.reference, key="reference")
        url = f"{self._settings.public_url}/save/{row['id']}"
        return JSONResponse({"id": row["id"], "url": url}, status_code=201)

    async def find_setup(self, request: Request) -> Response:
        """What came of the page, by the merchant's reference."""
        require_key(request, self._settings.key)
        reference = request.query_params.get("reference", "")
        row = self._store.found("setup", reference, key="reference")
        return JSONResponse(
            {
                **{name: row[name] for name in ("id", "reference", "status")},
                "saved_method": self._store.method_told(row["token"]),
            }
        )

    async def remove_method(self, request: Request) -> Response:
        """Forgets a saved method: it cannot be charged any more."""
        require_key(request, self._settings.key)
        row = self._store.found("method", request.path_params["token"], key="token")
        self._database.execute("update method set removed = 1 where token = ?", (row["token"],))
        return Response(status_code=204)

    async def deliveries(self, request: Request) -> Response:
        """How many webhooks have not been taken yet."""
        require_key(request, self._settings.key)
        return JSONResponse({"open": self._outbox.open_count()})

    def _open(self, wanted: NewCheckout, key: str) -> sqlite3.Row:
        self._database.execute(
            "insert into checkout (id, idempotency_key, request_hash, reference, amount_minor,"
            " currency, description, return_url, notify_url, customer, saves_method, created_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (idempotency_key) do nothing",
            (
                f"chk_{secrets.token_urlsafe(16)}",
                key,
                digest(wanted),
                wanted.reference,
                wanted.amount_minor,
                wanted.currency,
                wanted.description,
                wanted.return_url,
                wanted.notify_url,
                wanted.customer,
                wanted.saves_method,
                time.time(),
            ),
        )
        return self._store.found("checkout", key, key="idempotency_key")

    def _checkout(self, request: Request) -> sqlite3.Row:
        return self._store.found("checkout", request.path_params["id"])


class Pages:
    """What the payer sees; here: where the tester chooses the outcome."""

    def __init__(self, settings: SandboxSettings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def routes(self) -> list[Route]:
        """Where each page is."""
        return [
            Route("/", self.overview),
            Route("/pay/{id}", self.payment_page),
            Route("/pay/{id}", self.pay, methods=["POST"]),
            Route("/save/{id}", self.setup_page),
            Route("/save/{id}", self.save, methods=["POST"]),
        ]

    async def overview(self, request: Request) -> Response:
        """The latest checkouts, each with its payment page."""
        rows = self._store.database.execute(
            "select * from checkout order by created_at desc limit 50"
        )
        checkouts = [{**row, "amount": _amount(row, locale="en")} for row in rows]
        return page("gateway.html", checkouts=checkouts)

    async def payment_page(self, request: Request) -> Response:
        """Where the payer decides."""
        row = self._store.found("checkout", request.path_params["id"])
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
        row = self._store.found("checkout", request.path_params["id"])
        outcome = str((await request.form()).get("outcome", ""))
        match outcome:
            case "approve" | "webhook-lost" | "webhook-fifty" | "wrong-amount" | "dispute":
                self._approve(row, outcome)
            case "decline" | "decline-hard":
                self._decline(row, DECLINES[outcome.replace("-", "_")])
            case "webhook-before-response":
                if event_id := self._succeed(row, after_s=0.0):
                    await self._store.outbox.deliver(event_id)
            case "hang":
                self._store.decide(row["id"], "pending")
                await never_answer(request)
            case "hang-after":
                self._succeed(row, after_s=WEBHOOK_AFTER_S)
                await never_answer(request)
            case _:
                raise Refused(422, "unknown_outcome", "Choose one of the outcomes on the page.")
        return RedirectResponse(row["return_url"], status_code=303)

    def _approve(self, row: sqlite3.Row, outcome: str) -> None:
        """The money comes; what the outcome adds goes wrong afterwards."""
        if outcome == "wrong-amount":
            say(self._store, row, behaviour="wrong_amount")
        times = {"webhook-fifty": FIFTY, "webhook-lost": 0}.get(outcome, 1)
        is_new = self._succeed(row, after_s=WEBHOOK_AFTER_S, times=times)
        if is_new and outcome == "dispute":
            after_s = self._settings.dispute_after_days * DAY_S
            plan_dispute(self._store, row, after_s=after_s, reason="fraudulent")

    def _succeed(self, row: sqlite3.Row, *, after_s: float, times: int = 1) -> str:
        """The event's id; empty where it has ended before. No outcome without its webhook."""
        with transaction(self._store.database):
            if not self._store.decide(row["id"], "succeeded"):
                return ""
            return self._store.announce(row, "checkout.succeeded", after_s=after_s, times=times)

    def _decline(self, row: sqlite3.Row, decline: str) -> None:
        with transaction(self._store.database):
            code = "card_declined" if decline == "soft" else CODES[decline]
            if self._store.decide(row["id"], "failed", failure_code=code, decline=decline):
                self._store.announce(row, "checkout.failed")

    async def setup_page(self, request: Request) -> Response:
        """Where a card is saved."""
        row = self._store.found("setup", request.path_params["id"])
        words = gateway_words.words_for(request.headers.get("accept-language", ""))
        return page(
            "save.html", form_action=_origin(row["return_url"]), setup=row, words=words, later=LATER
        )

    async def save(self, request: Request) -> Response:
        """Saves a card whose charges turn out as chosen; once."""
        row = self._store.found("setup", request.path_params["id"])
        later = str((await request.form()).get("later", ""))
        if later not in LATER:
            raise Refused(422, "unknown_outcome", "Choose one of the outcomes on the page.")
        with transaction(self._store.database):
            if row["status"] == "open":
                self._save(row, later)
        return RedirectResponse(row["return_url"], status_code=303)

    def _save(self, row: sqlite3.Row, later: str) -> None:
        token = self._store.new_method(row["customer"], later=later)
        self._store.database.execute(
            "update setup set status = 'succeeded', token = ? where id = ?", (token, row["id"])
        )
        event_id = f"evt_{secrets.token_urlsafe(12)}"
        event = {"id": event_id, "type": "setup.succeeded", "data": {"id": row["id"]}}
        self._store.outbox.add(
            event_id,
            url=row["notify_url"],
            body=msgspec.json.encode(event),
            after_s=WEBHOOK_AFTER_S,
        )


def _amount(row: sqlite3.Row, *, locale: str) -> str:
    major = Decimal(row["amount_minor"]).scaleb(-get_currency_precision(row["currency"]))
    return format_currency(major, row["currency"], locale=locale)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


if __name__ == "__main__":
    settings = SandboxSettings()
    serve(Gateway(settings).app(), settings, name="gateway")
