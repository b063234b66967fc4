"""What billable items tell the world."""

import msgspec

from services.billing.charges.billable_item import BillableItem
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_item(event: DomainEvent, item: BillableItem) -> PublicEvent | None:
    """The public event of a billable item."""
    match event:
        case BillableItem.Added() as added:
            told = msgspec.convert(added.why, billing.Why | None, from_attributes=True)
            return billing.BillableItemAdded(
                item_id=item.id,
                description=added.description,
                net_minor=added.net_minor,
                currency=added.currency,
                tax_category=added.tax_category,
                due=added.due,
                bill_on=added.bill_on,
                why=told,
            )
        case BillableItem.Invoiced(invoice_id=invoice_id):
            return billing.BillableItemInvoiced(item_id=item.id, invoice_id=invoice_id)
        case BillableItem.Withdrawn(reason=reason):
            return billing.BillableItemWithdrawn(item_id=item.id, reason=reason)
        case _:
            return None
