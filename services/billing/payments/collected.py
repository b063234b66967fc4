"""How much money came in, for Prometheus: a counter by currency, in minor units."""

from collections.abc import Sequence

from services.billing.ledger.views import ledger_posting
from shared.consumers import Envelope
from shared.contracts.billing import PaymentReceived
from shared.telemetry import counter

_COLLECTED = counter("faktura_money_collected_minor")


def count_collected(consumer: str, envelopes: Sequence[Envelope]) -> None:
    """Count what the ledger has just booked: each payment once, when that is committed."""
    if consumer != ledger_posting.name:
        return
    for envelope in envelopes:
        if isinstance(envelope.event, PaymentReceived):
            _COLLECTED.add(envelope.event.amount_minor, {"currency": envelope.event.currency})
