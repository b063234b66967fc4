"""What an addon has of the service that it belongs to: when it falls due, and when it ends.

Dates are local dates of the brand.
"""

from datetime import date

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.paid_time import Parent
from services.billing.held_services.terms import CancellationPending
from shared.store import Transaction


async def parent_of(service: HeldService, tx: Transaction) -> HeldService | None:
    """The service that an addon belongs to; None for what is no addon."""
    parent_id = service.terms.parent_id
    return await tx.load(HeldService, parent_id) if parent_id else None


def due_with(parent: HeldService | None) -> Parent | None:
    """When a service that others belong to falls due; None where it does not."""
    if parent is None or parent.next_due_on is None or parent.has_ended:
        return None
    return Parent(due_on=parent.next_due_on, anchor_day=parent.anchor_day)


def end_of(service: HeldService | None) -> date | None:
    """Where a service ends by its cancellation or its fixed term, if it does."""
    if service is None:
        return None
    cancelled, term = service.cancellation, service.next_terms.ends_on
    return min((end for end in (cancelled and cancelled.ends_on, term) if end), default=None)


def is_ending(service: HeldService, parent: HeldService | None, *, today: date) -> bool:
    """Whether it, or what it belongs to, ends before what would be invoiced next begins.

    Or is to have ended by today, so that it only waits for the panel.
    """
    until = service.billed_until
    ends = [end for end in (end_of(service), end_of(parent)) if end]
    is_over = parent is not None and parent.has_ended
    return is_over or (until is not None and any(end <= max(until, today) for end in ends))


def check_goes_on(service: HeldService, parent: HeldService | None) -> None:
    """Raise `CancellationPending` unless it goes on, and what it belongs to for as long."""
    begins_on, cancelled = service.billed_until, parent and parent.cancellation
    ends_with_parent = cancelled and begins_on and cancelled.ends_on <= begins_on
    if service.cancellation or ends_with_parent:
        raise CancellationPending(field="service_id")
