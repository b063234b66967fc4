"""Whom the invoices of many accounts are addressed to, asked at once."""

from collections.abc import Collection
from uuid import UUID

from services.billing.contacts.contact import CONTACT
from shared.store import Transaction

_OF_MANY = CONTACT.replace("select ", "select account_id, ", 1).replace(
    "account_id = $1", "account_id = any($1::uuid[])"
)


async def foresee_contacts(account_ids: Collection[UUID], tx: Transaction) -> None:
    """Read the contact data of all: `contact_of` asks nothing more in this transaction."""
    rows = await tx.read.fetch(_OF_MANY, list(account_ids))
    found = {row["account_id"]: dict(list(row.items())[1:]) for row in rows}
    answers = {(id,): [found[id]] if id in found else [] for id in account_ids}
    tx.ahead.foresee(CONTACT, answers)
