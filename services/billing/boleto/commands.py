"""Issuing boletos, once more when they are late, and taking them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.boleto.agreements import collection_of, holidays_around, late_terms_of
from services.billing.boleto.bank_account import BankAccount
from services.billing.boleto.boleto import Boleto, BoletoNotPayable, last_day_to_pay
from services.billing.boleto.collection import boleto as barcode_of
from services.billing.boleto.late_payment import Duplicate, LateTerms
from services.billing.brands.brand import Brand
from services.billing.invoices.invoice import Invoice
from services.billing.payments.payables import Payable, check_any_open, numbers_of, payables_of
from services.billing.payments.payment import Payment
from services.billing.why.because import because
from shared.errors import Conflict, NotFound
from shared.store import Transaction

REAL = "BRL"
METHOD = "boleto"
NO_TERMS = LateTerms(fine_percent=Decimal(0), interest_percent_a_month=Decimal(0))
NUMBERS = "boleto"
"""Series of own numbers are called boleto/<what the bank counts within>."""


class OnlyInReais(Conflict):
    """Boletos and PIX are paid in reais; what is to be paid is in another currency."""


@dataclass(frozen=True, kw_only=True)
class IssueBoleto:
    """For an attempt to pay."""

    payment_id: UUID


async def issue_boleto(command: IssueBoleto, tx: Transaction) -> Boleto:
    """The boleto of the attempt, with the next own number of its bank account.

    Asked for again it is the same one. Errors: OnlyInReais, NotFound, and what `Settlement` says of
    an invoice that is not open any more.
    """
    payment = await tx.load(Payment, command.payment_id)
    if payment.gateway_reference:
        return await tx.load(Boleto, UUID(payment.gateway_reference))
    payables = await payables_of(payment, tx)
    check_any_open(payables)
    if payment.currency != REAL:
        raise OnlyInReais(currency=payment.currency)
    brand = await tx.look_at(Brand, Brand.id_of(payment.brand))
    account = brand.settings.bank_account_of(payment.method)
    boleto = await _numbered(account, payment, payables=payables, tx=tx)
    payment.mark("sent", str(boleto.id))
    await tx.save(boleto, payment)
    return boleto


async def _numbered(
    account: BankAccount, payment: Payment, *, payables: Sequence[Payable], tx: Transaction
) -> Boleto:
    """The number is drawn in the transaction that uses it: no gaps, and no number twice.

    Of several invoices the last due date counts: a fine on what is not due yet may not be asked.
    A top-up is no debt: to be late with it costs nothing.
    """
    today = await today_for(payment.brand, tx)
    count = await tx.next_number(f"{NUMBERS}/{account.numbered_by}")
    says = {
        "account_id": payment.account_id,
        "brand": payment.brand,
        "payment_id": payment.id,
        "invoice_id": payment.invoice_id,
        "purpose": payment.purpose,
        "terms": NO_TERMS if payment.purpose == "top_up" else late_terms_of(account),
        "document": numbers_of(payables),
        "amount_minor": payment.amount_minor,
        "due_on": account.due_on(_due_on(payables, today=today), today=today),
    }
    return _of_number(account, account.first_number + count - 1, today=today, says=says)


def _due_on(payables: Sequence[Payable], *, today: date) -> date:
    return max((each.due_on for each in payables if isinstance(each, Invoice)), default=today)


def _of_number(account: BankAccount, sequence: int, *, today: date, says: dict[str, Any]) -> Boleto:
    collection = collection_of(account, sequence)
    barcode = barcode_of(
        collection, sequence, due_on=says["due_on"], amount_minor=says["amount_minor"]
    )
    return Boleto.issue(
        numbered_by=account.numbered_by,
        own_number=collection.own_number(sequence),
        bank_account=account.id,
        sequence=sequence,
        barcode=barcode.digits,
        issued_on=today,
        payable_until=last_day_to_pay(says["due_on"], payable_days=account.payable_days),
        **says,
    )


@dataclass(frozen=True, kw_only=True)
class ReissueBoleto:
    """The client wants the segunda via; `pay_by` None is as soon as possible."""

    boleto_id: UUID
    account_id: UUID
    pay_by: date | None = None


async def reissue_boleto(command: ReissueBoleto, tx: Transaction) -> tuple[Boleto, Duplicate]:
    """The boleto once more, late with fine and interest up to `pay_by`; that day again, the same.

    Errors: NotFound, BoletoNotPayable.
    """
    boleto = await own_boleto(command.boleto_id, account_id=command.account_id, tx=tx)
    payment = await tx.load(Payment, boleto.payment_id)
    if not any(each.is_open for each in await payables_of(payment, tx)):
        raise BoletoNotPayable(status="settled")
    today = await today_for(boleto.brand, tx)
    pay_by = max(command.pay_by or boleto.due_on, today)
    why = None
    if boleto.purpose == "invoice":
        why = because(tx, "late_charges.boleto", invoice=boleto.invoice_id, due_on=boleto.due_on)
    holidays = holidays_around(pay_by)
    again = boleto.reissue(pay_by=pay_by, today=today, holidays=holidays, why=why)
    await tx.save(boleto)
    return boleto, again


async def own_boleto(boleto_id: UUID, *, account_id: UUID, tx: Transaction) -> Boleto:
    """The account's boleto of that id. Errors: NotFound."""
    boleto = await tx.load(Boleto, boleto_id)
    if boleto.account_id != account_id:
        raise NotFound()
    return boleto


@dataclass(frozen=True, kw_only=True)
class EndBoleto:
    """Nobody is to pay it any more: `reason` is withdrawn, rejected, written_off or expired."""

    boleto_id: UUID
    reason: str


async def end_boleto(command: EndBoleto, tx: Transaction) -> Boleto:
    """End it and its attempt, so that another way to pay can be chosen. Over already: nothing.

    Money that comes for it yet settles what is open then, and is credit beyond that.
    """
    boleto = await tx.load(Boleto, command.boleto_id)
    payment = await tx.load(Payment, boleto.payment_id)
    payables = await payables_of(payment, tx)
    boleto.end(command.reason, today=await today_for(boleto.brand, tx))
    if not payment.has_ended:
        payment.fail(f"boleto_{command.reason}")
        for each in payables:
            each.end_payment(payment.id)
    await tx.save(boleto, payment, *payables)
    return boleto
