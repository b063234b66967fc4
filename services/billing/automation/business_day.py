"""The day of a brand that is worked on, and the rules that hold on it. Spans are in days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from uuid import UUID

from services.billing.automation.candidates import FURTHEST
from services.billing.brands.brand import Brand
from services.billing.catalogue.product import Product
from services.billing.rules.policy import Policy, policy_of
from services.billing.rules.rules import Changes, Rules
from shared.store import Transaction

PRODUCTS_IN_USE = """
with recursive used as (
    (select product_id from service_due where brand = $1 order by product_id limit 1)
    union all
    select (select s.product_id from service_due s
            where s.brand = $1 and s.product_id > used.product_id order by s.product_id limit 1)
    from used where used.product_id is not null)
select product_id from used where product_id is not null
"""
"""Hops from product to product along an index, however many services there are."""


@dataclass(frozen=True, kw_only=True)
class BusinessDay:
    """`policy` is the brand's own, `products` those of each product that a service is of, where
    `product_rules` are the changes that make the difference.

    `accounts_furthest`: the most days that an account's own rule says, of the rules that list days.
    """

    brand: str
    day: date
    policy: Policy
    products: Mapping[UUID, Policy]
    product_rules: Mapping[UUID, Changes] = field(default_factory=dict)
    accounts_furthest: Mapping[str, int] = field(default_factory=dict)

    def furthest(self, rule: str) -> int:
        """The most days of a rule that lists days, of the brand or of any account of it."""
        return max([*getattr(self.rules, rule), self.accounts_furthest.get(rule, 0)], default=0)

    @property
    def rules(self) -> Rules:
        """The brand's own."""
        return self.policy.rules

    @cached_property
    def product_ids(self) -> list[UUID]:
        """The products in use, in a fixed order."""
        return sorted(self.products)

    def by_product(self, rule: Callable[[Rules], int | None]) -> list[int | None]:
        """What the rule says for each of `product_ids`."""
        return [rule(self.products[product_id].rules) for product_id in self.product_ids]

    def after(self, days: int) -> date:
        """So many days later, or before for a number below zero."""
        return self.day + timedelta(days=days)


async def business_day(brand: str, day: date, *, tx: Transaction) -> BusinessDay:
    """The day with the rules as of now. `NotFound` for an unknown brand."""
    settings = await tx.look_at(Brand, Brand.id_of(brand))
    rows = await tx.read.fetch(PRODUCTS_IN_USE, brand)
    furthest = await tx.read.fetch(FURTHEST, brand)
    products = await tx.load_many(Product, [row["product_id"] for row in rows])
    return BusinessDay(
        brand=brand,
        day=day,
        policy=policy_of(settings),
        products={id: policy_of(settings, product=each) for id, each in products.items()},
        product_rules={id: each.terms.rules for id, each in products.items()},
        accounts_furthest={row["rule"]: row["days"] for row in furthest},
    )
