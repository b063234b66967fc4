"""Asking as a careful client does: each request under one key, until the answer is definite."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.local.installation import Installation
from deploy.local.keys import OPERATOR
from shared.tokens import INTERNAL, Signer
from tests.faults.books import Books, Person

ANSWER_WITHIN_S = 20.0
DEFINITE_WITHIN_S = 120.0
AGAIN_AFTER_S = 0.25
NOT_DEFINITE = {401, 429, 503}
FIRST_FAULT = 500


class NoDefiniteAnswer(Exception):
    """The platform did not answer one request for minutes."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One request. `key`: its Idempotency-Key; `is_form`: the body is a form."""

    name: str
    path: str
    method: str = "POST"
    body: Any = None
    key: str = ""
    is_form: bool = False


class Asker:
    """Sends wishes over HTTP and writes down what came of them."""

    def __init__(self, installation: Installation, books: Books) -> None:
        self.installation = installation
        self.books = books
        key = json.loads(installation.secrets.signing_keys[OPERATOR])
        self._signer = Signer(OPERATOR, key)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        self._http = httpx.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False, limits=limits)

    async def close(self) -> None:
        """End the connections."""
        await self._http.aclose()

    async def definite(self, wish: Wish, person: Person | None = None) -> httpx.Response:
        """The first definite answer; `person` asks in the own name, else the operator does."""
        until = time.monotonic() + DEFINITE_WITHIN_S
        while time.monotonic() < until:
            answer = await self.once(wish, person)
            if answer is None:
                self.books.silences += 1
            elif answer.status_code in NOT_DEFINITE:
                await self._make_up(wish, answer, person)
            elif answer.status_code < FIRST_FAULT:
                return answer
            await asyncio.sleep(AGAIN_AFTER_S)
        raise NoDefiniteAnswer(f"{wish.name} {wish.path}")

    async def once(self, wish: Wish, person: Person | None = None) -> httpx.Response | None:
        """One try; None when there was no answer."""
        begun = time.monotonic()
        try:
            answer = await self._send(wish, person)
        except httpx.TransportError:
            return None
        finally:
            self.books.slowest_s = max(self.books.slowest_s, time.monotonic() - begun)
        self.books.statuses[answer.status_code] += 1
        if answer.status_code >= FIRST_FAULT and answer.status_code != 503:
            self.books.faults.append(f"{wish.name} {wish.path}: {answer.status_code} {answer.text}")
        return answer

    def _url(self, path: str) -> str:
        service, _, rest = path.partition("/")
        return path if path.startswith("http") else f"{self.installation.url(service)}/{rest}"

    async def _send(self, wish: Wish, person: Person | None) -> httpx.Response:
        service = wish.path.partition("/")[0]
        headers = {"Idempotency-Key": wish.key} if wish.key else {}
        if person and person.address:
            headers["Faktura-Client-Address"] = person.address
        if person and person.token:
            headers["Authorization"] = f"Bearer {person.token}"
        elif not wish.path.startswith("http"):
            headers["Authorization"] = f"Bearer {self._operators_token(service)}"
        body = {"data" if wish.is_form else "json": wish.body}
        return await self._http.request(wish.method, self._url(wish.path), headers=headers, **body)

    def _operators_token(self, service: str) -> str:
        return self._signer.issue(
            service, subject=f"service:{OPERATOR}", scopes=[INTERNAL], ttl_s=60
        )

    async def _make_up(self, wish: Wish, answer: httpx.Response, person: Person | None) -> None:
        """What a client does about an answer that is not definite: a new token, or patience."""
        if answer.status_code == 401 and person and person.session:
            await self.renew(person)
        elif answer.status_code == 429:
            await asyncio.sleep(min(float(answer.headers.get("retry-after", 1)), 5.0))

    async def renew(self, person: Person) -> None:
        """A fresh token for the person's session; until it is there the old one is in use."""
        resolve = Wish(
            name="resolve",
            path="accounts/internal/sessions/resolve",
            body={"session": person.session},
        )
        answer = await self.definite(resolve)
        assert answer.status_code == 200, f"the session is gone: {answer.text}"
        person.token = answer.json()["token"]
        person.account_id = str(answer.json()["account_id"] or "")
