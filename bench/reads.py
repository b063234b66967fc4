"""A hot read of one document, over HTTP: ours against a FastAPI route with a response model.

Both servers run as processes of their own, with the same uvicorn settings, and read the same row by
its key. Ours does what every route of ours does: it checks a signed token, counts the caller's
rate, writes the security headers and an ETag. The other one does nothing but read and answer.
`wrk` asks them in turn where it is installed, else a plain client on asyncio.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from shutil import which
from statistics import median
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import uvicorn
import uvloop
from fastapi import FastAPI
from joserfc.jwk import OKPKey
from pydantic import BaseModel
from starlette.responses import Response

from bench import http_load
from bench.house import House, NoKeys, publish
from bench.results import Result
from shared.clock import SystemClock
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.http import Call, Router, Who
from shared.http.app import Service, create_app, server_settings
from shared.ids import new_id
from shared.store import EventStore
from shared.tokens import Signer
from tests.servers import free_port

ROWS = 1000
ROUNDS = 5
SECONDS = 3
P99_MS = 20
POOL = 10
TABLE = """
create table card (
    account_id uuid primary key, brand text not null, number text, language text not null,
    name text not null, email text not null, phone text not null, tax_id text not null,
    address text not null, city text not null, state text not null, postal_code text not null,
    country text not null, opened_at timestamptz not null
)
"""
_DOCUMENT = """
select (select row_to_json(d) from (
    select c.account_id, c.brand, c.number, c.language, c.name, c.email, c.phone, c.tax_id,
           c.address, c.city, c.state, c.postal_code, c.country, c.opened_at) d)::text
from card c where c.account_id = $1
"""


class Card(BaseModel):
    """The row as the other server describes it."""

    account_id: UUID
    brand: str
    number: str | None
    language: str
    name: str
    email: str
    phone: str
    tax_id: str
    address: str
    city: str
    state: str
    postal_code: str
    country: str
    opened_at: datetime


router = Router()


@router.document("/card", who=Who.CLIENT)
async def get_card(call: Call) -> Response:
    """The caller's card."""
    text: str = await call.db.fetchval(_DOCUMENT, call.caller.account_id)
    return Response(text.encode(), media_type="application/json")


async def _ours(told: dict[str, Any]) -> uvicorn.Config:
    pool = await open_pool(told["url"], size=POOL)
    store = EventStore(
        pool, service="tickets", publish=publish, keyring=NoKeys(), clock=SystemClock()
    )
    settings: Any = SimpleNamespace(
        service="tickets",
        peers={"accounts": ("http://accounts",)},
        operator_jwk=OKPKey.generate_key("Ed25519").as_dict(private=False),
        allowed_hosts=["127.0.0.1"],
    )
    signer = Signer("accounts", told["key"])
    consumers = Consumers([], store, None)  # type: ignore[arg-type]
    app = create_app(
        Service(settings=settings, store=store, signer=signer, consumers=consumers,
                routers=[router])
    )  # fmt: skip
    keys = [OKPKey.import_key(key) for key in signer.jwks()["keys"]]
    app.state.verifier._kept["accounts"] = (float("inf"), keys)
    return server_settings(app)


async def _theirs(told: dict[str, Any]) -> uvicorn.Config:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(told["url"], min_size=POOL, max_size=POOL) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/card/{account_id}")
    async def get_card(account_id: UUID) -> Card:
        row = await app.state.pool.fetchrow("select * from card where account_id = $1", account_id)
        return Card(**row)

    return server_settings(app)


async def _serve(which_one: str, told: dict[str, Any]) -> None:
    config = await (_ours(told) if which_one == "ours" else _theirs(told))
    config.host, config.port = "127.0.0.1", told["port"]
    config.lifespan = "on" if which_one == "theirs" else "off"
    await uvicorn.Server(config).serve()


@contextmanager
def _running(which_one: str, told: dict[str, Any]) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "bench.reads", which_one, json.dumps({**told, "port": port})]
    process = subprocess.Popen(command)
    address = f"http://127.0.0.1:{port}"
    try:
        asyncio.run(http_load.until_it_answers(address))
        yield address
    finally:
        process.terminate()
        process.wait()


async def _fill(house: House) -> tuple[str, list[UUID]]:
    store = await house.store(size=2)
    async with store.pool.acquire() as db:
        name = await db.fetchval("select current_database()")
    await store.pool.close()
    url = house.postgres.url(name)
    owner = await asyncpg.connect(url)
    await owner.execute(TABLE)
    ids = [new_id() for _ in range(ROWS)]
    words = ("ponto", "C-000123", "pt-BR", "Maria de Souza e Silva", "maria@example.com",
             "+55 11 91234-5678", "529.982.247-25", "Rua das Flores, 123, apto 45", "São Paulo",
             "SP", "01310-100", "BR")  # fmt: skip
    opened_at = SystemClock().now()
    rows = [(id, *words, opened_at) for id in ids]
    await owner.copy_records_to_table("card", records=rows)
    await owner.execute("grant select on card to bench_app; analyze card")
    await owner.close()
    return house.postgres.url(name, "bench_app"), ids


def run(house: House) -> list[Result]:
    """Requests a second and p99, medians of interleaved rounds with 16 connections."""
    url, ids = asyncio.run(_fill(house))
    key = OKPKey.generate_key("Ed25519").as_dict(private=True)
    signer = Signer("accounts", key)
    asks = [
        http_load.Ask("/card", signer.issue("tickets", subject=str(new_id()), scopes=["client"],
                                            account_id=id, brand="ponto", ttl_s=3600))
        for id in ids
    ]  # fmt: skip
    plain = [http_load.Ask(f"/card/{id}", "") for id in ids]
    told = {"url": url, "key": key}
    with _running("ours", told) as ours_at, _running("theirs", told) as theirs_at:
        _same_answer(ours_at, theirs_at, asks=asks, plain=plain)
        ours, theirs = _in_turn(ours_at, theirs_at, asks=asks, plain=plain)
    name = "hot read of one document / FastAPI route + asyncpg + pydantic response model"
    per_s, their_per_s = (median(each.per_s for each in rounds) for rounds in (ours, theirs))
    p99, their_p99 = (median(each.p99_ms for each in rounds) for rounds in (ours, theirs))
    return [
        Result(name=name, value=per_s, unit="requests/s", baseline=their_per_s, target=2),
        Result(name="hot read, p99", value=p99, unit="ms", baseline=their_p99, limit=P99_MS),
    ]


def _same_answer(
    ours_at: str, theirs_at: str, *, asks: Sequence[http_load.Ask], plain: Sequence[http_load.Ask]
) -> None:
    headers = {"authorization": f"Bearer {asks[0].token}"}
    mine = httpx.get(ours_at + asks[0].path, headers=headers, trust_env=False).json()
    other = httpx.get(theirs_at + plain[0].path, trust_env=False).json()
    assert Card(**mine) == Card(**other)


Rounds = list[http_load.Load]


def _in_turn(
    ours_at: str, theirs_at: str, *, asks: Sequence[http_load.Ask], plain: Sequence[http_load.Ask]
) -> tuple[Rounds, Rounds]:
    ours, theirs = [], []
    with TemporaryDirectory() as folder:
        put = http_load.wrk if which("wrk") else http_load.plain_client
        for number in range(ROUNDS + 1):
            mine = put(ours_at, asks, folder=Path(folder), seconds=SECONDS)
            other = put(theirs_at, plain, folder=Path(folder), seconds=SECONDS)
            if number:  # the first round warms both up
                ours.append(mine)
                theirs.append(other)
    return ours, theirs


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], json.loads(sys.argv[2])))
