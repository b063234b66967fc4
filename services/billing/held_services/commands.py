"""Billing services anew, renewing what is paid and warning of suspensions."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import structlog

from services.billing.contacts.contact import contact_of
from services.billing.held_services.calendar import period_end
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.commands import IssueInvoice, issue_invoice
from services.billing.invoices.descriptions import Sold, describe_renewal
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from shared.ids import new_id
from shared.store import Transaction

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class IssueRenewal:
    """One invoice for the services of one account and currency that are due on `due_on`."""

    account_id: UUID
    brand: str
    service_ids: list[UUID]
    due_on: date
    today: date


async def issue_renewal(command: IssueRenewal, tx: Transaction) -> Invoice | None:
    """The invoice over the next period of each service; a service and period is billed once.

    None when all are billed already, have an unpaid invoice or are not active.
    """
    loaded = [await tx.load(HeldService, service_id) for service_id in command.service_ids]
    services = [each for each in loaded if await _is_to_bill(each, command.due_on, tx=tx)]
    if not services:
        return None
    language = (await contact_of(command.account_id, tx.read)).language
    invoice_id, due_on = new_id(), max(command.due_on, command.today)
    lines = [
        _bill_next_period(each, invoice_id=invoice_id, due_on=due_on, language=language)
        for each in services
    ]
    await tx.save(*services)
    issue = _invoice_over(lines, command, invoice_id=invoice_id, due_on=due_on, first=services[0])
    return await issue_invoice(issue, tx)


async def _is_to_bill(service: HeldService, due_on: date, *, tx: Transaction) -> bool:
    if service.status != "active" or service.unpaid or service.next_due_on != due_on:
        return False
    return await tx.claim_once("renewal", f"{service.id}/{due_on}")


def _bill_next_period(
    service: HeldService, *, invoice_id: UUID, due_on: date, language: str
) -> InvoiceLine:
    assert service.next_due_on is not None, "an active service has a next due date"
    terms = service.terms
    end = period_end(service.next_due_on, cycle=terms.cycle, anchor_day=service.anchor_day)
    start = service.invoice_renewal(invoice_id=invoice_id, period_end=end, due_on=due_on)
    sold = Sold(product_name=terms.product_name, domain=terms.domain, cycle=terms.cycle)
    return InvoiceLine(
        kind="renewal",
        description=describe_renewal(sold, language, period_start=start, period_end=end),
        net_minor=terms.recurring_minor,
        service_id=service.id,
        period_start=start,
        period_end=end,
        tax_category=terms.tax_category,
    )


def _invoice_over(
    lines: list[InvoiceLine],
    command: IssueRenewal,
    *,
    invoice_id: UUID,
    due_on: date,
    first: HeldService,
) -> IssueInvoice:
    return IssueInvoice(
        id=invoice_id,
        account_id=command.account_id,
        brand=command.brand,
        order_id=None,
        today=command.today,
        due_on=due_on,
        currency=first.terms.currency,
        lines=lines,
    )


@dataclass(frozen=True, kw_only=True)
class RenewService:
    """The invoice that is paid, and the service on one of its lines."""

    service_id: UUID
    invoice_id: UUID


async def renew_service(command: RenewService, tx: Transaction) -> None:
    """The paid period follows the last one. A second time, or after its end, nothing changes."""
    service = await tx.load(HeldService, command.service_id)
    if service.has_ended:
        log.warning("a renewal was paid for a service that has ended", service=str(service.id))
        return
    service.renew(command.invoice_id)
    await tx.save(service)


@dataclass(frozen=True, kw_only=True)
class WarnOfSuspension:
    """`suspends_on` is when the service will be suspended unless the invoice is paid."""

    service_id: UUID
    invoice_id: UUID
    today: date
    suspends_on: date


async def warn_of_suspension(command: WarnOfSuspension, tx: Transaction) -> bool:
    """Warn of what an overdue invoice leads to; once for each invoice and service, for ever."""
    invoice = await tx.load(Invoice, command.invoice_id)
    service = await tx.load(HeldService, command.service_id)
    awaited = invoice.settlement.is_payment_awaited
    if awaited or not service.is_suspendable(invoice.id, command.today):
        return False
    if not await tx.claim_once("suspension_warning", f"{invoice.id}/{service.id}"):
        return False
    service.warn_of_suspension(
        invoice_id=invoice.id,
        invoice_number=invoice.number,
        today=command.today,
        suspends_on=command.suspends_on,
    )
    await tx.save(service)
    return True
