"""Signing in: who is let in, who has to wait, and what an attacker learns."""

import asyncio
import time

import argon2
import pytest

from services.accounts.users.hashing import PasswordHashing
from tests.accounts.house import PASSWORD, House, code_of, registration

WRONG = "not the right words"
SPELLINGS = ["ADMIN@X.example", "admin@X.EXAMPLE", " admin@x.example ", "Admin@x.example"]


async def test_a_confirmed_client_signs_in_to_the_own_brand_only(house: House) -> None:
    await house.confirmed_client()
    answer = await house.sign_in()
    assert answer.status_code == 201
    assert len(answer.json()["session"]) == 43
    elsewhere = {"brand": "vela", "email": "ana@example.com", "password": PASSWORD}
    assert code_of(await house.post("/v1/sessions", elsewhere)) == (401, "sign_in_refused")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("' OR 1=1--", "' OR 1=1--"),
        ("ana@example.com", "' OR 1=1--"),
        ("nobody@example.com", PASSWORD),
        ("ana@example.com", PASSWORD + " "),
        ("ana@example.com'--", PASSWORD),
    ],
)
async def test_whoever_is_not_the_user_hears_the_same_refusal_A01(
    house: House, email: str, password: str
) -> None:
    await house.confirmed_client()
    answer = await house.sign_in(email, password)
    assert code_of(answer) == (401, "sign_in_refused")
    assert email not in answer.text


async def test_an_unknown_address_takes_as_long_as_a_known_one_A02(house: House) -> None:
    await house.confirmed_client()
    took: dict[str, list[float]] = {"ana@example.com": [], "nobody@example.com": []}
    sizes = set()
    for attempt in range(40):
        for email, samples in took.items():
            house.clock.advance(minutes=16)
            begun = time.perf_counter()
            answer = await house.sign_in(email, WRONG, address=f"203.0.{attempt}.1")
            samples.append(time.perf_counter() - begun)
            sizes.add((answer.status_code, len(answer.content)))
    known, unknown = (min(samples) for samples in took.values())  # what noise added is left out
    assert len(sizes) == 1
    assert abs(known - unknown) < 0.15 * max(known, unknown) + 0.005


async def test_spellings_of_one_address_are_one_identity_and_one_limit_A08(house: House) -> None:
    await house.confirmed_client(email="admin@x.example")
    for email in SPELLINGS:
        assert (await house.sign_in(email)).status_code == 201
    for attempt, email in enumerate([*SPELLINGS, "admin@x.example"]):
        answer = await house.sign_in(email, WRONG, address=f"203.0.{attempt}.1")
        assert code_of(answer)[0] == 401
    answer = await house.sign_in("admin@x.example", address="203.0.99.1")
    assert code_of(answer) == (429, "too_many_attempts")


@pytest.mark.parametrize(
    "email", ["ａdmin@x.example", "admin@x.example.", "аdmin@x.example", "admin%00@x.example"]
)
async def test_look_alikes_of_an_address_are_another_identity_A08(house: House, email: str) -> None:
    await house.confirmed_client(email="admin@x.example")
    assert code_of(await house.sign_in(email)) == (401, "sign_in_refused")


@pytest.mark.parametrize(
    "password",
    [
        "😀🎉🚀🐙🌵🍕🎲🧀🦊🐝",
        "é" * 5 + "Zw9-" + "ü" * 5,
        "x9!" + "abcdefgh" * 9 + "1",
        "-".join(str(number) for number in range(1000))[:1024],
    ],
)
async def test_passwords_work_exactly_and_whole_A09(house: House, password: str) -> None:
    await house.confirmed_client(password=password)
    assert (await house.sign_in(password=password)).status_code == 201
    assert code_of(await house.sign_in(password=password[:-1]))[0] == 401
    assert code_of(await house.sign_in(password=password[:-1] + "2"))[0] == 401


async def test_a_password_in_another_unicode_form_is_the_same_password(house: House) -> None:
    await house.confirmed_client(password="cafe\u0301 com leite")
    assert (await house.sign_in(password="caf\u00e9 com leite")).status_code == 201


@pytest.mark.parametrize("password", ["x" * 1025, "é" * 600, "a\x07b"])
async def test_a_password_that_cannot_be_one_is_malformed_A09(house: House, password: str) -> None:
    assert (await house.sign_in(password=password)).status_code == 422


async def test_a_body_of_a_megabyte_or_with_nul_never_reaches_the_hash_A09(house: House) -> None:
    assert (await house.sign_in(password="x" * 1_100_000)).status_code == 413
    answer = await house.sign_in(password="a\x00bcdefghijk")
    assert code_of(answer) == (422, "malformed_json")


async def test_after_five_failures_the_wait_doubles_and_no_hash_is_computed_A07(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.confirmed_client()
    for attempt in range(5):
        answer = await house.sign_in(password=WRONG, address=f"203.0.{attempt}.1")
        assert code_of(answer)[0] == 401
    with monkeypatch.context() as patched:
        patched.delattr(PasswordHashing, "verify")
        answer = await house.sign_in(address="203.0.50.1")
    assert code_of(answer) == (429, "too_many_attempts")
    assert answer.json()["facts"] == {"retry_after_s": 30}
    house.clock.advance(seconds=30)
    assert code_of(await house.sign_in(password=WRONG, address="203.0.51.1"))[0] == 401
    answer = await house.sign_in(address="203.0.52.1")
    assert answer.json()["facts"] == {"retry_after_s": 60}
    house.clock.advance(seconds=60)
    assert (await house.sign_in(address="203.0.53.1")).status_code == 201
    assert code_of(await house.sign_in(password=WRONG, address="203.0.54.1"))[0] == 401


async def test_a_network_that_tries_many_addresses_has_to_wait_A07(house: House) -> None:
    await house.confirmed_client()
    for attempt in range(5):
        answer = await house.sign_in(f"client{attempt}@example.com", WRONG)
        assert code_of(answer)[0] == 401
    assert code_of(await house.sign_in()) == (429, "too_many_attempts")
    assert (await house.sign_in(address="203.0.113.9")).status_code == 201
    assert code_of(await house.sign_in()) == (429, "too_many_attempts")


async def test_right_passwords_never_count_against_their_network(house: House) -> None:
    await house.confirmed_client()
    for _ in range(12):
        assert (await house.sign_in()).status_code == 201


async def test_attempts_at_once_are_counted_one_by_one_A07(house: House) -> None:
    await house.confirmed_client()
    answers = await asyncio.gather(
        *(house.sign_in(password=WRONG, address=f"203.0.{n}.1") for n in range(12))
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [401] * 5 + [429] * 7


async def test_a_hundred_failures_in_a_row_lock_the_account_until_a_reset_A07(house: House) -> None:
    await house.confirmed_client()
    async with house.store.pool.acquire() as db:
        await house.sign_in(password=WRONG)
        await db.execute("update attempt set consecutive = 100")
    house.clock.advance(hours=5)
    assert code_of(await house.sign_in(address="203.0.113.9"))[0] == 429
    ask = {"brand": "ponto", "email": "ana@example.com"}
    assert (await house.post("/v1/password-resets", ask)).status_code == 202
    body = {"token": await house.link("password_reset"), "password": "a fresh good secret"}
    assert (await house.post("/v1/password-resets/confirm", body)).status_code == 200
    answer = await house.sign_in(password="a fresh good secret", address="203.0.113.9")
    assert answer.status_code == 201


async def test_counts_outlive_a_restart_and_old_ones_are_dropped(house: House) -> None:
    await house.sign_in(password=WRONG)
    assert await house.count("attempt") == 2
    house.clock.advance(days=31)
    await house.sign_in("other@example.com", WRONG, address="203.0.113.9")
    assert await house.count("attempt") == 2


async def test_a_hash_made_with_older_parameters_is_made_anew_at_sign_in(house: House) -> None:
    await house.confirmed_client()
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    async with house.store.pool.acquire() as db:
        await db.execute("update credential set password_hash = $1", weak)
    assert (await house.sign_in()).status_code == 201
    assert "m=19456,t=2,p=1" in (await house.credential()).password_hash
    assert (await house.sign_in()).status_code == 201


async def test_an_address_from_the_visitor_counts_only_through_a_service(house: House) -> None:
    body = {"brand": "ponto", "email": "a@example.com", "password": WRONG}
    forged = {"faktura-client-address": "203.0.113.1"}
    for attempt in range(5):
        answer = await house.http.post(
            "/v1/sessions", json={**body, "email": f"{attempt}@example.com"}, headers=forged
        )
        assert answer.status_code == 401
    forged["faktura-client-address"] = "192.0.2.1"
    answer = await house.http.post("/v1/sessions", json=body, headers=forged)
    assert code_of(answer) == (429, "too_many_attempts")
    answer = await house.sign_in(address="not an address")
    assert code_of(answer) == (422, "client_address_malformed")


async def test_a_session_that_was_there_before_is_not_taken_over_A11(house: House) -> None:
    await house.confirmed_client()
    planted = {"faktura-session": "chosen-by-the-attacker"}
    answer = await house.sign_in(headers=planted)
    assert answer.json()["session"] != planted["faktura-session"]
    assert code_of(await house.resolve(planted["faktura-session"])) == (401, "session_ended")


async def test_registering_never_signs_in(house: House) -> None:
    answer = await house.post("/v1/registrations", registration())
    assert "session" not in answer.text
    assert await house.count("session") == 0
