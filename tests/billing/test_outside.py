"""What comes from outside is data: odd answers are unknown, signatures cover the raw bytes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from unittest.mock import patch

import msgspec
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.billing import outside_calls
from services.billing.gateways.port import PageRequest, Reported
from services.billing.gateways.sandbox import SandboxGateway
from services.billing.outside_calls import OutcomeUnknown
from services.billing.provisioning.panel import HostingPanel, PanelAnswer, PanelRequest
from services.billing.webhooks.signature import SignatureInvalid, check_signature, sign
from shared.consumers import Refused
from tests.billing.house import serving
from tests.servers import free_port

KEY = SecretStr("only-for-tests-on-loopback")
CHECKOUT = {
    "id": "chk_1",
    "reference": "p",
    "amount_minor": 2990,
    "currency": "BRL",
    "status": "open",
    "failure_code": None,
}
REQUEST = PageRequest(
    reference="p",
    amount_minor=2990,
    currency="BRL",
    description="PON-2026-000001",
    return_url="http://ponto.localhost/",
    notify_url="http://127.0.0.1/",
)
PANEL_REQUEST = PanelRequest(
    request_id="r",
    action="create",
    plan="start",
    domain="a.example",
    service_id="s",
    notify_url="http://127.0.0.1/",
)
HANG = asyncio.Event()

ODD: dict[str, Response] = {
    "html": HTMLResponse("<h1>It works</h1>"),
    "garbage": Response(b"{not json", media_type="application/json"),
    "redirect": RedirectResponse("http://127.0.0.1:1/"),
    "fault": JSONResponse({}, 500),
    "empty": Response(status_code=204),
    "huge": Response(b" " * (1024 * 1024 + 1)),
    "float": JSONResponse({**CHECKOUT, "amount_minor": 29.9, "url": "ftp://x"}),
    "text": JSONResponse({**CHECKOUT, "amount_minor": "2990", "url": 1}),
    "status": JSONResponse({**CHECKOUT, "status": "captured", "url": "javascript:1"}),
    "missing": JSONResponse({"id": "chk_1"}),
}


def sandbox_at(url: str) -> SandboxGateway:
    return SandboxGateway(url=url, key=KEY, webhook_secret=KEY)


async def answer_oddly(request: Request) -> Response:
    mode = request.path_params["mode"]
    if mode == "hang":
        await HANG.wait()
    if mode.startswith("status-"):
        return JSONResponse({}, int(mode.removeprefix("status-")))
    if mode == "page":
        return JSONResponse({"id": "chk_1", "url": "javascript:alert(1)"}, 201)
    return ODD[mode]


@pytest.fixture
async def odd_url() -> AsyncIterator[str]:
    """Where a server listens whose answers are odd in the way that the path says."""
    routes = [Route("/{mode}/{rest:path}", answer_oddly, methods=["GET", "POST"])]
    port = free_port()
    async with serving(Starlette(routes=routes), port):
        yield f"http://127.0.0.1:{port}"


async def test_a67_an_odd_answer_of_the_gateway_is_unknown_and_never_a_failure(
    odd_url: str,
) -> None:
    for mode in (*ODD, "page", "status-201", "status-401", "status-409"):
        gateway = sandbox_at(f"{odd_url}/{mode}")
        for question in (gateway.open(REQUEST), gateway.find("p"), gateway.look("chk_1")):
            with pytest.raises(OutcomeUnknown):
                await question
        await gateway.close()


async def test_a67_an_answer_that_never_ends_is_unknown_after_its_time(odd_url: str) -> None:
    gateway = sandbox_at(f"{odd_url}/hang")
    with patch.object(outside_calls, "TOTAL_S", 0.05), pytest.raises(OutcomeUnknown):
        await gateway.find("p")
    HANG.set()
    await gateway.close()


async def test_what_the_gateway_does_not_have_is_none(odd_url: str) -> None:
    gateway = sandbox_at(f"{odd_url}/status-404")
    assert await gateway.find("p") is None
    assert await gateway.look("chk_1") is None
    assert await gateway.look("../../v1/checkouts") is None
    await gateway.close()


async def test_an_odd_answer_of_the_panel_is_unknown(odd_url: str) -> None:
    for mode in ("html", "garbage", "redirect", "fault", "huge", "missing"):
        panel = HostingPanel(url=f"{odd_url}/{mode}", key=KEY)
        with pytest.raises(OutcomeUnknown):
            await panel.answer("r")
        if mode in {"redirect", "fault", "huge"}:
            with pytest.raises(OutcomeUnknown):
                await panel.request(PANEL_REQUEST)
        await panel.close()


async def test_a_request_that_the_panel_finds_wrong_is_refused_for_good(odd_url: str) -> None:
    for status in (400, 409, 422):
        panel = HostingPanel(url=f"{odd_url}/status-{status}", key=KEY)
        with pytest.raises(Refused):
            await panel.request(PANEL_REQUEST)
        await panel.close()
    panel = HostingPanel(url=f"{odd_url}/status-404", key=KEY)
    assert await panel.answer("r") is None
    await panel.close()


def test_proper_answers_are_read() -> None:
    checkout = msgspec.convert({**CHECKOUT, "new_field": 1}, Reported)
    assert (checkout.status, checkout.amount_minor) == ("open", 2990)
    answer = {"request_id": "r", "service_id": "s", "status": "refused", "reason": "busy"}
    assert msgspec.convert(answer, PanelAnswer).reason == "busy"


BODY = b'{"id": "evt_1"}'
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
SECRET = "a secret of the tests"


def test_the_right_signature_about_now_is_taken() -> None:
    for at in (AT - 300, AT, AT + 300):
        check_signature(sign(BODY, SECRET, at=at), BODY, secret=SECRET, now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        "t=1",
        f"t={AT},v1=",
        f"v1={'0' * 64},t={AT}",
        f"t={AT},v2={'0' * 64}",
        f"t={AT},v1={'0' * 64}",
        f"t={AT},v1={'g' * 64}",
        f"t={10**30},v1={'0' * 64}",
        f"t={AT},v1={'0' * 64}," * 1000,
        "t=١,v1=" + "0" * 64,
        sign(BODY + b" ", SECRET, at=AT),
        sign(BODY, "another secret", at=AT),
        sign(BODY, SECRET, at=AT - 301),
        sign(BODY, SECRET, at=AT + 301),
        sign(BODY, SECRET, at=AT).upper(),
    ],
)
def test_a60_a62_any_other_signature_is_refused(header: str) -> None:
    with pytest.raises(SignatureInvalid):
        check_signature(header, BODY, secret=SECRET, now=NOW)
