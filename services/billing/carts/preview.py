"""A quote as it is shown: what each item costs, the taxes on all, and what is to be paid.

Amounts in minor units of its currency.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from services.billing.carts.quote import Quote, QuotedItem
from services.billing.held_services.calendar import CYCLES_WITHOUT_PERIOD
from services.billing.invoices.lines import InvoiceLine

_SHOWN = ("kind", "description", "net_minor", "quantity", "period_start", "period_end")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a cart costs as of now, and what of it the account's credit will pay."""

    quoted: Quote
    credit_minor: int


def preview_of(quoted: Quote) -> dict[str, Any]:
    """The quote in plain JSON values. Lines are as they will stand on the invoice."""
    lines = iter(quoted.taxed.lines)
    items = [_item(each, [next(lines) for _ in each.lines]) for each in quoted.items]
    preview: dict[str, Any] = msgspec.to_builtins(
        {
            "fingerprint": quoted.fingerprint,
            "currency": quoted.currency,
            "due_on": quoted.due_on,
            "promotion_code": quoted.promotion.terms.code if quoted.promotion else None,
            "items": items,
            "taxes": quoted.taxed.taxes,
            "prices_include_tax": quoted.taxed.prices_include_tax,
            "notes": quoted.taxed.notes,
            "net_minor": quoted.totals.net_minor,
            "tax_minor": quoted.totals.tax_minor,
            "total_minor": quoted.totals.gross_minor,
        }
    )
    return preview


def _item(each: QuotedItem, lines: list[InvoiceLine]) -> dict[str, Any]:
    """`renews_minor`: what a whole period costs afterwards, before tax; None where none follows."""
    terms = each.terms
    has_periods = terms.cycle not in CYCLES_WITHOUT_PERIOD and terms.term_periods != 1
    return {
        "item_id": each.item.item_id,
        "kind": each.item.kind,
        "product_id": terms.product_id,
        "product_name": terms.product_name,
        "domain": terms.domain,
        "cycle": terms.cycle,
        "quantity": terms.quantity,
        "term_periods": terms.term_periods,
        "renews_minor": terms.price_minor if has_periods else None,
        "lines": [{name: getattr(line, name) for name in _SHOWN} for line in lines],
    }
