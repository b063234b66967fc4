"""Booking the money of a bank entry as payments, and taking them back when that was wrong."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

from services.billing.automation.today import today_of
from services.billing.bank_transfers.bank_entry import BankEntry
from services.billing.bank_transfers.shares import Share
from services.billing.brands.brand import Brand
from services.billing.credit.balances import balance_of
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.numbers import next_document_number, number_if_paid
from services.billing.payments.allocation import Allocation
from services.billing.payments.payment import Payment
from services.billing.payments.receiving import settle_in_turn
from services.billing.top_ups.by_transfer import note_credited
from services.billing.top_ups.top_up import TopUp
from services.billing.why.because import because
from shared.store import Transaction

BANK = "bank"
"""The gateway of money that our own bank tells of."""


def shares_of(
    entry: BankEntry,
    allocations: Sequence[Allocation],
    *,
    rest_minor: int,
    accounts: dict[UUID, UUID],
) -> list[Share]:
    """A payment for each invoice or top-up; the last one brings the rest as well.

    `accounts`: whose each is. The ids are of this allocation: asked for again, the same.
    """
    allocation_id = entry.next_allocation()
    last = len(allocations) - 1
    shares = []
    for place, each in enumerate(allocations):
        amount_minor = each.amount_minor + (rest_minor if place == last else 0)
        share = Share(
            account_id=accounts[each.invoice_id],
            invoice_id=each.invoice_id,
            payment_id=uuid5(allocation_id, str(each.invoice_id)),
            amount_minor=amount_minor,
            invoice_minor=amount_minor if each.purpose == "top_up" else each.amount_minor,
            purpose=each.purpose,
        )
        shares.append(share)
    return shares


async def receive_shares(entry: BankEntry, tx: Transaction) -> None:
    """Book what the entry was just allocated to: a payment for each share, received when the bank
    booked it."""
    brand = await tx.look_at(Brand, Brand.id_of(entry.brand))
    today = await today_of(brand, tx)
    for share in entry.shares:
        await _receive(share, entry, brand=brand, today=today, tx=tx)


async def _receive(
    share: Share, entry: BankEntry, *, brand: Brand, today: date, tx: Transaction
) -> None:
    payment = Payment.start(
        id=share.payment_id,
        account_id=share.account_id,
        brand=entry.brand,
        invoice_id=share.invoice_id,
        purpose=share.purpose,
        method=entry.method,
        amount_minor=share.amount_minor,
        currency=entry.currency,
        today=today,
        gateway=BANK,
    )
    receipt = await next_document_number(tx, brand, series="receipt", today=today)
    payment.succeed(
        received_on=min(entry.booked_on, today),
        receipt_number=receipt,
        gateway_reference=str(entry.id),
    )
    if share.purpose == "top_up":
        await _credit(payment, today=today, tx=tx)
    else:
        await _settle(payment, share=share, today=today, tx=tx)


async def _credit(payment: Payment, *, today: date, tx: Transaction) -> None:
    top_up = await tx.load(TopUp, payment.invoice_id)
    await settle_in_turn(payment, [top_up], today=today, tx=tx)
    await note_credited(top_up, await tx.begin(), today=today)


async def _settle(payment: Payment, *, share: Share, today: date, tx: Transaction) -> None:
    invoice = await tx.load(Invoice, share.invoice_id)
    left_minor = invoice.pay(payment_id=payment.id, amount_minor=share.invoice_minor, today=today)
    await number_if_paid(invoice, today=today, tx=tx)
    await tx.save(payment, invoice)
    if rest_minor := left_minor + share.amount_minor - share.invoice_minor:
        await _add_credit(payment, rest_minor, share=share, tx=tx)


async def _add_credit(payment: Payment, rest_minor: int, *, share: Share, tx: Transaction) -> None:
    credit = await balance_of(tx, share.account_id, brand=payment.brand, currency=payment.currency)
    why = because(tx, "credit.overpayment", invoice=share.invoice_id)
    credit.add(amount_minor=rest_minor, reason="overpayment", payment_id=payment.id, why=why)
    await tx.save(credit)
