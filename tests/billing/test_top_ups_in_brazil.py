"""Top-ups by PIX and boleto: credited once however often they are told, and nothing if not paid."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.billing.boleto.barcode import read_boleto
from services.billing.boleto.expiring import BoletoExpiry
from tests.billing.codes_read import codes_on, text_of
from tests.billing.house import House
from tests.billing.paid_in_brazil import (
    LATE,
    bring,
    outcomes,
    paid,
    pays_in_brazil,
    settle,
    written,
)
from tests.billing.test_pix_paying import received, scan
from tests.billing.test_top_ups import want

pytestmark = pytest.mark.measured


async def opened(house: House, method: str, amount_minor: int = 5000) -> tuple[str, dict[str, str]]:
    """The attempt, and what the payer is told."""
    wanted = await want(house, amount_minor, method)
    path = f"/v1/payments/{wanted['payment_id']}/hosted-page"
    body, token = {"return_url_path": "/credit"}, house.client(house.ana)
    page = await house.do("POST", path, body, token=token)
    assert await house.do("POST", path, body, token=token) == page
    await house.catch_up()
    return wanted["payment_id"], page["instructions"]


async def slip(house: House, amount_minor: int = 5000) -> dict[str, Any]:
    _, told = await opened(house, "slip", amount_minor)
    path = f"/v1/boletos/{told['boleto_id']}"
    return dict(await house.do("GET", path, token=house.client(house.ana)))


async def pdf_of(house: House, path: str) -> bytes:
    return (await house.ask("GET", path, token=house.client(house.ana))).content


async def credit_of_ana(house: House) -> int:
    held = "select balance_minor from credit_held where account_id = $1"
    return int(await house.fetchval(held, house.ana) or 0)


async def until_credit(house: House, minor: int) -> None:
    async def is_there() -> bool:
        return await credit_of_ana(house) == minor

    await house.until(is_there)
    await house.until(house.is_quiet)


async def test_a_pix_top_up_told_fifty_times_is_credited_once_and_a_second_pix_once_more(
    house: House,
) -> None:
    await pays_in_brazil(house, is_static=True)
    payment_id, told = await opened(house, "pix")
    shown = await house.do("GET", f"/v1/pix-codes/{payment_id}", token=house.client(house.ana))
    assert (shown["copy_and_paste"], shown["amount_minor"]) == (told["copy_and_paste"], 5000)
    assert await scan(house, told["copy_and_paste"], "fifty") == 303
    await until_credit(house, 5000)
    for _ in range(3):
        await house.inquiry.ask(UUID(payment_id))
    assert [each["purpose"] for each in await received(house)] == ["top_up"]
    receipt = text_of(await pdf_of(house, f"/v1/payments/{payment_id}/receipt"))
    assert "Recibo" in receipt and "50,00" in receipt
    assert await scan(house, told["copy_and_paste"]) == 303
    await until_credit(house, 10000)
    added = [f for name, f in await house.events(house.ana) if name == "CreditAdded"]
    assert [(each["amount_minor"], each["reason"]) for each in added] == [(5000, "top_up")] * 2
    assert await house.invoices(house.ana) == []
    assert await house.findings() == []


async def test_a_boleto_top_up_is_credited_once_in_however_many_files_its_line_comes(
    house: House,
) -> None:
    """Paid late it costs nothing more; paid in part, the part is credit."""
    await pays_in_brazil(house)
    boleto = await slip(house)
    paper = await pdf_of(house, f"/v1/boletos/{boleto['boleto_id']}/pdf")
    words = text_of(paper)
    assert codes_on(paper)["ITF"] == boleto["barcode"]
    assert "Ana Souza" in words and boleto["line"] in words
    assert f"multa de {LATE['fine_percent']}%" not in words
    issued = dict(await house.events(house.ana))["BoletoIssued"]
    assert issued["purpose"] == "top_up"
    line = paid(boleto)
    file = await settle(house, written([line, line]))
    assert outcomes(file) == {"settled": 1, "told_before": 1}
    again = await settle(house, written([line], sequence=2), name="CB2.RET")
    assert outcomes(again) == {"told_before": 1}
    assert (await bring(house, written([line, line]))).status_code == 202
    assert await credit_of_ana(house) == 5000
    assert len(await received(house)) == 1
    part = await slip(house, 9000)
    file = await settle(house, written([paid(part, received_minor=4000)], sequence=3), name="C3")
    assert outcomes(file) == {"settled_in_part": 1}
    assert await credit_of_ana(house) == 9000
    assert {each["reason"] for n, each in await house.events(house.ana) if n == "CreditAdded"} == {
        "top_up"
    }
    assert await house.findings() == []


async def test_a_code_and_a_slip_that_nobody_pays_leave_nothing_and_cost_nothing_for_being_late(
    house: House,
) -> None:
    await pays_in_brazil(house, is_static=True)
    payment_id, _ = await opened(house, "pix")
    boleto, withdrawn = await slip(house), await slip(house)
    path = f"/v1/payments/{withdrawn['payment_id']}/withdrawal"
    await house.do("POST", path, token=house.client(house.ana))
    house.clock.ahead = timedelta(days=13)
    assert await house.inquiry.ask(UUID(payment_id))
    path = f"/v1/boletos/{boleto['boleto_id']}/duplicates"
    late = await house.do("POST", path, {}, token=house.client(house.ana))
    assert (late["amount_minor"], late["fine_minor"], late["interest_minor"]) == (5000, 0, 0)
    assert late["days_late"] > 0 and read_boleto(late["line"]).amount_minor == 5000
    house.clock.ahead = timedelta(days=60)
    await house.catch_up()
    assert await BoletoExpiry(house.store).end_what_is_over() == 1
    await house.catch_up()
    reasons = [f["reason"] for n, f in await house.events(house.ana) if n == "PaymentFailed"]
    assert sorted(reasons) == ["boleto_expired", "boleto_withdrawn", "expired"]
    assert await house.fetchval("select count(*) from payment_open") == 0
    assert await credit_of_ana(house) == 0
    late_line = paid(boleto, received_minor=5100)  # at another bank, after all that
    assert outcomes(await settle(house, written([late_line]))) == {"overpaid": 1}
    assert await credit_of_ana(house) == 5100
    assert await house.findings() == []
