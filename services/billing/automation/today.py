"""Which date it is for a brand: the local date, or a later one that its automation has begun."""

from datetime import date

from services.billing.brands.brand import Brand
from shared.clock import local_date
from shared.store import Transaction

_STARTED = "select max(day) from business_day_run where brand = $1"


async def foresee_today(brand: str, tx: Transaction) -> None:
    """Find out which days have begun: `today_of` asks nothing more in this transaction."""
    tx.ahead.foresee(_STARTED, {(brand,): await tx.read.fetch(_STARTED, brand)})


async def today_for(brand: str, tx: Transaction) -> date:
    """The brand's business day as of this transaction. `NotFound` for an unknown brand."""
    return await today_of(await tx.look_at(Brand, Brand.id_of(brand)), tx)


async def today_of(brand: Brand, tx: Transaction) -> date:
    """The same for a brand at hand, which need not be saved yet."""
    local = local_date(tx.now, brand.settings.time_zone)
    started = await tx.read.fetchval(_STARTED, brand.brand)
    return max(local, started or local)
