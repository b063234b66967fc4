"""The numbers of documents: gapless per brand and series, as tax law wants them.

Each kind of document has a series of its own. With a yearly reset each year has one; the first such
year goes on counting, because its numbers may have been given out before.
"""

from datetime import date

from services.billing.brands.brand import Brand
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.number_format import parse_number_format
from services.billing.rules.rules import Rules
from shared.store import Transaction

SERIES_MARKS = {"invoice": "", "receipt": "R-", "order": "O-", "credit_note": "C-"} | {
    "pro_forma": "P-"
}


async def next_document_number(tx: Transaction, brand: Brand, *, series: str, today: date) -> str:
    """The brand's next number, such as PON-2026-000001. Others wait for the commit.

    So the order of numbers is the order of commits.
    """
    name = f"{brand.brand}/{series}"
    if brand.settings.rules.get("number_yearly", Rules.number_yearly):
        count = await tx.next_number(f"{name}/{today.year}", continues=name)
    else:
        count = await tx.next_number(name)
    return document_number(brand, series=series, today=today, count=count)


def document_number(brand: Brand, *, series: str, today: date, count: int) -> str:
    """The number `count` of a series as the brand writes it: its prefix, mark, year and so on."""
    form = brand.settings.rules.get("number_format", Rules.number_format)
    return parse_number_format(form).text(
        prefix=brand.settings.invoice_prefix, mark=SERIES_MARKS[series], day=today, count=count
    )


async def number_if_paid(invoice: Invoice, *, today: date, tx: Transaction) -> None:
    """A pro forma that nothing is owed for any more becomes an invoice; the caller saves it."""
    if invoice.is_pro_forma and invoice.settlement.is_paid:
        brand = await tx.look_at(Brand, Brand.id_of(invoice.brand))
        number = await next_document_number(tx, brand, series="invoice", today=today)
        invoice.take_number(number=number, today=today)
