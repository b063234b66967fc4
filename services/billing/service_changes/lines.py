"""The lines of a change: what is given back for the unused time, and what the rest of it costs."""

from dataclasses import replace

from services.billing.held_services.descriptions import describe_change, describe_unused
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import ServiceChange
from services.billing.invoices.lines import InvoiceLine
from services.billing.service_changes.reckoning import Reckoned
from services.billing.why.why import Why


def change_lines(
    service: HeldService,
    change: ServiceChange,
    *,
    reckoned: Reckoned,
    language: str,
    why: Why,
) -> list[InvoiceLine]:
    """What is given back, if anything, and what the rest of the time costs."""
    since, until, paid_until = reckoned.since, reckoned.until, service.next_due_on
    charge = InvoiceLine(
        kind="upgrade",
        description=describe_change(change.terms, language, since=since, until=until),
        net_minor=reckoned.charge_minor,
        service_id=service.id,
        period_start=since if until else None,
        period_end=until,
        tax_category=change.terms.tax_category,
        why=why,
    )
    if not reckoned.credit_minor or paid_until is None:
        return [charge]
    unused = describe_unused(service.terms, language, since=since, until=paid_until)
    credit = replace(
        charge,
        kind="credit",
        description=unused,
        net_minor=-reckoned.credit_minor,
        period_start=since,
        period_end=paid_until,
        tax_category=service.terms.tax_category,
    )
    return [credit, charge]
