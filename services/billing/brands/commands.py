"""Setting up a brand: its settings, its whole catalogue and its promotions, as its file says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.billing.automation.today import today_of
from services.billing.boleto.agreements import check_bank_accounts
from services.billing.brands.brand import Brand, BrandSettings
from services.billing.catalogue.commands import PublishProduct, publish_product
from services.billing.catalogue.paths import check_catalogue
from services.billing.catalogue.product import Product, ProductTerms
from services.billing.catalogue.terms import Revision
from services.billing.pix.receivers import check_pix_receivers
from services.billing.promotions.commands import PublishPromotions, publish_promotions
from services.billing.promotions.promotion import PromotionTerms
from services.billing.rules.agreed import (
    check_agreements,
    hold_agreements,
    products_in_use,
    products_on_sale,
    rules_of_all,
)
from services.billing.rules.rules import RuleInvalid, Rules, RuleUnknown
from shared.errors import Invalid, NotFound
from shared.store import Transaction


class CurrencyNotOffered(Invalid):
    """A product has a price in a currency that is not the brand's, or none in its first one."""


class ProductTwice(Invalid):
    """Two products of the file have the same slug."""


@dataclass(frozen=True, kw_only=True)
class OfferedProduct:
    """A product as its file says: today's terms, and those of later dates."""

    terms: ProductTerms
    revisions: Sequence[Revision] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ConfigureBrand:
    """`products` is everything that can be ordered from now on; what it leaves out is retired.

    `promotions` are all that the file has; those that it no longer has are ended.
    """

    slug: str
    settings: BrandSettings
    products: list[OfferedProduct]
    promotions: list[PromotionTerms] = field(default_factory=list)


async def configure_brand(command: ConfigureBrand, tx: Transaction) -> Brand:
    """The brand as the file says. The same file again records nothing.

    `RuleInvalid` names the accounts whose own rules would contradict it.
    """
    await hold_agreements(command.slug, tx)
    try:
        brand = await tx.load(Brand, Brand.id_of(command.slug))
        brand.reconfigure(command.settings)
    except NotFound:
        brand = Brand.configure(slug=command.slug, settings=command.settings)
    _check_file(command)
    today = await today_of(brand, tx)
    products = [await _publish(command.slug, each, today=today, tx=tx) for each in command.products]
    await _check_meeting_rules(command, products, tx)
    products += await _retired(command.slug, {product.id for product in products}, tx)
    await tx.save(brand, *products)
    promotions = PublishPromotions(brand=command.slug, terms=command.promotions, today=today)
    await publish_promotions(promotions, tx)
    return brand


async def _publish(brand: str, offered: OfferedProduct, *, today: date, tx: Transaction) -> Product:
    return await publish_product(
        PublishProduct(brand=brand, terms=offered.terms, revisions=offered.revisions, today=today),
        tx,
    )


async def _retired(brand: str, offered: set[UUID], tx: Transaction) -> list[Product]:
    """The products that are no longer offered, taken out of the catalogue."""
    on_sale = await products_on_sale(brand, tx=tx)
    left_out = [product for id, product in on_sale.items() if id not in offered]
    for product in left_out:
        product.retire()
    return left_out


async def _check_meeting_rules(
    command: ConfigureBrand, products: list[Product], tx: Transaction
) -> None:
    """Those of the file with what is held of products that it leaves out, and with agreements."""
    in_use = await products_in_use(command.slug, tx=tx)
    meeting = {**in_use, **{product.id: product for product in products}}
    others = rules_of_all(command.settings, meeting.values())
    await check_agreements(command.slug, others, tx)


def _check_file(command: ConfigureBrand) -> None:
    """What the products say of each other, of the brand's currencies and of its rules; accounts."""
    by_slug = {each.terms.slug: each.terms for each in command.products}
    if len(by_slug) != len(command.products):
        raise ProductTwice()
    check_catalogue(by_slug)
    settings = command.settings
    check_bank_accounts(settings.bank_accounts)
    check_pix_receivers(settings.pix_receivers)
    known = {settings.currency, *settings.currencies}
    if settings.rules.get("currency", settings.currency) not in {None, *known}:
        raise RuleInvalid(rule="currency", offered=sorted(known))
    for terms in [terms for each in command.products for terms in _all_terms(each)]:
        used = {price.currency for price in terms.prices}
        if not used <= known or settings.currency not in used:
            raise CurrencyNotOffered(product=terms.slug, field="prices", offered=sorted(known))
        _check_rules(terms, settings)


def _all_terms(offered: OfferedProduct) -> list[ProductTerms]:
    return [offered.terms, *(revision.terms for revision in offered.revisions)]


def _check_rules(terms: ProductTerms, settings: BrandSettings) -> None:
    try:
        Rules().changed(vars(settings.dunning)).changed(settings.rules).changed(terms.rules)
    except (RuleUnknown, RuleInvalid) as error:
        raise type(error)(**error.facts, product=terms.slug) from None
