"""Loading what a quote stands on: one basis for a preview, a change of a cart and an order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.billing.automation.today import today_of
from services.billing.brands.brand import Brand
from services.billing.carts.items import CartItem
from services.billing.carts.quote import Basis
from services.billing.catalogue.product import Product
from services.billing.contacts.contact import contact_of
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.commands import taxation_for
from services.billing.invoices.taxing import Taxation
from services.billing.promotions.commands import is_new_client, promotion_by_code
from services.billing.promotions.promotion import Promotion
from services.billing.rules.policy import Policy, policy_for, terms_of
from services.billing.tax.tax import Buyer
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be ordered in a brand; `account_id` None: a guest looks at what it would cost."""

    account_id: UUID | None
    brand: str
    items: Sequence[CartItem]
    promotion_code: str | None = None


async def basis_for(wanted: Wanted, tx: Transaction) -> Basis:
    """All that the quote of it stands on, as of now; nothing is locked.

    Services that are not the account's are left out. Refused as `promotion_by_code` and
    `Promotion.check_open` refuse. A guest is taxed as if at the seller's place, as a new client.
    """
    brand = await tx.look_at(Brand, Brand.id_of(wanted.brand))
    today = await today_of(brand, tx)
    services = await _services(wanted, tx)
    products = await _products(wanted, services, tx=tx)
    held = {service.terms.product_id for service in services.values()}
    policies = await _policies(wanted, products, held=held, tx=tx)
    taxation = await _taxation(wanted, brand, tx=tx)
    lead = timedelta(days=policies[None].rules.new_order_due_days)
    return Basis(
        brand=wanted.brand,
        currency=brand.settings.currency,
        time_zone=brand.settings.time_zone,
        today=today,
        due_on=today + lead,
        language=taxation.language,
        taxation=taxation,
        products=products,
        services=services,
        policies=policies,
        agreed=await terms_of(tx, wanted.account_id) if wanted.account_id else None,
        promotion=await _promotion(wanted, today, tx=tx),
    )


async def _services(wanted: Wanted, tx: Transaction) -> Mapping[UUID, HeldService]:
    """What is renewed and what addons are for, each with its parent."""
    in_cart = {item.item_id for item in wanted.items}
    named = {id for item in wanted.items for id in (item.service_id, item.parent_id) if id}
    if not named - in_cart:
        return {}
    known = await tx.load_many(HeldService, sorted(named - in_cart))
    found = {id: each for id, each in known.items() if each.account_id == wanted.account_id}
    parents = {each.terms.parent_id for each in found.values() if each.terms.parent_id}
    more = await tx.load_many(HeldService, sorted(parents - found.keys()))
    return {**found, **more}


async def _products(
    wanted: Wanted, services: Mapping[UUID, HeldService], *, tx: Transaction
) -> Mapping[UUID, Product]:
    ids = {item.product_id for item in wanted.items if item.product_id}
    return await tx.load_many(
        Product, sorted(ids | {s.terms.product_id for s in services.values()})
    )


async def _policies(
    wanted: Wanted, products: Mapping[UUID, Product], *, held: Collection[UUID], tx: Transaction
) -> Mapping[UUID | None, Policy]:
    """By product of the brand, on sale or held; None: what holds whatever the account buys."""
    own = {id: product for id, product in products.items() if product.brand == wanted.brand}
    known = [id for id, product in own.items() if id in held or not product.is_retired]
    return {
        id: await policy_for(tx, wanted.brand, product_id=id, account_id=wanted.account_id)
        for id in (None, *known)
    }


async def _taxation(wanted: Wanted, brand: Brand, *, tx: Transaction) -> Taxation:
    if wanted.account_id is None:
        rules, language = brand.settings.tax.rules(), brand.settings.default_language
        return Taxation(rules=rules, buyer=Buyer(country=""), language=language)
    contact = await contact_of(wanted.account_id, tx.read)
    return await taxation_for(brand, contact, account_id=wanted.account_id, tx=tx)


async def _promotion(wanted: Wanted, today: date, *, tx: Transaction) -> Promotion | None:
    if wanted.promotion_code is None:
        return None
    promotion = await promotion_by_code(wanted.promotion_code, wanted.brand, tx)
    is_new = wanted.account_id is None or not promotion.terms.new_clients_only
    if not is_new and wanted.account_id:
        is_new = await is_new_client(wanted.account_id, tx.read)
    promotion.check_open(today=today, is_new_client=is_new)
    return promotion
