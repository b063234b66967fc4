"""Boletos and PIX codes: how an attempt to pay in Brazil can be paid. Amounts are centavos of BRL.

What is paid by them is told as any payment is.
"""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from shared.contracts.billing.why import Why
from shared.contracts.event import PublicEvent


class BoletoIssued(PublicEvent, frozen=True, kw_only=True):
    """A bank's slip for an attempt. `numbered_by` and `sequence`: within what, and which number.

    `line` is the linha digitável, `barcode` its 44 digits. The bank takes it `payable_until`.
    `purpose`: as in `PaymentStarted`; `invoice_id` is the top-up's where it is one.
    """

    boleto_id: UUID
    payment_id: UUID
    invoice_id: UUID
    bank: str
    bank_account: str
    numbered_by: str
    sequence: int
    own_number: str
    barcode: str
    line: str
    amount_minor: int
    currency: str
    due_on: date
    payable_until: date
    purpose: str = "invoice"


class BoletoReissued(PublicEvent, frozen=True, kw_only=True):
    """The segunda via of a late boleto: what is to be paid until `pay_by`, fine and interest in.

    `purpose`: as in `BoletoIssued`.
    """

    boleto_id: UUID
    payment_id: UUID
    invoice_id: UUID
    pay_by: date
    barcode: str
    line: str
    amount_minor: int
    fine_minor: int
    interest_minor: int
    currency: str
    why: Why | None = None
    purpose: str = "invoice"


class BoletoCollected(PublicEvent, frozen=True, kw_only=True):
    """A bank took `paid_minor` for it. What it paid of the invoice is told as a payment.

    `late_charges_minor` of it are fine and interest, the house's own; the bank kept `fee_minor`.
    """

    boleto_id: UUID
    payment_id: UUID
    invoice_id: UUID
    paid_minor: int
    late_charges_minor: int
    fee_minor: int
    currency: str
    collected_on: date
    why: Why | None = None


class BoletoEnded(PublicEvent, frozen=True, kw_only=True):
    """It is not to be paid any more: `reason` is withdrawn, rejected, written_off or expired."""

    boleto_id: UUID
    payment_id: UUID
    invoice_id: UUID
    reason: str


class PixCodeIssued(PublicEvent, frozen=True, kw_only=True):
    """A PIX code for an attempt: `copy_and_paste` is its text. `txid` names it at the PSP.

    A static code can be paid as often as it is scanned; a dynamic one once, until `expires_at`.
    `purpose`: as in `BoletoIssued`.
    """

    payment_id: UUID
    invoice_id: UUID
    txid: str
    is_static: bool
    copy_and_paste: str
    amount_minor: int
    currency: str
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]
    purpose: str = "invoice"
