"""Lifting a suspension for debt once nothing is overdue, and the fee that may be due first."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

from services.billing.contacts.contact import contact_of
from services.billing.held_services.descriptions import describe_reactivation
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import OVERDUE, has_overdue
from services.billing.invoices.commands import IssueInvoice, issue_invoice
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.provisioning.provisioning import Provisioning
from services.billing.rules.policy import Policy, policy_for
from services.billing.why.because import because
from services.billing.why.codes import Code
from shared.errors import NotFound
from shared.ids import new_id
from shared.store import Transaction

RULE: Code = "reactivation.fee"


def fee_id(service_id: UUID, suspended_on: date | None) -> UUID:
    """The id of what a suspension's fee is on: so it is charged once."""
    return uuid5(service_id, f"reactivation/{suspended_on}")


@dataclass(frozen=True, kw_only=True)
class LiftSuspension:
    """The service whose overdue invoices may all be paid by now."""

    service_id: UUID
    today: date


async def lift_suspension(command: LiftSuspension, tx: Transaction) -> None:
    """Have the service run again once nothing of it is overdue.

    A suspension that is asked for but not confirmed is lifted as soon as it is, and one whose lift
    the panel has not answered yet costs no fee that the rules have only asked for since. Anything
    else than `overdue` is for the staff to lift. Nothing to lift: nothing changes.
    """
    service = await tx.load(HeldService, command.service_id)
    provisioning = await tx.load(Provisioning, Provisioning.id_of(command.service_id))
    reasons = {service.suspension_reason, *provisioning.suspension_reasons}
    if has_overdue(service.unpaid, command.today) or reasons - {"", OVERDUE}:
        return
    is_decided = provisioning.is_being_lifted
    if not is_decided and await _is_fee_awaited(service, today=command.today, tx=tx):
        return
    why = because(tx, "suspension.paid")
    provisioning.request(request_id=new_id(), action="unsuspend", why=why)
    await tx.save(provisioning)


async def _is_fee_awaited(service: HeldService, *, today: date, tx: Transaction) -> bool:
    """Whether the lift waits for a fee; its invoice is issued the first time.

    One that staff made void or wrote off is waited for no more.
    """
    policy = await _policy(service, tx)
    fee = policy.rules.reactivation_fee
    is_for_debt = service.status == "suspended" and service.suspension_reason == OVERDUE
    if not is_for_debt or fee.kind != "before_lift" or fee.amount_minor == 0:
        return False
    try:
        invoice = await tx.load(Invoice, fee_id(service.id, service.suspended_on))
    except NotFound:
        invoice = await _issue(service, policy, today=today, tx=tx)
    return invoice.is_open


async def _issue(service: HeldService, policy: Policy, *, today: date, tx: Transaction) -> Invoice:
    assert service.account_id, "a service belongs to an account"
    language = (await contact_of(service.account_id, tx.read)).language
    line = InvoiceLine(
        kind="reactivation_fee",
        description=describe_reactivation(service.terms, language),
        net_minor=policy.rules.reactivation_fee.amount_minor,
        service_id=service.id,
        tax_category=service.terms.tax_category,
        why=because(tx, RULE, policy=policy, suspended_on=service.suspended_on or today),
    )
    return await issue_invoice(
        IssueInvoice(
            id=fee_id(service.id, service.suspended_on),
            account_id=service.account_id,
            brand=service.brand,
            order_id=None,
            today=today,
            due_on=today,
            currency=service.terms.currency,
            lines=[line],
            is_exact=True,
        ),
        tx,
    )


async def _policy(service: HeldService, tx: Transaction) -> Policy:
    return await policy_for(
        tx, service.brand, product_id=service.terms.product_id, account_id=service.account_id
    )
