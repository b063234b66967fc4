"""The keyring: one key per subject, readable only with the master key, gone when deleted."""

import asyncio
from base64 import b64decode

import pytest
from cryptography.exceptions import InvalidTag

from services.accounts.keyring.local import LocalKeyring
from services.accounts.settings import AccountsSettings
from shared.ids import new_id
from shared.tokens import OPERATOR
from tests.accounts.house import House, code_of
from tests.conftest import OpenDatabase

MASTER = bytes(range(32))


async def test_a_subject_has_one_key_for_ever(database: OpenDatabase) -> None:
    pool = (await database("keyring")).pool
    keyring = LocalKeyring(pool, master_key=MASTER)
    first, second, nobody = new_id(), new_id(), new_id()
    made = await asyncio.gather(*(keyring.ensure(first) for _ in range(6)))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await keyring.ensure(second) != made[0]
    again = LocalKeyring(pool, master_key=MASTER)
    found = await again.keys([first, nobody])
    assert found == {first: made[0], nobody: None}


async def test_a_deleted_key_is_gone(database: OpenDatabase) -> None:
    pool = (await database("keyring")).pool
    keyring, subject = LocalKeyring(pool, master_key=MASTER), new_id()
    await keyring.ensure(subject)
    async with pool.acquire() as db:
        await db.execute("delete from key where subject = $1", subject)
    assert await keyring.keys([subject]) == {subject: None}


async def test_a_key_is_stored_wrapped_and_bound_to_its_subject(database: OpenDatabase) -> None:
    pool = (await database("keyring")).pool
    keyring, subject = LocalKeyring(pool, master_key=MASTER), new_id()
    key, other = await keyring.ensure(subject), new_id()
    async with pool.acquire() as db:
        wrapped = await db.fetchval("select wrapped from key")
        assert key not in wrapped
        await db.execute("insert into key (subject, wrapped) values ($1, $2)", other, wrapped)
    with pytest.raises(InvalidTag):
        await keyring.keys([other])
    with pytest.raises(InvalidTag):
        await LocalKeyring(pool, master_key=bytes(32)).keys([subject])


async def test_services_get_keys_and_make_them_where_they_ask_to(house: House) -> None:
    subject, stranger = str(new_id()), str(new_id())
    body = {"subjects": [subject], "create": True}
    made = (await house.post("/internal/keys", body)).json()["keys"]
    assert len(b64decode(made[subject])) == 32
    found = await house.post("/internal/keys", {"subjects": [subject, stranger]})
    assert found.json() == {"keys": {**made, stranger: None}}


async def test_users_and_strangers_get_no_keys(house: House) -> None:
    await house.confirmed_client()
    token = await house.user_token(await house.session())
    body = {"subjects": [str(new_id())]}
    assert code_of(await house.post("/internal/keys", body, token=token)) == (403, "forbidden")
    assert (await house.http.post("/internal/keys", json=body)).status_code == 401
    too_many = {"subjects": [str(new_id())] * 1001}
    assert (await house.post("/internal/keys", too_many)).status_code == 422


async def test_the_operator_reads_events_with_the_keys_of_the_service(house: House) -> None:
    await house.confirmed_client()
    account_id = str((await house.credential()).account_id)
    token = house.service_token(OPERATOR)
    answer = await house.post("/internal/keys", {"subjects": [account_id]}, token=token)
    assert answer.json()["keys"][account_id] is not None


@pytest.mark.parametrize("master_key", ["", "not base64!", "c2hvcnQ="])
def test_a_master_key_that_is_none_ends_the_start(master_key: str) -> None:
    with pytest.raises(ValueError, match="master_key"):
        AccountsSettings.model_validate({"master_key": master_key})
