"""The tax of an invoice: what its lines bear at the client's place, as rows of the whole document.

Pure, so that a preview of an order is made of the very same figures as its invoice. Amounts in
minor units of one currency; tax per rate on the sum (EN 16931, BR-CO-17).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from babel.numbers import format_percent

from services.billing.contacts.contact import Contact
from services.billing.invoices.lines import InvoiceDetails, InvoiceLine, LineTax, TaxRow
from services.billing.tax.tax import (
    INFORMATIVE_NOTE,
    NOTES,
    Buyer,
    TaxClass,
    TaxMode,
    TaxRules,
    taxed_line,
)
from services.billing.tax.tax_ids import TaxId, TaxIdInvalid, TaxIdNotVerifiable, verify_tax_id
from services.billing.tax.taxation import (
    Tax,
    TaxAmount,
    TaxCategory,
    Taxed,
    TaxedPart,
    tax_parts,
)
from shared.i18n import Catalogues

_CATALOGUES = Catalogues(Path(__file__).parents[1] / "locale")


@dataclass(frozen=True, kw_only=True)
class Taxation:
    """By whose rules lines are taxed, for whom, and in which language the law's notes are."""

    rules: TaxRules
    buyer: Buyer
    language: str


@dataclass(frozen=True, kw_only=True)
class TaxedLines:
    """Lines as they stand on an invoice, its tax rows, and what the law wants it to say."""

    lines: list[InvoiceLine]
    taxes: list[TaxRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    prices_include_tax: bool = False

    def details(self, **says: Any) -> InvoiceDetails:
        """An invoice's details as they follow from its lines, with what else it `says`."""
        own = {"notes": self.notes, "prices_include_tax": self.prices_include_tax}
        return InvoiceDetails(taxes=self.taxes, **{**own, **says})


def buyer_of(contact: Contact, *, is_exempt: bool) -> Buyer:
    """Whom the lines are taxed for; a tax number counts only when it can be verified."""
    return Buyer(
        country=contact.country,
        state=contact.state,
        tax_id=verified_tax_id(contact),
        is_exempt=is_exempt,
    )


def verified_tax_id(contact: Contact) -> TaxId | None:
    """The client's number, if its country could have issued it."""
    if not contact.tax_id:
        return None
    try:
        return verify_tax_id(contact.tax_id, country=contact.country)
    except (TaxIdInvalid, TaxIdNotVerifiable):
        return None


def tax_lines(lines: Sequence[InvoiceLine], taxation: Taxation) -> TaxedLines:
    """The lines with their taxes. Without tax rules they are as they were.

    Where prices include the taxes that are borne, lines keep their prices; where the client bears
    others than those in the price (none, under reverse charge), lines are without tax.
    """
    rules = taxation.rules
    if rules.mode is TaxMode.NONE:
        return TaxedLines(lines=list(lines))
    parts = [
        taxed_line(
            rules,
            taxation.buyer,
            amount_minor=line.net_minor,
            tax_class=_class_of(line),
        )
        for line in lines
    ]
    taxed = tax_parts(parts)
    keeps_prices = rules.mode is TaxMode.INCLUSIVE and all(
        not part.included or part.included == tuple(tax for tax in part.taxes if tax.is_charged)
        for part in parts
    )
    shown = lines if keeps_prices else _without_tax(lines, taxed)
    rows = [_row(amount, taxation.language) for amount in taxed.rows]
    return TaxedLines(
        lines=_with_shares(shown, taxed),
        taxes=rows,
        notes=list(dict.fromkeys(row.note for row in rows if row.note)),
        prices_include_tax=keeps_prices,
    )


def taxed_part(line: InvoiceLine, details: InvoiceDetails) -> TaxedPart:
    """An issued line as the sum of its taxes saw it, for what is credited of it."""
    shares = [_amount(share, details.taxes[share.row]) for share in line.taxes]
    is_included = details.prices_include_tax and shares
    net_minor = shares[0].taxable_minor if is_included else line.net_minor
    return TaxedPart(net_minor=net_minor, taxes=tuple(shares))


def _class_of(line: InvoiceLine) -> TaxClass:
    known = line.tax_category in TaxClass.__members__.values()
    return TaxClass(line.tax_category) if known else TaxClass.STANDARD


def _without_tax(lines: Sequence[InvoiceLine], taxed: Taxed) -> list[InvoiceLine]:
    """Lines whose price had a tax in it are shown net; their unit price would mislead then."""
    return [
        line
        if line.net_minor == part.net_minor
        else replace(line, net_minor=part.net_minor, unit_minor=None, discount_minor=0)
        for line, part in zip(lines, taxed.parts, strict=True)
    ]


def _with_shares(lines: Sequence[InvoiceLine], taxed: Taxed) -> list[InvoiceLine]:
    places = {row.tax: place for place, row in enumerate(taxed.rows)}
    return [
        replace(line, taxes=[_share(amount, places[amount.tax]) for amount in part.taxes])
        for line, part in zip(lines, taxed.parts, strict=True)
    ]


def _share(amount: TaxAmount, row: int) -> LineTax:
    return LineTax(row=row, taxable_minor=amount.taxable_minor, tax_minor=amount.tax_minor)


def _row(amount: TaxAmount, language: str) -> TaxRow:
    return TaxRow(
        name=amount.tax.name,
        category=amount.tax.category.value,
        rate_percent=amount.tax.percent,
        taxable_minor=amount.taxable_minor,
        tax_minor=amount.tax_minor,
        note=_note(amount.tax, language),
        is_informative=amount.tax.is_informative,
    )


def _note(tax: Tax, language: str) -> str:
    """What the law wants the invoice to say of a tax, or what explains it; else nothing."""
    words = _CATALOGUES.for_language(language)
    if tax.is_informative:
        rate = format_percent(tax.percent / 100, locale=words.locale, decimal_quantization=False)
        return words.gettext(INFORMATIVE_NOTE, tax=tax.name, rate=rate)
    note = NOTES.get(tax.category, "")
    return words.gettext(note) if note else ""


def _amount(share: LineTax, row: TaxRow) -> TaxAmount:
    tax = Tax(
        name=row.name,
        percent=row.rate_percent,
        category=TaxCategory(row.category),
        is_informative=row.is_informative,
    )
    return TaxAmount(tax=tax, taxable_minor=share.taxable_minor, tax_minor=share.tax_minor)
