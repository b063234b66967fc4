"""What a payment is for: invoices, in the order in which it settles them, or a top-up."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.billing.invoices.invoice import Invoice
from services.billing.payments.payment import Payment, Purpose
from services.billing.top_ups.top_up import TopUp
from shared.store import Transaction

Payable = Invoice | TopUp


async def payables_of(payment: Payment, tx: Transaction) -> Sequence[Payable]:
    """What the payment is for, as of this transaction; at least one."""
    if payment.purpose == "top_up":
        return [await tx.load(TopUp, payment.invoice_id)]
    return [await tx.load(Invoice, id) for id in payment.invoice_ids]


async def payables_by_id(
    wanted: Iterable[tuple[UUID, Purpose]], tx: Transaction
) -> dict[UUID, Payable]:
    """Those of them that there are, as of this transaction."""
    ids = list(wanted)
    invoices = await tx.load_many(Invoice, [id for id, purpose in ids if purpose == "invoice"])
    top_ups = await tx.load_many(TopUp, [id for id, purpose in ids if purpose == "top_up"])
    return {**invoices, **top_ups}


def check_any_open(payables: Sequence[Payable]) -> None:
    """Raise what the first of them refuses unless something can still be paid."""
    if not any(each.is_open for each in payables):
        payables[0].settlement.check_open()


def numbers_of(payables: Sequence[Payable]) -> str:
    """What the payer reads on the gateway's page: the number, or the first and how many more."""
    first, *others = (each.number for each in payables)
    return f"{first} + {len(others)}" if others else first
