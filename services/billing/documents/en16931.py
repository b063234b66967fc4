"""An invoice or a credit note as EN 16931 sees it: its business terms, before any syntax.

Source: EN 16931-1:2017 with the CEN rules (BR-*). BT and BG numbers are those of the norm. What it
has no place for (a second tax on a line, an unknown country) is refused by name, not guessed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from services.billing.documents.paper import CreditNotePaper, InvoicePaper, Party
from services.billing.documents.printable import plain
from services.billing.documents.wording import Wording
from services.billing.invoices.lines import CreditedLine, InvoiceLine, LineTax, TaxRow
from services.billing.tax.places import iso_country
from services.billing.tax.tax_ids import TaxIdInvalid, TaxIdNotVerifiable, verify_tax_id
from services.billing.tax.taxation import TaxCategory
from shared.errors import Conflict
from shared.money import minor_digits, round_half_up

INVOICE, CREDIT_NOTE = "380", "381"
"""UNCL 1001 (BT-3)."""
MOST_DIGITS = 2
WHY_NO_TAX = {
    TaxCategory.EXEMPT: "Exempt",
    TaxCategory.REVERSE_CHARGE: "Reverse charge",
    TaxCategory.OUTSIDE_SCOPE: "Not subject to tax",
}
"""Category -> the reason in words (BT-120), where its row has no note of the law's."""
CODES_OF_REASONS = {
    TaxCategory.REVERSE_CHARGE: "VATEX-EU-AE",
    TaxCategory.OUTSIDE_SCOPE: "VATEX-EU-O",
}
"""Category -> the code of the reason (BT-121, CEF VATEX list)."""


class NotForEN16931(Conflict):
    """The document says something that EN 16931 has no place for, or leaves out what it wants."""


@dataclass(frozen=True, kw_only=True)
class Trader:
    """A party with its identifiers: `vat_id` BT-31/48, `tax_id` BT-32, `legal_id` BT-30/47."""

    name: str
    address: tuple[str, ...]
    country: str
    vat_id: str = ""
    tax_id: str = ""
    legal_id: str = ""


@dataclass(frozen=True, kw_only=True)
class TaxGroup:
    """A row of the VAT breakdown (BG-23). `percent` is None outside of the scope (BR-48)."""

    category: TaxCategory
    percent: Decimal | None
    taxable_minor: int
    tax_minor: int
    reason: str = ""
    reason_code: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line (BG-25): `quantity` at `price_minor` (not below zero, BR-27), less a discount."""

    name: str
    net_minor: int
    quantity: Decimal
    price_minor: int
    discount_minor: int
    category: TaxCategory
    percent: Decimal | None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, kw_only=True)
class ElectronicInvoice:
    """The whole. `preceding`: number and date of the invoice that a credit note is about (BG-3).

    `terms` (BT-20) stand where there is no due date (BR-CO-25).
    """

    type_code: str
    number: str
    issued_on: date
    due_on: date | None
    currency: str
    seller: Trader
    buyer: Trader
    items: tuple[Item, ...]
    taxes: tuple[TaxGroup, ...]
    notes: tuple[str, ...] = ()
    preceding: tuple[str, date | None] | None = None
    terms: str = ""

    @property
    def net_minor(self) -> int:
        """BT-106 and BT-109: there are no charges or discounts on the whole document."""
        return sum(item.net_minor for item in self.items)

    @property
    def tax_minor(self) -> int:
        """BT-110."""
        return sum(group.tax_minor for group in self.taxes)

    @property
    def total_minor(self) -> int:
        """BT-112 and BT-115, as at issue."""
        return self.net_minor + self.tax_minor

    def amount(self, minor: int) -> str:
        """An amount as the syntaxes write it."""
        digits = minor_digits(self.currency)
        return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def electronic_invoice(paper: InvoicePaper | CreditNotePaper) -> ElectronicInvoice:
    """The document in business terms. Error: NotForEN16931."""
    _check(paper)
    items = tuple(_items(paper))
    taxes = tuple(_groups(items, paper))
    is_taxed = any(group.category is not TaxCategory.OUTSIDE_SCOPE for group in taxes)
    is_invoice = isinstance(paper, InvoicePaper)
    invoice = ElectronicInvoice(
        type_code=INVOICE if is_invoice else CREDIT_NOTE,
        number=plain(paper.number),
        issued_on=paper.issued_on,
        due_on=paper.due_on if isinstance(paper, InvoicePaper) else None,
        currency=paper.currency,
        seller=_seller(paper.seller, is_taxed=is_taxed),
        buyer=_buyer(paper.buyer, is_taxed=is_taxed),
        items=items,
        taxes=taxes,
        notes=tuple(filter(None, map(plain, _notes(paper)))),
        preceding=_preceding(paper),
        terms="" if is_invoice else _terms(paper),
    )
    assert invoice.total_minor == paper.total_minor, "the same amount in either form"
    return invoice


def _check(paper: InvoicePaper | CreditNotePaper) -> None:
    if minor_digits(paper.currency) > MOST_DIGITS:
        raise NotForEN16931(reason="currency", currency=paper.currency)
    if isinstance(paper, InvoicePaper) and paper.is_pro_forma:
        raise NotForEN16931(reason="pro_forma")
    if any(len(_charged(line, paper.taxes)) > 1 for line in paper.lines):
        raise NotForEN16931(reason="several_taxes_on_a_line")
    if any(row.tax_minor for row in paper.taxes if row.category != TaxCategory.STANDARD):
        raise NotForEN16931(reason="tax_without_rate")


def _notes(paper: InvoicePaper | CreditNotePaper) -> tuple[str, ...]:
    """BT-22."""
    reason = (paper.reason,) if isinstance(paper, CreditNotePaper) else ()
    return (*reason, *paper.notes)


def _preceding(paper: InvoicePaper | CreditNotePaper) -> tuple[str, date | None] | None:
    if isinstance(paper, CreditNotePaper):
        return plain(paper.invoice_number), paper.invoice_issued_on
    return (plain(paper.corrects), None) if paper.corrects else None


def _terms(paper: InvoicePaper | CreditNotePaper) -> str:
    """Nothing is to be paid for a credit note: it goes with its invoice."""
    assert isinstance(paper, CreditNotePaper)
    return f"{Wording.of(paper.language).say('For invoice')} {plain(paper.invoice_number)}"


# --------------------------------------------------------------------------------- the lines


def _items(paper: InvoicePaper | CreditNotePaper) -> Iterable[Item]:
    for line in paper.lines:
        category, percent = _tax_of(line, paper.taxes)
        net_minor = _net_minor(line, paper)
        quantity, price_minor, discount_minor = _price(line, net_minor)
        first_day, last_day = _period(line)
        yield Item(
            name=plain(line.description) or "-",
            net_minor=net_minor,
            quantity=quantity,
            price_minor=price_minor,
            discount_minor=discount_minor,
            category=category,
            percent=percent,
            first_day=first_day,
            last_day=last_day,
        )


def _net_minor(line: InvoiceLine | CreditedLine, paper: InvoicePaper | CreditNotePaper) -> int:
    """BT-131, without tax: of an invoice whose prices include it, what its tax was computed on."""
    charged = _charged(line, paper.taxes)
    if isinstance(line, CreditedLine) or not (paper.prices_include_tax and charged):
        return line.net_minor
    return charged[0].taxable_minor


def _tax_of(
    line: InvoiceLine | CreditedLine, rows: tuple[TaxRow, ...]
) -> tuple[TaxCategory, Decimal | None]:
    """BT-151 and BT-152; who charges no tax at all sells outside of its scope."""
    charged = _charged(line, rows)
    if not charged:
        if any(not row.is_informative for row in rows):
            raise NotForEN16931(reason="line_without_tax")
        return TaxCategory.OUTSIDE_SCOPE, None
    row = rows[charged[0].row]
    category = TaxCategory(row.category)
    return category, None if category is TaxCategory.OUTSIDE_SCOPE else row.rate_percent


def _charged(line: InvoiceLine | CreditedLine, rows: tuple[TaxRow, ...]) -> list[LineTax]:
    """The taxes of a line but those that its price contains: a note tells these (BT-22)."""
    return [share for share in line.taxes if not rows[share.row].is_informative]


def _price(line: InvoiceLine | CreditedLine, net_minor: int) -> tuple[Decimal, int, int]:
    """Quantity, price of one and discount, as invoiced where they come to the line's net amount."""
    if isinstance(line, InvoiceLine) and line.unit_minor is not None and line.unit_minor >= 0:
        whole_minor = round_half_up(Fraction(line.quantity) * line.unit_minor)
        if line.discount_minor >= 0 and whole_minor - line.discount_minor == net_minor:
            return line.quantity, line.unit_minor, line.discount_minor
    return Decimal(-1 if net_minor < 0 else 1), abs(net_minor), 0


def _period(line: InvoiceLine | CreditedLine) -> tuple[date | None, date | None]:
    """BG-26, its last day included (BR-30: not before the first)."""
    if isinstance(line, CreditedLine) or not line.period_start or not line.period_end:
        return None, None
    last_day = line.period_end - timedelta(days=1)
    return (line.period_start, last_day) if last_day >= line.period_start else (None, None)


def _groups(items: tuple[Item, ...], paper: InvoicePaper | CreditNotePaper) -> Iterable[TaxGroup]:
    """One row for each category and rate, however many names the tax had."""
    taxable: dict[tuple[TaxCategory, Decimal | None], int] = {}
    for item in items:
        key = item.category, item.percent
        taxable[key] = taxable.get(key, 0) + item.net_minor
    for (category, percent), taxable_minor in taxable.items():
        rows = [row for row in paper.taxes if _is_of(row, category, percent=percent)]
        yield TaxGroup(
            category=category,
            percent=percent,
            taxable_minor=taxable_minor,
            tax_minor=sum(row.tax_minor for row in rows),
            reason=_reason(category, rows, language=paper.language),
            reason_code=CODES_OF_REASONS.get(category, ""),
        )


def _is_of(row: TaxRow, category: TaxCategory, *, percent: Decimal | None) -> bool:
    is_of_rate = percent is None or row.rate_percent == percent
    return row.category == category and is_of_rate and not row.is_informative


def _reason(category: TaxCategory, rows: list[TaxRow], *, language: str) -> str:
    """Why nothing is charged (BR-E-10, BR-AE-10, BR-O-10); nothing where something is."""
    if category not in WHY_NO_TAX:
        return ""
    told = next((plain(row.note) for row in rows if row.note), "")
    return told or Wording.of(language).say(WHY_NO_TAX[category])


# ------------------------------------------------------------------------------- the parties


def _seller(party: Party, *, is_taxed: bool) -> Trader:
    """BG-4. Outside of the scope it must not show a VAT number (BR-O-02)."""
    vat_id, number = _identifiers(party)
    if not number:
        raise NotForEN16931(reason="seller_without_tax_number")
    if vat_id and is_taxed:
        return _trader(party, "seller", vat_id=vat_id)
    return _trader(party, "seller", tax_id=number, legal_id=number)


def _buyer(party: Party, *, is_taxed: bool) -> Trader:
    """BG-7."""
    vat_id, number = _identifiers(party)
    if vat_id and is_taxed:
        return _trader(party, "buyer", vat_id=vat_id)
    return _trader(party, "buyer", legal_id=number)


def _identifiers(party: Party) -> tuple[str, str]:
    """The VAT number of a member state, verified, and the number as it is written."""
    try:
        verified = verify_tax_id(party.tax_id, country=party.country)
    except (TaxIdInvalid, TaxIdNotVerifiable):
        return "", plain(party.tax_id)
    return verified.number if verified.is_of_member_state else "", verified.number


def _trader(party: Party, who: str, **identifiers: str) -> Trader:
    country, lines = iso_country(party.country), [plain(line) for line in party.address]
    if len(country) != 2 or not country.isalpha():
        raise NotForEN16931(reason=f"{who}_without_country")
    if lines and iso_country(lines[-1]) == country:
        lines.pop()
    return Trader(
        name=plain(party.name) or "-",
        address=tuple(filter(None, lines)),
        country=country,
        **identifiers,
    )
