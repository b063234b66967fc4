"""What can be ordered."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Query

from shared.contracts.billing import ProductPublished
from shared.database import acquire
from shared.http import Answer, Call, Router, Who

router = Router(tags=["catalogue"])


class PriceOut(Answer):
    """What one cycle costs, in minor units; `setup_minor` once, with the first."""

    cycle: str
    currency: str
    recurring_minor: int
    setup_minor: int


class ProductOut(Answer):
    """A product; texts by language tag."""

    product_id: UUID
    slug: str
    name: dict[str, str]
    description: dict[str, str]
    features: dict[str, list[str]]
    prices: list[PriceOut]


@router.get("/v1/products", who=Who.PUBLIC)
async def get_products(
    call: Call, brand: Annotated[str, Query(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
) -> list[ProductOut]:
    """The catalogue of a brand, in its order."""
    async with acquire(call.db) as db:
        rows = await db.fetch(
            "select terms from product where brand = $1 order by sort, product_id", brand
        )
    products = (msgspec.json.decode(row["terms"], type=ProductPublished) for row in rows)
    return [ProductOut.model_validate(product) for product in products]
