"""The lines of a new service on its first invoice; they sum to what the service notes as charged.

Amounts in minor units of the service's currency, as priced.
"""

from dataclasses import replace
from decimal import Decimal

from services.billing.carts.items import ADDON, CartItem
from services.billing.held_services.descriptions import describe_discount, describe_option
from services.billing.held_services.first_bill import FirstBill
from services.billing.invoices.descriptions import Sold, describe_new, describe_setup
from services.billing.invoices.lines import InvoiceLine
from services.billing.why.because import taken_off_why
from services.billing.why.why import Why


def first_lines(item: CartItem, first: FirstBill, *, language: str, why: Why) -> list[InvoiceLine]:
    """The product, each option that costs something, the set-up, and what a promotion takes off.

    The days of the period are said where they are known; else they begin with the activation.
    """
    terms = first.terms
    sold = Sold(product_name=terms.product_name, domain=terms.domain, cycle=terms.cycle)
    product = InvoiceLine(
        kind="addon" if item.kind == ADDON else "new",
        description=describe_new(sold, language),
        net_minor=first.product_minor,
        service_id=item.item_id,
        period_start=first.period.starts_on if first.period else None,
        period_end=first.period.ends_on if first.period else None,
        tax_category=terms.tax_category,
        why=why,
    )
    lines = [_by_unit(product, first)]
    for option, minor in zip(terms.options, first.options_minor, strict=True):
        if minor:
            text = describe_option(option, language)
            lines.append(replace(product, kind="option", description=text, net_minor=minor))
    at_once = replace(product, period_start=None, period_end=None)
    if first.setup_minor:
        text = describe_setup(sold, language)
        lines.append(replace(at_once, kind="setup", description=text, net_minor=first.setup_minor))
    return [*lines, *_taken_off(first, product, language=language)]


def _by_unit(product: InvoiceLine, first: FirstBill) -> InvoiceLine:
    """So many at so much each, where the line is just that."""
    terms = first.terms
    if terms.quantity == 1 or product.net_minor != terms.charge.product_minor:
        return product
    return replace(product, quantity=Decimal(terms.quantity), unit_minor=terms.recurring_minor)


def _taken_off(first: FirstBill, product: InvoiceLine, *, language: str) -> list[InvoiceLine]:
    off_minor = first.off.recurring_minor + first.off.setup_minor
    if not off_minor:
        return []
    text = describe_discount(first.codes, language)
    off = replace(product, kind="promotion", description=text, net_minor=-off_minor)
    return [replace(off, why=taken_off_why(product.why, first.codes))]
