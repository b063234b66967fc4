"""What held services tell the world."""

from typing import Any

import msgspec

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import ServiceChange, ServiceTerms
from services.billing.why.why import Why
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_service(event: DomainEvent, service: HeldService) -> PublicEvent | None:
    """The public event of a held service."""
    match event:
        case HeldService.RenewalInvoiced():
            return None  # the invoice tells; first of all, as there are most of these
        case HeldService.Ordered(terms=terms, transferred_from=before):
            return billing.ServiceOrdered(
                service_id=service.id,
                order_id=service.order_id,
                domain=terms.domain,
                parent_id=terms.parent_id,
                ends_on=terms.ends_on,
                transferred_from=before,
                quantity=terms.quantity,
                options=_options(terms),
                **_terms(terms),
            )
        case HeldService.Activated() as activated:
            return billing.ServiceActivated(
                service_id=service.id,
                activated_on=activated.activated_on,
                next_due_on=activated.next_due_on,
                ends_on=activated.ends_on,
                why=_why(activated.why),
            )
        case HeldService.Renewed() as renewed:
            return billing.ServiceRenewed(
                service_id=service.id,
                invoice_id=renewed.invoice_id,
                period_start=renewed.period_start,
                next_due_on=renewed.next_due_on,
                why=_why(renewed.why),
            )
        case HeldService.SuspensionWarned() as warned:
            return billing.SuspensionWarned(
                service_id=service.id,
                invoice_id=warned.invoice_id,
                invoice_number=warned.invoice_number,
                suspends_on=warned.suspends_on,
                why=_why(warned.why),
            )
        case _:
            return _of_wish(event, service)


def _of_wish(event: DomainEvent, service: HeldService) -> PublicEvent | None:
    """What it is asked to become, and whether it does."""
    match event:
        case HeldService.CancellationRequested(cancellation=wish, why=why):
            return billing.ServiceCancellationRequested(
                service_id=service.id,
                at=wish.at,
                ends_on=wish.ends_on,
                reason=wish.reason,
                why=_why(why),
            )
        case HeldService.CancellationWithdrawn(why=why):
            return billing.ServiceCancellationWithdrawn(service_id=service.id, why=_why(why))
        case HeldService.ChangeScheduled(change=change, why=why):
            return _scheduled(change, service, why=why)
        case HeldService.ChangeWithdrawn(change_id=change_id, why=why):
            return billing.ServiceChangeWithdrawn(
                service_id=service.id, change_id=change_id, why=_why(why)
            )
        case HeldService.Changed() as changed:
            return _changed(changed, service)
        case _:
            return _of_end_or_halt(event, service)


def _scheduled(change: ServiceChange, service: HeldService, *, why: Why | None) -> PublicEvent:
    return billing.ServiceChangeScheduled(
        service_id=service.id,
        change_id=change.id,
        kind=change.kind,
        effective_on=change.effective_on,
        invoice_id=change.invoice_id,
        net_minor=change.net_minor,
        why=_why(why),
        **_terms(change.terms),
    )


def _changed(changed: Any, service: HeldService) -> PublicEvent:
    change = changed.change
    return billing.ServiceChanged(
        service_id=service.id,
        change_id=change.id,
        kind=change.kind,
        changed_on=changed.changed_on,
        next_due_on=changed.next_due_on,
        net_minor=change.net_minor,
        quantity=change.terms.quantity,
        options=_options(change.terms),
        why=_why(changed.why),
        **_terms(change.terms),
    )


def _of_end_or_halt(event: DomainEvent, service: HeldService) -> PublicEvent | None:
    match event:
        case HeldService.Suspended(reason=reason, suspended_on=day, why=why):
            return billing.ServiceSuspended(
                service_id=service.id, reason=reason, suspended_on=day, why=_why(why)
            )
        case HeldService.Unsuspended() as lifted:
            return billing.ServiceUnsuspended(
                service_id=service.id,
                unsuspended_on=lifted.unsuspended_on,
                reason=lifted.reason,
                suspended_on=lifted.suspended_on,
                why=_why(lifted.why),
                grace_ends_on=lifted.grace_ends_on,
            )
        case HeldService.Terminated(terminated_on=day, reason=reason, why=why):
            return billing.ServiceTerminated(
                service_id=service.id, terminated_on=day, reason=reason, why=_why(why)
            )
        case HeldService.Ended() as ended:
            return _ended(ended, service)
        case HeldService.Cancelled(cancelled_on=day, reason=reason, why=why):
            return billing.ServiceCancelled(
                service_id=service.id,
                order_id=service.order_id,
                cancelled_on=day,
                reason=reason,
                why=_why(why),
            )
        case _:
            return None


def _ended(ended: Any, service: HeldService) -> PublicEvent:
    if ended.successor_id:
        return billing.ServiceTransferred(
            service_id=service.id,
            transferred_on=ended.ended_on,
            successor_id=ended.successor_id,
            why=_why(ended.why),
        )
    return billing.ServiceEnded(
        service_id=service.id, ended_on=ended.ended_on, reason=ended.reason, why=_why(ended.why)
    )


def _terms(terms: ServiceTerms) -> dict[str, Any]:
    return {
        "product_id": terms.product_id,
        "product_name": terms.product_name,
        "cycle": terms.cycle,
        "recurring_minor": terms.list_minor,
        "currency": terms.currency,
    }


def _options(terms: ServiceTerms) -> list[billing.ServiceOption]:
    return msgspec.convert(terms.options, list[billing.ServiceOption], from_attributes=True)


def _why(why: Why | None) -> billing.Why | None:
    return msgspec.convert(why, billing.Why | None, from_attributes=True)
