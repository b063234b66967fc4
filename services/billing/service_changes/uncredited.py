"""What is left of an invoice's lines about one service, as far as credit notes took it back.

Amounts are those of the lines, as priced.
"""

from uuid import UUID

from services.billing.credit_notes.credit_note import CreditNote
from services.billing.invoices.invoice import Invoice
from shared.store import Transaction


async def lines_left(invoice: Invoice, service_id: UUID, tx: Transaction) -> dict[int, int]:
    """Place of each line about the service -> what of it no credit note has taken back yet."""
    left = {
        place: line.net_minor
        for place, line in enumerate(invoice.lines)
        if line.service_id == service_id
    }
    for note_id in invoice.settlement.credit_notes:
        for credited in (await tx.load(CreditNote, note_id)).document.lines:
            if credited.place in left:
                left[credited.place] -= credited.amount_minor
    return left


def cut(left: dict[int, int], most: int) -> dict[int, int]:
    """So much of the lines that they sum to `most`, or to all that is left of them.

    What was taken off is taken back with what it was taken off from.

    >>> cut({0: 3000, 1: -300}, 1000), cut({0: 3000, 1: -300}, 5000), cut({0: -5}, 10)
    ({0: 1000}, {0: 3000, 1: -300}, {})
    """
    total = sum(left.values())
    if total <= 0:
        return {}
    if total <= most:
        return {place: minor for place, minor in left.items() if minor}
    amounts: dict[int, int] = {}
    for place, minor in left.items():
        share = min(minor, most - sum(amounts.values()))
        if share > 0:
            amounts[place] = share
    return amounts
