"""Money that came without an attempt of this amount: a part, too much, or paid once more.

Each is a payment of its own, started and received at once. Amounts in minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.credit.balances import balance_of
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.numbers import next_document_number, number_if_paid
from services.billing.payments.payment import Payment
from services.billing.why.because import because
from services.billing.why.codes import Code
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class UnaskedMoney:
    """It came the way of the payment that it is `like`; `id` is the new one's, and its reference
    at the gateway `reference`. It settles the `invoices` in their order. It came `received_on`, we
    learn of it `today`."""

    id: UUID
    like: Payment
    invoices: Sequence[Invoice]
    amount_minor: int
    received_on: date
    today: date
    reference: str


async def receive_unasked(money: UnaskedMoney, tx: Transaction) -> int:
    """Book it: the invoices take what is open of them, the rest is credit and is returned."""
    like = money.like
    payment = Payment.start(
        id=money.id,
        account_id=like.account_id,
        brand=like.brand,
        invoice_id=like.invoice_id,
        further_invoices=list(like.further_invoices),
        method=like.method,
        gateway=like.gateway,
        amount_minor=money.amount_minor,
        currency=like.currency,
        today=money.today,
    )
    return await receive_payment(payment, money, tx)


async def receive_payment(payment: Payment, money: UnaskedMoney, tx: Transaction) -> int:
    """Book a payment that is received as `money` says; the invoices are changed and saved."""
    invoices, today = money.invoices, money.today
    is_void = all(each.settlement.is_cancelled for each in invoices)
    reason = "invoice_cancelled" if is_void else "overpayment"
    brand = await tx.look_at(Brand, Brand.id_of(payment.brand))
    receipt = await next_document_number(tx, brand, series="receipt", today=today)
    payment.succeed(
        received_on=money.received_on, receipt_number=receipt, gateway_reference=money.reference
    )
    rest_minor = payment.amount_minor
    for each in invoices:
        if rest_minor:
            rest_minor = each.pay(payment_id=payment.id, amount_minor=rest_minor, today=today)
            await number_if_paid(each, today=today, tx=tx)
        else:
            each.end_payment(payment.id)
    await tx.save(payment, *invoices)
    if rest_minor:
        await _add_credit(payment, rest_minor, reason=reason, tx=tx)
    return rest_minor


async def _add_credit(payment: Payment, amount_minor: int, *, reason: str, tx: Transaction) -> None:
    assert payment.account_id is not None, "a payment belongs to an account"
    credit = await balance_of(
        tx, payment.account_id, brand=payment.brand, currency=payment.currency
    )
    rule: Code = "credit.overpayment" if reason == "overpayment" else "credit.after_end"
    why = because(tx, rule, invoice=payment.invoice_id)
    credit.add(amount_minor=amount_minor, reason=reason, payment_id=payment.id, why=why)
    await tx.save(credit)
