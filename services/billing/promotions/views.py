"""Which promotions has a brand, and which of them does it advertise?"""

import msgspec

from services.billing.event_groups import (
    BRANDS,
    CREDIT,
    DAYS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    PROVISIONING,
    SERVICES,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import PromotionEnded, PromotionPublished

TABLES = """
create table promotion (
    promotion_id uuid primary key,
    brand text not null,
    code text not null,
    origin text not null,
    starts_on date,
    ends_on date,
    ended_on date,
    has_banner boolean not null,
    terms jsonb not null
);
create index promotion_of_brand on promotion (brand, promotion_id);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case PromotionPublished() as promotion:
            rows.upsert(
                "promotion",
                promotion_id=promotion.promotion_id,
                brand=envelope.brand,
                code=promotion.code,
                origin=promotion.origin,
                starts_on=promotion.starts_on,
                ends_on=promotion.ends_on,
                ended_on=None,
                has_banner=bool(promotion.banner),
                terms=msgspec.json.encode(promotion).decode(),
            )
        case PromotionEnded(promotion_id=promotion_id, ended_on=ended_on):
            rows.update("promotion", promotion_id, ended_on=ended_on)


promotion = View(
    name="promotion",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=frozenset({PromotionPublished, PromotionEnded}),
    ignored=(PRODUCTS - {PromotionPublished, PromotionEnded})
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PAYMENTS
    | PROVISIONING
    | SERVICES,
)
