"""Feeding views without a worker: the test says which events they have seen."""

from collections.abc import Callable, Iterable

from shared.consumers import Envelope, Rows, View
from shared.consumers.tables import describe, write
from shared.database import Connection

Apply = Callable[[Envelope, Rows], None]


async def feed(db: Connection, apply: Apply, *envelopes: Envelope) -> None:
    """Apply the events as one batch."""
    rows = Rows()
    for envelope in envelopes:
        apply(envelope, rows)
    await _write(db, rows)


async def feed_views(db: Connection, views: Iterable[View], *envelopes: Envelope) -> None:
    """Apply the events as one batch to every view that handles them."""
    rows = Rows()
    for view in views:
        for envelope in envelopes:
            if type(envelope.event) in view.handles:
                view.apply(envelope, rows)
    await _write(db, rows)


async def _write(db: Connection, rows: Rows) -> None:
    async with db.transaction():
        await write(db, rows, await describe(db, list(rows.changes)))
