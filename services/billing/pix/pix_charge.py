"""A PIX code for one attempt to pay: requested -> open -> received | ended; money may come later.

`txid` names it at the PSP. A static code can be paid twice, so each PIX is kept by its end-to-end
id. Amounts are centavos.
"""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

Purpose = Literal["invoice", "top_up"]
State = Literal["requested", "open", "received", "ended"]


class PixCharge(Aggregate):
    """A code that an attempt can be paid by; always in reais. `purpose` is the attempt's."""

    TOPIC = "billing.pix_charge"

    class Event(Aggregate.Event):
        TOPIC = "billing.pix_charge.event"

    class Requested(Aggregate.Created):
        TOPIC = "billing.pix_charge.requested"
        account_id: UUID
        brand: str
        payment_id: UUID
        invoice_id: UUID
        receiver: str
        key: str
        txid: str
        is_static: bool
        amount_minor: int
        requested_at: datetime
        expires_at: datetime
        purpose: Purpose = "invoice"

    class Opened(Aggregate.Event):
        TOPIC = "billing.pix_charge.opened"
        copy_and_paste: str

    class Received(Aggregate.Event):
        TOPIC = "billing.pix_charge.received"
        end_to_end_id: str
        payment_id: UUID
        amount_minor: int

    class Ended(Aggregate.Event):
        TOPIC = "billing.pix_charge.ended"
        reason: str

    @staticmethod
    def id_of(payment_id: UUID) -> UUID:
        """An attempt has one code."""
        return uuid5(payment_id, "pix_charge")

    @classmethod
    def request(cls, *, payment_id: UUID, **says: Any) -> Self:
        """A code that the PSP has not heard of yet. `says`: what else the event says."""
        charge = cls(
            id=cls.id_of(payment_id), payment_id=payment_id, **{"purpose": "invoice", **says}
        )
        assert charge.amount_minor > 0, "a code asks for money"
        assert charge.expires_at > charge.requested_at, "a code is good for a while"
        return charge

    @event(Requested)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        payment_id: UUID,
        invoice_id: UUID,
        receiver: str,
        key: str,
        txid: str,
        is_static: bool,
        amount_minor: int,
        requested_at: datetime,
        expires_at: datetime,
        purpose: Purpose,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.payment_id = payment_id
        self.invoice_id = invoice_id
        self.receiver = receiver
        self.key = key
        self.txid = txid
        self.is_static = is_static
        self.amount_minor = amount_minor
        self.requested_at = requested_at
        self.expires_at = expires_at
        self.purpose = purpose
        self.status: State = "requested"
        self.copy_and_paste = ""
        self.received: tuple[str, ...] = ()

    def open(self, copy_and_paste: str) -> None:
        """The text of the code. Known already: nothing changes."""
        if not self.copy_and_paste:
            self._opened(copy_and_paste=copy_and_paste)

    @event(Opened)
    def _opened(self, copy_and_paste: str) -> None:
        self.copy_and_paste = copy_and_paste
        if self.status == "requested":
            self.status = "open"

    def receive(self, *, end_to_end_id: str, payment_id: UUID, amount_minor: int) -> None:
        """A PIX came by it, which that payment books. The same PIX again changes nothing."""
        if end_to_end_id not in self.received:
            self._received(
                end_to_end_id=end_to_end_id, payment_id=payment_id, amount_minor=amount_minor
            )

    @event(Received)
    def _received(self, end_to_end_id: str, payment_id: UUID, amount_minor: int) -> None:
        self.received = (*self.received, end_to_end_id)
        self.status = "received"

    def end(self, reason: str) -> None:
        """It is not to be paid any more. What is received or over changes nothing."""
        if self.status in {"requested", "open"}:
            self._ended(reason=reason)

    @event(Ended)
    def _ended(self, reason: str) -> None:
        self.status = "ended"
