"""A credit note: issued, and then it stays; it takes back a part of one invoice or all of it.

It has a gapless series of its own. Amounts in minor units of `currency`, above zero where the
invoice's were.
"""

from dataclasses import field
from datetime import date
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.invoices.lines import CreditedDocument, CreditedLine, TaxRow
from services.billing.why.why import Why
from shared.personal import Personal


class CreditNote(Aggregate):
    """What was charged by mistake, or is given back; addressed as the invoice was."""

    TOPIC = "billing.credit_note"

    class Event(Aggregate.Event):
        TOPIC = "billing.credit_note.event"

    class Issued(Aggregate.Created):
        TOPIC = "billing.credit_note.issued"
        account_id: UUID
        brand: str
        number: str
        invoice_id: UUID
        invoice_number: str
        issued_on: date
        currency: str
        lines: list[CreditedLine]
        taxes: list[TaxRow]
        returned_minor: int
        leaves_nothing: bool
        reason: str
        billed_to_name: Personal[str]
        billed_to_address: Personal[str]
        billed_to_tax_id: Personal[str]
        prices_include_tax: bool = False
        payee: dict[str, str] = field(default_factory=dict)
        corrected_by: UUID | None = None
        why: Why | None = None
        released_services: list[UUID] = field(default_factory=list)

    @classmethod
    def issue(cls, *, billed_to: tuple[str, str, str], **says: Any) -> Self:
        """A note over more than nothing. `billed_to`: name, address and tax id on the invoice.

        `says`: what the event says. `returned_minor`: what of it had been paid, which the account
        has as credit from now on; `leaves_nothing`: with the notes before it takes all back;
        `corrected_by`: the invoice that stands for the old one anew; `released_services`: those of
        which nothing is left on the invoice.
        """
        name, address, tax_id = billed_to
        whom = {"billed_to_name": name, "billed_to_address": address, "billed_to_tax_id": tax_id}
        note = cls(**{"why": None, "released_services": [], **says, **whom})
        assert note.total_minor > 0, "a credit note takes something back"
        assert 0 <= note.returned_minor <= note.total_minor, "no more comes back than was asked for"
        return note

    @event(Issued)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        number: str,
        invoice_id: UUID,
        invoice_number: str,
        issued_on: date,
        currency: str,
        lines: list[CreditedLine],
        taxes: list[TaxRow],
        returned_minor: int,
        leaves_nothing: bool,
        reason: str,
        billed_to_name: str,
        billed_to_address: str,
        billed_to_tax_id: str,
        prices_include_tax: bool,
        payee: dict[str, str],
        corrected_by: UUID | None,
        why: Why | None,
        released_services: list[UUID],
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.number = number
        self.invoice_id = invoice_id
        self.invoice_number = invoice_number
        self.issued_on = issued_on
        self.currency = currency
        self.document = CreditedDocument(lines=lines, taxes=taxes)
        self.returned_minor = returned_minor
        self.leaves_nothing = leaves_nothing
        self.reason = reason
        self.billed_to = (billed_to_name, billed_to_address, billed_to_tax_id)
        self.prices_include_tax = prices_include_tax
        self.payee = payee
        self.corrected_by = corrected_by
        self.released_services = released_services

    @property
    def total_minor(self) -> int:
        return self.document.total_minor
