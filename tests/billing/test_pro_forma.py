"""A pro forma: asked for, but neither owed nor earned before it is paid and becomes an invoice."""

from datetime import date, timedelta
from typing import Any

from services.billing.credit.balances import balance_of
from services.billing.credit.commands import ApplyCredit, apply_credit
from services.billing.invoices.commands import CancelInvoice, issue_invoice, void_invoice
from services.billing.invoices.invoice import Invoice
from shared.ids import new_id
from shared.store import Cause, Transaction
from tests.billing.banking import METHODS, decide, pay_part
from tests.billing.house import House, code_of
from tests.billing.samples import TODAY
from tests.billing.test_document_numbers import an_invoice, issue

DAY = timedelta(days=1)
TESTING = Cause(actor="test")
TOTAL_MINOR = 2990


async def issuing(house: House, **changed: Any) -> None:
    await house.apply_brand(rules={"number_on_payment": True}, **changed)


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


# ------------------------------------------------------------------------------ void, paid in part


async def part_paid(house: House) -> tuple[str, str]:
    """A pro forma of which 1000 came by the bank: its id, and that of the entry."""
    await issuing(house, payment_methods=METHODS)
    pro_forma = await issue(house, an_invoice(house))
    entry_id = await pay_part(house, str(pro_forma.id), minor=1000)
    assert (await house.invoice(house.ana, str(pro_forma.id)))["open_minor"] == TOTAL_MINOR - 1000
    return str(pro_forma.id), entry_id


async def cancelled(house: House, invoice_id: str) -> dict[str, Any]:
    path = f"/v1/invoices/{invoice_id}/cancel"
    await house.do("POST", path, {"reason": "agreed"}, token=house.staff())
    return await house.invoice(house.ana, invoice_id)


async def test_what_was_paid_of_a_pro_forma_is_credit_once_that_is_void(house: House) -> None:
    invoice_id, _ = await part_paid(house)
    shown = await cancelled(house, invoice_id)
    assert (shown["status"], shown["open_minor"]) == ("cancelled", 0)
    assert await booked(house) == {"bank": 1000, "client_credit": -1000}
    why = await house.do("GET", f"/v1/why/credit/{invoice_id}", token=house.client(house.ana))
    assert (why["rule"], shown["number"] in why["sentence"]) == ("credit.prepaid", True)
    again = await house.ask(
        "POST", f"/v1/invoices/{invoice_id}/cancel", {"reason": "x"}, token=house.staff()
    )
    assert code_of(again) == (409, "invoice_is_cancelled")
    assert await house.findings() == []


async def test_what_a_void_pro_forma_gave_back_goes_where_its_money_goes(house: House) -> None:
    """The bank's entry turns out to be another's."""
    invoice_id, entry_id = await part_paid(house)
    await cancelled(house, invoice_id)
    answer = await decide(house, entry_id, "reopening", {"reason": "Another client's"})
    assert answer.is_success, answer.text
    assert await booked(house) == {}
    assert await house.findings() == []


async def test_credit_that_prepaid_an_invoice_is_free_again_when_that_is_void(
    house: House,
) -> None:
    """Its other money turned out to be another client's."""
    await issuing(house, payment_methods=METHODS)
    await give_credit(house, 1000)
    pro_forma = await issue(house, an_invoice(house))
    entry_id = await pay_part(house, str(pro_forma.id), minor=TOTAL_MINOR - 1000)
    assert (await house.invoice(house.ana, str(pro_forma.id)))["number"] == "PON-2026-000001"
    assert (await decide(house, entry_id, "reopening", {"reason": "Another's"})).is_success
    await cancelled(house, str(pro_forma.id))
    assert await booked(house) == {"client_credit": -1000}
    assert await house.findings() == []


async def test_a_pro_forma_that_is_paid_in_part_is_void_with_the_end_of_its_service(
    house: House,
) -> None:
    await issuing(house, payment_methods=METHODS)
    service = await house.active_service(house.ana)
    due: date = await house.fetchval("select next_due_on from service_list")
    await house.play_until(due - DAY)
    renewal = (await house.invoices(house.ana))[-1]["invoice_id"]
    await pay_part(house, renewal, minor=1000)
    path = f"/v1/staff/services/{service['service_id']}/termination"
    await house.do("POST", path, {"reason": "abuse"}, token=house.staff())
    await house.until(house.is_quiet)
    assert (await house.invoice(house.ana, renewal))["status"] == "cancelled"
    assert (await booked(house))["client_credit"] == -1000
    assert await house.findings() == []


async def test_an_order_whose_pro_forma_is_paid_in_part_can_be_given_up(house: House) -> None:
    await issuing(house, payment_methods=METHODS)
    order = await house.order(house.ana)
    await pay_part(house, order["invoice_id"], minor=1000)
    path = f"/v1/staff/orders/{order['order_id']}/cancel"
    await house.do("POST", path, token=house.staff())
    assert (await house.invoice(house.ana, order["invoice_id"]))["status"] == "cancelled"
    assert (await booked(house))["client_credit"] == -1000
    assert await house.findings() == []


async def test_an_invoice_that_credit_pays_at_its_issue_is_booked_once(house: House) -> None:
    await issuing(house)
    await give_credit(house, TOTAL_MINOR)
    command = an_invoice(house)
    invoice = await house.store.run(TESTING, lambda tx: issue_invoice(command, tx))
    assert isinstance(invoice, Invoice)
    assert (invoice.number, invoice.is_pro_forma) == ("PON-2026-000001", False)
    assert await booked(house) == {"revenue": -TOTAL_MINOR}
    assert await house.findings() == []
