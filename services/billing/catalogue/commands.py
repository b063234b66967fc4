"""Publishing what is sold, now or from a later date, and agreeing on an account's own prices."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.billing.catalogue.allotments import Take, give_back, stock_name
from services.billing.catalogue.product import CycleNotOffered, Product, ProductTerms
from services.billing.catalogue.terms import FREE, PriceInvalid, Revision
from services.billing.rules.account_terms import AccountTerms, AgreedPrice
from services.billing.rules.policy import terms_of
from shared.errors import Conflict, NotFound
from shared.store import Transaction


class RevisionsCollide(Conflict):
    """Two revisions of a product take effect on the same date."""


@dataclass(frozen=True, kw_only=True)
class PublishProduct:
    """`terms` hold until the first of `revisions`, each of those until the next."""

    brand: str
    terms: ProductTerms
    revisions: Sequence[Revision] = field(default_factory=list)
    today: date


async def publish_product(command: PublishProduct, tx: Transaction) -> Product:
    """The product as it is said to be today and on later dates. The same again records nothing."""
    later = {each.effective_on: each.terms for each in command.revisions}
    if len(later) != len(command.revisions):
        raise RevisionsCollide(product=command.terms.slug)
    begun = [each for each in later if each <= command.today]
    terms = later[max(begun)] if begun else command.terms
    product = await _revised(command, terms, tx)
    for each in [each.effective_on for each in product.planned]:
        if each and each not in later:
            product.withdraw_revision(each)
    for effective_on in sorted(later.keys() - set(begun)):
        product.plan_revision(later[effective_on], effective_on=effective_on, today=command.today)
    await _note_planned(product, tx)
    return product


async def _revised(command: PublishProduct, terms: ProductTerms, tx: Transaction) -> Product:
    try:
        product = await tx.load(Product, Product.id_of(command.brand, terms.slug))
    except NotFound:
        return Product.publish(brand=command.brand, terms=terms)
    product.revise(terms, today=command.today)
    return product


async def _note_planned(product: Product, tx: Transaction) -> None:
    """Keep for `begin_catalogue_day` which dates the product waits for."""
    if not product.pending_events:
        return
    db = await tx.begin()
    await db.execute("delete from planned_revision where product_id = $1", product.id)
    await db.executemany(
        "insert into planned_revision (product_id, effective_on, brand) values ($1, $2, $3)",
        [(product.id, each.effective_on, product.brand) for each in product.planned],
    )


@dataclass(frozen=True, kw_only=True)
class BeginCatalogueDay:
    """A brand's date has come."""

    brand: str
    today: date


async def begin_catalogue_day(command: BeginCatalogueDay, tx: Transaction) -> None:
    """Let the catalogue show what was planned until today. A second time changes nothing."""
    rows = await tx.read.fetch(_DUE, command.brand, command.today)
    for row in rows:
        product = await tx.load(Product, row["product_id"])
        product.begin_day(command.today)
        await tx.save(product)
    if rows:
        db = await tx.begin()
        await db.execute(_DONE, command.brand, command.today)


_DUE = """
select distinct product_id from planned_revision where brand = $1 and effective_on <= $2 order by 1
"""
_DONE = "delete from planned_revision where brand = $1 and effective_on <= $2"


def stock_take(product: Product, *, today: date, count: int = 1) -> Take:
    """What an order of so many takes of the product's stock: for `take`, with all else of it.

    It is counted without a limit as well, so that one which is set later counts what is held.
    """
    return Take(name=stock_name(product.id), count=count, cap=product.terms_on(today).stock)


@dataclass(frozen=True, kw_only=True)
class HoldStock:
    """A service is to hold so many of a product: it is ordered, or to change to it."""

    service_id: UUID
    product_id: UUID
    count: int = 1


async def hold_stock(command: HoldStock, tx: Transaction) -> None:
    """Note what the service holds; what `stock_take` says must be taken in the same transaction.

    A second time adds to it.
    """
    db = await tx.begin()
    await db.execute(_HOLD, command.service_id, command.product_id, command.count)


@dataclass(frozen=True, kw_only=True)
class FreeStock:
    """A service is over, was never to be, or is now of the product `kept` alone, so many of it."""

    service_id: UUID
    kept: UUID | None = None
    kept_count: int = 0


async def free_stock(command: FreeStock, tx: Transaction) -> None:
    """What the service holds no more can be sold again. A second time changes nothing."""
    db = await tx.begin()
    for held in await db.fetch(_HELD, command.service_id):
        is_kept = held["product_id"] == command.kept
        left = min(held["count"], command.kept_count) if is_kept else 0
        if freed := held["count"] - left:
            await db.execute(_KEEP, command.service_id, held["product_id"], left)
            await give_back(tx, stock_name(held["product_id"]), count=freed)


async def pass_stock_on(service_id: UUID, successor_id: UUID, *, tx: Transaction) -> None:
    """What a service held is its successor's. A second time changes nothing."""
    db = await tx.begin()
    await db.execute(
        "update held_stock set service_id = $2 where service_id = $1", service_id, successor_id
    )


_HOLD = """
insert into held_stock as h (service_id, product_id, count) values ($1, $2, $3)
on conflict (service_id, product_id) do update set count = h.count + excluded.count
"""
_HELD = """
select product_id, count from held_stock where service_id = $1 and count > 0
order by product_id for update
"""
_KEEP = "update held_stock set count = $3 where service_id = $1 and product_id = $2"


@dataclass(frozen=True, kw_only=True)
class AgreePrices:
    """An account's own prices of a product; none: those of the catalogue hold again."""

    account_id: UUID
    brand: str
    product_id: UUID
    prices: list[AgreedPrice]


async def agree_prices(command: AgreePrices, tx: Transaction) -> AccountTerms:
    """The account's terms with these prices, for later orders. The same again records nothing.

    `CycleNotOffered` for a price of what is not on sale, `PriceInvalid` for two prices of the same
    and for one of what is free; `NotFound` for another brand's product.
    """
    product = await tx.load(Product, command.product_id)
    if product.brand != command.brand:
        raise NotFound()
    _check_agreed(command.prices)
    for price in command.prices:
        if product.terms.price(cycle=price.cycle, currency=price.currency) is None:
            raise CycleNotOffered(field="prices", cycle=price.cycle, currency=price.currency)
    terms = await terms_of(tx, command.account_id)
    terms = terms or AccountTerms.open(account_id=command.account_id, brand=command.brand)
    terms.agree_prices(product_id=product.id, prices=command.prices)
    await tx.save(terms)
    return terms


def _check_agreed(prices: Sequence[AgreedPrice]) -> None:
    if len({(each.cycle, each.currency) for each in prices}) < len(prices):
        raise PriceInvalid(field="prices", reason="a cycle has two prices in one currency")
    if any(each.cycle == FREE and each.recurring_minor for each in prices):
        raise PriceInvalid(field="prices", reason="what is free costs nothing")
