"""The sandbox's gateway passes the suite of all gateways; its payment page does what it says."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.sandbox.gateway import Gateway as SandboxServer
from deploy.local.sandbox.settings import SandboxSettings
from deploy.local.sandbox.signing import signature
from services.billing import outside_calls
from services.billing.gateways.port import Opened
from services.billing.gateways.sandbox import SandboxGateway
from tests.billing.gateway_contract import GatewayContract, Stand
from tests.billing.house import serving
from tests.servers import free_port

SECRET = SecretStr("only-for-tests-on-loopback")


class SandboxPayer:
    """Pays on the sandbox's pages, and tells it what to do."""

    def __init__(self, url: str, file: Path) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {SECRET.get_secret_value()}"},
            trust_env=False,
        )
        self._file = file

    async def pay(self, opened: Opened, *, how: str = "approve") -> None:
        assert opened.url
        answer = await self._http.post(opened.url, data={"outcome": how.replace("_", "-")})
        assert answer.status_code == 303, answer.text

    async def save(self, opened: Opened, *, later: str = "approve") -> None:
        assert opened.url
        answer = await self._http.post(opened.url, data={"later": later})
        assert answer.status_code == 303, answer.text

    async def dispute(self, id: str, *, outcome: str = "open") -> None:
        opened = await self._http.post("/v1/disputes", json={"checkout": id})
        assert opened.status_code == 201, opened.text
        if outcome != "open":
            path = f"/v1/disputes/{opened.json()['id']}/outcome"
            assert (await self._http.post(path, json={"outcome": outcome})).is_success

    async def go_wrong(self, call: str, how: str) -> None:
        body = {"call": call, "behaviour": how}
        assert (await self._http.post("/v1/behaviours", json=body)).is_success

    async def webhook(self) -> tuple[dict[str, str], bytes]:
        with sqlite3.connect(self._file) as database:
            row = database.execute("select body from delivery order by rowid desc").fetchone()
        body = bytes(row[0])
        signed = signature(body, SECRET.get_secret_value(), at=int(time.time()))  # noqa: TID251
        return {"gateway-signature": signed}, body

    async def close(self) -> None:
        await self._http.aclose()


def adapter(url: str) -> SandboxGateway:
    return SandboxGateway(url=url, key=SECRET, webhook_secret=SECRET)


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    port = free_port()
    url, file = f"http://127.0.0.1:{port}", tmp_path / "gateway.sqlite"
    settings = SandboxSettings(
        port=port,
        public_url=url,
        data=file,
        key=SECRET.get_secret_value(),
        webhook_secret=SECRET.get_secret_value(),
    )
    payer = SandboxPayer(url, file)
    gateway, silent = adapter(url), adapter("http://127.0.0.1:1")
    async with serving(SandboxServer(settings).app(), port, lifespan="on"):
        with patch.object(outside_calls, "TOTAL_S", 1):
            yield Stand(gateway=gateway, silent=silent, payer=payer)
    await asyncio.gather(gateway.close(), silent.close(), payer.close())


class TestSandbox(GatewayContract):
    """See `GatewayContract`."""

    adapter = SandboxGateway


async def deliveries(stand: Stand) -> int:
    assert isinstance(stand.payer, SandboxPayer)
    with sqlite3.connect(stand.payer._file) as database:
        return int(database.execute("select count(*) from delivery").fetchone()[0])


@pytest.mark.parametrize(
    ("how", "webhooks"), [("approve", 1), ("webhook-lost", 0), ("webhook-fifty", 50)]
)
async def test_the_payer_chooses_how_often_the_merchant_is_told(
    stand: Stand, how: str, webhooks: int
) -> None:
    request = await stand.page()
    await stand.payer.pay(await stand.gateway.open(request), how=how)
    assert (await stand.seen(request.reference)).status == "succeeded"
    assert await deliveries(stand) == webhooks


async def test_another_amount_is_told_and_a_dispute_opens_after_days(stand: Stand) -> None:
    wrong, disputed = await stand.page(), await stand.page()
    await stand.payer.pay(await stand.gateway.open(wrong), how="wrong-amount")
    assert (await stand.seen(wrong.reference)).amount_minor == wrong.amount_minor + 1
    await stand.payer.pay(await stand.gateway.open(disputed), how="dispute")
    assert (await stand.seen(disputed.reference)).disputes == []
    assert isinstance(stand.payer, SandboxPayer)
    with sqlite3.connect(stand.payer._file) as database:
        (opens_at,) = database.execute("select opens_at from dispute").fetchone()
    assert 2.9 < (opens_at - time.time()) / 86400 < 3.1  # noqa: TID251
