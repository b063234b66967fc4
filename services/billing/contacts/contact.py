"""An account's contact data as billing needs them; owned by the accounts service."""

from dataclasses import dataclass
from uuid import UUID

from shared.database import Reads
from shared.errors import NotFound, Unavailable


class AccountNotReady(Unavailable):
    """The account's contact data have not arrived yet; try again in a moment."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """The block that an invoice is addressed to, the language of its lines, and where it is taxed.

    `country` is ISO 3166-1; `state` as the client wrote it.
    """

    language: str
    name: str
    address: str
    tax_id: str
    country: str
    state: str


CONTACT = """
select language, name, address, tax_id, country, state from account_contact
where account_id = $1 and number is not null and name is not null
"""
"""The question that `contact_of` asks."""


async def contact_of(account_id: UUID, db: Reads) -> Contact:
    """The contact data as of now. `AccountNotReady` until the account has a number."""
    row = await db.fetchrow(CONTACT, account_id)
    if row is None:
        raise AccountNotReady()
    return Contact(**row)


async def brand_of_account(account_id: UUID, db: Reads) -> str:
    """The brand whose client the account is. `NotFound` for one that nobody told of."""
    brand: str | None = await db.fetchval(
        "select brand from account_contact where account_id = $1", account_id
    )
    if brand is None:
        raise NotFound()
    return brand
