"""Our books beside those of a gateway. Amounts are integer minor units of `currency`."""

from datetime import date
from uuid import UUID

import msgspec

from shared.contracts.event import PublicEvent


class DayTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway's report, our payments and our ledger say came on a day."""

    currency: str
    gateway_minor: int
    ours_minor: int
    ledger_minor: int


class ReconciliationAsked(PublicEvent, frozen=True, kw_only=True):
    """A day of the brand is over: what its gateway says of it is to be compared."""

    reconciliation_id: UUID
    gateway: str
    day: date


class DayReconciled(PublicEvent, frozen=True, kw_only=True):
    """A day was compared. `outcome`: equal, differs, or unreported by the gateway."""

    reconciliation_id: UUID
    gateway: str
    day: date
    outcome: str
    totals: list[DayTotal]
    differences: int
