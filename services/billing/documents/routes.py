"""Papers to download: for the account that they are for, and for its brand's staff."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Response

from services.billing.boleto.boleto import Boleto
from services.billing.credit_notes.credit_note import CreditNote
from services.billing.documents.answers import (
    PdfDocument,
    XmlDocument,
    pdf_answer,
    xml_answer,
)
from services.billing.documents.boleto_papers import boleto_paper
from services.billing.documents.cii import as_cii
from services.billing.documents.en16931 import NotForEN16931, electronic_invoice
from services.billing.documents.reading import (
    PaymentNotReceivedYet,
    credit_note_paper,
    invoice_paper,
    receipt_paper,
)
from services.billing.documents.ubl import as_ubl
from services.billing.documents.workshop import DocumentNotMade, DocumentsBusy
from services.billing.invoices.invoice import Invoice
from services.billing.payments.payment import Payment
from services.billing.state import cause_of, check_reader
from shared.errors import Forbidden, NotFound
from shared.http import Call, Router, Who
from shared.store import Transaction

router = Router(tags=["documents"])

READING = (NotFound, Forbidden)
PRINTING = (*READING, DocumentsBusy, DocumentNotMade)
PDF: dict[str, Any] = {"who": Who.USER, "response_class": PdfDocument}
XML: dict[str, Any] = {"who": Who.USER, "response_class": XmlDocument}


@router.get("/v1/invoices/{invoice_id}/pdf", errors=PRINTING, **PDF)
async def get_invoice_pdf(invoice_id: UUID, call: Call) -> Response:
    """The invoice as a tagged PDF/A in the account's language, with how to pay while it is open."""
    async with call.store.transaction(cause_of(call)) as tx:
        paper = await invoice_paper(await _own(Invoice, invoice_id, call=call, tx=tx), tx)
    return await pdf_answer(call, paper, name=paper.number)


@router.get("/v1/invoices/{invoice_id}/ubl", errors=(*READING, NotForEN16931), **XML)
async def get_invoice_ubl(invoice_id: UUID, call: Call) -> Response:
    """The invoice in UBL 2.1 as EN 16931 wants it."""
    async with call.store.transaction(cause_of(call)) as tx:
        paper = await invoice_paper(await _own(Invoice, invoice_id, call=call, tx=tx), tx)
    return xml_answer(call, as_ubl(electronic_invoice(paper)), name=paper.number)


@router.get("/v1/invoices/{invoice_id}/factur-x", errors=(*PRINTING, NotForEN16931), **PDF)
async def get_invoice_factur_x(invoice_id: UUID, call: Call) -> Response:
    """The invoice as Factur-X: the PDF with the same invoice in CII inside (EN 16931)."""
    async with call.store.transaction(cause_of(call)) as tx:
        paper = await invoice_paper(await _own(Invoice, invoice_id, call=call, tx=tx), tx)
    attachment = as_cii(electronic_invoice(paper))
    return await pdf_answer(call, paper, name=paper.number, attachment=attachment)


@router.get("/v1/credit-notes/{credit_note_id}/pdf", errors=PRINTING, **PDF)
async def get_credit_note_pdf(credit_note_id: UUID, call: Call) -> Response:
    """The credit note as a tagged PDF/A in the account's language."""
    async with call.store.transaction(cause_of(call)) as tx:
        note = await _own(CreditNote, credit_note_id, call=call, tx=tx)
        paper = await credit_note_paper(note, tx)
    return await pdf_answer(call, paper, name=paper.number)


@router.get("/v1/credit-notes/{credit_note_id}/ubl", errors=(*READING, NotForEN16931), **XML)
async def get_credit_note_ubl(credit_note_id: UUID, call: Call) -> Response:
    """The credit note in UBL 2.1 as EN 16931 wants it."""
    async with call.store.transaction(cause_of(call)) as tx:
        note = await _own(CreditNote, credit_note_id, call=call, tx=tx)
        paper = await credit_note_paper(note, tx)
    return xml_answer(call, as_ubl(electronic_invoice(paper)), name=paper.number)


@router.get("/v1/credit-notes/{credit_note_id}/factur-x", errors=(*PRINTING, NotForEN16931), **PDF)
async def get_credit_note_factur_x(credit_note_id: UUID, call: Call) -> Response:
    """The credit note as Factur-X: the PDF with the same document in CII inside (EN 16931)."""
    async with call.store.transaction(cause_of(call)) as tx:
        note = await _own(CreditNote, credit_note_id, call=call, tx=tx)
        paper = await credit_note_paper(note, tx)
    attachment = as_cii(electronic_invoice(paper))
    return await pdf_answer(call, paper, name=paper.number, attachment=attachment)


@router.get("/v1/payments/{payment_id}/receipt", errors=(*PRINTING, PaymentNotReceivedYet), **PDF)
async def get_receipt(payment_id: UUID, call: Call) -> Response:
    """The receipt of a payment whose money came, as a tagged PDF/A in the account's language."""
    async with call.store.transaction(cause_of(call)) as tx:
        paper = await receipt_paper(await _own(Payment, payment_id, call=call, tx=tx), tx)
    return await pdf_answer(call, paper, name=paper.number)


@router.get("/v1/boletos/{boleto_id}/pdf", errors=PRINTING, **PDF)
async def get_boleto_pdf(boleto_id: UUID, call: Call, pay_by: date | None = None) -> Response:
    """The boleto as a PDF, in Portuguese; with `pay_by` the segunda via issued for that day."""
    async with call.store.transaction(cause_of(call)) as tx:
        boleto = await _own(Boleto, boleto_id, call=call, tx=tx)
        paper = await boleto_paper(boleto, tx, pay_by=pay_by)
    return await pdf_answer(call, paper, name=f"boleto-{paper.document_number}")


async def _own(cls: Any, id: UUID, *, call: Call, tx: Transaction) -> Any:
    """The aggregate, for its account or for staff that may read it; else `NotFound`."""
    found = await tx.look_at(cls, id)
    check_reader(call, found.account_id, brand=found.brand)
    return found
