"""Numbers of documents on a real database: gapless, in the order of commits, anew each year."""

import asyncio
from datetime import date
from uuid import UUID

from services.billing.credit_notes.credit_note import CreditNote
from services.billing.documents.paper import CreditNotePaper, InvoicePaper
from services.billing.documents.reading import credit_note_paper, invoice_paper
from services.billing.invoices.commands import IssueInvoice, issue_invoice
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from shared.ids import new_id
from shared.store import Cause, Transaction
from tests.billing.house import House
from tests.billing.samples import TODAY

WRITERS = 16
EACH = 6
TESTING = Cause(actor="test")


class GivenUp(Exception):
    """A command that fails after it has drawn its number."""


def an_invoice(
    house: House, *, today: date = TODAY, account_id: UUID | None = None
) -> IssueInvoice:
    return IssueInvoice(
        id=new_id(),
        account_id=account_id or house.ana,
        brand="ponto",
        order_id=None,
        today=today,
        due_on=today,
        currency="BRL",
        lines=[InvoiceLine(kind="manual", description="Work", net_minor=2990)],
    )


async def issue(house: House, command: IssueInvoice) -> Invoice:
    return await house.store.run(TESTING, lambda tx: issue_invoice(command, tx))


async def numbers_of(house: House) -> list[str]:
    """Of one account, so of one partition: its positions are the order of commits."""
    return [
        data["number"] for name, data in await house.events(house.ana) if name == "InvoiceIssued"
    ]


async def write(house: House, writer: int) -> None:
    """Some invoices; every third command gives up after it has its number."""
    for turn in range(EACH):
        command, fails = an_invoice(house), (writer + turn) % 3 == 0

        async def work(tx: Transaction) -> None:
            await issue_invoice(command, tx)  # noqa: B023 (awaited within the turn)
            if fails:  # noqa: B023
                raise GivenUp

        (outcome,) = await asyncio.gather(house.store.run(TESTING, work), return_exceptions=True)
        assert isinstance(outcome, GivenUp) if fails else outcome is None


async def test_sixteen_writers_leave_no_gap_and_no_double_and_number_in_commit_order(
    house: House,
) -> None:
    await asyncio.gather(*(write(house, writer) for writer in range(WRITERS)))
    numbers = await numbers_of(house)
    kept = sum((w + t) % 3 != 0 for w in range(WRITERS) for t in range(EACH))
    assert numbers == [f"PON-2026-{count:06d}" for count in range(1, kept + 1)]
    assert await house.findings() == []


async def test_each_year_begins_anew_and_the_first_goes_on_from_before(house: House) -> None:
    await issue(house, an_invoice(house))
    yearly = {"number_yearly": True, "number_format": "{prefix}/{number:03d}/{year}"}
    await house.apply_brand(rules=yearly)
    days = [TODAY, date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2), date(2028, 1, 1)]
    numbers = [(await issue(house, an_invoice(house, today=day))).number for day in days]
    assert [number.removeprefix("PON/") for number in numbers] == [
        *("002/2026", "003/2026"),
        *("001/2027", "002/2027", "001/2028"),
    ]
    assert await house.findings() == []
    await house.execute("update series set last_number = 3 where name = 'ponto/invoice/2027'")
    assert {each["check"] for each in await house.findings()} == {"numbers_are_gapless"}


async def test_a_pro_forma_that_is_paid_in_a_new_year_is_an_invoice_of_that_year(
    house: House,
) -> None:
    """Its papers bear the date on which it got its number and was booked, as does a note on it."""
    await house.apply_brand(rules={"number_on_payment": True, "number_yearly": True})
    pro_forma = await issue(house, an_invoice(house))
    await house.play(date(2027, 1, 2))
    await house.pay_and_settle(house.ana, str(pro_forma.id))
    path = f"/v1/invoices/{pro_forma.id}/credit-notes"
    said = await house.do("POST", path, {"reason": "Too much"}, token=house.staff())

    async def papers(tx: Transaction) -> tuple[InvoicePaper, CreditNotePaper]:
        note = await tx.load(CreditNote, UUID(said["credit_note_id"]))
        paid = await tx.load(Invoice, pro_forma.id)
        return await invoice_paper(paid, tx), await credit_note_paper(note, tx)

    invoice, note = await house.store.run(TESTING, papers)
    assert (invoice.number, invoice.issued_on) == ("PON-2027-000001", date(2027, 1, 2))
    assert (note.invoice_number, note.invoice_issued_on) == (invoice.number, invoice.issued_on)


async def test_a_pro_forma_is_numbered_as_an_invoice_when_it_is_paid(house: House) -> None:
    await house.apply_brand(rules={"number_on_payment": True})
    first, second = await issue(house, an_invoice(house)), await issue(house, an_invoice(house))
    assert [first.number, second.number] == ["PON-P-2026-000001", "PON-P-2026-000002"]
    await house.pay_and_settle(house.ana, str(second.id))
    shown = await house.invoice(house.ana, str(second.id))
    assert (shown["number"], shown["is_pro_forma"]) == ("PON-2026-000001", False)
    assert (await house.invoice(house.ana, str(first.id)))["is_pro_forma"]
    assert await house.findings() == []
