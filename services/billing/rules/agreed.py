"""Rules that contradict each other only where they meet: those of brand, product and account.

Each goes with the others when it is set; who changes one is told what it would not go with. So that
each is checked against what holds when it commits, a brand is configured while nobody agrees rules
with an account of it or orders there. What is agreed with different accounts, or ordered, meets
nowhere and waits for nothing.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from services.billing.automation.business_day import PRODUCTS_IN_USE
from services.billing.brands.brand import BrandSettings
from services.billing.catalogue.product import Product
from services.billing.rules.rules import Changes, RuleInvalid, Rules, RuleUnknown
from shared.envelope import partition_of
from shared.store import Transaction

MOST_NAMED = 20
AGREED = """
select rules::text as rules, array_agg(account_id order by account_id) as accounts
from account_rules where brand = $1 group by account_rules.rules order by 2
"""
ON_SALE = """
select product_id from product where brand = $1
union select (data ->> 'product_id')::uuid from log
where partition = $2 and brand = $1 and type = 'ProductPublished' and position > coalesce((
    select position from checkpoint
    where consumer = 'product' and source = 'billing' and partition = $2), 0)
order by product_id
"""
"""By the view, and what is so new that the view does not show it yet."""
TAKEN = """
select substr(name, 7)::uuid as product_id from allotment
where name like 'stock/%' and taken > 0 order by product_id
"""
"""What is ordered is counted with its order, of all brands; the view shows it later."""
HOLD_ALL = "select pg_advisory_xact_lock(hashtextextended($1, 0))"
HOLD_ONE = "select pg_advisory_xact_lock_shared(hashtextextended($1, 0))"

Whose = tuple[str, Rules]
"""The slug of a product, or nothing for the brand itself, and the rules that hold there."""


def rules_of_all(settings: BrandSettings, products: Iterable[Product]) -> list[Whose]:
    """The rules of the brand and those of each product, as of now and as planned.

    `RuleUnknown` and `RuleInvalid` name the product.
    """
    own = Rules().changed(vars(settings.dunning)).changed(settings.rules)
    known = [(product.terms, *(each.terms for each in product.planned)) for product in products]
    changes = [(each.slug, each.rules) for terms in known for each in terms if each.rules]
    return [("", own), *((slug, _changed(own, rules, product=slug)) for slug, rules in changes)]


def check_agreement(agreed: Changes, others: Iterable[Whose], **names: Any) -> None:
    """Raise `RuleUnknown` or `RuleInvalid` where an account's own rules do not go with others.

    It names the product that it is about, and `names`.
    """
    for slug, rules in others:
        _changed(rules, agreed, **({"product": slug} if slug else {}), **names)


async def check_agreements(brand: str, others: list[Whose], tx: Transaction) -> None:
    """The same of all that is agreed with accounts of the brand; it names the first `accounts`."""
    for row in await tx.read.fetch(AGREED, brand):
        accounts = [str(id) for id in row["accounts"]]
        about = {"accounts": accounts[:MOST_NAMED], "account_count": len(accounts)}
        check_agreement(msgspec.json.decode(row["rules"]), others, **about)


async def hold_agreements(brand: str, tx: Transaction) -> None:
    """Let nobody agree rules with an account of the brand, order, or configure it meanwhile.

    Until this commits. Waits for who does; what is loaded from here on is as they have left it.
    """
    await _hold(HOLD_ALL, brand, tx)


async def hold_brand(brand: str, tx: Transaction) -> None:
    """Let nobody configure the brand before this commits; others may agree rules and order.

    Waits for who does; what is loaded from here on is as they have left it.
    """
    await _hold(HOLD_ONE, brand, tx)


async def _hold(lock: str, brand: str, tx: Transaction) -> None:
    db = await tx.begin()
    await db.execute(lock, f"rules of {brand}")


async def products_in_use(brand: str, *, tx: Transaction) -> dict[UUID, Product]:
    """What services are or are to be of, be it on sale or not, by id; also what is just ordered."""
    rows = [*await tx.read.fetch(PRODUCTS_IN_USE, brand), *await tx.read.fetch(TAKEN)]
    found = await tx.load_many(Product, sorted({row["product_id"] for row in rows}))
    return {id: product for id, product in found.items() if product.brand == brand}


async def products_on_sale(brand: str, *, tx: Transaction) -> dict[UUID, Product]:
    """What can be ordered, by id, also what was published or retired only a moment ago."""
    rows = await tx.read.fetch(ON_SALE, brand, partition_of(None, brand))
    found = await tx.load_many(Product, [row["product_id"] for row in rows])
    return {id: product for id, product in found.items() if not product.is_retired}


def _changed(rules: Rules, changes: Changes, **names: Any) -> Rules:
    try:
        return rules.changed(changes)
    except (RuleUnknown, RuleInvalid) as error:
        raise type(error)(**error.facts, **names) from None
