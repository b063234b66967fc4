"""A view that shows order, repetition and loss: per owner a hash chain over the events applied."""

import hashlib

from shared.consumers import Envelope, Rows, View
from shared.contracts import events_of
from shared.envelope import Record
from tests.simulation.memory_postgres import Table
from tests.simulation.view_tables import tables_of

DDL = """create table history (
    source text,
    owner text,
    digest text not null default '',
    events integer not null default 0,
    primary key (source, owner)
);"""


def add(digest: str, event_id: object) -> str:
    """The digest with one more event."""
    return hashlib.sha256(f"{digest}{event_id}".encode()).hexdigest()


def owner_of(event: Envelope | Record) -> str:
    """The account, or the brand of an event without one."""
    return str(event.account_id or event.brand)


def history_view(poisoned: set[str]) -> View:
    """The view; events of the `poisoned` owners cannot be applied."""

    def apply(envelope: Envelope, rows: Rows) -> None:
        if owner_of(envelope) in poisoned:
            raise ValueError("poison")
        rows.upsert(
            "history",
            source=envelope.source,
            owner=owner_of(envelope),
            digest=lambda before: add(before or "", envelope.id),
            events=lambda before: (before or 0) + 1,
        )

    return View(
        name="history",
        sources=("billing", "tickets"),
        tables=DDL,
        apply=apply,
        handles=events_of("billing") | events_of("tickets"),
    )


def history_table() -> Table:
    """The view's table."""
    (table,) = tables_of([history_view(set())])
    return table
