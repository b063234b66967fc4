"""What a client wants a service to be, which terms that makes, and what the rules say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal
from uuid import UUID

from services.billing.catalogue.paths import change_between, check_parent
from services.billing.catalogue.pricing import Choice, Pricing, priced
from services.billing.catalogue.product import Product
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import NOW, PERIOD_END, NothingDue, ServiceTerms
from services.billing.promotions.discount import Discount
from services.billing.promotions.promotion import Promotion
from services.billing.rules.account_terms import AccountTerms
from services.billing.rules.rules import Rules
from shared.errors import Conflict

Effective = Literal["now", "period_end"]


class ChangesNothing(Conflict):
    """The service is like this already."""


class ChangeOnlyAtPeriodEnd(Conflict):
    """Such a change takes effect at the end of the period, not at once."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be different; None: as it is. `at`: when, as far as the client says."""

    product_id: UUID | None = None
    cycle: str | None = None
    choices: tuple[Choice, ...] | None = None
    quantity: int | None = None
    at: Effective | None = None


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What the new terms are made of: both products, and what is agreed with the account.

    `promotions`: those that the service was ordered with.
    """

    held: Product
    wanted: Product
    agreed: AccountTerms | None
    today: date
    promotions: Mapping[UUID, Promotion] = field(default_factory=dict)


def terms_wanted(terms: ServiceTerms, wanted: Wanted, *, sources: Sources) -> ServiceTerms:
    """The terms that the service would have. The same product and cycle keep their price.

    Another product or cycle keeps the discounts of the promotions that are for it.

    `ChangesNothing`; what the catalogue refuses.
    """
    cycle = wanted.cycle or terms.cycle
    pricing = Pricing(cycle=cycle, currency=terms.currency, today=sources.today)
    is_same = (sources.wanted.id, cycle) == (terms.product_id, terms.cycle)
    choices = wanted.choices
    if choices is None:
        choices = _choices(terms) if sources.wanted.id == terms.product_id else ()
    cost = priced(sources.wanted, choices, pricing=pricing, agreed=sources.agreed)
    offered = cost.edition.terms
    new = replace(
        terms,
        product_id=sources.wanted.id,
        product_name=offered.name,
        plan=offered.plan,
        cycle=cycle,
        recurring_minor=terms.recurring_minor if is_same else cost.price.recurring_minor,
        options=terms.options if is_same and wanted.choices is None else cost.options,
        quantity=wanted.quantity or terms.quantity,
        catalogue_version=cost.edition.number,
        discounts=terms.discounts if is_same else _discounts(terms, cycle, sources=sources),
        tax_category=offered.tax_category,
        first=[],
        anchor_day=0,
        first_minor=None,
    )
    if is_same and (new.options, new.quantity) == (terms.options, terms.quantity):
        raise ChangesNothing()
    return new


def _discounts(terms: ServiceTerms, cycle: str, *, sources: Sources) -> list[Discount]:
    """Those that it was ordered with whose promotions are for the new product and cycle, too."""
    product = sources.wanted.terms.slug
    return [
        discount
        for discount in terms.discounts
        if sources.promotions[discount.promotion_id].is_for(product, cycle=cycle)
    ]


def _choices(terms: ServiceTerms) -> tuple[Choice, ...]:
    """What was chosen before."""
    return tuple(
        Choice(option=each.option, value=each.value)
        if each.value
        else Choice(option=each.option, quantity=each.quantity)
        for each in terms.options
    )


def kind_of(terms: ServiceTerms, new: ServiceTerms, *, sources: Sources) -> str:
    """upgrade, downgrade, cycle or options. `ChangeNotOffered` between products without a way."""
    if new.product_id != terms.product_id:
        return change_between(
            sources.held.terms_on(sources.today), sources.wanted.terms_on(sources.today)
        )
    return "options" if new.cycle == terms.cycle else "cycle"


def check_fits_parent(sources: Sources, parent: Product | None) -> None:
    """An addon stays one that is sold for its parent."""
    known = parent.terms_on(sources.today) if parent else None
    check_parent(sources.wanted.terms_on(sources.today), known)


def effective_of(
    kind: str, service: HeldService, *, new: ServiceTerms, wanted: Wanted, rules: Rules
) -> Effective:
    """When the change takes effect: as the rules say, or later if the client wants it so.

    What is paid once is paid now, as no later invoice would ask for it; of a fixed term, no other
    cycle begins within a period. `ChangeOnlyAtPeriodEnd`; `NothingDue` where no period ends.
    """
    by_rule = {
        "upgrade": rules.upgrade,
        "downgrade": rules.downgrade,
        "cycle": rules.cycle_change,
        "options": rules.upgrade if _is_dearer(new, service.terms) else rules.downgrade,
    }
    said: set[str] = {by_rule[kind]}
    if new.cycle != service.terms.cycle:
        said.add(PERIOD_END if service.terms.ends_on else rules.cycle_change)
    is_billed_later = service.next_due_on is not None and new.cycle != "one_time"
    usual: Effective = "period_end" if PERIOD_END in said and is_billed_later else "now"
    if wanted.at == NOW and usual == PERIOD_END:
        raise ChangeOnlyAtPeriodEnd(kind=kind)
    if wanted.at == PERIOD_END and not is_billed_later:
        raise NothingDue()
    return wanted.at or usual


def _is_dearer(new: ServiceTerms, old: ServiceTerms) -> bool:
    return new.list_minor > old.list_minor
