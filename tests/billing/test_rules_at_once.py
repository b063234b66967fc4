"""Rules of a brand and of its accounts that are set at the same moment never contradict."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from services.billing.brands.bodies import BrandBody
from services.billing.brands.commands import configure_brand
from services.billing.catalogue.product import ProductRetired
from services.billing.orders.commands import PlaceOrder, place_order
from services.billing.rules.commands import ChangeAccountRules, change_account_rules
from services.billing.rules.rules import RuleInvalid
from shared.ids import new_id
from shared.store import Cause, Transaction
from tests.billing.house import House, brand_file
from tests.billing.samples import cart_item
from tests.conftest import wait_until

CAUSE = Cause(actor="test")
SHORT = {"suspension_days": 3, "suspension_warning_days": 1}
EARLY = {"suspension_warning_days": 4}
"""A warning on the fourth day before a suspension on the third: each is sound by itself."""
NEW = {**brand_file()["products"][0], "slug": "tiny", "rules": SHORT}
FILES = {
    "brand": brand_file(rules=SHORT),
    "product": brand_file(products=[*brand_file()["products"], NEW]),
}
WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"

Work = Callable[[Transaction], Awaitable[Any]]


def configuring(file: dict[str, Any]) -> Work:
    command = BrandBody.model_validate(file).command("ponto")
    return lambda tx: configure_brand(command, tx)


def agreeing(account_id: Any, rules: dict[str, Any] = EARLY) -> Work:
    command = ChangeAccountRules(account_id=account_id, brand="ponto", rules=rules)
    return lambda tx: change_account_rules(command, tx)


async def cross(house: House, first: Work, later: Work) -> None:
    """The later begins before the first commits, and has as much done as it can until then."""
    async with house.store.transaction(CAUSE) as tx:
        await first(tx)
        running = asyncio.create_task(house.store.run(CAUSE, later))

        async def has_come_so_far() -> bool:
            return running.done() or await house.fetchval(WAITING) > 0

        await wait_until(has_come_so_far)
    await running


@pytest.mark.parametrize("whose", FILES)
async def test_a_brand_is_configured_by_what_was_agreed_a_moment_before(
    house: House, whose: str
) -> None:
    with pytest.raises(RuleInvalid) as refused:
        await cross(house, agreeing(house.rui), configuring(FILES[whose]))
    assert refused.value.facts["accounts"] == [str(house.rui)]
    assert await house.fetchval("select count(*) from account_rules") == 1


@pytest.mark.parametrize("whose", FILES)
async def test_rules_are_agreed_by_what_a_brand_was_configured_to_a_moment_before(
    house: House, whose: str
) -> None:
    """Also of a product that no view shows yet."""
    with pytest.raises(RuleInvalid) as refused:
        await cross(house, configuring(FILES[whose]), agreeing(house.rui))
    assert refused.value.facts.get("product") == ("tiny" if whose == "product" else None)
    assert await house.fetchval("select count(*) from account_rules") == 0


async def test_a_product_that_a_moment_ago_was_taken_off_hinders_nobody(house: House) -> None:
    await house.apply_brand(products=FILES["product"]["products"])
    await cross(house, configuring(brand_file()), agreeing(house.rui))
    assert await house.fetchval("select count(*) from account_rules") == 1


async def test_a_file_takes_off_what_one_of_a_moment_before_has_brought(house: House) -> None:
    await cross(house, configuring(FILES["product"]), configuring(brand_file()))
    await house.catch_up()
    assert await house.fetchval("select count(*) from product where terms ->> 'slug' = 'tiny'") == 0


HELD = {**NEW, "rules": {"suspension_days": 3}}
WITH_HELD = brand_file(products=[*brand_file()["products"], HELD])
WITHOUT = brand_file(rules=EARLY)
"""The file takes `tiny` off, and its rules do not go with those of the file."""


async def ordering(house: House) -> Work:
    """Of what only `WITH_HELD` offers."""
    await house.apply_brand(**WITH_HELD)
    item = cart_item(product_id=UUID(await house.product_id("tiny")), cycle="monthly")
    command = PlaceOrder(id=new_id(), account_id=house.ana, brand="ponto", items=[item])
    return lambda tx: place_order(command, tx)


async def one_by_one(house: House, first: Work, later: Work) -> None:
    """The later begins before any view shows the first."""
    await house.store.run(CAUSE, first)
    await house.store.run(CAUSE, later)


@pytest.mark.parametrize("both", [one_by_one, cross])
async def test_a_file_goes_with_what_was_ordered_a_moment_before(
    house: House, both: Callable[..., Awaitable[None]]
) -> None:
    order = await ordering(house)
    with pytest.raises(RuleInvalid) as refused:
        await both(house, order, configuring(WITHOUT))
    assert refused.value.facts["product"] == "tiny"
    await house.catch_up()
    assert await house.fetchval("select count(*) from service_list") == 1


async def test_what_a_file_takes_off_is_not_ordered_while_it_does(house: House) -> None:
    order = await ordering(house)
    with pytest.raises(ProductRetired):
        await cross(house, configuring(WITHOUT), order)


async def test_rules_of_two_accounts_are_agreed_without_waiting(house: House) -> None:
    async with house.store.transaction(CAUSE) as tx:
        await agreeing(house.rui)(tx)
        await house.store.run(CAUSE, agreeing(house.ana))
        assert await house.fetchval("select count(*) from account_rules") == 1
    assert await house.fetchval("select count(*) from account_rules") == 2
