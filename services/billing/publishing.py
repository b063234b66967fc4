"""What leaves the house: each domain event's public form, or None for what is our own business.

Only facts of the event and what never changes on its aggregate are told, so that an event published
together with later ones says the same.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from eventsourcing.domain import Aggregate

from services.billing.automation.business_calendar import BusinessCalendar
from services.billing.automation.handover import AutopayRequest, CardNotices
from services.billing.automation.published import of_handover
from services.billing.bank_transfers.bank_entry import BankEntry
from services.billing.bank_transfers.bank_statement import BankStatement
from services.billing.bank_transfers.known_payer import KnownPayer
from services.billing.bank_transfers.published import of_entry, of_payer, of_statement
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.published import of_boleto, of_pix
from services.billing.brands.brand import Brand, BrandSettings
from services.billing.carts.cart import Cart
from services.billing.carts.published import of_cart
from services.billing.catalogue.product import Product
from services.billing.catalogue.published import of_product
from services.billing.charges.billable_item import BillableItem
from services.billing.charges.published import of_item
from services.billing.credit.credit_balance import CreditBalance
from services.billing.credit.published import of_credit
from services.billing.credit_notes.credit_note import CreditNote
from services.billing.credit_notes.published import of_credit_note
from services.billing.drafts.draft import InvoiceDraft
from services.billing.drafts.published import of_draft
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.published import of_service
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.published import of_invoice
from services.billing.orders.order import Order
from services.billing.orders.published import of_order
from services.billing.payments.payment import Payment
from services.billing.payments.published import of_payment
from services.billing.pix.pix_charge import PixCharge
from services.billing.promotions.promotion import Promotion
from services.billing.promotions.promotion_use import PromotionUse
from services.billing.promotions.published import of_promotion, of_promotion_use
from services.billing.provisioning.provisioning import Provisioning
from services.billing.provisioning.published import of_provisioning
from services.billing.reconciliation.published import of_reconciliation
from services.billing.reconciliation.reconciliation import Reconciliation
from services.billing.refunds.published import of_refund
from services.billing.refunds.refund import Refund
from services.billing.rules.account_terms import AccountTerms
from services.billing.saved_methods.method_setup import MethodSetup
from services.billing.saved_methods.published import of_wallet
from services.billing.saved_methods.wallet import Wallet
from services.billing.staff_tasks.published import of_task
from services.billing.staff_tasks.staff_task import StaffTask
from services.billing.top_ups.top_up import TopUp
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def publish(event: DomainEvent, aggregate: Any) -> PublicEvent | None:
    """The public event that `event` of `aggregate` becomes."""
    kind = type(aggregate)
    assert kind in _PUBLIC, f"nobody said what {kind.__name__} publishes"
    return _PUBLIC[kind](event, aggregate)


def _of_brand(event: DomainEvent, _: Any) -> PublicEvent | None:
    match event:
        case Brand.Configured(settings=settings) | Brand.Reconfigured(settings=settings):
            return _brand_configured(settings)
        case BusinessCalendar.DayStarted(day=day):
            return billing.BusinessDayStarted(day=day)
        case _:
            return None


def _brand_configured(settings: BrandSettings) -> PublicEvent:
    return msgspec.convert(settings, billing.BrandConfigured, from_attributes=True)


def _of_handover(event: DomainEvent, _: Any) -> PublicEvent | None:
    return of_handover(event)


def _nothing(_: DomainEvent, __: Any) -> None:
    """It is our own business."""


_PUBLIC: dict[type[Aggregate], Callable[[DomainEvent, Any], PublicEvent | None]] = {
    Brand: _of_brand,
    BusinessCalendar: _of_brand,
    Product: of_product,
    Promotion: of_promotion,
    PromotionUse: of_promotion_use,
    Cart: of_cart,
    Order: of_order,
    HeldService: of_service,
    Provisioning: of_provisioning,
    Invoice: of_invoice,
    CreditNote: of_credit_note,
    InvoiceDraft: of_draft,
    BillableItem: of_item,
    Payment: of_payment,
    Boleto: of_boleto,
    PixCharge: of_pix,
    CreditBalance: of_credit,
    AutopayRequest: _of_handover,
    CardNotices: _of_handover,
    Refund: of_refund,
    AccountTerms: _nothing,
    Wallet: of_wallet,
    MethodSetup: _nothing,
    TopUp: _nothing,
    StaffTask: of_task,
    Reconciliation: of_reconciliation,
    BankStatement: of_statement,
    BankEntry: of_entry,
    KnownPayer: of_payer,
}
"""By class, found at once: every event of every command passes here."""
