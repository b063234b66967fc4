"""Which invoices a payment settles: in order, each as far as the money reaches, the rest is credit.

All amounts in minor units of one currency.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.payments.payment import Purpose
from shared.errors import Invalid


class InvoiceNamedTwice(Invalid):
    """One payment can settle an invoice once."""


class CurrenciesDiffer(Invalid):
    """A payment settles invoices of its own currency alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvoice:
    """An invoice with the part of it that is not paid yet, or a top-up, due when it was wanted."""

    invoice_id: UUID
    number: str
    due_on: date
    currency: str
    open_minor: int
    purpose: Purpose = "invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """The part of a payment that settles a part of an invoice; always above zero."""

    invoice_id: UUID
    amount_minor: int
    purpose: Purpose = "invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """Where a payment went. Allocations and `rest_minor`, the client's credit, sum to it."""

    allocations: tuple[Allocation, ...]
    rest_minor: int


def oldest_first(invoices: Iterable[OpenInvoice]) -> list[OpenInvoice]:
    """By due date, then by number as people count: 2026-9 comes before 2026-10.

    A top-up comes last, as it takes what is left over and nothing is owed for it.
    """
    return sorted(invoices, key=_age)


def _age(invoice: OpenInvoice) -> tuple[bool, date, tuple[tuple[str, int], ...], str]:
    is_top_up = invoice.purpose == "top_up"
    return is_top_up, invoice.due_on, _as_counted(invoice.number), invoice.number


def _as_counted(number: str) -> tuple[tuple[str, int], ...]:
    """The number cut into text and figures, so that figures compare by their value."""
    pairs = re.findall(r"([^0-9]*)([0-9]*)", number)
    return tuple((text, int(figures or 0)) for text, figures in pairs)


def allocate(amount_minor: int, invoices: Iterable[OpenInvoice], *, currency: str) -> Allocated:
    """Share out a payment over invoices in the order given; see `oldest_first`.

    An invoice gets no more than is open, and the next one nothing before it is settled. One with
    nothing open is passed over. Errors: InvoiceNamedTwice, CurrenciesDiffer.

    >>> invoices = [
    ...     OpenInvoice(
    ...         invoice_id=UUID(int=day),
    ...         number=f"A-{day}",
    ...         due_on=date(2026, 3, day),
    ...         currency="BRL",
    ...         open_minor=2990,
    ...     )
    ...     for day in (1, 2, 3)
    ... ]
    >>> [a.amount_minor for a in allocate(5000, invoices, currency="BRL").allocations]
    [2990, 2010]
    >>> allocate(9000, invoices, currency="BRL").rest_minor
    30
    """
    assert amount_minor >= 0, "a payment brings money"
    allocations: dict[UUID, Allocation] = {}
    rest_minor = amount_minor
    for invoice in invoices:
        if invoice.invoice_id in allocations:
            raise InvoiceNamedTwice(number=invoice.number)
        if invoice.currency != currency:
            raise CurrenciesDiffer(number=invoice.number)
        assert invoice.open_minor >= 0, "no more than all of an invoice is paid"
        share = Allocation(
            invoice_id=invoice.invoice_id,
            amount_minor=min(rest_minor, invoice.open_minor),
            purpose=invoice.purpose,
        )
        allocations[invoice.invoice_id] = share
        rest_minor -= share.amount_minor
    return Allocated(
        allocations=tuple(each for each in allocations.values() if each.amount_minor),
        rest_minor=rest_minor,
    )
