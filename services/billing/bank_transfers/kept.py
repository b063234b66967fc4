"""The entries of bank statements as their bank wrote them, each once: kept by law, then deleted.

Beside them the queue of those that nothing was decided about yet. Amounts in minor units.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg

from services.billing.bank_statements.statement import BankAccount, Reference, StatementEntry
from shared.database import Connection, Reads

KEPT_YEARS = 10
"""Paragraph 147 of the Abgabenordnung, the longest of the brands' countries."""
SLICE = 5000
_BETWEEN = "\x1f"

_KEEP = """
insert into bank_entry_kept (entry_id, statement_id, brand, method, account, source, line,
    booked_on, value_on, amount_minor, currency, is_credit, is_reversal, payer_name, payer_account,
    remittance, reference_kinds, reference_values, bank_reference, delete_on)
select e.entry_id, $1, $2, e.method, e.account, e.source, e.line, e.booked_on, e.value_on,
    e.amount_minor, e.currency, e.is_credit, e.is_reversal, e.payer_name, e.payer_account,
    e.remittance, e.reference_kinds, e.reference_values, e.bank_reference,
    (e.booked_on + $3::int * interval '1 year')::date
from unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::int[], $9::date[], $10::date[],
    $11::bigint[], $12::text[], $13::bool[], $14::bool[], $15::text[], $16::text[], $17::text[],
    $18::text[], $19::text[], $20::text[])
    as e (entry_id, method, account, source, line, booked_on, value_on, amount_minor, currency,
    is_credit, is_reversal, payer_name, payer_account, remittance, reference_kinds,
    reference_values, bank_reference)
on conflict (entry_id) do nothing returning entry_id
"""

_WAIT = """
insert into bank_entry_waiting (entry_id, brand, booked_on, line)
select entry_id, brand, booked_on, line from bank_entry_kept where entry_id = any($1)
"""

_OVERLAPPING = """
select exists (select from bank_entry_kept
    where brand = $1 and account = $2 and booked_on between $3 and $4 and source <> $5)
"""

_NEXT = """
select k.* from bank_entry_waiting w join bank_entry_kept k using (entry_id)
where w.brand = $1 and (w.booked_on, w.line, w.entry_id) > ($2, $3, $4)
order by w.booked_on, w.line, w.entry_id limit $5
"""

Place = tuple[date, int, UUID]
"""Day, line, entry: the order in which entries are worked off."""
FIRST: Place = (date.min, -1, UUID(int=0))


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """An entry of a file, on an account of ours. `source`: how the file names that account."""

    method: str
    account: str
    source: str
    entry: StatementEntry

    def id_of(self, brand: str) -> UUID:
        """The same in every file that has this entry."""
        return uuid5(NAMESPACE_URL, f"faktura:bank_entry:{brand}:{self.entry.identity}")


@dataclass(frozen=True, kw_only=True)
class WaitingEntry:
    """An entry with its id and the file that brought it first."""

    entry_id: UUID
    statement_id: UUID
    method: str
    entry: StatementEntry

    @property
    def place(self) -> Place:
        return self.entry.booked_on, self.entry.line, self.entry_id


async def keep_new(
    entries: Iterable[NewEntry], db: Connection, *, brand: str, statement_id: UUID
) -> int:
    """Keep those that are not kept yet, and have them wait; how many they were."""
    by_id = {each.id_of(brand): each for each in entries}
    ordered = iter(sorted(by_id.items()))  # two imports at once lock rows in the same order
    count = 0
    while some := list(islice(ordered, SLICE)):
        rows = await db.fetch(_KEEP, statement_id, brand, KEPT_YEARS, *_columns(some))
        fresh = [row["entry_id"] for row in rows]
        await db.execute(_WAIT, fresh)
        count += len(fresh)
    return count


def _columns(some: Sequence[tuple[UUID, NewEntry]]) -> list[list[object]]:
    rows = [
        (
            entry_id,
            each.method,
            each.account,
            each.source,
            each.entry.line,
            each.entry.booked_on,
            each.entry.value_on,
            each.entry.amount_minor,
            each.entry.currency,
            each.entry.is_credit,
            each.entry.is_reversal,
            _shown(each.entry.payer_name),
            _shown(each.entry.payer_account),
            _shown(each.entry.remittance),
            _BETWEEN.join(_shown(reference.kind) for reference in each.entry.references),
            _BETWEEN.join(_shown(reference.value) for reference in each.entry.references),
            _shown(each.entry.bank_reference),
        )
        for entry_id, each in some
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _shown(text: str) -> str:
    """The text with a blank for what no column can hold or nobody can see."""
    return "".join(each if each.isprintable() else " " for each in text)


async def is_overlapping(
    db: Connection, *, brand: str, account: str, source: str, days: tuple[date, date]
) -> bool:
    """Whether days of the account are kept already from files that name it otherwise.

    Entries of two formats cannot be told to be the same, so that they would count twice.
    """
    found: bool = await db.fetchval(_OVERLAPPING, brand, account, *days, source)
    return found


async def next_waiting(
    brand: str, db: Connection, *, after: Place, limit: int
) -> list[WaitingEntry]:
    """The next entries that wait, in order."""
    return [_entry(row) for row in await db.fetch(_NEXT, brand, *after, limit)]


async def entry_kept(entry_id: UUID, db: Reads) -> StatementEntry | None:
    """What the bank wrote of an entry; None once that has been deleted."""
    row = await db.fetchrow("select * from bank_entry_kept where entry_id = $1", entry_id)
    return None if row is None else _entry(row).entry


async def brands_waiting(db: Connection) -> list[str]:
    """The brands that have entries that wait."""
    rows = await db.fetch("select distinct brand from bank_entry_waiting order by 1")
    return [row["brand"] for row in rows]


async def stop_waiting(entry_ids: Collection[UUID], db: Connection) -> None:
    """Something was decided about these."""
    await db.execute("delete from bank_entry_waiting where entry_id = any($1)", list(entry_ids))


async def wait_again(entry_id: UUID, db: Connection) -> None:
    """Have an entry matched anew."""
    await db.execute(_WAIT + " on conflict do nothing", [entry_id])


async def delete_old(today: date, db: Connection) -> None:
    """Delete what the law no longer wants to be kept."""
    await db.execute(
        """delete from bank_entry_kept k where delete_on <= $1
           and not exists (select from bank_entry_waiting w where w.entry_id = k.entry_id)""",
        today,
    )


def _entry(row: asyncpg.Record) -> WaitingEntry:
    kinds, values = row["reference_kinds"], row["reference_values"]
    pairs = zip(kinds.split(_BETWEEN), values.split(_BETWEEN), strict=True) if kinds else ()
    entry = StatementEntry(
        account=BankAccount(number=row["account"]),
        booked_on=row["booked_on"],
        value_on=row["value_on"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        is_credit=row["is_credit"],
        is_reversal=row["is_reversal"],
        payer_name=row["payer_name"],
        payer_account=row["payer_account"],
        remittance=row["remittance"],
        references=tuple(Reference(kind=kind, value=value) for kind, value in pairs),
        bank_reference=row["bank_reference"],
        line=row["line"],
    )
    return WaitingEntry(
        entry_id=row["entry_id"],
        statement_id=row["statement_id"],
        method=row["method"],
        entry=entry,
    )
