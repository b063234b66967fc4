"""Receiving money: what it is for is settled, what that leaves over is the account's credit.

Money that came without an attempt of its amount (a part, too much, or paid once more) is a payment
of its own, started and received at once. Amounts in minor units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.credit.balances import balance_of
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.numbers import next_document_number, number_if_paid
from services.billing.payments.payables import Payable
from services.billing.payments.payment import Payment
from services.billing.top_ups.top_up import TopUp
from services.billing.why.because import because
from services.billing.why.codes import Code
from shared.store import Transaction

_RULES: Mapping[str, Code] = {
    "overpayment": "credit.overpayment",
    "invoice_cancelled": "credit.after_end",
    "top_up": "credit.top_up",
}


@dataclass(frozen=True, kw_only=True)
class UnaskedMoney:
    """It came the way of the payment that it is `like`; `id` is the new one's, and its reference
    at the gateway `reference`. It settles the `payables` in their order. It came `received_on`, we
    learn of it `today`."""

    id: UUID
    like: Payment
    payables: Sequence[Payable]
    amount_minor: int
    received_on: date
    today: date
    reference: str


async def receive_unasked(money: UnaskedMoney, tx: Transaction) -> int:
    """Book it: invoices take what is open of them, the rest is credit and is returned."""
    like = money.like
    payment = Payment.start(
        id=money.id,
        account_id=like.account_id,
        brand=like.brand,
        invoice_id=like.invoice_id,
        purpose=like.purpose,
        further_invoices=list(like.further_invoices),
        method=like.method,
        gateway=like.gateway,
        amount_minor=money.amount_minor,
        currency=like.currency,
        today=money.today,
    )
    return await receive_payment(payment, money, tx)


async def receive_payment(payment: Payment, money: UnaskedMoney, tx: Transaction) -> int:
    """Book a payment that is received as `money` says; what it is for is changed and saved."""
    brand = await tx.look_at(Brand, Brand.id_of(payment.brand))
    receipt = await next_document_number(tx, brand, series="receipt", today=money.today)
    payment.succeed(
        received_on=money.received_on, receipt_number=receipt, gateway_reference=money.reference
    )
    return await settle_in_turn(payment, money.payables, today=money.today, tx=tx)


async def settle_in_turn(
    payment: Payment, payables: Sequence[Payable], *, today: date, tx: Transaction
) -> int:
    """Each in its order, as far as the money reaches; what is left over is credit and returned.

    All of them are changed and saved, with the payment. A top-up is credit as a whole.
    """
    reason, rest_minor = _reason(payables), payment.amount_minor
    for each in payables:
        if not rest_minor:
            each.end_payment(payment.id)
            continue
        rest_minor = each.pay(payment_id=payment.id, amount_minor=rest_minor, today=today)
        if isinstance(each, Invoice):
            await number_if_paid(each, today=today, tx=tx)
    await tx.save(payment, *payables)
    if rest_minor:
        await _add_credit(payment, rest_minor, reason=reason, tx=tx)
    return rest_minor


def _reason(payables: Sequence[Payable]) -> str:
    if isinstance(payables[0], TopUp):
        return "top_up"
    is_void = all(each.settlement.is_cancelled for each in payables)
    return "invoice_cancelled" if is_void else "overpayment"


async def _add_credit(payment: Payment, amount_minor: int, *, reason: str, tx: Transaction) -> None:
    assert payment.account_id is not None, "a payment belongs to an account"
    credit = await balance_of(
        tx, payment.account_id, brand=payment.brand, currency=payment.currency
    )
    rule = _RULES[reason]
    is_top_up = reason == "top_up"
    why = because(tx, rule) if is_top_up else because(tx, rule, invoice=payment.invoice_id)
    credit.add(amount_minor=amount_minor, reason=reason, payment_id=payment.id, why=why)
    await tx.save(credit)
