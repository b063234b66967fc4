"""Whom an account's invoices are addressed to: what the accounts service said last."""

from shared.consumers import Envelope, Rows, View
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

TABLES = """
create table account_contact (
    account_id uuid primary key,
    brand text not null,
    number text,
    language text,
    name text,
    address text,
    tax_id text,
    country text,
    state text
);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case AccountNumberAssigned(number=number):
            rows.upsert(
                "account_contact",
                account_id=envelope.account,
                brand=envelope.brand,
                number=number,
            )
        case AccountOpened() | ContactChanged() as contact:
            rows.upsert(
                "account_contact",
                account_id=envelope.account,
                brand=envelope.brand,
                language=contact.language,
                name=contact.name,
                address=_address(contact),
                tax_id=contact.tax_id,
                country=contact.country,
                state=contact.state,
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
