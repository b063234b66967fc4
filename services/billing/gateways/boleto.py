"""Boletos as a gateway: the slip is our own, the bank's return files tell what became of it.

So nobody is asked outside: what is known of a boleto stands in its history.
"""

from datetime import date
from functools import partial
from typing import Literal
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.commands import EndBoleto, IssueBoleto, end_boleto, issue_boleto
from services.billing.gateways.port import Capabilities, Gateway, Opened, PageRequest, Reported
from services.billing.payments.payment import Payment
from shared.errors import NotFound
from shared.store import Cause, EventStore, Transaction

NAME = "boleto"
REAL = "BRL"
CAUSE = Cause(actor="gateway:boleto")

Status = Literal["open", "pending", "succeeded", "expired"]


class BoletoGateway(Gateway):
    """See `Gateway`. The id of an attempt is the boleto's."""

    name = NAME
    capabilities = Capabilities(instructions=True, expires=True, can_be_asked=False, pending_days=3)

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def open(self, request: PageRequest) -> Opened:
        """See `Gateway.open`."""
        issue = IssueBoleto(payment_id=UUID(request.reference))
        boleto = await self._store.run(CAUSE, partial(issue_boleto, issue))
        return Opened(id=str(boleto.id), instructions=instructions_of(boleto))

    async def look(self, id: str) -> Reported | None:
        """See `Gateway.look`."""
        try:
            return await self._store.run(CAUSE, partial(_report, boleto_id=UUID(id)))
        except (NotFound, ValueError):
            return None

    async def find(self, reference: str) -> Reported | None:
        """See `Gateway.find`."""
        async with self._store.transaction(CAUSE) as tx:
            payment = await tx.find(Payment, UUID(reference))
        return await self.look(payment.gateway_reference) if payment else None

    async def expire(self, id: str) -> Reported:
        """See `Gateway.expire`. Money that comes for it yet is booked all the same."""
        end = EndBoleto(boleto_id=UUID(id), reason="withdrawn")
        await self._store.run(CAUSE, partial(end_boleto, end))
        reported = await self.look(id)
        assert reported is not None, "who closes an attempt has opened it"
        return reported


def instructions_of(boleto: Boleto) -> dict[str, str]:
    """What a payer needs to know, by stable names; `line` is the linha digitável."""
    return {
        "boleto_id": str(boleto.id),
        "line": boleto.barcode.line,
        "barcode": boleto.barcode_digits,
        "due_on": boleto.due_on.isoformat(),
    }


async def _report(tx: Transaction, *, boleto_id: UUID) -> Reported:
    boleto = await tx.load(Boleto, boleto_id)
    payment = await tx.load(Payment, boleto.payment_id)
    return Reported(
        id=str(boleto.id),
        reference=str(boleto.payment_id),
        amount_minor=boleto.amount_minor,
        currency=REAL,
        status=_status(boleto, payment, today=await today_for(boleto.brand, tx)),
        paid_on=payment.received_on,
    )


def _status(boleto: Boleto, payment: Payment, *, today: date) -> Status:
    """What the bank's files have said of it; they book by themselves."""
    if payment.is_paid:
        return "succeeded"
    if payment.status == "pending":
        return "pending"
    is_over = boleto.status != "open" or payment.has_ended or today > boleto.payable_until
    return "expired" if is_over else "open"
