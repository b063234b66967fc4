"""Invoices as PDF over HTTP, against the bare typesetting; and what else is asked meanwhile.

The service is a process of its own, `python -m bench.documents`, with billing's routes for
documents and invoices and its workshop of two typesetting processes. Each of 300 invoices of twelve
lines, with a tax and a bank account to pay to, is downloaded once by one of four clients. Others
read the list of invoices in turn, one every 20 ms, before and meanwhile: one alone may not ask so
often. The baseline of the documents is what one process typesets alone.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from itertools import cycle, islice
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
from services.billing.brands.commands import ConfigureBrand, configure_brand
from services.billing.contacts.views import account_contact
from services.billing.documents.routes import router as documents_router
from services.billing.documents.typesetting import typeset
from services.billing.documents.workshop import Workshop
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceDetails
from services.billing.invoices.routes import router as invoices_router
from services.billing.publishing import publish
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import TaxMode
from shared.clock import SystemClock
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.http.app import Service, create_app, server_settings
from shared.ids import new_id
from shared.migrate import migrate_service
from shared.store import Cause, EventStore, Transaction
from shared.tokens import Signer
from tests.billing.papers import BUYERS, line, taxed, taxed_paper
from tests.billing.quoting import REDUCED, VAT
from tests.billing.samples import brand_settings
from tests.servers import free_port

BRAND = "ponto"
INVOICES = 300
LINES = 12
WITHIN_S = 15
CLIENTS = 4
READERS = 8
READ_EVERY_S = 0.02
READS_BEFORE = 250
P99_MS = 50
TOKEN_TTL_S = 3600
POOL = 8
CAUSE = Cause(actor="bench")
TAXES = BrandTaxes(mode=TaxMode.EXCLUSIVE, seller_country="PL", rates=[VAT, REDUCED])
PAYEE = {"name": "Ponto Ltda", "tax_id": "8567346215", "address": "ul. Długa 7", "country": "PL"}
ISSUED, DUE = date(2026, 11, 21), date(2026, 12, 5)


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
        workshop = Workshop()
        app = create_app(
            Service(settings=settings, store=store, signer=signer, consumers=consumers,
                    routers=[documents_router, invoices_router],
                    state=SimpleNamespace(workshop=workshop))
        )  # fmt: skip
        keys = [OKPKey.import_key(key) for key in signer.jwks()["keys"]]
        app.state.verifier._kept["accounts"] = (float("inf"), keys)
        config = server_settings(app)
        config.host, config.port, config.lifespan = "127.0.0.1", told["port"], "off"
        await uvicorn.Server(config).serve()
        await workshop.close()


# -------------------------------------------------------------------------------- the invoices


async def _populated(house: House, account_id: UUID) -> tuple[str, list[UUID]]:
    """The URL of a database of billing, and the invoices of its one account."""
    name = f"documents_{new_id().hex}"
    await (await house.store(size=1)).pool.close()  # makes the role
    admin = await asyncpg.connect(house.postgres.url("postgres"))
    await admin.execute(f"create database {name}")
    await admin.close()
    owner_url = house.postgres.url(name)
    await migrate_service(MIGRATIONS, VIEWS, owner_url=owner_url, role="bench_app")
    owner = await asyncpg.connect(owner_url)
    await owner.copy_records_to_table(
        "account_contact",
        schema_name=account_contact.schema,
        columns=CONTACT_COLUMNS,
        records=[(account_id, BRAND, *CONTACT)],
    )
    await owner.close()
    url = house.postgres.url(name, "bench_app")
    ids = [new_id() for _ in range(INVOICES)]
    settings = brand_settings(tax=TAXES, payee=PAYEE)
    brand = ConfigureBrand(slug=BRAND, settings=settings, products=[])
    async with _store(url) as store:
        await store.run(CAUSE, partial(configure_brand, brand))
        for number, id in enumerate(ids):
            await store.run(CAUSE, partial(_issue, _invoice(id, account_id, number=number)))
    return url, ids


async def _issue(invoice: Invoice, tx: Transaction) -> None:
    await tx.save(invoice)


def _lines() -> Any:
    priced = [line(1990 + place, f"Hosting Start – a{place}.example") for place in range(LINES)]
    return taxed(priced, TAXES, BUYERS["pl"])


def _invoice(id: UUID, account_id: UUID, *, number: int) -> Invoice:
    found = _lines()
    buyer = BUYERS["pl"]
    return Invoice.issue(
        id=id,
        account_id=account_id,
        brand=BRAND,
        number=f"PON-2026-{number:06d}",
        order_id=None,
        issued_on=ISSUED,
        due_on=DUE,
        currency="PLN",
        lines=found.lines,
        billed_to=(buyer.name, "\n".join(buyer.address), buyer.tax_id),
        details=InvoiceDetails(taxes=found.taxes, payee=PAYEE),
    )


# --------------------------------------------------------------------------------- the figures


def _bare_per_s() -> float:
    """How many of the same documents one process makes in a second, without anything else."""
    papers = [
        taxed_paper(_lines(), language="pl", buyer=BUYERS["pl"], number=f"BARE-{n}")
        for n in range(INVOICES // 3)
    ]
    typeset(papers[0])
    begun = time.perf_counter()
    for paper in papers:
        typeset(paper)
    return len(papers) / (time.perf_counter() - begun)


async def _read(http: httpx.AsyncClient, headers: dict[str, str], *, took_s: list[float]) -> None:
    begun = time.perf_counter()
    answer = await http.get("/v1/invoices", headers=headers)
    took_s.append(time.perf_counter() - begun)
    assert answer.status_code == 200, answer.text
    await asyncio.sleep(READ_EVERY_S)


async def _read_on(
    http: httpx.AsyncClient, readers: Iterator[dict[str, str]], *, took_s: list[float]
) -> None:
    for headers in readers:
        await _read(http, headers, took_s=took_s)


async def _download(
    http: httpx.AsyncClient, headers: dict[str, str], *, waiting: list[UUID]
) -> None:
    while waiting:
        answer = await http.get(f"/v1/invoices/{waiting.pop()}/pdf", headers=headers)
        assert answer.status_code == 200 and answer.content.startswith(b"%PDF"), answer.text


async def _measured(
    http: httpx.AsyncClient, ids: list[UUID], *, users: list[dict[str, str]]
) -> tuple[float, list[float], list[float]]:
    """Seconds for all documents; seconds of each read before, and meanwhile."""
    before: list[float] = []
    meanwhile: list[float] = []
    downloader, *others = users
    readers = cycle(others)
    await _read_on(http, islice(readers, READS_BEFORE), took_s=before)
    reading = asyncio.create_task(_read_on(http, readers, took_s=meanwhile))
    begun = time.perf_counter()
    waiting = list(ids)
    await asyncio.gather(*(_download(http, downloader, waiting=waiting) for _ in range(CLIENTS)))
    took_s = time.perf_counter() - begun
    reading.cancel()
    return took_s, before, meanwhile


async def measure(house: House) -> list[Result]:
    """Documents a second, and the p99 of a read meanwhile in milliseconds."""
    account_id = new_id()
    url, ids = await _populated(house, account_id)
    bare_per_s = _bare_per_s()
    key = OKPKey.generate_key("Ed25519").as_dict(private=True)
    port = free_port()
    told = json.dumps({"url": url, "key": key, "port": port})
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.documents", told)
    address = f"http://127.0.0.1:{port}"
    users = [_headers(key, account_id) for _ in range(1 + READERS)]
    try:
        await http_load.until_it_answers(address)
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as http:
            took_s, before, meanwhile = await _measured(http, ids, users=users)
    finally:
        process.terminate()
        await process.wait()
    return [
        Result(
            name=f"{INVOICES} invoices as PDF over HTTP / typeset by one process alone",
            value=INVOICES / took_s,
            unit="documents/s",
            baseline=bare_per_s,
            limit=INVOICES / WITHIN_S,
        ),
        Result(
            name="a list of invoices while they are made / before, p99",
            value=_p99_ms(meanwhile),
            unit="ms",
            baseline=_p99_ms(before),
            limit=P99_MS,
        ),
    ]


def _headers(key: dict[str, Any], account_id: UUID) -> dict[str, str]:
    """What one more user of the account sends with each request."""
    token = Signer("accounts", dict(key)).issue(
        "billing", subject=str(new_id()), scopes=["client"], account_id=account_id, brand=BRAND,
        ttl_s=TOKEN_TTL_S,
    )  # fmt: skip
    return {"authorization": f"Bearer {token}"}


def _p99_ms(took_s: list[float]) -> float:
    return quantiles(took_s, n=100)[98] * 1000


if __name__ == "__main__":
    uvloop.run(_serve(json.loads(sys.argv[1])))
