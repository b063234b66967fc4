"""What a cart costs: the lines of the invoice that its checkout issues, before it is issued.

Pure: what is loaded comes in as a `Basis`. A preview shows this quote and a checkout issues its
lines, so that the two are the same to the cent. Amounts in minor units of the brand's currency.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec

from services.billing.carts.items import RENEWAL, CartItem
from services.billing.carts.lines import first_lines
from services.billing.catalogue.paths import check_parent
from services.billing.catalogue.pricing import Priced, Pricing, priced
from services.billing.catalogue.product import Product
from services.billing.held_services.belonging import check_goes_on, due_with, end_of
from services.billing.held_services.first_bill import FirstBill, first_bill
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.paid_time import Parent, alignment_of
from services.billing.held_services.proration import proration
from services.billing.held_services.renewals import Bill, most_unpaid, next_bill, renewal_lines
from services.billing.held_services.terms import (
    CancellationPending,
    ServiceHasEnded,
    ServiceTerms,
    check_active,
    check_billable,
)
from services.billing.invoices.lines import InvoiceLine, Totals, totals_of
from services.billing.invoices.taxing import Taxation, TaxedLines, tax_lines
from services.billing.promotions.promotion import Promotion, PromotionDoesNotApply
from services.billing.rules.account_terms import AccountTerms
from services.billing.rules.policy import Policy
from services.billing.why.why import Why
from shared.errors import Conflict, NotFound


class CurrencyDiffers(Conflict):
    """The service is paid in another currency than what else is ordered."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """All that a quote stands on, as of one moment of the brand.

    `policies` by product, None: that of what is renewed. `services` are those renewed and those
    that addons are for, with the parents of what is renewed. `promotion` is open to the account.
    """

    brand: str
    currency: str
    time_zone: str
    today: date
    due_on: date
    language: str
    taxation: Taxation
    products: Mapping[UUID, Product]
    services: Mapping[UUID, HeldService]
    policies: Mapping[UUID | None, Policy]
    agreed: AccountTerms | None
    promotion: Promotion | None


@dataclass(frozen=True, kw_only=True)
class QuotedItem:
    """What an item comes to: the terms of a new service, or the next periods of one that is held.

    `lines` are before tax.
    """

    item: CartItem
    terms: ServiceTerms
    lines: list[InvoiceLine]
    first: FirstBill | None = None
    bill: Bill | None = None

    @property
    def net_minor(self) -> int:
        """What its lines come to."""
        return sum(line.net_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        """What promotions take off."""
        return -sum(line.net_minor for line in self.lines if line.kind == "promotion")


@dataclass(frozen=True, kw_only=True)
class Quote:
    """All items of an order with the lines and taxes of its invoice."""

    items: list[QuotedItem]
    taxed: TaxedLines
    currency: str
    due_on: date
    promotion: Promotion | None

    @cached_property
    def totals(self) -> Totals:
        """What the invoice asks for."""
        return totals_of(self.taxed.lines, self.taxed.details())

    @property
    def lines(self) -> list[InvoiceLine]:
        """The lines before tax: what the invoice is issued over."""
        return [line for each in self.items for line in each.lines]

    @property
    def units(self) -> dict[UUID, int]:
        """How many of each product it takes."""
        units: dict[UUID, int] = {}
        for each in self.items:
            if each.first:
                product_id = each.terms.product_id
                units[product_id] = units.get(product_id, 0) + each.item.quantity
        return units

    @cached_property
    def fingerprint(self) -> str:
        """The same text as long as everything costs the same, now and from the next period on.

        Whoever has seen a preview sends its fingerprint with the checkout.
        """
        items = [_costs(each) for each in self.items]
        taxes = [replace(row, note="") for row in self.taxed.taxes]
        says = (self.currency, items, taxes, self.taxed.prices_include_tax, self.totals)
        return hashlib.sha256(msgspec.json.encode(says)).hexdigest()[:32]


def _costs(each: QuotedItem) -> tuple[Any, ...]:
    """What a client agrees to of an item; how it is worded does not matter."""
    lines = [(line.kind, line.net_minor, line.period_start, line.period_end) for line in each.lines]
    terms = each.terms
    later = [
        (d.code, d.kind, d.rate_percent, d.amount_minor, d.periods_left) for d in terms.discounts
    ]
    return each.item, lines, terms.list_minor, terms.cycle, later


def quote(items: Sequence[CartItem], basis: Basis) -> Quote:
    """What the items cost together, or why they cannot be ordered.

    `NotFound` for what is not the brand's or the account's; the refusals of the catalogue and of
    renewals; `PromotionDoesNotApply` where the promotion takes nothing off.
    """
    by_id = {item.item_id: item for item in items}
    quoted = [
        _renewal(item, basis) if item.kind == RENEWAL else _new(item, basis, among=by_id)
        for item in items
    ]
    if basis.promotion and not any(each.first and _is_cheaper(each.first) for each in quoted):
        raise PromotionDoesNotApply(code=basis.promotion.terms.code)
    lines = [line for each in quoted for line in each.lines]
    return Quote(
        items=quoted,
        taxed=tax_lines(lines, basis.taxation),
        currency=basis.currency,
        due_on=basis.due_on,
        promotion=basis.promotion,
    )


def _is_cheaper(first: FirstBill) -> bool:
    return first.off.recurring_minor + first.off.setup_minor > 0


# ------------------------------------------------------------------------------ what is new


def _new(item: CartItem, basis: Basis, *, among: Mapping[UUID, CartItem]) -> QuotedItem:
    product = _product(item.product_id, basis)
    pricing = Pricing(cycle=item.cycle, currency=basis.currency, today=basis.today)
    cost = priced(product, item.choices, pricing=pricing, agreed=basis.agreed)
    domain, parent = _check_parent(item, cost, basis=basis, among=among)
    policy = basis.policies[product.id]
    follows = parent if policy.rules.align_addons else None
    first = first_bill(
        _terms(item, cost, basis=basis, domain=domain),
        basis.today,
        setup_minor=cost.charge(item.quantity).setup_minor,
        grid=follows or alignment_of(policy.rules),
        by=proration(policy.rules.proration, zone=basis.time_zone),
    )
    lines = first_lines(item, first, language=basis.language, why=_why(cost, policy))
    return QuotedItem(item=item, terms=first.terms, lines=lines, first=first)


def _product(product_id: UUID | None, basis: Basis) -> Product:
    product = basis.products.get(product_id) if product_id else None
    if product is None or product.brand != basis.brand:
        raise NotFound(field="product_id")
    return product


def _check_parent(
    item: CartItem, cost: Priced, *, basis: Basis, among: Mapping[UUID, CartItem]
) -> tuple[str, Parent | None]:
    """For which domain it is, and when a service that it belongs to falls due.

    `ParentDoesNotFit` for an addon that is not sold for its parent; `ServiceHasEnded`,
    `ServiceNotActive` and `CancellationPending` for a parent that does not go on.
    """
    if item.parent_id is None:
        check_parent(cost.edition.terms, None)
        return item.domain, None
    if wanted := among.get(item.parent_id):
        parent = _product(wanted.product_id, basis)
        check_parent(cost.edition.terms, parent.terms_on(basis.today))
        return item.domain or wanted.domain, None
    held = _service(item.parent_id, basis, field="parent_id")
    if held.has_ended:
        raise ServiceHasEnded(field="parent_id", status=held.status)
    if held.status != "pending":
        check_active(held.status)
    if held.cancellation:
        raise CancellationPending(field="parent_id")
    parent = _product(held.terms.product_id, basis)
    check_parent(cost.edition.terms, parent.terms_on(basis.today))
    return item.domain or held.terms.domain, due_with(held)


def _service(service_id: UUID | None, basis: Basis, *, field: str) -> HeldService:
    service = basis.services.get(service_id) if service_id else None
    if service is None:
        raise NotFound(field=field)
    return service


def _terms(item: CartItem, cost: Priced, *, basis: Basis, domain: str) -> ServiceTerms:
    offered, promotion = cost.edition.terms, basis.promotion
    discount = promotion and promotion.discount_on(
        product=offered.slug, cycle=item.cycle, currency=basis.currency
    )
    return ServiceTerms(
        product_id=item.product_id or item.item_id,
        product_name=offered.name,
        plan=offered.plan,
        domain=domain,
        cycle=item.cycle,
        recurring_minor=cost.price.recurring_minor,
        currency=cost.price.currency,
        parent_id=item.parent_id,
        options=cost.options,
        quantity=item.quantity,
        catalogue_version=cost.edition.number,
        discounts=[discount] if discount else [],
        setup_minor=cost.price.setup_minor,
        tax_category=offered.tax_category,
        term_periods=offered.term_periods,
    )


def _why(cost: Priced, policy: Policy) -> Why:
    facts = {"product": cost.edition.terms.slug, "catalogue_version": str(cost.edition.number)}
    return Why(rule="order.placed", policy_version=policy.version, facts=facts)


# ------------------------------------------------------------------------------ what is renewed


def _renewal(item: CartItem, basis: Basis) -> QuotedItem:
    """The next periods of a service, as `renew_early` invoices them; refused as by that."""
    service = _service(item.service_id, basis, field="service_id")
    policy = basis.policies[service.terms.product_id]
    if service.terms.currency != basis.currency:
        raise CurrencyDiffers(field="service_id", currency=service.terms.currency)
    parent_id = service.terms.parent_id
    parent = basis.services.get(parent_id) if parent_id else None
    check_goes_on(service, parent)
    check_active(service.status)
    check_billable(
        service.billed_until,
        unpaid=service.unpaid,
        change=service.pending_change,
        most_unpaid=most_unpaid(policy.rules),
    )
    bill = next_bill(
        service,
        by=proration(policy.rules.proration, zone=basis.time_zone),
        parent=due_with(parent) if policy.rules.align_addons else None,
        count=item.periods,
        until=end_of(parent),
    )
    why = Why(rule="order.placed", policy_version=policy.version)
    lines = renewal_lines(service, bill, language=basis.language, why=why)
    terms = replace(service.next_terms, discounts=bill.discounts)
    return QuotedItem(item=item, terms=terms, lines=lines, bill=bill)
