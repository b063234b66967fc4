"""The sandbox's gateway: cards and wallets on a hosted page, saved methods, refunds, disputes.

Its protocol is that of deploy/local/sandbox/gateway.py; no money moves there.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
from pydantic import SecretStr

from services.billing.gateways.port import (
    Capabilities,
    ChargeRequest,
    DayEntry,
    Gateway,
    Notice,
    Opened,
    PageRequest,
    RefundRequest,
    Reported,
    ReportedRefund,
    ReportedSetup,
    SetupRequest,
    WebhookMalformed,
)
from services.billing.outside_calls import OutsideAnswer, OutsideSystem
from services.billing.webhooks.signature import check_signature

Read = TypeVar("Read")

NAME = "sandbox"
SIGNATURE = "gateway-signature"

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PAGE_FIELDS = (
    "reference",
    "amount_minor",
    "currency",
    "description",
    "return_url",
    "notify_url",
    "customer",
    "saves_method",
)


class _Named(msgspec.Struct, frozen=True):
    id: str = ""


class _Event(msgspec.Struct, frozen=True):
    id: str
    data: _Named = _Named()
    type: str = ""


class _Day(msgspec.Struct, frozen=True):
    entries: list[DayEntry]


class SandboxGateway(Gateway):
    """See `Gateway`."""

    name = NAME
    merchant = "sandbox"
    capabilities = Capabilities(
        hosted_page=True,
        saved_methods=True,
        refunds=True,
        webhooks=True,
        expires=True,
        reports_days=True,
        pending_days=5,
    )

    def __init__(self, *, url: str, key: SecretStr, webhook_secret: SecretStr) -> None:
        self._system = OutsideSystem(name="gateway", url=url, key=key)
        self._webhook_secret = webhook_secret

    async def open(self, request: PageRequest) -> Opened:
        """See `Gateway.open`."""
        said = {name: getattr(request, name) for name in _PAGE_FIELDS}
        answer = await self._post("/v1/checkouts", said, key=request.reference)
        return self._page(answer)

    async def look(self, id: str) -> Reported | None:
        """See `Gateway.look`."""
        if not _ID.fullmatch(id):
            return None
        return self._found(await self._system.call("GET", f"/v1/checkouts/{id}"), Reported)

    async def find(self, reference: str) -> Reported | None:
        """See `Gateway.find`."""
        params = {"reference": reference}
        return self._found(await self._system.call("GET", "/v1/checkouts", params=params), Reported)

    async def expire(self, id: str) -> Reported:
        """See `Gateway.expire`. The sandbox refuses with 409 where nothing is open any more."""
        answer = await self._system.call("POST", f"/v1/checkouts/{id}/expire")
        if answer.status == 409:
            answer = await self._system.call("GET", f"/v1/checkouts/{id}")
        return self._read(answer, Reported, status=200)

    async def charge(self, request: ChargeRequest) -> Reported:
        """See `Gateway.charge`."""
        said = msgspec.structs.asdict(request)
        answer = await self._post("/v1/charges", said, key=request.reference)
        return self._read(answer, Reported, status=201)

    async def refund(self, request: RefundRequest) -> ReportedRefund:
        """See `Gateway.refund`."""
        said = msgspec.structs.asdict(request)
        answer = await self._post("/v1/refunds", said, key=request.reference)
        return self._read(answer, ReportedRefund, status=201)

    async def open_setup(self, request: SetupRequest) -> Opened:
        """See `Gateway.open_setup`."""
        said = msgspec.structs.asdict(request)
        return self._page(await self._post("/v1/setups", said, key=request.reference))

    async def find_setup(self, reference: str) -> ReportedSetup | None:
        """See `Gateway.find_setup`."""
        params = {"reference": reference}
        answer = await self._system.call("GET", "/v1/setups", params=params)
        return self._found(answer, ReportedSetup)

    async def forget(self, token: str) -> None:
        """See `Gateway.forget`."""
        assert _ID.fullmatch(token), "tokens are those of the gateway"
        answer = await self._system.call("DELETE", f"/v1/methods/{token}")
        if answer.status not in {204, 404}:
            raise self._system.unknown(f"status {answer.status}")

    async def day(self, on: date) -> list[DayEntry]:
        """See `Gateway.day`. The sandbox's days are those of UTC."""
        answer = await self._system.call("GET", f"/v1/days/{on.isoformat()}")
        return self._read(answer, _Day, status=200).entries

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """See `Gateway.read_webhook`."""
        secret = self._webhook_secret.get_secret_value()
        check_signature(headers.get(SIGNATURE, ""), body, secret=secret, now=now)
        try:
            event = msgspec.json.decode(body, type=_Event)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise WebhookMalformed() from error
        is_setup = event.type.startswith("setup.")
        about = event.data.id
        return Notice(event_id=event.id, about=about, kind="setup" if is_setup else "attempt")

    async def close(self) -> None:
        """Close the connections."""
        await self._system.close()

    async def _post(self, path: str, said: Mapping[str, Any], *, key: str) -> OutsideAnswer:
        return await self._system.call("POST", path, json=said, headers={"idempotency-key": key})

    def _page(self, answer: OutsideAnswer) -> Opened:
        opened = self._read(answer, Opened, status=201)
        if not (opened.url or "").startswith(("https://", "http://")):
            raise self._system.unknown("no address of a page")
        return opened

    def _found(self, answer: OutsideAnswer, kind: type[Read]) -> Read | None:
        return None if answer.status == 404 else self._read(answer, kind, status=200)

    def _read(self, answer: OutsideAnswer, kind: type[Read], *, status: int) -> Read:
        if answer.status != status:
            raise self._system.unknown(f"status {answer.status}")
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._system.unknown("answer not understood") from error
