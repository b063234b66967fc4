"""Samples of what our bank tells, and of what it is told to whom."""

from datetime import date
from typing import Any
from uuid import UUID

from services.billing.bank_transfers.bank_entry import BankEntry
from services.billing.bank_transfers.bank_statement import BankStatement, StatementPart
from services.billing.bank_transfers.known_payer import KnownPayer
from services.billing.bank_transfers.shares import Reading, Share
from services.billing.brands.brand import PaymentMethod
from services.billing.payments.reversing import reverse_payment
from services.billing.reconciliation.reconciliation import Reconciliation
from services.billing.why.why import Why
from tests.billing.samples import ACCOUNT, INVOICE, PAYMENT, TODAY, succeeded_payment

ENTRY = UUID(int=501)
STATEMENT = UUID(int=502)


def payment_method(**changed: Any) -> PaymentMethod:
    says: dict[str, Any] = {
        "id": "transfer",
        "kind": "bank_transfer",
        "label": {"en": "Transfer"},
        "clearing_days": 1,
    }
    return PaymentMethod(**{**says, **changed})


def recorded_entry(**changed: Any) -> BankEntry:
    says: dict[str, Any] = {
        "id": ENTRY,
        "brand": "ponto",
        "statement_id": STATEMENT,
        "method": "transfer",
        "booked_on": TODAY,
        "value_on": TODAY,
        "amount_minor": 2990,
        "currency": "BRL",
        "is_credit": True,
        "is_reversal": False,
    }
    return BankEntry.record(**{**says, **changed})


def share(amount_minor: int = 2990) -> Share:
    return Share(
        account_id=ACCOUNT,
        invoice_id=INVOICE,
        payment_id=PAYMENT,
        amount_minor=amount_minor,
        invoice_minor=2990,
    )


def why() -> Why:
    return Why(rule="bank_entry.assigned")


def taken_in_statement(**changed: Any) -> BankStatement:
    part = StatementPart(
        method="transfer",
        number="5",
        currency="BRL",
        from_on=date(2026, 11, 1),
        to_on=TODAY,
        entries=2,
        passed_over=0,
        is_balanced=None,
    )
    says: dict[str, Any] = {
        "id": STATEMENT,
        "brand": "ponto",
        "format": "ofx",
        "parts": [part],
        "entries": 2,
        "new_entries": 1,
    }
    return BankStatement.take_in(**{**says, **changed})


def bank_histories() -> list[Any]:
    """Aggregates whose histories together have every event of bank transfers."""
    allocated, aside = recorded_entry(), recorded_entry()
    reading = Reading(account_ids=[ACCOUNT], invoice_ids=[INVOICE], score=40, reasons=["named"])
    allocated.suggest(["too_little_known"], [reading])
    allocated.allocate([share()], why())
    allocated.reopen("wrong client", why())
    aside.set_aside("ours", why())
    payer = KnownPayer.meet(
        account_id=ACCOUNT, brand="ponto", payer_account="1234", payer_name="ANA SOUZA"
    )
    payer.forget()
    payer.remember(payer_account="1234", payer_name="ANA SOUZA")
    reversed_payment = succeeded_payment()
    reverse_payment(reversed_payment, "payment_taken_back")
    compared = Reconciliation.ask(brand="ponto", gateway="sandbox", day=TODAY)
    compared.compare(totals=[], differences=0)
    return [taken_in_statement(), allocated, aside, payer, reversed_payment, compared]
