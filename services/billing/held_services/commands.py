"""Billing services anew, renewing what is paid and warning of suspensions."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import structlog

from services.billing.brands.brand import Brand
from services.billing.contacts.contact import contact_of
from services.billing.held_services.belonging import (
    check_goes_on,
    due_with,
    end_of,
    is_ending,
    parent_of,
)
from services.billing.held_services.calendar import CYCLES_WITHOUT_PERIOD
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.ownership import owned_service
from services.billing.held_services.proration import proration
from services.billing.held_services.renewals import Bill, most_unpaid, next_bill, renewal_lines
from services.billing.held_services.terms import NOW, is_suspendable
from services.billing.invoices.commands import IssueInvoice, issue_invoice
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.rules.policy import Policy, policy_for
from services.billing.rules.rules import Rules
from services.billing.why.because import because
from services.billing.why.codes import Code
from services.billing.why.why import Why
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


@dataclass(frozen=True, kw_only=True)
class _Billing:
    """Into which invoice periods are billed."""

    invoice_id: UUID
    due_on: date
    language: str
    time_zone: str
    why: Why


async def issue_renewal(command: IssueRenewal, tx: Transaction) -> Invoice | None:
    """The invoice over the next period of each service; a service and period is billed once.

    None when all are billed already, have an unpaid invoice, are to end or are not active.
    """
    policy = await policy_for(tx, command.brand, account_id=command.account_id)
    loaded = [await tx.load(HeldService, service_id) for service_id in command.service_ids]
    services = [each for each in loaded if await _is_to_bill(each, command, tx=tx)]
    if not services:
        return None
    due_on = max(command.due_on, command.today)
    billing = await _billing(services[0], policy, due_on=due_on, rule="renewal.period_due", tx=tx)
    lines = [line for each in services for line in await _bill(each, billing, count=1, tx=tx)]
    await tx.save(*services)
    return await issue_invoice(_invoice(services[0], billing, lines=lines, today=command.today), tx)


async def _is_to_bill(service: HeldService, command: IssueRenewal, *, tx: Transaction) -> bool:
    """Whether what follows is due on this day, and nothing speaks against it."""
    if service.status != "active" or service.billed_until != command.due_on:
        return False
    if is_ending(service, await parent_of(service, tx), today=command.today):
        return False
    if service.pending_change and service.pending_change.effective == NOW:
        return False
    rules = await _rules_of(service, tx)
    if len(service.unpaid) > most_unpaid(rules) or not falls_due(service):
        return False
    return await tx.claim_once("renewal", f"{service.id}/{command.due_on}")


def falls_due(service: HeldService) -> bool:
    """Whether periods follow at all."""
    return service.next_terms.cycle not in CYCLES_WITHOUT_PERIOD


async def _billing(
    service: HeldService, policy: Policy, *, due_on: date, rule: Code, tx: Transaction
) -> _Billing:
    """The circumstances of an invoice for the account and brand of `service`."""
    assert service.account_id, "a service belongs to an account"
    brand = await tx.look_at(Brand, Brand.id_of(service.brand))
    return _Billing(
        invoice_id=new_id(),
        due_on=due_on,
        language=(await contact_of(service.account_id, tx.read)).language,
        time_zone=brand.settings.time_zone,
        why=because(
            tx, rule, policy=policy, due_on=due_on, days_before=policy.rules.renewal_days_before
        ),
    )


async def _bill(
    service: HeldService, billing: _Billing, *, count: int, tx: Transaction
) -> list[InvoiceLine]:
    """The next periods by the rules of its product, noted with the service, as lines."""
    rules = await _rules_of(service, tx)
    bill = await _next_bill(service, billing, count=count, tx=tx)
    lines = renewal_lines(service, bill, language=billing.language, why=billing.why)
    service.invoice_renewal(
        invoice_id=billing.invoice_id,
        period_end=bill.ends_on,
        due_on=billing.due_on,
        billed=bill.billed(billing.invoice_id),
        most_unpaid=most_unpaid(rules),
    )
    return lines


async def _next_bill(
    service: HeldService, billing: _Billing, *, count: int, tx: Transaction
) -> Bill:
    rules, parent = await _rules_of(service, tx), await parent_of(service, tx)
    return next_bill(
        service,
        by=proration(rules.proration, zone=billing.time_zone),
        parent=due_with(parent) if rules.align_addons else None,
        count=count,
        until=end_of(parent),
    )


async def _rules_of(service: HeldService, tx: Transaction) -> Rules:
    """The rules of its brand, product and account."""
    product_id, account_id = service.terms.product_id, service.account_id
    found = await policy_for(tx, service.brand, product_id=product_id, account_id=account_id)
    return found.rules


def _invoice(
    service: HeldService, billing: _Billing, *, lines: list[InvoiceLine], today: date
) -> IssueInvoice:
    assert service.account_id, "a service belongs to an account"
    return IssueInvoice(
        id=billing.invoice_id,
        account_id=service.account_id,
        brand=service.brand,
        order_id=None,
        today=today,
        due_on=billing.due_on,
        currency=service.terms.currency,
        lines=lines,
    )


@dataclass(frozen=True, kw_only=True)
class RenewEarly:
    """The `periods` that a client wants to pay for before they fall due."""

    service_id: UUID
    account_id: UUID
    periods: int
    today: date
    expected_version: int | None = None


async def renew_early(command: RenewEarly, tx: Transaction) -> Invoice:
    """The invoice over the next periods, due when they begin, so that nobody is worse off.

    `ServiceNotActive`, `RenewalUnpaid`, `ChangePending`; `CancellationPending` for a service that
    is to end, by itself or with its parent; `NothingDue` where no period follows.
    """
    service = await owned_service(command, tx)
    check_goes_on(service, await parent_of(service, tx))
    policy = await policy_for(tx, service.brand, account_id=service.account_id)
    due_on = max(service.billed_until or command.today, command.today)
    billing = await _billing(service, policy, due_on=due_on, rule="renewal.on_demand", tx=tx)
    lines = await _bill(service, billing, count=command.periods, tx=tx)
    await tx.claim_once("renewal", f"{service.id}/{service.next_due_on}")
    await tx.save(service)
    return await issue_invoice(_invoice(service, billing, lines=lines, today=command.today), tx)


@dataclass(frozen=True, kw_only=True)
class RenewService:
    """The invoice that is paid, and the service on one of its lines."""

    service_id: UUID
    invoice_id: UUID
    today: date


async def renew_service(command: RenewService, tx: Transaction) -> None:
    """The paid period follows the last one. A second time, or after its end, nothing changes."""
    service = await tx.load(HeldService, command.service_id)
    if service.has_ended:
        log.warning("a renewal was paid for a service that has ended", service=str(service.id))
        return
    why = because(tx, "renewal.paid", invoice=command.invoice_id)
    service.renew(command.invoice_id, today=command.today, why=why)
    await tx.save(service)


@dataclass(frozen=True, kw_only=True)
class WarnOfSuspension:
    """`suspends_on` is when the service will be suspended unless the invoice is paid."""

    service_id: UUID
    invoice_id: UUID
    today: date
    suspends_on: date


async def warn_of_suspension(command: WarnOfSuspension, tx: Transaction) -> bool:
    """Warn of what an overdue invoice leads to; once for each invoice and service, for ever.

    Once more for the end of each grace that staff has given it since.
    """
    invoice = await tx.load(Invoice, command.invoice_id)
    service = await tx.load(HeldService, command.service_id)
    if not await _is_to_warn(service, invoice, command=command, tx=tx):
        return False
    service.warn_of_suspension(
        invoice_id=invoice.id,
        invoice_number=invoice.number,
        today=command.today,
        suspends_on=command.suspends_on,
        why=await _why_warned(service, invoice, suspends_on=command.suspends_on, tx=tx),
    )
    await tx.save(service)
    return True


async def _why_warned(
    service: HeldService, invoice: Invoice, *, suspends_on: date, tx: Transaction
) -> Why:
    policy = await policy_for(
        tx, service.brand, product_id=service.terms.product_id, account_id=service.account_id
    )
    facts = {"due_on": invoice.due_on, "suspends_on": suspends_on}
    return because(tx, "suspension.warning", policy=policy, invoice=invoice.id, **facts)


async def _is_to_warn(
    service: HeldService, invoice: Invoice, *, command: WarnOfSuspension, tx: Transaction
) -> bool:
    today, grace_ends_on = command.today, service.grace_ends_on
    is_warned = is_suspendable(service.status, service.unpaid, invoice_id=invoice.id, today=today)
    if invoice.settlement.is_payment_awaited or not is_warned:
        return False
    if grace_ends_on and grace_ends_on > command.suspends_on:
        return False
    again = f"/{grace_ends_on}" if grace_ends_on == command.suspends_on else ""
    return await tx.claim_once("suspension_warning", f"{invoice.id}/{service.id}{again}")
