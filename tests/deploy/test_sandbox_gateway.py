"""The sandbox gateway's protocol: keys, repetition, outcomes, signed webhooks that come again."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from deploy.local.sandbox import webhooks
from deploy.local.sandbox.gateway import Gateway
from deploy.local.sandbox.settings import SandboxSettings
from tests.conftest import wait_until
from tests.deploy.toys import Receiver, serving

KEY = {"Authorization": "Bearer gateway-key"}
SECRET = "webhook-secret"
RETURN_URL = "http://ponto.localhost:7100/back"


@dataclass
class Shop:
    """A merchant in front of a running gateway."""

    http: httpx.AsyncClient
    receiver: Receiver

    def body(self, **changes: Any) -> dict[str, Any]:
        """A well-formed checkout."""
        return {
            "reference": "pay-1",
            "amount_minor": 15890,
            "currency": "BRL",
            "description": "Fatura 1",
            "return_url": RETURN_URL,
            "notify_url": self.receiver.url,
        } | changes

    async def open(self, *, key: str = "pay-1", **changes: Any) -> httpx.Response:
        """Asks for a checkout."""
        headers = {**KEY, "Idempotency-Key": key}
        return await self.http.post("/v1/checkouts", json=self.body(**changes), headers=headers)

    async def pay(self, outcome: str) -> httpx.Response:
        """Opens a checkout and chooses its outcome."""
        url = (await self.open()).json()["url"]
        return await self.http.post(httpx.URL(url).path, data={"outcome": outcome})

    async def state(self) -> dict[str, Any]:
        """The checkout as the API tells it."""
        found = await self.http.get("/v1/checkouts?reference=pay-1", headers=KEY)
        answer: dict[str, Any] = found.json()
        return answer

    async def undelivered(self) -> int:
        """How many webhooks are still on their way."""
        answer = await self.http.get("/v1/deliveries?open=1", headers=KEY)
        return int(answer.json()["open"])


@asynccontextmanager
async def shop_with(path: Path) -> AsyncIterator[Shop]:
    """A merchant and a gateway that keeps its data at `path`."""
    settings = SandboxSettings(
        port=1, public_url="http://gateway", data=path, key="gateway-key", webhook_secret=SECRET
    )
    receiver = Receiver()
    async with receiver.listening(), serving(Gateway(settings).app()) as http:
        yield Shop(http, receiver)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A merchant and a gateway."""
    async with shop_with(tmp_path / "gateway.sqlite") as opened:
        yield opened


async def test_a_checkout_opens_with_a_page_to_pay_on(shop: Shop) -> None:
    answer = await shop.open()
    assert answer.status_code == 201
    opened = answer.json()
    assert opened == {
        "id": opened["id"],
        "url": f"http://gateway/pay/{opened['id']}",
        "status": "open",
    }
    shown = await shop.http.get(f"/v1/checkouts/{opened['id']}", headers=KEY)
    assert shown.json() == {
        "id": opened["id"],
        "reference": "pay-1",
        "amount_minor": 15890,
        "currency": "BRL",
        "status": "open",
        "failure_code": None,
        "decline": None,
        "url": None,
        "paid_on": None,
        "merchant": "sandbox",
        "saved_method": None,
        "refunds": [],
        "disputes": [],
    }


async def test_the_same_key_and_body_give_the_same_answer_even_when_it_is_paid(shop: Shop) -> None:
    first = await shop.open()
    await shop.pay("approve")
    again = await shop.open()
    assert (again.status_code, again.json()) == (201, first.json())


async def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    await shop.open()
    answer = await shop.open(amount_minor=1)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "idempotency_key_reused"


async def test_two_requests_at_once_with_one_key_open_one_checkout(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.open() for _ in range(8)))
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 0},
        {"amount_minor": -5},
        {"amount_minor": 1.5},
        {"amount_minor": "15890"},
        {"currency": "brl"},
        {"return_url": "javascript:alert(1)"},
        {"card_number": "4242424242424242"},
    ],
)
async def test_a_malformed_checkout_is_refused(shop: Shop, changes: dict[str, Any]) -> None:
    answer = await shop.open(**changes)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


async def test_a_wrong_key_is_refused(shop: Shop) -> None:
    answer = await shop.http.get("/v1/checkouts?reference=x", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401


async def test_a_checkout_that_nobody_opened_is_not_found(shop: Shop) -> None:
    answer = await shop.http.get("/v1/checkouts/chk_none", headers=KEY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("outcome", "status", "failure"),
    [("approve", "succeeded", None), ("decline", "failed", "card_declined")],
)
async def test_an_outcome_sends_the_payer_back_and_a_signed_webhook(
    shop: Shop, outcome: str, status: str, failure: str | None
) -> None:
    back = await shop.pay(outcome)
    assert (back.status_code, back.headers["location"]) == (303, RETURN_URL)
    body, headers = await shop.receiver.next()
    event = json.loads(body)
    assert event["id"].startswith("evt_")
    assert event["type"] == f"checkout.{status}"
    assert event["data"] == await shop.state()
    assert (event["data"]["status"], event["data"]["failure_code"]) == (status, failure)
    assert_signed(body, headers["gateway-signature"])


def assert_signed(body: bytes, header: str) -> None:
    """The header is `t=<unix>,v1=<hmac>` over the raw body."""
    parts = dict(part.split("=", maxsplit=1) for part in header.split(","))
    signed = parts["t"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert parts["v1"] == expected


async def test_the_webhook_can_come_before_the_browsers_answer(shop: Shop) -> None:
    back = await shop.pay("webhook-before-response")
    assert shop.receiver.taken.qsize() == 1
    assert back.status_code == 303
    assert await shop.undelivered() == 0


async def test_a_payment_that_hangs_never_answers_and_stays_pending(shop: Shop) -> None:
    url = httpx.URL((await shop.open()).json()["url"])
    with pytest.raises(httpx.ReadTimeout):
        await shop.http.post(url.path, data={"outcome": "hang"}, timeout=0.3)
    assert (await shop.state())["status"] == "pending"
    assert await shop.undelivered() == 0


async def test_a_finished_payment_cannot_be_decided_again(shop: Shop) -> None:
    await shop.pay("decline")
    assert (await shop.pay("approve")).status_code == 303
    assert (await shop.state())["status"] == "failed"
    await shop.receiver.next()
    assert shop.receiver.taken.empty()


async def test_a_webhook_comes_again_until_it_is_taken(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "FIRST_PAUSE_S", 0.01)
    shop.receiver.answers = [500, 302, 404]
    await shop.pay("approve")
    bodies = {(await shop.receiver.next())[0] for _ in range(4)}
    assert len(bodies) == 1

    async def all_taken() -> bool:
        return await shop.undelivered() == 0

    await wait_until(all_taken)
    assert shop.receiver.taken.empty()


async def test_a_kill_loses_no_checkout_and_no_webhook(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sqlite"
    async with shop_with(path) as shop:
        shop.receiver.answers = [503] * 100
        await shop.pay("approve")
        await shop.receiver.next()
        assert await shop.undelivered() == 1
        # What a kill leaves: nothing is closed, the file is as it was.
        for suffix in ("", "-wal"):
            (tmp_path / f"copy{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
    async with shop_with(tmp_path / "copy") as revived:
        assert (await revived.state())["status"] == "succeeded"
        assert await revived.undelivered() == 1


async def test_an_open_checkout_can_be_closed_so_that_nobody_pays_it(shop: Shop) -> None:
    opened = (await shop.open()).json()["id"]
    closed = await shop.http.post(f"/v1/checkouts/{opened}/expire", headers=KEY)
    assert closed.json()["status"] == "expired"
    await shop.pay("approve")
    assert (await shop.state())["status"] == "expired"
    assert await shop.undelivered() == 0


@pytest.mark.parametrize(("language", "amount"), [("pt-BR", "R$ 158,90"), ("en", "R$158.90")])
async def test_the_payment_page_shows_the_amount_and_the_outcomes(
    shop: Shop, language: str, amount: str
) -> None:
    path = httpx.URL((await shop.open(description="<script>x</script>")).json()["url"]).path
    answer = await shop.http.get(path, headers={"Accept-Language": language})
    page = LexborHTMLParser(answer.text)
    assert page.css(".amount")[0].text().replace("\xa0", " ") == amount
    assert [button.attributes["value"] for button in page.css("button[name=outcome]")] == [
        "approve",
        "decline",
        "webhook-before-response",
        "hang",
        "decline-hard",
        "hang-after",
        "webhook-lost",
        "webhook-fifty",
        "wrong-amount",
        "dispute",
    ]
    assert page.css("script") == []
    policy = answer.headers["content-security-policy"]
    assert "form-action 'self' http://ponto.localhost:7100" in policy


async def test_an_unknown_outcome_is_refused(shop: Shop) -> None:
    assert (await shop.pay("steal")).status_code == 422
    assert (await shop.state())["status"] == "open"


async def test_the_first_page_lists_the_payments_with_their_pages(shop: Shop) -> None:
    assert "No payments yet" in (await shop.http.get("/")).text
    await shop.pay("decline")
    page = LexborHTMLParser((await shop.http.get("/")).text)
    assert page.css(".badge")[0].text() == "failed"
    assert page.css("tbody .amount-cell")[0].text() == "R$158.90"
