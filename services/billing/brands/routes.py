"""Applying a brand file: one document with the brand's settings, its catalogue and promotions."""

from typing import Annotated

from fastapi import Path

from services.billing.brands.bodies import BrandBody, GroupUnknown
from services.billing.brands.brand import (
    DefaultLanguageNotOffered,
    DunningDaysContradict,
    DuplicateSetting,
    NumberingGoesOn,
    TimeZoneUnknown,
)
from services.billing.brands.commands import CurrencyNotOffered, ProductTwice, configure_brand
from services.billing.catalogue.commands import RevisionsCollide
from services.billing.catalogue.paths import AddonOfAddon, ProductUnknown, UpgradesInCircle
from services.billing.catalogue.product import (
    OptionInvalid,
    PriceInvalid,
    StockInvalid,
    TermInvalid,
)
from services.billing.promotions.promotion import PromotionInvalid
from services.billing.rules.rules import RuleInvalid, RuleUnknown
from services.billing.tax.tax import TaxRulesContradict
from shared.http import Call, Router, Who

router = Router(tags=["brands"])


@router.put(
    "/internal/brands/{slug}",
    status_code=204,
    who=Who.INTERNAL,
    errors=(
        TimeZoneUnknown,
        DefaultLanguageNotOffered,
        DuplicateSetting,
        DunningDaysContradict,
        RuleUnknown,
        RuleInvalid,
        NumberingGoesOn,
        TaxRulesContradict,
        GroupUnknown,
        PriceInvalid,
        OptionInvalid,
        StockInvalid,
        TermInvalid,
        CurrencyNotOffered,
        ProductTwice,
        ProductUnknown,
        AddonOfAddon,
        UpgradesInCircle,
        RevisionsCollide,
        PromotionInvalid,
    ),
)
async def put_brand(
    slug: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")], body: BrandBody, call: Call
) -> None:
    """Set the brand up as its file says; the same file again changes nothing."""
    await configure_brand(body.command(slug), call.tx)
