"""A pro forma: asked for, but neither owed nor earned before it is paid and becomes an invoice."""

from datetime import timedelta
from typing import Any

from services.billing.credit.balances import balance_of
from services.billing.credit.commands import ApplyCredit, apply_credit
from services.billing.invoices.commands import CancelInvoice, issue_invoice, void_invoice
from services.billing.invoices.invoice import Invoice
from shared.ids import new_id
from shared.store import Cause, Transaction
from tests.billing.house import House, code_of
from tests.billing.samples import TODAY
from tests.billing.test_document_numbers import an_invoice, issue

DAY = timedelta(days=1)
TESTING = Cause(actor="test")
TOTAL_MINOR = 2990


async def issuing(house: House, **rules: Any) -> None:
    await house.apply_brand(rules={"number_on_payment": True, **rules})


async def give_credit(house: House, amount_minor: int) -> None:
    async def give(tx: Transaction) -> None:
        credit = await balance_of(tx, house.ana, brand="ponto", currency="BRL")
        credit.give(amount_minor=amount_minor, source="staff", reference_id=new_id(), reason="gift")
        await tx.save(credit)

    await house.store.run(TESTING, give)


async def booked(house: House) -> dict[str, int]:
    """What stands in the ledger's accounts, without what a gift has put there."""
    await house.catch_up()
    async with house.store.pool.acquire() as db:
        rows = await db.fetch(
            """select ledger_account, sum(amount_minor)::bigint as minor from ledger_posting
               where ledger_account not in ('gift', 'gateway_clearing') group by 1"""
        )
    return {row["ledger_account"]: row["minor"] for row in rows if row["minor"]}


async def test_a_pro_forma_is_booked_when_it_becomes_an_invoice(house: House) -> None:
    await issuing(house)
    pro_forma = await issue(house, an_invoice(house))
    assert await booked(house) == {}
    assert await house.findings() == []
    await house.pay_and_settle(house.ana, str(pro_forma.id))
    assert await booked(house) == {"revenue": -TOTAL_MINOR}
    assert await house.findings() == []


async def test_what_pays_a_part_of_a_pro_forma_is_a_prepayment_until_the_rest_is_there(
    house: House,
) -> None:
    await issuing(house)
    await give_credit(house, 1000)
    pro_forma = await issue(house, an_invoice(house))
    assert (pro_forma.open_minor, pro_forma.is_pro_forma) == (1990, True)
    assert await booked(house) == {"prepayment": -1000}
    assert await house.findings() == []
    await house.pay_and_settle(house.ana, str(pro_forma.id))
    assert await booked(house) == {"revenue": -TOTAL_MINOR}
    assert await house.findings() == []


async def test_a_void_pro_forma_leaves_nothing_in_the_books(house: House) -> None:
    await issuing(house)
    await give_credit(house, 1000)
    pro_forma = await issue(house, an_invoice(house))
    void = CancelInvoice(invoice_id=pro_forma.id, today=TODAY, reason="agreed")
    await house.store.run(TESTING, lambda tx: void_invoice(void, tx))
    assert await booked(house) == {"client_credit": -1000}
    assert await house.findings() == []


async def test_credit_that_comes_later_makes_a_pro_forma_an_invoice(house: House) -> None:
    await issuing(house)
    pro_forma = await issue(house, an_invoice(house))
    await give_credit(house, TOTAL_MINOR)
    apply = ApplyCredit(invoice_id=pro_forma.id, today=TODAY + DAY)
    assert await house.store.run(TESTING, lambda tx: apply_credit(apply, tx)) == TOTAL_MINOR
    shown = await house.invoice(house.ana, str(pro_forma.id))
    assert (shown["number"], shown["is_pro_forma"]) == ("PON-2026-000001", False)
    assert await booked(house) == {"revenue": -TOTAL_MINOR}
    assert await house.findings() == []


async def test_a_pro_forma_is_cancelled_and_not_written_off(house: House) -> None:
    await issuing(house)
    pro_forma = await issue(house, an_invoice(house))
    path = f"/v1/invoices/{pro_forma.id}/write-off"
    headers = {"If-Match": f'"{pro_forma.version}"'}
    answer = await house.ask(
        "POST", path, {"reason": "insolvent"}, token=house.staff(), headers=headers
    )
    assert code_of(answer) == (409, "not_an_invoice_yet")
    assert await booked(house) == {}


async def test_an_invoice_that_credit_pays_at_its_issue_is_booked_once(house: House) -> None:
    await issuing(house)
    await give_credit(house, TOTAL_MINOR)
    command = an_invoice(house)
    invoice = await house.store.run(TESTING, lambda tx: issue_invoice(command, tx))
    assert isinstance(invoice, Invoice)
    assert (invoice.number, invoice.is_pro_forma) == ("PON-2026-000001", False)
    assert await booked(house) == {"revenue": -TOTAL_MINOR}
    assert await house.findings() == []
