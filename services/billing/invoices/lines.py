"""What an invoice is made of: its lines, the tax on their sum, and what else it says."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.billing.why.why import Why


@dataclass(frozen=True, kw_only=True)
class LineTax:
    """What of a tax row falls to one line; `row` is the row's place in the invoice, from 0."""

    row: int
    taxable_minor: int
    tax_minor: int


@dataclass(frozen=True, kw_only=True)
class InvoiceLine:
    """One line, `net_minor` without its tax unless the prices of the invoice include it.

    `kind`: new, setup, renewal, addon, option, upgrade, credit, promotion, late_fee,
    reactivation_fee or manual. A line with a period has its end exclusive. A line may be below zero
    (what is credited or taken off), the invoice may not. `unit_minor` is one of `quantity`, before
    the `discount_minor` of the whole line. `taxes`: its shares of the tax rows, level 1 first.
    """

    kind: str
    description: str
    net_minor: int
    service_id: UUID | None = None
    period_start: date | None = None
    period_end: date | None = None
    quantity: Decimal = Decimal(1)
    unit_minor: int | None = None
    discount_minor: int = 0
    tax_category: str = "standard"
    why: Why | None = None
    taxes: list[LineTax] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class TaxRow:
    """One rate, computed once on the sum of its lines (EN 16931, BG-23).

    An informative one is contained in the price and told: no part of any sum of taxes.
    """

    name: str
    category: str
    rate_percent: Decimal
    taxable_minor: int
    tax_minor: int
    note: str = ""
    is_informative: bool = False


def charged_minor(rows: Iterable[TaxRow]) -> int:
    """What the rows add to the net amount."""
    return sum(row.tax_minor for row in rows if not row.is_informative)


@dataclass(frozen=True, kw_only=True)
class InvoiceDetails:
    """What an invoice says beside its lines, as at issue.

    `payee` is whom to pay; `notes` are sentences for the reader, such as the text of a reverse
    charge. A pro forma has a number of its own series until it is paid; it is booked then, but for
    those of before that was so. `corrects`: the invoice that this one stands for anew;
    `about_invoice_id`: the one that a late fee is for.
    """

    taxes: list[TaxRow] = field(default_factory=list)
    prices_include_tax: bool = False
    notes: list[str] = field(default_factory=list)
    payee: dict[str, str] = field(default_factory=dict)
    is_pro_forma: bool = False
    corrects: UUID | None = None
    about_invoice_id: UUID | None = None
    is_booked_at_issue: bool = True


@dataclass(frozen=True, kw_only=True)
class Totals:
    """`gross_minor` is asked for; `net_minor` and `tax_minor` are its two parts."""

    net_minor: int
    tax_minor: int
    gross_minor: int


def totals_of(lines: Iterable[InvoiceLine], details: InvoiceDetails) -> Totals:
    """The sums of an invoice or a credit note.

    >>> line = InvoiceLine(kind="manual", description="Migration", net_minor=1000)
    >>> vat = TaxRow(name="IVA", category="standard", rate_percent=Decimal(21),
    ...              taxable_minor=1000, tax_minor=210)
    >>> totals_of([line], InvoiceDetails(taxes=[vat]))
    Totals(net_minor=1000, tax_minor=210, gross_minor=1210)
    """
    lines_minor = sum(line.net_minor for line in lines)
    tax_minor = charged_minor(details.taxes)
    net_minor = lines_minor - tax_minor if details.prices_include_tax else lines_minor
    return Totals(net_minor=net_minor, tax_minor=tax_minor, gross_minor=net_minor + tax_minor)


@dataclass(frozen=True, kw_only=True)
class CreditedLine:
    """What is taken back of the invoice's line at `place`, from 0.

    `amount_minor` is as the invoice priced the line: with tax where its prices include it.
    `net_minor` is without. `taxes` name rows of the credit note.
    """

    place: int
    description: str
    amount_minor: int
    net_minor: int
    taxes: list[LineTax] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class CreditedDocument:
    """The lines and tax rows of a credit note."""

    lines: list[CreditedLine]
    taxes: list[TaxRow]

    @property
    def tax_minor(self) -> int:
        return charged_minor(self.taxes)

    @property
    def total_minor(self) -> int:
        return sum(line.net_minor for line in self.lines) + self.tax_minor
