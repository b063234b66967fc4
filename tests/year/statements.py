"""What the in-memory PostgreSQL answers to billing's own statements: text above, meaning below."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.billing.automation import business_day, chunks
from services.billing.automation.candidates import FURTHEST
from services.billing.catalogue import commands as catalogue
from services.billing.charges.collecting import OPEN_ITEMS
from services.billing.charges.many import _OF_MANY as ITEMS_OF_MANY
from services.billing.contacts.contact import CONTACT
from services.billing.contacts.many import _OF_MANY as CONTACTS_OF_MANY
from services.billing.origins import _ASKED
from services.billing.payments.due_questions import _ABOUT, _NEXT, _TAKE_DUE
from services.billing.rules.agreed import AGREED, HOLD_ALL, HOLD_ONE, ON_SALE, TAKEN
from services.billing.saved_methods.commands import _EXPIRING, _OPEN
from shared.ahead import LOAD_MANY
from shared.envelope import partition_of
from shared.numbers import _NEXT_OF_CONTINUED
from tests.simulation.kernel_statements import jsonb, last_day
from tests.simulation.memory_postgres import STATEMENTS, Session, Table, statement
from tests.simulation.row import Values
from tests.simulation.view_tables import rows_of

KEYS = {
    "business_day_run": ("brand", "day", "ordinal"),
    "business_day_task": ("brand", "day", "ordinal", "partition", "account_id", "item"),
    "business_day_problem": ("brand", "day", "step", "item"),
    "account_rules": ("account_id",),
    "allotment": ("name",),
    "held_stock": ("service_id", "product_id"),
    "planned_revision": ("product_id", "effective_on"),
    "inquiry": ("subject_id",),
    "open_cart": ("account_id",),
}


def billing_tables() -> list[Table]:
    """The tables of billing's migrations that its commands and its automation work with."""
    return [Table(name, key) for name, key in KEYS.items()]


# ---------------------------------------------------------------------------- reading many at once


@statement(LOAD_MANY)
async def load_many(session: Session, ids: list[UUID], form: str) -> list[Values]:
    found = []
    for stream_id in sorted(ids):
        kept = session.get("snapshot", stream_id)
        is_good = kept is not None and kept["form"] == form
        if kept is not None and is_good:
            found.append({"state": kept["state"], **_history_row(kept), "topic": None})
        beyond = kept["version"] if kept is not None and is_good else 0
        found += [
            {"state": None, **_history_row(row)}
            for row in session.group("events", stream_id)
            if row["version"] > beyond
        ]
    return found


def _history_row(row: Values) -> Values:
    names = ("version", "topic", "account_id", "data", "stream_id")
    return {name: row.get(name) for name in names}


@statement("select key from claim where kind = $1 and key = any($2)")
async def claimed(session: Session, kind: str, keys: list[str]) -> list[Values]:
    return [{"key": key} for key in keys if session.get("claim", kind, key)]


@statement(_NEXT_OF_CONTINUED)
async def next_of_continued(
    session: Session, of_year: str, count: int, of_all: str
) -> list[Values]:
    is_first = not session.scan("series", lambda row: row["name"].startswith(f"{of_all}/"))
    before = session.get("series", of_all) if is_first else None
    start = before["last_number"] if before and not session.get("series", of_year) else 0
    return [{"last_number": await _count_on(session, of_year, count + start)}]


async def _count_on(session: Session, name: str, count: int) -> int:
    await session.lock("series", (name,))
    row = session.get("series", name)
    number: int = (row["last_number"] if row else 0) + count
    session.write("series", {"name": name, "last_number": number})
    return number


@statement(
    """select k.consumer, sum(h.position - coalesce(c.position, 0))::bigint as lag
       from unnest($1::text[], $2::text[]) as k (consumer, source)
       join unnest($3::text[], $4::smallint[], $5::bigint[]) as h (source, partition, position)
           using (source)
       left join checkpoint c on (c.consumer, c.source, c.partition)
           = (k.consumer, h.source, h.partition)
       where h.position > coalesce(c.position, 0) group by 1"""
)
async def lags(session: Session, consumers: list[str], *rest: list[Any]) -> list[Values]:
    sources, *heads = rest
    found: dict[str, int] = {}
    for consumer, source in zip(consumers, sources, strict=True):
        for of, partition, position in zip(*heads, strict=True):
            standing = session.get("checkpoint", consumer, of, partition)
            behind = position - (standing["position"] if standing else 0)
            if of == source and behind > 0:
                found[consumer] = found.get(consumer, 0) + behind
    return [{"consumer": consumer, "lag": lag} for consumer, lag in found.items()]


# --------------------------------------------------------------------------------- business days


@statement(
    """insert into business_day_run (brand, day, ordinal, step) values ($1, $2, $3, $4)
       on conflict do nothing"""
)
async def keep_step(session: Session, *given: Any) -> int:
    row = dict(zip((*KEYS["business_day_run"], "step"), given, strict=True))
    if await session.clash("business_day_run", row) is not None:
        return 0
    await session.insert(
        "business_day_run", {**row, "started_at": None, "finished_at": None, "found": None}
    )
    return 1


@statement(
    """select b.slug, b.time_zone, max(r.day) as last_day
       from brand b left join business_day_run r on r.brand = b.slug
       group by b.slug, b.time_zone order by b.slug"""
)
async def brands(session: Session) -> list[Values]:
    return [
        {
            "slug": brand["slug"],
            "time_zone": brand["time_zone"],
            "last_day": (await last_day(session, brand["slug"]))[0]["max"],
        }
        for brand in rows_of(session, "brand")
    ]


@statement("select distinct brand from business_day_run where finished_at is null order by 1")
async def brands_at_work(session: Session) -> list[Values]:
    found = session.scan("business_day_run", lambda row: row["finished_at"] is None)
    return [{"brand": brand} for brand in sorted({row["brand"] for row in found})]


@statement(
    """select brand, day, ordinal, step from business_day_run
       where brand = $1 and finished_at is null order by day, ordinal limit 1"""
)
async def next_step(session: Session, brand: str) -> list[Values]:
    known = session.server.tables["business_day_run"].groups.get(brand, {})
    assert not session.changed("business_day_run"), "asked outside of transactions"
    open_ones = [row for row in known.values() if row["finished_at"] is None]
    return sorted(open_ones, key=lambda row: (row["day"], row["ordinal"]))[:1]


@statement(
    """update business_day_run set finished_at = $4
       where brand = $1 and day = $2 and ordinal = $3"""
)
async def finish_step(session: Session, *given: Any) -> int:
    return await session.put("business_day_run", given[:3], {"finished_at": given[3]})


@statement(
    """select id, correlation_id, traceparent from log
       where partition = $1 and type = 'BusinessDayStarted' and brand = $2
         and data ->> 'day' = $3::date::text"""
)
async def beginning(session: Session, partition: int, brand: str, day: date) -> list[Values]:
    return [
        row
        for row in session.server.tables["log"].groups.get(partition, {}).values()
        if (row["type"], row["brand"]) == ("BusinessDayStarted", brand)
        and json.loads(row["data"])["day"] == day.isoformat()
    ]


@statement(
    """update business_day_run set started_at = $4
       where brand = $1 and day = $2 and ordinal = $3 and found is null returning true"""
)
async def start_step(session: Session, *given: Any) -> list[Values]:
    await session.lock("business_day_run", given[:3])
    row = session.get("business_day_run", *given[:3])
    if row is None or row["found"] is not None:
        return []
    session.write("business_day_run", {**row, "started_at": given[3]})
    return [{"?column?": True}]


@statement(
    """update business_day_run set found = coalesce(found, $4)
       where brand = $1 and day = $2 and ordinal = $3 returning found"""
)
async def note_found(session: Session, *given: Any) -> list[Values]:
    row = session.get("business_day_run", *given[:3])
    found = row["found"] if row and row["found"] is not None else given[3]
    await session.put("business_day_run", given[:3], {"found": found})
    return [{"found": found}]


def keep_tasks(ordinal: int, query: str, find: Any) -> None:
    """Register what keeps the candidates of a step, which `find` gives."""
    text = " ".join(chunks._FIND.format(ordinal=ordinal, query=query).split())

    async def keep(session: Session, brand: str, day: date, *values: Any) -> int:
        found = find(session, brand, day, *values)
        for account_id, item, facts in found:
            place = (brand, day, ordinal, partition_of(account_id, brand), account_id, item)
            row = dict(zip(KEYS["business_day_task"], place, strict=True))
            await session.insert(
                "business_day_task", {**row, "facts": jsonb(json.dumps(facts, default=str))}
            )
        return len(found)

    STATEMENTS[text] = keep


@statement(chunks._NEXT)
async def next_tasks(session: Session, brand: str, day: date, *rest: Any) -> list[Values]:
    ordinal, *after, limit = rest
    found = [
        row
        for row in session.group("business_day_task", brand)
        if (row["day"], row["ordinal"]) == (day, ordinal)
        and (row["partition"], row["account_id"], row["item"]) > tuple(after)
    ]
    return found[:limit]


@statement(chunks._DONE)
async def done(session: Session, brand: str, day: date, ordinal: int, *ends: Any) -> int:
    first, last = (brand, day, ordinal, *ends[:3]), (brand, day, ordinal, *ends[3:])
    keys = [
        key
        for row in session.group("business_day_task", brand)
        if first <= (key := tuple(row[name] for name in KEYS["business_day_task"])) <= last
    ]
    return sum([await session.put("business_day_task", key, None) for key in keys])


@statement(chunks._SOLVED)
async def solved(session: Session, brand: str, step: str, items: list[str]) -> int:
    gone = [
        row["day"]
        for row in session.group("business_day_problem", brand)
        if row["step"] == step and row["item"] in items
    ]
    assert not gone, "nothing is parked in the simulation"
    return 0


@statement(business_day.PRODUCTS_IN_USE)
async def products_in_use(session: Session, brand: str) -> list[Values]:
    used = {row["product_id"] for row in rows_of(session, "service_due", brand=brand)}
    return [{"product_id": product_id} for product_id in sorted(used)]


@statement(FURTHEST)
async def furthest(session: Session, brand: str) -> list[Values]:
    found: dict[str, int] = {}
    for row in rows_of(session, "account_rules", brand=brand):
        for rule in ("reminder_days_before", "overdue_notice_days"):
            for days in row["rules"].get(rule, []):
                found[rule] = max(days, found.get(rule, days))
    return [{"rule": rule, "days": days} for rule, days in found.items()]


# ------------------------------------------------------------- what commands want to know and keep


@statement(CONTACT)
async def contact(session: Session, account_id: UUID) -> list[Values]:
    row = session.get("account_contact", account_id)
    names = ("language", "name", "address", "tax_id", "country", "state")
    is_ready = row is not None and row["number"] is not None and row["name"] is not None
    return [{name: row[name] for name in names}] if row is not None and is_ready else []


@statement(CONTACTS_OF_MANY)
async def contacts(session: Session, account_ids: list[UUID]) -> list[Values]:
    return [
        {"account_id": account_id, **row}
        for account_id in account_ids
        for row in await contact(session, account_id)
    ]


@statement("select brand from account_contact where account_id = $1")
async def brand_of(session: Session, account_id: UUID) -> list[Values]:
    row = session.get("account_contact", account_id)
    return [{"brand": row["brand"]}] if row else []


@statement("delete from account_rules where account_id = $1")
async def forget_rules(session: Session, account_id: UUID) -> int:
    return await session.put("account_rules", (account_id,), None)


@statement(
    """insert into account_rules (account_id, brand, rules) values ($1, $2, $3)
       on conflict (account_id) do update set rules = excluded.rules"""
)
async def keep_rules(session: Session, account_id: UUID, brand: str, rules: str) -> int:
    row = {"account_id": account_id, "brand": brand, "rules": json.loads(rules)}
    await session.lock("account_rules", (account_id,))
    session.write("account_rules", row)
    return 1


@statement(OPEN_ITEMS)
async def open_items(session: Session, *asked: Any) -> list[Values]:
    account_id, currency, today = asked
    found = _open_items(session, {account_id}, today)
    return [{"item_id": row["item_id"]} for row in found if row["currency"] == currency][:200]


@statement(ITEMS_OF_MANY)
async def items_of_many(session: Session, account_ids: list[UUID], today: date) -> list[Values]:
    names = ("account_id", "currency", "item_id")
    found = [
        {name: row[name] for name in names} for row in _open_items(session, set(account_ids), today)
    ]
    return sorted(found, key=lambda row: tuple(row.values()))


def _open_items(session: Session, account_ids: set[UUID], today: date) -> list[Values]:
    return [
        row
        for row in rows_of(session, "billable_item", status="open")
        if row["account_id"] in account_ids and (row["bill_on"] is None or row["bill_on"] <= today)
    ]


@statement("select service_id from service_due where parent_id = $1 order by service_id")
async def addons(session: Session, parent_id: UUID) -> list[Values]:
    found = rows_of(session, "service_due", parent_id=parent_id)
    return [{"service_id": row["service_id"]} for row in found]


@statement(chunks._OPEN_PAYMENTS)
async def open_payments(session: Session, invoice_ids: list[UUID]) -> list[Values]:
    wanted = set(invoice_ids)
    return session.scan("payment_open_invoice", lambda row: row["invoice_id"] in wanted)


@statement(_ASKED["payment"])
async def asked_gateway(session: Session, payment_id: UUID) -> list[Values]:
    return _asked(session.get("payment_open", payment_id))


@statement(_ASKED["request"])
async def asked_panel(session: Session, request_id: UUID) -> list[Values]:
    rows = rows_of(session, "provisioning_open", request_id=request_id)
    return _asked(rows[0] if rows else None)


def _asked(row: Values | None) -> list[Values]:
    names = ("event_id", "correlation_id", "traceparent")
    return [{name: row[name] for name in names}] if row else []


@statement(_TAKE_DUE)
async def payments_to_ask_about(session: Session, now: datetime, limit: int) -> list[Values]:
    due = []
    for row in sorted(rows_of(session, "payment_open"), key=lambda row: row["started_at"]):
        asked = session.get("inquiry", row["payment_id"])
        is_same = asked is not None and asked["since"] == row["since"]
        next_at = asked["next_at"] if asked and is_same else row["since"] + timedelta(minutes=1)
        if next_at is not None and next_at <= now:
            due.append((row, asked["asked"] + 1 if asked and is_same else 1))
    for row, times in due[:limit]:
        await session.lock("inquiry", (row["payment_id"],))
        session.write(
            "inquiry",
            {
                "subject_id": row["payment_id"],
                "asked_at": now,
                "asked": times,
                "since": row["since"],
                "next_at": now + timedelta(minutes=1),
            },
        )
    return [
        {"subject_id": row["payment_id"], "asked": times, "since": row["since"]}
        for row, times in due[:limit]
    ]


@statement(_ABOUT)
async def payments_asked_about(session: Session, payment_ids: list[UUID]) -> list[Values]:
    names = ("payment_id", "status", "gateway", "started_at")
    wanted = set(payment_ids)
    found = session.scan("payment_open", lambda row: row["payment_id"] in wanted)
    return [{name: row[name] for name in names} for row in found]


@statement(_NEXT)
async def next_question(
    session: Session, payment_id: UUID, since: datetime, at: datetime | None
) -> list[Values]:
    row = session.get("inquiry", payment_id)
    if row and row["since"] == since:
        await session.lock("inquiry", (payment_id,))
        session.write("inquiry", {**row, "next_at": at})
    return []


# -------------------------------------------------------------------------------- the catalogue


@statement(AGREED)
async def agreed(session: Session, brand: str) -> list[Values]:
    accounts: dict[str, list[UUID]] = {}
    for row in rows_of(session, "account_rules", brand=brand):
        accounts.setdefault(jsonb(json.dumps(row["rules"])), []).append(row["account_id"])
    found = [{"rules": rules, "accounts": sorted(ids)} for rules, ids in accounts.items()]
    return sorted(found, key=lambda each: each["accounts"])


@statement(ON_SALE)
async def products(session: Session, brand: str, partition: int) -> list[Values]:
    seen = session.get("checkpoint", "product", "billing", partition)
    after = seen["position"] if seen else 0
    new = rows_of(session, "log", partition=partition, brand=brand, type="ProductPublished")
    told = [json.loads(row["data"])["product_id"] for row in new if row["position"] > after]
    shown = [row["product_id"] for row in rows_of(session, "product", brand=brand)]
    return [{"product_id": each} for each in sorted({*shown, *map(UUID, told)})]


@statement(TAKEN)
async def products_taken(session: Session) -> list[Values]:
    stocks = [row for row in rows_of(session, "allotment") if row["name"].startswith("stock/")]
    taken = sorted(UUID(row["name"][6:]) for row in stocks if row["taken"] > 0)
    return [{"product_id": each} for each in taken]


@statement(HOLD_ALL)
async def hold_all(session: Session, name: str) -> list[Values]:
    await session.lock("advisory", (name,))
    return []


@statement(HOLD_ONE)
async def hold_one(session: Session, name: str) -> list[Values]:
    """As alone: in the year they come one after the other."""
    await session.lock("advisory", (name,))
    return []


@statement(
    """select promotion_id from promotion
       where brand = $1 and origin = $2 and ended_on is null order by 1"""
)
async def promotions(session: Session, brand: str, origin: str) -> list[Values]:
    found = rows_of(session, "promotion", brand=brand, origin=origin, ended_on=None)
    return [{"promotion_id": row["promotion_id"]} for row in found]


@statement("delete from planned_revision where product_id = $1")
async def forget_planned(session: Session, product_id: UUID) -> int:
    return await session.delete("planned_revision", lambda row: row["product_id"] == product_id)


@statement("insert into planned_revision (product_id, effective_on, brand) values ($1, $2, $3)")
async def keep_planned(session: Session, *given: Any) -> int:
    names = (*KEYS["planned_revision"], "brand")
    await session.insert("planned_revision", dict(zip(names, given, strict=True)))
    return 1


@statement(catalogue._DUE)
async def due_revisions(session: Session, brand: str, today: date) -> list[Values]:
    found = session.scan(
        "planned_revision", lambda row: row["brand"] == brand and row["effective_on"] <= today
    )
    return [{"product_id": each} for each in sorted({row["product_id"] for row in found})]


@statement(catalogue._DONE)
async def revisions_done(session: Session, brand: str, today: date) -> int:
    return await session.delete(
        "planned_revision", lambda row: row["brand"] == brand and row["effective_on"] <= today
    )


@statement(
    """insert into allotment as a (name, taken)
       select $1::text, $2::bigint where $3::bigint is null or $2 <= $3
       on conflict (name) do update set taken = a.taken + excluded.taken
       where $3::bigint is null or a.taken + excluded.taken <= $3
       returning taken"""
)
async def take(session: Session, name: str, count: int, cap: int | None) -> list[Values]:
    await session.lock("allotment", (name,))
    row = session.get("allotment", name)
    taken = (row["taken"] if row else 0) + count
    if cap is not None and taken > cap:
        return []
    session.write("allotment", {"name": name, "taken": taken})
    return [{"taken": taken}]


@statement("update allotment set taken = taken - $2 where name = $1 and taken >= $2")
async def give_back(session: Session, name: str, count: int) -> int:
    await session.lock("allotment", (name,))
    row = session.get("allotment", name)
    if row is None or row["taken"] < count:
        return 0
    session.write("allotment", {"name": name, "taken": row["taken"] - count})
    return 1


@statement(catalogue._HOLD)
async def hold(session: Session, service_id: UUID, product_id: UUID, count: int) -> int:
    place = (service_id, product_id)
    await session.lock("held_stock", place)
    row = session.get("held_stock", *place)
    values = (*place, (row["count"] if row else 0) + count)
    session.write("held_stock", dict(zip((*KEYS["held_stock"], "count"), values, strict=True)))
    return 1


@statement(catalogue._HELD)
async def held(session: Session, service_id: UUID) -> list[Values]:
    rows = [row for row in session.group("held_stock", service_id) if row["count"] > 0]
    for row in rows:
        await session.lock("held_stock", (row["service_id"], row["product_id"]))
    return [{"product_id": row["product_id"], "count": row["count"]} for row in rows]


@statement(catalogue._KEEP)
async def keep_held(session: Session, service_id: UUID, product_id: UUID, count: int) -> int:
    return await session.put("held_stock", (service_id, product_id), {"count": count})


# -------------------------------------------------------------------------------------- carts


@statement(
    """insert into open_cart (account_id, cart_id) values ($1, $2)
       on conflict (account_id) do update set account_id = excluded.account_id
       returning cart_id"""
)
async def own_cart(session: Session, account_id: UUID, cart_id: UUID) -> list[Values]:
    await session.lock("open_cart", (account_id,))
    row = session.get("open_cart", account_id) or {"account_id": account_id, "cart_id": cart_id}
    session.write("open_cart", row)
    return [{"cart_id": row["cart_id"]}]


@statement("delete from open_cart where cart_id = $1")
async def close_cart(session: Session, cart_id: UUID) -> int:
    return await session.delete("open_cart", lambda row: row["cart_id"] == cart_id)


# ------------------------------------------------------------------------------- saved ways to pay


@statement(_EXPIRING)
async def expiring(session: Session, brand: str, month: date) -> list[Values]:
    next_month = (month + timedelta(days=31)).replace(day=1)
    found = [
        row
        for row in rows_of(session, "saved_method", brand=brand, decline="")
        if row["expires_on"] and month <= row["expires_on"] < next_month
    ]
    return sorted(found, key=lambda row: (row["account_id"], row["method_id"]))


@statement(_OPEN)
async def open_by_themselves(session: Session, account_id: UUID, brand: str) -> list[Values]:
    found = [
        row
        for row in rows_of(session, "invoice_open", brand=brand, account_id=account_id)
        if not row["is_pending"] and row["order_id"] is None
    ]
    return sorted(found, key=lambda row: row["invoice_id"])
