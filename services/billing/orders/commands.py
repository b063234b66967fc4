"""Placing an order, which begins services, renews others and issues one invoice over all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.carts.basis import Wanted, basis_for
from services.billing.carts.items import CartItem
from services.billing.carts.preview import preview_of
from services.billing.carts.quote import Basis, Quote, QuotedItem, quote
from services.billing.catalogue.allotments import take
from services.billing.catalogue.commands import HoldStock, hold_stock, stock_take
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.renewals import Bill, most_unpaid
from services.billing.invoices.commands import IssueInvoice, issue_invoice
from services.billing.invoices.lines import InvoiceLine
from services.billing.invoices.numbers import next_document_number
from services.billing.orders.items import OrderedItem
from services.billing.orders.order import Order
from services.billing.promotions.commands import UsePromotion, takes_of, use_promotion
from services.billing.provisioning.provisioning import Provisioning
from services.billing.rules.agreed import hold_brand
from shared.errors import Conflict
from shared.ids import new_id
from shared.store import Transaction


class QuoteChanged(Conflict):
    """What the order costs is no longer what was shown; look at it as it is now."""


@dataclass(frozen=True, kw_only=True)
class PlaceOrder:
    """What a client wants. What it costs is not the client's to say.

    `seen`: the fingerprint of the quote that the client agreed to; None: nothing was shown.
    `terms_accepted_at`: when the terms of service were accepted, if they were asked about.
    """

    id: UUID
    account_id: UUID
    brand: str
    items: Sequence[CartItem]
    promotion_code: str | None = None
    terms_accepted_at: datetime | None = None
    seen: str | None = None


async def place_order(command: PlaceOrder, tx: Transaction) -> Order:
    """The order, its pending services, its renewals and its one invoice, all or nothing.

    Refused as `quote` and `basis_for` refuse; `QuoteChanged` with the quote as it is now;
    `OutOfStock` and `PromotionUsedUp` where others were first.
    """
    await hold_brand(command.brand, tx)
    wanted = Wanted(
        account_id=command.account_id,
        brand=command.brand,
        items=command.items,
        promotion_code=command.promotion_code,
    )
    basis = await basis_for(wanted, tx)
    quoted = quote(command.items, basis)
    if command.seen not in {None, quoted.fingerprint}:
        raise QuoteChanged(preview=preview_of(quoted))
    await _take(command, quoted, basis=basis, tx=tx)
    return await _record(command, quoted, basis=basis, tx=tx)


async def _take(command: PlaceOrder, quoted: Quote, *, basis: Basis, tx: Transaction) -> None:
    """What there is only so much of, all at once and before any number is drawn."""
    takes = [
        stock_take(basis.products[product_id], today=basis.today, count=count)
        for product_id, count in quoted.units.items()
    ]
    if use := _use(command, quoted):
        takes += takes_of(use)
    await take(tx, takes)


def _use(command: PlaceOrder, quoted: Quote) -> UsePromotion | None:
    if quoted.promotion is None:
        return None
    return UsePromotion(
        promotion=quoted.promotion, account_id=command.account_id, order_id=command.id
    )


async def _record(command: PlaceOrder, quoted: Quote, *, basis: Basis, tx: Transaction) -> Order:
    brand = await tx.look_at(Brand, Brand.id_of(command.brand))
    number = await next_document_number(tx, brand, series="order", today=basis.today)
    order = _order(command, quoted, number=number)
    await tx.save(order)
    if use := _use(command, quoted):
        await use_promotion(use, tx)
    for each in quoted.items:
        if each.bill:
            await _renew(each, each.bill, order=order, basis=basis, tx=tx)
        else:
            await _begin(each, order, tx=tx)
    invoice = await issue_invoice(_invoice(order, quoted, today=basis.today), tx)
    assert invoice.totals == quoted.totals, "an invoice is what was shown before"
    return order


async def _begin(each: QuotedItem, order: Order, *, tx: Transaction) -> None:
    """The pending service of a new item, with its part of the stock."""
    service, item = _service(each, order), each.item
    await tx.save(service, _provisioning(service))
    hold = HoldStock(service_id=service.id, product_id=each.terms.product_id, count=item.quantity)
    await hold_stock(hold, tx)


async def _renew(
    each: QuotedItem, bill: Bill, *, order: Order, basis: Basis, tx: Transaction
) -> None:
    """Note the periods with the service. It owes nothing for them before they begin."""
    assert each.item.service_id, "a renewal names its service"
    service = await tx.load(HeldService, each.item.service_id)
    start = bill.periods[0].period.starts_on
    await tx.claim_once("renewal", f"{service.id}/{start}")
    service.invoice_renewal(
        invoice_id=order.invoice_id,
        period_end=bill.ends_on,
        due_on=max(start, basis.due_on),
        billed=bill.billed(order.invoice_id),
        most_unpaid=most_unpaid(basis.policies[service.terms.product_id].rules),
    )
    await tx.save(service)


def _order(command: PlaceOrder, quoted: Quote, *, number: str) -> Order:
    return Order.place(
        id=command.id,
        account_id=command.account_id,
        brand=command.brand,
        number=number,
        invoice_id=new_id(),
        items=[_ordered(each, quoted.currency) for each in quoted.items],
        promotion_id=quoted.promotion.id if quoted.promotion else None,
        terms_accepted_at=command.terms_accepted_at,
        totals=quoted.totals,
    )


def _ordered(each: QuotedItem, currency: str) -> OrderedItem:
    item, terms = each.item, each.terms
    return OrderedItem(
        product_id=terms.product_id,
        cycle=terms.cycle,
        domain=terms.domain,
        total_minor=each.net_minor,
        currency=currency,
        kind=item.kind,
        service_id=item.service_id or item.item_id,
        options=terms.options,
        quantity=terms.quantity,
        parent_id=terms.parent_id,
        periods=item.periods,
        recurring_minor=terms.recurring_minor,
        setup_minor=each.first.setup_minor if each.first else 0,
        discount_minor=each.discount_minor,
        catalogue_version=terms.catalogue_version,
    )


def _service(each: QuotedItem, order: Order) -> HeldService:
    return HeldService.order(
        id=each.item.item_id,
        account_id=order.account_id,
        brand=order.brand,
        order_id=order.id,
        terms=each.terms,
    )


def _provisioning(service: HeldService) -> Provisioning:
    return Provisioning.prepare(
        account_id=service.account_id,
        brand=service.brand,
        service_id=service.id,
        plan=service.terms.plan,
        domain=service.terms.domain,
        options=service.terms.panel_options,
    )


def _invoice(order: Order, quoted: Quote, *, today: date) -> IssueInvoice:
    assert order.account_id is not None, "an order belongs to an account"
    return IssueInvoice(
        id=order.invoice_id,
        account_id=order.account_id,
        brand=order.brand,
        order_id=order.id,
        today=today,
        due_on=quoted.due_on,
        currency=quoted.currency,
        lines=[_as_ordered(line, order.number) for line in quoted.lines],
    )


def _as_ordered(line: InvoiceLine, number: str) -> InvoiceLine:
    """The quoted line, which says by which order it is there."""
    assert line.why, "a quoted line says why"
    return replace(line, why=replace(line.why, facts={**line.why.facts, "order": number}))
