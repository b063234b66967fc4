"""Staff, as the operator's command line keeps them."""

import asyncio
import base64
import json

import pytest

from services.accounts.staff.roles import PERMISSIONS, Role
from tests.accounts.house import PASSWORD, House, code_of

BIA = "bia@ponto.example"


async def test_an_appointed_member_of_staff_signs_in_at_once(house: House) -> None:
    answer = await house.appoint()
    assert answer.status_code == 200
    resolved = (await house.resolve(await house.session(BIA))).json()
    assert resolved["user_id"] == answer.json()["user_id"]
    assert (resolved["scopes"], resolved["account_id"]) == (["staff"], None)
    assert (resolved["brand"], resolved["language"]) == ("ponto", "pt-BR")


async def test_appointing_again_changes_nothing_and_ends_no_session(house: House) -> None:
    first = await house.appoint()
    session, events = await house.session(BIA), await house.count("events")
    again = await house.appoint()
    assert again.json() == first.json()
    assert await house.count("events") == events
    assert (await house.resolve(session)).status_code == 200


async def test_appointing_twice_at_once_makes_one_user(house: House) -> None:
    answers = await asyncio.gather(*(house.appoint() for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["user_id"] for answer in answers}) == 1
    assert await house.count("credential") == 1


async def test_another_password_takes_the_place_of_the_one_before(house: House) -> None:
    await house.appoint()
    session = await house.session(BIA)
    await house.appoint(password="a fresh good secret")
    assert (await house.resolve(session)).status_code == 401
    assert (await house.sign_in(BIA)).status_code == 401
    assert (await house.sign_in(BIA, "a fresh good secret")).status_code == 201


async def test_a_client_who_is_appointed_is_both_with_one_sign_in(house: House) -> None:
    await house.confirmed_client()
    await house.appoint(email="ana@example.com", name="Ana")
    resolved = (await house.resolve(await house.session())).json()
    assert resolved["scopes"] == ["client", "staff"]
    assert resolved["account_id"] is not None


async def test_staff_of_a_brand_whose_settings_have_not_arrived_are_appointed(house: House) -> None:
    assert (await house.appoint(brand="vela")).status_code == 200
    body = {"brand": "vela", "email": BIA, "password": PASSWORD}
    session = (await house.post("/v1/sessions", body)).json()["session"]
    assert (await house.resolve(session)).json()["language"] == "en"


async def test_nothing_of_pure_staff_is_published(house: House) -> None:
    await house.appoint()
    body = {"brand": "ponto", "email": BIA}
    assert (await house.post("/v1/password-resets", body)).status_code == 202
    await house.answer_resets()
    assert await house.count("log") == 0
    async with house.store.pool.acquire() as db:
        stored = await db.fetch("select data::text from events")
    assert not any("bia@" in row[0] or "Bia" in row[0] for row in stored)


@pytest.mark.parametrize("issuer", ["portal", "notifications", "accounts"])
async def test_no_service_appoints_staff(house: House, issuer: str) -> None:
    body = {"brand": "ponto", "email": BIA, "name": "Bia", "password": PASSWORD}
    token = house.service_token(issuer)
    answer = await house.ask("PUT", "/internal/staff", body, token=token)
    assert code_of(answer) == (403, "forbidden")
    assert await house.count("credential") == 0


async def test_staff_have_good_passwords_too(house: House) -> None:
    assert code_of(await house.appoint(password="ponto12345")) == (422, "password_guessable")


async def token_scopes(house: House) -> set[str]:
    """What the token says that the member of staff who signs in may do."""
    resolved = (await house.resolve(await house.session(BIA))).json()
    claims = resolved["token"].split(".")[1]
    text = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    return set(json.loads(text)["scope"].split())


@pytest.mark.parametrize("role", PERMISSIONS)
async def test_the_token_names_what_the_role_may_do(house: House, role: Role) -> None:
    await house.appoint(role=role)
    assert await token_scopes(house) == {"staff", *PERMISSIONS[role]}


async def test_another_role_holds_from_the_next_token_on(house: House) -> None:
    await house.appoint(role="manager")
    await house.appoint(role="support")
    assert await token_scopes(house) == {"staff", "billing.read"}


async def test_who_is_appointed_without_a_role_may_do_everything(house: House) -> None:
    await house.appoint()
    assert await token_scopes(house) == {"staff", *PERMISSIONS["admin"]}


async def test_a_role_that_does_not_exist_is_refused(house: House) -> None:
    answer = await house.appoint(role="owner")
    assert code_of(answer) == (422, "malformed_request")
