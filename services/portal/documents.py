"""Documents of the JSON API as PostgreSQL writes them: one query each, sent as it comes.

Their shapes are the models of services.portal.api; a test reads each document by its model.
"""

from datetime import datetime
from uuid import UUID

from services.portal.invoices.views import STATUS
from shared.errors import NotFound
from shared.reads import Reader

_INSTANT = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
"""An instant in UTC as RFC 3339 writes it."""

_ACCOUNT = f"""
select (select row_to_json(document) from (
    select a.account_id, a.number, a.language, a.name, a.email, a.phone, a.tax_id, a.address,
           a.city, a.state, a.postal_code, a.country,
           to_char(a.opened_at at time zone 'UTC', {_INSTANT}) as opened_at
) document)::text
from account_card a where a.account_id = $1
"""  # noqa: S608 (constants of this file)

_INVOICE = f"""
select (select row_to_json(document) from (
    select i.invoice_id, i.number, i.issued_on, i.due_on, i.currency, i.total_minor, i.open_minor,
           {STATUS} as status, i.paid_on,
           (select coalesce(json_agg(line), '[]') from jsonb_to_recordset(i.lines) as line (
                kind text, description text, net_minor bigint, service_id uuid,
                period_start date, period_end date)) as lines,
           i.billed_to_name, i.billed_to_address, i.billed_to_tax_id,
           i.total_minor - i.tax_minor as net_minor, i.tax_minor, i.taxes, i.notes, i.payee,
           i.prices_include_tax, i.is_pro_forma, i.credited_minor,
           (select coalesce(json_agg(attempt), '[]') from (
                select p.payment_id, p.method, p.amount_minor, p.currency, p.status,
                       to_char(p.started_at at time zone 'UTC', {_INSTANT}) as started_at,
                       p.received_on, p.receipt_number
                from payment_list p where p.invoice_ids @> array[i.invoice_id]
                order by p.started_at desc limit 50) attempt) as payments
) document)::text
from (select invoice.*, greatest(d.day, ($3::timestamptz at time zone b.time_zone)::date) as today
      from invoice_list invoice join brand b on b.slug = invoice.brand
      left join brand_day d on d.slug = b.slug
      where invoice.invoice_id = $1 and invoice.account_id = $2) i
"""  # noqa: S608

_TICKET = f"""
select (select row_to_json(document) from (
    select t.ticket_id, t.number, t.department, t.priority, t.service_id, t.subject, t.status,
           to_char(t.opened_at at time zone 'UTC', {_INSTANT}) as opened_at,
           to_char(t.updated_at at time zone 'UTC', {_INSTANT}) as updated_at,
           (select coalesce(json_agg(said), '[]') from (
                select m.side, m.author, m.message,
                       to_char(m.at at time zone 'UTC', {_INSTANT}) as at
                from ticket_thread m where m.ticket_id = t.ticket_id
                order by m.at, m.event_id limit 500) said) as messages
) document)::text
from ticket_list t where t.ticket_id = $1 and t.account_id = $2
"""  # noqa: S608


async def account_document(db: Reader, account_id: UUID) -> bytes:
    """The account's card. `NotFound` if the view has not seen it."""
    return _found(await db.fetchval(_ACCOUNT, account_id))


async def invoice_document(
    db: Reader, invoice_id: UUID, *, account_id: UUID, now: datetime
) -> bytes:
    """One invoice of the account, its status as of the brand's date. `NotFound` for any other."""
    return _found(await db.fetchval(_INVOICE, invoice_id, account_id, now))


async def ticket_document(db: Reader, ticket_id: UUID, *, account_id: UUID) -> bytes:
    """One ticket of the account with its thread. `NotFound` for any other."""
    return _found(await db.fetchval(_TICKET, ticket_id, account_id))


def _found(document: str | None) -> bytes:
    if document is None:
        raise NotFound()
    return document.encode()
