"""The wish to save a way to pay: wanted -> opened -> saved | failed | expired | refused.

Its id is our reference at the gateway, where the payer types in what we never see.
"""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

Outcome = Literal["saved", "failed", "expired", "refused"]


class MethodSetup(Aggregate):
    """One page on which a way to pay is saved and nothing is paid."""

    TOPIC = "billing.method_setup"

    class Event(Aggregate.Event):
        TOPIC = "billing.method_setup.event"

    class Wanted(Aggregate.Created):
        TOPIC = "billing.method_setup.wanted"
        account_id: UUID
        brand: str
        method: str
        gateway: str
        currency: str
        return_path: str
        is_preferred: bool
        wanted_on: date

    class Opened(Aggregate.Event):
        TOPIC = "billing.method_setup.opened"
        gateway_reference: str

    class Ended(Aggregate.Event):
        TOPIC = "billing.method_setup.ended"
        outcome: Outcome
        reason: str

    @classmethod
    def want(
        cls,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        method: str,
        gateway: str,
        currency: str,
        return_path: str,
        is_preferred: bool,
        wanted_on: date,
    ) -> Self:
        """A wish that the gateway has not heard of. `is_preferred`: it shall be the default."""
        return cls(
            id=id,
            account_id=account_id,
            brand=brand,
            method=method,
            gateway=gateway,
            currency=currency,
            return_path=return_path,
            is_preferred=is_preferred,
            wanted_on=wanted_on,
        )

    @event(Wanted)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        method: str,
        gateway: str,
        currency: str,
        return_path: str,
        is_preferred: bool,
        wanted_on: date,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.method = method
        self.gateway = gateway
        self.currency = currency
        self.return_path = return_path
        self.is_preferred = is_preferred
        self.gateway_reference = ""
        self.outcome: Outcome | None = None

    def mark_opened(self, gateway_reference: str) -> None:
        """The gateway has the page. Known already, or over: nothing changes."""
        if self.outcome is None and gateway_reference != self.gateway_reference:
            self._opened(gateway_reference=gateway_reference)

    @event(Opened)
    def _opened(self, gateway_reference: str) -> None:
        self.gateway_reference = gateway_reference

    def end(self, outcome: Outcome, *, reason: str = "") -> None:
        """What came of it; `reason` is a stable code. Once: a second word changes nothing."""
        if self.outcome is None:
            self._ended(outcome=outcome, reason=reason)

    @event(Ended)
    def _ended(self, outcome: Outcome, reason: str) -> None:
        self.outcome = outcome
