"""The sandbox panel's protocol: repetition, results by signed webhook, refusals, a kill."""

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

from deploy.local.sandbox import panel as panel_module
from deploy.local.sandbox.panel import Panel
from deploy.local.sandbox.settings import SandboxSettings
from tests.conftest import wait_until
from tests.deploy.toys import Receiver, serving

KEY = {"Authorization": "Bearer panel-key"}
SECRET = "panel-secret"


@dataclass
class Customer:
    """A billing platform in front of a running panel."""

    http: httpx.AsyncClient
    receiver: Receiver

    async def ask(self, request_id: str, action: str = "create", **changes: Any) -> httpx.Response:
        """Sends a request."""
        body = {
            "request_id": request_id,
            "action": action,
            "plan": "start",
            "domain": "padaria.example",
            "service_id": "service-1",
            "notify_url": self.receiver.url,
        }
        return await self.http.post("/api/requests", json=body | changes, headers=KEY)

    async def result_of(self, request_id: str, action: str = "create", **changes: Any) -> Any:
        """Sends a request and returns what the webhook says."""
        await self.ask(request_id, action, **changes)
        body, _ = await self.receiver.next()
        return json.loads(body)

    async def open_count(self) -> int:
        """How many requests are unfinished."""
        answer = await self.http.get("/api/requests?open=1", headers=KEY)
        return int(answer.json()["open"])


@asynccontextmanager
async def customer_of(path: Path) -> AsyncIterator[Customer]:
    """A customer of a panel that keeps its data at `path`."""
    settings = SandboxSettings(
        port=1, public_url="http://panel", data=path, key="panel-key", webhook_secret=SECRET
    )
    receiver = Receiver()
    async with receiver.listening(), serving(Panel(settings).app()) as http:
        yield Customer(http, receiver)


@pytest.fixture
async def customer(tmp_path: Path) -> AsyncIterator[Customer]:
    """A customer and a panel."""
    async with customer_of(tmp_path / "panel.sqlite") as opened:
        yield opened


async def test_a_request_is_taken_at_once_and_its_result_follows_signed(customer: Customer) -> None:
    answer = await customer.ask("r1")
    assert answer.status_code == 202
    body, headers = await customer.receiver.next()
    assert json.loads(body) == {
        "event_id": "pe_r1",
        "request_id": "r1",
        "service_id": "service-1",
        "action": "create",
        "result": "done",
        "reason": None,
    }
    parts = dict(part.split("=", maxsplit=1) for part in headers["panel-signature"].split(","))
    signed = parts["t"].encode() + b"." + body
    assert parts["v1"] == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


async def test_a_repeated_request_gives_the_same_answer_and_one_webhook(customer: Customer) -> None:
    first = await customer.ask("r1")
    again = await customer.ask("r1")
    assert (again.status_code, again.json()) == (200, first.json())
    await customer.receiver.next()

    async def all_done() -> bool:
        return await customer.open_count() == 0

    await wait_until(all_done)
    assert customer.receiver.taken.empty()


async def test_a_request_id_with_another_request_is_refused(customer: Customer) -> None:
    await customer.ask("r1")
    assert (await customer.ask("r1", domain="other.example")).status_code == 409


async def test_an_account_is_created_suspended_unsuspended_and_terminated(
    customer: Customer,
) -> None:
    for number, action in enumerate(("create", "suspend", "unsuspend", "terminate")):
        assert (await customer.result_of(f"r{number}", action))["result"] == "done"
    refused = await customer.result_of("r9", "unsuspend")
    assert (refused["result"], refused["reason"]) == ("refused", "service_terminated")
    page = (await customer.http.get("/")).text
    assert "padaria.example" in page
    assert "terminated" in page


async def test_a_domain_that_is_taken_is_refused(customer: Customer) -> None:
    result = await customer.result_of("r1", domain="please-refuse.example")
    assert (result["result"], result["reason"]) == ("refused", "domain_taken")
    shown = await customer.http.get("/api/requests/r1", headers=KEY)
    assert (shown.json()["status"], shown.json()["reason"]) == ("refused", "domain_taken")


async def test_suspending_what_the_panel_does_not_have_is_refused(customer: Customer) -> None:
    result = await customer.result_of("r1", "suspend")
    assert (result["result"], result["reason"]) == ("refused", "unknown_service")


async def test_a_request_that_a_kill_interrupted_is_carried_out_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "panel.sqlite"
    with monkeypatch.context() as slow:
        slow.setattr(panel_module, "WORK_TAKES_S", 3600)
        async with customer_of(path) as customer:
            await customer.ask("r1")
            assert await customer.open_count() == 1
    async with customer_of(path) as revived:

        async def is_done() -> bool:
            shown = await revived.http.get("/api/requests/r1", headers=KEY)
            return bool(shown.json()["status"] == "done")

        await wait_until(is_done)


@pytest.mark.parametrize("changes", [{"action": "destroy"}, {"domain": ""}, {"root": True}])
async def test_a_malformed_request_is_refused(customer: Customer, changes: dict[str, Any]) -> None:
    assert (await customer.ask("r1", **changes)).status_code == 422


async def test_a_request_without_the_key_is_refused(customer: Customer) -> None:
    assert (await customer.http.post("/api/requests", json={})).status_code == 401
