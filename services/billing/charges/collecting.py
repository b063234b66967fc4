"""The billable items that the next invoice of an account takes along."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.billing.charges.billable_item import BillableItem
from services.billing.invoices.lines import InvoiceLine
from services.billing.why.why import Why
from shared.store import Transaction

OPEN_ITEMS = """
select item_id from billable_item
where account_id = $1 and currency = $2 and status = 'open' and coalesce(bill_on <= $3, true)
order by item_id limit 200
"""


async def due_items(
    tx: Transaction, account_id: UUID, *, currency: str, today: date
) -> list[BillableItem]:
    """The items, oldest first. The view finds them, each item itself says whether it is due."""
    rows = await tx.read.fetch(OPEN_ITEMS, account_id, currency, today)
    items = [await tx.load(BillableItem, row["item_id"]) for row in rows]
    return [item for item in items if item.is_due(today)]


async def put_on_invoice(
    items: Sequence[BillableItem], invoice_id: UUID, tx: Transaction
) -> list[InvoiceLine]:
    """The lines of the items, which are on the invoice from now on."""
    for item in items:
        item.invoice(invoice_id)
    await tx.save(*items)
    return [_line(item) for item in items]


def _line(item: BillableItem) -> InvoiceLine:
    return InvoiceLine(
        kind="manual",
        description=item.description,
        net_minor=item.net_minor,
        tax_category=item.tax_category,
        why=item.why or Why(rule="billable_item.due", facts={"item": str(item.id)}),
    )
