"""What promotions tell the world."""

from services.billing.promotions.promotion import Promotion, PromotionTerms
from services.billing.promotions.promotion_use import PromotionUse
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_promotion(event: DomainEvent, promotion: Promotion) -> PublicEvent | None:
    """The public event of a promotion."""
    match event:
        case Promotion.Published(terms=terms) | Promotion.Revised(terms=terms):
            return _published(promotion, terms)
        case Promotion.Ended(ended_on=ended_on):
            return billing.PromotionEnded(promotion_id=promotion.id, ended_on=ended_on)
        case _:
            return None


def _published(promotion: Promotion, terms: PromotionTerms) -> PublicEvent:
    fields = {**vars(terms), "rate_percent": format(terms.rate_percent, "f")}
    return billing.PromotionPublished(promotion_id=promotion.id, origin=promotion.origin, **fields)


def of_promotion_use(event: DomainEvent, use: PromotionUse) -> PublicEvent | None:
    """The public event of one order's use."""
    match event:
        case PromotionUse.Used():
            return billing.PromotionUsed(
                promotion_id=use.promotion_id, order_id=use.order_id, code=use.code
            )
        case PromotionUse.Released():
            return billing.PromotionReleased(
                promotion_id=use.promotion_id, order_id=use.order_id, code=use.code
            )
        case _:
            return None
