"""Agreeing rules with one account."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from services.billing.brands.brand import Brand
from services.billing.brands.currencies import check_currency
from services.billing.contacts.contact import brand_of_account
from services.billing.rules.account_terms import AccountTerms
from services.billing.rules.agreed import (
    check_agreement,
    hold_brand,
    products_in_use,
    products_on_sale,
    rules_of_all,
)
from services.billing.rules.policy import terms_of
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class ChangeAccountRules:
    """All of the account's own changes of the rules; none: those of brand and product hold."""

    account_id: UUID
    brand: str
    rules: dict[str, Any]
    expected_version: int | None = None


async def change_account_rules(command: ChangeAccountRules, tx: Transaction) -> AccountTerms:
    """The account's rules from now on. The same again: nothing.

    They go with those of the brand and of each of its products, whichever it comes to hold.
    `RuleUnknown`, `RuleInvalid`, `CurrencyNotSold`; `NotFound` for no client of the brand.
    """
    if await brand_of_account(command.account_id, tx.read) != command.brand:
        raise NotFound()
    await hold_brand(command.brand, tx)
    brand = await tx.load(Brand, Brand.id_of(command.brand))
    in_use = await products_in_use(command.brand, tx=tx)
    products = {**in_use, **await products_on_sale(command.brand, tx=tx)}
    check_agreement(command.rules, rules_of_all(brand.settings, products.values()))
    if (currency := command.rules.get("currency")) is not None:
        check_currency(brand, currency)
    terms = await terms_to_change(command, tx)
    terms.change_rules(command.rules)
    await tx.save(terms)
    await _note_rules(command, tx)
    return terms


async def terms_to_change(command: ChangeAccountRules, tx: Transaction) -> AccountTerms:
    """The account's terms, opened if there are none; `Stale` if they have moved on."""
    if command.expected_version is not None or await terms_of(tx, command.account_id):
        id = AccountTerms.id_of(command.account_id)
        return await tx.load(AccountTerms, id, expected_version=command.expected_version)
    return AccountTerms.open(account_id=command.account_id, brand=command.brand)


async def _note_rules(command: ChangeAccountRules, tx: Transaction) -> None:
    """Where the business day's queries find them."""
    db = await tx.begin()
    if not command.rules:
        await db.execute("delete from account_rules where account_id = $1", command.account_id)
        return
    await db.execute(
        """insert into account_rules (account_id, brand, rules) values ($1, $2, $3)
           on conflict (account_id) do update set rules = excluded.rules""",
        command.account_id,
        command.brand,
        msgspec.json.encode(command.rules).decode(),
    )
