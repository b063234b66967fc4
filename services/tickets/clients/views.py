"""What tickets must know of a client: the name to sign with, and which services are whose."""

from shared.consumers import Envelope, Rows, View
from shared.consumers.declarations import EventClasses
from shared.contracts import events_of
from shared.contracts.accounts import AccountOpened, ContactChanged
from shared.contracts.billing import ServiceOrdered

NAMED_BY: EventClasses = frozenset({AccountOpened, ContactChanged})
HELD_BY: EventClasses = frozenset({ServiceOrdered})

CLIENT_NAME_TABLES = """
create table client_name (
    account_id uuid primary key,
    name text not null
);
"""
HELD_SERVICE_TABLES = """
create table held_service (
    service_id uuid primary key,
    account_id uuid not null
);
"""


def apply_client_name(envelope: Envelope, rows: Rows) -> None:
    """Keep the account's name as it is from now on."""
    match envelope.event:
        case AccountOpened(name=name) | ContactChanged(name=name):
            rows.upsert("client_name", account_id=envelope.account, name=name)


def apply_held_service(envelope: Envelope, rows: Rows) -> None:
    """Remember whose service it is; that never changes."""
    match envelope.event:
        case ServiceOrdered(service_id=service_id):
            rows.insert("held_service", service_id=service_id, account_id=envelope.account)


client_name_view = View(
    name="client_name",
    sources=("accounts",),
    tables=CLIENT_NAME_TABLES,
    apply=apply_client_name,
    handles=NAMED_BY,
    ignored=events_of("accounts") - NAMED_BY,
)
held_service_view = View(
    name="held_service",
    sources=("billing",),
    tables=HELD_SERVICE_TABLES,
    apply=apply_held_service,
    handles=HELD_BY,
    ignored=events_of("billing") - HELD_BY,
)
