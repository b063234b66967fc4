"""What comparisons with gateways tell the world."""

import msgspec

from services.billing.reconciliation.reconciliation import Reconciliation
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_reconciliation(event: DomainEvent, of: Reconciliation) -> PublicEvent | None:
    """The public event of a comparison."""
    match event:
        case Reconciliation.Asked():
            return billing.ReconciliationAsked(
                reconciliation_id=of.id, gateway=of.gateway, day=of.day
            )
        case Reconciliation.Compared() as compared:
            totals = msgspec.convert(compared.totals, list[billing.DayTotal], from_attributes=True)
            return billing.DayReconciled(
                reconciliation_id=of.id,
                gateway=of.gateway,
                day=of.day,
                outcome=compared.outcome,
                totals=totals,
                differences=compared.differences,
            )
        case _:
            return None
