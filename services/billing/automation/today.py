"""Which date it is for a brand: the local date, or a later one that its automation has begun."""

from datetime import date

from services.billing.brands.brand import Brand
from shared.clock import local_date
from shared.store import Transaction


async def today_for(brand: str, tx: Transaction) -> date:
    """The brand's business day as of this transaction. `NotFound` for an unknown brand."""
    settings = (await tx.load(Brand, Brand.id_of(brand))).settings
    local = local_date(tx.now, settings.time_zone)
    started = await tx.read.fetchval(
        "select max(day) from business_day_run where brand = $1", brand
    )
    return max(local, started or local)
