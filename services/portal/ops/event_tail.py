"""What has just happened, in any service? The last 20 events of every partition are kept."""

from datetime import datetime
from uuid import UUID

import msgspec

from services.portal.browser.rows import read_row
from services.portal.topics import EVERY
from shared.consumers import Envelope, Rows, View
from shared.reads import Reader

KEPT_PER_PARTITION = 20
TABLES = """
create table event_tail (
    source text not null,
    partition smallint not null,
    position bigint not null,
    event_id uuid not null,
    type text not null,
    brand text not null,
    account_id uuid,
    actor text not null,
    occurred_at timestamptz not null,
    primary key (source, partition, position)
);
create index event_tail_latest on event_tail (brand, occurred_at desc, source, position desc);
"""


class TailRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event as operations sees it pass."""

    source: str
    partition: int
    position: int
    event_id: UUID
    type: str
    account_id: UUID | None
    actor: str
    occurred_at: datetime


def apply(envelope: Envelope, rows: Rows) -> None:
    """Add the event and let the one go that fell out of its partition's last 20."""
    rows.insert(
        "event_tail",
        source=envelope.source,
        partition=envelope.partition,
        position=envelope.position,
        event_id=envelope.id,
        type=envelope.type,
        brand=envelope.brand,
        account_id=envelope.account_id,
        actor=envelope.actor,
        occurred_at=envelope.occurred_at,
    )
    last_gone = envelope.position - KEPT_PER_PARTITION
    rows.delete(
        "event_tail",
        where={
            "source": envelope.source,
            "partition": envelope.partition,
            "position": lambda position: position <= last_gone,
        },
    )


async def latest_events(db: Reader, brand: str, *, limit: int = 30) -> list[TailRow]:
    """The brand's latest events, latest first."""
    records = await db.fetch(
        """select * from event_tail where brand = $1
           order by occurred_at desc, source, position desc limit $2""",
        brand,
        limit,
    )
    return [read_row(TailRow, record) for record in records]


event_tail = View(
    name="event_tail",
    sources=("accounts", "billing", "tickets", "notifications"),
    tables=TABLES,
    apply=apply,
    handles=EVERY,
)
