"""Taking back what was invoiced, and setting an invoice right in one step."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.credit.balances import balance_of
from services.billing.credit.using import settle_by
from services.billing.credit_notes.credit_note import CreditNote
from services.billing.credit_notes.credited import CreditedAmountInvalid, credited
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import Instead
from services.billing.invoices.commands import (
    CancelInvoice,
    IssueInvoice,
    NotAnInvoiceYet,
    cancel_invoice,
    invoice_of_brand,
    issue_invoice,
)
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import CreditedDocument, CreditedLine, InvoiceLine
from services.billing.invoices.numbers import next_document_number, number_if_paid
from services.billing.invoices.taxing import taxed_part
from services.billing.service_changes.at_panel import let_go, take_off
from services.billing.why.because import because
from services.billing.why.codes import OF_CREDIT_NOTE
from services.billing.why.why import Why
from shared.ids import new_id
from shared.store import Transaction

CORRECTION = "correction"


@dataclass(frozen=True, kw_only=True)
class IssueCreditNote:
    """`amounts`: place of a line, from 0 -> what is taken back of it as priced; None: all the rest.

    `reason` is a sentence that the client reads. `corrected_by`: the invoice that takes its place.
    A `reason` that is a stable code says why, unless `why` does.
    """

    id: UUID
    invoice_id: UUID
    brand: str
    today: date
    reason: str
    amounts: Mapping[int, int] | None = None
    corrected_by: UUID | None = None
    why: Why | None = None
    expected_version: int | None = None


async def issue_credit_note(command: IssueCreditNote, tx: Transaction) -> CreditNote:
    """The note; what had been paid is the account's credit, what is open is owed no more.

    A service whose line is taken back whole is not changed by the invoice any more; what the panel
    was asked for meanwhile is asked back (`service_changes/at_panel.py`). Its renewal is waived
    where staff says so; where a rule does, it does not come.
    """
    invoice = await _invoice_to_credit(command, tx)
    note = await _credit(command, invoice, tx=tx)
    let = take_off if command.reason in OF_CREDIT_NOTE else let_go
    for service_id in note.released_services:
        await let(service_id, invoice.id, today=command.today, tx=tx)
    return note


async def _invoice_to_credit(command: IssueCreditNote, tx: Transaction) -> Invoice:
    invoice = await invoice_of_brand(
        command.invoice_id, command.brand, tx=tx, expected_version=command.expected_version
    )
    if invoice.is_pro_forma:
        raise NotAnInvoiceYet()
    return invoice


async def _credit(command: IssueCreditNote, invoice: Invoice, *, tx: Transaction) -> CreditNote:
    earlier = await earlier_lines(invoice, tx)
    document = credited(invoice.lines, invoice.details, earlier=earlier, wanted=command.amounts)
    returned_minor = invoice.take_back(
        credit_note_id=command.id, amount_minor=document.total_minor, today=command.today
    )
    brand = await tx.look_at(Brand, Brand.id_of(invoice.brand))
    number = await next_document_number(tx, brand, series="credit_note", today=command.today)
    says = _facts(command, invoice, document=document)
    says["released_services"] = _released(invoice, [*earlier, *document.lines])
    why = command.why or _why(command, tx)
    note = CreditNote.issue(**says, number=number, returned_minor=returned_minor, why=why)
    await tx.save(note, invoice)
    await _give_back(note, tx)
    return note


def _why(command: IssueCreditNote, tx: Transaction) -> Why:
    rule = OF_CREDIT_NOTE.get(command.reason, "credit_note.by_staff")
    if command.corrected_by:
        rule = "credit_note.correction"
    return because(tx, rule, invoice=command.invoice_id, reason=command.reason)


def _facts(
    command: IssueCreditNote, invoice: Invoice, *, document: CreditedDocument
) -> dict[str, Any]:
    return {
        "id": command.id,
        "account_id": invoice.account_id,
        "brand": invoice.brand,
        "invoice_id": invoice.id,
        "invoice_number": invoice.number,
        "issued_on": command.today,
        "currency": invoice.currency,
        "leaves_nothing": invoice.settlement.is_taken_back,
        "lines": document.lines,
        "taxes": document.taxes,
        "reason": command.reason,
        "billed_to": invoice.billed_to,
        "prices_include_tax": invoice.details.prices_include_tax,
        "payee": invoice.details.payee,
        "corrected_by": command.corrected_by,
    }


async def _give_back(note: CreditNote, tx: Transaction) -> None:
    """What had been paid of the invoice is the account's credit."""
    if note.returned_minor:
        assert note.account_id is not None, "a credit note belongs to an account"
        credit = await balance_of(tx, note.account_id, brand=note.brand, currency=note.currency)
        credit.give(
            amount_minor=note.returned_minor,
            source="credit_note",
            reference_id=note.id,
            reason=note.number,
            why=because(tx, "credit.from_note", number=note.number),
        )
        await tx.save(credit)


async def earlier_lines(invoice: Invoice, tx: Transaction) -> list[CreditedLine]:
    """What credit notes have taken back of the invoice so far."""
    notes = [await tx.load(CreditNote, note_id) for note_id in invoice.settlement.credit_notes]
    return [line for note in notes for line in note.document.lines]


def _released(invoice: Invoice, credited_lines: Iterable[CreditedLine]) -> list[UUID]:
    """The services of which no line of the invoice is left."""
    taken: dict[int, int] = defaultdict(int)
    for line in credited_lines:
        taken[line.place] += line.net_minor
    left = {
        line.service_id
        for place, line in enumerate(invoice.lines)
        if taken[place] != taxed_part(line, invoice.details).net_minor
    }
    return sorted({line.service_id for line in invoice.lines if line.service_id} - left)


@dataclass(frozen=True, kw_only=True)
class EndInvoice:
    """An invoice over what will not be. `reason`: a code that both kinds of document know."""

    invoice_id: UUID
    today: date
    reason: str


async def end_invoice(command: EndInvoice, tx: Transaction) -> None:
    """Nothing of it is owed any more: it becomes void, or what is left of it is credited.

    The latter once something was paid or credited of it; what was paid is the account's credit
    then. Not open, or with money on its way: nothing changes.
    """
    invoice = await tx.load(Invoice, command.invoice_id)
    settlement = invoice.settlement
    if not invoice.is_open or settlement.is_payment_awaited:
        return
    if invoice.is_pro_forma or not (settlement.payments or settlement.credit_notes):
        await cancel_invoice(_cancel(command), tx)
    else:
        await issue_credit_note(_credit_of(command, invoice), tx)


def _cancel(command: EndInvoice) -> CancelInvoice:
    return CancelInvoice(invoice_id=command.invoice_id, today=command.today, reason=command.reason)


def _credit_of(command: EndInvoice, invoice: Invoice) -> IssueCreditNote:
    return IssueCreditNote(
        id=new_id(),
        invoice_id=invoice.id,
        brand=invoice.brand,
        today=command.today,
        reason=command.reason,
    )


@dataclass(frozen=True, kw_only=True)
class CorrectedLine:
    """A line as it should have been; `place` is that of the old line that it stands for, if any.

    From the old line it has what nobody may write anew: the service and its period.
    """

    description: str
    net_minor: int
    place: int | None = None
    tax_category: str | None = None


@dataclass(frozen=True, kw_only=True)
class CorrectInvoice:
    """What an invoice should have said. `credit_note_id` and `new_id` are those to come."""

    invoice_id: UUID
    credit_note_id: UUID
    new_id: UUID
    brand: str
    today: date
    due_on: date
    reason: str
    lines: list[CorrectedLine]
    notes: list[str] = field(default_factory=list)
    expected_version: int | None = None


async def correct_and_reissue(command: CorrectInvoice, tx: Transaction) -> Invoice:
    """A credit note over what is left of the invoice, and the new invoice: both or neither.

    What had been paid settles the new one; services renew by it as they would have by the old. Of
    an order that was paid the rest is owed like any other debt: the order is carried out.
    """
    credit = _credit_over_all(command)
    old = await _invoice_to_credit(credit, tx)
    why = because(tx, "correction.reissued", invoice=old.id)
    lines = [replace(line, why=why) for line in _corrected_lines(old, command.lines)]
    note = await _credit(credit, old, tx=tx)
    new = await issue_invoice(_reissue(command, old, lines=lines), tx)
    await _settle_by(note, new, today=command.today, tx=tx)
    await _move_what_waits(old, new, why=why, tx=tx)
    return new


def _credit_over_all(command: CorrectInvoice) -> IssueCreditNote:
    return IssueCreditNote(
        id=command.credit_note_id,
        invoice_id=command.invoice_id,
        brand=command.brand,
        today=command.today,
        reason=command.reason,
        corrected_by=command.new_id,
        expected_version=command.expected_version,
    )


def _reissue(command: CorrectInvoice, old: Invoice, *, lines: list[InvoiceLine]) -> IssueInvoice:
    assert old.account_id is not None, "an invoice belongs to an account"
    return IssueInvoice(
        id=command.new_id,
        account_id=old.account_id,
        brand=old.brand,
        order_id=old.unpaid_order_id,
        today=command.today,
        due_on=max(command.due_on, command.today),
        currency=old.currency,
        lines=lines,
        notes=command.notes,
        corrects=old.id,
        about_invoice_id=old.details.about_invoice_id,
    )


def _corrected_lines(old: Invoice, lines: list[CorrectedLine]) -> list[InvoiceLine]:
    """`CreditedAmountInvalid` for a place that the old invoice does not have, or twice."""
    places = [line.place for line in lines if line.place is not None]
    for place in places:
        if place not in range(len(old.lines)) or places.count(place) > 1:
            raise CreditedAmountInvalid(field=f"lines.{place}")
    return [_corrected(old, line) for line in lines]


def _corrected(old: Invoice, line: CorrectedLine) -> InvoiceLine:
    blank = InvoiceLine(kind="manual", description="", net_minor=0)
    before = blank if line.place is None else old.lines[line.place]
    return replace(
        before,
        description=line.description,
        net_minor=line.net_minor,
        unit_minor=None,
        discount_minor=0,
        tax_category=line.tax_category or before.tax_category,
        taxes=[],
    )


async def _settle_by(note: CreditNote, new: Invoice, *, today: date, tx: Transaction) -> None:
    """Use what the old invoice had been paid with for the new one."""
    amount_minor = min(note.returned_minor, new.open_minor)
    if not amount_minor:
        return
    assert new.account_id is not None, "an invoice belongs to an account"
    credit = await balance_of(tx, new.account_id, brand=new.brand, currency=new.currency)
    why = because(tx, "credit.correction", invoice=note.invoice_id)
    settle_by(credit, new, amount_minor=amount_minor, today=today, why=why)
    await number_if_paid(new, today=today, tx=tx)
    await tx.save(credit, new)


async def _move_what_waits(old: Invoice, new: Invoice, *, why: Why, tx: Transaction) -> None:
    """What waited for the old invoice to be paid waits for the new one, if it is still on it."""
    kept = {line.service_id for line in new.lines}
    instead = Instead(invoice_id=new.id, due_on=new.due_on)
    for service_id in sorted({line.service_id for line in old.lines if line.service_id}):
        if service_id in kept:
            service = await tx.load(HeldService, service_id)
            service.drop(old.id, instead=instead, why=why)
            await tx.save(service)
        else:
            await let_go(service_id, old.id, today=new.issued_on, tx=tx)
