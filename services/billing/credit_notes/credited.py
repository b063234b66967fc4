"""What a credit note takes back of an invoice: whole lines or parts of them, with their tax.

The tax is that of the invoice, cut as the line is cut; notes that follow one another sum to the
line to the last minor unit. Amounts in minor units; those of a line that took something off are
below zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from services.billing.invoices.lines import (
    CreditedDocument,
    CreditedLine,
    InvoiceDetails,
    InvoiceLine,
    LineTax,
    TaxRow,
)
from services.billing.invoices.taxing import taxed_part
from services.billing.tax.credits import slice_of
from services.billing.tax.taxation import TaxedPart
from shared.errors import Conflict, Invalid
from shared.money import round_half_up


class NothingToCredit(Conflict):
    """Nothing is left of the invoice, or of these lines, that a credit note could take back."""


class CreditedAmountInvalid(Invalid):
    """A line has not that much left to be credited, or the invoice has no such line."""


def credited(
    lines: Sequence[InvoiceLine],
    details: InvoiceDetails,
    *,
    earlier: Iterable[CreditedLine],
    wanted: Mapping[int, int] | None,
) -> CreditedDocument:
    """The document over `wanted`: place of a line -> amount of it as priced. None: all the rest.

    `earlier`: what other notes took back. `NothingToCredit`, `CreditedAmountInvalid`.
    """
    taken = _taken(earlier)
    places = range(len(lines)) if wanted is None else sorted(wanted)
    found = []
    for place in places:
        if place not in range(len(lines)):
            raise CreditedAmountInvalid(field=f"lines.{place}")
        amount = None if wanted is None else wanted[place]
        rest = _Rest(lines[place], details, taken.get(place, (0, 0)))
        if (part := rest.cut(amount, place=place)) is not None:
            found.append((place, part))
    document = _document(found, lines, details=details)
    if document.total_minor <= 0:
        raise NothingToCredit()
    return document


def _taken(earlier: Iterable[CreditedLine]) -> dict[int, tuple[int, int]]:
    """Place of a line -> net amount and amount as priced that were taken back of it."""
    taken: dict[int, tuple[int, int]] = {}
    for line in earlier:
        net, amount = taken.get(line.place, (0, 0))
        taken[line.place] = net + line.net_minor, amount + line.amount_minor
    return taken


class _Rest:
    """What is left of a line."""

    def __init__(self, line: InvoiceLine, details: InvoiceDetails, taken: tuple[int, int]) -> None:
        self._part = taxed_part(line, details)
        self._includes_tax = details.prices_include_tax
        self._since_minor, amount_minor = taken
        self._whole_minor = _amount_of(self._part, includes_tax=self._includes_tax)
        self._rest_minor = self._whole_minor - amount_minor

    def cut(self, amount_minor: int | None, *, place: int) -> TaxedPart | None:
        """The slice of `amount_minor` (None: the rest); None where nothing is left."""
        until_minor = self._part.net_minor
        if amount_minor is not None:
            sign = -1 if self._whole_minor < 0 else 1
            if not 0 < sign * amount_minor <= sign * self._rest_minor:
                raise CreditedAmountInvalid(field=f"lines.{place}", rest_minor=self._rest_minor)
            if amount_minor != self._rest_minor:
                until_minor = self._net_after(amount_minor)
        if until_minor == self._since_minor:
            return None
        return slice_of(self._part, since_minor=self._since_minor, until_minor=until_minor)

    def _net_after(self, amount_minor: int) -> int:
        net_minor = Fraction(self._part.net_minor * amount_minor, self._whole_minor)
        return self._since_minor + round_half_up(net_minor)


def _amount_of(part: TaxedPart, *, includes_tax: bool) -> int:
    charged = (amount.tax_minor for amount in part.taxes if amount.tax.is_charged)
    return part.net_minor + (sum(charged) if includes_tax else 0)


def _document(
    parts: Sequence[tuple[int, TaxedPart]],
    lines: Sequence[InvoiceLine],
    *,
    details: InvoiceDetails,
) -> CreditedDocument:
    rows: dict[int, TaxRow] = {}
    found = []
    for place, part in parts:
        shares = []
        for share, amount in zip(lines[place].taxes, part.taxes, strict=True):
            row = rows.get(share.row) or _empty(details.taxes[share.row])
            rows[share.row] = replace(
                row,
                taxable_minor=row.taxable_minor + amount.taxable_minor,
                tax_minor=row.tax_minor + amount.tax_minor,
            )
            at = list(rows).index(share.row)
            shares.append(
                LineTax(row=at, taxable_minor=amount.taxable_minor, tax_minor=amount.tax_minor)
            )
        found.append(
            CreditedLine(
                place=place,
                description=lines[place].description,
                amount_minor=_amount_of(part, includes_tax=details.prices_include_tax),
                net_minor=part.net_minor,
                taxes=shares,
            )
        )
    return CreditedDocument(lines=found, taxes=list(rows.values()))


def _empty(row: TaxRow) -> TaxRow:
    return replace(row, taxable_minor=0, tax_minor=0)
