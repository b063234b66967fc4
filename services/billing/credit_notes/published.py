"""What credit notes tell the world."""

import msgspec

from services.billing.credit_notes.credit_note import CreditNote
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_credit_note(event: DomainEvent, note: CreditNote) -> PublicEvent | None:
    """The public event of a credit note."""
    match event:
        case CreditNote.Issued() as issued:
            return billing.CreditNoteIssued(
                credit_note_id=note.id,
                number=issued.number,
                invoice_id=issued.invoice_id,
                invoice_number=issued.invoice_number,
                issued_on=issued.issued_on,
                currency=issued.currency,
                lines=msgspec.convert(
                    issued.lines, list[billing.CreditedLine], from_attributes=True
                ),
                taxes=msgspec.convert(issued.taxes, list[billing.TaxRow], from_attributes=True),
                tax_minor=note.document.tax_minor,
                total_minor=note.total_minor,
                returned_minor=issued.returned_minor,
                leaves_nothing=issued.leaves_nothing,
                reason=issued.reason,
                billed_to_name=issued.billed_to_name,
                billed_to_address=issued.billed_to_address,
                billed_to_tax_id=issued.billed_to_tax_id,
                prices_include_tax=issued.prices_include_tax,
                payee=issued.payee,
                corrected_by=issued.corrected_by,
                released_services=issued.released_services,
                why=msgspec.convert(issued.why, billing.Why | None, from_attributes=True),
            )
        case _:
            return None
