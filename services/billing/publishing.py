"""What leaves the house: each domain event's public form, or None for what is our own business.

Only facts of the event and what never changes on its aggregate are told, so that an event published
together with later ones says the same.
"""

from typing import Any

import msgspec

from services.billing.automation.business_calendar import BusinessCalendar
from services.billing.brands.brand import Brand, BrandSettings
from services.billing.catalogue.product import Product, ProductTerms
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.invoice import Invoice
from services.billing.orders.order import Order
from services.billing.payments.credit_balance import CreditBalance
from services.billing.payments.payment import Payment
from services.billing.provisioning.provisioning import Provisioning
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def publish(event: DomainEvent, aggregate: Any) -> PublicEvent | None:
    """The public event that `event` of `aggregate` becomes."""
    match aggregate:
        case Brand() | Product() | BusinessCalendar():
            return _of_brand(event, aggregate)
        case Order():
            return _of_order(event, aggregate)
        case HeldService():
            return _of_service(event, aggregate)
        case Provisioning():
            return _of_provisioning(event, aggregate)
        case Invoice():
            return _of_invoice(event, aggregate)
        case Payment():
            return _of_payment(event, aggregate)
        case CreditBalance():
            return _of_credit(event, aggregate)
        case _:
            raise AssertionError(f"nobody said what {type(aggregate).__name__} publishes")


def _of_brand(
    event: DomainEvent, aggregate: Brand | Product | BusinessCalendar
) -> PublicEvent | None:
    match event:
        case Brand.Configured(settings=settings) | Brand.Reconfigured(settings=settings):
            return _brand_configured(settings)
        case Product.Published(terms=terms) | Product.Revised(terms=terms):
            return _product_published(aggregate, terms)
        case Product.Retired():
            return billing.ProductRetired(product_id=aggregate.id)
        case BusinessCalendar.DayStarted(day=day):
            return billing.BusinessDayStarted(day=day)
        case _:
            return None


def _brand_configured(settings: BrandSettings) -> PublicEvent:
    return msgspec.convert(settings, billing.BrandConfigured, from_attributes=True)


def _product_published(product: Any, terms: ProductTerms) -> PublicEvent:
    return billing.ProductPublished(
        product_id=product.id,
        slug=terms.slug,
        name=terms.name,
        description=terms.description,
        features=terms.features,
        prices=msgspec.convert(terms.prices, list[billing.Price], from_attributes=True),
        sort=terms.sort,
    )


def _of_order(event: DomainEvent, order: Order) -> PublicEvent | None:
    match event:
        case Order.Placed(item=item):
            return billing.OrderPlaced(
                order_id=order.id,
                number=order.number,
                product_id=item.product_id,
                service_id=order.service_id,
                invoice_id=order.invoice_id,
                cycle=item.cycle,
                domain=item.domain,
                total_minor=item.total_minor,
                currency=item.currency,
            )
        case Order.Cancelled() as cancelled:
            return billing.OrderCancelled(
                order_id=order.id,
                number=order.number,
                service_id=order.service_id,
                invoice_id=order.invoice_id,
                cancelled_on=cancelled.cancelled_on,
                reason=cancelled.reason,
            )
        case _:
            return None


def _of_service(event: DomainEvent, service: HeldService) -> PublicEvent | None:
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


def _of_provisioning(event: DomainEvent, provisioning: Provisioning) -> PublicEvent | None:
    match event:
        case Provisioning.Requested(request_id=request_id, action=action):
            return billing.ProvisioningRequested(
                service_id=provisioning.service_id,
                request_id=request_id,
                action=action,
                plan=provisioning.plan,
                domain=provisioning.domain,
            )
        case Provisioning.Refused(request_id=request_id, action=action, reason=reason):
            return billing.ProvisioningFailed(
                service_id=provisioning.service_id,
                request_id=request_id,
                action=action,
                reason=reason,
            )
        case _:
            return None


def _of_invoice(event: DomainEvent, invoice: Invoice) -> PublicEvent | None:
    match event:
        case Invoice.Issued() as issued:
            return _invoice_issued(issued, invoice)
        case Invoice.PaymentAllocated(payment_id=payment_id, amount_minor=amount_minor):
            return billing.PaymentAllocated(
                invoice_id=invoice.id,
                payment_id=payment_id,
                amount_minor=amount_minor,
                currency=invoice.currency,
            )
        case Invoice.Paid(paid_on=paid_on):
            return billing.InvoicePaid(
                invoice_id=invoice.id,
                number=invoice.number,
                paid_on=paid_on,
                total_minor=invoice.total_minor,
                currency=invoice.currency,
            )
        case Invoice.Cancelled(cancelled_on=cancelled_on, reason=reason):
            return billing.InvoiceCancelled(
                invoice_id=invoice.id,
                number=invoice.number,
                total_minor=invoice.total_minor,
                currency=invoice.currency,
                cancelled_on=cancelled_on,
                reason=reason,
            )
        case _:
            return _notice_of(event, invoice)


def _invoice_issued(issued: Any, invoice: Invoice) -> PublicEvent:
    return billing.InvoiceIssued(
        invoice_id=invoice.id,
        number=issued.number,
        order_id=issued.order_id,
        issued_on=issued.issued_on,
        due_on=issued.due_on,
        currency=issued.currency,
        lines=msgspec.convert(issued.lines, list[billing.InvoiceLine], from_attributes=True),
        total_minor=invoice.total_minor,
        billed_to_name=issued.billed_to_name,
        billed_to_address=issued.billed_to_address,
        billed_to_tax_id=issued.billed_to_tax_id,
    )


def _notice_of(event: DomainEvent, invoice: Invoice) -> PublicEvent | None:
    match event:
        case Invoice.Reminded(days_before=days_before):
            return billing.PaymentReminderDue(
                invoice_id=invoice.id,
                number=invoice.number,
                due_on=invoice.due_on,
                days_before=days_before,
                open_minor=invoice.open_minor,
                currency=invoice.currency,
            )
        case Invoice.OverdueNoticed(days_after=days_after):
            return billing.InvoiceOverdue(
                invoice_id=invoice.id,
                number=invoice.number,
                due_on=invoice.due_on,
                days_after=days_after,
                open_minor=invoice.open_minor,
                currency=invoice.currency,
            )
        case _:
            return None


def _of_payment(event: DomainEvent, payment: Payment) -> PublicEvent | None:
    ids: dict[str, Any] = {"payment_id": payment.id, "invoice_id": payment.invoice_id}
    money: dict[str, Any] = {"amount_minor": payment.amount_minor, "currency": payment.currency}
    match event:
        case Payment.Started():
            return billing.PaymentStarted(**ids, **money, method=payment.method)
        case Payment.MarkedPending():
            return billing.PaymentPending(**ids)
        case Payment.Succeeded() as succeeded:
            return billing.PaymentReceived(
                **ids,
                **money,
                method=payment.method,
                received_on=succeeded.received_on,
                receipt_number=succeeded.receipt_number,
                gateway_reference=succeeded.gateway_reference,
            )
        case Payment.Failed(reason=reason):
            return billing.PaymentFailed(**ids, reason=reason)
        case Payment.MismatchFound(mismatch=mismatch):
            return billing.PaymentMismatchFound(
                **ids, field=mismatch.field, expected=mismatch.expected, found=mismatch.found
            )
        case _:
            return None


def _of_credit(event: DomainEvent, credit: CreditBalance) -> PublicEvent | None:
    match event:
        case CreditBalance.Added() as added:
            return billing.CreditAdded(
                amount_minor=added.amount_minor,
                currency=credit.currency,
                reason=added.reason,
                payment_id=added.payment_id,
            )
        case _:
            return None
