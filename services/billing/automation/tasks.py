"""What a business day has to do, found in billing's own views: one task for each thing to decide.

A task is found by a view, which may lag; whether anything is done is decided by its command on the
aggregates, in a transaction of its own, once for ever by a natural key. Spans are in days.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from asyncpg import Record

from services.billing.brands.brand import Dunning
from services.billing.charges.commands import BillDueItems, bill_due_items
from services.billing.held_services.commands import (
    IssueRenewal,
    WarnOfSuspension,
    issue_renewal,
    warn_of_suspension,
)
from services.billing.invoices.commands import (
    CancelInvoice,
    GiveNotice,
    cancel_invoice,
    give_notice,
)
from services.billing.orders.commands import CancelOrder, cancel_order
from services.billing.provisioning.commands import (
    RequestSuspension,
    RequestTermination,
    request_suspension,
    request_termination,
)
from services.billing.service_changes.following import FollowChange, follow_change
from services.billing.service_endings.ending import EndService, end_service
from services.billing.suspensions.lifting import LiftSuspension, lift_suspension
from shared.database import Connection
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class BusinessDay:
    """The day of a brand that is worked on, under the rules that hold now."""

    brand: str
    day: date
    dunning: Dunning
    separate_renewals: bool = False


@dataclass(frozen=True, kw_only=True)
class Task:
    """One command of one account. Before it, the gateway is asked about payments of `ask_about`."""

    key: str
    account_id: UUID
    work: Callable[[Transaction], Awaitable[Any]]
    ask_about: tuple[UUID, ...] = ()


async def find_renewals(today: BusinessDay, db: Connection) -> list[Task]:
    """Active services that are due soon and have no unpaid invoice: together, if due together.

    Where the brand wants an invoice for each service, each is a task of its own.
    """
    rows = await db.fetch(
        """select account_id, next_due_on, currency,
                  array_agg(service_id order by service_id) as service_ids
           from service_due s
           where brand = $1 and status = 'active' and next_due_on <= $2
             and not exists (select from invoice_open_service o
                             where o.service_id = s.service_id)
           group by account_id, next_due_on, currency, case when $3 then service_id end
           order by account_id, next_due_on, min(service_id::text)""",
        today.brand,
        today.day + timedelta(days=today.dunning.renewal_days_before),
        today.separate_renewals,
    )
    return [
        Task(
            key=_renewal_key(row),
            account_id=row["account_id"],
            work=partial(
                issue_renewal,
                IssueRenewal(
                    account_id=row["account_id"],
                    brand=today.brand,
                    service_ids=row["service_ids"],
                    due_on=row["next_due_on"],
                    today=today.day,
                ),
            ),
        )
        for row in rows
    ]


def _renewal_key(row: Record) -> str:
    """By the first of its services, so that invoices for each of them are told apart."""
    return f"{row['account_id']}/{row['next_due_on']}/{row['currency']}/{row['service_ids'][0]}"


async def find_billable_items(today: BusinessDay, db: Connection) -> list[Task]:
    """Accounts with items whose day has come, which no invoice has taken along."""
    rows = await db.fetch(
        """select distinct account_id, currency from billable_item
           where brand = $1 and status = 'open' and bill_on <= $2 order by account_id, currency""",
        today.brand,
        today.day,
    )
    return [
        Task(
            key=f"{row['account_id']}/{row['currency']}",
            account_id=row["account_id"],
            work=partial(
                bill_due_items,
                BillDueItems(
                    account_id=row["account_id"],
                    brand=today.brand,
                    currency=row["currency"],
                    today=today.day,
                ),
            ),
        )
        for row in rows
    ]


async def find_reminders(today: BusinessDay, db: Connection) -> list[Task]:
    """Invoices whose due date comes near."""
    offsets = [-days for days in today.dunning.reminder_days_before]
    return await _find_notices(today, db, offsets=offsets)


async def find_overdue(today: BusinessDay, db: Connection) -> list[Task]:
    """Invoices whose due date has passed."""
    return await _find_notices(today, db, offsets=today.dunning.overdue_notice_days)


async def _find_notices(today: BusinessDay, db: Connection, *, offsets: list[int]) -> list[Task]:
    """The latest notice that each open invoice has come to, if it was not given yet.

    An invoice that is younger than the day of a notice does not get that notice, and an order that
    is given up on this very day gets none.
    """
    rows = await db.fetch(
        """with reached as (
               select invoice_id, account_id, max(o) as offset_days
               from invoice_open, unnest($3::int[]) as o
               where brand = $1 and not is_pending
                 and due_on + o <= $2 and issued_on < due_on + o
                 and sign($2 - due_on) = sign(o)
                 and not (order_id is not null and issued_on + $4::int <= $2)
               group by invoice_id, account_id)
           select * from reached r where not exists (
               select from claim c
               where c.kind = 'notice' and c.key = r.invoice_id || '/' || r.offset_days)
           order by account_id, invoice_id""",
        today.brand,
        today.day,
        offsets,
        today.dunning.unpaid_order_days,
    )
    return [
        Task(
            key=f"{row['invoice_id']}/{row['offset_days']}",
            account_id=row["account_id"],
            work=partial(
                give_notice,
                GiveNotice(
                    invoice_id=row["invoice_id"],
                    offset_days=row["offset_days"],
                    today=today.day,
                ),
            ),
        )
        for row in rows
    ]


_OVERDUE_SERVICES = """
select i.invoice_id, i.account_id, i.due_on, s.service_id
from invoice_open i
join invoice_open_service o on o.invoice_id = i.invoice_id
join service_due s on s.service_id = o.service_id
where i.brand = $1 and not i.is_pending and s.status = 'active' and i.due_on + $3::int <= $2
order by i.account_id, i.invoice_id, s.service_id
"""


async def find_warnings(today: BusinessDay, db: Connection) -> list[Task]:
    """Services that will be suspended soon."""
    dunning = today.dunning
    warned_after = dunning.suspension_days - dunning.suspension_warning_days
    rows = await db.fetch(_OVERDUE_SERVICES, today.brand, today.day, warned_after)
    return [
        Task(
            key=f"{row['invoice_id']}/{row['service_id']}",
            account_id=row["account_id"],
            work=partial(
                warn_of_suspension,
                WarnOfSuspension(
                    service_id=row["service_id"],
                    invoice_id=row["invoice_id"],
                    today=today.day,
                    suspends_on=row["due_on"] + timedelta(days=dunning.suspension_days),
                ),
            ),
        )
        for row in rows
        if today.day < row["due_on"] + timedelta(days=dunning.suspension_days)
    ]


async def find_lifts(today: BusinessDay, db: Connection) -> list[Task]:
    """Suspended services without an overdue invoice: a lift that was refused is tried again."""
    rows = await db.fetch(
        """select s.service_id, s.account_id from service_due s
           where s.brand = $1 and s.status = 'suspended' and s.suspension_reason = 'overdue'
             and not exists (
                 select from invoice_open_service o
                 join invoice_open i on i.invoice_id = o.invoice_id
                 where o.service_id = s.service_id and i.due_on < $2)
           order by s.account_id, s.service_id""",
        today.brand,
        today.day,
    )
    return [
        Task(
            key=str(row["service_id"]),
            account_id=row["account_id"],
            work=partial(
                lift_suspension, LiftSuspension(service_id=row["service_id"], today=today.day)
            ),
        )
        for row in rows
    ]


async def find_suspensions(today: BusinessDay, db: Connection) -> list[Task]:
    """Active services whose invoice is overdue for too long."""
    rows = await db.fetch(_OVERDUE_SERVICES, today.brand, today.day, today.dunning.suspension_days)
    return [
        Task(
            key=f"{row['invoice_id']}/{row['service_id']}",
            account_id=row["account_id"],
            ask_about=(row["invoice_id"],),
            work=partial(
                request_suspension,
                RequestSuspension(
                    service_id=row["service_id"], invoice_id=row["invoice_id"], today=today.day
                ),
            ),
        )
        for row in rows
    ]


async def find_terminations(today: BusinessDay, db: Connection) -> list[Task]:
    """Services that have been suspended for too long; none where the brand never terminates."""
    if today.dunning.termination_days is None:
        return []
    rows = await db.fetch(
        """select s.service_id, s.account_id,
                  array_agg(o.invoice_id order by o.invoice_id) as invoice_ids
           from service_due s join invoice_open_service o on o.service_id = s.service_id
           where s.brand = $1 and s.status = 'suspended' and s.suspension_reason = 'overdue'
             and s.suspended_on + $3::int <= $2
           group by s.service_id, s.account_id order by s.account_id, s.service_id""",
        today.brand,
        today.day,
        today.dunning.termination_days,
    )
    return [
        Task(
            key=str(row["service_id"]),
            account_id=row["account_id"],
            ask_about=tuple(row["invoice_ids"]),
            work=partial(
                request_termination,
                RequestTermination(service_id=row["service_id"], today=today.day),
            ),
        )
        for row in rows
    ]


async def find_endings(today: BusinessDay, db: Connection) -> list[Task]:
    """Services that are cancelled, over their term or without their parent by today.

    What the panel refused to end is found again on the next day.
    """
    rows = await db.fetch(_TO_END, today.brand, today.day)
    return [
        Task(
            key=str(row["service_id"]),
            account_id=row["account_id"],
            work=partial(end_service, EndService(service_id=row["service_id"], today=today.day)),
        )
        for row in rows
    ]


_TO_END = """
select s.service_id, s.account_id from service_due s
left join service_due p on p.service_id = s.parent_id
where s.brand = $1 and s.status in ('active', 'suspended')
  and (s.cancelled_on <= $2::date or s.term_ends_on <= $2::date
       or p.status in ('terminated', 'cancelled'))
order by s.account_id, s.service_id
"""


async def find_changes(today: BusinessDay, db: Connection) -> list[Task]:
    """Changes whose day has come, that are paid for and not made, or that nobody pays for."""
    rows = await db.fetch(_TO_CHANGE, today.brand, today.day)
    return [
        Task(
            key=str(row["service_id"]),
            account_id=row["account_id"],
            ask_about=(row["change_invoice_id"],) if row["change_invoice_id"] else (),
            work=partial(
                follow_change, FollowChange(service_id=row["service_id"], today=today.day)
            ),
        )
        for row in rows
    ]


_TO_CHANGE = """
select service_id, account_id, change_invoice_id from service_due
where brand = $1 and status = 'active' and change_on <= $2::date
order by account_id, service_id
"""


async def find_expired_orders(today: BusinessDay, db: Connection) -> list[Task]:
    """Orders that nobody has paid in time."""
    rows = await db.fetch(
        """select order_id, invoice_id, account_id from invoice_open
           where brand = $1 and order_id is not null and not is_pending
             and issued_on + $3::int <= $2
           order by account_id, order_id""",
        today.brand,
        today.day,
        today.dunning.unpaid_order_days,
    )
    return [
        Task(
            key=str(row["order_id"]),
            account_id=row["account_id"],
            ask_about=(row["invoice_id"],),
            work=partial(
                cancel_order,
                CancelOrder(order_id=row["order_id"], reason="unpaid", today=today.day),
            ),
        )
        for row in rows
    ]


async def find_pointless_invoices(today: BusinessDay, db: Connection) -> list[Task]:
    """Open invoices that are only about services that have ended."""
    rows = await db.fetch(
        """select i.invoice_id, i.account_id from invoice_open i
           where i.brand = $1 and i.order_id is null and not i.is_pending
             and exists (select from invoice_open_service o where o.invoice_id = i.invoice_id)
             and not exists (
                 select from invoice_open_service o
                 join service_due s on s.service_id = o.service_id
                 where o.invoice_id = i.invoice_id
                   and s.status not in ('terminated', 'cancelled'))
           order by i.account_id, i.invoice_id""",
        today.brand,
    )
    return [
        Task(
            key=str(row["invoice_id"]),
            account_id=row["account_id"],
            ask_about=(row["invoice_id"],),
            work=partial(
                cancel_invoice,
                CancelInvoice(
                    invoice_id=row["invoice_id"], reason="service_ended", today=today.day
                ),
            ),
        )
        for row in rows
    ]


Find = Callable[[BusinessDay, Connection], Awaitable[list[Task]]]

STEPS: dict[str, Find] = {
    "issue_renewals": find_renewals,
    "bill_items": find_billable_items,
    "remind": find_reminders,
    "notice_overdue": find_overdue,
    "warn_of_suspension": find_warnings,
    "lift_suspensions": find_lifts,
    "suspend": find_suspensions,
    "terminate": find_terminations,
    "end_services": find_endings,
    "apply_scheduled_changes": find_changes,
    "cancel_unpaid_orders": find_expired_orders,
    "cancel_pointless_invoices": find_pointless_invoices,
}
"""The steps of a business day, in order. A name stays for ever: started days are kept by it."""
