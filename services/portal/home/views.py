"""Who is the account: its number, its contact data, since when?"""

from datetime import datetime
from uuid import UUID

import msgspec

from services.portal.browser.rows import read_row
from services.portal.topics import ACCOUNTS, USERS
from shared.consumers import Envelope, View
from shared.contracts.accounts import AccountNumberAssigned, AccountOpened, ContactChanged
from shared.database import Connection, Pool

TABLES = """
create table account_card (
    account_id uuid primary key,
    brand text not null,
    number text,
    language text not null,
    name text not null,
    email text not null,
    phone text not null,
    tax_id text not null,
    address text not null,
    city text not null,
    state text not null,
    postal_code text not null,
    country text not null,
    opened_at timestamptz not null
);
"""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A billing account as its owner sees it."""

    account_id: UUID
    brand: str
    number: str | None
    language: str
    name: str
    email: str
    phone: str
    tax_id: str
    address: str
    city: str
    state: str
    postal_code: str
    country: str
    opened_at: datetime

    @property
    def first_name(self) -> str:
        """How the pages greet the client."""
        return self.name.split(" ", 1)[0]


async def apply(envelope: Envelope, db: Connection) -> None:
    """Keep the account's card; all of its events come in order from one source."""
    match envelope.event:
        case AccountOpened() as e:
            await _open(envelope, e, db=db)
        case AccountNumberAssigned(number=number):
            await db.execute(
                "update account_card set number = $2 where account_id = $1",
                envelope.account,
                number,
            )
        case ContactChanged() as e:
            await _change(envelope.account, e, db=db)


async def _open(envelope: Envelope, e: AccountOpened, *, db: Connection) -> None:
    await db.execute(
        """insert into account_card values
           ($1, $2, null, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        envelope.account,
        envelope.brand,
        e.language,
        e.name,
        e.email,
        e.phone,
        e.tax_id,
        e.address,
        e.city,
        e.state,
        e.postal_code,
        e.country,
        envelope.occurred_at,
    )


async def _change(account_id: UUID, e: ContactChanged, *, db: Connection) -> None:
    await db.execute(
        """update account_card set (language, name, email, phone, tax_id, address, city, state,
             postal_code, country) = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           where account_id = $1""",
        account_id,
        e.language,
        e.name,
        e.email,
        e.phone,
        e.tax_id,
        e.address,
        e.city,
        e.state,
        e.postal_code,
        e.country,
    )


async def account_of(db: Pool, account_id: UUID) -> Account | None:
    """The account's card, unless the view has not seen it yet."""
    record = await db.fetchrow("select * from account_card where account_id = $1", account_id)
    return read_row(Account, record) if record else None


account_card = View(
    name="account_card",
    sources=("accounts",),
    tables=TABLES,
    apply=apply,
    handles=ACCOUNTS,
    ignored=USERS,
)
