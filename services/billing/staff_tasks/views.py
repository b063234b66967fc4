"""What has staff to look at, and who did what about it?"""

import msgspec

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
    TASKS,
)
from shared.consumers import Envelope, Rows, View
from shared.contracts.billing import StaffTaskDone, StaffTaskOpened

TABLES = """
create table staff_task (
    task_id uuid primary key,
    account_id uuid,
    brand text not null,
    kind text not null,
    key text not null,
    facts jsonb not null,
    status text not null,
    opened_at timestamptz not null,
    done_at timestamptz,
    done_by text,
    note text
);
create index staff_task_of_brand on staff_task (brand, status, opened_at, task_id);
"""


def apply(envelope: Envelope, rows: Rows) -> None:
    match envelope.event:
        case StaffTaskOpened() as opened:
            rows.insert(
                "staff_task",
                task_id=opened.task_id,
                account_id=envelope.account_id,
                brand=envelope.brand,
                kind=opened.kind,
                key=opened.key,
                facts=msgspec.json.encode(opened.facts).decode(),
                status="open",
                opened_at=envelope.occurred_at,
            )
        case StaffTaskDone(task_id=task_id, note=note):
            rows.update(
                "staff_task",
                task_id,
                status="done",
                done_at=envelope.occurred_at,
                done_by=envelope.actor,
                note=note,
            )


staff_task = View(
    name="staff_task",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=TASKS,
    ignored=(NOTICES - TASKS)
    | BRANDS
    | CREDIT
    | DAYS
    | INVOICES
    | ORDERS
    | PAYMENTS
    | PRODUCTS
    | PROVISIONING
    | SERVICES,
)
