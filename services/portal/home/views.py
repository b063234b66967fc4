"""Who is the account: its number, its contact data, since when?"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from services.portal.browser.rows import read_row
from services.portal.topics import ACCOUNTS, USERS
from shared.consumers import Envelope, Rows, View
from shared.contracts.accounts import AccountNumberAssigned, AccountOpened, ContactChanged
from shared.reads import Reader

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


def apply(envelope: Envelope, rows: Rows) -> None:
    """Keep the account's card; all of its events come in order from one source."""
    match envelope.event:
        case AccountOpened() as e:
            rows.insert(
                "account_card",
                account_id=envelope.account,
                brand=envelope.brand,
                opened_at=envelope.occurred_at,
                **_contact(e),
            )
        case AccountNumberAssigned(number=number):
            rows.update("account_card", envelope.account, number=number)
        case ContactChanged() as e:
            rows.update("account_card", envelope.account, **_contact(e))


def _contact(e: AccountOpened | ContactChanged) -> dict[str, Any]:
    return {
        "language": e.language,
        "name": e.name,
        "email": e.email,
        "phone": e.phone,
        "tax_id": e.tax_id,
        "address": e.address,
        "city": e.city,
        "state": e.state,
        "postal_code": e.postal_code,
        "country": e.country,
    }


async def account_of(db: Reader, account_id: UUID) -> Account | None:
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
