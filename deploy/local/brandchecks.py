"""What must fit together in a brand file, each contradiction with its place.

What products, promotions and rules may say is billing's to know: its own checks are asked, and
what they refuse is shown where the file says it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from pydantic import ValidationError

from deploy.local.brandcatalogue import Product
from deploy.local.brandmodel import BrandFile
from services.billing.catalogue.bodies import ProductBody
from services.billing.catalogue.paths import check_catalogue
from services.billing.catalogue.terms import ProductTerms, check_terms
from services.billing.promotions.bodies import PromotionBody
from services.billing.promotions.promotion import check_promotion
from services.billing.rules.rules import RuleInvalid, Rules, RuleUnknown
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import TaxRulesContradict
from shared.errors import Invalid

Where = tuple[str | int, ...]
"""The place of a value: field names and list indices."""
Flaws = Iterator[tuple[Where, str]]


def contradictions(file: BrandFile) -> Flaws:
    """What does not fit together in a file whose parts are well formed: where, and why."""
    brand = file.brand
    if brand.default_language not in brand.languages:
        yield ("brand", "default_language"), "is not one of the brand's languages"
    yield from _repeated(("brand", "currencies"), [brand.currency, *brand.currencies], first=1)
    yield from _repeated(("brand", "payment_methods"), (m.id for m in brand.payment_methods))
    yield from _repeated(("brand", "departments"), (d.id for d in brand.departments))
    yield from _repeated(("groups",), (group.slug for group in file.groups))
    yield from _repeated(("products",), (product.slug for product in file.products))
    yield from _repeated(("promotions",), (p.code.upper() for p in file.promotions))
    for where, words in _texts(file):
        if missing := sorted(set(brand.languages) - set(words)):
            yield where, f"has no text in {', '.join(missing)}"
    yield from _wrong_rules(file)
    yield from _wrong_taxes(file)
    yield from _wrong_products(file)
    yield from _wrong_promotions(file)


def _repeated(where: Where, ids: Iterable[str], *, first: int = 0) -> Flaws:
    """`first`: how many of the ids do not stand in the list itself."""
    known: set[str] = set()
    for place, each in enumerate(ids):
        if each in known:
            yield (*where, place - first), f"{each} stands there twice"
        known.add(each)


# ------------------------------------------------------------------------------------------ rules


def _wrong_rules(file: BrandFile) -> Flaws:
    """The brand's rules on top of the defaults, each product's on top of the brand's."""
    brand = file.brand
    rules = Rules()
    for where, changes in (
        (("brand", "dunning"), brand.dunning.model_dump()),
        (("brand", "rules"), brand.rules),
    ):
        flaws = list(_rules_flaws(rules, changes, where=where))
        yield from flaws
        rules = rules if flaws else rules.changed(changes)
    for place, product in enumerate(file.products):
        yield from _rules_flaws(rules, product.rules, where=("products", place, "rules"))


def _wrong_taxes(file: BrandFile) -> Flaws:
    try:
        msgspec.convert(file.brand.tax.model_dump(), BrandTaxes).rules()
    except TaxRulesContradict as error:
        names = str(error.facts["field"]).split(".")
        where = [int(name) if name.isdigit() else name for name in names]
        reason = error.facts.get("reason", "is needed to charge tax")
        yield ("brand", "tax", *where), str(reason)


def _rules_flaws(rules: Rules, changes: dict[str, Any], *, where: Where) -> Flaws:
    """What is wrong with each rule by itself; if nothing is, with all together."""
    alone = [
        ((*where, name), reason)
        for name, value in changes.items()
        if (reason := _refusal(rules, {name: value}))
    ]
    together = _refusal(rules, changes)
    if together is None:
        return
    yield from alone or [(where, together)]


def _refusal(rules: Rules, changes: dict[str, Any]) -> str | None:
    try:
        rules.changed(changes)
    except RuleUnknown:
        return "there is no such rule"
    except RuleInvalid as refused:
        return str(refused.facts["reason"])
    return None


# --------------------------------------------------------------------------------------- products


def _wrong_products(file: BrandFile) -> Flaws:
    offered: dict[str, ProductTerms] = {}
    groups = {group.slug for group in file.groups}
    for place, product in enumerate(file.products):
        where: Where = ("products", place)
        if product.group is not None and product.group not in groups:
            yield (*where, "group"), f"there is no group {product.group}"
        yield from _wrong_currencies(file, place)
        try:
            told = ProductBody.model_validate_json(product.model_dump_json())
        except ValidationError as error:
            yield from _not_accepted(error, where)
            continue
        offered[product.slug] = told.terms("")
        yield from _refused_terms(offered[product.slug], product, where=where)
        yield from _wrong_revisions(told, product, where=where)
    if len(offered) < len(file.products):
        return
    try:
        check_catalogue(offered)
    except Invalid as refused:
        yield _place_in_catalogue(file, refused), _said(refused)


def _wrong_currencies(file: BrandFile, place: int) -> Flaws:
    known = [file.brand.currency, *file.brand.currencies]
    product = file.products[place]
    for where, prices in _price_lists(product):
        for number, price in enumerate(prices):
            if price.currency not in known:
                at = ("products", place, *where, number, "currency")
                yield at, f"is not the brand's {' or '.join(known)}"
    if file.brand.currency not in {price.currency for price in product.prices}:
        yield ("products", place, "prices"), f"has none in {file.brand.currency}"


def _price_lists(product: Product) -> Iterator[tuple[Where, list[Any]]]:
    yield ("prices",), product.prices
    for place, option in enumerate(product.options):
        yield ("options", place, "prices"), option.prices
        for number, value in enumerate(option.values):
            yield ("options", place, "values", number, "prices"), value.prices
    for place, revision in enumerate(product.revisions):
        yield ("revisions", place, "prices"), revision.prices or []


def _not_accepted(error: ValidationError, where: Where) -> Flaws:
    """What billing's own form of the same thing does not take."""
    for each in error.errors():
        yield (*where, *each["loc"]), each["msg"][:1].lower() + each["msg"][1:]


def _wrong_revisions(told: ProductBody, product: Product, *, where: Where) -> Flaws:
    days = [revision.effective_on for revision in product.revisions]
    yield from _repeated((*where, "revisions"), map(str, days))
    for revision in told.later(""):
        place = days.index(revision.effective_on)
        yield from _refused_terms(revision.terms, product, where=(*where, "revisions", place))


def _refused_terms(terms: ProductTerms, product: Product, *, where: Where) -> Flaws:
    try:
        check_terms(terms)
    except Invalid as refused:
        named = str(refused.facts["field"]).split(".")
        yield (*where, *_indices(product.model_dump(), named)), _said(refused)


def _indices(value: Any, named: list[str]) -> Where:
    """The place of a field that names the parts of lists by their ids."""
    found: list[str | int] = []
    for name in named:
        if isinstance(value, list):
            ids = [each.get("id") for each in value]
            if name not in ids:
                break
            found.append(ids.index(name))
            value = value[ids.index(name)]
        else:
            found.append(name)
            value = value.get(name, {})
    return tuple(found)


def _place_in_catalogue(file: BrandFile, refused: Invalid) -> Where:
    slugs = [product.slug for product in file.products]
    at_fault = refused.facts.get("product") or refused.facts["products"][0]
    return ("products", slugs.index(at_fault), refused.facts["field"])


def _said(refused: Invalid) -> str:
    """The refusal as part of a line: what it is, and its reason if it has one."""
    sentence = refused.message.rstrip(".")
    reasons = [refused.facts[name] for name in ("reason", "unknown") if name in refused.facts]
    texts = [", ".join(each) if isinstance(each, list) else str(each) for each in reasons]
    return ": ".join([sentence[:1].lower() + sentence[1:], *texts])


# ------------------------------------------------------------------------------------- promotions


def _wrong_promotions(file: BrandFile) -> Flaws:
    slugs = {product.slug for product in file.products}
    body = file.body()["promotions"]
    for place, promotion in enumerate(file.promotions):
        where: Where = ("promotions", place)
        for number, slug in enumerate(promotion.products):
            if slug not in slugs:
                yield (*where, "products", number), f"there is no product {slug}"
        for currency in set(promotion.amounts) - {file.brand.currency, *file.brand.currencies}:
            yield (*where, "amounts", currency), "is not one of the brand's currencies"
        try:
            check_promotion(PromotionBody.model_validate(body[place]).terms())
        except ValidationError as error:
            yield from _not_accepted(error, where)
        except Invalid as refused:
            yield (*where, str(refused.facts["field"])), _said(refused)


# ------------------------------------------------------------------------------------------ texts


def _texts(file: BrandFile) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    """Every text by language, with its place."""
    for place, method in enumerate(file.brand.payment_methods):
        yield ("brand", "payment_methods", place, "label"), method.label
    for place, department in enumerate(file.brand.departments):
        yield ("brand", "departments", place, "name"), department.name
        yield ("brand", "departments", place, "description"), department.description
    for place, group in enumerate(file.groups):
        yield ("groups", place, "name"), group.name
        if group.description:
            yield ("groups", place, "description"), group.description
    for place, product in enumerate(file.products):
        yield from _texts_of_product(product, ("products", place))
    for place, promotion in enumerate(file.promotions):
        yield ("promotions", place, "label"), promotion.label
        if promotion.banner:
            yield ("promotions", place, "banner"), promotion.banner


def _texts_of_product(product: Product, where: Where) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    yield (*where, "name"), product.name
    yield (*where, "description"), product.description
    yield (*where, "features"), product.features
    for place, option in enumerate(product.options):
        at = (*where, "options", place)
        yield (*at, "name"), option.name
        for number, value in enumerate(option.values):
            yield (*at, "values", number, "name"), value.name
