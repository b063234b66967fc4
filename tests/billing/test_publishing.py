"""What leaves the house: every domain event says what it becomes, or that it becomes nothing."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.domain import Aggregate, CanMutateAggregate

from services.billing.automation.business_calendar import BusinessCalendar
from services.billing.automation.handover import AutopayRequest, CardNotices
from services.billing.bank_transfers.bank_entry import BankEntry
from services.billing.bank_transfers.bank_statement import BankStatement
from services.billing.bank_transfers.known_payer import KnownPayer
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.boleto_events import Takings
from services.billing.brands.brand import Brand
from services.billing.carts.cart import Cart
from services.billing.catalogue.product import Product
from services.billing.charges.billable_item import BillableItem
from services.billing.credit.credit_balance import CreditBalance
from services.billing.credit_notes.credit_note import CreditNote
from services.billing.drafts.draft import InvoiceDraft
from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import Instead
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceDetails
from services.billing.invoices.reversals import take_payment_back
from services.billing.orders.order import Order
from services.billing.payments.mismatch import Mismatch
from services.billing.payments.payment import Payment
from services.billing.pix.pix_charge import PixCharge
from services.billing.promotions.promotion import Promotion
from services.billing.promotions.promotion_use import PromotionUse
from services.billing.provisioning.provisioning import Provisioning
from services.billing.publishing import publish
from services.billing.reconciliation.reconciliation import Reconciliation
from services.billing.refunds.refund import Refund
from services.billing.rules.account_terms import AccountTerms
from services.billing.saved_methods.method_setup import MethodSetup
from services.billing.saved_methods.wallet import Wallet
from services.billing.staff_tasks.staff_task import StaffTask
from services.billing.top_ups.top_up import TopUp
from services.billing.why.why import Why
from shared.contracts import events_of
from tests.billing.bank_samples import bank_histories
from tests.billing.samples import (
    ACCOUNT,
    DUE,
    INVOICE,
    NEXT,
    ORDER,
    OTHER,
    PAYMENT,
    PERIOD_END,
    REQUEST,
    SERVICE,
    TODAY,
    active_service,
    agreed_terms,
    billable_item,
    billed_service,
    brand_settings,
    cancellation,
    cart_item,
    configured_brand,
    draft_line,
    empty_credit,
    failed_payment,
    invoice_with_attempt,
    issued_boleto,
    issued_credit_note,
    issued_invoice,
    open_calendar,
    open_cart,
    open_draft,
    open_task,
    paid_invoice,
    pending_service,
    placed_order,
    prepared_provisioning,
    product_terms,
    promotion_terms,
    provisioning_with,
    published_product,
    published_promotion,
    requested_pix,
    requested_refund,
    saved_card,
    service_change,
    started_payment,
    suspended_service,
    used_promotion,
    wallet_with,
    wanted_setup,
    wanted_top_up,
)

BECOMES: dict[type[Any], str | None] = {
    Boleto.Issued: "BoletoIssued",
    Boleto.Reissued: "BoletoReissued",
    Boleto.Answered: None,
    Boleto.Collected: "BoletoCollected",
    Boleto.Ended: "BoletoEnded",
    PixCharge.Requested: None,
    PixCharge.Opened: "PixCodeIssued",
    PixCharge.Received: None,
    PixCharge.Ended: None,
    Brand.Configured: "BrandConfigured",
    Brand.Reconfigured: "BrandConfigured",
    Product.Published: "ProductPublished",
    Product.Revised: "ProductPublished",
    Product.RevisionPlanned: "ProductRevisionPlanned",
    Product.RevisionWithdrawn: "ProductRevisionWithdrawn",
    Product.Retired: "ProductRetired",
    Promotion.Published: "PromotionPublished",
    Promotion.Revised: "PromotionPublished",
    Promotion.Ended: "PromotionEnded",
    PromotionUse.Used: "PromotionUsed",
    PromotionUse.Released: "PromotionReleased",
    AutopayRequest.Asked: "AutopayDue",
    CardNotices.Asked: "CardNoticesDue",
    BusinessCalendar.Opened: None,
    BusinessCalendar.DayStarted: "BusinessDayStarted",
    Cart.Opened: "CartOpened",
    Cart.ItemAdded: "CartChanged",
    Cart.ItemChanged: "CartChanged",
    Cart.ItemRemoved: "CartChanged",
    Cart.PromotionEntered: "CartChanged",
    Cart.PromotionRemoved: "CartChanged",
    Cart.Adopted: "CartAdopted",
    Cart.CheckedOut: "CartCheckedOut",
    Cart.Expired: "CartExpired",
    Order.Placed: "OrderPlaced",
    Order.Cancelled: "OrderCancelled",
    HeldService.Ordered: "ServiceOrdered",
    HeldService.Activated: "ServiceActivated",
    HeldService.RenewalInvoiced: None,
    HeldService.RenewalDropped: None,
    HeldService.RenewalMoved: None,
    HeldService.Renewed: "ServiceRenewed",
    HeldService.CancellationRequested: "ServiceCancellationRequested",
    HeldService.CancellationWithdrawn: "ServiceCancellationWithdrawn",
    HeldService.ChangeScheduled: "ServiceChangeScheduled",
    HeldService.ChangeWithdrawn: "ServiceChangeWithdrawn",
    HeldService.Changed: "ServiceChanged",
    HeldService.Ended: "ServiceEnded",
    HeldService.SuspensionWarned: "SuspensionWarned",
    HeldService.Suspended: "ServiceSuspended",
    HeldService.Unsuspended: "ServiceUnsuspended",
    HeldService.Terminated: "ServiceTerminated",
    HeldService.Cancelled: "ServiceCancelled",
    Provisioning.Prepared: None,
    Provisioning.Requested: "ProvisioningRequested",
    Provisioning.Planned: None,
    Provisioning.PlanDropped: None,
    Provisioning.Confirmed: None,
    Provisioning.Refused: "ProvisioningFailed",
    Invoice.Issued: "InvoiceIssued",
    Invoice.Numbered: "InvoiceNumbered",
    Invoice.Settled: None,
    Invoice.WrittenOff: "InvoiceWrittenOff",
    Invoice.PaymentStarted: None,
    Invoice.PaymentHeld: None,
    Invoice.PaymentEnded: None,
    Invoice.PaymentAllocated: "PaymentAllocated",
    Invoice.Paid: "InvoicePaid",
    Invoice.Reopened: "InvoiceReopened",
    Invoice.Reminded: "PaymentReminderDue",
    Invoice.OverdueNoticed: "InvoiceOverdue",
    Invoice.LateFeeCharged: None,
    Invoice.Cancelled: "InvoiceCancelled",
    CreditNote.Issued: "CreditNoteIssued",
    InvoiceDraft.Opened: "DraftOpened",
    InvoiceDraft.LineAdded: "DraftChanged",
    InvoiceDraft.LineChanged: "DraftChanged",
    InvoiceDraft.LineRemoved: "DraftChanged",
    InvoiceDraft.Merged: "DraftChanged",
    InvoiceDraft.SplitOff: "DraftChanged",
    InvoiceDraft.Discarded: "DraftDiscarded",
    InvoiceDraft.Issued: "DraftIssued",
    BillableItem.Added: "BillableItemAdded",
    BillableItem.Invoiced: "BillableItemInvoiced",
    BillableItem.Withdrawn: "BillableItemWithdrawn",
    Payment.Started: "PaymentStarted",
    Payment.PageRequested: None,
    Payment.ChargeRequested: None,
    Payment.Sent: "PaymentSent",
    Payment.OutcomeUnknown: "PaymentOutcomeUnknown",
    Payment.MarkedPending: "PaymentPending",
    Payment.Succeeded: "PaymentReceived",
    Payment.Failed: "PaymentFailed",
    Payment.MismatchFound: "PaymentMismatchFound",
    Payment.RefundReserved: None,
    Payment.RefundReleased: None,
    Payment.Refunded: "PaymentRefunded",
    Payment.DisputeOpened: "PaymentDisputed",
    Payment.DisputeClosed: "PaymentDisputeClosed",
    Refund.Requested: "RefundRequested",
    Refund.Ordered: "RefundOrdered",
    Refund.Declined: "RefundDeclined",
    Refund.Done: "RefundDone",
    Refund.Failed: "RefundFailed",
    CreditBalance.Opened: None,
    CreditBalance.Added: "CreditAdded",
    CreditBalance.Given: "CreditGiven",
    CreditBalance.Applied: "CreditApplied",
    CreditBalance.Released: "CreditReleased",
    CreditBalance.Withdrawn: "CreditWithdrawn",
    AccountTerms.Opened: None,
    AccountTerms.RulesChanged: None,
    AccountTerms.PricesAgreed: None,
    Wallet.Opened: None,
    Wallet.MethodSaved: "PaymentMethodSaved",
    Wallet.MethodRemoved: "PaymentMethodRemoved",
    Wallet.DefaultChosen: "PaymentMethodPreferred",
    Wallet.AutopaySwitched: "AutopayChanged",
    Wallet.MethodDeclined: "PaymentMethodDeclined",
    Wallet.ConfirmationWanted: "PaymentConfirmationWanted",
    Wallet.ExpiryNoticed: "PaymentMethodExpiring",
    TopUp.Wanted: None,
    TopUp.PaymentStarted: None,
    TopUp.PaymentHeld: None,
    TopUp.PaymentEnded: None,
    TopUp.Credited: None,
    TopUp.PaymentTakenBack: None,
    MethodSetup.Wanted: None,
    MethodSetup.Opened: None,
    MethodSetup.Ended: None,
    StaffTask.Opened: "StaffTaskOpened",
    StaffTask.Done: "StaffTaskDone",
    Reconciliation.Asked: "ReconciliationAsked",
    Reconciliation.Compared: "DayReconciled",
    BankStatement.Imported: "BankStatementImported",
    BankEntry.Recorded: "BankEntryRecorded",
    BankEntry.Suggested: "BankEntrySuggested",
    BankEntry.Allocated: "BankEntryAllocated",
    BankEntry.SetAside: "BankEntrySetAside",
    BankEntry.Reopened: "BankEntryReopened",
    KnownPayer.Met: "PayerRemembered",
    KnownPayer.Remembered: "PayerRemembered",
    KnownPayer.Forgotten: "PayerForgotten",
    Payment.Reversed: "PaymentReversed",
    Invoice.PaymentTakenBack: "PaymentTakenBack",
}

AGGREGATES: tuple[type[Aggregate], ...] = (
    Brand,
    Product,
    Promotion,
    PromotionUse,
    BusinessCalendar,
    AutopayRequest,
    CardNotices,
    Cart,
    Order,
    HeldService,
    Provisioning,
    Invoice,
    CreditNote,
    InvoiceDraft,
    BillableItem,
    Payment,
    Refund,
    CreditBalance,
    AccountTerms,
    Wallet,
    MethodSetup,
    TopUp,
    StaffTask,
    Boleto,
    PixCharge,
    Reconciliation,
    BankStatement,
    BankEntry,
    KnownPayer,
)
LATE = DUE + timedelta(days=5)


def told() -> list[Aggregate]:
    """Aggregates whose histories together have every event."""
    brand, product, calendar, order = (
        configured_brand(),
        published_product(),
        open_calendar(),
        placed_order(),
    )
    brand.reconfigure(brand_settings(name="Ponto"))
    product.revise(product_terms(sort=2), today=TODAY)
    product.plan_revision(product_terms(sort=3), effective_on=DUE, today=TODAY)
    product.withdraw_revision(DUE)
    product.retire()
    calendar.start(TODAY)
    order.cancel(today=TODAY, reason="client")
    return [
        *(brand, product, calendar, order),
        *promotions(),
        *carts(),
        *services(),
        *provisionings(),
        *invoices(),
        *unbilled(),
        *money(),
        *handovers(),
        *bank_histories(),
        *saved_methods(),
        *by_boleto_and_pix(),
    ]


def handovers() -> list[Aggregate]:
    why = Why(rule="autopay.due")
    asked = AutopayRequest.ask(
        account_id=ACCOUNT,
        brand="ponto",
        invoice_id=INVOICE,
        retry_days=0,
        asked_on=DUE,
        open_minor=2990,
        currency="BRL",
        why=why,
    )
    first_of_month = DUE.replace(day=1)
    task = open_task()
    task.finish("seen")
    return [asked, CardNotices.ask(brand="ponto", expiring_from=first_of_month, why=why), task]


def saved_methods() -> list[Aggregate]:
    wallet, setup = wallet_with(saved_card(1), saved_card(2)), wanted_setup()
    wallet.choose_default(saved_card(2).id, today=TODAY)
    wallet.switch_autopay(to_on=False)
    wallet.decline(saved_card(1).id, payment_id=PAYMENT, reason="stolen_card", today=TODAY)
    wallet.want_confirmation(
        payment_id=PAYMENT, invoice_id=INVOICE, amount_minor=2990, currency="BRL"
    )
    wallet.notice_expiry(saved_card(2).id, Why(rule="card.expires"))
    wallet.remove(saved_card(1).id, today=TODAY)
    setup.mark_opened("seti_1")
    setup.end("saved")
    top_up = wanted_top_up()
    top_up.start_payment(payment_id=PAYMENT, method="card", today=TODAY)
    top_up.hold_for_payment(PAYMENT)
    top_up.pay(payment_id=PAYMENT, amount_minor=5000, today=TODAY)
    top_up.take_payment_back(PAYMENT, today=TODAY)
    return [wallet, setup, top_up]


def by_boleto_and_pix() -> list[Aggregate]:
    paid, ended = issued_boleto(), issued_boleto()
    paid.answer(fact="1", kind="registered", code="02", reasons=["00"], told_on=TODAY)
    paid.reissue(pay_by=LATE, today=LATE, holidays=())
    takings = Takings(
        fact="2",
        payment_id=PAYMENT,
        paid_minor=3060,
        late_charges_minor=70,
        fee_minor=210,
        collected_on=LATE,
    )
    paid.collect(takings, why=Why(rule="late_charges.boleto"))
    ended.end("withdrawn", today=TODAY)
    received, expired = requested_pix(), requested_pix()
    received.open("00020126")
    received.receive(end_to_end_id="E1", payment_id=PAYMENT, amount_minor=2990)
    expired.end("expired")
    return [paid, ended, received, expired]


def promotions() -> list[Aggregate]:
    promotion, use = published_promotion(), used_promotion()
    promotion.revise(promotion_terms(limit=9))
    promotion.end(today=TODAY, origin="staff")
    use.release()
    return [promotion, use]


def carts() -> list[Aggregate]:
    ordered, expired, guests = open_cart(cart_item()), open_cart(), open_cart(account_id=None)
    ordered.change(cart_item(quantity=2), today=TODAY)
    ordered.check_out(order_id=ORDER, today=TODAY)
    expired.add(cart_item(), today=TODAY)
    expired.remove(cart_item().item_id, today=TODAY)
    expired.enter_promotion("WELCOME", today=TODAY)
    expired.remove_promotion(today=TODAY)
    expired.expire(today=TODAY)
    guests.adopt(account_id=ACCOUNT, into_cart_id=NEXT, today=TODAY)
    return [ordered, expired, guests]


def services() -> list[Aggregate]:
    lifted, cancelled, dropped = suspended_service(), pending_service(), billed_service()
    cancelled.cancel(today=TODAY, reason="client")
    dropped.drop(INVOICE, instead=Instead(invoice_id=OTHER, due_on=LATE))
    dropped.drop(OTHER)
    warned = billed_service()
    warned.warn_of_suspension(
        invoice_id=INVOICE, invoice_number="1", today=DUE + timedelta(days=3), suspends_on=LATE
    )
    warned.renew(INVOICE, today=TODAY)
    lifted.unsuspend(LATE)
    ended = suspended_service()
    ended.terminate(LATE)
    undecided, changed = active_service(), active_service()
    undecided.request(cancellation())
    undecided.drop(OTHER)
    undecided.request(service_change())
    undecided.drop(OTHER)
    changed.request(service_change())
    changed.change(OTHER, today=DUE)
    changed.terminate(LATE, reason="cancellation")
    return [lifted, cancelled, dropped, warned, ended, undecided, changed]


def provisionings() -> list[Aggregate]:
    planned, refused = provisioning_with("suspend"), prepared_provisioning()
    planned.request(request_id=OTHER, action="unsuspend")
    planned.request(request_id=OTHER, action="suspend")
    refused.request(request_id=OTHER, action="create")
    refused.refuse(request_id=OTHER, reason="domain_taken", next_request_id=NEXT)
    return [planned, refused]


def invoices() -> list[Aggregate]:
    paid, cancelled = invoice_with_attempt(), issued_invoice()
    paid.hold_for_payment(PAYMENT)
    paid.pay(payment_id=PAYMENT, amount_minor=2990, today=TODAY)
    cancelled.give_notice(TODAY)
    cancelled.give_notice(LATE)
    cancelled.trigger_event(Invoice.LateFeeCharged, fee_invoice_id=OTHER)
    cancelled.apply_credit(application_id=OTHER, amount_minor=1, today=TODAY)
    cancelled.cancel(today=LATE, reason="service_ended")
    pro_forma, given_up = (
        issued_invoice(details=InvoiceDetails(is_pro_forma=True)),
        issued_invoice(),
    )
    pro_forma.pay(payment_id=PAYMENT, amount_minor=2990, today=TODAY)
    pro_forma.take_number(number="PON-2026-000002", today=TODAY)
    paid.reopen(payment_id=PAYMENT, amount_minor=2990, today=LATE)
    given_up.write_off("insolvent")
    undone = paid_invoice()
    take_payment_back(undone, PAYMENT, today=TODAY)
    return [paid, cancelled, pro_forma, given_up, undone]


def unbilled() -> list[Aggregate]:
    draft, other = open_draft(draft_line(1), draft_line(2)), open_draft(id=NEXT)
    draft.change_line(draft_line(1, net_minor=1))
    draft.remove_line(draft_line(2).line_id)
    draft.merge(other)
    split = draft.split(line_ids=[draft_line(1).line_id], into_id=REQUEST)
    split.issue(INVOICE)
    billed, withdrawn = billable_item(), billable_item()
    billed.invoice(INVOICE)
    withdrawn.withdraw("agreed")
    return [draft, other, split, billed, withdrawn, issued_credit_note()]


def money() -> list[Aggregate]:
    received, unknown, credit = failed_payment(), started_payment(), empty_credit()
    received.succeed(received_on=TODAY, receipt_number="R", gateway_reference="chk")
    received.refund(refund_id="re_1", amount_minor=1000, refunded_on=TODAY)
    received.reserve_refund(refund_id="re_2", amount_minor=1)
    received.release_refund("re_2")
    for outcome in ("open", "won"):
        received.dispute(
            dispute_id="dp_1",
            outcome=outcome,
            amount_minor=1990,
            reason="fraudulent",
            day=TODAY,
        )
    unknown.request_charge(token="tok_1", customer="cus_1", return_path="/")
    unknown.mark_unknown("timeout")
    unknown.mark("pending", "chk")
    unknown.note_mismatch(Mismatch(field="currency", expected="BRL", found="USD"))
    done, failed, declined = (requested_refund() for _ in range(3))
    for refund in (done, failed):
        refund.order(approved_by="user:2", withdrawn_minor=1000)
    done.finish(gateway_reference="re_1", refunded_on=TODAY)
    failed.fail("expired_card")
    declined.decline(declined_by="user:2", reason="too late")
    credit.add(amount_minor=1, reason="overpayment", payment_id=PAYMENT)
    credit.give(amount_minor=9, source="staff", reference_id=OTHER, reason="sorry")
    credit.apply(application_id=NEXT, invoice_id=INVOICE, amount_minor=4)
    credit.release(application_id=NEXT, invoice_id=INVOICE)
    credit.withdraw(withdrawal_id=NEXT, amount_minor=2, reason="paid_out")
    return [received, unknown, done, failed, declined, credit, agreed_terms()]


HISTORIES = told()


def declared(aggregate: type[Aggregate]) -> set[type[Any]]:
    inherited = {"Event", "Created"}
    return {
        value
        for name, value in vars(aggregate).items()
        if isinstance(value, type)
        and issubclass(value, CanMutateAggregate)
        and name not in inherited
    }


def test_every_domain_event_says_what_it_becomes() -> None:
    assert set(BECOMES) == {event for aggregate in AGGREGATES for event in declared(aggregate)}


def test_the_histories_under_test_have_every_event() -> None:
    assert {type(e) for aggregate in HISTORIES for e in aggregate.pending_events} == set(BECOMES)


@pytest.mark.parametrize("aggregate", HISTORIES, ids=lambda each: type(each).__name__)
def test_each_event_becomes_what_is_said(aggregate: Aggregate) -> None:
    for event in aggregate.pending_events:
        public = publish(event, aggregate)
        expected = BECOMES[type(event)]
        assert (type(public).__name__ if public else None) == expected


def test_every_public_event_of_billing_is_published_by_something() -> None:
    names = {cls.__name__ for cls in events_of("billing")}
    assert names == {name for name in BECOMES.values() if name} | {"ServiceTransferred"}


def test_a_service_that_another_account_holds_now_says_as_what() -> None:
    service = active_service()
    service.terminate(LATE, reason="transfer", successor_id=NEXT)
    public: Any = publish(service.pending_events[-1], service)
    assert (type(public).__name__, public.successor_id) == ("ServiceTransferred", NEXT)


def test_what_is_published_of_an_invoice_is_the_whole_invoice() -> None:
    invoice = issued_invoice()
    public: Any = publish(invoice.pending_events[0], invoice)
    assert (public.number, public.total_minor, public.lines[0].description) == (
        "PON-2026-000001",
        2990,
        "Início",
    )
    assert (public.billed_to_name, public.due_on) == ("Ana Souza", DUE)


def test_what_is_told_of_an_order_is_all_of_it_and_its_first_item_by_itself() -> None:
    order = placed_order()
    placed: Any = publish(order.pending_events[0], order)
    assert [(item.service_id, item.total_minor) for item in placed.items] == [(SERVICE, 3990)]
    assert (placed.service_id, placed.product_id, placed.domain) == (SERVICE, OTHER, "ana.example")
    order.cancel(today=TODAY, reason="client")
    cancelled: Any = publish(order.pending_events[1], order)
    assert (cancelled.service_id, cancelled.service_ids) == (SERVICE, [SERVICE])


def test_a_renewed_service_says_which_period_follows() -> None:
    service = billed_service()
    service.renew(INVOICE, today=TODAY)
    public: Any = publish(service.pending_events[-1], service)
    assert (public.period_start, public.next_due_on) == (DUE, PERIOD_END)


def test_nothing_is_published_of_what_nobody_spoke_of() -> None:
    with pytest.raises(AssertionError):
        publish(issued_invoice().pending_events[0], UUID(int=1))
