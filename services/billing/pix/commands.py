"""PIX codes of attempts to pay: asking for one, keeping it, and what comes by it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from services.billing.automation.today import today_for
from services.billing.boleto.commands import REAL, OnlyInReais
from services.billing.brands.brand import Brand
from services.billing.payments.payables import check_any_open, payables_of
from services.billing.payments.payment import Payment
from services.billing.payments.receiving import UnaskedMoney, receive_unasked
from services.billing.pix.pix_charge import PixCharge
from services.billing.pix.txid import charge_txid, static_txid
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class RequestPix:
    """A code for an attempt, good from `now` on."""

    payment_id: UUID
    now: datetime


async def request_pix(command: RequestPix, tx: Transaction) -> PixCharge:
    """The attempt's code as it will be asked for; asked for again it is the same one.

    Errors: OnlyInReais, NotFound, and what `Settlement` says of an invoice that is not open.
    """
    if known := await tx.find(PixCharge, PixCharge.id_of(command.payment_id)):
        return known
    payment = await tx.load(Payment, command.payment_id)
    check_any_open(await payables_of(payment, tx))
    if payment.currency != REAL:
        raise OnlyInReais(currency=payment.currency)
    brand = await tx.look_at(Brand, Brand.id_of(payment.brand))
    charge = _requested(payment, brand, now=command.now)
    await tx.save(charge)
    return charge


def _requested(payment: Payment, brand: Brand, *, now: datetime) -> PixCharge:
    receiver = brand.settings.pix_receiver_of(payment.method)
    txid_of = static_txid if receiver.is_static else charge_txid
    return PixCharge.request(
        payment_id=payment.id,
        account_id=payment.account_id,
        brand=payment.brand,
        invoice_id=payment.invoice_id,
        purpose=payment.purpose,
        receiver=receiver.id,
        key=receiver.key,
        txid=txid_of(payment.id),
        is_static=receiver.is_static,
        amount_minor=payment.amount_minor,
        requested_at=now,
        expires_at=now + timedelta(minutes=receiver.expires_after_minutes),
    )


@dataclass(frozen=True, kw_only=True)
class OpenPix:
    """The text of the code."""

    payment_id: UUID
    copy_and_paste: str


async def open_pix(command: OpenPix, tx: Transaction) -> PixCharge:
    """Keep the text, and that the code can be paid. Kept before: nothing changes."""
    charge = await tx.load(PixCharge, PixCharge.id_of(command.payment_id))
    payment = await tx.load(Payment, command.payment_id)
    charge.open(command.copy_and_paste)
    payment.mark("sent", charge.txid)
    await tx.save(charge, payment)
    return charge


@dataclass(frozen=True, kw_only=True)
class TakePix:
    """A PIX that came by a code, as the PSP says when it was asked."""

    payment_id: UUID
    end_to_end_id: str
    amount_minor: int
    paid_on: date


async def take_pix(command: TakePix, tx: Transaction) -> bool:
    """Note a PIX; one that came once more by a paid code is booked, as credit, and True.

    The same PIX again changes nothing, nor does one of an attempt that is not booked: its amount
    was not what was asked, and people look at it.
    """
    charge = await tx.load(PixCharge, PixCharge.id_of(command.payment_id))
    payment = await tx.load(Payment, command.payment_id)
    if command.end_to_end_id in charge.received or not payment.is_paid:
        return False
    is_another = bool(charge.received)
    booked_by = uuid5(charge.id, command.end_to_end_id) if is_another else payment.id
    charge.receive(
        end_to_end_id=command.end_to_end_id, payment_id=booked_by, amount_minor=command.amount_minor
    )
    await tx.save(charge)
    if is_another:
        await receive_unasked(await _money(command, payment, id=booked_by, tx=tx), tx)
    return is_another


async def _money(command: TakePix, payment: Payment, *, id: UUID, tx: Transaction) -> UnaskedMoney:
    return UnaskedMoney(
        id=id,
        like=payment,
        payables=await payables_of(payment, tx),
        amount_minor=command.amount_minor,
        received_on=command.paid_on,
        today=await today_for(payment.brand, tx),
        reference=command.end_to_end_id,
    )


@dataclass(frozen=True, kw_only=True)
class EndPix:
    """The code is not to be paid any more: expired, or withdrawn."""

    payment_id: UUID
    reason: str


async def end_pix(command: EndPix, tx: Transaction) -> PixCharge:
    """End the code. Over already, or paid: nothing changes."""
    charge = await tx.load(PixCharge, PixCharge.id_of(command.payment_id))
    charge.end(command.reason)
    await tx.save(charge)
    return charge
