"""One order's use of a promotion: used -> released, if the order was given up unpaid."""

from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event


class PromotionUse(Aggregate):
    """An account ordered with a promotion; an order has one at most."""

    TOPIC = "billing.promotion_use"

    class Event(Aggregate.Event):
        TOPIC = "billing.promotion_use.event"

    class Used(Aggregate.Created):
        TOPIC = "billing.promotion_use.used"
        account_id: UUID
        brand: str
        promotion_id: UUID
        code: str
        order_id: UUID

    class Released(Aggregate.Event):
        TOPIC = "billing.promotion_use.released"

    @staticmethod
    def id_of(order_id: UUID) -> UUID:
        return uuid5(NAMESPACE_URL, f"faktura:promotion_use:{order_id}")

    @classmethod
    def use(
        cls, *, account_id: UUID, brand: str, promotion_id: UUID, code: str, order_id: UUID
    ) -> Self:
        """The promotion is used by this order."""
        return cls(
            id=cls.id_of(order_id),
            account_id=account_id,
            brand=brand,
            promotion_id=promotion_id,
            code=code,
            order_id=order_id,
        )

    @event(Used)
    def __init__(
        self,
        *,
        id: UUID,
        account_id: UUID,
        brand: str,
        promotion_id: UUID,
        code: str,
        order_id: UUID,
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.promotion_id = promotion_id
        self.code = code
        self.order_id = order_id
        self.is_released = False

    def release(self) -> bool:
        """The use counts no more; whether it did until now. A second time changes nothing."""
        counted = not self.is_released
        if counted:
            self._released()
        return counted

    @event(Released)
    def _released(self) -> None:
        self.is_released = True
