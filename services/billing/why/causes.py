"""The chain of causes: from an event back to the first, which a person or the calendar began."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.database import Reads
from shared.envelope import Envelope, open_record
from shared.feed import record_of

LONGEST_CHAIN = 100
"""A cause is always older than what it led to, so that a chain ends by itself."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The causes, the latest first. Not `is_whole` where one lies with another account or service.

    Then the last of them is not the first of all.
    """

    causes: list[Envelope]
    is_whole: bool


async def chain_of(envelope: Envelope, history: Sequence[Envelope], db: Reads) -> Chain:
    """What led to the event: events of the same account, or of nobody, such as a day's beginning.

    One that another account's history has is not shown.
    """
    known = {each.id: each for each in history}
    causes: list[Envelope] = []
    before = envelope.causation_id
    while before is not None and len(causes) < LONGEST_CHAIN:
        cause = known.get(before) or await _of_the_house(before, envelope.brand, db)
        if cause is None:
            return Chain(causes=causes, is_whole=False)
        causes.append(cause)
        before = cause.causation_id
    return Chain(causes=causes, is_whole=True)


async def _of_the_house(id: UUID, brand: str, db: Reads) -> Envelope | None:
    row = await db.fetchrow(
        "select * from log where id = $1 and account_id is null and brand = $2", id, brand
    )
    return open_record(record_of(row, "billing"), {}) if row else None
