"""Whom an account's invoices are addressed to: what the accounts service said last."""

from shared.consumers import View
from shared.contracts.accounts import (
    AccountNumberAssigned,
    AccountOpened,
    ContactChanged,
    EmailConfirmationRequested,
    EmailConfirmed,
    PasswordChanged,
    PasswordResetRequested,
    RegistrationRepeated,
)
from shared.database import Connection
from shared.envelope import Envelope

TABLES = """
create table account_contact (
    account_id uuid primary key,
    brand text not null,
    number text,
    language text,
    name text,
    address text,
    tax_id text
);
"""


async def apply(envelope: Envelope, db: Connection) -> None:
    match envelope.event:
        case AccountNumberAssigned(number=number):
            await db.execute(
                """insert into account_contact (account_id, brand, number) values ($1, $2, $3)
                   on conflict (account_id) do update set number = excluded.number""",
                envelope.account,
                envelope.brand,
                number,
            )
        case AccountOpened() | ContactChanged() as contact:
            await db.execute(
                """insert into account_contact (account_id, brand, language, name, address, tax_id)
                   values ($1, $2, $3, $4, $5, $6)
                   on conflict (account_id) do update set language = excluded.language,
                       name = excluded.name, address = excluded.address,
                       tax_id = excluded.tax_id""",
                envelope.account,
                envelope.brand,
                contact.language,
                contact.name,
                _address(contact),
                contact.tax_id,
            )


def _address(contact: AccountOpened | ContactChanged) -> str:
    """As it stands on an envelope: street, town and state, postal code, country."""
    town = ", ".join(part for part in (contact.city, contact.state) if part)
    lines = (contact.address, town, contact.postal_code, contact.country)
    return "\n".join(line for line in lines if line)


account_contact = View(
    name="account_contact",
    sources=("accounts",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({AccountNumberAssigned, AccountOpened, ContactChanged}),
    ignored=frozenset(
        {
            EmailConfirmationRequested,
            EmailConfirmed,
            PasswordChanged,
            PasswordResetRequested,
            RegistrationRepeated,
        }
    ),
)
