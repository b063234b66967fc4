"""Handing over to the collection by stored cards: invoices to collect, cards to speak of."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.billing.automation.handover import AutopayRequest, CardNotices
from services.billing.invoices.invoice import Invoice
from services.billing.rules.policy import policy_for
from services.billing.why.because import Fact, because
from services.billing.why.codes import Code
from services.billing.why.why import Why
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class AskAutopay:
    """An open invoice on the day of its collection, or `retry_days` after the first try."""

    invoice_id: UUID
    retry_days: int
    today: date


async def ask_autopay(command: AskAutopay, tx: Transaction) -> bool:
    """Have the invoice collected; once for each try, for ever. Not while a payment may arrive, and
    not what was charged back: the next charge is the payer's own.

    A payment page that is open is no hindrance: who collects closes it before.
    """
    invoice = await tx.load(Invoice, command.invoice_id)
    if not invoice.settlement.is_collectable:
        return False
    if not await tx.claim_once("autopay", f"{invoice.id}/{command.retry_days}"):
        return False
    policy = await policy_for(tx, invoice.brand, account_id=invoice.account_id)
    rule: Code = "autopay.retry" if command.retry_days else "autopay.due"
    facts: dict[str, Fact] = {"due_on": invoice.due_on, "retry_days": command.retry_days}
    why = because(tx, rule, policy=policy, **facts)
    await tx.save(_request(invoice, command, why=why))
    return True


@dataclass(frozen=True, kw_only=True)
class AskAutopayAtOnce:
    """An open invoice whose account has got `method_id` to pay with."""

    invoice_id: UUID
    method_id: UUID
    today: date


async def ask_autopay_at_once(command: AskAutopayAtOnce, tx: Transaction) -> bool:
    """Have the invoice collected if its day has come; once for each saved way to pay, for ever."""
    invoice = await tx.load(Invoice, command.invoice_id)
    if not invoice.settlement.is_collectable or invoice.unpaid_order_id:
        return False
    policy = await policy_for(tx, invoice.brand, account_id=invoice.account_id)
    if command.today < invoice.due_on - timedelta(days=policy.rules.autopay_days_before):
        return False
    if not await tx.claim_once("autopay", f"{invoice.id}/{command.method_id}"):
        return False
    why = because(tx, "autopay.new_method", policy=policy, due_on=invoice.due_on)
    await tx.save(_request(invoice, command, why=why))
    return True


def _request(
    invoice: Invoice, command: AskAutopay | AskAutopayAtOnce, *, why: Why
) -> AutopayRequest:
    assert invoice.account_id is not None, "an invoice belongs to an account"
    return AutopayRequest.ask(
        account_id=invoice.account_id,
        brand=invoice.brand,
        invoice_id=invoice.id,
        retry_days=command.retry_days if isinstance(command, AskAutopay) else 0,
        method_id=command.method_id if isinstance(command, AskAutopayAtOnce) else None,
        asked_on=command.today,
        open_minor=invoice.open_minor,
        currency=invoice.currency,
        why=why,
    )


@dataclass(frozen=True, kw_only=True)
class AskCardNotices:
    """The brand's date, on which it speaks of cards that expire in the month to come."""

    brand: str
    today: date


async def ask_card_notices(command: AskCardNotices, tx: Transaction) -> bool:
    """Have the holders told; once for each brand and month, for ever."""
    next_month = (command.today.replace(day=1) + timedelta(days=31)).replace(day=1)
    if not await tx.claim_once("card_notices", f"{command.brand}/{next_month}"):
        return False
    policy = await policy_for(tx, command.brand)
    why = because(tx, "card_notices.day_of_month", policy=policy)
    await tx.save(CardNotices.ask(brand=command.brand, expiring_from=next_month, why=why))
    return True
