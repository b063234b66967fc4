"""The sandbox gateway's calls about money without a page: charges, refunds, disputes, reports.

Each may be told to go wrong, once: `POST /v1/behaviours` with the call and how. hang_before: it
does nothing and never answers; hang_after: it does it and never answers; garbage: it does it and
answers nonsense; fault: it does nothing and answers 500.
"""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.sandbox.database import transaction
from deploy.local.sandbox.gateway_store import Store, close_dispute, open_due_disputes, plan_dispute
from deploy.local.sandbox.server import Refused, read_json, require_key
from deploy.local.sandbox.settings import SandboxSettings

Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$", max_length=2000)]
Amount = Annotated[int, msgspec.Meta(gt=0, lt=10**12)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]

DECLINES = {"decline": "soft", "decline_hard": "hard"}
CODES = {"soft": "insufficient_funds", "hard": "stolen_card"}
WRONGS: dict[str, Callable[[sqlite3.Row], dict[str, Any]]] = {
    "wrong_amount": lambda row: {"amount_minor": row["amount_minor"] + 1},
    "wrong_currency": lambda row: {"currency": "XTS"},
    "wrong_merchant": lambda row: {"merchant": "somebody-else"},
}
"""What is said of a checkout that is not so."""


class NewCharge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A charge of a saved method."""

    reference: Name
    amount_minor: Amount
    currency: Currency
    description: str
    customer: str
    token: str
    return_url: Url
    notify_url: Url


class NewRefund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money of a checkout (`payment_id`) that is to go back."""

    reference: Name
    payment_id: Name
    amount_minor: Amount
    currency: Currency


class NewBehaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the next call of a kind goes."""

    call: Literal["open", "look", "charge", "refund", "expire", "day"]
    behaviour: Literal[
        "",
        "hang_before",
        "hang_after",
        "garbage",
        "fault",
        "wrong_amount",
        "wrong_currency",
        "wrong_merchant",
        "refuse",
        "pend",
    ]


class NewDispute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payer asks their bank for the money of a checkout back."""

    checkout: Name
    reason: str = "fraudulent"


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of something that was under way."""

    outcome: Literal["won", "lost", "succeeded", "failed"]


class Calls:
    """The calls and their routes."""

    def __init__(self, settings: SandboxSettings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def routes(self) -> list[Route]:
        """Where each call is."""
        return [
            Route("/v1/charges", self.charge, methods=["POST"]),
            Route("/v1/refunds", self.refund, methods=["POST"]),
            Route("/v1/refunds/{id}/outcome", self.end_refund, methods=["POST"]),
            Route("/v1/disputes", self.dispute, methods=["POST"]),
            Route("/v1/disputes/{id}/outcome", self.end_dispute, methods=["POST"]),
            Route("/v1/days/{day}", self.day),
            Route("/v1/behaviours", self.behave, methods=["POST"]),
        ]

    async def charge(self, request: Request) -> Response:
        """Charges a saved method; the same key gives the charge as it is by now."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, NewCharge)
        known = self._store.one(
            "select * from checkout where idempotency_key = ?", wanted.reference
        )
        if known is None:
            behaviour = self._store.take_behaviour("charge")
            await begin(behaviour, request)
            known = self._charged(wanted, behaviour)
            await end(behaviour, request)
        told = self._store.told(self._store.found("checkout", known["id"]))
        return JSONResponse(told, status_code=201)

    def _charged(self, wanted: NewCharge, behaviour: str) -> sqlite3.Row:
        method = self._store.one(
            "select * from method where token = ? and customer = ? and removed = 0",
            wanted.token,
            wanted.customer,
        )
        later = method["later"] if method else "decline_hard"
        with transaction(self._store.database):
            row = self._kept(wanted)
            if behaviour in WRONGS:
                say(self._store, row, behaviour=behaviour)
            self._decide(row, later if behaviour in {*WRONGS, ""} | HANGS else behaviour)
        return row

    def _kept(self, wanted: NewCharge) -> sqlite3.Row:
        id = f"chk_{secrets.token_urlsafe(16)}"
        self._store.database.execute(
            "insert into checkout (id, idempotency_key, request_hash, reference, amount_minor,"
            " currency, description, return_url, notify_url, customer, token, url, created_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                id,
                wanted.reference,
                digest(wanted),
                wanted.reference,
                wanted.amount_minor,
                wanted.currency,
                wanted.description,
                wanted.return_url,
                wanted.notify_url,
                wanted.customer,
                wanted.token,
                f"{self._settings.public_url}/pay/{id}",
                time.time(),
            ),
        )
        return self._store.found("checkout", id)

    def _decide(self, row: sqlite3.Row, later: str) -> None:
        if decline := DECLINES.get(later):
            self._store.decide(row["id"], "failed", failure_code=CODES[decline], decline=decline)
        elif later == "pend":
            self._store.decide(row["id"], "pending")
        elif later != "confirm":
            self._store.decide(row["id"], "succeeded")
        if later != "confirm":
            self._store.announce(row, "checkout.decided")

    async def refund(self, request: Request) -> Response:
        """Gives money back, at most what is left; refused, it is a refund that failed."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, NewRefund)
        known = self._store.one("select * from refund where reference = ?", wanted.reference)
        if known is None:
            behaviour = self._store.take_behaviour("refund")
            await begin(behaviour, request)
            known = self._refunded(wanted, behaviour)
            await end(behaviour, request)
        return JSONResponse(self._store.refund_told(known), status_code=201)

    def _refunded(self, wanted: NewRefund, behaviour: str) -> sqlite3.Row:
        checkout = self._store.found("checkout", wanted.payment_id)
        given = self._store.one(
            "select coalesce(sum(amount_minor), 0) as minor from refund"
            " where checkout_id = ? and status <> 'failed'",
            checkout["id"],
        )
        left_minor = checkout["amount_minor"] - (given["minor"] if given else 0)
        is_bad = checkout["status"] != "succeeded" or wanted.amount_minor > left_minor
        status = "failed" if is_bad or behaviour == "refuse" else "succeeded"
        status = "pending" if behaviour == "pend" and not is_bad else status
        id = f"re_{secrets.token_urlsafe(12)}"
        with transaction(self._store.database):
            self._store.database.execute(
                "insert into refund (id, reference, checkout_id, amount_minor, status,"
                " failure_code, made_at) values (?, ?, ?, ?, ?, ?, ?)",
                (
                    id,
                    wanted.reference,
                    checkout["id"],
                    wanted.amount_minor,
                    status,
                    "refund_refused" if status == "failed" else None,
                    time.time(),
                ),
            )
            self._note_refund(id)
        return self._store.found("refund", id)

    def _note_refund(self, id: str) -> None:
        row = self._store.found("refund", id)
        checkout = self._store.found("checkout", row["checkout_id"])
        if row["status"] == "succeeded":
            minor, reference = row["amount_minor"], row["reference"]
            self._store.move("refund", checkout, reference=reference, amount_minor=-minor)
        if row["status"] != "pending":
            self._store.announce(checkout, f"refund.{row['status']}")

    async def end_refund(self, request: Request) -> Response:
        """Lets a refund that was under way arrive, or not."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, Outcome)
        row = self._store.found("refund", request.path_params["id"])
        with transaction(self._store.database):
            self._store.database.execute(
                "update refund set status = ?, failure_code = ?"
                " where id = ? and status = 'pending'",
                (
                    wanted.outcome,
                    "account_closed" if wanted.outcome == "failed" else None,
                    row["id"],
                ),
            )
            self._note_refund(row["id"])
        return JSONResponse(self._store.refund_told(self._store.found("refund", row["id"])))

    async def dispute(self, request: Request) -> Response:
        """Opens a dispute at once; one that a payer's choice planned opens after days."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, NewDispute)
        checkout = self._store.found("checkout", wanted.checkout)
        id = plan_dispute(self._store, checkout, after_s=0.0, reason=wanted.reason)
        open_due_disputes(self._store)
        return JSONResponse({"id": id}, status_code=201)

    async def end_dispute(self, request: Request) -> Response:
        """Lets the bank decide."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, Outcome)
        row = self._store.found("dispute", request.path_params["id"])
        close_dispute(self._store, row, outcome=wanted.outcome)
        return JSONResponse({"status": wanted.outcome})

    async def day(self, request: Request) -> Response:
        """All money that moved on a day of UTC."""
        require_key(request, self._settings.key)
        try:
            on = date.fromisoformat(request.path_params["day"])
        except ValueError as error:
            raise Refused(422, "invalid_day", "A day is YYYY-MM-DD.") from error
        behaviour = self._store.take_behaviour("day")
        await begin(behaviour, request)
        await end(behaviour, request)
        return JSONResponse({"entries": self._store.day(on)})

    async def behave(self, request: Request) -> Response:
        """Says how the next call of a kind goes."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, NewBehaviour)
        self._store.database.execute(
            "insert or replace into behaviour (call, name) values (?, ?)",
            (wanted.call, wanted.behaviour),
        )
        return JSONResponse({}, status_code=201)


HANGS = {"hang_after", "garbage"}


class Garbage(Refused):
    """An answer that nobody understands."""

    def __init__(self) -> None:
        super().__init__(200, "garbage", "<html>It works</html>")


async def begin(behaviour: str, request: Request) -> None:
    """What goes wrong before anything is done."""
    if behaviour == "hang_before":
        await never_answer(request)
    if behaviour in {"hang_before", "fault"}:
        raise Refused(500, "fault", "Something went wrong.")


async def end(behaviour: str, request: Request) -> None:
    """What goes wrong after it was done."""
    if behaviour == "hang_after":
        await never_answer(request)
    if behaviour in HANGS:
        raise Garbage()


async def never_answer(request: Request) -> None:
    """Waits until who asked gives up."""
    while (await request.receive())["type"] != "http.disconnect":
        continue


def say(store: Store, row: sqlite3.Row, *, behaviour: str) -> None:
    """From now on something is said of the checkout that is not so."""
    said = msgspec.json.encode(WRONGS[behaviour](row)).decode()
    store.database.execute("update checkout set said = ? where id = ?", (said, row["id"]))


def digest(wanted: msgspec.Struct) -> str:
    """What a repeated key must come with."""
    return hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()
