"""What the other services' events say of recipients, brands, invoices, services and tickets.

Plain values for the mails, one view per kind of row; amounts in minor units of their currency.
"""

import msgspec

from shared.consumers import Envelope, Rows, View
from shared.consumers.declarations import EventClasses
from shared.contracts import events_of
from shared.contracts.accounts import AccountNumberAssigned, AccountOpened, ContactChanged
from shared.contracts.billing import BrandConfigured, InvoiceIssued, ServiceOrdered
from shared.contracts.tickets import TicketOpened, TicketReplied

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


def apply_recipient(envelope: Envelope, rows: Rows) -> None:
    """Keep whom to write to: the account's contact, and the address that a user signs in with."""
    match envelope.event:
        case AccountOpened() as event:
            _set_contact(envelope, event, rows=rows)
            rows.upsert(
                "sign_in_address",
                user_id=event.user_id,
                account_id=envelope.account,
                email=event.email,
            )
        case ContactChanged() as event:
            _set_contact(envelope, event, rows=rows)
        case AccountNumberAssigned(number=number):
            rows.upsert("recipient", account_id=envelope.account, number=number)


def _set_contact(envelope: Envelope, event: AccountOpened | ContactChanged, *, rows: Rows) -> None:
    rows.upsert(
        "recipient",
        account_id=envelope.account,
        name=event.name,
        email=event.email,
        language=event.language,
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


def apply_brand(envelope: Envelope, rows: Rows) -> None:
    """Keep how a brand signs and looks."""
    match envelope.event:
        case BrandConfigured() as event:
            labels = {method.id: method.label for method in event.payment_methods}
            rows.upsert(
                "brand",
                slug=envelope.brand,
                name=event.name,
                host=_host_of(event),
                default_language=event.default_language,
                time_zone=event.time_zone,
                sender_name=event.sender_name,
                sender_email=event.sender_email,
                accent_colour=event.accent_colour,
                company=event.payee.get("name", event.name),
                method_labels=msgspec.json.encode(labels).decode(),
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


def apply_invoice(envelope: Envelope, rows: Rows) -> None:
    """Keep what an issued invoice is called and what it comes to."""
    match envelope.event:
        case InvoiceIssued() as event:
            rows.upsert(
                "invoice",
                invoice_id=event.invoice_id,
                number=event.number,
                total_minor=event.total_minor,
                currency=event.currency,
                due_on=event.due_on,
            )


_SERVICES = """
create table service (
    service_id uuid primary key,
    product_name jsonb not null,
    domain text not null
);
"""


def apply_service(envelope: Envelope, rows: Rows) -> None:
    """Keep what an ordered service is called."""
    match envelope.event:
        case ServiceOrdered() as event:
            rows.upsert(
                "service",
                service_id=event.service_id,
                product_name=msgspec.json.encode(event.product_name).decode(),
                domain=event.domain,
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


def apply_ticket(envelope: Envelope, rows: Rows) -> None:
    """Keep a ticket's name and those of its messages that are mailed to the client."""
    match envelope.event:
        case TicketOpened() as event:
            rows.upsert(
                "ticket",
                ticket_id=event.ticket_id,
                account_id=envelope.account_id,
                number=event.number,
                subject=event.subject,
            )
            _keep_message(envelope, event, rows=rows)
        case TicketReplied(side="staff") as event:
            _keep_message(envelope, event, rows=rows)


def _keep_message(envelope: Envelope, event: TicketOpened | TicketReplied, *, rows: Rows) -> None:
    rows.upsert(
        "ticket_message",
        message_id=envelope.id,
        account_id=envelope.account_id,
        author=event.author,
        message=event.message,
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
