"""What clients and guests do with carts over HTTP."""

from typing import Any
from uuid import UUID

import httpx

from tests.billing.house import House, price

MEMORY = {
    "id": "memory",
    "kind": "choice",
    "name": {"en": "Memory"},
    "values": [
        {"id": "1gb", "name": {"en": "1 GB"}},
        {"id": "4gb", "name": {"en": "4 GB"}, "prices": [price(recurring=900)]},
    ],
}


def product(slug: str = "start", **changed: Any) -> dict[str, Any]:
    return {"slug": slug, "name": {"en": slug.title()}, "prices": [price()], **changed}


def shop(**start: Any) -> list[dict[str, Any]]:
    """A plan with an option, one with a set-up fee, and an addon to both."""
    return [
        product(options=[MEMORY], **start),
        product("pro", prices=[price(recurring=4990, setup=1500)]),
        product("tls", addon_to=["start", "pro"], prices=[price(recurring=990)]),
    ]


class Shopper:
    """Somebody with a cart: a client by its token, or a guest without one."""

    def __init__(self, house: House, account_id: UUID | None = None) -> None:
        self.house = house
        self.account_id = account_id
        self.cart_id = ""

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """`path` within the cart."""
        where = f"/v1/carts/{self.cart_id}{path}"
        if self.account_id:
            token = self.house.client(self.account_id)
            return await self.house.ask(method, where, body, token=token, headers=headers)
        given = {"idempotency-key": str(self.house.clock.now().timestamp()), **headers}
        return await self.house.http.request(method, where, json=body, headers=given)

    async def do(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.ask(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def begin(self) -> "Shopper":
        """With a cart."""
        body = {"brand": "ponto"}
        if self.account_id:
            token = self.house.client(self.account_id)
            opened = await self.house.do("POST", "/v1/carts", body, token=token)
        else:
            opened = (await self.house.http.post("/v1/carts", json=body)).json()
        self.cart_id = opened["cart_id"]
        return self

    async def item(self, slug: str = "start", **changed: Any) -> dict[str, Any]:
        """A body that puts a product in."""
        fields = {
            "product_id": await self.house.product_id(slug),
            "cycle": "monthly",
            "domain": "ana.example",
        }
        return {**fields, **changed}

    async def put_in(self, slug: str = "start", **changed: Any) -> str:
        """The id of the item."""
        added = await self.do("POST", "/items", await self.item(slug, **changed))
        return str(added["item_id"])

    async def preview(self) -> dict[str, Any]:
        shown: dict[str, Any] = await self.do("GET", "/preview")
        return shown

    async def try_checkout(self, **changed: Any) -> httpx.Response:
        """Order what the preview says now."""
        if "fingerprint" not in changed:
            changed["fingerprint"] = (await self.preview())["fingerprint"]
        return await self.ask("POST", "/checkout", {"accepts_terms": True, **changed})

    async def check_out(self, **changed: Any) -> dict[str, str]:
        answer = await self.try_checkout(**changed)
        assert answer.status_code == 201, answer.text
        await self.house.catch_up()
        placed: dict[str, str] = answer.json()
        return placed


async def shopper(house: House, account_id: UUID | None = None) -> Shopper:
    """A client with an open cart, Ana unless somebody is named."""
    return await Shopper(house, account_id or house.ana).begin()


async def guest(house: House) -> Shopper:
    return await Shopper(house).begin()
