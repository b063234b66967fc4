"""Whose is this name, e-mail, number or domain? One box finds an account by the start of any."""

import unicodedata
from uuid import UUID

import msgspec

from services.portal.browser.rows import read_row
from services.portal.topics import (
    BRANDS,
    CREDIT,
    DAYS,
    FINDINGS,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    USERS,
    Events,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.accounts import AccountNumberAssigned, AccountOpened, ContactChanged
from shared.contracts.billing import (
    CreditNoteIssued,
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceNumbered,
    InvoicePaid,
    InvoiceReopened,
    InvoiceWrittenOff,
    OrderPlaced,
    PaymentAllocated,
    PaymentTakenBack,
    ProvisioningFailed,
    ProvisioningRequested,
    ServiceActivated,
    ServiceCancellationRequested,
    ServiceCancellationWithdrawn,
    ServiceCancelled,
    ServiceChanged,
    ServiceChangeScheduled,
    ServiceChangeWithdrawn,
    ServiceEnded,
    ServiceOrdered,
    ServiceRenewed,
    ServiceSuspended,
    ServiceTerminated,
    ServiceTransferred,
    ServiceUnsuspended,
)
from shared.contracts.tickets import TicketClosed, TicketOpened, TicketReplied
from shared.reads import Reader

TABLES = """
create table search_term (
    kind text not null,
    reference uuid not null,
    term text not null,
    brand text not null,
    account_id uuid not null,
    label text not null,
    primary key (kind, reference, term)
);
create index search_term_start on search_term (brand, term text_pattern_ops);
"""
HANDLES: Events = frozenset(
    {
        AccountOpened,
        AccountNumberAssigned,
        ContactChanged,
        OrderPlaced,
        ServiceOrdered,
        InvoiceIssued,
        TicketOpened,
    }
)
IGNORED: Events = (
    (BRANDS | DAYS | FINDINGS | PRODUCTS | NOTICES | PAYMENTS | CREDIT | USERS)
    | (ORDERS - {OrderPlaced})
) | {
    CreditNoteIssued,
    InvoiceCancelled,
    InvoiceNumbered,
    InvoicePaid,
    InvoiceReopened,
    InvoiceWrittenOff,
    PaymentAllocated,
    PaymentTakenBack,
    ProvisioningFailed,
    ProvisioningRequested,
    ServiceActivated,
    ServiceCancellationRequested,
    ServiceCancellationWithdrawn,
    ServiceCancelled,
    ServiceChanged,
    ServiceChangeScheduled,
    ServiceChangeWithdrawn,
    ServiceEnded,
    ServiceRenewed,
    ServiceSuspended,
    ServiceTerminated,
    ServiceTransferred,
    ServiceUnsuspended,
    TicketReplied,
    TicketClosed,
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the box found; `reference` is its id."""

    kind: str
    reference: UUID
    account_id: UUID
    label: str


def folded(text: str) -> str:
    """Without accents and case, so that `joao` finds João.

    >>> folded("  João Ávila ")
    'joao avila'
    """
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().strip()


def apply(envelope: Envelope, rows: Rows) -> None:
    """Add what the event can be found by."""
    match envelope.event:
        case ContactChanged():
            for kind in ("name", "email"):
                where = {"kind": kind, "reference": envelope.account}
                rows.delete("search_term", where=where)
    for found in _found_by(envelope):
        rows.upsert(
            "search_term",
            kind=found.kind,
            reference=found.reference,
            term=folded(found.term),
            brand=envelope.brand,
            account_id=found.account_id,
            label=found.label,
        )


class _Term(Found, frozen=True, kw_only=True):
    """What something is found by: the whole label, or the rest of a name from one of its words."""

    term: str


def _found_by(envelope: Envelope) -> list[_Term]:
    account_id = envelope.account_id
    if account_id is None:
        return []

    def term(kind: str, reference: UUID, *, label: str, rest: str = "") -> _Term:
        return _Term(
            kind=kind, reference=reference, account_id=account_id, label=label, term=rest or label
        )

    match envelope.event:
        case AccountOpened(name=name, email=email) | ContactChanged(name=name, email=email):
            words = name.split()
            starts = [" ".join(words[place:]) for place in range(len(words))]
            names = [term("name", account_id, label=name, rest=start) for start in starts]
            return [*names, term("email", account_id, label=email)]
        case AccountNumberAssigned(number=number):
            return [term("number", account_id, label=number)]
        case OrderPlaced(order_id=order_id, number=number):
            return [term("order", order_id, label=number)]
        case ServiceOrdered(service_id=service_id, domain=domain):
            return [term("domain", service_id, label=domain)]
        case InvoiceIssued(invoice_id=invoice_id, number=number):
            return [term("invoice", invoice_id, label=number)]
        case TicketOpened(ticket_id=ticket_id, number=number):
            return [term("ticket", ticket_id, label=number)]
    return []


async def find(db: Reader, brand: str, *, text: str) -> list[Found]:
    """At most 50 things of the brand that have a name, number or word which starts with `text`."""
    start = folded(text).replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    records = await db.fetch(
        """select distinct kind, reference, account_id, label from search_term
           where brand = $1 and term like $2 order by label, kind, reference limit 50""",
        brand,
        start + "%",
    )
    return [read_row(Found, record) for record in records]


search = View(
    name="search",
    sources=("accounts", "billing", "tickets"),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=IGNORED,
)
