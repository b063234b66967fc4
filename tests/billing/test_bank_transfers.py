"""Bank transfers: told at once, each entry once, what is certain paid, the rest by staff."""

import asyncio
from datetime import timedelta

import pytest

from services.billing.bank_statements.statement import BankAccount
from shared.contracts.permissions import BILLING_READ
from shared.ids import new_id
from tests.billing.bank_files import camt_file, mt940_file, ofx_file
from tests.billing.banking import (
    credit,
    credit_of,
    decide,
    entries,
    open_bank,
    owed,
    send,
    statement,
    take_in,
    work_off,
)
from tests.billing.house import House, code_of

pytestmark = pytest.mark.measured


async def test_an_invoice_says_at_once_how_it_is_paid_by_transfer(house: House) -> None:
    await open_bank(house)
    invoice = await owed(house, house.ana)
    path = f"/v1/invoices/{invoice['invoice_id']}/bank-transfer"
    told = await house.do("GET", path, token=house.client(house.ana))
    assert (told["reference"], told["amount_minor"]) == (invoice["number"], 2990)
    assert [(way["method"], way["clearing_days"], way["details"]) for way in told["ways"]] == [
        ("transfer", 2, {"bank": "001", "account": "73481-6"})
    ]
    assert "PaymentStarted" not in await house.names(house.ana)
    await house.pay_and_settle(house.ana, invoice["invoice_id"])
    paid = await house.do("GET", path, token=house.staff())
    assert (paid["amount_minor"], paid["ways"]) == (0, [])


async def test_a58_nobody_else_is_told_how_an_invoice_is_paid(house: House) -> None:
    await open_bank(house)
    invoice = await owed(house, house.ana)
    path = f"/v1/invoices/{invoice['invoice_id']}/bank-transfer"
    for token, code in (
        (house.client(house.rui), (404, "not_found")),
        (house.staff("sol"), (404, "not_found")),
        (house.staff(may=[]), (403, "forbidden")),
    ):
        assert code_of(await house.ask("GET", path, token=token)) == code


async def test_a_transfer_that_names_its_invoice_pays_it_on_the_day_of_the_bank(
    house: House,
) -> None:
    await open_bank(house)
    invoice, today = await owed(house, house.ana), await house.today()
    booked_on = today - timedelta(days=2)
    words = f"fatura {invoice['number']}"
    imported = await take_in(house, credit(2990, words, on=booked_on, payer_name="ANA SOUZA"))
    assert (imported["entries"], imported["new_entries"]) == (1, 1)
    paid = await house.invoice(house.ana, invoice["invoice_id"])
    assert (paid["status"], paid["paid_minor"], paid["open_minor"]) == ("paid", 2990, 0)
    told = await house.events(house.ana)
    (received,) = [data for name, data in told if name == "PaymentReceived"]
    assert received["received_on"] == booked_on.isoformat()
    assert received["method"] == "transfer"
    (entry,) = await entries(house, "allocated")
    assert [share["amount_minor"] for share in entry["shares"]] == [2990]
    assert entry["shares"][0]["payment_id"] == received["payment_id"]
    assert await house.findings() == []


async def test_the_same_file_again_and_one_that_overlaps_count_nothing_twice(house: House) -> None:
    await open_bank(house)
    invoice, today = await owed(house, house.ana), await house.today()
    first = credit(2990, invoice["number"], on=today - timedelta(days=1), bank_reference="A1")
    second = credit(500, "something else", on=today, bank_reference="A2")
    await take_in(house, first)
    again = (await send(house, statement(first))).json()
    assert (again["is_new"], again["new_entries"]) == (False, 1)
    overlapping = await take_in(house, first, second)
    assert (overlapping["is_new"], overlapping["entries"], overlapping["new_entries"]) == (
        True,
        2,
        1,
    )
    before = await house.names()
    await send(house, statement(first, second))
    assert await work_off(house) == 0
    assert await house.names() == before
    names = await house.names(house.ana)
    assert names.count("PaymentReceived") == 1
    assert len(await entries(house, "allocated")) == len(await entries(house, "open")) == 1


async def test_two_imports_at_once_keep_each_entry_once(house: House) -> None:
    await open_bank(house)
    today = await house.today()
    shared = [credit(100 + n, "x", on=today, bank_reference=f"B{n}") for n in range(20)]
    files = [statement(*shared), statement(*reversed(shared)), statement(*shared[:10])]
    answers = await asyncio.gather(*(send(house, content) for content in [*files, *files]))
    assert {answer.status_code for answer in answers} == {201}
    assert await house.fetchval("select count(*) from bank_entry_kept") == 20
    assert await work_off(house) == 20
    assert await house.names() == [
        name for name in await house.names() if name != "BankEntryAllocated"
    ]


async def test_what_is_not_certain_is_for_staff_who_confirms_a_suggestion(house: House) -> None:
    await open_bank(house)
    invoice, today = await owed(house, house.ana), await house.today()
    await take_in(house, credit(2990, "hospedagem", on=today, payer_name="MARIA LIMA"))
    (entry,) = await entries(house)
    assert (entry["payer_name"], entry["remittance"]) == ("MARIA LIMA", "hospedagem")
    assert entry["reasons"] == ["too_little_known"]
    assert entry["readings"][0]["invoice_ids"] == [invoice["invoice_id"]]
    path = f"/v1/bank-entries/{entry['entry_id']}"
    one = await house.ask("GET", path, token=house.staff())
    stale = await house.ask(
        "POST",
        f"{path}/confirmation",
        {"reading": 0},
        token=house.staff(),
        headers={"if-match": '"99"'},
    )
    assert code_of(stale) == (412, "stale")
    answer = await house.ask(
        "POST",
        f"{path}/confirmation",
        {"reading": 0},
        token=house.staff(),
        headers={"if-match": one.headers["etag"]},
    )
    assert answer.status_code == 204, answer.text
    assert (await house.invoice(house.ana, invoice["invoice_id"]))["status"] == "paid"
    assert code_of(await decide(house, entry["entry_id"], "confirmation", {"reading": 0})) == (
        409,
        "entry_is_decided",
    )


async def test_a_payer_who_was_confirmed_once_is_known_the_next_time(house: House) -> None:
    await open_bank(house)
    await owed(house, house.ana)
    today = await house.today()
    payer = {"payer_name": "MARIA LIMA", "payer_account": "9981"}
    await take_in(house, credit(2990, "hospedagem", on=today, bank_reference="C1", **payer))
    (entry,) = await entries(house)
    assert (await decide(house, entry["entry_id"], "confirmation", {"reading": 0})).is_success
    known = await house.fetchval("select payer_name from known_payer")
    assert known == "MARIA LIMA"
    stored = await house.fetchval("select string_agg(data::text, '') from events")
    assert "MARIA" not in stored
    second = await owed(house, house.ana, domain="two.example")
    await take_in(house, credit(2990, "hospedagem", on=today, bank_reference="C2", **payer))
    readings = (await entries(house))[:1]
    paid = await house.invoice(house.ana, second["invoice_id"])
    assert paid["status"] == "paid" or "payer_name_known" in readings[0]["readings"][0]["reasons"]


async def test_one_transfer_pays_several_invoices_in_whole_and_in_part(house: House) -> None:
    await open_bank(house)
    first, second = [await owed(house, house.ana, domain=f"{n}.example") for n in "ab"]
    today = await house.today()
    await take_in(house, credit(4000, "dois meses", on=today))
    (entry,) = await entries(house)
    body = {
        "invoices": [
            {"invoice_id": second["invoice_id"]},
            {"invoice_id": first["invoice_id"], "amount_minor": 1000},
        ]
    }
    assert (await decide(house, entry["entry_id"], "assignment", body)).is_success
    paid, partly = [await house.invoice(house.ana, i["invoice_id"]) for i in (second, first)]
    assert (paid["status"], partly["status"], partly["open_minor"]) == ("paid", "unpaid", 1990)
    assert await credit_of(house, house.ana) == 10
    assert await house.findings() == []


async def test_what_is_taken_back_is_owed_again_and_can_be_assigned_anew(house: House) -> None:
    await open_bank(house)
    wrong, right = await owed(house, house.ana), await owed(house, house.rui, domain="r.example")
    today = await house.today()
    await take_in(house, credit(3000, "hospedagem", on=today, payer_name="SOUZA"))
    (entry,) = await entries(house)
    one = {"invoices": [{"invoice_id": wrong["invoice_id"]}]}
    assert (await decide(house, entry["entry_id"], "assignment", one)).is_success
    assert await credit_of(house, house.ana) == 10
    undo = {"reason": "It was Rui's."}
    assert (await decide(house, entry["entry_id"], "reopening", undo)).is_success
    again = await house.invoice(house.ana, wrong["invoice_id"])
    assert (again["status"], again["open_minor"], again["paid_minor"]) == ("unpaid", 2990, 0)
    assert await credit_of(house, house.ana) == 0
    assert await house.fetchval("select count(*) from known_payer") == 0
    assert await house.findings() == []
    other = {"invoices": [{"invoice_id": right["invoice_id"]}]}
    assert (await decide(house, entry["entry_id"], "assignment", other)).is_success
    assert (await house.invoice(house.rui, right["invoice_id"]))["status"] == "paid"
    assert await credit_of(house, house.rui) == 10
    assert await house.findings() == []
    assert code_of(await decide(house, str(new_id()), "reopening", undo)) == (404, "not_found")


async def test_what_was_used_of_the_rest_keeps_a_payment_from_being_taken_back(
    house: House,
) -> None:
    await open_bank(house)
    first = await owed(house, house.ana)
    today = await house.today()
    await take_in(house, credit(5000, first["number"], on=today))
    await owed(house, house.ana, domain="two.example")
    (entry,) = await entries(house, "allocated")
    refused = await decide(house, entry["entry_id"], "reopening", {"reason": "Not hers."})
    assert code_of(refused) == (409, "credit_too_small")
    assert (await house.invoice(house.ana, first["invoice_id"]))["status"] == "paid"
    assert await house.findings() == []


async def test_what_pays_nothing_is_set_aside_and_what_left_is_so_by_itself(house: House) -> None:
    await open_bank(house)
    today = await house.today()
    await take_in(
        house,
        credit(700, "juros", on=today, bank_reference="D1"),
        credit(900, "aluguel", on=today, bank_reference="D2", is_credit=False),
    )
    (left,) = await entries(house, "set_aside")
    assert (left["amount_minor"], left["reason"]) == (900, "money_left")
    (entry,) = await entries(house)
    assert (
        await decide(house, entry["entry_id"], "setting-aside", {"reason": "Interest."})
    ).is_success
    assert await entries(house) == []
    body = {"invoices": [{"invoice_id": str(new_id())}]}
    refused = await decide(house, left["entry_id"], "assignment", body)
    assert code_of(refused) == (409, "entry_is_decided")


async def test_a58_a_void_or_paid_invoice_or_one_of_another_brand_takes_no_transfer(
    house: House,
) -> None:
    await open_bank(house)
    paid, void = await owed(house, house.ana), await owed(house, house.rui, domain="v.example")
    await house.pay_and_settle(house.ana, paid["invoice_id"])
    await house.do(
        "POST", f"/v1/invoices/{void['invoice_id']}/cancel", {"reason": "x"}, token=house.staff()
    )
    await take_in(house, credit(3000, "?", on=await house.today()))
    (entry,) = await entries(house)
    for invoice, code in ((paid, "invoice_already_paid"), (void, "invoice_is_cancelled")):
        body = {"invoices": [{"invoice_id": invoice["invoice_id"]}]}
        assert code_of(await decide(house, entry["entry_id"], "assignment", body)) == (409, code)
    foreign = await house.ask(
        "POST",
        f"/v1/bank-entries/{entry['entry_id']}/assignment",
        {"invoices": [{"invoice_id": paid["invoice_id"]}]},
        token=house.staff("sol"),
    )
    assert code_of(foreign) == (404, "not_found")


async def test_a53_a54_amounts_of_an_assignment_are_whole_and_above_zero(house: House) -> None:
    await open_bank(house)
    invoice = await owed(house, house.ana)
    await take_in(house, credit(3000, "?", on=await house.today()))
    (entry,) = await entries(house)
    for wrong in (0, -1, 1.5, "100", "١٢", 2**63, 10**12):
        part = {"invoice_id": invoice["invoice_id"], "amount_minor": wrong}
        answer = await decide(house, entry["entry_id"], "assignment", {"invoices": [part]})
        assert answer.status_code == 422, wrong
    twice = {"invoices": [{"invoice_id": invoice["invoice_id"]}] * 2}
    assert code_of(await decide(house, entry["entry_id"], "assignment", twice)) == (
        422,
        "invoice_named_twice",
    )
    too_much = {"invoices": [{"invoice_id": invoice["invoice_id"], "amount_minor": 3001}]}
    assert code_of(await decide(house, entry["entry_id"], "assignment", too_much)) == (
        422,
        "shares_exceed_entry",
    )


async def test_the_rest_of_a_transfer_for_two_clients_is_nobodys_by_itself(house: House) -> None:
    await open_bank(house)
    first, second = await owed(house, house.ana), await owed(house, house.rui, domain="r.example")
    await take_in(house, credit(6000, "?", on=await house.today()))
    (entry,) = await entries(house)
    body = {"invoices": [{"invoice_id": i["invoice_id"]} for i in (first, second)]}
    assert code_of(await decide(house, entry["entry_id"], "assignment", body)) == (
        422,
        "accounts_differ",
    )


# --------------------------------------------------------------------------------- bad files


async def test_a_file_that_cannot_be_read_leaves_nothing(house: House) -> None:
    await open_bank(house)
    today = await house.today()
    good = statement(credit(100, "x", on=today))
    files = {
        b"": "statement_unreadable",
        b"\x00\xff" * 50: "statement_unreadable",
        good.replace(b"1.00", b"1.0x"): "statement_unreadable",
        good[: len(good) // 2]: "statement_unreadable",
        ofx_file([], account=BankAccount(number="999", bank_code="001")): "bank_account_unknown",
        statement(credit(100, "x", on=today + timedelta(days=400))): "statement_day_implausible",
    }
    for content, code in files.items():
        assert code_of(await send(house, content)) == (422, code), content[:60]
    assert await house.fetchval("select count(*) from bank_entry_kept") == 0
    assert "BankStatementImported" not in await house.names()


async def test_a63_a_file_that_is_too_large_is_not_read(house: House) -> None:
    await open_bank(house)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.sandbox.ports["billing"])
    lines = [
        "POST /v1/bank-statements HTTP/1.1",
        f"host: 127.0.0.1:{house.sandbox.ports['billing']}",
        f"authorization: Bearer {house.staff()}",
        f"content-length: {40 * 1024 * 1024}",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await reader.readline()
    writer.close()
    assert b" 413 " in answer


async def test_files_of_two_forms_about_the_same_days_are_refused(house: House) -> None:
    """An entry of the one cannot be told to be that of the other: it would count twice."""
    await open_bank(house)
    today = await house.today()
    account = BankAccount(number="NL26VAYB8060476890")
    each = credit(100, "x", on=today, account=account)
    assert (await send(house, camt_file([each], account=account))).status_code == 201
    other = await send(house, mt940_file([each], account=account.number, currency="BRL"))
    assert code_of(other) == (409, "statements_overlap")
    later = credit(100, "x", on=today + timedelta(days=1), account=account)
    answer = await send(house, mt940_file([later], account=account.number, currency="BRL"))
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("words", ["\x1f\x1fx", "a\u202eb", "'; drop table bank_entry; --"])
async def test_hostile_words_of_a_payer_are_words(house: House, words: str) -> None:
    await open_bank(house)
    await take_in(house, credit(100, words, on=await house.today()))
    assert len(await entries(house)) == 1


async def test_who_may_read_may_neither_import_nor_see_who_paid(house: House) -> None:
    await open_bank(house)
    content = statement(credit(100, "x", on=await house.today()))
    for token in (house.staff(may=[BILLING_READ]), house.client(house.ana)):
        assert code_of(await send(house, content, token=token)) == (403, "forbidden")
    assert (await send(house, content, token=house.staff("sol"))).status_code in (404, 422)


async def test_an_account_that_does_not_add_up_is_a_task_for_staff(house: House) -> None:
    await open_bank(house)
    today = await house.today()
    account = "NL26VAYB8060476890"
    each = credit(100, "x", on=today, account=BankAccount(number=account))
    content = mt940_file([each], account=account, currency="BRL").replace(b"BRL1,00", b"BRL2,00")
    answer = await send(house, content)
    assert answer.json()["parts"][0]["is_balanced"] is False, answer.text
    await house.catch_up()
    (task,) = await house.do("GET", "/v1/brands/ponto/staff-tasks", token=house.staff())
    assert task["kind"] == "statement_unbalanced"


async def test_the_state_of_a_file_tells_what_became_of_its_entries(house: House) -> None:
    await open_bank(house)
    invoice, today = await owed(house, house.ana), await house.today()
    content = statement(
        credit(2990, invoice["number"], on=today, bank_reference="1"),
        credit(77, "?", on=today, bank_reference="2"),
    )
    imported = (await send(house, content)).json()
    await house.catch_up()
    path = f"/v1/bank-statements/{imported['statement_id']}"
    before = await house.do("GET", path, token=house.staff())
    assert (before["waiting"], before["by_status"]) == (2, {})
    await work_off(house)
    after = await house.do("GET", path, token=house.staff())
    assert (after["waiting"], after["by_status"]) == (0, {"allocated": 1, "open": 1})


async def test_the_brands_files_are_listed_newest_first_with_how_far_they_are(house: House) -> None:
    await open_bank(house)
    invoice, today = await owed(house, house.ana), await house.today()
    first = statement(
        credit(2990, invoice["number"], on=today, bank_reference="1"),
        credit(100, "unknown", on=today, bank_reference="2"),
    )
    older = (await send(house, first)).json()["statement_id"]
    await work_off(house)
    await take_in(house, credit(70, "unknown", on=today, bank_reference="3"))
    path, token = "/v1/bank-statements", house.staff()
    newest, known = await house.do("GET", path, token=token)
    assert known == await house.do("GET", f"{path}/{older}", token=token)
    assert (known["by_status"], known["waiting"]) == ({"allocated": 1, "open": 1}, 0)
    page = f"{path}?limit=1"
    assert await house.do("GET", page, token=token) == [newest]
    after = await house.do("GET", f"{page}&after={newest['statement_id']}", token=token)
    assert after == [known]
    assert await house.do("GET", path, token=house.staff("sol")) == []
    assert code_of(await house.ask("GET", path, token=house.staff(may=[]))) == (403, "forbidden")
