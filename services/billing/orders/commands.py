"""Placing an order, which opens a service and issues its first invoice, and giving it up."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.brands.brand import Brand
from services.billing.catalogue.allotments import take
from services.billing.catalogue.commands import HoldStock, hold_stock, stock_take
from services.billing.catalogue.paths import check_parent
from services.billing.catalogue.pricing import Pricing, price_for
from services.billing.catalogue.product import Price, Product
from services.billing.contacts.contact import contact_of
from services.billing.credit_notes.corrected import as_corrected
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.paid_time import FirstTime, alignment_of, first_time
from services.billing.held_services.proration import proration
from services.billing.held_services.terms import ChargedTime, ServiceTerms
from services.billing.invoices.commands import IssueInvoice, issue_invoice, release_credit
from services.billing.invoices.descriptions import Sold, describe_new, describe_setup
from services.billing.invoices.lines import InvoiceLine
from services.billing.invoices.numbers import next_document_number
from services.billing.orders.order import Order, OrderedItem
from services.billing.provisioning.provisioning import Provisioning
from services.billing.rules.policy import policy_for, policy_of, terms_of
from services.billing.why.because import because
from services.billing.why.codes import OF_ORDER_END
from services.billing.why.why import Why
from shared.errors import NotFound
from shared.ids import new_id
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class PlaceOrder:
    """What a client asks for. What it costs is not the client's to say."""

    account_id: UUID
    brand: str
    product_id: UUID
    cycle: str
    domain: str


async def place_order(command: PlaceOrder, tx: Transaction) -> Order:
    """The order, its pending service and its invoice, all or nothing."""
    brand = await tx.load(Brand, Brand.id_of(command.brand))
    product = await _product(command, tx)
    price = await _price(command, product, currency=brand.settings.currency, tx=tx)
    today = await today_for(command.brand, tx)
    number = await next_document_number(tx, brand, series="order", today=today)
    first = await _first_time(command, price, brand=brand, product=product, tx=tx)
    order = _order(command, price, number=number, first=first)
    await _hold(order, product, today=today, tx=tx)
    service = _service(order, product, price=price, first=first)
    await tx.save(order, service, _provisioning(service))
    lines = await _first_lines(service, price, order=order, tx=tx)
    due_on = today + timedelta(days=brand.settings.dunning.new_order_due_days)
    await issue_invoice(_first_invoice(order, lines, today=today, due_on=due_on), tx)
    return order


async def _product(command: PlaceOrder, tx: Transaction) -> Product:
    """What is sold by itself in the brand."""
    product = await tx.load(Product, command.product_id)
    if product.brand != command.brand:
        raise NotFound()
    check_parent(product.terms, None)
    return product


async def _hold(order: Order, product: Product, *, today: date, tx: Transaction) -> None:
    """The service's part of the stock."""
    await take(tx, [stock_take(product, today=today)])
    await hold_stock(HoldStock(service_id=order.service_id, product_id=product.id), tx)


async def _price(command: PlaceOrder, product: Product, *, currency: str, tx: Transaction) -> Price:
    """What it costs this account today."""
    today = await today_for(command.brand, tx)
    pricing = Pricing(cycle=command.cycle, currency=currency, today=today)
    return price_for(product, pricing, agreed=await terms_of(tx, command.account_id))


async def _first_time(
    command: PlaceOrder, price: Price, *, brand: Brand, product: Product, tx: Transaction
) -> FirstTime:
    """What the first invoice charges for, where the brand's services fall due on one day.

    Nothing where they do not: then it is a whole period, which begins when the service does.
    """
    policy = policy_of(brand, product=product, terms=await terms_of(tx, command.account_id))
    today = await today_for(command.brand, tx)
    alignment = alignment_of(policy.rules)
    if alignment is None:
        return FirstTime(charged=[], anchor_day=0)
    by = proration(policy.rules.proration, zone=brand.settings.time_zone)
    return first_time(
        command.cycle, today, price_minor=price.recurring_minor, grid=alignment, by=by
    )


def _order(command: PlaceOrder, price: Price, *, number: str, first: FirstTime) -> Order:
    return Order.place(
        id=new_id(),
        account_id=command.account_id,
        brand=command.brand,
        number=number,
        service_id=new_id(),
        invoice_id=new_id(),
        item=OrderedItem(
            product_id=command.product_id,
            cycle=command.cycle,
            domain=command.domain.lower(),
            total_minor=_first_minor(first.charged, price.recurring_minor) + price.setup_minor,
            currency=price.currency,
        ),
    )


def _first_minor(first: list[ChargedTime], recurring_minor: int) -> int:
    """What the first invoice asks for, without the set-up."""
    return sum(each.charged_minor for each in first) if first else recurring_minor


def _service(order: Order, product: Product, *, price: Price, first: FirstTime) -> HeldService:
    assert order.account_id is not None, "an order belongs to an account"
    return HeldService.order(
        id=order.service_id,
        account_id=order.account_id,
        brand=order.brand,
        order_id=order.id,
        terms=ServiceTerms(
            product_id=product.id,
            product_name=product.terms.name,
            plan=product.terms.plan,
            domain=order.item.domain,
            cycle=price.cycle,
            recurring_minor=price.recurring_minor,
            currency=price.currency,
            tax_category=product.terms.tax_category,
            first=first.charged,
            anchor_day=first.anchor_day,
        ),
    )


def _provisioning(service: HeldService) -> Provisioning:
    assert service.account_id is not None, "a service belongs to an account"
    return Provisioning.prepare(
        account_id=service.account_id,
        brand=service.brand,
        service_id=service.id,
        plan=service.terms.plan,
        domain=service.terms.domain,
        options=service.terms.panel_options,
    )


async def _first_lines(
    service: HeldService, price: Price, *, order: Order, tx: Transaction
) -> list[InvoiceLine]:
    """What was ordered, in the account's language."""
    assert order.account_id is not None, "an order belongs to an account"
    language = (await contact_of(order.account_id, tx.read)).language
    why = because(tx, "order.placed", order=order.number)
    return [replace(line, why=why) for line in _lines(service, price, language=language)]


def _lines(service: HeldService, price: Price, *, language: str) -> list[InvoiceLine]:
    """The first time, whose days may begin with the activation, and the set-up fee if any."""
    terms = service.terms
    sold = Sold(product_name=terms.product_name, domain=terms.domain, cycle=terms.cycle)
    new = InvoiceLine(
        kind="new",
        description=describe_new(sold, language),
        net_minor=_first_minor(terms.first, price.recurring_minor),
        service_id=service.id,
        period_start=terms.first[0].since if terms.first else None,
        period_end=terms.first[-1].period_end if terms.first else None,
        tax_category=terms.tax_category,
    )
    setup = InvoiceLine(
        kind="setup",
        description=describe_setup(sold, language),
        net_minor=price.setup_minor,
        service_id=service.id,
        tax_category=terms.tax_category,
    )
    return [new, setup] if price.setup_minor else [new]


def _first_invoice(
    order: Order, lines: list[InvoiceLine], *, today: date, due_on: date
) -> IssueInvoice:
    assert order.account_id is not None, "an order belongs to an account"
    return IssueInvoice(
        id=order.invoice_id,
        account_id=order.account_id,
        brand=order.brand,
        order_id=order.id,
        today=today,
        due_on=due_on,
        currency=order.item.currency,
        lines=lines,
    )


@dataclass(frozen=True, kw_only=True)
class CancelOrder:
    """`reason`: client, or unpaid when time is up. `account_id`: None for the automation."""

    order_id: UUID
    reason: str
    today: date
    account_id: UUID | None = None
    expected_version: int | None = None


async def cancel_order(command: CancelOrder, tx: Transaction) -> Order:
    """Make the order, its invoice and its service void. Refused once money has come or may come."""
    order = await tx.load(Order, command.order_id, expected_version=command.expected_version)
    if command.account_id not in {None, order.account_id}:
        raise NotFound()
    why = await _why_cancelled(order, command, tx=tx)
    order.cancel(today=command.today, reason=command.reason, why=why)
    invoice = await as_corrected(order.invoice_id, tx)
    uses = invoice.cancel(today=command.today, reason=f"order_{command.reason}", why=why)
    service = await tx.load(HeldService, order.service_id)
    service.cancel(today=command.today, reason=command.reason, why=why)
    await tx.save(order, invoice, service)
    await release_credit(invoice, uses, tx=tx)
    return order


async def _why_cancelled(order: Order, command: CancelOrder, *, tx: Transaction) -> Why:
    policy = await policy_for(tx, order.brand, account_id=order.account_id)
    rule = OF_ORDER_END.get(command.reason, "order.given_up")
    return because(tx, rule, policy=policy, days=policy.rules.unpaid_order_days)


async def expire_order(command: CancelOrder, tx: Transaction) -> Order | None:
    """The same when time is up. None: it was given up before, or money has come or may come.

    The gateway is asked just before, so that what the views say of the payment may be older. What
    staff has credited in part is staff's to end.
    """
    order = await tx.load(Order, command.order_id)
    settlement = (await as_corrected(order.invoice_id, tx)).settlement
    has_money = settlement.payments or settlement.is_payment_awaited or not settlement.open_minor
    if order.is_cancelled or has_money or settlement.credit_notes:
        return None
    return await cancel_order(command, tx)
