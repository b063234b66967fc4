"""Changing what a service is: its product, cycle, options or quantity, now or at the period's end.

A change within a period is paid for first; then the panel is asked; only when it has confirmed is
the service another one. Amounts in minor units of the service's currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.catalogue.allotments import take
from services.billing.catalogue.commands import HoldStock, hold_stock, stock_take
from services.billing.catalogue.product import Product
from services.billing.contacts.contact import contact_of
from services.billing.held_services.belonging import due_with, parent_of
from services.billing.held_services.calendar import Alignment
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.ownership import owned_service
from services.billing.held_services.paid_time import Parent, alignment_of
from services.billing.held_services.proration import BySecond, proration
from services.billing.held_services.terms import (
    NOW,
    UNDO,
    ChargedTime,
    NothingToWithdraw,
    ServiceChange,
    check_wish,
)
from services.billing.invoices.commands import IssueInvoice, issue_invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.promotions.promotion import Promotion
from services.billing.provisioning.provisioning import Provisioning
from services.billing.rules.agreed import hold_brand
from services.billing.rules.policy import Policy, policy_for, terms_of
from services.billing.service_changes.following import RequestChange, request_change
from services.billing.service_changes.lines import change_lines
from services.billing.service_changes.reckoning import Moment, Reckoned, reckon
from services.billing.service_changes.wanted import (
    Sources,
    Wanted,
    check_fits_parent,
    effective_of,
    kind_of,
    terms_wanted,
)
from services.billing.service_endings.voiding import void_change, void_unpaid
from services.billing.why.because import because
from services.billing.why.codes import OF_CHANGE
from services.billing.why.why import Why
from shared.clock import local_date
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.store import Transaction


class ChangeUnderWay(Conflict):
    """The panel is at work on the change; it can no longer be taken back."""


@dataclass(frozen=True, kw_only=True)
class ChangeHeldService:
    """What the client wants of the service. `account_id` None: staff asks."""

    service_id: UUID
    account_id: UUID | None
    wanted: Wanted
    today: date
    expected_version: int | None = None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A change as it would be ordered, with the lines of its invoice, if it has one."""

    service: HeldService
    change: ServiceChange
    lines: list[InvoiceLine]
    why: Why
    due_on: date


async def preview_change(command: ChangeHeldService, tx: Transaction) -> Planned:
    """What the change costs and when it takes effect: what `order_change` does, not done.

    Refused as that would be.
    """
    await owned_service(command, tx)
    planned = await _plan(command, tx)
    service, policy = planned.service, await _policy(planned.service, tx)
    check_wish(
        planned.change,
        status=service.status,
        cancellation=service.cancellation,
        change=service.pending_change,
        unpaid={} if policy.rules.change_while_unpaid else service.unpaid,
    )
    return planned


async def order_change(command: ChangeHeldService, tx: Transaction) -> HeldService:
    """Ask for the change; its invoice is issued, or nothing is owed and the panel is asked at once.

    `RenewalUnpaid`, `ChangePending`, `CancellationPending`, `ServiceNotActive`, and what the
    catalogue and the rules refuse.
    """
    await hold_brand((await owned_service(command, tx)).brand, tx)
    await _give_way(command, tx)
    planned = await _plan(command, tx)
    service, change = planned.service, planned.change
    await _take_stock(service, change, today=command.today, tx=tx)
    service.request(change, why=planned.why)
    await tx.save(service)
    if change.invoice_id:
        await issue_invoice(_invoice(planned, command.today), tx)
    elif change.effective == NOW:
        await request_change(RequestChange(service_id=service.id, today=command.today), tx)
    return await tx.load(HeldService, service.id)


async def _give_way(command: ChangeHeldService, tx: Transaction) -> None:
    """Where the rules allow a change of an unpaid service, what is open is billed anew after it."""
    service = await owned_service(command, tx)
    if service.unpaid and (await _policy(service, tx)).rules.change_while_unpaid:
        await void_unpaid(service.id, today=command.today, reason="service_changed", tx=tx)


async def _take_stock(
    service: HeldService, change: ServiceChange, *, today: date, tx: Transaction
) -> None:
    """What the service needs more than it holds; what it holds no more is free when it changed."""
    held, new = service.terms, change.terms
    kept = held.quantity if new.product_id == held.product_id else 0
    if (count := new.quantity - kept) > 0:
        product = await tx.load(Product, new.product_id)
        await take(tx, [stock_take(product, today=today, count=count)])
        hold = HoldStock(service_id=service.id, product_id=product.id, count=count)
        await hold_stock(hold, tx)


async def _policy(service: HeldService, tx: Transaction) -> Policy:
    return await policy_for(
        tx, service.brand, product_id=service.terms.product_id, account_id=service.account_id
    )


async def _plan(command: ChangeHeldService, tx: Transaction) -> Planned:
    """The change with its price; whose service it is has been looked at."""
    service = await tx.load(HeldService, command.service_id)
    sources = await _sources(service, command, tx=tx)
    policy = await _policy(service, tx)
    new = terms_wanted(service.terms, command.wanted, sources=sources)
    kind = kind_of(service.terms, new, sources=sources)
    effective = effective_of(kind, service, new=new, wanted=command.wanted, rules=policy.rules)
    change = ServiceChange(
        id=new_id(),
        kind=kind,
        terms=new,
        effective=effective,
        requested_on=command.today,
        effective_on=command.today if effective == NOW else service.next_due_on or command.today,
    )
    return await _with_price(service, change, policy=policy, tx=tx)


async def _sources(service: HeldService, command: ChangeHeldService, *, tx: Transaction) -> Sources:
    held = await tx.load(Product, service.terms.product_id)
    wanted = await tx.load(Product, command.wanted.product_id or held.id)
    if wanted.brand != service.brand:
        raise NotFound()
    assert service.account_id, "a service belongs to an account"
    agreed = await terms_of(tx, service.account_id)
    sources = Sources(
        held=held,
        wanted=wanted,
        agreed=agreed,
        today=command.today,
        promotions=await _promotions_of(service, tx),
    )
    check_fits_parent(sources, await _parent_product(service, tx))
    return sources


async def _promotions_of(service: HeldService, tx: Transaction) -> Mapping[UUID, Promotion]:
    ids = {discount.promotion_id for discount in service.terms.discounts}
    return await tx.load_many(Promotion, sorted(ids)) if ids else {}


async def _parent_product(service: HeldService, tx: Transaction) -> Product | None:
    parent = await parent_of(service, tx)
    return await tx.load(Product, parent.terms.product_id) if parent else None


async def _with_price(
    service: HeldService, change: ServiceChange, *, policy: Policy, tx: Transaction
) -> Planned:
    why = because(tx, OF_CHANGE[change.kind], policy=policy, proration=policy.rules.proration)
    due_on = change.requested_on + timedelta(days=policy.rules.new_order_due_days)
    if change.effective != NOW:
        return Planned(service=service, change=change, lines=[], why=why, due_on=due_on)
    reckoned = await _reckon(service, change, policy=policy, tx=tx)
    assert service.account_id, "a service belongs to an account"
    language = (await contact_of(service.account_id, tx.read)).language
    lines = change_lines(service, change, reckoned=reckoned, language=language, why=why)
    priced = with_reckoning(change, reckoned, invoice_id=new_id())
    return Planned(service=service, change=priced, lines=lines, why=why, due_on=due_on)


async def _reckon(
    service: HeldService, change: ServiceChange, *, policy: Policy, tx: Transaction
) -> Reckoned:
    brand = await tx.load(Brand, Brand.id_of(service.brand))
    by = proration(policy.rules.proration, zone=brand.settings.time_zone)
    is_today = local_date(tx.now, brand.settings.time_zone) == change.requested_on
    at = tx.now if is_today and isinstance(by, BySecond) else None
    return reckon(
        service.charged,
        service.terms,
        new=change.terms,
        when=Moment(today=change.requested_on, by=by, at=at, grid=await _grid(service, policy, tx)),
    )


async def _grid(service: HeldService, policy: Policy, tx: Transaction) -> Alignment | Parent | None:
    """The days on which it falls due with what it belongs to, or with all of the brand."""
    parent = await parent_of(service, tx) if policy.rules.align_addons else None
    return due_with(parent) or alignment_of(policy.rules)


def with_reckoning(change: ServiceChange, reckoned: Reckoned, *, invoice_id: UUID) -> ServiceChange:
    """The change with what it costs; on an invoice if something is owed for it."""
    billed_on = invoice_id if reckoned.net_minor > 0 else None
    return replace(
        change,
        invoice_id=billed_on,
        credit_minor=reckoned.credit_minor,
        charge_minor=reckoned.charge_minor,
        terms=replace(change.terms, discounts=reckoned.discounts),
        charged=[_billed_on(each, billed_on) for each in reckoned.charged],
        next_due_on=reckoned.next_due_on,
        anchor_day=reckoned.anchor_day,
    )


def _billed_on(time: ChargedTime, invoice_id: UUID | None) -> ChargedTime:
    return time if time.invoice_id else replace(time, invoice_id=invoice_id)


def _invoice(planned: Planned, today: date) -> IssueInvoice:
    service, change = planned.service, planned.change
    assert service.account_id and change.invoice_id, "an account owes something for the change"
    return IssueInvoice(
        id=change.invoice_id,
        account_id=service.account_id,
        brand=service.brand,
        order_id=None,
        today=today,
        due_on=max(planned.due_on, today),
        currency=service.terms.currency,
        lines=planned.lines,
        is_exact=True,
    )


@dataclass(frozen=True, kw_only=True)
class WithdrawChange:
    """The change that is pending. `account_id` None: staff, or time is up."""

    service_id: UUID
    account_id: UUID | None
    today: date
    expected_version: int | None = None


async def withdraw_change(command: WithdrawChange, tx: Transaction) -> HeldService:
    """Take the change back, and its invoice. `NothingToWithdraw` if there is none.

    `ChangeUnderWay` once the panel was asked, `ChangeAlreadyBilled` once its period is invoiced,
    `InvoiceAlreadyPaid` and `PaymentAwaited` once it is, or may be, paid for.
    """
    service = await owned_service(command, tx)
    change = service.pending_change
    if change is None:
        raise NothingToWithdraw()
    if change.kind == UNDO:
        raise ChangeUnderWay()
    await _check_not_under_way(service.id, tx)
    if change.invoice_id:
        await void_change(service.id, change.invoice_id, today=command.today, tx=tx)
    service = await tx.load(HeldService, service.id)
    service.drop(change.id, why=because(tx, "change.withdrawn", change=change.id))
    await tx.save(service)
    return service


async def _check_not_under_way(service_id: UUID, tx: Transaction) -> None:
    provisioning = await tx.load(Provisioning, Provisioning.id_of(service_id))
    for request in (provisioning.in_flight, provisioning.planned):
        if request and request.action == "change_plan":
            raise ChangeUnderWay()
