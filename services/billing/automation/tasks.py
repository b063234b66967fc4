"""The steps of a business day: which candidates, and the one command for each.

A task is found by a view, which may lag; whether anything is done is decided by its command on the
aggregates, once for ever by a natural key. Many tasks share a transaction: what their commands will
read is named here, so that a chunk of them asks the server once for each kind.
"""

from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from services.billing.automation import candidates
from services.billing.automation.autopay import (
    AskAutopay,
    AskCardNotices,
    ask_autopay,
    ask_card_notices,
)
from services.billing.automation.business_day import BusinessDay
from services.billing.automation.candidates import LATE_BY_DAYS
from services.billing.automation.late_fees import ChargeLateFee, charge_late_fee
from services.billing.automation.step import Found, Step, Stream, Task
from services.billing.carts.cart import Cart
from services.billing.carts.expiring import ExpireCart, expire_cart
from services.billing.charges.commands import BillDueItems, bill_due_items
from services.billing.credit.commands import ApplyCredit, apply_credit
from services.billing.credit.credit_balance import CreditBalance
from services.billing.credit_notes.commands import EndInvoice, end_invoice
from services.billing.held_services.commands import (
    IssueRenewal,
    WarnOfSuspension,
    issue_renewal,
    warn_of_suspension,
)
from services.billing.held_services.held_service import HeldService
from services.billing.invoices.commands import (
    GiveNotice,
    give_notice,
)
from services.billing.invoices.invoice import Invoice
from services.billing.orders.giving_up import CancelOrder, expire_order
from services.billing.provisioning.commands import (
    RequestSuspension,
    RequestTermination,
    request_suspension,
    request_termination,
)
from services.billing.provisioning.provisioning import Provisioning
from services.billing.reconciliation.commands import AskReconciliations, ask_reconciliations
from services.billing.service_changes.following import FollowChange, follow_change
from services.billing.service_endings.ending import EndService, end_service
from services.billing.suspensions.lifting import LiftSuspension, lift_suspension
from shared.ids import id_of_text
from shared.store import Transaction


def _id(found: Found, name: str) -> UUID:
    return id_of_text(found.facts[name])


def _date(found: Found, name: str) -> date:
    return date.fromisoformat(found.facts[name])


def no_values(_: BusinessDay) -> tuple[Any, ...]:
    """The query wants brand and day alone."""
    return ()


# ------------------------------------------------------------------------------ money comes due


def _renewal_values(today: BusinessDay) -> tuple[Any, ...]:
    return (
        today.product_ids,
        today.by_product(lambda rules: rules.renewal_days_before),
        today.by_product(lambda rules: rules.separate_renewals),
        today.by_product(lambda rules: rules.renew_while_unpaid),
    )


def _renewal(today: BusinessDay, found: Found) -> Task:
    due_on, service_ids = (
        _date(found, "due_on"),
        [id_of_text(id) for id in found.facts["service_ids"]],
    )
    command = IssueRenewal(
        account_id=found.account_id,
        brand=today.brand,
        service_ids=service_ids,
        due_on=due_on,
        today=today.day,
    )
    credit = CreditBalance.id_of(found.account_id, found.facts["currency"])
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(issue_renewal, command),
        streams=(*((HeldService, id) for id in service_ids), (CreditBalance, credit)),
        claims=tuple(("renewal", f"{id}/{due_on}") for id in service_ids),
        bills_in=found.facts["currency"],
    )


def _items(today: BusinessDay, found: Found) -> Task:
    currency = found.facts["currency"]
    command = BillDueItems(
        account_id=found.account_id, brand=today.brand, currency=currency, today=today.day
    )
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(bill_due_items, command),
        streams=((CreditBalance, CreditBalance.id_of(found.account_id, currency)),),
        bills_in=currency,
    )


def _credit(today: BusinessDay, found: Found) -> Task:
    invoice_id = _id(found, "invoice_id")
    command = ApplyCredit(invoice_id=invoice_id, today=today.day)
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(apply_credit, command),
        streams=((Invoice, invoice_id),),
    )


def _autopay_values(today: BusinessDay) -> tuple[Any, ...]:
    rules = today.rules
    return rules.autopay_days_before, rules.autopay_retry_days, LATE_BY_DAYS


def _autopay(today: BusinessDay, found: Found) -> Task:
    invoice_id, retry_days = _id(found, "invoice_id"), found.facts["retry_days"]
    command = AskAutopay(invoice_id=invoice_id, retry_days=retry_days, today=today.day)
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(ask_autopay, command),
        streams=((Invoice, invoice_id),),
        claims=(("autopay", found.item),),
    )


def _card_values(today: BusinessDay) -> tuple[Any, ...]:
    return (today.rules.card_notice_day,)


def _cards(today: BusinessDay, found: Found) -> Task:
    command = AskCardNotices(brand=today.brand, today=today.day)
    work = partial(ask_card_notices, command)
    return Task(key=found.item, account_id=found.account_id, work=work)


def _late_fee_values(today: BusinessDay) -> tuple[Any, ...]:
    fee = today.rules.late_fee
    return fee.kind != "off", fee.after_days, LATE_BY_DAYS + fee.after_days


def _late_fee(today: BusinessDay, found: Found) -> Task:
    invoice_id = _id(found, "invoice_id")
    command = ChargeLateFee(invoice_id=invoice_id, today=today.day)
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(charge_late_fee, command),
        ask_about=(invoice_id,),
        streams=((Invoice, invoice_id),),
        claims=(("late_fee", str(invoice_id)),),
    )


# ------------------------------------------------------------------------------ notices


def _reminder_values(today: BusinessDay) -> tuple[Any, ...]:
    offsets = [-days for days in today.rules.reminder_days_before]
    first, last = today.after(1), today.after(today.furthest("reminder_days_before"))
    return "reminder_days_before", -1, offsets, first, last, *_notice_values(today)


def _overdue_values(today: BusinessDay) -> tuple[Any, ...]:
    offsets = today.rules.overdue_notice_days
    first = today.after(-today.furthest("overdue_notice_days") - LATE_BY_DAYS)
    last = today.after(-1)
    return "overdue_notice_days", 1, offsets, first, last, *_notice_values(today)


def _notice_values(today: BusinessDay) -> tuple[Any, ...]:
    return today.rules.unpaid_order_days, "notice", LATE_BY_DAYS


def _notice(today: BusinessDay, found: Found) -> Task:
    invoice_id, offset = _id(found, "invoice_id"), found.facts["offset_days"]
    command = GiveNotice(invoice_id=invoice_id, offset_days=offset, today=today.day)
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(give_notice, command),
        streams=((Invoice, invoice_id),),
        claims=(("notice", found.item),),
    )


def _overdue_by_product(today: BusinessDay) -> tuple[Any, ...]:
    return (
        today.product_ids,
        today.by_product(lambda rules: rules.suspension_days),
        today.by_product(lambda rules: rules.suspension_warning_days),
    )


def _warning(today: BusinessDay, found: Found) -> Task:
    service_id, invoice_id = _id(found, "service_id"), _id(found, "invoice_id")
    command = WarnOfSuspension(
        service_id=service_id,
        invoice_id=invoice_id,
        today=today.day,
        suspends_on=_date(found, "suspends_on"),
    )
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(warn_of_suspension, command),
        streams=((Invoice, invoice_id), (HeldService, service_id)),
        claims=(("suspension_warning", found.item),),
    )


# ------------------------------------------------------------------------------ services


def _service_streams(service_id: UUID) -> tuple[Stream, ...]:
    return (HeldService, service_id), (Provisioning, Provisioning.id_of(service_id))


def _lift(today: BusinessDay, found: Found) -> Task:
    service_id = _id(found, "service_id")
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(lift_suspension, LiftSuspension(service_id=service_id, today=today.day)),
        streams=_service_streams(service_id),
    )


def _suspension(today: BusinessDay, found: Found) -> Task:
    service_id, invoice_id = _id(found, "service_id"), _id(found, "invoice_id")
    command = RequestSuspension(service_id=service_id, invoice_id=invoice_id, today=today.day)
    return Task(
        key=found.item,
        account_id=found.account_id,
        ask_about=(invoice_id,),
        work=partial(request_suspension, command),
        streams=((Invoice, invoice_id), *_service_streams(service_id)),
    )


def _termination_values(today: BusinessDay) -> tuple[Any, ...]:
    return today.product_ids, today.by_product(lambda rules: rules.termination_days)


def _termination(today: BusinessDay, found: Found) -> Task:
    service_id = _id(found, "service_id")
    invoice_ids = tuple(UUID(id) for id in found.facts["invoice_ids"])
    command = RequestTermination(service_id=service_id, today=today.day)
    return Task(
        key=found.item,
        account_id=found.account_id,
        ask_about=invoice_ids,
        work=partial(request_termination, command),
        streams=(*((Invoice, id) for id in invoice_ids), *_service_streams(service_id)),
    )


def _end(today: BusinessDay, found: Found) -> Task:
    service_id = _id(found, "service_id")
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(end_service, EndService(service_id=service_id, today=today.day)),
        streams=_service_streams(service_id),
    )


async def _follow(command: FollowChange, tx: Transaction) -> None:
    if unpaid := await follow_change(command, tx):
        end = EndInvoice(invoice_id=unpaid, today=command.today, reason="change_unpaid")
        await end_invoice(end, tx)


def _change(today: BusinessDay, found: Found) -> Task:
    service_id, invoice_id = _id(found, "service_id"), found.facts["invoice_id"]
    paid_by: tuple[Stream, ...] = ((Invoice, UUID(invoice_id)),) if invoice_id else ()
    return Task(
        key=found.item,
        account_id=found.account_id,
        ask_about=(UUID(invoice_id),) if invoice_id else (),
        work=partial(_follow, FollowChange(service_id=service_id, today=today.day)),
        streams=(*_service_streams(service_id), *paid_by),
    )


# ------------------------------------------------------------------------------ tidying up


def _unpaid_order_values(today: BusinessDay) -> tuple[Any, ...]:
    return (today.rules.unpaid_order_days,)


def _expired_order(today: BusinessDay, found: Found) -> Task:
    command = CancelOrder(order_id=_id(found, "order_id"), reason="unpaid", today=today.day)
    return Task(
        key=found.item,
        account_id=found.account_id,
        ask_about=(_id(found, "invoice_id"),),
        work=partial(expire_order, command),
    )


def _cart_values(today: BusinessDay) -> tuple[Any, ...]:
    return (today.rules.cart_days,)


def _expired_cart(today: BusinessDay, found: Found) -> Task:
    cart_id = _id(found, "cart_id")
    return Task(
        key=found.item,
        account_id=found.account_id,
        work=partial(expire_cart, ExpireCart(cart_id=cart_id, today=today.day)),
        streams=((Cart, cart_id),),
    )


def _pointless_invoice(today: BusinessDay, found: Found) -> Task:
    invoice_id = _id(found, "invoice_id")
    command = EndInvoice(invoice_id=invoice_id, reason="service_ended", today=today.day)
    return Task(
        key=found.item,
        account_id=found.account_id,
        ask_about=(invoice_id,),
        work=partial(end_invoice, command),
        streams=((Invoice, invoice_id),),
    )


def _reconciliation(today: BusinessDay, found: Found) -> Task:
    command = AskReconciliations(brand=today.brand, day=_date(found, "day"))
    work = partial(ask_reconciliations, command)
    return Task(key=found.item, account_id=found.account_id, work=work)


STEPS: dict[str, Step] = {
    "apply_credit": Step(query=candidates.CREDIT, values=no_values, task=_credit),
    "issue_renewals": Step(query=candidates.RENEWALS, values=_renewal_values, task=_renewal),
    "bill_items": Step(query=candidates.ITEMS, values=no_values, task=_items),
    "autopay": Step(query=candidates.AUTOPAY, values=_autopay_values, task=_autopay),
    "remind": Step(query=candidates.NOTICES, values=_reminder_values, task=_notice),
    "notice_overdue": Step(query=candidates.NOTICES, values=_overdue_values, task=_notice),
    "charge_late_fees": Step(query=candidates.LATE_FEES, values=_late_fee_values, task=_late_fee),
    "warn_of_suspension": Step(
        query=candidates.WARNINGS, values=_overdue_by_product, task=_warning
    ),
    "lift_suspensions": Step(query=candidates.LIFTS, values=no_values, task=_lift),
    "suspend": Step(query=candidates.SUSPENSIONS, values=_overdue_by_product, task=_suspension),
    "terminate": Step(query=candidates.TERMINATIONS, values=_termination_values, task=_termination),
    "end_services": Step(query=candidates.ENDS, values=no_values, task=_end),
    "apply_scheduled_changes": Step(query=candidates.CHANGES, values=no_values, task=_change),
    "notice_expiring_cards": Step(query=candidates.CARD_NOTICES, values=_card_values, task=_cards),
    "cancel_unpaid_orders": Step(
        query=candidates.EXPIRED_ORDERS, values=_unpaid_order_values, task=_expired_order
    ),
    "expire_carts": Step(query=candidates.EXPIRED_CARTS, values=_cart_values, task=_expired_cart),
    "cancel_pointless_invoices": Step(
        query=candidates.POINTLESS_INVOICES, values=no_values, task=_pointless_invoice
    ),
    "reconcile": Step(query=candidates.RECONCILIATIONS, values=no_values, task=_reconciliation),
}
"""In order. A name stays for ever: started days are kept by it."""
