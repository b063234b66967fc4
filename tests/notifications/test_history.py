"""Who may read which mails, newest first and page by page."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc.jwk import OKPKey

from services.notifications.mail.routes import router
from services.notifications.mail.views import apply
from shared.consumers.group import Consumers
from shared.contracts.notifications import EmailSent
from shared.http.app import Service, create_app
from shared.ids import new_id
from shared.tokens import INTERNAL, Signer
from tests.feeding import feed
from tests.notifications.post_office import PostOffice
from tests.notifications.samples import ACCOUNT, EVENT, envelope_of

OPERATOR = OKPKey.generate_key("Ed25519").as_dict(private=True)


class Reader:
    """Asks for mails as somebody."""

    def __init__(self, http: httpx.AsyncClient, signer: Signer) -> None:
        self.http = http
        self._signer = signer

    async def get(
        self, path: str, *, account_id: UUID | None = ACCOUNT, scope: str = "client"
    ) -> httpx.Response:
        token = self._signer.issue(
            "notifications",
            subject=str(new_id()),
            scopes=[scope],
            account_id=account_id,
            brand="ponto",
        )
        return await self.http.get(path, headers={"authorization": f"Bearer {token}"})


@pytest.fixture
async def reader(office: PostOffice) -> AsyncIterator[Reader]:
    settings: Any = SimpleNamespace(
        service="notifications",
        peers={"accounts": ("http://accounts",)},
        operator_jwk=OPERATOR,
        allowed_hosts=["testserver"],
    )
    accounts = Signer("accounts", OKPKey.generate_key("Ed25519").as_dict(private=True))
    consumers = Consumers([], office.store, office.peers)
    app = create_app(
        Service(
            settings=settings,
            store=office.store,
            signer=accounts,
            consumers=consumers,
            routers=[router],
        )
    )
    keys = [OKPKey.import_key(key) for key in accounts.jwks()["keys"]]
    app.state.verifier._kept["accounts"] = (float("inf"), keys)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield Reader(http, accounts)


async def mailed(office: PostOffice, *subjects: str) -> list[str]:
    """Mails of one instant to the account; their ids."""
    ids = [new_id() for _ in subjects]
    async with office.store.pool.acquire() as db:
        for id, subject in zip(ids, subjects, strict=True):
            event = EmailSent(
                message_id=id,
                template="invoice_issued",
                cause_id=EVENT,
                language="pt-BR",
                recipient="ana@example.com",
                subject=subject,
            )
            await feed(db, apply, envelope_of(event))
    return [str(id) for id in ids]


async def test_a_client_reads_the_mails_of_its_account(office: PostOffice, reader: Reader) -> None:
    [id] = await mailed(office, "Fatura PON-2026-000001")
    answer = await reader.get("/v1/emails")
    assert answer.json() == {
        "emails": [
            {
                "id": id,
                "template": "invoice_issued",
                "cause_id": str(EVENT),
                "status": "sent",
                "happened_at": "2026-11-30T12:05:00Z",
                "language": "pt-BR",
                "recipient": "ana@example.com",
                "subject": "Fatura PON-2026-000001",
                "reason": None,
            }
        ],
        "after": None,
    }


async def test_a_client_never_sees_the_mails_of_another_account(
    office: PostOffice, reader: Reader
) -> None:
    [id] = await mailed(office, "Fatura PON-2026-000001")
    other = new_id()
    assert (await reader.get("/v1/emails", account_id=other)).json()["emails"] == []
    foreign = await reader.get(f"/v1/emails?after={id}", account_id=other)
    assert foreign.json() == {"emails": [], "after": None}
    assert (await reader.get(f"/v1/emails?account_id={ACCOUNT}", account_id=other)).json()[
        "emails"
    ] == []


async def test_pages_follow_each_other_without_gap_or_repetition(
    office: PostOffice, reader: Reader
) -> None:
    ids = await mailed(office, *"abcde")
    found: list[list[str]] = []
    after: str | None = ""
    while after is not None:
        page = (await reader.get(f"/v1/emails?limit=2{after and f'&after={after}'}")).json()
        found.append([mail["id"] for mail in page["emails"]])
        after = page["after"]
    assert [len(page) for page in found] == [2, 2, 1]
    assert [id for page in found for id in page] == sorted(ids, reverse=True)


async def test_the_console_reads_the_mails_of_any_account(
    office: PostOffice, reader: Reader
) -> None:
    await mailed(office, "Fatura PON-2026-000001")
    path = f"/internal/emails?account_id={ACCOUNT}"
    answer = await reader.get(path, account_id=None, scope=INTERNAL)
    assert [mail["subject"] for mail in answer.json()["emails"]] == ["Fatura PON-2026-000001"]


@pytest.mark.parametrize(
    ("path", "scope", "status"),
    [
        ("/v1/emails?limit=101", "client", 422),
        ("/v1/emails?limit=0", "client", 422),
        ("/v1/emails?after=1", "client", 422),
        ("/internal/emails", INTERNAL, 422),
        (f"/internal/emails?account_id={ACCOUNT}", "client", 403),
        (f"/internal/emails?account_id={ACCOUNT}", "staff", 403),
        ("/v1/emails", "staff", 403),
    ],
)
async def test_what_is_wrong_or_not_allowed_is_a_problem(
    reader: Reader, path: str, scope: str, status: int
) -> None:
    answer = await reader.get(path, scope=scope)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_stranger_reads_nothing(reader: Reader) -> None:
    assert (await reader.http.get("/v1/emails")).status_code == 401
    assert (await reader.http.get(f"/internal/emails?account_id={ACCOUNT}")).status_code == 401
