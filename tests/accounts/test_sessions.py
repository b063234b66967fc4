"""Sessions: how they begin, what they say, how they end."""

import hashlib
from uuid import UUID

from shared.contracts.permissions import STAFF_PERMISSIONS
from shared.tokens import Signer
from tests.accounts.house import PASSWORD, START, House, code_of

NEW_PASSWORD = "a fresh good secret"


async def test_a_session_says_who_it_is_to_the_services_that_ask(house: House) -> None:
    await house.confirmed_client()
    session = await house.session()
    answer = await house.resolve(session)
    known = await house.credential()
    resolved = answer.json()
    assert resolved["user_id"] == str(known.user_id)
    assert resolved["account_id"] == str(known.account_id)
    assert (resolved["brand"], resolved["language"]) == ("ponto", "pt-BR")
    assert resolved["scopes"] == ["client"]
    assert (await house.resolve(session)).json()["csrf"] == resolved["csrf"]
    assert session not in answer.text
    caller = await house.verifier.check(resolved["token"])
    assert (caller.user_id, caller.account_id) == (known.user_id, known.account_id)
    assert (caller.brand, caller.scopes) == ("ponto", frozenset({"client"}))


async def test_only_services_may_resolve_a_session(house: House) -> None:
    await house.confirmed_client()
    session = await house.session()
    token = await house.user_token(session)
    body = {"session": session}
    answer = await house.post("/internal/sessions/resolve", body, token=token)
    assert code_of(answer) == (403, "forbidden")
    assert (await house.http.post("/internal/sessions/resolve", json=body)).status_code == 401


async def test_of_a_session_only_the_digest_is_stored(house: House) -> None:
    await house.confirmed_client()
    session = await house.session()
    async with house.store.pool.acquire() as db:
        [row] = await db.fetch("select * from session")
    assert row["token_hash"] == hashlib.sha256(session.encode()).digest()
    assert session not in str(dict(row))


async def test_a_session_ends_after_a_day_without_use_and_after_thirty_days(house: House) -> None:
    await house.confirmed_client()
    idle, used = await house.session(), await house.session()
    for _ in range(29):
        house.clock.advance(hours=23)
        assert (await house.resolve(used)).status_code == 200
    assert code_of(await house.resolve(idle)) == (401, "session_ended")
    while (await house.resolve(used)).status_code == 200:
        house.clock.advance(hours=12)
    assert (house.clock.instant - START).days == 30


async def test_a_session_of_staff_ends_after_twelve_hours(house: House) -> None:
    await house.appoint()
    session = await house.session("bia@ponto.example")
    house.clock.advance(hours=11, minutes=59)
    resolved = (await house.resolve(session)).json()
    assert resolved["scopes"] == ["staff"]
    caller = await house.verifier.check(resolved["token"])
    assert caller.scopes == {"staff", *STAFF_PERMISSIONS}
    house.clock.advance(minutes=1)
    assert code_of(await house.resolve(session)) == (401, "session_ended")


async def test_a_session_is_dead_after_signing_out_A12(house: House) -> None:
    await house.confirmed_client()
    session, other = await house.session(), await house.session()
    for _ in range(2):
        answer = await house.ask(
            "DELETE", "/v1/sessions/current", headers={"faktura-session": session}
        )
        assert answer.status_code == 204
    assert code_of(await house.resolve(session)) == (401, "session_ended")
    assert (await house.resolve(other)).status_code == 200
    assert (await house.ask("DELETE", "/v1/sessions/current")).status_code == 204


async def test_changing_the_password_ends_every_other_session_A12(house: House) -> None:
    await house.confirmed_client()
    stolen, own = await house.session(), await house.session()
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    token = await house.user_token(own)
    answer = await house.post(
        "/v1/me/password", body, token=token, headers={"faktura-session": own}
    )
    assert answer.status_code == 200
    assert code_of(await house.resolve(stolen)) == (401, "session_ended")
    assert (await house.resolve(own)).status_code == 200
    assert code_of(await house.sign_in())[0] == 401
    assert (await house.sign_in(password=NEW_PASSWORD)).status_code == 201
    assert (await house.published())[-1] == "PasswordChanged"


async def test_changing_the_password_needs_the_present_one_and_a_good_new_one(house: House) -> None:
    await house.confirmed_client()
    token = await house.user_token(await house.session())
    body = {"current_password": "not the present one", "new_password": NEW_PASSWORD}
    answer = await house.post("/v1/me/password", body, token=token)
    assert code_of(answer) == (422, "current_password_wrong")
    body = {"current_password": PASSWORD, "new_password": "qwertyuiop"}
    answer = await house.post("/v1/me/password", body, token=token)
    assert code_of(answer) == (422, "password_guessable")
    wrong = {"current_password": "not the present one", "new_password": NEW_PASSWORD}
    for _ in range(3):
        await house.post("/v1/me/password", wrong, token=token)
    answer = await house.post("/v1/me/password", wrong, token=token)
    assert code_of(answer) == (429, "too_many_attempts")


async def test_a_user_sees_and_ends_only_the_own_sessions(house: House) -> None:
    await house.confirmed_client()
    await house.confirmed_client(email="rui@example.com")
    anas, second = await house.session(), await house.session()
    ruis = await house.session("rui@example.com")
    token = await house.user_token(anas)
    listed = await house.ask(
        "GET", "/v1/me/sessions", token=token, headers={"faktura-session": anas}
    )
    assert [entry["is_current"] for entry in listed.json()] == [False, True]
    assert anas not in listed.text
    theirs = await house.ask("GET", "/v1/me/sessions", token=await house.user_token(ruis))
    foreign = theirs.json()[0]["id"]
    answer = await house.ask("DELETE", f"/v1/me/sessions/{foreign}", token=token)
    assert code_of(answer) == (404, "not_found")
    assert (await house.resolve(ruis)).status_code == 200
    mine = listed.json()[0]["id"]
    answer = await house.ask("DELETE", f"/v1/me/sessions/{mine}", token=token)
    assert answer.status_code == 204
    assert code_of(await house.resolve(second)) == (401, "session_ended")


async def test_sessions_are_for_users_and_unknown_ones_are_not_found(house: House) -> None:
    assert code_of(await house.ask("GET", "/v1/me/sessions")) == (403, "forbidden")
    await house.confirmed_client()
    token = await house.user_token(await house.session())
    answer = await house.ask("DELETE", f"/v1/me/sessions/{UUID(int=9)}", token=token)
    assert code_of(answer) == (404, "not_found")
    assert (await house.ask("DELETE", "/v1/me/sessions/x", token=token)).status_code == 422


async def test_a_token_that_another_service_signed_is_no_user(house: House) -> None:
    await house.confirmed_client()
    known = await house.credential()
    portal: Signer = house.signers["portal"]
    forged = portal.issue("accounts", subject=str(known.user_id), scopes=["client"])
    assert code_of(await house.ask("GET", "/v1/account", token=forged)) == (403, "forbidden")
