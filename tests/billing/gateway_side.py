"""What happens at the sandbox gateway: cards that are saved, calls that go wrong, disputes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from services.billing.gateways.port import Reported, SavedMethod, SetupRequest
from services.billing.payments.charging import RequestCharge
from services.billing.payments.commands import StartPayment, start_payment
from services.billing.payments.payment import Payment
from shared.ids import new_id
from shared.store import Cause, Transaction
from tests.billing.house import SECRET, House

CAUSE = Cause(actor="automation:test")


@dataclass(frozen=True, kw_only=True)
class Card:
    """A saved card and whose it is, as the gateway calls them."""

    customer: str
    method: SavedMethod


class GatewaySide:
    """The gateway of a house, from its own side."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def call(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"authorization": f"Bearer {SECRET}"}
        async with httpx.AsyncClient(base_url=self.house.sandbox.gateway_url) as http:
            answer = await http.post(path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def go_wrong(self, call: str, how: str) -> None:
        await self.call("/v1/behaviours", {"call": call, "behaviour": how})

    async def save_card(self, *, later: str = "approve") -> Card:
        request = SetupRequest(
            reference=str(new_id()),
            customer=f"cus-{new_id()}",
            currency="BRL",
            return_url="http://ponto.localhost:7100/",
            notify_url="http://127.0.0.1:9/",
        )
        opened = await self.house.gateway.open_setup(request)
        async with httpx.AsyncClient() as payer:
            assert (await payer.post(str(opened.url), data={"later": later})).status_code == 303
        found = await self.house.gateway.find_setup(request.reference)
        assert found is not None and found.saved_method is not None
        return Card(customer=request.customer, method=found.saved_method)

    async def dispute(self, payment_id: str, *, outcome: str = "open") -> str:
        """The payer asks their bank; its id."""
        checkout = (await self.seen(payment_id)).id
        opened = await self.call("/v1/disputes", {"checkout": checkout})
        if outcome != "open":
            await self.end_dispute(opened["id"], outcome)
        return str(opened["id"])

    async def end_dispute(self, id: str, outcome: str) -> None:
        await self.call(f"/v1/disputes/{id}/outcome", {"outcome": outcome})

    async def seen(self, payment_id: str) -> Reported:
        reported: Reported | None = await self.house.gateway.find(payment_id)
        assert reported is not None
        return reported

    def captures(self) -> int:
        """How often money came in, whatever anybody was told of it."""
        return self.count("movement where kind = 'payment'")

    def count(self, what: str) -> int:
        return int(self.house.sandbox.ask_gateway(f"select count(*) from {what}"))


async def started(house: House, invoice_id: str) -> Payment:
    """An attempt that nobody has asked the gateway for."""
    command = StartPayment(account_id=house.ana, invoice_id=UUID(invoice_id), method="card")

    async def start(tx: Transaction) -> Payment:
        return await start_payment(command, tx)

    return await house.store.run(CAUSE, start)


def charge_of(payment: Payment, card: Card) -> RequestCharge:
    return RequestCharge(
        payment_id=payment.id,
        token=card.method.token,
        customer=card.customer,
        return_path="/invoices",
    )
