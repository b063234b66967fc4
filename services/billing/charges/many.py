"""What waits for the next invoices of many accounts, asked at once."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from uuid import UUID

from services.billing.charges.billable_item import BillableItem
from services.billing.charges.collecting import OPEN_ITEMS
from shared.snapshots import form_of
from shared.store import Transaction

_OF_MANY = """
select account_id, currency, item_id from billable_item
where account_id = any($1::uuid[]) and status = 'open' and coalesce(bill_on <= $2, true)
order by account_id, currency, item_id
"""
MOST = 200


async def foresee_items(
    asked: Collection[tuple[UUID, str]], tx: Transaction, *, today: date
) -> None:
    """Read the open items of these accounts and currencies: `due_items` asks nothing more."""
    if not asked:
        return
    rows = await tx.read.fetch(_OF_MANY, list({account for account, _ in asked}), today)
    found: dict[tuple[UUID, str], list[dict[str, UUID]]] = defaultdict(list)
    for row in rows:
        found[row["account_id"], row["currency"]].append({"item_id": row["item_id"]})
    tx.ahead.foresee(OPEN_ITEMS, {(*pair, today): found[pair][:MOST] for pair in asked})
    await tx.ahead.streams([row["item_id"] for row in rows], form=form_of(BillableItem))
