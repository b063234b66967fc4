"""The sandbox's PSP for PIX, beside its gateway: Banco Central's API Pix, and someone who pays.

`cob` (immediate charges), `pix` (received) and webhooks by key, as far as a merchant needs them.
A payer's bank is the form at `/pix`. Amounts are integer centavos here, texts of reais in the API.
"""

import json
import re
import secrets
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.local.sandbox import br_code
from deploy.local.sandbox.database import transaction
from deploy.local.sandbox.server import Refused, page, read_json, require_key
from deploy.local.sandbox.settings import SandboxSettings
from deploy.local.sandbox.webhooks import Outbox

TABLES = """
create table if not exists cob (
    txid text primary key,
    chave text not null,
    amount_minor integer not null,
    seconds integer not null,
    status text not null default 'ATIVA',
    created_at real not null
);
create table if not exists pix (
    end_to_end_id text primary key,
    txid text not null,
    chave text not null,
    amount_minor integer not null,
    paid_at real not null
);
create index if not exists pix_of_code on pix (txid, paid_at);
create table if not exists pix_webhook (chave text primary key, url text not null);
"""
RECEIVER, CITY = "Recebedor de Teste", "Sao Paulo"
ISPB = "99999999"
TXID = re.compile(r"[a-zA-Z0-9]{26,35}")
OUTCOMES = {
    "approve": (1, 0, 1),
    "lost": (1, 0, 0),
    "fifty": (1, 0, 50),
    "wrong-amount": (1, 1, 1),
    "twice": (2, 0, 1),
}
"""What the payer does: how often they pay, by how much too little, how many webhooks tell of it."""


class _Calendar(msgspec.Struct, frozen=True):
    expiracao: Annotated[int, msgspec.Meta(ge=1)]


class _Value(msgspec.Struct, frozen=True):
    original: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}\.[0-9]{2}$")]


class NewCob(msgspec.Struct, frozen=True):
    """A charge as the merchant wants it; `txid` stands in the address."""

    calendario: _Calendar
    valor: _Value
    chave: Annotated[str, msgspec.Meta(min_length=1, max_length=77)]


class _Status(msgspec.Struct, frozen=True):
    status: str


class _Webhook(msgspec.Struct, frozen=True):
    webhook_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$", max_length=2000)] = (
        msgspec.field(name="webhookUrl")
    )


class Psp:
    """The PSP's state and its routes."""

    def __init__(
        self, database: sqlite3.Connection, outbox: Outbox, settings: SandboxSettings
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._settings = settings
        database.executescript(TABLES)

    def routes(self) -> list[Route]:
        """The API, and the payer's bank."""
        return [
            Route("/v2/cob/{txid}", self.put_cob, methods=["PUT"]),
            Route("/v2/cob/{txid}", self.show_cob),
            Route("/v2/cob/{txid}", self.change_cob, methods=["PATCH"]),
            Route("/v2/pix", self.received),
            Route("/v2/webhook/{chave}", self.put_webhook, methods=["PUT"]),
            Route("/pix", self.bank),
            Route("/pix", self.pay, methods=["POST"]),
        ]

    async def put_cob(self, request: Request) -> Response:
        """Makes a charge. The same again gives the same answer, another body 409."""
        require_key(request, self._settings.key)
        txid = request.path_params["txid"]
        if not TXID.fullmatch(txid):
            raise Refused(400, "no_txid", "A txid has 26 to 35 letters and digits.")
        wanted = await read_json(request, NewCob)
        self._database.execute(
            "insert into cob (txid, chave, amount_minor, seconds, created_at)"
            " values (?, ?, ?, ?, ?) on conflict (txid) do nothing",
            (
                txid,
                wanted.chave,
                _minor(wanted.valor.original),
                wanted.calendario.expiracao,
                time.time(),
            ),
        )
        row = self._cob(txid)
        if (row["chave"], row["amount_minor"]) != (wanted.chave, _minor(wanted.valor.original)):
            raise Refused(409, "txid_used", "The txid was used for another charge.")
        return JSONResponse(self._told(row), status_code=201)

    async def show_cob(self, request: Request) -> Response:
        """A charge as it is now, with the PIX that came by it."""
        require_key(request, self._settings.key)
        return JSONResponse(self._told(self._cob(request.path_params["txid"])))

    async def change_cob(self, request: Request) -> Response:
        """Removes an open charge, so that nobody can pay it any more; 400 when it is not open."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, _Status)
        changed = self._database.execute(
            "update cob set status = ? where txid = ? and status = 'ATIVA'",
            (wanted.status, request.path_params["txid"]),
        )
        row = self._cob(request.path_params["txid"])
        if not changed.rowcount and row["status"] != wanted.status:
            raise Refused(400, "not_open", f"The charge is {row['status']}.")
        return JSONResponse(self._told(row))

    async def received(self, request: Request) -> Response:
        """The PIX that came by a code within a span of time."""
        require_key(request, self._settings.key)
        query = request.query_params
        rows = self._database.execute(
            "select * from pix where txid = ? and paid_at between ? and ? order by paid_at",
            (query.get("txid", ""), _at(query.get("inicio", "")), _at(query.get("fim", ""))),
        )
        return JSONResponse({"pix": [_pix(row) for row in rows]})

    async def put_webhook(self, request: Request) -> Response:
        """Where news of a key goes; the PSP puts `/pix` behind it."""
        require_key(request, self._settings.key)
        wanted = await read_json(request, _Webhook)
        self._database.execute(
            "insert into pix_webhook (chave, url) values (?, ?)"
            " on conflict (chave) do update set url = excluded.url",
            (request.path_params["chave"], f"{wanted.webhook_url}/pix"),
        )
        return JSONResponse({"webhookUrl": wanted.webhook_url})

    async def bank(self, request: Request) -> Response:
        """The payer's bank: paste a code, choose what happens."""
        paid = request.query_params.get("paid", "")
        return page("pix.html", outcomes=list(OUTCOMES), paid=paid)

    async def pay(self, request: Request) -> Response:
        """Pays by a code, as often and as much as the outcome says."""
        form = await request.form()
        outcome = str(form.get("outcome", "approve"))
        if outcome not in OUTCOMES:
            raise Refused(422, "unknown_outcome", "Choose one of the outcomes on the page.")
        txid, chave, amount_minor = self._payable(str(form.get("code", "")))
        times, less_minor, webhooks = OUTCOMES[outcome]
        for _ in range(times):
            self._receive(txid, chave, amount_minor=amount_minor - less_minor, webhooks=webhooks)
        return RedirectResponse(f"/pix?paid={txid}", status_code=303)

    def _payable(self, text: str) -> tuple[str, str, int]:
        """txid, key and amount of a code that can be paid now."""
        try:
            code = br_code.read(text.strip())
        except br_code.NoCode as error:
            raise Refused(422, "no_code", str(error)) from error
        if not code.url:
            return code.txid, code.key, code.amount_minor
        row = self._cob(code.url.rpartition("/")[2])
        if row["status"] != "ATIVA" or time.time() > row["created_at"] + row["seconds"]:
            raise Refused(409, "not_open", "The charge cannot be paid any more.")
        return row["txid"], row["chave"], row["amount_minor"]

    def _receive(self, txid: str, chave: str, *, amount_minor: int, webhooks: int) -> None:
        """The PIX and its webhooks in one transaction: no outcome without its news."""
        end_to_end_id = f"E{ISPB}{datetime.now(UTC):%Y%m%d%H%M}{secrets.token_hex(6)[:11]}"
        with transaction(self._database):
            self._database.execute(
                "insert into pix values (?, ?, ?, ?, ?)",
                (end_to_end_id, txid, chave, amount_minor, time.time()),
            )
            self._database.execute(
                "update cob set status = 'CONCLUIDA' where txid = ? and status = 'ATIVA'", (txid,)
            )
            self._announce(end_to_end_id, webhooks=webhooks)

    def _announce(self, end_to_end_id: str, *, webhooks: int) -> None:
        row = self._database.execute(
            "select p.*, w.url from pix p join pix_webhook w on w.chave = p.chave"
            " where end_to_end_id = ?",
            (end_to_end_id,),
        ).fetchone()
        for number in range(webhooks if row else 0):
            body = json.dumps({"pix": [_pix(row)]}).encode()
            self._outbox.add(f"{end_to_end_id}/{number}", url=row["url"], body=body)

    def _cob(self, txid: str) -> sqlite3.Row:
        row: sqlite3.Row | None = self._database.execute(
            "select * from cob where txid = ?", (txid,)
        ).fetchone()
        if row is None:
            raise Refused(404, "not_found", "There is no such charge.")
        return row

    def _told(self, row: sqlite3.Row) -> dict[str, Any]:
        received = self._database.execute(
            "select * from pix where txid = ? order by paid_at", (row["txid"],)
        )
        host = self._settings.public_url.partition("://")[2]
        code = br_code.written(f"{host}/v2/{row['txid']}", name=RECEIVER, city=CITY)
        created = datetime.fromtimestamp(row["created_at"], UTC)
        return {
            "txid": row["txid"],
            "status": row["status"],
            "calendario": {"criacao": _instant(created), "expiracao": row["seconds"]},
            "valor": {"original": _reais(row["amount_minor"])},
            "chave": row["chave"],
            "pixCopiaECola": code,
            "pix": [_pix(each) for each in received],
        }


def _pix(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "endToEndId": row["end_to_end_id"],
        "txid": row["txid"],
        "chave": row["chave"],
        "valor": _reais(row["amount_minor"]),
        "horario": _instant(datetime.fromtimestamp(row["paid_at"], UTC)),
    }


def _minor(amount: str) -> int:
    return int(amount.replace(".", ""))


def _reais(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02}"


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _at(text: str) -> float:
    """Unix seconds of an instant; refused where it is none."""
    try:
        return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(
            seconds=1
        )
    except (ValueError, TypeError) as error:
        raise Refused(400, "no_instant", "inicio and fim are instants.") from error
