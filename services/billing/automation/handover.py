"""What a business day hands over to whoever collects by stored cards: asked once, never repeated.

An aggregate each: its id follows from what is asked, so that it cannot be asked twice. Amounts in
minor units of `currency`.
"""

from datetime import date
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event

from services.billing.why.why import Why


class AutopayRequest(Aggregate):
    """An open invoice that is to be collected today, if the account has a card for it: asked."""

    TOPIC = "billing.autopay_request"

    class Event(Aggregate.Event):
        TOPIC = "billing.autopay_request.event"

    class Asked(Aggregate.Created):
        TOPIC = "billing.autopay_request.asked"
        account_id: UUID
        brand: str
        invoice_id: UUID
        retry_days: int
        asked_on: date
        open_minor: int
        currency: str
        why: Why
        method_id: UUID | None = None

    @staticmethod
    def id_of(invoice_id: UUID, retry_days: int, method_id: UUID | None = None) -> UUID:
        return uuid5(invoice_id, f"autopay:{method_id or retry_days}")

    @classmethod
    def ask(
        cls,
        *,
        account_id: UUID,
        brand: str,
        invoice_id: UUID,
        retry_days: int,
        asked_on: date,
        open_minor: int,
        currency: str,
        why: Why,
        method_id: UUID | None = None,
    ) -> Self:
        """The first try (`retry_days` 0), or the one so many days after it.

        Or the one that follows at once as the account has got `method_id` to pay with.
        """
        assert open_minor > 0, "there is something to collect"
        return cls(
            id=cls.id_of(invoice_id, retry_days, method_id),
            account_id=account_id,
            brand=brand,
            invoice_id=invoice_id,
            retry_days=retry_days,
            asked_on=asked_on,
            open_minor=open_minor,
            currency=currency,
            why=why,
            method_id=method_id,
        )

    @event(Asked)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        invoice_id: UUID,
        retry_days: int,
        asked_on: date,
        open_minor: int,
        currency: str,
        why: Why,
        method_id: UUID | None,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.invoice_id = invoice_id
        self.retry_days = retry_days


class CardNotices(Aggregate):
    """Whose card expires with the month to come is to be told: asked once a brand and month."""

    TOPIC = "billing.card_notices"

    class Event(Aggregate.Event):
        TOPIC = "billing.card_notices.event"

    class Asked(Aggregate.Created):
        TOPIC = "billing.card_notices.asked"
        brand: str
        expiring_from: date
        why: Why

    @staticmethod
    def id_of(brand: str, expiring_from: date) -> UUID:
        return uuid5(NAMESPACE_URL, f"faktura:card_notices:{brand}:{expiring_from}")

    @classmethod
    def ask(cls, *, brand: str, expiring_from: date, why: Why) -> Self:
        """For the month whose first day is `expiring_from`."""
        assert expiring_from.day == 1, "a card expires at the end of a month"
        id = cls.id_of(brand, expiring_from)
        return cls(id=id, brand=brand, expiring_from=expiring_from, why=why)

    @event(Asked)
    def __init__(self, *, id: UUID, brand: str, expiring_from: date, why: Why) -> None:
        self.account_id: UUID | None = None
        self.brand = brand
        self.expiring_from = expiring_from
