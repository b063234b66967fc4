"""A forgotten password: asking tells nothing, the link works once, everybody else is out."""

import asyncio
import time
from typing import Any

import pytest

from tests.accounts.house import PASSWORD, House, code_of, registration

NEW_PASSWORD = "a fresh good secret"
ASK = {"brand": "ponto", "email": "ana@example.com"}
REFUSED = (422, "link_invalid")


async def confirm(house: House, token: Any, password: str = NEW_PASSWORD, **options: Any) -> Any:
    body = {"token": token, "password": password}
    return await house.post("/v1/password-resets/confirm", body, **options)


async def test_a_forgotten_password_is_set_anew_and_every_session_ends_A13(house: House) -> None:
    await house.confirmed_client()
    attacker = await house.session()
    assert (await house.post("/v1/password-resets", ASK)).status_code == 202
    await house.answer_resets()
    answer = await confirm(house, await house.link("password_reset"))
    assert (answer.status_code, answer.json()) == (200, {"done": True})
    assert code_of(await house.resolve(attacker)) == (401, "session_ended")
    assert code_of(await house.sign_in(password=PASSWORD))[0] == 401
    assert (await house.sign_in(password=NEW_PASSWORD)).status_code == 201
    assert (await house.published())[-2:] == ["PasswordResetRequested", "PasswordChanged"]


async def test_asking_for_an_unknown_address_answers_the_same_A04(house: House) -> None:
    await house.confirmed_client()
    known = await house.post("/v1/password-resets", ASK)
    unknown = await house.post("/v1/password-resets", {**ASK, "email": "nobody@example.com"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    before = await house.count("events")
    await house.answer_resets()
    assert await house.count("events") == before + 1
    assert await house.count("reset_request") == 0


async def test_two_processes_answer_each_request_once(house: House) -> None:
    await house.confirmed_client()
    for _ in range(3):
        assert (await house.post("/v1/password-resets", ASK)).status_code == 202
    before = await house.count("events")
    await asyncio.gather(*(house.answer_resets() for _ in range(2)))
    assert await house.count("events") == before + 3
    assert await house.count("reset_request") == 0


async def test_asking_for_an_unknown_address_takes_as_long_A04(house: House) -> None:
    await house.confirmed_client()
    took: dict[str, list[float]] = {"ana@example.com": [], "nobody@example.com": []}
    for attempt in range(40):
        for email, samples in took.items():
            house.clock.advance(hours=1)
            begun = time.perf_counter()
            body = {**ASK, "email": email}
            answer = await house.post("/v1/password-resets", body, address=f"203.0.{attempt}.1")
            samples.append(time.perf_counter() - begun)
            assert answer.status_code == 202
    known, unknown = (min(samples) for samples in took.values())  # what noise added is left out
    assert abs(known - unknown) < 0.005


async def test_a_link_is_refused_with_the_same_words_whatever_its_flaw_A06(house: House) -> None:
    await house.confirmed_client()
    await house.confirmed_client(email="rui@example.com")
    old = await house.link("password_reset")
    expired = await house.link("password_reset")
    house.clock.advance(minutes=30)
    other_kind = await house.link("email_confirmation")
    answers = [
        await confirm(house, token, address=f"203.0.{n}.1")
        for n, token in enumerate([old, expired, other_kind, "no-such-token"])
    ]
    good = await house.link("password_reset", "rui@example.com")
    for n, token in enumerate([good[:-1], good.swapcase(), f"{good}A"]):
        answers.append(await confirm(house, token, address=f"203.1.{n}.1"))
    assert (await confirm(house, good, address="203.2.1.1")).status_code == 200
    answers.append(await confirm(house, good, address="203.2.2.1"))
    assert {code_of(answer) for answer in answers} == {REFUSED}
    assert len({answer.json()["title"] for answer in answers}) == 1
    assert (await house.sign_in("rui@example.com", NEW_PASSWORD)).status_code == 201
    assert (await house.sign_in()).status_code == 201


async def test_a_link_that_is_opened_five_times_at_once_works_once_A06(house: House) -> None:
    await house.confirmed_client()
    token = await house.link("password_reset")
    answers = await asyncio.gather(*(confirm(house, token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 4
    assert (await house.published()).count("PasswordChanged") == 1


@pytest.mark.parametrize("token", [["a"], {"$ne": 1}, None, 7, True, "", "x" * 201])
async def test_a_token_of_another_type_is_malformed_A06(house: House, token: Any) -> None:
    answer = await confirm(house, token)
    assert code_of(answer) == (422, "malformed_request")


async def test_a_refused_password_does_not_use_up_the_link(house: House) -> None:
    await house.confirmed_client()
    token = await house.link("password_reset")
    assert code_of(await confirm(house, token, "short")) == (422, "password_too_short")
    assert code_of(await confirm(house, token, "ana@example.com")) == (422, "password_guessable")
    assert (await confirm(house, token)).status_code == 200


async def test_asking_and_opening_are_limited_A06_A59(house: House) -> None:
    await house.confirmed_client()
    for n in range(3):
        answer = await house.post("/v1/password-resets", ASK, address=f"203.0.{n}.1")
        assert answer.status_code == 202
    answer = await house.post("/v1/password-resets", ASK, address="203.0.9.1")
    assert code_of(answer) == (429, "too_many_attempts")
    for _ in range(10):
        assert code_of(await confirm(house, "guess"))[0] == 422
    assert code_of(await confirm(house, "guess")) == (429, "too_many_attempts")


async def test_a_lock_of_sign_in_never_blocks_a_reset_A07(house: House) -> None:
    await house.confirmed_client()
    for n in range(6):
        await house.sign_in(password="not the right words", address=f"203.0.{n}.1")
    assert code_of(await house.sign_in(address="203.0.9.1"))[0] == 429
    assert (await house.post("/v1/password-resets", ASK)).status_code == 202
    assert (await confirm(house, await house.link("password_reset"))).status_code == 200
    answer = await house.sign_in(password=NEW_PASSWORD, address="203.0.9.1")
    assert answer.status_code == 201


async def test_a_reset_by_an_unconfirmed_user_confirms_the_address(house: House) -> None:
    await house.post("/v1/registrations", registration())
    assert (await confirm(house, await house.link("password_reset"))).status_code == 200
    assert (await house.published())[2:] == [
        "PasswordChanged",
        "EmailConfirmed",
        "AccountNumberAssigned",
    ]
    assert (await house.sign_in(password=NEW_PASSWORD)).status_code == 201
