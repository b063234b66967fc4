"""Boletos and PIX pass the suite of all gateways: our own slips, the PSP's charges."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from msgspec import structs
from pydantic import SecretStr

from services.billing.gateways.boleto import BoletoGateway
from services.billing.gateways.pix import PixGateway
from services.billing.gateways.port import Gateway, Opened, PageRequest
from services.billing.pix.psp import PixPsp
from tests.billing import test_sandbox_contract, test_stripe_contract
from tests.billing.gateway_contract import GatewayContract, Stand
from tests.billing.house import SECRET, House
from tests.billing.paid_in_brazil import paid, pays_in_brazil, settle, written

NOT_OF_BRAZIL = frozenset({"save", "dispute", "go_wrong", "webhook"})


class BrazilianPayer:
    """Pays codes at a bank's form, and boletos by the file that the bank sends."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def pay(self, opened: Opened, *, how: str = "approve") -> None:
        """See `Payer`."""
        assert how == "approve", "nobody is declined: who does not pay just does not"
        if "copy_and_paste" in opened.instructions:
            await self._scan(opened.instructions["copy_and_paste"])
        else:
            await self._at_the_bank(opened.instructions["boleto_id"])

    async def _scan(self, code: str) -> None:
        async with httpx.AsyncClient() as payer:
            form = {"code": code, "outcome": "approve"}
            answer = await payer.post(f"{self._house.sandbox.gateway_url}/pix", data=form)
        assert answer.status_code == 303, answer.text

    async def _at_the_bank(self, boleto_id: str) -> None:
        await self._house.catch_up()
        token = self._house.client(self._house.ana)
        boleto = await self._house.do("GET", f"/v1/boletos/{boleto_id}", token=token)
        await settle(self._house, written([paid(boleto)]))

    async def save(self, opened: Opened, *, later: str = "approve") -> None:
        """See `Payer`; what is not claimed is not asked for."""
        raise AssertionError(later)

    async def dispute(self, id: str, *, outcome: str = "open") -> None:
        """See `Payer`."""
        raise AssertionError(outcome)

    async def go_wrong(self, call: str, how: str) -> None:
        """See `Payer`."""
        raise AssertionError(how)

    async def webhook(self) -> tuple[dict[str, str], bytes]:
        """See `Payer`."""
        raise AssertionError


@dataclass(kw_only=True)
class HouseStand(Stand):
    """These gateways collect for payments that the house knows."""

    house: House
    method: str

    async def page(self, **changed: Any) -> PageRequest:
        """For an attempt to pay an order of its own."""
        house = self.house
        order = await house.order(house.ana, domain=f"d{uuid4().hex}.example")
        path = f"/v1/invoices/{order['invoice_id']}/payments"
        token = house.client(house.ana)
        payment = await house.do("POST", path, {"method": self.method}, token=token)
        return structs.replace(await super().page(**changed), reference=payment["payment_id"])


def named(house: House, name: str) -> Gateway:
    gateway: Gateway = house.service.state.gateways.named(name)
    return gateway


class TestBoleto(GatewayContract):
    """See `GatewayContract`."""

    adapter = BoletoGateway
    cannot = NOT_OF_BRAZIL

    @pytest.fixture
    async def stand(self, house: House) -> Stand:
        await pays_in_brazil(house)
        gateway, payer = named(house, "boleto"), BrazilianPayer(house)
        return HouseStand(gateway=gateway, silent=gateway, payer=payer, house=house, method="slip")


class TestPix(GatewayContract):
    """See `GatewayContract`. With charges at the PSP; static codes: `test_pix_paying.py`."""

    adapter = PixGateway
    cannot = NOT_OF_BRAZIL

    @pytest.fixture
    async def stand(self, house: House) -> AsyncIterator[Stand]:
        await pays_in_brazil(house)
        nowhere = "http://127.0.0.1:1"
        psp = PixPsp(url=nowhere, key=SecretStr(SECRET), webhooks_url=nowhere)
        silent = PixGateway(store=house.store, psp=psp)
        yield HouseStand(
            gateway=named(house, "pix"),
            silent=silent,
            payer=BrazilianPayer(house),
            house=house,
            method="pix",
        )
        await silent.close()


def test_every_adapter_passes_the_suite() -> None:
    suites = (
        TestBoleto,
        TestPix,
        test_sandbox_contract.TestSandbox,
        test_stripe_contract.TestStripe,
    )
    adapters = {
        each for each in Gateway.__subclasses__() if each.__module__.startswith("services.")
    }
    assert {suite.adapter for suite in suites} == adapters
