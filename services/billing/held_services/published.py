"""What held services tell the world."""

from services.billing.held_services.held_service import HeldService
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_service(event: DomainEvent, service: HeldService) -> PublicEvent | None:
    """The public event of a held service."""
    match event:
        case HeldService.Ordered(terms=terms):
            return billing.ServiceOrdered(
                service_id=service.id,
                order_id=service.order_id,
                product_id=terms.product_id,
                product_name=terms.product_name,
                domain=terms.domain,
                cycle=terms.cycle,
                recurring_minor=terms.recurring_minor,
                currency=terms.currency,
            )
        case HeldService.Activated() as activated:
            return billing.ServiceActivated(
                service_id=service.id,
                activated_on=activated.activated_on,
                next_due_on=activated.next_due_on,
            )
        case HeldService.Renewed() as renewed:
            return billing.ServiceRenewed(
                service_id=service.id,
                invoice_id=renewed.invoice_id,
                period_start=renewed.period_start,
                next_due_on=renewed.next_due_on,
            )
        case HeldService.SuspensionWarned() as warned:
            return billing.SuspensionWarned(
                service_id=service.id,
                invoice_id=warned.invoice_id,
                invoice_number=warned.invoice_number,
                suspends_on=warned.suspends_on,
            )
        case _:
            return _of_service_end_or_halt(event, service)


def _of_service_end_or_halt(event: DomainEvent, service: HeldService) -> PublicEvent | None:
    match event:
        case HeldService.Suspended(reason=reason, suspended_on=day):
            return billing.ServiceSuspended(service_id=service.id, reason=reason, suspended_on=day)
        case HeldService.Unsuspended(unsuspended_on=day):
            return billing.ServiceUnsuspended(service_id=service.id, unsuspended_on=day)
        case HeldService.Terminated(terminated_on=day):
            return billing.ServiceTerminated(service_id=service.id, terminated_on=day)
        case HeldService.Cancelled(cancelled_on=day, reason=reason):
            return billing.ServiceCancelled(
                service_id=service.id, order_id=service.order_id, cancelled_on=day, reason=reason
            )
        case _:
            return None
