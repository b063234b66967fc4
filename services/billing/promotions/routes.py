"""Promotions: what a brand advertises, and what its staff makes and ends."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Path, Query
from pydantic import ConfigDict

from services.billing.automation.today import today_for
from services.billing.promotions.bodies import PromotionBody
from services.billing.promotions.commands import (
    CreatePromotion,
    EndPromotion,
    PromotionCodeTaken,
    RevisePromotion,
    create_promotion,
    end_promotion,
    revise_promotion,
)
from services.billing.promotions.promotion import PromotionHasEnded, PromotionInvalid
from services.billing.state import cause_of
from shared.contracts.billing import PromotionPublished
from shared.contracts.permissions import BILLING_CATALOGUE, BILLING_READ
from shared.database import acquire
from shared.errors import NotFound, Stale
from shared.http import Answer, Call, Router, Who

router = Router(tags=["promotions"])

BrandSlug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")]


class BannerOut(Answer):
    """What the client area advertises; `ends_on` is the last day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "WELCOME25",
                    "banner": {"en": "25 % off for three months with WELCOME25"},
                    "ends_on": "2026-12-31",
                }
            ]
        }
    )

    code: str
    banner: dict[str, str]
    ends_on: date | None


@router.get("/v1/promotions/banners", who=Who.PUBLIC, errors=(NotFound,))
async def get_banners(
    call: Call, brand: Annotated[str, Query(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
) -> list[BannerOut]:
    """The promotions that the brand advertises today, those that end first before others."""
    async with call.store.transaction(cause_of(call)) as tx:
        rows = await tx.read.fetch(_BANNERS, brand, await today_for(brand, tx))
    shown = (msgspec.json.decode(row["terms"], type=PromotionPublished) for row in rows)
    return [BannerOut.model_validate(each) for each in shown]


_BANNERS = """
select terms from promotion
where brand = $1 and has_banner and ended_on is null
  and coalesce(starts_on <= $2, true) and coalesce(ends_on >= $2, true)
order by ends_on nulls last, code
"""


class PromotionOut(Answer):
    """A promotion with how often it was used; `ended_on`: since when it is over."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "WELCOME",
                    "kind": "percent",
                    "label": {"pt-BR": "10 % de desconto"},
                    "rate_percent": "10",
                    "amounts": {},
                    "covers_setup": False,
                    "periods": 1,
                    "starts_on": "2026-11-01",
                    "ends_on": "2026-12-01",
                    "products": [],
                    "cycles": [],
                    "new_clients_only": True,
                    "limit": 100,
                    "limit_per_client": 1,
                    "banner": {},
                    "promotion_id": "01939000-0000-7000-8000-000000000005",
                    "origin": "staff",
                    "ended_on": None,
                    "used": 17,
                }
            ]
        }
    )

    promotion_id: UUID
    code: str
    kind: str
    label: dict[str, str]
    rate_percent: str
    amounts: dict[str, int]
    covers_setup: bool
    periods: int | None
    starts_on: date | None
    ends_on: date | None
    products: list[str]
    cycles: list[str]
    new_clients_only: bool
    limit: int | None
    limit_per_client: int | None
    banner: dict[str, str]
    origin: str
    ended_on: date | None = None
    used: int = 0


_OF_BRAND = """
select p.terms, p.ended_on, coalesce(a.taken, 0) as used
from promotion p left join allotment a on a.name = 'promotion/' || p.promotion_id
where p.brand = $1 and p.promotion_id > coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid)
order by p.promotion_id limit $3
"""


@router.get("/v1/brands/{brand}/promotions", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,))
async def get_promotions(
    brand: BrandSlug,
    call: Call,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: UUID | None = None,
) -> list[PromotionOut]:
    """The promotions of the brand; `after` is the last one of the page before."""
    call.own(None, brand)
    async with acquire(call.db) as db:
        rows = await db.fetch(_OF_BRAND, brand, after, limit)
    return [_shown(row) for row in rows]


def _shown(row: Record) -> PromotionOut:
    terms = msgspec.json.decode(row["terms"], type=PromotionPublished)
    facts = {"ended_on": row["ended_on"], "used": row["used"]}
    return PromotionOut.model_validate(terms).model_copy(update=facts)


class PromotionId(Answer):
    """Which promotion it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"promotion_id": "01939000-0000-7000-8000-000000000005"}]}
    )

    promotion_id: UUID


@router.post(
    "/v1/brands/{brand}/promotions",
    status_code=201,
    who=Who.STAFF,
    scope=BILLING_CATALOGUE,
    errors=(NotFound, PromotionInvalid, PromotionCodeTaken),
)
async def post_promotion(brand: BrandSlug, body: PromotionBody, call: Call) -> PromotionId:
    """Make a promotion. Its code is taken for ever."""
    call.own(None, brand)
    command = CreatePromotion(brand=brand, terms=body.terms())
    promotion = await create_promotion(command, call.tx)
    call.etag(promotion.version)
    return PromotionId(promotion_id=promotion.id)


@router.put(
    "/v1/brands/{brand}/promotions/{promotion_id}",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_CATALOGUE,
    errors=(NotFound, Stale, PromotionInvalid),
)
async def put_promotion(
    brand: BrandSlug, promotion_id: UUID, body: PromotionBody, call: Call
) -> None:
    """Give a promotion other terms, for later uses. With If-Match only as it was read."""
    call.own(None, brand)
    command = RevisePromotion(
        promotion_id=promotion_id,
        brand=brand,
        terms=body.terms(),
        expected_version=call.expected_version,
    )
    call.etag((await revise_promotion(command, call.tx)).version)


@router.post(
    "/v1/brands/{brand}/promotions/{promotion_id}/end",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_CATALOGUE,
    errors=(NotFound, PromotionHasEnded),
)
async def post_promotion_end(brand: BrandSlug, promotion_id: UUID, call: Call) -> None:
    """End a promotion; what was ordered with it keeps it."""
    call.own(None, brand)
    command = EndPromotion(promotion_id=promotion_id, brand=brand)
    call.etag((await end_promotion(command, call.tx)).version)
