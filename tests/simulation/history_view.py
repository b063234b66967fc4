"""A view that shows order, repetition and loss: per owner a hash chain over the events applied."""

import hashlib
from typing import Any

from shared.consumers import Envelope, Rows, View
from shared.contracts import events_of
from shared.envelope import Record
from tests.simulation.memory_postgres import Session, Table, Values, statement

DDL = """create table history (
    source text, owner text, digest text not null default '', events integer not null default 0,
    primary key (source, owner));"""
COLUMNS = {"source": "text", "owner": "text", "digest": "text", "events": "integer"}


def add(digest: str, event_id: object) -> str:
    """The digest with one more event."""
    return hashlib.sha256(f"{digest}{event_id}".encode()).hexdigest()


def owner_of(event: Envelope | Record) -> str:
    """The account, or the brand of an event without one."""
    return str(event.account_id or event.brand)


def history_view(poisoned: set[str]) -> View:
    """The view; events of the `poisoned` owners cannot be applied."""

    def apply(envelope: Envelope, rows: Rows) -> None:
        if owner_of(envelope) in poisoned:
            raise ValueError("poison")
        rows.upsert(
            "history",
            source=envelope.source,
            owner=owner_of(envelope),
            digest=lambda before: add(before or "", envelope.id),
            events=lambda before: (before or 0) + 1,
        )

    return View(
        name="history",
        sources=("billing", "tickets"),
        tables=DDL,
        apply=apply,
        handles=events_of("billing") | events_of("tickets"),
    )


def history_table() -> Table:
    """The view's table, and the billing table that a command looks into."""
    return Table("history", ("source", "owner"))


@statement(
    """select asked.name, format('%I.%I', n.nspname, c.relname) as relation, a.attname as column,
              format_type(a.atttypid, a.atttypmod) as type,
              pg_get_expr(d.adbin, d.adrelid) as default_sql,
              array_position(i.indkey::smallint[], a.attnum) as place_in_key
       from unnest($1::text[], $2::text[]) as asked (name, relation)
       join pg_class c on c.oid = to_regclass(asked.relation)
       join pg_namespace n on n.oid = c.relnamespace
       join pg_index i on i.indrelid = c.oid and i.indisprimary
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
       order by asked.name, a.attnum"""
)
async def describe(session: Session, names: list[str], places: list[str]) -> list[Values]:
    assert (names, places) == (["history"], ["history"]), "the only view of the simulation"
    defaults = {"digest": "''::text", "events": "0"}
    keys = {"source": 0, "owner": 1}
    return [
        {
            "name": "history",
            "relation": "public.history",
            "column": name,
            "type": type_,
            "default_sql": defaults.get(name),
            "place_in_key": keys.get(name),
        }
        for name, type_ in COLUMNS.items()
    ]


@statement("select null, null, ''::text, 0")
async def defaults(session: Session) -> list[Values]:
    return [{"a": None, "b": None, "c": "", "d": 0}]


@statement(
    """select "source", "owner", "digest", "events" from public.history as t
       where (t."source", t."owner") in (select * from unnest($1::text[], $2::text[]))
       order by "source", "owner" for no key update of t"""
)
async def read(session: Session, sources: list[str], owners: list[str]) -> list[Values]:
    wanted = set(zip(sources, owners, strict=True))
    return await session.locked("history", lambda row: (row["source"], row["owner"]) in wanted)


@statement(
    """insert into public.history ("source", "owner", "digest", "events")
       select u."source", u."owner", u."digest", u."events"
       from unnest($1::text[], $2::text[], $3::text[], $4::integer[])
       as u ("source", "owner", "digest", "events")"""
)
async def insert(session: Session, *columns: list[Any]) -> int:
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*columns, strict=True)]
    for row in rows:
        await session.insert("history", row)
    return len(rows)


@statement(
    """update public.history as t set "digest" = u."digest", "events" = u."events"
       from unnest($1::text[], $2::text[], $3::text[], $4::integer[])
       as u ("source", "owner", "digest", "events")
       where t."source" = u."source" and t."owner" = u."owner" """
)
async def update(session: Session, *columns: list[Any]) -> int:
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*columns, strict=True)]
    return sum([await _put(session, row) for row in rows])


async def _put(session: Session, new: Values) -> int:
    place = (new["source"], new["owner"])
    changed = await session.update(
        "history", lambda row: (row["source"], row["owner"]) == place, lambda _: new
    )
    return len(changed)


@statement("select max(day) from business_day_run where brand = $1")
async def last_day(session: Session, brand: str) -> list[Values]:
    days = [row["day"] for row in session.scan("business_day_run", lambda r: r["brand"] == brand)]
    return [{"max": max(days, default=None)}]
