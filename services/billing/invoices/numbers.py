"""The numbers of documents: gapless per brand and series, as tax law wants them."""

from datetime import date

from services.billing.brands.brand import Brand
from shared.store import Transaction

SERIES_MARKS = {"invoice": "", "receipt": "R-", "order": "O-"}


async def next_document_number(tx: Transaction, brand: Brand, *, series: str, today: date) -> str:
    """The brand's next number, such as PON-2026-000001. Others wait for the commit."""
    count = await tx.next_number(f"{brand.brand}/{series}")
    return document_number(brand.settings.invoice_prefix, series=series, today=today, count=count)


def document_number(prefix: str, *, series: str, today: date, count: int) -> str:
    """Prefix, the mark of the series, the year of issue and the running number.

    >>> document_number("PON", series="receipt", today=date(2026, 3, 1), count=7)
    'PON-R-2026-000007'
    """
    return f"{prefix}-{SERIES_MARKS[series]}{today.year}-{count:06d}"
