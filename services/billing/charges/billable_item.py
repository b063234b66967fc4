"""Something to be billed: added -> invoiced | withdrawn. Amounts in minor units of `currency`.

`due`: next_invoice (of the account and currency), or on_date: with the first invoice on or after
`bill_on`, which is issued for it that day if there is no other.
"""

from datetime import date
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from services.billing.why.why import Why
from shared.errors import Conflict, Invalid


class ItemIsClosed(Conflict):
    """The item is on an invoice or was withdrawn."""


class BillingDayInvalid(Invalid):
    """A day is given that does not go with when the item is due, or none where one is needed."""


class BillableItem(Aggregate):
    """Work or goods that an account will be charged for."""

    TOPIC = "billing.billable_item"

    class Event(Aggregate.Event):
        TOPIC = "billing.billable_item.event"

    class Added(Aggregate.Created):
        TOPIC = "billing.billable_item.added"
        account_id: UUID
        brand: str
        description: str
        net_minor: int
        currency: str
        tax_category: str
        due: str
        bill_on: date | None
        why: Why | None

    class Invoiced(Aggregate.Event):
        TOPIC = "billing.billable_item.invoiced"
        invoice_id: UUID

    class Withdrawn(Aggregate.Event):
        TOPIC = "billing.billable_item.withdrawn"
        reason: str

    @classmethod
    def add(cls, **says: Any) -> Self:
        """An item of more than nothing; `says`: what the event says."""
        item = cls(**says)
        assert item.net_minor > 0, "an item is charged for"
        assert (item.due == "on_date") == (item.bill_on is not None), "a date has a day"
        return item

    @event(Added)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        description: str,
        net_minor: int,
        currency: str,
        tax_category: str,
        due: str,
        bill_on: date | None,
        why: Why | None,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.description = description
        self.net_minor = net_minor
        self.currency = currency
        self.tax_category = tax_category
        self.due = due
        self.bill_on = bill_on
        self.why = why
        self.status = "open"

    def is_due(self, today: date) -> bool:
        """Whether an invoice of today takes it along."""
        return self.status == "open" and (self.bill_on is None or self.bill_on <= today)

    def invoice(self, invoice_id: UUID) -> None:
        """It is on an invoice. Once, else `ItemIsClosed`."""
        self._check_open()
        self._invoiced(invoice_id=invoice_id)

    @event(Invoiced)
    def _invoiced(self, invoice_id: UUID) -> None:
        self.status = "invoiced"

    def withdraw(self, reason: str) -> None:
        """It will not be billed. Once, else `ItemIsClosed`."""
        self._check_open()
        self._withdrawn(reason=reason)

    @event(Withdrawn)
    def _withdrawn(self, reason: str) -> None:
        self.status = "withdrawn"

    def _check_open(self) -> None:
        if self.status != "open":
            raise ItemIsClosed(status=self.status)
