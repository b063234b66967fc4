"""Starting payments and booking the gateway's word about them."""

from dataclasses import dataclass
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.brands.brand import Brand, PaymentMethod
from services.billing.credit.balances import balance_of
from services.billing.gateways.port import Reported
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.numbers import next_document_number, number_if_paid
from services.billing.payments.handing_over import task_about
from services.billing.payments.mismatch import Mismatch, first_difference
from services.billing.payments.payment import Payment
from services.billing.staff_tasks.commands import open_task
from services.billing.why.because import because
from services.billing.why.codes import Code
from shared.errors import NotFound, Stale
from shared.ids import new_id
from shared.store import Transaction

ABANDONED = "abandoned"


@dataclass(frozen=True, kw_only=True)
class StartPayment:
    """A client's choice of how to pay. The amount is what is open, never what somebody says."""

    account_id: UUID
    invoice_id: UUID
    method: str


async def start_payment(command: StartPayment, tx: Transaction) -> Payment:
    """The one open attempt of the invoice: a second start by the same method gives the first."""
    invoice = await tx.load(Invoice, command.invoice_id)
    if invoice.account_id != command.account_id:
        raise NotFound()
    brand = await tx.look_at(Brand, Brand.id_of(invoice.brand))
    method = brand.online_method(command.method)
    attempt = invoice.settlement.attempt
    if attempt and attempt.method == method.id:
        return await tx.load(Payment, attempt.payment_id)
    payment_id, today = new_id(), await today_for(invoice.brand, tx)
    invoice.start_payment(payment_id=payment_id, method=method.id, today=today)
    payment = _attempt(invoice, command.account_id, method=method)
    await tx.save(payment, invoice)
    return payment


def _attempt(invoice: Invoice, account_id: UUID, *, method: PaymentMethod) -> Payment:
    attempt = invoice.settlement.attempt
    assert attempt is not None, "the invoice knows of the attempt first"
    return Payment.start(
        id=attempt.payment_id,
        account_id=account_id,
        brand=invoice.brand,
        invoice_id=invoice.id,
        method=method.id,
        amount_minor=invoice.open_minor,
        currency=invoice.currency,
        today=attempt.started_on,
        gateway=method.gateway,
    )


@dataclass(frozen=True, kw_only=True)
class RequestPage:
    """The client is on the way to the payment page and wants to come back to `return_path`."""

    payment_id: UUID
    account_id: UUID
    return_path: str


@dataclass(frozen=True, kw_only=True)
class WantedPage:
    """What the gateway is about to be asked; the same for every try of one payment."""

    payment: Payment
    invoice_number: str


async def request_page(command: RequestPage, tx: Transaction) -> WantedPage:
    """Record what the gateway will be asked. Refused when the attempt or the invoice is over."""
    payment = await tx.load(Payment, command.payment_id)
    if payment.account_id != command.account_id:
        raise NotFound()
    invoice = await tx.load(Invoice, payment.invoice_id)
    invoice.settlement.check_open()
    payment.request_page(command.return_path)
    await tx.save(payment)
    return WantedPage(payment=payment, invoice_number=invoice.number)


@dataclass(frozen=True, kw_only=True)
class RecordSent:
    """The gateway's own id of the attempt."""

    payment_id: UUID
    gateway_reference: str


async def record_sent(command: RecordSent, tx: Transaction) -> None:
    """The gateway has the attempt. Known already, or later news: nothing changes."""
    payment = await tx.load(Payment, command.payment_id)
    payment.mark("sent", command.gateway_reference)
    await tx.save(payment)


@dataclass(frozen=True, kw_only=True)
class RecordUnknown:
    """Why we cannot say whether the gateway has the attempt."""

    payment_id: UUID
    cause: str


async def record_unknown(command: RecordUnknown, tx: Transaction) -> None:
    """Never a failure: the gateway is asked again. Once its word is known nothing changes."""
    payment = await tx.load(Payment, command.payment_id)
    payment.mark_unknown(command.cause)
    await tx.save(payment)


@dataclass(frozen=True, kw_only=True)
class SettlePayment:
    """The gateway's answer to a question of ours; what a webhook says is never booked itself.

    `gateway` says so, by name; `merchant`: who we are there, where that is known.
    """

    payment_id: UUID
    reported: Reported
    merchant: str | None = None
    gateway: str | None = None


async def settle_payment(command: SettlePayment, tx: Transaction) -> Payment:
    """Book the gateway's word: received, pending, failed, or nothing where it differs from ours.

    The same word again changes nothing, and no word takes back money that was received. What
    another gateway says of it is about no payment of ours: `NotFound`.
    """
    payment = await tx.load(Payment, command.payment_id)
    if command.gateway not in {None, payment.gateway}:
        raise NotFound()
    invoice = await tx.load(Invoice, payment.invoice_id)
    reported = command.reported
    if mismatch := difference(payment, command):
        payment.note_mismatch(mismatch)
        await open_task(task_about(payment, "payment_mismatch", **vars(mismatch)), tx)
    elif reported.status != "succeeded":
        _take_word(payment, invoice, reported=reported)
    elif not payment.is_paid:
        await _receive(payment, invoice, reported=reported, tx=tx)
    await tx.save(payment, invoice)
    return payment


def difference(payment: Payment, command: SettlePayment) -> Mismatch | None:
    """In what the gateway's word differs from ours, or None."""
    said = command.reported
    merchant = command.merchant if said.merchant is not None else None
    return first_difference(
        ("reference", "amount_minor", "currency", "merchant"),
        (str(payment.id), str(payment.amount_minor), payment.currency, merchant or ""),
        theirs=(
            said.reference,
            str(said.amount_minor),
            said.currency,
            (said.merchant or "") if merchant else "",
        ),
    )


def _take_word(payment: Payment, invoice: Invoice, *, reported: Reported) -> None:
    match reported.status:
        case "open":
            payment.mark("sent", reported.id)
        case "pending":
            payment.mark("pending", reported.id)
            invoice.hold_for_payment(payment.id)
        case _:
            payment.fail(reported.failure_code or reported.status)
            invoice.end_payment(payment.id)


async def _receive(
    payment: Payment, invoice: Invoice, *, reported: Reported, tx: Transaction
) -> None:
    """Settle the invoice; what it does not take is the client's credit.

    It is booked today, though the money may have come on an earlier day.
    """
    brand = await tx.look_at(Brand, Brand.id_of(payment.brand))
    today = await today_for(payment.brand, tx)
    receipt = await next_document_number(tx, brand, series="receipt", today=today)
    reason = "invoice_cancelled" if invoice.settlement.is_cancelled else "overpayment"
    received_on = min(reported.paid_on or today, today)
    payment.succeed(received_on=received_on, receipt_number=receipt, gateway_reference=reported.id)
    rest_minor = invoice.pay(payment_id=payment.id, amount_minor=payment.amount_minor, today=today)
    await number_if_paid(invoice, today=today, tx=tx)
    await tx.save(payment, invoice)
    if rest_minor:
        await _add_credit(payment, rest_minor, reason=reason, tx=tx)


async def _add_credit(payment: Payment, amount_minor: int, *, reason: str, tx: Transaction) -> None:
    assert payment.account_id is not None, "a payment belongs to an account"
    credit = await balance_of(
        tx, payment.account_id, brand=payment.brand, currency=payment.currency
    )
    rule: Code = "credit.overpayment" if reason == "overpayment" else "credit.after_end"
    why = because(tx, rule, invoice=payment.invoice_id)
    credit.add(amount_minor=amount_minor, reason=reason, payment_id=payment.id, why=why)
    await tx.save(credit)


@dataclass(frozen=True, kw_only=True)
class AbandonPayment:
    """An attempt whose page was never opened at the gateway.

    `expected_version`: as it was when the gateway was found to know nothing of it.
    """

    payment_id: UUID
    expected_version: int | None = None


async def abandon_payment(command: AbandonPayment, tx: Transaction) -> None:
    """End it, so that another may start. Once it has ended nothing changes.

    `Stale` where something was asked for meanwhile: the gateway may know of it by now.
    """
    payment = await tx.load(Payment, command.payment_id)
    if payment.has_ended:
        return
    if command.expected_version not in (None, payment.version):
        raise Stale(version=payment.version)
    invoice = await tx.load(Invoice, payment.invoice_id)
    payment.fail(ABANDONED)
    invoice.end_payment(payment.id)
    await tx.save(payment, invoice)
