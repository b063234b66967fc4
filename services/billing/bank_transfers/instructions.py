"""How an invoice is paid by bank transfer: what, where to, under which reference."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.brands.brand import BANK_TRANSFER, Brand
from services.billing.invoices.invoice import Invoice
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class TransferWay:
    """One way to pay by transfer; `label` by language, `details` by name as the brand says them."""

    method: str
    label: dict[str, str]
    clearing_days: int
    details: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class TransferInstructions:
    """What is open of an invoice now, in minor units, and how to transfer it.

    `reference` is the number of the invoice: what the payer writes, the statement brings back.
    """

    invoice_id: UUID
    account_id: UUID
    brand: str
    reference: str
    amount_minor: int
    currency: str
    due_on: date
    ways: list[TransferWay]


async def transfer_instructions(invoice_id: UUID, tx: Transaction) -> TransferInstructions:
    """At once, whatever else is tried to pay the invoice. `NotFound`.

    A settled or void invoice asks for nothing: the amount is 0 and there is no way.
    """
    invoice = await tx.load(Invoice, invoice_id)
    assert invoice.account_id is not None, "an invoice belongs to an account"
    brand = await tx.look_at(Brand, Brand.id_of(invoice.brand))
    return TransferInstructions(
        invoice_id=invoice.id,
        account_id=invoice.account_id,
        brand=invoice.brand,
        reference=invoice.number,
        amount_minor=invoice.open_minor,
        currency=invoice.currency,
        due_on=invoice.due_on,
        ways=_ways(brand, invoice.currency) if invoice.is_open else [],
    )


def _ways(brand: Brand, currency: str) -> list[TransferWay]:
    """Those whose accounts take the currency; one that names no account takes any."""
    found = []
    for method in brand.settings.payment_methods:
        currencies = {account.currency for account in method.accounts}
        if method.kind == BANK_TRANSFER and (not currencies or currency in currencies):
            found.append(
                TransferWay(
                    method=method.id,
                    label=method.label,
                    clearing_days=method.clearing_days,
                    details=method.details,
                )
            )
    return found
