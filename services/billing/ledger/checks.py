"""What the books must prove at any time; run by verification."""

from shared.database import Connection
from shared.verify import Check, Finding


async def ledger_sums_zero(db: Connection) -> list[Finding]:
    """Per currency the whole ledger sums to zero, per event each, and nothing lies unallocated."""
    rows = await db.fetch(
        """select 'currency' as what, currency as which, sum(amount_minor)::text as sum_minor
               from ledger_posting group by 2 having sum(amount_minor) <> 0
           union all
           select 'event', event_id::text, sum(amount_minor)::text
               from ledger_posting group by 2 having sum(amount_minor) <> 0
           union all
           select 'unallocated', account_id::text, sum(amount_minor)::text
               from ledger_posting where ledger_account = 'unallocated'
               group by account_id, currency having sum(amount_minor) <> 0"""
    )
    return [{"check": "ledger_sums_zero", **row} for row in rows]


async def receivables_equal_open_invoices(db: Connection) -> list[Finding]:
    """What the ledger says is owed for an invoice is what is open of it.

    Nothing for a pro forma; what was paid of it in parts is prepaid.
    """
    rows = await db.fetch(
        """with booked as (
               select invoice_id,
                      coalesce(sum(amount_minor) filter (where ledger_account = 'receivable'), 0)
                          as owed_minor,
                      coalesce(-sum(amount_minor) filter (where ledger_account = 'prepayment'), 0)
                          as prepaid_minor
               from ledger_posting where ledger_account in ('receivable', 'prepayment') group by 1
           ), said as (
               select invoice_id, number, open_minor,
                      case when is_booked then open_minor else 0 end as owed_minor,
                      case when is_booked or status = 'cancelled' then 0
                           else paid_minor + credit_minor end as prepaid_minor
               from invoice_list)
           select coalesce(s.number, b.invoice_id::text) as invoice,
                  b.owed_minor::text as booked_minor, s.open_minor
           from said s full join booked b on b.invoice_id = s.invoice_id
           where (s.owed_minor, s.prepaid_minor) is distinct from (
               coalesce(b.owed_minor, 0), coalesce(b.prepaid_minor, 0))"""
    )
    return [{"check": "receivables_equal_open_invoices", **row} for row in rows]


_NUMBERS = """
with given as (
    select brand, type, data ->> 'number' as number, coalesce(data ->> 'is_pro_forma', '') as draft
    from log where type in ('InvoiceIssued', 'InvoiceNumbered', 'CreditNoteIssued', 'OrderPlaced')
    union all
    select brand, type, data ->> 'receipt_number', '' from log where type = 'PaymentReceived'
), used as (
    select brand || '/' || case when draft = 'true' then 'pro_forma'
                                when type in ('InvoiceIssued', 'InvoiceNumbered') then 'invoice'
                                when type = 'CreditNoteIssued' then 'credit_note'
                                when type = 'PaymentReceived' then 'receipt'
                                else 'order' end as series,
           count(*) as used, count(distinct number) as different
    from given group by 1
    union all
    -- Banks count boletos within their agreement with us, whichever brand collects by it.
    select 'boleto/' || (data ->> 'numbered_by'), count(*), count(distinct data ->> 'sequence')
    from log where type = 'BoletoIssued' group by 1
), years as (
    select split_part(name, '/', 1) || '/' || split_part(name, '/', 2) as series, last_number,
           split_part(name, '/', 3) <> '' as is_yearly
    from series
), drawn as (
    -- The first year goes on where the one count before it ended.
    select series, coalesce(sum(last_number) filter (where is_yearly),
                            sum(last_number))::bigint as last_number
    from years group by 1
)
select series, used, different, last_number from used full join drawn using (series)
where used is distinct from different or used is distinct from last_number
"""


async def numbers_are_gapless(db: Connection) -> list[Finding]:
    """In each brand's series of each kind of document every number that was drawn is used once.

    As many documents as numbers that were drawn, no two with the same: so none is missing.
    """
    rows = await db.fetch(_NUMBERS)
    return [{"check": "numbers_are_gapless", **row} for row in rows]


async def webhooks_are_understood(db: Connection) -> list[Finding]:
    """No webhook was put aside as something that is not ours."""
    rows = await db.fetch(
        """select source, event_id, problem from webhook
           where processed_at is not null and problem is not null"""
    )
    return [{"check": "webhooks_are_understood", **row} for row in rows]


async def bank_entries_equal_payments(db: Connection) -> list[Finding]:
    """What bank entries were allocated as is what the ledger has on our bank account for them."""
    rows = await db.fetch(
        """with shared as (
               select (share ->> 'payment_id')::uuid as payment_id, e.currency,
                      (share ->> 'amount_minor')::bigint as minor
               from bank_entry e cross join lateral jsonb_array_elements(e.shares) as share
           ), booked as (
               select payment_id, currency, sum(amount_minor) as minor from ledger_posting
               where ledger_account = 'bank' group by 1, 2 having sum(amount_minor) <> 0)
           select coalesce(s.payment_id, b.payment_id)::text as payment,
                  s.minor::text as shared_minor, b.minor::text as booked_minor
           from shared s full join booked b using (payment_id, currency)
           where s.minor is distinct from b.minor"""
    )
    return [{"check": "bank_entries_equal_payments", **row} for row in rows]


CHECKS: tuple[Check, ...] = (
    ledger_sums_zero,
    receivables_equal_open_invoices,
    numbers_are_gapless,
    webhooks_are_understood,
    bank_entries_equal_payments,
)
