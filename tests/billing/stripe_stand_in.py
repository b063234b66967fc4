"""Stripe for tests: localstripe in a process of its own, and in front of it a proxy with the rest.

localstripe has customers, cards, payments, refunds, balance and signed webhooks. The proxy adds
what it lacks (idempotency keys, hosted pages, disputes, errors that name the attempt) and drops
what it refuses. Payers and banks act through the methods of `StripeStandIn`.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import msgspec
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.billing.gateways.stripe.signature import sign
from shared.clock import unix_now
from shared.ids import new_id
from tests.billing.house import serving
from tests.conftest import wait_until
from tests.servers import free_port

KEY = SecretStr("sk_test_only_for_tests_on_loopback")
GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000341"
"""It can be saved; charges of it are declined."""
CONFIRMED_CARD = "4000002760003184"
"""Its bank wants the payer to confirm each payment (3-D Secure)."""

_LOCALSTRIPE = """
import sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None  # else it writes everything to /tmp each time
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""
_DROPPED = {
    "description",
    "allowed_payment_method_types[0]",
    "return_url",
    "created[gte]",
    "created[lt]",
}
_DECLINED = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
_CONFIRM = {
    "type": "card_error",
    "code": "authentication_required",
    "decline_code": "authentication_required",
    "message": "Your card was declined. This transaction requires authentication.",
}


Wrong = Callable[[str], Awaitable[Response | None]]
"""A path -> what is answered instead, or None."""


async def nothing_wrong(_: str) -> Response | None:
    """What is asked for is done and answered."""
    return None


@contextmanager
def running_localstripe() -> Iterator[str]:
    """localstripe on a port of loopback, for the time of the block; where it listens."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", _LOCALSTRIPE, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class StripeStandIn:
    """What stands in front of localstripe, and what payers and banks do there."""

    def __init__(self, *, url: str, behind: httpx.AsyncClient, own_port: int) -> None:
        self.url = url
        self.own_port = own_port
        self.webhook_url = ""
        self.secrets = [SecretStr("whsec_only_for_tests_on_loopback")]
        self.decline_code = "generic_decline"
        self.pages: dict[str, dict[str, Any]] = {}
        self.disputes: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.breaks: Callable[[str], Response | None] = lambda path: None
        """What is answered instead, after all was done: a path -> an answer, or None."""
        self.before: Wrong = nothing_wrong
        self.after: Wrong = nothing_wrong
        """What goes wrong with the first request under a key, before or after it is carried out."""
        self.told: list[tuple[dict[str, str], bytes]] = []
        """Every webhook, whether somebody listens or not: headers and body."""
        self._behind = behind
        self._answers: dict[str, tuple[bytes, Response | None]] = {}
        self._metadata: dict[str, dict[str, str]] = {}
        self._unconfirmed: set[str] = set()

    def app(self) -> Starlette:
        """The proxy."""
        sessions = "/v1/checkout/sessions"
        return Starlette(
            routes=[
                Route(sessions, self._keyed(self._open_page), methods=["POST"]),
                Route(sessions, self._list_pages),
                Route(sessions + "/{id}", self._page),
                Route(sessions + "/{id}/expire", self._keyed(self._expire_page), methods=["POST"]),
                Route("/v1/disputes", self._list_disputes),
                Route("/{path:path}", self._keyed(self._forward), methods=["GET", "POST"]),
            ]
        )

    # ------------------------------------------------------------------ what payers and banks do

    async def pay(self, page_url: str, number: str = GOOD_CARD) -> dict[str, Any]:
        """Type a card into a hosted page; the page as it is then. It tells our webhook."""
        page = self.pages[page_url.rpartition("/")[2]]
        assert page["status"] == "open", "a page that is over takes no card"
        method = await self._card(number)
        customer = None
        if page["_keeps_card"]:
            customer = (await self._do("customers"))["id"]
            await self._do(f"payment_methods/{method}/attach", customer=customer)
        if page["mode"] == "setup":
            await self._set_up(page, method=method, customer=customer)
        else:
            await self._charge(page, method=method, customer=customer)
        return page

    async def confirm(self, url: str, *, success: bool = True) -> None:
        """Do at the bank's page what it asks for, or fail to."""
        intent = await self._get(f"payment_intents/{url.rpartition('/')[2]}")
        await self._do(
            f"payment_intents/{intent['id']}/_authenticate",
            client_secret=intent["client_secret"],
            success="true" if success else "false",
        )
        for page in self.pages.values():
            if page["payment_intent"] == intent["id"]:
                await self._complete(page)

    async def dispute(self, intent_id: str, *, status: str = "needs_response") -> dict[str, Any]:
        """The payer asks their bank for the money back."""
        intent = await self._get(f"payment_intents/{intent_id}")
        dispute = {
            "object": "dispute",
            "id": f"du_{new_id().hex}",
            "created": unix_now(),
            "amount": intent["amount"],
            "currency": intent["currency"],
            "payment_intent": intent_id,
            "status": status,
            "reason": "fraudulent",
            "evidence_details": {"due_by": unix_now() + 7 * 86400},
        }
        self.disputes.append(dispute)
        await self.tell("charge.dispute.created", dispute)
        return dispute

    async def tell(self, kind: str, thing: Mapping[str, Any], **more: Any) -> httpx.Response | None:
        """Send a signed webhook; None when nobody listens."""
        event = {"id": f"evt_{new_id().hex}", "type": kind, "data": {"object": _shown(thing)}}
        body = msgspec.json.encode({**event, **more})
        headers = {"stripe-signature": sign(body, self.secrets, at=unix_now())}
        self.told.append((headers, body))
        if not self.webhook_url:
            return None
        async with httpx.AsyncClient() as http:
            return await http.post(self.webhook_url, content=body, headers=headers)

    async def listen(self, webhook_url: str) -> None:
        """Have localstripe and its proxy tell this address, with the newest secret."""
        self.webhook_url = webhook_url
        answer = await self._behind.post(
            "/_config/webhooks/tests",
            json={
                "url": webhook_url,
                "secret": self.secrets[0].get_secret_value(),
                "events": ["payment_intent.succeeded", "payment_intent.payment_failed"],
            },
        )
        assert answer.is_success, answer.text

    async def charges(self, reference: str) -> list[dict[str, Any]]:
        """The payments that went through with a reference of ours: one, whatever happened."""
        listed = await self._get("payment_intents?limit=1000")
        return [
            each
            for each in listed["data"]
            if each["metadata"].get("reference") == reference and each["status"] == "succeeded"
        ]

    # --------------------------------------------------------------------------------- the proxy

    def _keyed(self, handle: Callable[[Request], Any]) -> Callable[[Request], Any]:
        """An idempotency key is good for one request; again, it gives the first answer."""

        async def answer(request: Request) -> Response:
            self.asked.append(f"{request.method} {request.url.path}")
            if request.headers.get("authorization") != f"Bearer {KEY.get_secret_value()}":
                return _error(401, type="invalid_request_error", message="Invalid API Key")
            key = request.headers.get("idempotency-key", "")
            said = request.url.path.encode() + b"?" + await request.body()
            known = self._answers.get(key)
            if known is not None and known[0] != said:
                return _error(400, type="idempotency_error", message="Keys are for one request.")
            if known is not None and known[1] is None:
                return _error(409, type="idempotency_error", code="idempotency_key_in_use")
            if known is not None and known[1] is not None:
                return self.breaks(request.url.path) or known[1]
            return await self._first(request, handle, key=key, said=said)

        return answer

    async def _first(
        self, request: Request, handle: Callable[[Request], Any], *, key: str, said: bytes
    ) -> Response:
        if wrong := await self.before(request.url.path):
            return wrong
        if key:
            self._answers[key] = said, None
        response: Response = await handle(request)
        if key and response.status_code in (400, 404):
            del self._answers[key]  # what does not pass validation is not kept
        elif key:
            self._answers[key] = said, response
        path = request.url.path
        return await self.after(path) or self.breaks(path) or response

    async def _forward(self, request: Request) -> Response:
        path, params = request.url.path, _pairs(await request.body())
        asked = [pair for pair in params if pair[0] not in _DROPPED]
        if path.endswith("/confirm"):
            self._unconfirmed.discard(path.split("/")[-2])
            asked = [pair for pair in asked if pair[0] != "payment_method"]
            return await self._relay("GET", path.removesuffix("/confirm"))
        refuses = {"/v1/refunds": self._refuse_refund, "/v1/payment_intents": self._refuse_charge}
        if path in refuses and request.method == "POST":
            refused = await refuses[path](dict(params))
            if refused is not None:
                return refused
        query = [pair for pair in request.query_params.multi_items() if pair[0] not in _DROPPED]
        answer = await self._relay(request.method, path, query=query, form=asked)
        if path == "/v1/payment_intents" and request.method == "POST":
            return await self._made(answer, dict(params))
        if path == "/v1/payment_intents":
            return self._since(answer, request.query_params.get("created[gte]", "0"))
        return answer

    async def _relay(
        self,
        method: str,
        path: str,
        *,
        query: list[tuple[str, str]] | None = None,
        form: list[tuple[str, str]] | None = None,
    ) -> Response:
        answer = await self._behind.request(
            method,
            path,
            params=urlencode(query or []),
            content=urlencode(form or []),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        body = answer.json()
        if answer.status_code == 404:
            body["error"]["code"] = "resource_missing"
        if answer.status_code == 402:
            body["error"] |= {**_DECLINED, "decline_code": self.decline_code}
            charge = await self._get(f"charges/{body['error']['charge']}")
            body["error"]["payment_intent"] = await self._get(
                f"payment_intents/{charge['payment_intent']}"
            )
        return JSONResponse(self._completed(body), answer.status_code)

    async def _made(self, answer: Response, params: dict[str, str]) -> Response:
        """A charge while the payer is away that its bank wants confirmed is a decline."""
        made = msgspec.json.decode(answer.body)
        intent = made.get("error", {}).get("payment_intent", made)
        if "id" not in intent:
            return answer
        self._metadata[intent["id"]] = intent["metadata"]
        if params.get("off_session") == "true" and intent["status"] == "requires_action":
            self._unconfirmed.add(intent["id"])
            error = {**_CONFIRM, "payment_intent": self._completed(intent)}
            return JSONResponse({"error": error}, 402)
        return JSONResponse(self._completed(made), answer.status_code)

    def _since(self, answer: Response, gte: str) -> Response:
        listed = msgspec.json.decode(answer.body)
        listed["data"] = [each for each in listed["data"] if each["created"] >= int(gte)]
        return JSONResponse(listed)

    async def _refuse_refund(self, params: dict[str, str]) -> Response | None:
        """localstripe gives back more than there was."""
        intent = await self._get(f"payment_intents/{params['payment_intent']}")
        charge = intent["latest_charge"]
        left = charge["amount"] - charge["amount_refunded"]
        if left == 0:
            return _error(400, type="invalid_request_error", code="charge_already_refunded")
        if int(params["amount"]) > left:
            return _error(400, type="invalid_request_error", param="amount")
        return None

    async def _refuse_charge(self, params: dict[str, str]) -> Response | None:
        """localstripe charges what was detached from its customer."""
        answer = await self._behind.get(f"/v1/payment_methods/{params['payment_method']}")
        if answer.is_success and answer.json()["customer"] != params["customer"]:
            return _error(400, type="invalid_request_error", code="resource_missing")
        return None

    def _completed(self, thing: Any) -> Any:
        """What localstripe tells, with the fields that it leaves out."""
        if isinstance(thing, list):
            return [self._completed(each) for each in thing]
        if not isinstance(thing, dict):
            return thing
        thing = {name: self._completed(value) for name, value in thing.items()}
        if thing.get("object") == "charge":
            name = thing["payment_intent"]
            thing["metadata"] = self._metadata.get(name, {})
            thing["disputed"] = any(each["payment_intent"] == name for each in self.disputes)
        if thing.get("object") == "payment_intent":
            self._complete_intent(thing)
        return thing

    def _complete_intent(self, intent: dict[str, Any]) -> None:
        is_paid = intent["status"] == "succeeded"
        intent["amount_received"] = intent["amount"] if is_paid else 0
        if intent["last_payment_error"] and "decline_code" not in intent["last_payment_error"]:
            intent["last_payment_error"]["decline_code"] = self.decline_code
        if intent["status"] == "requires_action":
            url = f"{self.url}/bank/{intent['id']}"
            intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url}}
        if intent["id"] in self._unconfirmed:
            intent["status"] = "requires_payment_method"
            intent["next_action"] = None
            intent["last_payment_error"] = _CONFIRM

    # ---------------------------------------------------------------------------------- the pages

    async def _open_page(self, request: Request) -> Response:
        given = dict(_pairs(await request.body()))
        name = f"cs_test_{new_id().hex}"
        line = "line_items[0][price_data]"
        amount = given.get(f"{line}[unit_amount]")
        data = "payment_intent_data"
        page = {
            "object": "checkout.session",
            "id": name,
            "created": unix_now(),
            "mode": given["mode"],
            "status": "open",
            "payment_status": "no_payment_required" if given["mode"] == "setup" else "unpaid",
            "client_reference_id": given.get("client_reference_id"),
            "amount_total": int(amount) if amount else None,
            "currency": given.get(f"{line}[currency]"),
            "customer": None,
            "url": f"{self.url}/pages/{name}",
            "payment_intent": None,
            "setup_intent": None,
            "metadata": {"reference": given["metadata[reference]"]},
            "_keeps_card": given.get("customer_creation") == "always",
            "_intent_metadata": {
                name: given[f"{data}[metadata][{name}]"]
                for name in ("reference", "by_page")
                if f"{data}[metadata][{name}]" in given
            },
        }
        self.pages[name] = page
        return JSONResponse(_shown(page))

    async def _page(self, request: Request) -> Response:
        page = self.pages.get(request.path_params["id"])
        if page is None:
            return _error(404, type="invalid_request_error", code="resource_missing")
        return JSONResponse(_shown(page))

    async def _list_pages(self, request: Request) -> Response:
        query = request.query_params
        found = [
            _shown(page)
            for page in reversed(self.pages.values())
            if query.get("payment_intent") in (None, page["payment_intent"])
            and page["created"] >= int(query.get("created[gte]", 0))
        ]
        names = [page["id"] for page in found]
        after = names.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        end = after + int(query["limit"])
        return JSONResponse({"data": found[after:end], "has_more": end < len(found)})

    async def _expire_page(self, request: Request) -> Response:
        page = self.pages[request.path_params["id"]]
        if page["status"] != "open":
            return _error(400, type="invalid_request_error", message="Only open ones.")
        page |= {"status": "expired", "url": None}
        await self.tell("checkout.session.expired", page)
        return JSONResponse(_shown(page))

    async def _list_disputes(self, request: Request) -> Response:
        wanted = request.query_params["payment_intent"]
        found = [each for each in self.disputes if each["payment_intent"] == wanted]
        return JSONResponse({"data": found, "has_more": False})

    async def _set_up(self, page: dict[str, Any], *, method: str, customer: str | None) -> None:
        setup = await self._do("setup_intents", customer=customer or "")
        await self._do(f"setup_intents/{setup['id']}/confirm", payment_method=method)
        page |= {"setup_intent": setup["id"], "customer": customer}
        page |= {"status": "complete", "url": None}
        await self.tell("checkout.session.completed", page)

    async def _charge(self, page: dict[str, Any], *, method: str, customer: str | None) -> None:
        asked = {f"metadata[{name}]": value for name, value in page["_intent_metadata"].items()}
        if customer:
            asked["customer"] = customer
        answer = await self._behind.post(
            "/v1/payment_intents",
            data={
                "amount": page["amount_total"],
                "currency": page["currency"],
                "payment_method": method,
                "confirm": "true",
                **asked,
            },
        )
        made = answer.json()
        if answer.status_code == 402:
            charge = await self._get(f"charges/{made['error']['charge']}")
            page["payment_intent"] = charge["payment_intent"]
            return
        page |= {"payment_intent": made["id"], "customer": customer}
        self._metadata[made["id"]] = made["metadata"]
        if made["status"] == "succeeded":
            await self._complete(page)

    async def _complete(self, page: dict[str, Any]) -> None:
        intent = await self._get(f"payment_intents/{page['payment_intent']}")
        if intent["status"] == "succeeded":
            page |= {"status": "complete", "payment_status": "paid", "url": None}
            await self.tell("checkout.session.completed", page)

    async def _card(self, number: str) -> str:
        made = await self._do(
            "payment_methods",
            **{
                "type": "card",
                "card[number]": number,
                "card[exp_month]": "12",
                "card[exp_year]": "2030",
                "card[cvc]": "123",
            },
        )
        name: str = made["id"]
        return name

    async def _get(self, path: str) -> dict[str, Any]:
        answer = await self._behind.get(f"/v1/{path}")
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def _do(self, path: str, **params: str) -> dict[str, Any]:
        answer = await self._behind.post(f"/v1/{path}", data=params)
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()
        return made


@asynccontextmanager
async def stripe_in_front_of(localstripe_url: str) -> AsyncIterator[StripeStandIn]:
    """The proxy, once both answer."""
    port = free_port()
    headers = {"authorization": f"Bearer {KEY.get_secret_value()}"}
    async with httpx.AsyncClient(base_url=localstripe_url, headers=headers) as behind:

        async def answers() -> bool:
            try:
                return (await behind.get("/v1/balance")).is_success
            except httpx.TransportError:
                return False

        await wait_until(answers)
        stand_in = StripeStandIn(url=f"http://127.0.0.1:{port}", behind=behind, own_port=port)
        async with serving(stand_in.app(), port):
            yield stand_in


def _pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode(), keep_blank_values=True)


def _shown(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if not name.startswith("_")}


def _error(status: int, **error: str) -> Response:
    return JSONResponse({"error": error}, status)
