"""Rules that contradict each other only where they meet: those of brand, product and account.

Each goes with the others when it is set; who changes one is told what it would not go with.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from services.billing.automation.business_day import PRODUCTS_IN_USE
from services.billing.brands.brand import BrandSettings
from services.billing.catalogue.product import Product
from services.billing.rules.rules import Changes, RuleInvalid, Rules, RuleUnknown
from shared.store import Transaction

MOST_NAMED = 20
AGREED = """
select rules::text as rules, array_agg(account_id order by account_id) as accounts
from account_rules where brand = $1 group by account_rules.rules order by 2
"""
ON_SALE = "select product_id from product where brand = $1"

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


async def products_in_use(brand: str, *, tx: Transaction) -> dict[UUID, Product]:
    """What services are of, be it on sale or not, by id."""
    rows = await tx.read.fetch(PRODUCTS_IN_USE, brand)
    return await tx.load_many(Product, [row["product_id"] for row in rows])


async def products_on_sale(brand: str, *, tx: Transaction) -> dict[UUID, Product]:
    """What can be ordered, by id."""
    rows = await tx.read.fetch(ON_SALE, brand)
    return await tx.load_many(Product, [row["product_id"] for row in rows])


def _changed(rules: Rules, changes: Changes, **names: Any) -> Rules:
    try:
        return rules.changed(changes)
    except (RuleUnknown, RuleInvalid) as error:
        raise type(error)(**error.facts, **names) from None
