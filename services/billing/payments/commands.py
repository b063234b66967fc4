"""Starting payments and booking the gateway's word about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.brands.brand import Brand, PaymentMethod
from services.billing.gateways.port import Reported
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.numbers import next_document_number
from services.billing.invoices.settlement import PaymentAlreadyOpen
from services.billing.payments.allocation import OpenInvoice, allocate, oldest_first
from services.billing.payments.handing_over import task_about
from services.billing.payments.mismatch import Mismatch, first_difference
from services.billing.payments.payables import (
    Payable,
    check_any_open,
    numbers_of,
    payables_of,
)
from services.billing.payments.payment import Payment
from services.billing.payments.receiving import settle_in_turn
from services.billing.saved_methods.keeping import heed_word
from services.billing.staff_tasks.commands import open_task
from shared.errors import Conflict, NotFound, Stale
from shared.ids import new_id
from shared.store import Transaction

ABANDONED = "abandoned"


class NothingToPay(Conflict):
    """No invoice of the account is open, or money for each is on its way."""


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
        return await _open_attempt(attempt.payment_id, [invoice.id], tx)
    payment_id, today = new_id(), await today_for(invoice.brand, tx)
    invoice.start_payment(payment_id=payment_id, method=method.id, today=today)
    payment = _attempt(invoice, command.account_id, method=method)
    await tx.save(payment, invoice)
    return payment


async def _open_attempt(payment_id: UUID, invoice_ids: Sequence[UUID], tx: Transaction) -> Payment:
    """The attempt if it is for these invoices alone; else `PaymentAlreadyOpen`."""
    payment = await tx.load(Payment, payment_id)
    if payment.invoice_ids != list(invoice_ids):
        raise PaymentAlreadyOpen(method=payment.method)
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
class StartCombinedPayment:
    """Several invoices at once. `invoice_ids` None: all that are open; else in the order given.

    All of them, and by default, the oldest first.
    """

    account_id: UUID
    brand: str
    invoice_ids: Sequence[UUID] | None
    method: str


MOST_INVOICES = 100


async def start_combined_payment(command: StartCombinedPayment, tx: Transaction) -> Payment:
    """One attempt over all that is open of them. The same again gives the open attempt.

    PaymentMethodNotOnline, NothingToPay, CurrenciesDiffer, InvoiceNamedTwice, PaymentAlreadyOpen,
    InvoiceAlreadyPaid.
    """
    invoices = await _chosen(command, tx)
    brand = await tx.look_at(Brand, Brand.id_of(command.brand))
    method = brand.online_method(command.method)
    first = invoices[0].settlement.attempt
    if first and first.method == method.id:
        return await _open_attempt(first.payment_id, [each.id for each in invoices], tx)
    today = await today_for(command.brand, tx)
    payment = _combined(command, invoices, method=method, today=today)
    for invoice in invoices:
        invoice.start_payment(payment_id=payment.id, method=method.id, today=today)
    await tx.save(payment, *invoices)
    return payment


_OPEN_OF_ACCOUNT = """
select invoice_id from invoice_open where account_id = $1 and brand = $2
order by due_on, invoice_id limit $3
"""


async def _chosen(command: StartCombinedPayment, tx: Transaction) -> list[Invoice]:
    ids = command.invoice_ids
    if ids is None:
        most = MOST_INVOICES
        rows = await tx.read.fetch(_OPEN_OF_ACCOUNT, command.account_id, command.brand, most)
        ids = [row["invoice_id"] for row in rows]
    invoices = [await tx.load(Invoice, id) for id in ids]
    if any(each.account_id != command.account_id for each in invoices):
        raise NotFound()
    if command.invoice_ids is None:
        invoices = _oldest_first([each for each in invoices if _is_free(each)])
    if not invoices:
        raise NothingToPay()
    currency = invoices[0].currency
    allocate(0, map(_open_invoice, invoices), currency=currency)  # may they be paid together?
    return invoices


def _is_free(invoice: Invoice) -> bool:
    return invoice.is_open and not invoice.settlement.is_payment_awaited


def _oldest_first(invoices: Sequence[Invoice]) -> list[Invoice]:
    by_id = {each.id: each for each in invoices}
    return [by_id[each.invoice_id] for each in oldest_first(map(_open_invoice, invoices))]


def _open_invoice(invoice: Invoice) -> OpenInvoice:
    return OpenInvoice(
        invoice_id=invoice.id,
        number=invoice.number,
        due_on=invoice.due_on,
        currency=invoice.currency,
        open_minor=invoice.open_minor,
    )


def _combined(
    command: StartCombinedPayment,
    invoices: Sequence[Invoice],
    *,
    method: PaymentMethod,
    today: date,
) -> Payment:
    return Payment.start(
        id=new_id(),
        account_id=command.account_id,
        brand=command.brand,
        invoice_id=invoices[0].id,
        further_invoices=[each.id for each in invoices[1:]],
        method=method.id,
        amount_minor=sum(each.open_minor for each in invoices),
        currency=invoices[0].currency,
        today=today,
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
    payables = await payables_of(payment, tx)
    check_any_open(payables)
    payment.request_page(command.return_path)
    await tx.save(payment)
    return WantedPage(payment=payment, invoice_number=numbers_of(payables))


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
    payables = await payables_of(payment, tx)
    reported = command.reported
    if mismatch := difference(payment, command):
        return await _kept_for_staff(payment, mismatch, tx=tx)
    await heed_word(payment, reported, tx)
    if reported.status != "succeeded":
        _take_word(payment, payables, reported=reported)
    elif not payment.is_paid:
        await _receive(payment, payables, reported=reported, tx=tx)
    await tx.save(payment, *payables)
    return payment


async def _kept_for_staff(payment: Payment, mismatch: Mismatch, *, tx: Transaction) -> Payment:
    payment.note_mismatch(mismatch)
    await open_task(task_about(payment, "payment_mismatch", **vars(mismatch)), tx)
    await tx.save(payment)
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


def _take_word(payment: Payment, payables: Sequence[Payable], *, reported: Reported) -> None:
    match reported.status:
        case "open":
            payment.mark("sent", reported.id)
        case "pending":
            payment.mark("pending", reported.id)
            for each in payables:
                each.hold_for_payment(payment.id)
        case _:
            payment.fail(reported.failure_code or reported.status)
            for each in payables:
                each.end_payment(payment.id)


async def _receive(
    payment: Payment, payables: Sequence[Payable], *, reported: Reported, tx: Transaction
) -> None:
    """Settle what it is for; what that does not take is the client's credit.

    It is booked today, though the money may have come on an earlier day.
    """
    brand = await tx.look_at(Brand, Brand.id_of(payment.brand))
    today = await today_for(payment.brand, tx)
    receipt = await next_document_number(tx, brand, series="receipt", today=today)
    received_on = min(reported.paid_on or today, today)
    payment.succeed(received_on=received_on, receipt_number=receipt, gateway_reference=reported.id)
    await settle_in_turn(payment, payables, today=today, tx=tx)


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
    payables = await payables_of(payment, tx)
    payment.fail(ABANDONED)
    for each in payables:
        each.end_payment(payment.id)
    await tx.save(payment, *payables)
