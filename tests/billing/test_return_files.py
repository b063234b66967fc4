"""Return files: every line once, whatever is brought again; what does not fit is told to staff."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from services.billing.return_files import folder, settling, taking
from services.billing.return_files.folder import ReturnFolder
from services.billing.return_files.run import ReturnFiles
from shared.errors import NotFound
from tests.billing.house import House, code_of
from tests.billing.paid_in_brazil import (
    ACCOUNTS,
    bring,
    open_attempt,
    order_and_boleto,
    outcomes,
    paid,
    pays_in_brazil,
    settle,
    ways_to_pay,
    written,
)

SETTLED = ["PaymentReceived", "PaymentAllocated", "InvoicePaid", "BoletoCollected"]
DAY = date(2026, 11, 20)


async def lines_of(house: House, file: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"/v1/return-files/{file['return_file_id']}/lines"
    found: list[dict[str, Any]] = await house.do("GET", path, token=house.staff())
    return found


async def tasks_of(house: House) -> list[dict[str, Any]]:
    await house.catch_up()
    found: list[dict[str, Any]] = await house.do(
        "GET", "/v1/brands/ponto/staff-tasks", token=house.staff()
    )
    return found


async def events_of(house: House, name: str) -> list[dict[str, Any]]:
    return [fields for each, fields in await house.events(house.ana) if each == name]


@pytest.mark.parametrize("columns", [240, 400])
@pytest.mark.parametrize("bank", sorted(ACCOUNTS))
async def test_a_file_of_each_bank_and_form_settles_its_boleto(
    house: House, bank: str, columns: int
) -> None:
    await pays_in_brazil(house, bank)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    told = paid(boleto, bank=bank, columns=columns, fee_minor=210)
    file = await settle(house, written([told], bank=bank, columns=columns))
    assert (file["state"], outcomes(file)) == ("settled", {"settled": 1})
    names = [name for name, _ in await house.events(house.ana)]
    assert [name for name in names if name in SETTLED] == SETTLED
    assert (await house.invoice(house.ana, boleto["invoice_id"]))["status"] == "paid"
    assert (await events_of(house, "BoletoCollected"))[0]["fee_minor"] == 210
    assert await tasks_of(house) == []
    assert await house.findings() == []


async def test_f51_the_same_file_and_the_same_line_in_another_file_book_once(house: House) -> None:
    await pays_in_brazil(house)
    one = await order_and_boleto(house, house.ana, "one.example")
    two = await order_and_boleto(house, house.ana, "two.example")
    first = written([paid(one)])
    file = await settle(house, first)
    again = await bring(house, first, name="again.ret")
    assert again.json() == {"return_file_id": file["return_file_id"], "is_new": False}
    more = await settle(house, written([paid(two), paid(one)], sequence=2))
    assert outcomes(more) == {"settled": 1, "told_before": 1}
    assert len(await events_of(house, "PaymentReceived")) == 2
    assert await house.findings() == []


async def test_a58_a_late_payer_pays_fine_and_interest_which_are_the_houses_own(
    house: House,
) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    late = date.fromisoformat(boleto["due_on"]) + timedelta(days=10)
    house.clock.ahead = timedelta(days=20)
    told = paid(boleto, received_minor=2990 + 70, interest_minor=70, occurred_on=late)
    assert outcomes(await settle(house, written([told]))) == {"settled": 1}
    collected = (await events_of(house, "BoletoCollected"))[0]
    assert (collected["paid_minor"], collected["late_charges_minor"]) == (3060, 70)
    assert collected["why"]["rule"] == "late_charges.boleto"
    assert (await events_of(house, "PaymentReceived"))[0]["amount_minor"] == 2990
    assert await events_of(house, "CreditAdded") == []
    booked = await house.fetchval(
        "select sum(amount_minor)::int from ledger_posting where ledger_account = 'late_charges'"
    )
    assert booked == -70
    assert await house.findings() == []


async def test_a58_what_is_too_much_is_credit_and_told_to_staff(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    file = await settle(house, written([paid(boleto, received_minor=5000)]))
    assert outcomes(file) == {"overpaid": 1}
    assert [e["amount_minor"] for e in await events_of(house, "PaymentReceived")] == [2990, 2010]
    assert [e["amount_minor"] for e in await events_of(house, "CreditAdded")] == [2010]
    task = (await tasks_of(house))[0]
    assert (task["kind"], task["facts"]["outcome"]) == ("return_lines", "overpaid")
    assert await house.findings() == []


async def test_a_part_settles_a_part_and_makes_room_for_another_attempt(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    file = await settle(house, written([paid(boleto, received_minor=1000)]))
    assert outcomes(file) == {"settled_in_part": 1}
    invoice = await house.invoice(house.ana, boleto["invoice_id"])
    assert (invoice["status"], invoice["open_minor"]) == ("unpaid", 1990)
    _, told = await open_attempt(house, house.ana, boleto["invoice_id"], method="slip")
    other = await house.do("GET", f"/v1/boletos/{told['boleto_id']}", token=house.client(house.ana))
    assert (other["amount_minor"], other["own_number"]) != (2990, boleto["own_number"])
    assert await house.findings() == []


async def test_f52_a_boleto_that_is_paid_twice_is_credit_the_second_time(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    twice = [paid(boleto), paid(boleto, occurred_on=DAY + timedelta(days=1))]
    assert outcomes(await settle(house, written(twice))) == {"settled": 1, "paid_again": 1}
    assert (await events_of(house, "CreditAdded"))[0]["amount_minor"] == 2990
    assert await house.findings() == []


async def test_f53_money_for_a_cancelled_order_is_credit(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    cancel = f"/v1/orders/{boleto['order_id']}/cancel"
    await house.do("POST", cancel, token=house.client(house.ana))
    assert outcomes(await settle(house, written([paid(boleto)]))) == {"credited": 1}
    added = (await events_of(house, "CreditAdded"))[0]
    assert (added["amount_minor"], added["reason"]) == (2990, "invoice_cancelled")
    assert await house.findings() == []


async def test_f53_money_for_a_withdrawn_boleto_settles_what_is_open(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    token, path = house.client(house.ana), f"/v1/boletos/{boleto['boleto_id']}"
    await house.do("DELETE", path, token=token)
    await house.do("DELETE", path, token=token)
    card = f"/v1/invoices/{boleto['invoice_id']}/payments"
    assert (await house.ask("POST", card, {"method": "card"}, token=token)).status_code == 201
    assert outcomes(await settle(house, written([paid(boleto)]))) == {"settled": 1}
    assert (await house.invoice(house.ana, boleto["invoice_id"]))["status"] == "paid"
    assert await house.findings() == []


async def test_a61_another_amount_than_ours_books_nothing_and_is_told(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    odd = [
        paid(boleto, amount_minor=9999, received_minor=9999),
        paid(boleto, received_minor=0, occurred_on=DAY + timedelta(days=1)),
        paid({**boleto, "own_number": "00000099999P"}),
        paid(boleto, code="77", received_minor=0),
    ]
    file = await settle(house, written(odd))
    assert outcomes(file) == {
        "amount_differs": 1, "no_amount": 1, "unknown_boleto": 1, "not_understood": 1
    }  # fmt: skip
    assert await events_of(house, "PaymentReceived") == []
    assert {each["facts"]["outcome"] for each in await tasks_of(house)} == set(outcomes(file))
    assert all(line["wants_staff"] for line in await lines_of(house, file))
    assert await house.findings() == []


async def test_a65_what_comes_after_the_money_takes_nothing_back(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    after = [paid(boleto), paid(boleto, code="09", received_minor=0), paid(boleto, code="03")]
    file = await settle(house, written(after))
    assert outcomes(file) == {"settled": 1, "ended": 1, "rejected": 1}
    assert (await house.invoice(house.ana, boleto["invoice_id"]))["status"] == "paid"
    assert await events_of(house, "PaymentFailed") == []


@pytest.mark.parametrize(("code", "outcome"), [("03", "rejected"), ("09", "ended")])
async def test_a_boleto_that_the_bank_does_not_take_makes_room_for_another_way(
    house: House, code: str, outcome: str
) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    told = paid(boleto, code=code, received_minor=0)
    assert outcomes(await settle(house, written([told]))) == {outcome: 1}
    failed = (await events_of(house, "PaymentFailed"))[0]
    assert failed["reason"] == {"03": "boleto_rejected", "09": "boleto_written_off"}[code]
    card = f"/v1/invoices/{boleto['invoice_id']}/payments"
    answer = await house.ask("POST", card, {"method": "card"}, token=house.client(house.ana))
    assert answer.status_code == 201


async def test_a_cheque_on_its_way_keeps_the_order_alive(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    waits = paid(boleto, code="16", received_minor=0)
    assert outcomes(await settle(house, written([waits]))) == {"on_its_way": 1}
    assert (await house.invoice(house.ana, boleto["invoice_id"]))["status"] == "payment_pending"
    assert outcomes(await settle(house, written([paid(boleto)], sequence=2))) == {"settled": 1}


async def test_a_file_that_is_damaged_books_nothing_and_says_where(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    lines = written([paid(boleto)]).splitlines(keepends=True)
    file = await settle(house, b"".join(lines[:2]))
    assert (file["state"], file["outcomes"]) == ("refused", [])
    assert file["problem"] == {"line": 3, "column": 1, "field": "trailer", "reason": "missing"}
    assert (await tasks_of(house))[0]["kind"] == "return_file_refused"
    assert await events_of(house, "PaymentReceived") == []


async def test_what_is_no_file_of_ours_is_refused_at_the_door(house: House) -> None:
    await pays_in_brazil(house)
    expected = {
        b"": (422, "return_file_invalid"),
        b"\x00\xff": (422, "return_file_invalid"),
        b"not a return file\r\n": (422, "return_file_invalid"),
        written([], bank="341"): (422, "return_file_of_no_account"),
    }
    for body, refusal in expected.items():
        assert code_of(await bring(house, body)) == refusal
    client = await house.ask("POST", "/v1/return-files?name=x", token=house.client(house.ana))
    assert code_of(client) == (403, "forbidden")
    few = house.staff(may=["billing.read"])
    assert code_of(await house.ask("POST", "/v1/return-files?name=x", token=few))[0] == 403
    assert await house.fetchval("select count(*) from return_file") == 0


async def test_a20_files_of_another_brand_do_not_exist(house: House) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    file = await settle(house, written([paid(boleto)]))
    stranger, path = house.staff("vela"), f"/v1/return-files/{file['return_file_id']}"
    for method, each in (("GET", path), ("GET", path + "/lines"), ("POST", path + "/retries")):
        assert code_of(await house.ask(method, each, token=stranger)) == (404, "not_found")
    assert await house.do("GET", "/v1/return-files", token=stranger) == []
    listed = await house.do("GET", "/v1/return-files", token=house.staff())
    assert [each["return_file_id"] for each in listed] == [file["return_file_id"]]


async def test_a20_boletos_of_another_brand_under_the_same_agreement_are_not_touched(
    house: House,
) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    await house.apply_brand("vela", **{**ways_to_pay(), "hosts": ["vela.localhost"]})
    answer = await bring(house, written([paid(boleto)]), staff=house.staff("vela"))
    assert answer.json()["is_new"]
    assert await house.service.state.return_files.work_off_next()
    assert await house.fetchval("select outcome from return_line") == "unknown_boleto"
    assert await events_of(house, "PaymentReceived") == []


# ------------------------------------------------------------------------ many lines, kills, lanes


async def many_boletos(house: House, count: int) -> list[dict[str, Any]]:
    accounts = (house.ana, house.rui)
    return [await order_and_boleto(house, accounts[n % 2], f"n{n}.example") for n in range(count)]


async def test_f58_a_killed_run_goes_on_where_it_stood(house: House) -> None:
    await pays_in_brazil(house)
    boletos = await many_boletos(house, 6)
    await bring(house, written([paid(each) for each in boletos]))
    done = 0
    note = settling._note

    async def killed(*arguments: Any) -> None:
        nonlocal done
        done += 1
        if done == 2:
            raise asyncio.CancelledError
        await note(*arguments)

    with (
        patch.object(settling, "CHUNK", 2),
        patch.object(settling, "_note", killed),
        pytest.raises(asyncio.CancelledError),
    ):
        await house.service.state.return_files.work_off_next()
    left = await house.fetchval("select count(*) from return_line where outcome is null")
    assert left == 6 - await house.fetchval(
        "select count(*) from log where type = 'PaymentReceived'"
    )
    assert 0 < left < 6
    assert await house.service.state.return_files.work_off_next()
    await house.catch_up()
    assert await house.fetchval("select count(*) from log where type = 'PaymentReceived'") == 6
    assert await house.findings() == []


async def test_f58_several_processes_settle_a_file_once(house: House) -> None:
    await pays_in_brazil(house)
    boletos = await many_boletos(house, 6)
    await bring(house, written([paid(each) for each in boletos]))
    with patch.object(settling, "CHUNK", 2):
        runs = [ReturnFiles(house.store) for _ in range(4)]
        await asyncio.gather(*(run.work_off_next() for run in runs))
    await house.catch_up()
    assert await house.fetchval("select count(*) from log where type = 'PaymentReceived'") == 6
    assert await house.findings() == []


async def test_a_line_that_fails_does_not_stop_the_others(house: House) -> None:
    await pays_in_brazil(house)
    boletos = await many_boletos(house, 3)
    take = taking.take_line

    async def fails_at_three(line: Any, *arguments: Any) -> Any:
        if line.number == 3:
            raise NotFound()
        return await take(line, *arguments)

    with patch.object(settling, "take_line", fails_at_three):
        file = await settle(house, written([paid(each) for each in boletos]))
    assert outcomes(file) == {"settled": 2, "failed": 1}
    failed = next(each for each in await lines_of(house, file) if each["outcome"] == "failed")
    assert (failed["line"], failed["detail"]) == (3, "not_found")
    path = f"/v1/return-files/{file['return_file_id']}"
    again = await house.do("POST", path + "/retries", token=house.staff())
    assert again == {"lines": 1}
    assert await house.service.state.return_files.work_off_next()
    assert outcomes(await house.do("GET", path, token=house.staff())) == {"settled": 3}
    assert await house.do("POST", path + "/retries", token=house.staff()) == {"lines": 0}
    assert await house.findings() == []


async def test_lines_in_a_chunk_book_the_same_as_alone(house: House) -> None:
    await pays_in_brazil(house)
    boletos = await many_boletos(house, 4)
    told = [paid(each, received_minor=2990 + n) for n, each in enumerate(boletos)]
    with patch.object(settling, "CHUNK", 1):
        alone = await settle(house, written(told[:2]))
    together = await settle(house, written(told[2:], sequence=2))
    assert outcomes(alone) == {"settled": 1, "overpaid": 1}
    assert outcomes(together) == {"overpaid": 2}
    assert await house.findings() == []


# ------------------------------------------------------------------------------ the watched folder


async def test_files_are_taken_from_a_folder_once_and_put_aside(
    house: House, tmp_path: Path
) -> None:
    await pays_in_brazil(house)
    boleto = await order_and_boleto(house, house.ana, "ana.example")
    own = tmp_path / "returns" / "ponto"
    own.mkdir(parents=True)
    (own / "CB1.RET").write_bytes(written([paid(boleto)]))
    (own / "notes.txt").write_text("for the bank")
    files = house.service.state.return_files
    watched = ReturnFolder(tmp_path / "returns", store=house.store, news=files.call)
    assert await watched.take_all() == 0, "they may still grow"
    with patch.object(folder, "QUIET_FOR_S", -5):
        assert await watched.take_all() == 2
        (own / "CB1-again.RET").write_bytes(written([paid(boleto)]))
        assert await watched.take_all() == 1
    while await files.work_off_next():
        pass
    await house.catch_up()
    assert sorted(p.name for p in (own / "taken").iterdir()) == ["CB1-again.RET", "CB1.RET"]
    assert "no_return_file" in (own / "refused" / "notes.txt.why.txt").read_text()
    assert (await house.invoice(house.ana, boleto["invoice_id"]))["status"] == "paid"
    assert await house.fetchval("select count(*) from return_file") == 1
