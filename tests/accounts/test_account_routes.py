"""The client's own account over HTTP."""

from typing import Any

import pytest

from tests.accounts.house import House, code_of, contact

CONTACT = "/v1/account/contact"


@pytest.fixture
async def token(house: House) -> str:
    await house.confirmed_client()
    return await house.user_token(await house.session())


async def test_a_client_reads_the_own_account(house: House, token: str) -> None:
    answer = await house.ask("GET", "/v1/account", token=token)
    account = answer.json()
    assert account["id"] == str((await house.credential()).account_id)
    assert (account["number"], account["brand"]) == ("100001", "ponto")
    assert account["contact"] == {**contact(), "email": "ana@example.com"}
    alone = await house.ask("GET", CONTACT, token=token)
    assert alone.json() == account["contact"]
    assert alone.headers["etag"] == answer.headers["etag"] == '"2"'


async def test_changed_contact_data_are_kept_and_published(house: House, token: str) -> None:
    changed = contact(city="Recife", state="PE", language="en")
    answer = await house.ask("PUT", CONTACT, changed, token=token, headers={"if-match": '"2"'})
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"3"'
    assert answer.headers["faktura-position"].startswith("accounts/")
    assert answer.json()["city"] == "Recife"
    assert (await house.published())[-1] == "ContactChanged"
    assert (await house.resolve(await house.session())).json()["language"] == "en"


async def test_the_same_contact_data_again_change_nothing(house: House, token: str) -> None:
    same = {**contact(), "email": "ana@example.com"}
    answer = await house.ask("PUT", CONTACT, same, token=token, headers={"if-match": '"2"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert "faktura-position" not in answer.headers


async def test_a_stale_version_is_refused_and_changes_nothing(house: House, token: str) -> None:
    answer = await house.ask(
        "PUT", CONTACT, contact(city="Recife"), token=token, headers={"if-match": '"1"'}
    )
    assert code_of(answer) == (412, "stale")
    assert (await house.ask("GET", CONTACT, token=token)).json()["city"] == "São Paulo"


@pytest.mark.parametrize(
    ("headers", "changed", "refusal"),
    [
        ({}, {}, (422, "version_missing")),
        ({"if-match": "x"}, {}, (422, "malformed_version")),
        ({"if-match": '"2"'}, {"email": "eva@example.com"}, (409, "email_not_changed_here")),
        ({"if-match": '"2"'}, {"language": "pl"}, (422, "language_not_offered")),
        ({"if-match": '"2"'}, {"number": "1"}, (422, "malformed_request")),
        ({"if-match": '"2"'}, {"country": "XX"}, (422, "malformed_request")),
    ],
)
async def test_a_change_that_cannot_be_is_refused(
    house: House, token: str, headers: dict[str, str], changed: Any, refusal: Any
) -> None:
    body = {**contact(), **changed}
    answer = await house.ask("PUT", CONTACT, body, token=token, headers=headers)
    assert code_of(answer) == refusal
    assert (await house.published())[-1] == "AccountNumberAssigned"


async def test_an_account_is_read_by_its_own_client_only(house: House, token: str) -> None:
    assert code_of(await house.ask("GET", "/v1/account")) == (403, "forbidden")
    assert (await house.http.get("/v1/account")).status_code == 401
    await house.appoint()
    staff = await house.user_token(await house.session("bia@ponto.example"))
    assert code_of(await house.ask("GET", "/v1/account", token=staff)) == (403, "forbidden")
    known = await house.credential()
    forged = house.signers["accounts"].issue(
        "accounts",
        subject=str(known.user_id),
        scopes=["client"],
        account_id=known.account_id,
        brand="vela",
    )
    assert code_of(await house.ask("GET", "/v1/account", token=forged)) == (404, "not_found")
    answer = await house.ask("PUT", CONTACT, contact(), token=forged, headers={"if-match": '"2"'})
    assert code_of(answer) == (404, "not_found")
