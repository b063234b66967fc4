"""The sandbox hosting panel: takes provisioning requests, carries them out, reports by webhook.

An account on the panel: active -> suspended -> active -> terminated. A domain that contains
`refuse` is refused with `domain_taken`; one that contains `fixed` keeps its plan (`plan_full`).
What is transferred is kept under its successor's id. Run it with
`python -m deploy.local.sandbox.panel`.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.sandbox import webhooks
from deploy.local.sandbox.database import count, open_database, transaction
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
create table if not exists request (
    request_id text primary key,
    body text not null,
    result text,
    reason text,
    taken_at real not null
);
create index if not exists request_waiting on request (taken_at) where result is null;
create table if not exists account (
    service_id text primary key,
    domain text not null,
    plan text not null,
    state text not null,
    changed_at real not null
);
create table if not exists account_option (
    service_id text not null,
    name text not null,
    value text not null,
    primary key (service_id, name)
);
"""
WORK_TAKES_S = 0.3
LOOKS_EVERY_S = 0.05

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class PanelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a customer of the panel sends; `request_id` makes a repeat harmless."""

    request_id: Text
    action: Literal["create", "suspend", "unsuspend", "terminate", "change_plan", "transfer"]
    plan: Text
    domain: Text
    service_id: Text
    notify_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$", max_length=2000)]
    options: dict[Text, Text] = {}
    successor_id: Text | None = None


class Panel:
    """The panel's state and its routes."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._database = open_database(settings.data, tables=TABLES + webhooks.TABLES)
        self._outbox = webhooks.Outbox(
            self._database, header="Panel-Signature", secret=settings.webhook_secret
        )

    def app(self) -> Starlette:
        """The panel as a web application."""
        routes = [
            Route("/", self.overview),
            Route("/api/requests", self.take, methods=["POST"]),
            Route("/api/requests", self.open_requests),
            Route("/api/requests/{request_id}", self.show),
        ]

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            async with working(self._outbox.run(), self._work()):
                yield

        return create_server(routes, lifespan)

    async def take(self, request: Request) -> Response:
        """Takes a request: 202; one that was taken before: 200; with another body: 409."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, PanelRequest)
        body = msgspec.json.encode(wanted).decode()
        added = self._database.execute(
            "insert into request (request_id, body, taken_at) values (?, ?, ?)"
            " on conflict do nothing",
            (wanted.request_id, body, time.time()),
        )
        row = self._request(wanted.request_id)
        if row["body"] != body:
            raise Refused(409, "request_id_reused", "The id was used for another request.")
        status = 202 if added.rowcount else 200
        return JSONResponse({"request_id": wanted.request_id, "status": "accepted"}, status)

    async def show(self, request: Request) -> Response:
        """One request and how it went."""
        require_key(request, self._settings.key)
        return JSONResponse(_public(self._request(request.path_params["request_id"])))

    async def open_requests(self, request: Request) -> Response:
        """How many requests are not done, or done and not reported yet."""
        require_key(request, self._settings.key)
        waiting = count(self._database, "select count(*) from request where result is null")
        return JSONResponse({"open": waiting + self._outbox.open_count()})

    async def overview(self, request: Request) -> Response:
        """The accounts on the panel and the latest requests."""
        accounts = self._database.execute("select * from account order by domain").fetchall()
        latest = self._database.execute("select * from request order by taken_at desc limit 20")
        return page("panel.html", accounts=accounts, requests=[_public(row) for row in latest])

    async def _work(self) -> None:
        """Carries out each request a moment after it came; those left by a kill come first."""
        while True:
            waiting = self._database.execute(
                "select body from request where result is null and taken_at <= ? order by taken_at",
                (time.time() - WORK_TAKES_S,),
            ).fetchall()
            for row in waiting:
                self._carry_out(msgspec.json.decode(row["body"], type=PanelRequest))
            await asyncio.sleep(LOOKS_EVERY_S)

    def _carry_out(self, wanted: PanelRequest) -> None:
        """The account, the result and the webhook in one database transaction."""
        with transaction(self._database):
            reason = self._refusal(wanted)
            result = "refused" if reason else "done"
            if not reason:
                self._change_account(wanted)
            self._database.execute(
                "update request set result = ?, reason = ? where request_id = ?",
                (result, reason, wanted.request_id),
            )
            event = {
                "event_id": f"pe_{wanted.request_id}",
                "request_id": wanted.request_id,
                "service_id": wanted.service_id,
                "action": wanted.action,
                "result": result,
                "reason": reason,
            }
            self._outbox.add(
                f"pe_{wanted.request_id}", url=wanted.notify_url, body=json.dumps(event).encode()
            )

    def _refusal(self, wanted: PanelRequest) -> str | None:
        if "refuse" in wanted.domain:
            return "domain_taken"
        if "fixed" in wanted.domain and wanted.action == "change_plan":
            return "plan_full"
        known = self._database.execute(
            "select state from account where service_id = ?", (wanted.service_id,)
        ).fetchone()
        if wanted.action == "create":
            return None
        if known is None:
            return "unknown_service"
        if known["state"] == "terminated" and wanted.action != "terminate":
            return "service_terminated"
        if wanted.action == "transfer" and wanted.successor_id is None:
            return "successor_missing"
        return None

    def _change_account(self, wanted: PanelRequest) -> None:
        match wanted.action:
            case "transfer":
                for table in ("account", "account_option"):
                    self._database.execute(
                        f"update {table} set service_id = ? where service_id = ?",  # noqa: S608
                        (wanted.successor_id, wanted.service_id),
                    )
            case "change_plan":
                self._database.execute(
                    "update account set plan = ?, changed_at = ? where service_id = ?",
                    (wanted.plan, time.time(), wanted.service_id),
                )
                self._configure(wanted)
            case _:
                self._set_state(wanted)

    def _set_state(self, wanted: PanelRequest) -> None:
        states = {"create": "active", "unsuspend": "active", "suspend": "suspended"}
        self._database.execute(
            "insert into account (service_id, domain, plan, state, changed_at)"
            " values (?, ?, ?, ?, ?) on conflict (service_id) do update"
            " set plan = excluded.plan, state = excluded.state, changed_at = excluded.changed_at",
            (
                wanted.service_id,
                wanted.domain,
                wanted.plan,
                states.get(wanted.action, "terminated"),
                time.time(),
            ),
        )
        if wanted.action == "create":
            self._configure(wanted)

    def _configure(self, wanted: PanelRequest) -> None:
        """The options as they are wanted, in place of those of before."""
        self._database.execute(
            "delete from account_option where service_id = ?", (wanted.service_id,)
        )
        self._database.executemany(
            "insert into account_option (service_id, name, value) values (?, ?, ?)",
            [(wanted.service_id, name, value) for name, value in wanted.options.items()],
        )

    def _request(self, request_id: str) -> sqlite3.Row:
        row: sqlite3.Row | None = self._database.execute(
            "select * from request where request_id = ?", (request_id,)
        ).fetchone()
        if row is None:
            raise Refused(404, "not_found", "There is no such request.")
        return row


def _public(row: sqlite3.Row) -> dict[str, Any]:
    wanted = msgspec.json.decode(row["body"])
    names = ("request_id", "service_id", "action", "plan", "domain")
    return {
        **{name: wanted[name] for name in names},
        "status": row["result"] or "accepted",
        "reason": row["reason"],
    }


if __name__ == "__main__":
    settings = SandboxSettings()
    serve(Panel(settings).app(), settings, name="panel")
