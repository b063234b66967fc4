"""The JSON API: the same reads for a token or a session, one problem for each kind of refusal."""

from typing import Any

import httpx
import pytest

from services.portal.api import AccountOut, InvoiceDocument, TicketDocument
from shared.http import Answer
from shared.tokens import Signer
from tests.portal.house import BROWSER, CLIENT, STAFF, STRANGER, House, new_key
from tests.portal.world import STATES, World, normal

LISTS = ("services", "invoices", "tickets", "emails")
PROBLEM = "application/problem+json"


def token_of(house: House, world: World, **more: Any) -> dict[str, str]:
    claims = {"account_id": world.account_id, "brand": "ponto", "scopes": ["client"], **more}
    token = house.accounts.issue("portal", subject=str(world.user_id), **claims)
    return {"Authorization": f"Bearer {token}"}


async def get(house: House, path: str, headers: dict[str, str]) -> httpx.Response:
    async with house.browser() as browser:
        return await browser.get(f"/api/v1/{path}", headers=headers)


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_the_same_for_a_token_and_for_a_session(house: House, name: str) -> None:
    world = await house.tell(normal())
    by_token = await get(house, name, token_of(house, world))
    async with house.browser(CLIENT) as browser:
        by_session = await browser.get(f"/api/v1/{name}")
    assert by_token.status_code == 200
    assert by_token.json() == by_session.json()
    assert by_token.json()["items"]


async def test_an_account_sees_only_its_own(house: House) -> None:
    world = await house.tell(normal())
    own = token_of(house, world)
    foreign = token_of(house, World())
    for name in LISTS:
        assert (await get(house, name, foreign)).json() == {"items": [], "next": None}
    for name in ("invoices", "tickets"):
        item = (await get(house, name, own)).json()["items"][0]
        path = f"{name}/{item[name[:-1] + '_id']}"
        assert (await get(house, path, own)).status_code == 200
        assert (await get(house, path, foreign)).status_code == 404


async def test_an_invoice_is_a_document_with_an_etag(house: House) -> None:
    world = await house.tell(normal())
    headers = token_of(house, world)
    listed = (await get(house, "invoices?status=overdue", headers)).json()["items"]
    path = f"invoices/{listed[0]['invoice_id']}"
    first = await get(house, path, headers)
    again = await get(house, path, {**headers, "If-None-Match": first.headers["etag"]})
    assert first.json()["status"] == "overdue"
    assert sum(line["net_minor"] for line in first.json()["lines"]) == first.json()["total_minor"]
    assert (again.status_code, again.content) == (304, b"")


async def test_a_long_list_is_read_by_its_keys(house: House) -> None:
    world = await house.tell(STATES["worst"]())
    headers = token_of(house, world)
    seen: list[str] = []
    after = ""
    while True:
        page = (await get(house, f"invoices?limit=100{after}", headers)).json()
        seen += [item["number"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen)) == 202
    assert seen == sorted(seen, reverse=True)


async def test_products_are_for_anybody(house: House) -> None:
    await house.tell(normal())
    answer = await get(house, "products", {})
    assert [item["slug"] for item in answer.json()["items"]] == ["start", "pro", "loja"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("invoices?limit=0", 422, "malformed_request"),
        ("invoices?limit=101", 422, "malformed_request"),
        ("invoices?after=x", 422, "malformed_request"),
        ("invoices/not-an-id", 422, "malformed_request"),
        ("invoices/0193f000-0000-7000-8000-00000000ffff", 404, "not_found"),
        ("tickets/0193f000-0000-7000-8000-00000000ffff", 404, "not_found"),
        ("nothing", 404, "no_such_address"),
    ],
)
async def test_each_mistake_is_a_problem_of_its_own(
    house: House, path: str, status: int, code: str
) -> None:
    world = await house.tell(normal())
    answer = await get(house, path, token_of(house, world))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == PROBLEM


async def test_nobody_and_forgers_are_not_known(house: House) -> None:
    world = await house.tell(normal())
    forger = Signer("accounts", new_key())
    forged = forger.issue(
        "portal", subject=str(world.user_id), scopes=["client"], account_id=world.account_id
    )
    for headers in ({}, {"Authorization": f"Bearer {forged}"}, {"Authorization": "Bearer x"}):
        answer = await get(house, "account", headers)
        assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)


async def test_staff_has_no_account_here(house: House) -> None:
    await house.tell(normal())
    async with house.browser(STAFF) as browser:
        answer = await browser.get("/api/v1/account")
    assert (answer.status_code, answer.json()["code"]) == (403, "clients_only_here")


async def test_an_account_that_the_views_have_not_seen_is_not_found(house: House) -> None:
    await house.tell(normal())
    async with house.browser(STRANGER) as browser:
        assert (await browser.get("/api/v1/account")).status_code == 404


async def test_the_api_describes_itself(house: House) -> None:
    await house.tell(normal())
    described = (await get(house, "openapi.json", BROWSER)).json()
    assert described["openapi"].startswith("3.1")
    wanted = {"account", "products", "services", "invoices", "tickets", "emails"}
    assert wanted <= {path.split("/")[3] for path in described["paths"]}
    assert all(path.startswith("/api/v1/") for path in described["paths"])


@pytest.mark.parametrize(
    ("path", "model"),
    [("account", AccountOut), ("invoices", InvoiceDocument), ("tickets", TicketDocument)],
)
async def test_a_document_has_exactly_the_form_that_is_described(
    house: House, path: str, model: type[Answer]
) -> None:
    world = await house.tell(STATES["worst"]())
    headers = token_of(house, world)
    if path != "account":
        listed = (await get(house, path, headers)).json()["items"][0]
        path = f"{path}/{listed[path[:-1] + '_id']}"
    answer = await get(house, path, headers)
    described = model.model_validate_json(answer.content, strict=False, extra="forbid")
    assert set(answer.json()) == set(model.model_fields)
    assert described.model_dump(mode="json").keys() == answer.json().keys()


async def test_a_document_says_the_same_by_the_short_way_and_by_the_usual_one(
    house: House,
) -> None:
    world = await house.tell(normal())
    headers = token_of(house, world)
    for name in ("invoices", "tickets"):
        item = (await get(house, name, headers)).json()["items"][0]
        id = item[name[:-1] + "_id"]
        short = await get(house, f"{name}/{id}", headers)
        usual = await get(house, f"{name}/{id.upper()}", headers)
        assert short.content == usual.content
        assert {key: short.json()[key] for key in item} == item | {
            key: short.json()[key] for key in item if key.endswith("_at")
        }
