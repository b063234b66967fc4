"""The preview of an order over HTTP, against a bare `select 1` through the same application.

The service is a process of its own, `python -m bench.previews`, with billing's routes for carts and
one that only asks the database for the number 1: what any read takes here. Each of twenty clients
has a cart with a configured product, a second one with a set-up fee, an addon, the renewal of a
service that it holds, and a promotion; prices bear two taxes. The two are asked in turn, one
request after the other.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from statistics import quantiles
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import uvicorn
import uvloop
from joserfc.jwk import OKPKey

from bench import http_load
from bench.house import House
from bench.renewals import CONTACT, CONTACT_COLUMNS, MIGRATIONS, OneKey
from bench.results import Result
from services.billing.app import VIEWS
from services.billing.brands.commands import ConfigureBrand, OfferedProduct, configure_brand
from services.billing.carts.commands import (
    AboutCart,
    OpenCart,
    add_item,
    enter_promotion,
    open_cart,
)
from services.billing.carts.items import CartItem
from services.billing.carts.routes import router as carts_router
from services.billing.catalogue.pricing import Choice
from services.billing.contacts.views import account_contact
from services.billing.publishing import publish
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import TaxMode
from shared.clock import SystemClock
from shared.consumers.group import Consumers
from shared.database import acquire, open_pool
from shared.http import Answer, Call, Router, Who
from shared.http.app import Service, create_app, server_settings
from shared.ids import new_id
from shared.migrate import migrate_service
from shared.store import Cause, EventStore, Transaction
from shared.tokens import Signer
from tests.billing.quoting import CITY, PRODUCTS, REDUCED, START, TLS, VAT, held
from tests.billing.samples import brand_settings, cart_item, promotion_terms
from tests.servers import free_port

BRAND = "ponto"
CLIENTS = 20
TURNS = 50
"""Of each client: 1,000 requests of each kind, the first tenth of which warms both up."""
TOKEN_TTL_S = 3600
P99_MS = 20
POOL = 8
CAUSE = Cause(actor="bench")

router = Router()


class One(Answer):
    """What the database answered."""

    one: int


@router.get("/v1/one", who=Who.CLIENT)
async def get_one(call: Call) -> One:
    """The least that a read can ask."""
    async with acquire(call.db) as db:
        return One(one=await db.fetchval("select 1"))


@asynccontextmanager
async def _store(url: str) -> AsyncIterator[EventStore]:
    pool = await open_pool(url, size=POOL, schemas=[view.schema for view in VIEWS])
    yield EventStore(
        pool, service="billing", publish=publish, keyring=OneKey(), clock=SystemClock()
    )
    await pool.close()


async def _serve(told: dict[str, Any]) -> None:
    async with _store(told["url"]) as store:
        settings: Any = SimpleNamespace(
            service="billing",
            peers={"accounts": ("http://accounts",)},
            operator_jwk=OKPKey.generate_key("Ed25519").as_dict(private=False),
            allowed_hosts=["127.0.0.1"],
        )
        signer = Signer("accounts", told["key"])
        consumers = Consumers([], store, None)  # type: ignore[arg-type]
        app = create_app(
            Service(settings=settings, store=store, signer=signer, consumers=consumers,
                    routers=[carts_router, router])
        )  # fmt: skip
        keys = [OKPKey.import_key(key) for key in signer.jwks()["keys"]]
        app.state.verifier._kept["accounts"] = (float("inf"), keys)
        config = server_settings(app)
        config.host, config.port, config.lifespan = "127.0.0.1", told["port"], "off"
        await uvicorn.Server(config).serve()


# ------------------------------------------------------------------------------- the carts


async def _populated(house: House) -> tuple[str, dict[UUID, UUID]]:
    """The URL of a database of billing, and the cart of each account."""
    name = f"previews_{new_id().hex}"
    await (await house.store(size=1)).pool.close()  # makes the role
    admin = await asyncpg.connect(house.postgres.url("postgres"))
    await admin.execute(f"create database {name}")
    await admin.close()
    owner_url = house.postgres.url(name)
    await migrate_service(MIGRATIONS, VIEWS, owner_url=owner_url, role="bench_app")
    accounts = [new_id() for _ in range(CLIENTS)]
    owner = await asyncpg.connect(owner_url)
    await owner.copy_records_to_table(
        "account_contact",
        schema_name=account_contact.schema,
        columns=CONTACT_COLUMNS,
        records=[(id, BRAND, *CONTACT) for id in accounts],
    )
    url = house.postgres.url(name, "bench_app")
    async with _store(url) as store:
        await store.run(CAUSE, partial(configure_brand, _brand()))
        carts = {id: await store.run(CAUSE, partial(_fill_cart, id)) for id in accounts}
    await owner.execute("vacuum analyze")
    await owner.close()
    return url, carts


def _brand() -> ConfigureBrand:
    taxes = BrandTaxes(mode=TaxMode.EXCLUSIVE, seller_country="PL", rates=[VAT, REDUCED, CITY])
    return ConfigureBrand(
        slug=BRAND,
        settings=brand_settings(tax=taxes),
        products=[OfferedProduct(terms=product.terms) for product in PRODUCTS],
        promotions=[promotion_terms()],
    )


async def _fill_cart(account_id: UUID, tx: Transaction) -> UUID:
    """The cart of one client, who holds a service."""
    service = held(id=new_id(), account_id=account_id)
    await tx.save(service)
    cart = await open_cart(OpenCart(account_id=account_id, brand=BRAND), tx)
    about = AboutCart(cart_id=cart.id, account_id=account_id)
    for item in _items(service.id):
        await add_item(about, item, tx=tx)
    await enter_promotion(about, "WELCOME25", tx=tx)
    return cart.id


def _items(service_id: UUID) -> Sequence[CartItem]:
    choices = [Choice(option="memory", value="4gb"), Choice(option="mailboxes", quantity=5)]
    start = cart_item(new_id().int, product_id=START.id, choices=choices, quantity=2)
    book = next(each for each in PRODUCTS if each.terms.slug == "book")
    return (
        start,
        cart_item(new_id().int, product_id=book.id),
        cart_item(new_id().int, kind="addon", product_id=TLS.id, parent_id=start.item_id),
        CartItem(item_id=new_id(), kind="renewal", service_id=service_id, periods=3),
    )


# ------------------------------------------------------------------------------- the figures


async def _timed(http: httpx.AsyncClient, path: str, *, token: str) -> float:
    begun = time.perf_counter()
    answer = await http.get(path, headers={"authorization": f"Bearer {token}"})
    took = time.perf_counter() - begun
    assert answer.status_code == 200, answer.text
    return took


async def _in_turn(
    address: str, carts: dict[UUID, UUID], *, key: dict[str, Any]
) -> tuple[list[float], list[float]]:
    """Seconds of each preview and of each bare read, without the first ones."""
    signer = Signer("accounts", key)
    tokens = {
        id: signer.issue(
            "billing",
            subject=str(id),
            scopes=["client"],
            account_id=id,
            brand=BRAND,
            ttl_s=TOKEN_TTL_S,
        )
        for id in carts
    }
    previews, bare = [], []
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as http:
        for _ in range(TURNS):
            for account_id, cart_id in carts.items():
                token, path = tokens[account_id], f"/v1/carts/{cart_id}/preview"
                previews.append(await _timed(http, path, token=token))
                bare.append(await _timed(http, "/v1/one", token=token))
    warm = len(previews) // 10
    return previews[warm:], bare[warm:]


async def measure(house: House) -> list[Result]:
    """p50 and p99 in milliseconds, one request after the other."""
    url, carts = await _populated(house)
    key = OKPKey.generate_key("Ed25519").as_dict(private=True)
    port = free_port()
    told = json.dumps({"url": url, "key": key, "port": port})
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.previews", told)
    address = f"http://127.0.0.1:{port}"
    try:
        await http_load.until_it_answers(address)
        previews, bare = await _in_turn(address, carts, key=dict(key))
    finally:
        process.terminate()
        await process.wait()
    name = "order preview of four items / a bare select 1 over the same HTTP"
    return [
        Result(
            name=f"{name}, p{percent}",
            value=quantiles(previews, n=100)[percent - 1] * 1000,
            unit="ms",
            baseline=quantiles(bare, n=100)[percent - 1] * 1000,
            limit=P99_MS,
        )
        for percent in (50, 99)
    ]


if __name__ == "__main__":
    uvloop.run(_serve(json.loads(sys.argv[1])))
