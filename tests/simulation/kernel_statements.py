"""What the in-memory PostgreSQL answers to the statements of shared/: text above, meaning below."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from shared.envelope import FIRST_HASH, PARTITIONS
from shared.snapshots import KEEP, LOAD
from tests.simulation.memory_postgres import Session, Table, statement, violation
from tests.simulation.row import Values

EVENT = (
    "stream_id",
    "version",
    "topic",
    "account_id",
    "brand",
    "data",
    "recorded_at",
    "write_id",
)
LOG = (
    "partition",
    "id",
    "type",
    "version",
    "account_id",
    "brand",
    "occurred_at",
    "actor",
    "causation_id",
    "correlation_id",
    "traceparent",
    "data",
    "sealed",
)
PLACE = ("consumer", "source", "partition", "position")
OPEN = ("pending", "performed")
EFFECT = (
    "id",
    "reactor",
    "key",
    "kind",
    "account_id",
    "brand",
    "payload",
    "cause_id",
    "correlation_id",
    "traceparent",
)


def kernel_tables() -> list[Table]:
    """The tables of shared/migrations, with the rows that they begin with."""
    heads = Table("partition_head", ("partition",))
    published = Table("relay_checkpoint", ("partition",))
    for partition in range(PARTITIONS):
        heads.store((partition,), {"partition": partition, "position": 0, "hash": FIRST_HASH})
        published.store((partition,), {"partition": partition, "position": 0})
    return [
        heads,
        published,
        Table("events", ("stream_id", "version")),
        Table("snapshot", ("stream_id",)),
        Table("log", ("partition", "position"), unique=(("id",),)),
        Table("claim", ("kind", "key")),
        Table("series", ("name",)),
        Table("relay_stream", ("stream",)),
        Table("checkpoint", ("consumer", "source", "partition")),
        Table("parked", PLACE),
        Table("parked_decision", ("id",)),
        Table("effect", ("id",), unique=(("reactor", "key"),)),
        Table("idempotency_key", ("caller", "key")),
    ]


def jsonb(text: str) -> str:
    """The text that jsonb gives back: keys by length and then bytes, one space after , and :."""
    return _normal(json.loads(text))


def _normal(value: Any) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        members = (f"{_normal(key)}: {_normal(value[key])}" for key in keys)
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_normal(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


# ------------------------------------------------------------------------------------- the store


@statement(LOAD)
async def load_stream(session: Session, stream_id: UUID, form: str) -> list[Values]:
    columns = ("version", "topic", "account_id", "data")
    kept = session.get("snapshot", stream_id)
    start = [kept] if kept and kept["form"] == form else []
    beyond = kept["version"] if kept and start else 0
    rows = [
        {"state": row["state"], "topic": None, "data": None}
        | {"version": row["version"], "account_id": row["account_id"]}
        for row in start
    ]
    return rows + [
        {"state": None} | {name: row[name] for name in columns}
        for row in session.group("events", stream_id)
        if row["version"] > beyond
    ]


@statement(KEEP)
async def keep_snapshot(session: Session, *given: Any) -> int:
    row = dict(zip(("stream_id", "form", "version", "account_id", "state"), given, strict=True))
    await session.lock("snapshot", (row["stream_id"],))
    kept = session.get("snapshot", row["stream_id"])
    is_newer = kept is None or kept["version"] < row["version"] or kept["form"] != row["form"]
    if is_newer:
        session.write("snapshot", row)
    return int(is_newer)


@statement("select append($1::event_row[], $2::log_row[], $3::jsonb)")
async def append(session: Session, *given: Any) -> list[Values]:
    events, log, guard_rows = given
    for values in events:
        event = dict(zip(EVENT, values, strict=True))
        await session.insert("events", {**event, "data": jsonb(event["data"])})
    guards = json.loads(guard_rows) if guard_rows else {"claims": [], "keys": []}
    for kind, key, write_id in sorted(
        (each["kind"], each["key"], UUID(each["write_id"])) for each in guards["claims"]
    ):
        claimed = {"kind": kind, "key": key, "claimed_at": session.now(), "write_id": write_id}
        await session.insert("claim", claimed)
    entries = [dict(zip(LOG, values, strict=True)) for values in log]
    positions = await _extend(session, entries)
    for key in guards["keys"]:
        await _take_key(session, key, entries=entries, positions=positions)
    return [{"append": positions}]


async def _extend(session: Session, entries: list[Values]) -> list[int]:
    """New rows of the log: positions and hashes go on from the heads, which stay locked."""
    partitions = [entry["partition"] for entry in entries]
    assert partitions == sorted(partitions), "log rows are sorted by partition"
    for partition in dict.fromkeys(partitions):
        await session.lock("partition_head", (partition,))
    positions = []
    rows = []
    for entry in entries:
        head = session.get("partition_head", entry["partition"])
        assert head is not None, "every partition has a head"
        chained = hashlib.sha256(head["hash"] + entry.pop("sealed")).digest()
        moved = {"position": head["position"] + 1, "hash": chained}
        session.write("partition_head", {**head, **moved})
        place = {"partition": entry["partition"], "position": moved["position"]}
        rows.append({**place, **entry, "hash": chained})
        positions.append(moved["position"])
    for row in rows:
        await session.insert("log", row)
    return positions


async def _take_key(
    session: Session, key: Values, *, entries: list[Values], positions: list[int]
) -> None:
    """Keep a request's answer with its key, which is free again a day after it was used."""
    reached: dict[int, int] = {}
    for place in key["rows"]:
        partition = entries[place - 1]["partition"]
        reached[partition] = max(positions[place - 1], reached.get(partition, 0))
    row = {
        "caller": key["caller"],
        "key": key["key"],
        "request_hash": bytes.fromhex(key["request_hash"]),
        "status": key["status"],
        "headers": jsonb(json.dumps(key["headers"])),
        "body": base64.b64decode(key["body"]),
        "created_at": datetime.fromisoformat(key["created_at"]),
        "write_id": UUID(key["write_id"]),
        "positions": ",".join(f"{part}/{at}" for part, at in sorted(reached.items())),
    }
    place = (key["caller"], key["key"])
    if await session.clash("idempotency_key", row) is not None:
        await session.lock("idempotency_key", place)
        kept = session.get("idempotency_key", *place)
        if kept is not None and kept["created_at"] > row["created_at"] - timedelta(days=1):
            raise violation("idempotency_key_pkey", "the idempotency key is taken")
    session.write("idempotency_key", row)


@statement(
    """insert into series as s (name, last_number) values ($1, 1)
       on conflict (name) do update set last_number = s.last_number + 1 returning last_number"""
)
async def next_number(session: Session, name: str) -> list[Values]:
    await session.lock("series", (name,))
    row = session.get("series", name)
    number = row["last_number"] + 1 if row else 1
    session.write("series", {"name": name, "last_number": number})
    return [{"last_number": number}]


@statement("select true from claim where kind = $1 and key = $2")
async def is_claimed(session: Session, kind: str, key: str) -> list[Values]:
    return [{"?column?": True}] if session.get("claim", kind, key) else []


@statement("delete from claim where kind = $1 and key = $2")
async def release(session: Session, kind: str, key: str) -> int:
    return await session.delete("claim", lambda row: (row["kind"], row["key"]) == (kind, key))


# -------------------------------------------------------------------- requests with a key of theirs


@statement(
    """select request_hash, status, headers, body, positions from idempotency_key
       where caller = $1 and key = $2 and created_at > $3"""
)
async def kept_answer(session: Session, caller: str, key: str, since: datetime) -> list[Values]:
    row = session.get("idempotency_key", caller, key)
    columns = ("request_hash", "status", "headers", "body", "positions")
    return [{name: row[name] for name in columns}] if row and row["created_at"] > since else []


# ----------------------------------------------------------------- writes whose answer was lost


@statement("select write_id from events where stream_id = $1 and version = $2")
async def write_of_event(session: Session, stream_id: UUID, version: int) -> list[Values]:
    row = session.get("events", stream_id, version)
    return [{"write_id": row["write_id"]}] if row else []


@statement("select write_id from claim where kind = $1 and key = $2")
async def write_of_claim(session: Session, kind: str, key: str) -> list[Values]:
    row = session.get("claim", kind, key)
    return [{"write_id": row["write_id"]}] if row else []


@statement("select write_id from idempotency_key where caller = $1 and key = $2")
async def write_of_key(session: Session, caller: str, key: str) -> list[Values]:
    row = session.get("idempotency_key", caller, key)
    return [{"write_id": row["write_id"]}] if row else []


@statement(
    "select partition, max(position) as position from log where id = any($1) group by 1 order by 1"
)
async def reached(session: Session, ids: list[UUID]) -> list[Values]:
    places: dict[int, int] = {}
    for row in session.scan("log", lambda row: row["id"] in ids):
        places[row["partition"]] = max(row["position"], places.get(row["partition"], 0))
    return [{"partition": part, "position": at} for part, at in sorted(places.items())]


@statement(
    """select pg_terminate_backend(pid, $2) from pg_stat_activity
       where pid = $1 and usename = current_user"""
)
async def terminate(session: Session, pid: int, within_ms: int) -> list[Values]:
    found = [each for each in session.server.sessions if each.pid == pid]
    for each in found:
        each.connection.lose()
    return [{"pg_terminate_backend": True} for _ in found]


# ---------------------------------------------------------------------------------------- relay


@statement(
    """select l.* from (
           select r.partition, r.position, greatest($3 / count(*) over (), 1) as share
           from unnest($1::smallint[], $2::bigint[]) as r (partition, position)
           join partition_head h on h.partition = r.partition and h.position > r.position
       ) waiting
       cross join lateral (
           select * from log
           where log.partition = waiting.partition and log.position > waiting.position
           order by log.position limit waiting.share
       ) l
       order by l.partition, l.position"""
)
async def unpublished(
    session: Session, partitions: list[int], positions: list[int], limit: int
) -> list[Values]:
    waiting = [
        (partition, position)
        for partition, position in sorted(zip(partitions, positions, strict=True))
        if (session.get("partition_head", partition) or {"position": 0})["position"] > position
    ]
    share = max(limit // len(waiting), 1) if waiting else 0
    return [row for place in waiting for row in _page(session, *place, limit=share)]


def _page(session: Session, partition: int, after: int, *, limit: int) -> list[Values]:
    rows: list[Values] = []
    while len(rows) < limit and (row := session.get("log", partition, after + len(rows) + 1)):
        rows.append(row)
    return rows


@statement("select * from relay_stream where stream = $1")
async def known_stream(session: Session, stream: str) -> list[Values]:
    row = session.get("relay_stream", stream)
    return [row] if row else []


@statement("select partition, position from relay_checkpoint")
async def published(session: Session) -> list[Values]:
    return session.scan("relay_checkpoint", lambda _: True)


@statement("select partition, position from partition_head")
async def all_heads(session: Session) -> list[Values]:
    return _positions(session.scan("partition_head", lambda _: True))


def _positions(rows: list[Values]) -> list[Values]:
    return [{"partition": row["partition"], "position": row["position"]} for row in rows]


@statement(
    """select l.partition, l.position
       from unnest($1::smallint[], $2::bigint[]) as p (partition, position)
       join log l using (partition, position) where l.occurred_at < $3"""
)
async def older(
    session: Session, partitions: list[int], positions: list[int], instant: datetime
) -> list[Values]:
    found = (session.get("log", *place) for place in zip(partitions, positions, strict=True))
    return _positions([row for row in found if row and row["occurred_at"] < instant])


@statement("update relay_checkpoint set position = $2 where partition = $1")
async def rewind(session: Session, partition: int, position: int) -> int:
    changed = await session.update(
        "relay_checkpoint",
        lambda row: row["partition"] == partition,
        lambda row: {"position": position},
    )
    return len(changed)


@statement("select id from log where id = any ($1)")
async def known_events(session: Session, ids: list[UUID]) -> list[Values]:
    return [{"id": row["id"]} for row in session.scan("log", lambda row: row["id"] in ids)]


@statement("select occurred_at from log where id = $1")
async def occurred_at(session: Session, id_: UUID) -> list[Values]:
    rows = session.scan("log", lambda row: row["id"] == id_)
    return [{"occurred_at": row["occurred_at"]} for row in rows]


@statement(
    """with ended as (
           insert into relay_stream as s (stream, created_at, last_sequence, last_event_id, epoch)
           values ($1, $2, $3, $4, $5)
           on conflict (stream) do update set created_at = excluded.created_at,
               last_sequence = excluded.last_sequence, last_event_id = excluded.last_event_id,
               epoch = excluded.epoch
           where (s.epoch, s.last_sequence) <= (excluded.epoch, excluded.last_sequence)
           returning true as is_latest),
       published as (
           update relay_checkpoint c set position = r.position
           from ended, unnest($6::smallint[], $7::bigint[]) as r (partition, position)
           where c.partition = r.partition and c.position < r.position)
       select is_latest from ended"""
)
async def remember(session: Session, stream: str, created_at: datetime, *rest: Any) -> list[Values]:
    last_sequence, last_event_id, epoch, partitions, positions = rest
    reached = dict(zip(partitions, positions, strict=True))

    def is_behind(row: Values) -> bool:
        return bool(row["position"] < reached.get(row["partition"], 0))

    behind = session.scan("relay_checkpoint", is_behind)
    await session.lock("relay_stream", (stream,))
    known = session.get("relay_stream", stream)
    if known and (known["epoch"], known["last_sequence"]) > (epoch, last_sequence):
        return []
    row = {
        "stream": stream,
        "created_at": created_at,
        "last_sequence": last_sequence,
        "last_event_id": last_event_id,
        "epoch": epoch,
    }
    session.write("relay_stream", row)
    await session.update(
        "relay_checkpoint",
        is_behind,
        lambda row: {"position": reached[row["partition"]]},
        among=behind,
    )
    return [{"is_latest": True}]


# --------------------------------------------------------------------------------------- the feed


@statement("select partition, position from partition_head where position > 0")
async def heads(session: Session) -> list[Values]:
    return _positions(session.scan("partition_head", lambda row: row["position"] > 0))


@statement("select * from log where partition = $1 and position > $2 order by 2 limit $3")
async def page(session: Session, partition: int, after: int, limit: int) -> list[Values]:
    return _page(session, partition, after, limit=limit)


# -------------------------------------------------------------------------------------- consumers


@statement("select source, partition, position, hash, build from checkpoint where consumer = $1")
async def checkpoints(session: Session, consumer: str) -> list[Values]:
    rows = session.scan("checkpoint", lambda row: row["consumer"] == consumer)
    names = ("source", "partition", "position", "hash", "build")
    return [{name: row[name] for name in names} for row in rows]


@statement(
    """update checkpoint as c set position = g.position, hash = g.hash
       from unnest($2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[],
                   $7::integer[])
           as g (source, partition, before, position, hash, build)
       where (c.consumer, c.source, c.partition) = ($1, g.source, g.partition)
         and (c.position, c.build) = (g.before, g.build)"""
)
async def move_checkpoints(session: Session, consumer: str, *columns: list[Any]) -> int:
    moved = 0
    for source, partition, before, position, chained, build in zip(*columns, strict=True):
        standing = (consumer, source, partition, before, build)
        after = {"position": position, "hash": chained}
        stands, set_to = partial(_stands, at=standing), partial(_set_to, after)
        known = session.get("checkpoint", consumer, source, partition)
        there = [known] if known is not None and stands(known) else []
        moved += len(await session.update("checkpoint", stands, set_to, among=there))
    return moved


def _stands(row: Values, at: tuple[Any, ...]) -> bool:
    names = ("consumer", "source", "partition", "position", "build")
    return tuple(row[name] for name in names) == at


def _set_to(after: Values, _: Values) -> Values:
    return after


@statement(
    """insert into checkpoint (consumer, source, partition, position, hash, build)
       select $1, g.source, g.partition, g.position, g.hash, g.build
       from unnest($2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[],
                   $7::integer[])
           as g (source, partition, before, position, hash, build)
       where g.before = 0
       on conflict do nothing"""
)
async def begin_checkpoints(session: Session, consumer: str, *columns: list[Any]) -> int:
    begun = 0
    for source, partition, before, position, chained, build in zip(*columns, strict=True):
        row = {
            "consumer": consumer,
            "source": source,
            "partition": partition,
            "position": position,
            "hash": chained,
            "build": build,
        }
        if before == 0 and await session.clash("checkpoint", row) is None:
            await session.insert("checkpoint", row)
            begun += 1
    return begun


@statement(
    """select source, partition, position from parked_decision
       where consumer = $1 and decision = 'skip' and kind = 'event'"""
)
async def skipped(session: Session, consumer: str) -> list[Values]:
    """Nobody decides anything in the simulation, so there is nothing but what was stored."""
    rows = session.scan("parked_decision", lambda row: row["consumer"] == consumer)
    chosen = [row for row in rows if (row["decision"], row["kind"]) == ("skip", "event")]
    return [{name: row[name] for name in ("source", "partition", "position")} for row in chosen]


@statement("select distinct frozen from parked where consumer = $1 and partition = any($2)")
async def frozen(session: Session, consumer: str, partitions: list[int]) -> list[Values]:
    own = frozenset(partitions)
    rows = session.scan(
        "parked", lambda row: row["consumer"] == consumer and row["partition"] in own
    )
    return [{"frozen": key} for key in dict.fromkeys(row["frozen"] for row in rows)]


@statement(
    """insert into parked (consumer, source, partition, position, frozen, record, error, tries,
                           next_try_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
)
async def park(session: Session, *given: Any) -> int:
    row = dict(
        zip((*PLACE, "frozen", "record", "error", "tries", "next_try_at"), given, strict=True)
    )
    row["record"] = jsonb(row["record"])
    row |= {"parked_at": session.now(), "place": next(session.server.places)}
    await session.insert("parked", row)
    return 1


@statement(
    """select p.* from parked p
       where p.consumer = $1 and p.partition = any($2)
         and (p.next_try_at <= $3 or p.tries = 0)
         and not exists (
             select from parked e where (e.consumer, e.frozen) = (p.consumer, p.frozen)
               and e.place < p.place)
       order by p.place limit 1 for update of p skip locked"""
)
async def first_due(
    session: Session, consumer: str, partitions: list[int], now: datetime
) -> list[Values]:
    own = frozenset(partitions)
    rows = session.scan("parked", lambda row: row["consumer"] == consumer)
    rows.sort(key=lambda row: int(row["place"]))
    firsts: dict[str, Values] = {}
    for row in rows:
        firsts.setdefault(row["frozen"], row)

    def is_due(row: Values) -> bool:
        is_time = row["next_try_at"] is not None and row["next_try_at"] <= now
        return row["partition"] in own and (is_time or row["tries"] == 0)

    for row in filter(is_due, firsts.values()):
        if session.try_lock("parked", _place(row)):
            latest = session.get("parked", *_place(row))
            if latest is not None and is_due(latest):
                return [latest]
    return []


@statement(
    """select record, source, partition, position from parked
       where consumer = $1 and partition = any($2) and error like 'UnknownEvent(%'"""
)
async def unknown(session: Session, consumer: str, partitions: list[int]) -> list[Values]:
    own = frozenset(partitions)
    rows = session.scan(
        "parked",
        lambda row: (
            row["consumer"] == consumer
            and row["partition"] in own
            and row["error"].startswith("UnknownEvent(")
        ),
    )
    names = ("record", "source", "partition", "position")
    return [{name: row[name] for name in names} for row in rows]


@statement(
    """update parked set next_try_at = $5
       where (consumer, source, partition, position) = ($1, $2, $3, $4)"""
)
async def try_at(session: Session, *given: Any) -> int:
    changed = await session.update(
        "parked", lambda row: _place(row) == given[:4], lambda row: {"next_try_at": given[4]}
    )
    return len(changed)


@statement("select exists (select from parked where consumer = $1 and frozen = $2)")
async def has_parked(session: Session, consumer: str, key: str) -> list[Values]:
    rows = session.scan("parked", lambda row: (row["consumer"], row["frozen"]) == (consumer, key))
    return [{"exists": bool(rows)}]


def _place(row: Values) -> tuple[Any, ...]:
    return tuple(row[column] for column in PLACE)


@statement(
    """delete from parked
       where (consumer, source, partition, position) = ($1, $2, $3, $4)"""
)
async def unpark(session: Session, *place: Any) -> int:
    return await session.delete("parked", lambda row: _place(row) == place)


@statement(
    """update parked set tries = $5, error = $6, next_try_at = $7
       where (consumer, source, partition, position) = ($1, $2, $3, $4)"""
)
async def note_failure(session: Session, *given: Any) -> int:
    tries, error, next_try_at = given[4:]
    changed = await session.update(
        "parked",
        lambda row: _place(row) == given[:4],
        lambda row: {"tries": tries, "error": error, "next_try_at": next_try_at},
    )
    return len(changed)


# ---------------------------------------------------------------------------------------- effects


@statement(
    """insert into effect (id, reactor, key, kind, account_id, brand, payload, cause_id,
                           correlation_id, traceparent)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       on conflict (reactor, key) do nothing"""
)
async def plan(session: Session, *given: Any) -> int:
    row = dict(zip(EFFECT, given, strict=True))
    row["payload"] = jsonb(row["payload"])
    row |= {"state": "pending", "tries": 0, "next_try_at": session.now(), "outcome": None}
    row |= {"error": None, "created_at": session.now(), "ended_at": None, "performed": None}
    if await session.clash("effect", row, ("reactor", "key")) is not None:
        return 0
    await session.insert("effect", row)
    return 1


@statement(
    """select * from effect
       where reactor = $1 and state in ('pending', 'performed') and next_try_at <= $2
       order by created_at, id limit $3"""
)
async def due_effects(session: Session, reactor: str, now: datetime, limit: int) -> list[Values]:
    due = session.scan(
        "effect",
        lambda row: (
            row["reactor"] == reactor and row["state"] in OPEN and row["next_try_at"] <= now
        ),
    )
    return sorted(due, key=lambda row: (row["created_at"], row["id"]))[:limit]


@statement(
    """update effect set state = 'performed', performed = $2
       where id = $1 and state = 'pending'"""
)
async def keep_performed(session: Session, id_: UUID, performed: str) -> int:
    changed = await session.update(
        "effect",
        lambda row: row["id"] == id_ and row["state"] == "pending",
        lambda row: {"state": "performed", "performed": performed},
    )
    return len(changed)


@statement(
    """update effect set state = $2, outcome = $3, ended_at = $4, error = null,
           performed = null, tries = tries + 1
       where id = $1 and state in ('pending', 'performed')"""
)
async def end_effect(session: Session, id_: UUID, *rest: Any) -> int:
    state, outcome, ended_at = rest

    def ended(row: Values) -> Values:
        fresh = {"state": state, "outcome": jsonb(outcome), "ended_at": ended_at, "error": None}
        return {**fresh, "performed": None, "tries": row["tries"] + 1}

    changed = await session.update(
        "effect", lambda row: row["id"] == id_ and row["state"] in OPEN, ended
    )
    return len(changed)


@statement(
    """update effect set next_try_at = $3, error = $4, tries = tries + 1,
           state = case when $2 then 'parked' else state end
       where id = $1 and state in ('pending', 'performed')"""
)
async def retry_effect(session: Session, id_: UUID, *rest: Any) -> int:
    is_hopeless, next_try_at, error = rest

    def tried(row: Values) -> Values:
        state = "parked" if is_hopeless else row["state"]
        tries = row["tries"] + 1
        return {"state": state, "next_try_at": next_try_at, "error": error, "tries": tries}

    changed = await session.update(
        "effect", lambda row: row["id"] == id_ and row["state"] in OPEN, tried
    )
    return len(changed)


# --------------------------------------------- billing's, which its commands ask for the date


@statement("select max(day) from business_day_run where brand = $1")
async def last_day(session: Session, brand: str) -> list[Values]:
    days = [key[1] for key in session.server.tables["business_day_run"].groups.get(brand, {})]
    own = [row["day"] for row in session.changed("business_day_run") if row["brand"] == brand]
    return [{"max": max([*days, *own], default=None)}]
