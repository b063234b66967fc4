"""Staff at the counter: what a hosting company does through the API while its clients look on."""

import json
from datetime import timedelta
from typing import Any

import httpx

from deploy.local.installation import Installation
from deploy.local.keys import OPERATOR
from deploy.local.state import Home
from shared.clock import SystemClock
from shared.ids import new_id
from shared.tokens import INTERNAL, Signer
from tests.journeys.platform import Platform

BYTES = "application/octet-stream"


class Counter:
    """A member of staff and a client of the demo's brand, signed in at the API."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._installation = Installation.open(Home(platform.home))
        self._http = httpx.Client(trust_env=False, timeout=30)
        self._staff = self._token_of("staff")["token"]
        client = self._token_of("client")
        self.account_id = str(client["account_id"])
        self._client = client["token"]

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _token_of(self, role: str) -> dict[str, Any]:
        person = self._platform.sign_in_of(role)
        said = {"brand": "ponto", "email": person["email"], "password": person["password"]}
        session = self._send("accounts", "POST /v1/sessions", json=said).json()["session"]
        key = json.loads(self._installation.secrets.signing_keys[OPERATOR])
        internal = Signer(OPERATOR, key).issue(
            "accounts", subject=f"service:{OPERATOR}", scopes=[INTERNAL], ttl_s=60
        )
        asked = "POST /internal/sessions/resolve"
        answer = self._send("accounts", asked, token=internal, json={"session": session})
        found: dict[str, Any] = answer.json()
        return found

    def _send(self, service: str, asked: str, *, token: str = "", **request: Any) -> httpx.Response:
        method, path = asked.split(" ", maxsplit=1)
        headers = {"Idempotency-Key": str(new_id()), **request.pop("headers", {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        address = self._installation.url(service) + path
        answer = self._http.request(method, address, headers=headers, **request)
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer

    def _ask(self, asked: str, **request: Any) -> httpx.Response:
        return self._send("billing", asked, token=self._staff, **request)

    def invoice(self, words: str, minor: int) -> dict[str, Any]:
        """Issue an invoice of one line for the client: `invoice_id`, `number`, `total_minor`."""
        wanted = f"/v1/accounts/{self.account_id}/drafts"
        draft = self._ask(f"POST {wanted}", json={"currency": "BRL"})
        path = f"/v1/drafts/{draft.json()['draft_id']}"
        line = {"description": words, "unit_minor": minor}
        match = {"If-Match": draft.headers["etag"]}
        added = self._ask(f"POST {path}/lines", json=line, headers=match)
        match = {"If-Match": added.headers["etag"]}
        due = {"due_on": f"{SystemClock().now() + timedelta(days=7):%Y-%m-%d}"}
        issued: dict[str, Any]
        issued = self._ask(f"POST {path}/issue", json=due, headers=match).json()
        return issued

    def boletos(self, invoice_id: str = "") -> list[dict[str, Any]]:
        """The client's boletos, or those of one invoice, newest first."""
        path = f"/v1/boletos?invoice_id={invoice_id}" if invoice_id else "/v1/boletos"
        found: list[dict[str, Any]]
        found = self._send("billing", f"GET {path}", token=self._client).json()
        return found

    def bring_statement(self, content: bytes) -> None:
        """Import a file of the bank."""
        self._ask("POST /v1/bank-statements", content=content, headers={"Content-Type": BYTES})

    def bring_return_file(self, content: bytes) -> None:
        """Upload a return file of boletos."""
        asked = "POST /v1/return-files?name=CB0001.RET"
        self._ask(asked, content=content, headers={"Content-Type": BYTES})
