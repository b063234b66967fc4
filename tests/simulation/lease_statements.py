"""What the in-memory PostgreSQL answers to the statements of shared/lease.py and signals.py."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tests.simulation.memory_postgres import Session, Table, statement
from tests.simulation.row import Values

PARTITIONS = [f"partition/{number}" for number in range(64)]


def lease_tables() -> list[Table]:
    """The tables of the migration of processes."""
    return [Table("process", ("id",), unique=(("seat",),)), Table("lease", ("name",))]


@statement(
    """insert into process (id, seat, backend_pid, backend_start, application_name, alive_until)
       select $1, (select min(seat) from generate_series(0, 63) as free (seat)
                   where seat not in (select seat from process)),
           a.pid, a.backend_start, a.application_name, clock_timestamp() + make_interval(secs => $2)
       from pg_stat_activity a where a.pid = pg_backend_pid()
       returning seat"""
)
async def join(session: Session, id_: UUID, lives_for_s: float) -> list[Values]:
    taken = {row["seat"] for row in session.scan("process", lambda _: True)}
    seat = min(set(range(64)) - taken)
    row = {
        "id": id_,
        "seat": seat,
        "backend_pid": session.pid,
        "backend_start": session.began_at,
        "application_name": session.application_name,
        "alive_until": session.server.now() + timedelta(seconds=lives_for_s),
        "takes_partitions": False,
    }
    await session.insert("process", row)
    return [{"seat": seat}]


@statement(
    """update process set alive_until = clock_timestamp() + make_interval(secs => $2),
           takes_partitions = $3
       where id = $1 returning true"""
)
async def renew(session: Session, id_: UUID, lives_for_s: float, takes: bool) -> list[Values]:
    def renewed(_: Values) -> Values:
        until = session.server.now() + timedelta(seconds=lives_for_s)
        return {"alive_until": until, "takes_partitions": takes}

    rows = await session.update("process", lambda row: row["id"] == id_, renewed)
    return [{"?column?": True} for _ in rows]


@statement(
    """select distinct p.seat, pg_terminate_backend(a.pid)
       from process p join pg_stat_activity a using (application_name)
       where p.alive_until < clock_timestamp() and p.application_name <> ''"""
)
async def cut_off(session: Session) -> list[Values]:
    now = session.server.now()
    hanging = session.scan(
        "process", lambda row: row["alive_until"] < now and row["application_name"] != ""
    )
    found = []
    for row in hanging:
        same = [s for s in session.server.sessions if s.application_name == row["application_name"]]
        for backend in same:
            backend.connection.lose()
        if same:
            found.append({"seat": row["seat"], "pg_terminate_backend": True})
    return found


@statement(
    """delete from process p
       where ($1 and p.alive_until < clock_timestamp()) or not exists (
           select from pg_stat_activity a
           where a.pid = p.backend_pid and a.backend_start = p.backend_start)
       returning p.seat"""
)
async def remove_dead(session: Session, judges: bool) -> list[Values]:
    now = session.server.now()
    living = {(each.pid, each.began_at) for each in session.server.sessions}

    def is_dead(row: Values) -> bool:
        late = judges and row["alive_until"] < now
        return late or (row["backend_pid"], row["backend_start"]) not in living

    dead = session.scan("process", is_dead)
    await _remove(session, [row["id"] for row in dead])
    return [{"seat": row["seat"]} for row in dead]


async def _remove(session: Session, ids: list[UUID]) -> int:
    """Processes go, and their leases with them."""
    gone = await session.delete("process", lambda row: row["id"] in ids)
    await session.delete("lease", lambda row: row["holder"] in ids)
    return gone


@statement("delete from process where backend_pid = pg_backend_pid()")
async def forget_own(session: Session) -> int:
    own = session.scan("process", lambda row: row["backend_pid"] == session.pid)
    return await _remove(session, [row["id"] for row in own])


@statement("delete from process where id = $1")
async def leave(session: Session, id_: UUID) -> int:
    return await _remove(session, [id_])


@statement(
    """insert into lease (name, holder) select name, $1 from unnest($2::text[]) as wanted (name)
       on conflict do nothing"""
)
async def claim(session: Session, holder: UUID, names: list[str]) -> int:
    return await _claim(session, holder, names)


async def _claim(session: Session, holder: UUID, names: list[str]) -> int:
    taken = 0
    for name in names:
        row = {"name": name, "holder": holder}
        if await session.clash("lease", row) is None:
            session.write("lease", row)
            taken += 1
    if taken and session.get("process", holder) is None:
        raise asyncpg.ForeignKeyViolationError(f"no process {holder}")
    return taken


@statement(
    """insert into lease (name, holder)
       select name, $1
       from (select 'partition/' || n as name from generate_series(0, 63) as each (n)) p
       where not exists (select from lease l where l.name = p.name)
       order by random()
       limit greatest($2 - (select count(*) from lease
                            where holder = $1 and name like 'partition/%'), 0)
       on conflict do nothing"""
)
async def claim_partitions(session: Session, holder: UUID, share: int) -> int:
    rows = session.scan("lease", lambda row: row["name"].startswith("partition/"))
    own = sum(row["holder"] == holder for row in rows)
    taken = {row["name"] for row in rows}
    free = [name for name in PARTITIONS if name not in taken]
    random.shuffle(free)
    return await _claim(session, holder, free[: max(share - own, 0)])


@statement("select name from lease where holder = $1")
async def held(session: Session, holder: UUID) -> list[Values]:
    rows = session.scan("lease", lambda row: row["holder"] == holder)
    return [{"name": row["name"]} for row in rows]


@statement("select count(*), count(*) filter (where takes_partitions) from process")
async def processes(session: Session) -> list[Values]:
    rows = session.scan("process", lambda _: True)
    return [{"count": len(rows), "count_1": sum(row["takes_partitions"] for row in rows)}]


@statement("delete from lease where holder = $1 and name = any($2::text[])")
async def give_back(session: Session, holder: UUID, names: list[str]) -> int:
    return await session.delete(
        "lease", lambda row: row["holder"] == holder and row["name"] in names
    )


@statement("select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)")
async def notify(session: Session, *message: Any) -> list[Values]:
    channel, payload = message
    session.notifications.append((channel, payload))
    return [{"set_config": "off", "pg_notify": ""}]
