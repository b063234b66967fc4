"""Bringing together what the paper of a boleto shows."""

from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.boleto.agreements import holidays_around
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.late_payment import duplicate
from services.billing.boleto.slip import Slip, slip_of
from services.billing.brands.brand import Brand
from services.billing.invoices.invoice import Invoice
from shared.errors import NotFound
from shared.store import Transaction


async def slip_to_print(boleto_id: UUID, tx: Transaction, *, pay_by: date | None = None) -> Slip:
    """The paper of a boleto, or of the segunda via that was issued for `pay_by`.

    Errors: NotFound, also for a day for which none was issued.
    """
    boleto = await tx.load(Boleto, boleto_id)
    if pay_by is not None and pay_by.isoformat() not in boleto.reissued:
        raise NotFound()
    invoice = await tx.load(Invoice, boleto.invoice_id)
    brand = await tx.look_at(Brand, Brand.id_of(boleto.brand))
    day = pay_by or boleto.due_on
    holidays = holidays_around(day)
    again = duplicate(
        boleto.barcode, due_on=boleto.due_on, pay_by=day, terms=boleto.terms, holidays=holidays
    )
    return slip_of(
        boleto,
        invoice,
        account=brand.settings.bank_account(boleto.bank_account),
        again=again,
        today=await today_for(boleto.brand, tx),
    )
