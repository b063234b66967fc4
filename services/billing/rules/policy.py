"""The policy that a decision stands on: the rules that hold, and the versions they came from."""

from dataclasses import dataclass
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.catalogue.product import Product
from services.billing.rules.account_terms import AccountTerms
from services.billing.rules.rules import Changes, Rules
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class Policy:
    """`version` names what the rules came from, as in ponto:7/start:3/account:2."""

    rules: Rules
    version: str


def policy_of(
    brand: Brand, *, product: Product | None = None, terms: AccountTerms | None = None
) -> Policy:
    """The rules of the brand, changed by the product's, changed by the account's."""
    changes: list[tuple[str, Changes]] = [
        (f"{brand.brand}:{brand.version}", {**vars(brand.settings.dunning)}),
        ("", brand.settings.rules),
    ]
    if product:
        changes.append((f"{product.terms.slug}:{product.version}", product.terms.rules))
    if terms:
        changes.append((f"account:{terms.version}", terms.rules))
    rules = Rules()
    for _, change in changes:
        rules = rules.changed(change)
    return Policy(rules=rules, version="/".join(name for name, _ in changes if name))


async def policy_for(
    tx: Transaction, brand: str, *, product_id: UUID | None = None, account_id: UUID | None = None
) -> Policy:
    """The policy as of this transaction. `NotFound` for an unknown brand or product.

    Who asks again within the transaction, about other accounts too, gets what was worked out.
    """
    worked_out, asked = tx.ahead.worked_out, ("policy", brand, product_id, account_id)
    found: Policy | None = worked_out.get(asked)
    if found is None:
        terms = await terms_of(tx, account_id) if account_id else None
        if terms and terms.rules:
            settings, product = await _sources(tx, brand, product_id=product_id)
            found = policy_of(settings, product=product, terms=terms)
        else:
            found = await _policy_of_all(tx, brand, product_id=product_id)
        worked_out[asked] = found
    return found


async def _policy_of_all(tx: Transaction, brand: str, *, product_id: UUID | None) -> Policy:
    """What holds for every account without rules of its own: worked out once."""
    worked_out, asked = tx.ahead.worked_out, ("policy", brand, product_id)
    if asked not in worked_out:
        settings, product = await _sources(tx, brand, product_id=product_id)
        worked_out[asked] = policy_of(settings, product=product)
    found: Policy = worked_out[asked]
    return found


async def _sources(
    tx: Transaction, brand: str, *, product_id: UUID | None
) -> tuple[Brand, Product | None]:
    settings = await tx.look_at(Brand, Brand.id_of(brand))
    return settings, await tx.look_at(Product, product_id) if product_id else None


async def terms_of(tx: Transaction, account_id: UUID) -> AccountTerms | None:
    """What is agreed with the account, if anything is."""
    try:
        return await tx.load(AccountTerms, AccountTerms.id_of(account_id))
    except NotFound:
        return None
