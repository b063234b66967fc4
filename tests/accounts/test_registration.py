"""A visitor becomes a client: registration, confirmation, account number."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from services.accounts.clients.account import Account
from shared.store import Cause
from tests.accounts.house import ADDRESS, PASSWORD, House, code_of, registration


async def test_registration_opens_an_account_and_asks_for_confirmation(house: House) -> None:
    answer = await house.post("/v1/registrations", registration())
    assert answer.status_code == 202
    assert answer.json() == {"accepted": True}
    assert await house.published() == ["AccountOpened", "EmailConfirmationRequested"]
    assert code_of(await house.sign_in()) == (403, "email_not_confirmed")


async def test_confirming_the_address_numbers_the_accounts_one_by_one(house: House) -> None:
    await house.confirmed_client()
    await house.confirmed_client(email="rui@example.com")
    for email, number in (("ana@example.com", "100001"), ("rui@example.com", "100002")):
        assert (await house.published(email))[2:] == ["EmailConfirmed", "AccountNumberAssigned"]
        token = await house.user_token(await house.session(email))
        account = await house.ask("GET", "/v1/account", token=token)
        assert account.json()["number"] == number


async def test_numbers_count_for_each_brand_on_its_own(house: House) -> None:
    await house.configure_brand("vela")
    await house.confirmed_client()
    await house.post("/v1/registrations", registration(brand="vela"))
    known = await house.credential(brand="vela")
    body = {"kind": "email_confirmation", "user_id": str(known.user_id)}
    link = await house.post("/internal/links", body, token=house.service_token("notifications"))
    await house.post("/v1/email-confirmations", {"token": link.json()["token"]})
    assert known.account_id is not None
    async with house.store.transaction(Cause(actor="test")) as tx:
        account = await tx.load(Account, known.account_id)
    assert account.number == "100001"


async def test_a_confirmation_link_works_once_and_for_seven_days(house: House) -> None:
    await house.post("/v1/registrations", registration())
    late = await house.link("email_confirmation")
    house.clock.advance(days=7)
    refused = (422, "link_invalid")
    assert code_of(await house.post("/v1/email-confirmations", {"token": late})) == refused
    older = await house.link("email_confirmation")
    newest = await house.link("email_confirmation")
    assert code_of(await house.post("/v1/email-confirmations", {"token": older})) == refused
    answer = await house.post("/v1/email-confirmations", {"token": newest})
    assert answer.status_code == 200
    assert code_of(await house.post("/v1/email-confirmations", {"token": newest})) == refused


async def test_an_address_that_is_known_gets_the_same_answer_and_its_owner_a_notice_A03(
    house: House,
) -> None:
    first = await house.post("/v1/registrations", registration())
    again = await house.post("/v1/registrations", registration(email="ANA@Example.com"))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (await house.published())[2:] == ["EmailConfirmationRequested"]
    token = await house.link("email_confirmation")
    await house.post("/v1/email-confirmations", {"token": token})
    third = await house.post("/v1/registrations", registration(password="another good secret"))
    assert (third.status_code, third.content) == (first.status_code, first.content)
    assert (await house.published())[-1] == "RegistrationRepeated"
    assert await house.count("credential") == 1
    assert (await house.sign_in()).status_code == 201


async def test_two_registrations_at_once_make_one_account(house: House) -> None:
    answers = await asyncio.gather(
        *(house.post("/v1/registrations", registration()) for _ in range(3))
    )
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert await house.count("credential") == 1
    assert (await house.published()).count("AccountOpened") == 1


async def test_registrations_are_limited_by_address_and_by_network(house: House) -> None:
    for _ in range(3):
        assert (await house.post("/v1/registrations", registration())).status_code == 202
    answer = await house.post("/v1/registrations", registration(), address="203.0.113.1")
    assert code_of(answer) == (429, "too_many_attempts")
    assert answer.json()["facts"]["retry_after_s"] == 3600
    for client in range(7):
        body = registration(email=f"client{client}@example.com")
        assert (await house.post("/v1/registrations", body)).status_code == 202
    body = registration(email="one-too-many@example.com")
    neighbour = ADDRESS.rpartition(".")[0] + ".200"
    assert code_of(await house.post("/v1/registrations", body, address=neighbour))[0] == 429
    house.clock.advance(hours=1)
    assert (await house.post("/v1/registrations", body)).status_code == 202


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("12.abc.345/01de-35", "12.ABC.345/01DE-35"),
        ("BE (0)468.561.072", "BE (0)468.561.072"),
        ("DK: 21599336", "DK: 21599336"),
        ("ES–B63104293", "ES–B63104293"),
        ("CHE‑432.825.998 TVA", "CHE‑432.825.998 TVA"),
        ("FR 61\u00a0954\u00a0506\u00a0077", "FR 61\u00a0954\u00a0506\u00a0077"),
        ("ñ&a930714-8t4", "Ñ&A930714-8T4"),
        ("инн/кпп 7707083893/770701001", "ИНН/КПП 7707083893/770701001"),
        ("N° TVA FR 61954506077", "N° TVA FR 61954506077"),
        ("900,206,480-2", "900,206,480-2"),
    ],
)
async def test_a_tax_number_is_kept_as_people_and_word_processors_write_it(
    house: House, written: str, kept: str
) -> None:
    answer = await house.post("/v1/registrations", registration(tax_id=written))
    assert answer.status_code == 202
    known = await house.credential()
    assert known.account_id is not None
    async with house.store.transaction(Cause(actor="test")) as tx:
        account = await tx.load(Account, known.account_id)
    assert account.contact.tax_id == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "ana@example"),
        ("email", "ana@example.com\r\nBcc: x@example.com"),
        ("email", "Ana <ana@example.com>"),
        ("email", "ana@example.com,rui@example.com"),
        ("email", "ana@[127.0.0.1]"),
        ("email", "ａdmin@example.com"),
        ("email", "a" * 250 + "@example.com"),
        ("phone", "call me"),
        ("phone", "+1 (2"),
        ("phone", "１２３４５６７８"),
        ("country", "ZZ"),
        ("country", "Brasil"),
        ("tax_id", "<script>"),
        ("tax_id", "３９０５３３４４７０５"),
        ("tax_id", "390533447\n05"),
        ("name", ""),
        ("name", "Ana\nSouza"),
        ("name", 7),
        ("city", "x" * 201),
        ("postal_code", "1" * 21),
        ("brand", "PONTO; drop"),
        ("language", None),
    ],
)
async def test_contact_data_that_cannot_be_right_are_refused_with_the_field(
    house: House, field: str, value: Any
) -> None:
    answer = await house.post("/v1/registrations", registration(**{field: value}))
    assert code_of(answer) == (422, "malformed_request")
    assert [flaw["field"] for flaw in answer.json()["errors"]] == [f"body.{field}"]
    assert await house.count("events") == 0


@pytest.mark.parametrize(
    "field", ["is_admin", "account_id", "number", "scopes", "is_confirmed", "created_at"]
)
async def test_a_registration_sets_nothing_but_its_own_fields_A25(house: House, field: str) -> None:
    answer = await house.post("/v1/registrations", registration(**{field: True}))
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": f"body.{field}", "code": "extra_forbidden"}]


async def test_a_brand_or_a_language_that_is_not_offered_is_refused(house: House) -> None:
    answer = await house.post("/v1/registrations", registration(brand="nobody"))
    assert code_of(answer) == (422, "brand_unknown")
    answer = await house.post("/v1/registrations", registration(language="pl"))
    assert code_of(answer) == (422, "language_not_offered")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short pw", "password_too_short"),
        ("é" * 513, "password_too_long"),
        ("correct\thorse battery", "password_has_control_character"),
        ("Password2026!", "password_guessable"),
        ("ana@example.com", "password_guessable"),
        ("PontoHospedagem", "password_guessable"),
    ],
)
async def test_a_weak_password_is_refused_with_the_reason_A10(
    house: House, password: str, code: str
) -> None:
    answer = await house.post("/v1/registrations", registration(password=password))
    assert code_of(answer) == (422, code)
    assert password not in answer.text


async def test_nothing_personal_or_secret_is_stored_in_events(house: House) -> None:
    await house.confirmed_client()
    async with house.store.pool.acquire() as db:
        rows = await db.fetch("select data::text from events union all select data::text from log")
        hashes = await db.fetch("select password_hash from credential")
    stored = "\n".join(row[0] for row in rows)
    for canary in ("ana@", "Ana Souza", "91234", "529.982", "Flores", "01310", "argon2", PASSWORD):
        assert canary not in stored
    assert hashes[0][0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_only_the_notifications_service_mints_links(house: House) -> None:
    await house.post("/v1/registrations", registration())
    user_id = str((await house.credential()).user_id)
    body = {"kind": "password_reset", "user_id": user_id}
    assert code_of(await house.post("/internal/links", body)) == (403, "forbidden")
    unknown = {**body, "user_id": str(UUID(int=1))}
    token = house.service_token("notifications")
    assert code_of(await house.post("/internal/links", unknown, token=token)) == (404, "not_found")
    odd = {**body, "kind": "sign_in"}
    assert (await house.post("/internal/links", odd, token=token)).status_code == 422
