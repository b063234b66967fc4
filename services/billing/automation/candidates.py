"""Where the business day finds its candidates: one query a step, over billing's own views.

Each gives `account_id`, `item` (its name within the step) and `facts` (jsonb); `$1` is the brand,
`$2` the day. Spans are in days. What the brand or a product says comes as a parameter, what an
account says from `account_rules`; each query looks only at dates that matter to somebody, so a day
without anything due costs nothing however many services there are.

A view may lag, so that a candidate is only that: the command decides.
"""

LATE_BY_DAYS = 31
"""What was missed for longer, as its rule did not hold then, is not made up for."""

FURTHEST = """
select rule, max(n::int) as days
from account_rules a
cross join unnest(array['reminder_days_before', 'overdue_notice_days']) as rule
cross join lateral jsonb_array_elements_text(a.rules -> rule) as n
where a.brand = $1 group by rule
"""
"""How far from the due date an account of the brand is told something, at most."""

RENEWALS = """
with soon as (
    select s.*, p.days, p.separate, p.renews from
    unnest($3::uuid[], $4::int[], $5::bool[], $6::bool[]) as p (product_id, days, separate, renews)
    join service_due s on s.brand = $1 and s.product_id = p.product_id and s.status = 'active'
        and s.next_due_on <= $2::date + p.days
    where not exists (select from account_rules a where a.account_id = s.account_id
                      and a.rules ? 'renewal_days_before')
    union all
    select s.*, (a.rules ->> 'renewal_days_before')::int, p.separate, p.renews
    from account_rules a
    join service_due s on s.account_id = a.account_id and s.status = 'active'
        and s.next_due_on <= $2::date + (a.rules ->> 'renewal_days_before')::int
    join unnest($3::uuid[], $5::bool[], $6::bool[]) as p (product_id, separate, renews)
        on p.product_id = s.product_id
    where a.brand = $1 and a.rules ? 'renewal_days_before'),
due as (
    select s.account_id, s.service_id, s.currency, greatest(b.until, s.next_due_on) as due_on,
           coalesce((a.rules ->> 'separate_renewals')::bool, s.separate) as separate
    from soon s left join account_rules a on a.account_id = s.account_id
    cross join lateral (select max(o.period_end) as until, count(o.period_end) as bills
                        from invoice_open_service o where o.service_id = s.service_id) as b
    where b.bills = 0
       or (coalesce((a.rules ->> 'renew_while_unpaid')::bool, s.renews)
           and greatest(b.until, s.next_due_on) <= $2::date + s.days))
select account_id,
       concat_ws('/', account_id, due_on, currency, case when separate then service_id end) as item,
       jsonb_build_object('due_on', due_on, 'currency', currency,
                          'service_ids', jsonb_agg(service_id order by service_id)) as facts
from due group by account_id, due_on, currency, case when separate then service_id end
"""
"""Active services whose next period falls due soon: those due together together, or each apart.

A service with an unpaid invoice of a period is left out unless its next period is billed all the
same, which begins where all that is billed or paid ends; that of a fee is in nobody's way. `$3` to
`$6`, by product: how many days before, whether apart, whether while one is unpaid.
"""

NOTICES = """
with reached as (
    select i.invoice_id, i.account_id, max(o.days) as offset_days
    from invoice_open i
    left join account_rules a on a.account_id = i.account_id
    cross join lateral unnest(
        case when a.rules ? $3::text then array(select $4::int * n::int
             from jsonb_array_elements_text(a.rules -> $3::text) as n) else $5::int[] end)
        as o (days)
    where i.brand = $1 and not i.is_pending and i.due_on between $6::date and $7::date
      and i.due_on + o.days <= $2::date and i.issued_on < i.due_on + o.days
      and i.due_on + o.days > $2::date - $10::int
      and not (i.order_id is not null and i.issued_on
               + coalesce((a.rules ->> 'unpaid_order_days')::int, $8::int) <= $2::date)
    group by i.invoice_id, i.account_id)
select account_id, invoice_id || '/' || offset_days as item,
       jsonb_build_object('invoice_id', invoice_id, 'offset_days', offset_days) as facts
from reached r where not exists (
    select from claim c where c.kind = $9 and c.key = r.invoice_id || '/' || r.offset_days)
"""
"""The latest notice that each open invoice has come to, if it was not given yet.

An invoice that is younger than the day of a notice does not get that notice, and an order that is
given up on this very day gets none. `$3`: the rule, of which an account's values are taken `$4`
times; `$5`: the brand's offsets from the due date; `$6` to `$7`: the due dates in question; `$8`:
when orders are given up; `$9`: the kind of claim; `$10`: how
late it may be given.
"""

LATE_FEES = """
select i.account_id, i.invoice_id::text as item,
       jsonb_build_object('invoice_id', i.invoice_id) as facts
from invoice_open i left join account_rules a on a.account_id = i.account_id
where i.brand = $1 and not i.is_pending and not i.is_fee and i.order_id is null
  and i.due_on < $2::date and i.due_on >= $2::date - $5::int
  and case when a.rules ? 'late_fee'
      then a.rules -> 'late_fee' ->> 'kind' in ('percent', 'fixed')
           and i.due_on + coalesce((a.rules -> 'late_fee' ->> 'after_days')::int, 1) <= $2::date
      else $3::boolean and i.due_on + $4::int <= $2::date end
  and not exists (select from claim c where c.kind = 'late_fee' and c.key = i.invoice_id::text)
"""
"""Overdue invoices that no fee was charged for. `$3`: whether the brand charges one, `$4`: after so
many days; `$5`: not for what was due longer ago."""

_OVERDUE = """
select i.account_id, i.invoice_id || '/' || s.service_id as item,
       jsonb_build_object('invoice_id', i.invoice_id, 'service_id', s.service_id,
                          'suspends_on', held.suspends_on) as facts
from invoice_open i
join invoice_open_service o on o.invoice_id = i.invoice_id
join service_due s on s.service_id = o.service_id
join unnest($3::uuid[], $4::int[], $5::int[]) as p (product_id, suspension, warning)
    on p.product_id = s.product_id
left join account_rules a on a.account_id = i.account_id
cross join lateral (
    select case when i.order_id is null then i.due_on else s.next_due_on end as due_on) as owed
cross join lateral (
    select greatest(s.grace_ends_on, owed.due_on
                    + coalesce((a.rules ->> 'suspension_days')::int, p.suspension)) as suspends_on,
           coalesce((a.rules ->> 'suspension_warning_days')::int, p.warning) as warning) as held
where i.brand = $1 and not i.is_pending and s.status = 'active' and i.due_on < $2::date
  and owed.due_on < $2::date
"""
"""A renewal that was ordered is owed from where the paid time ends, whenever it was ordered.

What staff lets run in debt is not suspended before that grace ends.
"""

WARNINGS = (
    _OVERDUE
    + """
  and held.suspends_on - held.warning <= $2::date and held.suspends_on > $2::date
  and not exists (
      select from claim c where c.kind = 'suspension_warning'
      and c.key = concat_ws('/', i.invoice_id, s.service_id,
                            case when s.grace_ends_on = held.suspends_on
                                 then s.grace_ends_on end))
"""
)
"""Services that will be suspended soon. `$3` to `$5`: days of suspension and warning by product."""

SUSPENSIONS = _OVERDUE + "  and held.suspends_on <= $2::date"
"""Active services whose invoice is overdue for too long; parameters as of the warnings."""

LIFTS = """
select s.account_id, s.service_id::text as item,
       jsonb_build_object('service_id', s.service_id) as facts
from service_due s
where s.brand = $1 and s.status = 'suspended' and s.suspension_reason = 'overdue'
  and not exists (
      select from invoice_open_service o
      join invoice_open i on i.invoice_id = o.invoice_id
      where o.service_id = s.service_id and i.due_on < $2::date)
"""
"""Suspended services without an overdue invoice: a lift that was refused is tried again."""

TERMINATIONS = """
select s.account_id, s.service_id::text as item,
       jsonb_build_object('service_id', s.service_id,
                          'invoice_ids', jsonb_agg(o.invoice_id order by o.invoice_id)) as facts
from service_due s
join invoice_open_service o on o.service_id = s.service_id
join unnest($3::uuid[], $4::int[]) as p (product_id, days) on p.product_id = s.product_id
left join account_rules a on a.account_id = s.account_id
where s.brand = $1 and s.status = 'suspended' and s.suspension_reason = 'overdue'
  and s.suspended_on + case when a.rules ? 'termination_days'
      then (a.rules ->> 'termination_days')::int else p.days end <= $2::date
group by s.account_id, s.service_id
"""
"""Services that have been suspended for too long; none where that is never (null)."""

EXPIRED_ORDERS = """
select i.account_id, i.order_id::text as item,
       jsonb_build_object('order_id', i.order_id, 'invoice_id', i.invoice_id) as facts
from invoice_open i left join account_rules a on a.account_id = i.account_id
where i.brand = $1 and i.order_id is not null and not i.is_pending
  and i.issued_on + coalesce((a.rules ->> 'unpaid_order_days')::int, $3::int) <= $2::date
"""
"""Orders that nobody has paid in time; `$3`: the brand's days."""

EXPIRED_CARTS = """
select coalesce(c.account_id, '00000000-0000-0000-0000-000000000000'::uuid) as account_id,
       c.cart_id::text as item, jsonb_build_object('cart_id', c.cart_id) as facts
from cart_open c left join account_rules a on a.account_id = c.account_id
where c.brand = $1 and c.changed_on <= $2::date - least($3::int, (
        select min((rules ->> 'cart_days')::int) from account_rules where brand = $1))
  and c.changed_on + coalesce((a.rules ->> 'cart_days')::int, $3::int) <= $2::date
"""
"""Carts that nobody has touched for long, guests' carts among them; `$3`: the brand's days."""

POINTLESS_INVOICES = """
select distinct i.account_id, i.invoice_id::text as item,
       jsonb_build_object('invoice_id', i.invoice_id) as facts
from service_due ended
join invoice_open_service of_it on of_it.service_id = ended.service_id
join invoice_open i on i.invoice_id = of_it.invoice_id
where ended.brand = $1 and ended.status in ('terminated', 'cancelled')
  and i.order_id is null and not i.is_pending
  and not exists (
      select from invoice_open_service o join service_due s on s.service_id = o.service_id
      where o.invoice_id = i.invoice_id and s.status not in ('terminated', 'cancelled'))
"""
"""Open invoices that are only about services that have ended."""

CREDIT = """
select i.account_id, i.invoice_id::text as item,
       jsonb_build_object('invoice_id', i.invoice_id, 'currency', c.currency) as facts
from credit_held c
join invoice_open i on i.account_id = c.account_id and i.currency = c.currency
where c.brand = $1 and c.balance_minor > 0 and not i.is_pending and i.issued_on <= $2::date
"""
"""Open invoices of accounts that have credit in their currency."""

AUTOPAY = """
with reached as (
    select i.invoice_id, i.account_id, max(o.days) as retry_days
    from invoice_open i
    left join account_rules a on a.account_id = i.account_id
    cross join lateral (
        select coalesce((a.rules ->> 'autopay_days_before')::int, $3::int) as days_before) as own
    cross join lateral unnest(
        0 || case when a.rules ? 'autopay_retry_days' then array(
             select n::int from jsonb_array_elements_text(a.rules -> 'autopay_retry_days') as n)
             else $4::int[] end) as o (days)
    where i.brand = $1 and not i.is_pending and i.order_id is null
      and i.due_on between $2::date - $5::int and $2::date + greatest($3::int, (
          select max((rules ->> 'autopay_days_before')::int) from account_rules where brand = $1))
      and i.due_on - own.days_before + o.days <= $2::date
    group by i.invoice_id, i.account_id)
select account_id, invoice_id || '/' || retry_days as item,
       jsonb_build_object('invoice_id', invoice_id, 'retry_days', retry_days) as facts
from reached r where not exists (
    select from claim c where c.kind = 'autopay' and c.key = r.invoice_id || '/' || r.retry_days)
"""
"""Open invoices whose day of collection, or of another try, has come. `$3`: so many days before the
due date, `$4`: tries so many days after the first, `$5`: not for what was due longer ago."""

CARD_NOTICES = """
select '00000000-0000-0000-0000-000000000000'::uuid as account_id, 'cards' as item,
       '{}'::jsonb as facts
where extract(day from $2::date) = least($3::int, extract(
    day from date_trunc('month', $2::date) + interval '1 month' - interval '1 day'))
  and $1::text is not null
"""
"""One task for the brand on its day of the month, `$3`, or the last one of a shorter month."""

RECONCILIATIONS = """
select '00000000-0000-0000-0000-000000000000'::uuid as account_id, 'reconciliation' as item,
       jsonb_build_object('day', $2::date - 1) as facts
where $1::text is not null
"""
"""One task for the brand: the day before is over."""

ITEMS = """
select account_id, account_id || '/' || currency as item,
       jsonb_build_object('currency', currency) as facts
from billable_item where brand = $1 and status = 'open' and bill_on <= $2::date
group by account_id, currency
"""
"""Accounts with items whose day has come, which no invoice has taken along."""

ENDS = """
with ending as (
    select service_id, account_id, status from service_due
    where brand = $1 and cancelled_on <= $2::date
    union
    select service_id, account_id, status from service_due
    where brand = $1 and term_ends_on <= $2::date
    union
    select addon.service_id, addon.account_id, addon.status
    from service_due parent join service_due addon on addon.parent_id = parent.service_id
    where parent.brand = $1 and parent.status in ('terminated', 'cancelled'))
select account_id, service_id::text as item, jsonb_build_object('service_id', service_id) as facts
from ending where status in ('active', 'suspended')
"""
"""Services that are cancelled, over their term or without their parent by that day."""

CHANGES = """
select account_id, service_id::text as item,
       jsonb_build_object('service_id', service_id, 'invoice_id', change_invoice_id) as facts
from service_due
where brand = $1 and change_on <= $2::date and status = 'active'
"""
"""Changes whose day has come, that are paid for and not made, or that nobody pays for."""
