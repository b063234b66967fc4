"""By which boletos and PIX codes can an account pay, and what became of them?"""

from services.billing.event_groups import (
    BRANDS,
    CREDIT,
    DAYS,
    INVOICES,
    NOTICES,
    ORDERS,
    PAYMENTS,
    PRODUCTS,
    PROVISIONING,
    SERVICES,
    Group,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import (
    BoletoCollected,
    BoletoEnded,
    BoletoIssued,
    BoletoReissued,
    PixCodeIssued,
)

TABLES = """
create table boleto (
    boleto_id uuid primary key,
    payment_id uuid not null,
    invoice_id uuid not null,
    account_id uuid not null,
    brand text not null,
    bank text not null,
    bank_account text not null,
    own_number text not null,
    barcode text not null,
    line text not null,
    amount_minor bigint not null,
    due_on date not null,
    payable_until date not null,
    issued_at timestamptz not null,
    status text not null default 'open',
    paid_minor bigint not null default 0,
    late_charges_minor bigint not null default 0
);
create index boleto_of_account on boleto (account_id, issued_at);
create index boleto_of_invoice on boleto (invoice_id);
create index boleto_open on boleto (payable_until) where status = 'open';
create table boleto_again (
    boleto_id uuid not null,
    pay_by date not null,
    barcode text not null,
    line text not null,
    amount_minor bigint not null,
    primary key (boleto_id, pay_by)
);
create table pix_code (
    payment_id uuid primary key,
    invoice_id uuid not null,
    account_id uuid not null,
    brand text not null,
    txid text not null,
    copy_and_paste text not null,
    amount_minor bigint not null,
    expires_at timestamptz not null
);
create index pix_code_of_invoice on pix_code (invoice_id);
"""

HANDLED: Group = frozenset(
    {BoletoIssued, BoletoReissued, BoletoCollected, BoletoEnded, PixCodeIssued}
)


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case BoletoIssued() as issued:
            _issued(issued, envelope, rows=rows)
        case BoletoReissued() as again:
            rows.insert(
                "boleto_again",
                boleto_id=again.boleto_id,
                pay_by=again.pay_by,
                barcode=again.barcode,
                line=again.line,
                amount_minor=again.amount_minor,
            )
        case BoletoCollected() as collected:
            rows.update(
                "boleto",
                collected.boleto_id,
                status="collected",
                paid_minor=collected.paid_minor,
                late_charges_minor=collected.late_charges_minor,
            )
        case BoletoEnded(boleto_id=boleto_id):
            rows.update("boleto", boleto_id, status="ended")
        case PixCodeIssued() as code:
            rows.insert(
                "pix_code",
                payment_id=code.payment_id,
                invoice_id=code.invoice_id,
                account_id=envelope.account_id,
                brand=envelope.brand,
                txid=code.txid,
                copy_and_paste=code.copy_and_paste,
                amount_minor=code.amount_minor,
                expires_at=code.expires_at,
            )


def _issued(issued: BoletoIssued, envelope: Envelope, *, rows: Rows) -> None:
    rows.insert(
        "boleto",
        boleto_id=issued.boleto_id,
        payment_id=issued.payment_id,
        invoice_id=issued.invoice_id,
        account_id=envelope.account_id,
        brand=envelope.brand,
        bank=issued.bank,
        bank_account=issued.bank_account,
        own_number=issued.own_number,
        barcode=issued.barcode,
        line=issued.line,
        amount_minor=issued.amount_minor,
        due_on=issued.due_on,
        payable_until=issued.payable_until,
        issued_at=envelope.occurred_at,
    )


boleto = View(
    name="boleto",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLED,
    ignored=(PAYMENTS - HANDLED)
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | NOTICES
    | ORDERS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
