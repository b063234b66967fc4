"""Money on its way back: requested -> ordered -> done | failed, or requested -> declined.

What waits for a second person is requested; what is ordered has left the account's money and goes
back by `way`: gateway, by_hand, or at_gateway where it was begun there; by credit it stays with us
as the account's. Its id is the idempotency key at the gateway. Amounts in minor units.
"""

from dataclasses import field
from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict

Way = Literal["gateway", "by_hand", "credit", "at_gateway"]


class RefundIsDecided(Conflict):
    """Somebody has approved or declined this refund already."""


class RefundNeedsAnother(Conflict):
    """Who asked for a refund does not approve it as well."""


class Refund(Aggregate):
    """A part of a payment, or all of it, that goes back to who paid."""

    TOPIC = "billing.refund"

    class Event(Aggregate.Event):
        TOPIC = "billing.refund.event"

    class Requested(Aggregate.Created):
        TOPIC = "billing.refund.requested"
        account_id: UUID
        brand: str
        payment_id: UUID
        invoice_id: UUID | None
        amount_minor: int
        currency: str
        way: str
        reason: str
        requested_on: date
        requested_by: str
        gateway: str
        payment_reference: str
        further_invoices: list[UUID] = field(default_factory=list)

    class Ordered(Aggregate.Event):
        TOPIC = "billing.refund.ordered"
        approved_by: str
        withdrawn_minor: int

    class Declined(Aggregate.Event):
        TOPIC = "billing.refund.declined"
        declined_by: str
        reason: str

    class Done(Aggregate.Event):
        TOPIC = "billing.refund.done"
        gateway_reference: str
        refunded_on: date

    class Failed(Aggregate.Event):
        TOPIC = "billing.refund.failed"
        reason: str

    @classmethod
    def request(cls, *, amount_minor: int, **says: Any) -> Self:
        """A refund that nothing has come of yet. `says`: what else the event says.

        `payment_reference`: the `gateway`'s own name for the payment. `invoice_id` and
        `further_invoices` are credited for it, in their order, as far as they keep the payment;
        the rest, or all where there is none, comes out of the account's credit.
        """
        assert amount_minor > 0, "a refund takes money back"
        return cls(**{"further_invoices": [], **says}, amount_minor=amount_minor)

    @event(Requested)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        payment_id: UUID,
        invoice_id: UUID | None,
        amount_minor: int,
        currency: str,
        way: str,
        reason: str,
        requested_on: date,
        requested_by: str,
        gateway: str,
        payment_reference: str,
        further_invoices: list[UUID],
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.payment_id = payment_id
        self.invoice_id = invoice_id
        self.amount_minor = amount_minor
        self.currency = currency
        self.way = way
        self.reason = reason
        self.requested_on = requested_on
        self.requested_by = requested_by
        self.gateway = gateway
        self.payment_reference = payment_reference
        self.further_invoices = tuple(further_invoices)
        self.status = "requested"
        self.withdrawn_minor = 0

    @property
    def invoice_ids(self) -> list[UUID]:
        """The invoices whose credit notes it comes with, in their order."""
        return [self.invoice_id, *self.further_invoices] if self.invoice_id else []

    def order(self, *, approved_by: str, withdrawn_minor: int) -> None:
        """It is to go back; `withdrawn_minor` of it came out of the account's credit.

        `approved_by` is empty where nobody needs to. Once, else `RefundIsDecided`; by who asked for
        it: `RefundNeedsAnother`.
        """
        self._check_undecided()
        if approved_by and approved_by == self.requested_by:
            raise RefundNeedsAnother()
        self._ordered(approved_by=approved_by, withdrawn_minor=withdrawn_minor)

    @event(Ordered)
    def _ordered(self, approved_by: str, withdrawn_minor: int) -> None:
        self.status = "ordered"
        self.withdrawn_minor = withdrawn_minor

    def decline(self, *, declined_by: str, reason: str) -> None:
        """It does not go back. Once, else `RefundIsDecided`."""
        self._check_undecided()
        self._declined(declined_by=declined_by, reason=reason)

    @event(Declined)
    def _declined(self, declined_by: str, reason: str) -> None:
        self.status = "declined"

    def finish(self, *, gateway_reference: str, refunded_on: date) -> None:
        """The money went back, even if that had been said to fail. Said again: nothing changes."""
        if self.status != "done":
            self._done(gateway_reference=gateway_reference, refunded_on=refunded_on)

    @event(Done)
    def _done(self, gateway_reference: str, refunded_on: date) -> None:
        self.status = "done"

    def fail(self, reason: str) -> None:
        """The gateway will not give it back. Not under way any more: nothing changes."""
        if self.status == "ordered":
            self._failed(reason=reason)

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self.status = "failed"

    def _check_undecided(self) -> None:
        if self.status != "requested":
            raise RefundIsDecided(status=self.status)
