"""Aggregates and values in the states that the tests of billing start from."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.billing.automation.business_calendar import BusinessCalendar
from services.billing.boleto.barcode import Barcode
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.late_payment import LateTerms
from services.billing.brands.brand import (
    Brand,
    BrandSettings,
    Department,
    Dunning,
    PaymentMethod,
)
from services.billing.carts.cart import Cart
from services.billing.carts.items import CartItem
from services.billing.catalogue.product import (
    Option,
    OptionValue,
    Price,
    Product,
    ProductTerms,
)
from services.billing.charges.billable_item import BillableItem
from services.billing.credit.credit_balance import CreditBalance
from services.billing.credit_notes.credit_note import CreditNote
from services.billing.drafts.draft import DraftLine, InvoiceDraft
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import Cancellation, ServiceChange, ServiceTerms
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import CreditedLine, InvoiceDetails, InvoiceLine
from services.billing.orders.items import OrderedItem
from services.billing.orders.order import Order
from services.billing.payments.payment import Payment
from services.billing.pix.pix_charge import PixCharge
from services.billing.promotions.promotion import Promotion, PromotionTerms
from services.billing.promotions.promotion_use import PromotionUse
from services.billing.provisioning.provisioning import Provisioning
from services.billing.refunds.refund import Refund
from services.billing.rules.account_terms import AccountTerms, AgreedPrice
from services.billing.saved_methods.method_setup import MethodSetup
from services.billing.saved_methods.wallet import SavedMethod, Wallet
from services.billing.staff_tasks.staff_task import StaffTask
from services.billing.top_ups.top_up import TopUp

ACCOUNT, ORDER, SERVICE, INVOICE, PAYMENT, OTHER, REQUEST, NEXT = (
    UUID(int=number) for number in range(1, 9)
)
TODAY = date(2026, 11, 21)
DUE = date(2026, 12, 21)
PERIOD_END = date(2027, 1, 21)


def brand_settings(**changed: Any) -> BrandSettings:
    fields: dict[str, Any] = {
        "name": "Ponto Hospedagem",
        "hosts": ["ponto.localhost"],
        "languages": ["pt-BR", "en"],
        "default_language": "pt-BR",
        "time_zone": "America/Sao_Paulo",
        "currency": "BRL",
        "invoice_prefix": "PON",
        "sender_name": "Ponto",
        "sender_email": "ola@ponto.example",
        "accent_colour": "#0b7285",
        "payee": {"name": "Ponto Ltda"},
        "payment_methods": [
            PaymentMethod(
                id="boleto", kind="hosted_page", label={"pt-BR": "Boleto"}, clearing_days=2
            ),
            PaymentMethod(
                id="card", kind="hosted_page", label={"pt-BR": "Cartão"}, clearing_days=0
            ),
            PaymentMethod(
                id="transfer",
                kind="bank_transfer",
                label={"pt-BR": "Transferência"},
                clearing_days=1,
                details={"Banco": "001"},
            ),
        ],
        "departments": [
            Department(id="sales", name={"en": "Sales"}, description={"en": "Before you buy"})
        ],
        "dunning": Dunning(),
    }
    return BrandSettings(**{**fields, **changed})


def configured_brand() -> Brand:
    return Brand.configure(slug="ponto", settings=brand_settings())


def product_terms(**changed: Any) -> ProductTerms:
    fields: dict[str, Any] = {
        "slug": "start",
        "plan": "plan_start",
        "name": {"pt-BR": "Hospedagem Início", "en": "Start hosting"},
        "description": {"en": "One site"},
        "features": {"en": ["10 GB", "TLS"]},
        "prices": [
            Price(cycle="monthly", currency="BRL", recurring_minor=2990, setup_minor=1000),
            Price(cycle="annual", currency="BRL", recurring_minor=29900),
        ],
        "sort": 1,
    }
    return ProductTerms(**{**fields, **changed})


def published_product() -> Product:
    return Product.publish(brand="ponto", terms=product_terms())


def price(cycle: str, minor: int, *, currency: str = "BRL", setup_minor: int = 0) -> Price:
    return Price(cycle=cycle, currency=currency, recurring_minor=minor, setup_minor=setup_minor)


def memory_option() -> Option:
    """A choice: 1 GB is included, 4 GB costs more."""
    more = OptionValue(
        id="4gb",
        name={"en": "4 GB"},
        prices=[price("monthly", 900), price("annual", 9000, setup_minor=500)],
    )
    one = OptionValue(id="1gb", name={"en": "1 GB"})
    return Option(id="memory", kind="choice", name={"en": "Memory"}, values=[one, more])


def mailbox_option() -> Option:
    """A quantity from none to fifty."""
    prices = [price("monthly", 300, setup_minor=100), price("annual", 3000)]
    return Option(
        id="mailboxes", kind="quantity", name={"en": "Mailboxes"}, maximum=50, prices=prices
    )


def promotion_terms(**changed: Any) -> PromotionTerms:
    fields: dict[str, Any] = {
        "code": "WELCOME25",
        "kind": "percent",
        "label": {"en": "Welcome"},
        "rate_percent": Decimal(25),
        "periods": 3,
    }
    return PromotionTerms(**{**fields, **changed})


def published_promotion(**changed: Any) -> Promotion:
    return Promotion.publish(brand="ponto", terms=promotion_terms(**changed), origin="file")


def used_promotion() -> PromotionUse:
    return PromotionUse.use(
        account_id=ACCOUNT,
        brand="ponto",
        promotion_id=published_promotion().id,
        code="WELCOME25",
        order_id=ORDER,
    )


def ordered_item(**changed: Any) -> OrderedItem:
    fields: dict[str, Any] = {
        "product_id": OTHER,
        "cycle": "monthly",
        "domain": "ana.example",
        "total_minor": 3990,
        "currency": "BRL",
        "service_id": SERVICE,
    }
    return OrderedItem(**{**fields, **changed})


def placed_order(**changed: Any) -> Order:
    return Order.place(
        id=ORDER,
        account_id=ACCOUNT,
        brand="ponto",
        number="PON-O-2026-000001",
        invoice_id=INVOICE,
        items=[ordered_item(**changed)],
    )


def service_terms(**changed: Any) -> ServiceTerms:
    fields: dict[str, Any] = {
        "product_id": OTHER,
        "product_name": {"pt-BR": "Hospedagem Início"},
        "plan": "plan_start",
        "domain": "ana.example",
        "cycle": "monthly",
        "recurring_minor": 2990,
        "currency": "BRL",
    }
    return ServiceTerms(**{**fields, **changed})


def pending_service() -> HeldService:
    return HeldService.order(
        id=SERVICE, account_id=ACCOUNT, brand="ponto", order_id=ORDER, terms=service_terms()
    )


def active_service() -> HeldService:
    service = pending_service()
    service.activate(today=TODAY, next_due_on=DUE)
    return service


def billed_service() -> HeldService:
    service = active_service()
    service.invoice_renewal(invoice_id=INVOICE, period_end=PERIOD_END, due_on=DUE)
    return service


def suspended_service() -> HeldService:
    service = billed_service()
    service.suspend(reason="overdue", today=date(2026, 12, 26))
    return service


def cancellation(**changed: Any) -> Cancellation:
    fields: dict[str, Any] = {
        "id": OTHER,
        "at": "period_end",
        "ends_on": DUE,
        "reason": "too_expensive",
        "requested_by": "client",
    }
    return Cancellation(**{**fields, **changed})


def service_change(**changed: Any) -> ServiceChange:
    """To a dearer product, from the next period on."""
    fields: dict[str, Any] = {
        "id": OTHER,
        "kind": "upgrade",
        "terms": service_terms(plan="plan_pro", recurring_minor=4990),
        "effective": "period_end",
        "requested_on": TODAY,
        "effective_on": DUE,
    }
    return ServiceChange(**{**fields, **changed})


def new_line(net_minor: int = 2990) -> InvoiceLine:
    return InvoiceLine(kind="new", description="Início", net_minor=net_minor, service_id=SERVICE)


def issued_invoice(
    *lines: InvoiceLine, due_on: date = DUE, details: InvoiceDetails | None = None
) -> Invoice:
    return Invoice.issue(
        id=INVOICE,
        account_id=ACCOUNT,
        brand="ponto",
        number="PON-2026-000001",
        order_id=ORDER,
        issued_on=TODAY,
        due_on=due_on,
        currency="BRL",
        lines=list(lines) or [new_line()],
        billed_to=("Ana Souza", "Rua das Flores 12", "529.982.247-25"),
        details=details or InvoiceDetails(),
    )


def issued_credit_note(**changed: Any) -> CreditNote:
    line = CreditedLine(place=0, description="Início", amount_minor=990, net_minor=990)
    says: dict[str, Any] = {
        "id": OTHER,
        "account_id": ACCOUNT,
        "brand": "ponto",
        "number": "PON-C-2026-000001",
        "invoice_id": INVOICE,
        "invoice_number": "PON-2026-000001",
        "issued_on": TODAY,
        "currency": "BRL",
        "lines": [line],
        "taxes": [],
        "returned_minor": 0,
        "leaves_nothing": False,
        "reason": "Two days without service",
        "billed_to": ("Ana Souza", "Rua das Flores 12", "529.982.247-25"),
        "prices_include_tax": False,
        "payee": {},
        "corrected_by": None,
    }
    return CreditNote.issue(**{**says, **changed})


def draft_line(number: int = 1, net_minor: int = 5000) -> DraftLine:
    return DraftLine(line_id=UUID(int=number), description="Migration", net_minor=net_minor)


def open_draft(*lines: DraftLine, id: UUID = ORDER) -> InvoiceDraft:
    draft = InvoiceDraft.open(id=id, account_id=ACCOUNT, brand="ponto", currency="BRL")
    for line in lines:
        draft.add_line(line)
    return draft


def billable_item(**changed: Any) -> BillableItem:
    says: dict[str, Any] = {
        "id": OTHER,
        "account_id": ACCOUNT,
        "brand": "ponto",
        "description": "Restore",
        "net_minor": 9900,
        "currency": "BRL",
        "tax_category": "standard",
        "due": "next_invoice",
        "bill_on": None,
        "why": None,
    }
    return BillableItem.add(**{**says, **changed})


def open_task(**changed: Any) -> StaffTask:
    says: dict[str, Any] = {
        "account_id": None,
        "brand": "ponto",
        "kind": "reconciliation_difference",
        "key": "2026-11-21",
        "facts": {"currency": "BRL"},
    }
    return StaffTask.open(**{**says, **changed})


def invoice_with_attempt() -> Invoice:
    invoice = issued_invoice()
    invoice.start_payment(payment_id=PAYMENT, method="boleto", today=TODAY)
    return invoice


def held_invoice() -> Invoice:
    invoice = invoice_with_attempt()
    invoice.hold_for_payment(PAYMENT)
    return invoice


def paid_invoice() -> Invoice:
    invoice = invoice_with_attempt()
    invoice.pay(payment_id=PAYMENT, amount_minor=2990, today=TODAY)
    return invoice


def cancelled_invoice() -> Invoice:
    invoice = issued_invoice()
    invoice.cancel(today=TODAY, reason="order_client")
    return invoice


def started_payment() -> Payment:
    return Payment.start(
        id=PAYMENT,
        account_id=ACCOUNT,
        brand="ponto",
        invoice_id=INVOICE,
        method="boleto",
        amount_minor=2990,
        currency="BRL",
        today=TODAY,
    )


def issued_boleto(**changed: Any) -> Boleto:
    """Due on DUE, 2 % fine and 1 % a month after it."""
    barcode = Barcode.of(bank="237", due_on=DUE, amount_minor=2990, free_field="1" * 25)
    says: dict[str, Any] = {
        "account_id": ACCOUNT,
        "brand": "ponto",
        "payment_id": PAYMENT,
        "invoice_id": INVOICE,
        "document": "PON-2026-000001",
        "bank_account": "main",
        "numbered_by": "237-1234-123456-9",
        "sequence": 1,
        "own_number": "00000000001P",
        "barcode": barcode.digits,
        "amount_minor": 2990,
        "issued_on": TODAY,
        "due_on": DUE,
        "payable_until": DUE + timedelta(days=30),
        "terms": LateTerms(),
    }
    return Boleto.issue(**{**says, **changed})


def requested_pix(**changed: Any) -> PixCharge:
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    says: dict[str, Any] = {
        "payment_id": PAYMENT,
        "account_id": ACCOUNT,
        "brand": "ponto",
        "invoice_id": INVOICE,
        "receiver": "main",
        "key": "123e4567-e89b-12d3-a456-426614174000",
        "txid": PAYMENT.hex,
        "is_static": False,
        "amount_minor": 2990,
        "requested_at": at,
        "expires_at": at + timedelta(days=1),
    }
    return PixCharge.request(**{**says, **changed})


def sent_payment() -> Payment:
    payment = started_payment()
    payment.request_page("/invoices/1")
    payment.mark("sent", "chk_1")
    return payment


def failed_payment() -> Payment:
    payment = sent_payment()
    payment.fail("card_declined")
    return payment


def succeeded_payment() -> Payment:
    payment = sent_payment()
    payment.succeed(
        received_on=TODAY, receipt_number="PON-R-2026-000001", gateway_reference="chk_1"
    )
    return payment


def prepared_provisioning() -> Provisioning:
    return Provisioning.prepare(
        account_id=ACCOUNT,
        brand="ponto",
        service_id=SERVICE,
        plan="plan_start",
        domain="ana.example",
    )


def running_provisioning() -> Provisioning:
    provisioning = prepared_provisioning()
    provisioning.request(request_id=REQUEST, action="create")
    provisioning.confirm(request_id=REQUEST, next_request_id=NEXT)
    return provisioning


def provisioning_with(*actions: str) -> Provisioning:
    """Running, then each action requested; all but the last confirmed."""
    provisioning = running_provisioning()
    for number, action in enumerate(actions, start=100):
        if provisioning.in_flight:
            provisioning.confirm(
                request_id=provisioning.in_flight.id, next_request_id=UUID(int=1000 + number)
            )
        provisioning.request(request_id=UUID(int=number), action=action, reason="overdue")
    return provisioning


def empty_credit() -> CreditBalance:
    return CreditBalance.open(account_id=ACCOUNT, brand="ponto", currency="BRL")


def agreed_terms() -> AccountTerms:
    terms = AccountTerms.open(account_id=ACCOUNT, brand="ponto")
    terms.change_rules({"suspension_days": 30})
    price = AgreedPrice(cycle="monthly", currency="BRL", recurring_minor=990)
    terms.agree_prices(product_id=OTHER, prices=[price])
    return terms


def saved_card(number: int = 1, **changed: Any) -> SavedMethod:
    fields: dict[str, Any] = {
        "id": UUID(int=5000 + number),
        "method": "card",
        "gateway": "sandbox",
        "token": f"tok_{number}",
        "kind": "card",
        "card_brand": "visa",
        "last_four": f"{4240 + number}",
        "expires_on": date(2027, 1, 31),
        "fingerprint": "",
    }
    return SavedMethod(**{**fields, **changed})


def empty_wallet() -> Wallet:
    return Wallet.open(account_id=ACCOUNT, brand="ponto")


def wallet_with(*saved: SavedMethod) -> Wallet:
    wallet = empty_wallet()
    for each in saved:
        wallet.save(each, is_preferred=False, today=TODAY)
    return wallet


def wanted_top_up() -> TopUp:
    return TopUp.want(
        id=OTHER,
        account_id=ACCOUNT,
        brand="ponto",
        amount_minor=5000,
        currency="BRL",
        wanted_on=TODAY,
    )


def wanted_setup() -> MethodSetup:
    return MethodSetup.want(
        id=REQUEST,
        account_id=ACCOUNT,
        brand="ponto",
        method="card",
        gateway="sandbox",
        currency="BRL",
        return_path="/payment-methods",
        is_preferred=True,
        wanted_on=TODAY,
    )


def open_calendar() -> BusinessCalendar:
    return BusinessCalendar.open("ponto")


def cart_item(number: int = 1, **changed: Any) -> CartItem:
    fields: dict[str, Any] = {
        "item_id": UUID(int=number),
        "kind": "product",
        "product_id": OTHER,
        "cycle": "monthly",
        "domain": "ana.example",
    }
    return CartItem(**{**fields, **changed})


def renewal_item(number: int = 1, **changed: Any) -> CartItem:
    fields: dict[str, Any] = {"service_id": SERVICE, "periods": 1}
    return CartItem(item_id=UUID(int=number), kind="renewal", **{**fields, **changed})


def open_cart(*items: CartItem, account_id: UUID | None = ACCOUNT, id: UUID = REQUEST) -> Cart:
    cart = Cart.open(id=id, account_id=account_id, brand="ponto", today=TODAY)
    for item in items:
        cart.add(item, today=TODAY)
    return cart


def requested_refund(**changed: Any) -> Refund:
    says: dict[str, Any] = {
        "id": REQUEST,
        "account_id": ACCOUNT,
        "brand": "ponto",
        "payment_id": PAYMENT,
        "invoice_id": INVOICE,
        "amount_minor": 1000,
        "currency": "BRL",
        "way": "gateway",
        "reason": "Two days without service",
        "requested_on": TODAY,
        "requested_by": "user:1",
        "gateway": "sandbox",
        "payment_reference": "chk_1",
    }
    return Refund.request(**{**says, **changed})
