"""Which attempts were there to pay, by what slip or code, and what became of each? Minor units."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from services.portal.browser.paging import Page
from services.portal.browser.rows import read_row
from services.portal.topics import (
    BRANDS,
    CREDIT,
    DAYS,
    FINDINGS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    SERVICES,
    Events,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    BoletoIssued,
    BoletoReissued,
    PaymentConfirmationWanted,
    PaymentDisputeClosed,
    PaymentDisputed,
    PaymentFailed,
    PaymentMethod,
    PaymentPending,
    PaymentReceived,
    PaymentRefunded,
    PaymentReversed,
    PaymentStarted,
    PixCodeIssued,
)
from shared.reads import Reader

TABLES = """
create table payment_list (
    payment_id uuid primary key,
    invoice_id uuid not null,
    account_id uuid not null,
    brand text not null,
    method text not null,
    amount_minor bigint not null,
    currency text not null,
    status text not null,
    started_at timestamptz not null,
    received_on date,
    receipt_number text,
    failure_reason text,
    purpose text not null,
    invoice_ids uuid[] not null,
    pix_code text,
    pix_expires_at timestamptz,
    boleto_id uuid,
    boleto_line text,
    boleto_due_on date,
    boleto_minor bigint,
    is_reissued boolean not null default false,
    wants_confirmation boolean not null default false
);
create index payment_list_invoices on payment_list using gin (invoice_ids);
create index payment_list_account on payment_list (account_id, started_at desc, payment_id desc);
"""
SHOWN_HERE = frozenset({"pix", "boleto"})
BEGUN_HERE = SHOWN_HERE | {"hosted_page"}
"""Kinds of ways to pay that begin at our pages; a transfer begins at the client's bank."""
HANDLES: Events = PAYMENTS | {
    BoletoIssued,
    BoletoReissued,
    PaymentConfirmationWanted,
    PixCodeIssued,
}


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to pay; `invoice_ids` is empty where it tops up the credit.

    `pix_code` and `boleto_line` are what the payer copies; a segunda via has another
    `boleto_due_on` and `boleto_minor` than the boleto had at first.
    """

    payment_id: UUID
    account_id: UUID
    brand: str
    purpose: str
    invoice_ids: list[UUID]
    method: str
    amount_minor: int
    currency: str
    status: str
    started_at: datetime
    received_on: date | None
    receipt_number: str | None
    failure_reason: str | None
    pix_code: str | None
    pix_expires_at: datetime | None
    boleto_id: UUID | None
    boleto_line: str | None
    boleto_due_on: date | None
    boleto_minor: int | None
    is_reissued: bool
    wants_confirmation: bool

    @property
    def id(self) -> UUID:
        """The attempt's id, as links name it."""
        return self.payment_id

    @property
    def is_open(self) -> bool:
        """Whether it waits for the payer, or for what the payer did to arrive."""
        return self.status in ("started", "pending")


def apply(envelope: Envelope, rows: Rows) -> None:
    """Follow each attempt; all of its events come in order from one source."""
    match envelope.event:
        case PaymentStarted() as e:
            _start(envelope, e, rows=rows)
        case PaymentPending(payment_id=payment_id):
            rows.update("payment_list", payment_id, status="pending")
        case PaymentReceived() as e:
            rows.update(
                "payment_list",
                e.payment_id,
                status="succeeded",
                amount_minor=e.amount_minor,
                received_on=e.received_on,
                receipt_number=e.receipt_number,
            )
        case PaymentReversed(payment_id=payment_id):
            rows.update("payment_list", payment_id, status="reversed")
        case PaymentFailed() as e:
            rows.update("payment_list", e.payment_id, status="failed", failure_reason=e.reason)
        case PaymentRefunded(payment_id=payment_id, is_whole=is_whole):
            status = "refunded" if is_whole else "refunded_in_part"
            rows.update("payment_list", payment_id, status=status)
        case PaymentDisputed(payment_id=payment_id):
            rows.update("payment_list", payment_id, status="disputed")
        case PaymentDisputeClosed(payment_id=payment_id, outcome=outcome):
            status = "succeeded" if outcome == "won" else "charged_back"
            rows.update("payment_list", payment_id, status=status)
        case _:
            _note_slip(envelope, rows)


def _start(envelope: Envelope, e: PaymentStarted, *, rows: Rows) -> None:
    is_top_up = e.purpose == "top_up"
    rows.insert(
        "payment_list",
        payment_id=e.payment_id,
        invoice_id=e.invoice_id,
        account_id=envelope.account,
        brand=envelope.brand,
        method=e.method,
        amount_minor=e.amount_minor,
        currency=e.currency,
        status="started",
        started_at=envelope.occurred_at,
        purpose=e.purpose,
        invoice_ids=[] if is_top_up else [e.invoice_id, *e.further_invoices],
    )


def _note_slip(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case PixCodeIssued() as e:
            rows.update(
                "payment_list",
                e.payment_id,
                pix_code=e.copy_and_paste,
                pix_expires_at=e.expires_at,
            )
        case BoletoIssued() as e:
            rows.update(
                "payment_list",
                e.payment_id,
                boleto_id=e.boleto_id,
                boleto_line=e.line,
                boleto_due_on=e.due_on,
                boleto_minor=e.amount_minor,
            )
        case BoletoReissued() as e:
            rows.update(
                "payment_list",
                e.payment_id,
                boleto_line=e.line,
                boleto_due_on=e.pay_by,
                boleto_minor=e.amount_minor,
                is_reissued=True,
            )
        case PaymentConfirmationWanted(payment_id=payment_id):
            rows.update("payment_list", payment_id, wants_confirmation=True)


def open_slip(last: Payment | None, methods: Sequence[PaymentMethod]) -> Payment | None:
    """The latest attempt if it is to be paid by a code or a slip that our own page shows."""
    shown = {method.id for method in methods if method.kind in SHOWN_HERE}
    return last if last and last.status == "started" and last.method in shown else None


async def payments_of(db: Reader, invoice_id: UUID) -> list[Payment]:
    """The attempts to pay the invoice, alone or with others, latest first."""
    records = await db.fetch(
        """select * from payment_list where invoice_ids @> array[$1::uuid]
           order by started_at desc, payment_id desc limit 50""",
        invoice_id,
    )
    return [read_row(Payment, record) for record in records]


async def top_ups_waiting(db: Reader, account_id: UUID, *, now: datetime) -> list[Payment]:
    """What would add to the account's credit, latest first: codes and slips that can be paid yet,
    and money that is on its way."""
    records = await db.fetch(
        """select * from payment_list where account_id = $1 and purpose = 'top_up'
              and (status = 'pending' or status = 'started'
                   and (pix_expires_at > $2 or boleto_line is not null))
           order by started_at desc, payment_id desc limit 20""",
        account_id,
        now,
    )
    return [read_row(Payment, record) for record in records]


async def payments_of_account(db: Reader, account_id: UUID, *, page: Page) -> list[Payment]:
    """All attempts of the account, latest first."""
    records = await db.fetch(
        """select * from payment_list where account_id = $1
              and ($3::uuid is null or (started_at, payment_id) <
                   (select a.started_at, a.payment_id from payment_list a
                    where a.payment_id = $3 and a.account_id = $1))
           order by started_at desc, payment_id desc limit $2""",
        account_id,
        page.limit,
        page.after,
    )
    return [read_row(Payment, record) for record in records]


async def payment_by_id(db: Reader, payment_id: UUID) -> Payment | None:
    """The attempt, unless the view has not seen it."""
    record = await db.fetchrow("select * from payment_list where payment_id = $1", payment_id)
    return read_row(Payment, record) if record else None


payment_list = View(
    name="payment_list",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=(BRANDS | DAYS | FINDINGS | PRODUCTS | ORDERS | SERVICES | INVOICES | NOTICES | CREDIT)
    - HANDLES,
)
