"""What the other services' events say of recipients, brands, invoices, services and tickets.

Plain values for the mails, one view per kind of row; amounts in minor units of their currency.
"""

import msgspec

from shared.consumers import Envelope, View
from shared.consumers.declarations import EventClasses
from shared.contracts import events_of
from shared.contracts.accounts import AccountNumberAssigned, AccountOpened, ContactChanged
from shared.contracts.billing import BrandConfigured, InvoiceIssued, ServiceOrdered
from shared.contracts.tickets import TicketOpened, TicketReplied
from shared.database import Connection

_RECIPIENTS = """
create table recipient (
    account_id uuid primary key,
    name text,
    email text,
    language text,
    number text
);
create table sign_in_address (
    user_id uuid primary key,
    account_id uuid not null,
    email text not null
);
create index on sign_in_address (account_id);
"""


async def apply_recipient(envelope: Envelope, db: Connection) -> None:
    """Keep whom to write to: the account's contact, and the address that a user signs in with."""
    match envelope.event:
        case AccountOpened() as event:
            await _set_contact(envelope, event, db=db)
            await db.execute(
                """insert into sign_in_address (user_id, account_id, email) values ($1, $2, $3)
                   on conflict (user_id) do update
                   set account_id = excluded.account_id, email = excluded.email""",
                event.user_id,
                envelope.account,
                event.email,
            )
        case ContactChanged() as event:
            await _set_contact(envelope, event, db=db)
        case AccountNumberAssigned() as event:
            await db.execute(
                """insert into recipient (account_id, number) values ($1, $2)
                   on conflict (account_id) do update set number = excluded.number""",
                envelope.account,
                event.number,
            )


async def _set_contact(
    envelope: Envelope, event: AccountOpened | ContactChanged, *, db: Connection
) -> None:
    await db.execute(
        """insert into recipient (account_id, name, email, language) values ($1, $2, $3, $4)
           on conflict (account_id) do update
           set name = excluded.name, email = excluded.email, language = excluded.language""",
        envelope.account,
        event.name,
        event.email,
        event.language,
    )


_BRANDS = """
create table brand (
    slug text primary key,
    name text not null,
    host text not null,
    default_language text not null,
    time_zone text not null,
    sender_name text not null,
    sender_email text not null,
    accent_colour text not null,
    company text not null,
    method_labels jsonb not null
);
"""


async def apply_brand(envelope: Envelope, db: Connection) -> None:
    """Keep how a brand signs and looks."""
    match envelope.event:
        case BrandConfigured() as event:
            labels = {method.id: method.label for method in event.payment_methods}
            await db.execute(
                """insert into brand (slug, name, host, default_language, time_zone, sender_name,
                                      sender_email, accent_colour, company, method_labels)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                   on conflict (slug) do update
                   set name = excluded.name, host = excluded.host,
                       default_language = excluded.default_language,
                       time_zone = excluded.time_zone, sender_name = excluded.sender_name,
                       sender_email = excluded.sender_email,
                       accent_colour = excluded.accent_colour, company = excluded.company,
                       method_labels = excluded.method_labels""",
                envelope.brand,
                event.name,
                _host_of(event),
                event.default_language,
                event.time_zone,
                event.sender_name,
                event.sender_email,
                event.accent_colour,
                event.payee.get("name", event.name),
                msgspec.json.encode(labels).decode(),
            )


def _host_of(event: BrandConfigured) -> str:
    """The host name that the brand's message ids carry."""
    hosts = [*event.hosts, event.sender_email.rpartition("@")[2]]
    return hosts[0].partition(":")[0]


_INVOICES = """
create table invoice (
    invoice_id uuid primary key,
    number text not null,
    total_minor bigint not null,
    currency text not null,
    due_on date not null
);
"""


async def apply_invoice(envelope: Envelope, db: Connection) -> None:
    """Keep what an issued invoice is called and what it comes to."""
    match envelope.event:
        case InvoiceIssued() as event:
            await db.execute(
                """insert into invoice (invoice_id, number, total_minor, currency, due_on)
                   values ($1, $2, $3, $4, $5) on conflict do nothing""",
                event.invoice_id,
                event.number,
                event.total_minor,
                event.currency,
                event.due_on,
            )


_SERVICES = """
create table service (
    service_id uuid primary key,
    product_name jsonb not null,
    domain text not null
);
"""


async def apply_service(envelope: Envelope, db: Connection) -> None:
    """Keep what an ordered service is called."""
    match envelope.event:
        case ServiceOrdered() as event:
            await db.execute(
                """insert into service (service_id, product_name, domain) values ($1, $2, $3)
                   on conflict do nothing""",
                event.service_id,
                msgspec.json.encode(event.product_name).decode(),
                event.domain,
            )


_TICKETS = """
create table ticket (
    ticket_id uuid primary key,
    account_id uuid,
    number text not null,
    subject text not null
);
create table ticket_message (
    message_id uuid primary key,
    account_id uuid,
    author text not null,
    message text not null
);
"""


async def apply_ticket(envelope: Envelope, db: Connection) -> None:
    """Keep a ticket's name and those of its messages that are mailed to the client."""
    match envelope.event:
        case TicketOpened() as event:
            await db.execute(
                """insert into ticket (ticket_id, account_id, number, subject)
                   values ($1, $2, $3, $4) on conflict do nothing""",
                event.ticket_id,
                envelope.account_id,
                event.number,
                event.subject,
            )
            await _keep_message(envelope, event, db=db)
        case TicketReplied(side="staff") as event:
            await _keep_message(envelope, event, db=db)


async def _keep_message(
    envelope: Envelope, event: TicketOpened | TicketReplied, *, db: Connection
) -> None:
    await db.execute(
        """insert into ticket_message (message_id, account_id, author, message)
           values ($1, $2, $3, $4) on conflict do nothing""",
        envelope.id,
        envelope.account_id,
        event.author,
        event.message,
    )


_OF_RECIPIENT: EventClasses = frozenset({AccountOpened, ContactChanged, AccountNumberAssigned})
_OF_TICKET: EventClasses = frozenset({TicketOpened, TicketReplied})

recipients = View(
    name="recipients",
    sources=("accounts",),
    tables=_RECIPIENTS,
    apply=apply_recipient,
    handles=_OF_RECIPIENT,
    ignored=events_of("accounts") - _OF_RECIPIENT,
)
brands = View(
    name="brands",
    sources=("billing",),
    tables=_BRANDS,
    apply=apply_brand,
    handles=frozenset({BrandConfigured}),
    ignored=events_of("billing") - {BrandConfigured},
)
invoices = View(
    name="invoices",
    sources=("billing",),
    tables=_INVOICES,
    apply=apply_invoice,
    handles=frozenset({InvoiceIssued}),
    ignored=events_of("billing") - {InvoiceIssued},
)
services = View(
    name="services",
    sources=("billing",),
    tables=_SERVICES,
    apply=apply_service,
    handles=frozenset({ServiceOrdered}),
    ignored=events_of("billing") - {ServiceOrdered},
)
tickets = View(
    name="tickets",
    sources=("tickets",),
    tables=_TICKETS,
    apply=apply_ticket,
    handles=_OF_TICKET,
    ignored=events_of("tickets") - _OF_TICKET,
)

DIRECTORY = (recipients, brands, invoices, services, tickets)
"""The views that the mails are made from."""
