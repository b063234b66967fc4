"""Tickets over HTTP: what a client and the staff may do, and what nobody may."""

import asyncio
from typing import Any

import pytest

from shared.ids import new_id
from tests.tickets.desk import Desk, code_of, question


async def test_a_client_opens_a_ticket_and_reads_it(desk: Desk) -> None:
    token = desk.client(desk.ana)
    body = question(priority="high", service_id=str(desk.anas_service))
    answer = await desk.post("/v1/tickets", body, token)
    assert answer.status_code == 201
    assert answer.headers["faktura-position"].startswith("tickets/")
    opened = answer.json()
    assert (opened["number"], opened["status"]) == ("T-000001", "open")
    shown = (await desk.get(f"/v1/tickets/{opened['ticket_id']}", token)).json()
    assert shown["priority"] == "high"
    assert shown["service_id"] == str(desk.anas_service)
    [message] = shown["messages"]
    assert (message["side"], message["author"]) == ("client", "Ana Souza")
    assert message["message"] == "Since this morning.\nCan you look?"


async def test_a_talk_goes_back_and_forth_until_it_is_closed(desk: Desk) -> None:
    path = f"/v1/tickets/{await desk.open(desk.ana)}"
    client, staff = desk.client(desk.ana), desk.staff()
    for token, status in ((staff, "answered"), (client, "customer_reply"), (staff, "answered")):
        answer = await desk.post(f"{path}/replies", {"message": "Well ..."}, token)
        assert (answer.status_code, answer.json()["status"]) == (201, status)
    closed = await desk.post(f"{path}/close", None, client)
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    again = await desk.post(f"{path}/close", None, staff)
    assert code_of(again) == (409, "ticket_already_closed")
    reopened = await desk.post(f"{path}/replies", {"message": "Still slow"}, client)
    assert reopened.json()["status"] == "customer_reply"
    shown = (await desk.get(path, staff)).json()
    signed = [message["author"] for message in shown["messages"]]
    assert signed == ["Ana Souza", "Equipe Ponto", "Ana Souza", "Equipe Ponto", "Ana Souza"]


async def test_numbers_have_no_gaps_and_count_for_each_brand(desk: Desk) -> None:
    await asyncio.gather(*(desk.open(account) for account in [desk.ana, desk.rui] * 4))
    refused = await desk.post("/v1/tickets", question(department="none"), desk.client(desk.ana))
    assert code_of(refused) == (422, "department_unknown")
    await desk.open(desk.ana)
    listed = (await desk.get("/v1/brands/ponto/tickets", desk.staff())).json()
    assert sorted(entry["number"] for entry in listed) == [f"T-{n:06d}" for n in range(1, 10)]


async def test_a_repeated_request_opens_one_ticket(desk: Desk) -> None:
    key, token = str(new_id()), desk.client(desk.ana)
    first = await desk.post("/v1/tickets", question(), token, key=key)
    again = await desk.post("/v1/tickets", question(), token, key=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert await desk.events() == 1
    other = await desk.post("/v1/tickets", question(subject="Else"), token, key=key)
    assert code_of(other) == (422, "idempotency_key_reused")
    headers = {"authorization": f"Bearer {token}"}
    keyless = await desk.http.post("/v1/tickets", json=question(), headers=headers)
    assert code_of(keyless) == (422, "idempotency_key_missing")


async def test_lists_are_paged_with_the_newest_first(desk: Desk) -> None:
    made = [await desk.open(desk.ana) for _ in range(5)]
    token = desk.client(desk.ana)
    first = (await desk.get("/v1/tickets?limit=3", token)).json()
    rest = (await desk.get(f"/v1/tickets?limit=3&after={first[-1]['ticket_id']}", token)).json()
    assert [entry["ticket_id"] for entry in [*first, *rest]] == made[::-1]
    for limit in ("0", "101", "x"):
        answer = await desk.get(f"/v1/tickets?limit={limit}", token)
        assert code_of(answer) == (422, "malformed_request")


async def test_nobody_touches_a_ticket_of_another_account_or_brand_A20(desk: Desk) -> None:
    path = f"/v1/tickets/{await desk.open(desk.ana)}"
    before = await desk.events()
    for token in (desk.client(desk.rui), desk.staff("vela"), desk.client(desk.ana, "vela")):
        assert code_of(await desk.get(path, token)) == (404, "not_found")
        reply = await desk.post(f"{path}/replies", {"message": "Hello"}, token)
        assert code_of(reply) == (404, "not_found")
        assert code_of(await desk.post(f"{path}/close", None, token)) == (404, "not_found")
    assert await desk.events() == before
    assert (await desk.get("/v1/tickets", desk.client(desk.rui))).json() == []
    other = await desk.get("/v1/brands/ponto/tickets", desk.staff("vela"))
    assert code_of(other) == (404, "not_found")
    clients = await desk.get("/v1/brands/ponto/tickets", desk.client(desk.ana))
    assert code_of(clients) == (403, "forbidden")


async def test_a_ticket_is_about_an_own_service_only_A21(desk: Desk) -> None:
    for service in (desk.ruis_service, new_id()):
        body = question(service_id=str(service))
        answer = await desk.post("/v1/tickets", body, desk.client(desk.ana))
        assert code_of(answer) == (404, "service_unknown")
    assert await desk.events() == 0


async def test_an_unknown_ticket_is_not_found(desk: Desk) -> None:
    path = f"/v1/tickets/{new_id()}"
    assert code_of(await desk.get(path, desk.staff())) == (404, "not_found")
    reply = await desk.post(f"{path}/replies", {"message": "Hello"}, desk.staff())
    assert code_of(reply) == (404, "not_found")
    assert (await desk.get("/v1/tickets/1", desk.staff())).status_code == 422


async def test_a_client_whose_data_have_not_arrived_may_try_again(desk: Desk) -> None:
    answer = await desk.post("/v1/tickets", question(), desk.client(new_id()))
    assert code_of(answer) == (503, "client_not_known_yet")
    assert await desk.events() == 0


async def test_strangers_and_services_open_no_tickets(desk: Desk) -> None:
    assert (await desk.http.post("/v1/tickets", json=question())).status_code == 401
    assert code_of(await desk.post("/v1/tickets", question(), desk.staff())) == (403, "forbidden")
    departments = await desk.http.get("/v1/departments")
    assert departments.status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "x" * 201),
        ("subject", "two\nlines"),
        ("subject", ""),
        ("message", "x" * 10_001),
        ("message", "   "),
        ("message", {"$ne": 1}),
        ("priority", "urgent"),
        ("priority", 2),
        ("service_id", "1"),
        ("department", None),
    ],
)
async def test_a_question_out_of_bounds_is_refused_with_the_field(
    desk: Desk, field: str, value: Any
) -> None:
    answer = await desk.post("/v1/tickets", question(**{field: value}), desk.client(desk.ana))
    assert code_of(answer) == (422, "malformed_request")
    assert [flaw["field"] for flaw in answer.json()["errors"]] == [f"body.{field}"]


@pytest.mark.parametrize("field", ["status", "number", "account_id", "author", "brand", "side"])
async def test_a_question_sets_nothing_but_its_own_fields_A25(desk: Desk, field: str) -> None:
    answer = await desk.post("/v1/tickets", question(**{field: "x"}), desk.client(desk.ana))
    assert answer.json()["errors"] == [{"field": f"body.{field}", "code": "extra_forbidden"}]


async def test_the_longest_question_of_the_widest_letters_is_kept_whole(desk: Desk) -> None:
    body = question(subject="🦊" * 200, message="🐙" * 10_000)
    answer = await desk.post("/v1/tickets", body, desk.client(desk.ana))
    assert answer.status_code == 201
    path = f"/v1/tickets/{answer.json()['ticket_id']}"
    shown = (await desk.get(path, desk.client(desk.ana))).json()
    assert shown["messages"][0]["message"] == "🐙" * 10_000


async def test_what_people_write_is_stored_encrypted(desk: Desk) -> None:
    await desk.open(desk.ana, subject="Canary one", message="Canary two")
    async with desk.store.pool.acquire() as db:
        rows = await db.fetch("select data::text from events union all select data::text from log")
    stored = "\n".join(row[0] for row in rows)
    for canary in ("Canary", "Ana Souza"):
        assert canary not in stored


async def test_departments_of_the_own_brand_are_offered(desk: Desk) -> None:
    for token in (desk.client(desk.ana), desk.staff()):
        found = (await desk.get("/v1/departments", token)).json()
        assert [department["id"] for department in found] == ["sales", "support"]
    assert (await desk.get("/v1/departments", desk.staff("vela"))).json() == []
