"""From a paper to its PDF: PDF/A-3a and PDF/UA-1, tagged; the same paper gives the same bytes.

Nothing is read but the paper, our templates and our fonts: no clock, no random id, no network.
"""

from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import assert_never

import msgspec
import typst

from services.billing.documents.letters import credit_note_letter, invoice_letter, receipt_letter
from services.billing.documents.paper import (
    BoletoPaper,
    CreditNotePaper,
    InvoicePaper,
    Paper,
    ReceiptPaper,
)
from services.billing.documents.sheet import Sheet
from services.billing.documents.slips import boleto_slip
from services.billing.documents.typefaces import fonts

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS: "list[typst.PDFStandard]" = ["a-3a", "ua-1"]


def sheet_of(paper: Paper) -> Sheet:
    """The paper in words."""
    match paper:
        case InvoicePaper():
            return invoice_letter(paper)
        case CreditNotePaper():
            return credit_note_letter(paper)
        case ReceiptPaper():
            return receipt_letter(paper)
        case BoletoPaper():
            return boleto_slip(paper)
        case _:
            assert_never(paper)


def typeset(paper: Paper, *, attachment: str = "") -> bytes:
    """The PDF. `attachment`: an electronic invoice in XML that goes with it as factur-x.xml.

    About 25 ms of processor time for a page; a process needs 100 ms for its first one.
    """
    sheet = sheet_of(paper)
    at_midnight = datetime.combine(sheet.day, time(), UTC)
    pdf = _compiler(sheet.template).compile(
        sys_inputs={"sheet": msgspec.json.encode(sheet).decode(), "attachment": attachment},
        format="pdf",
        pdf_standards=STANDARDS,
        timestamp=int(at_midnight.timestamp()),
    )
    assert isinstance(pdf, bytes)
    return pdf


@lru_cache
def _compiler(template: str) -> typst.Compiler:
    """It keeps what it has read; one is used by one thread at a time."""
    return typst.Compiler(
        input=TEMPLATES / template, root=TEMPLATES, font_paths=fonts(), ignore_system_fonts=True
    )
