"""What boletos and PIX codes tell the world."""

from typing import Any

import msgspec

from services.billing.boleto.barcode import read_boleto
from services.billing.boleto.boleto import Boleto
from services.billing.pix.pix_charge import PixCharge
from services.billing.why.why import Why
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent

REAL = "BRL"


def of_boleto(event: DomainEvent, boleto: Boleto) -> PublicEvent | None:
    """The public event of a boleto. What the bank says without money stays in the house."""
    ids: dict[str, Any] = {
        "boleto_id": boleto.id,
        "payment_id": boleto.payment_id,
        "invoice_id": boleto.invoice_id,
    }
    match event:
        case Boleto.Issued():
            return _issued(boleto, ids)
        case Boleto.Reissued() as again:
            return billing.BoletoReissued(
                **ids,
                pay_by=again.pay_by,
                barcode=again.barcode,
                line=read_boleto(again.barcode).line,
                amount_minor=boleto.amount_minor + again.fine_minor + again.interest_minor,
                fine_minor=again.fine_minor,
                interest_minor=again.interest_minor,
                currency=REAL,
                why=_why(again.why),
                purpose=boleto.purpose,
            )
        case Boleto.Collected(takings=takings, why=why):
            return billing.BoletoCollected(
                **ids,
                paid_minor=takings.paid_minor,
                late_charges_minor=takings.late_charges_minor,
                fee_minor=takings.fee_minor,
                currency=REAL,
                collected_on=takings.collected_on,
                why=_why(why),
            )
        case Boleto.Ended(reason=reason):
            return billing.BoletoEnded(**ids, reason=reason)
        case _:
            return None


def _issued(boleto: Boleto, ids: dict[str, Any]) -> PublicEvent:
    return billing.BoletoIssued(
        **ids,
        bank=boleto.barcode.bank,
        bank_account=boleto.bank_account,
        numbered_by=boleto.numbered_by,
        sequence=boleto.sequence,
        own_number=boleto.own_number,
        barcode=boleto.barcode_digits,
        line=boleto.barcode.line,
        amount_minor=boleto.amount_minor,
        currency=REAL,
        due_on=boleto.due_on,
        payable_until=boleto.payable_until,
        purpose=boleto.purpose,
    )


def _why(why: Why | None) -> billing.Why | None:
    return msgspec.convert(why, billing.Why, from_attributes=True) if why else None


def of_pix(event: DomainEvent, charge: PixCharge) -> PublicEvent | None:
    """The public event of a PIX code; what comes by it is told as a payment."""
    match event:
        case PixCharge.Opened(copy_and_paste=copy_and_paste):
            return billing.PixCodeIssued(
                payment_id=charge.payment_id,
                invoice_id=charge.invoice_id,
                txid=charge.txid,
                is_static=charge.is_static,
                copy_and_paste=copy_and_paste,
                amount_minor=charge.amount_minor,
                currency=REAL,
                expires_at=charge.expires_at,
                purpose=charge.purpose,
            )
        case _:
            return None
