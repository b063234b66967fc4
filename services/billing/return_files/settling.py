"""Settling the lines of a file, a chunk of them in one transaction with what came of each.

A chunk reads ahead what its lines are about. When anything in it fails it is done again line by
line; the line that fails then is put aside with its code and the others go on. A kill leaves the
chunks before it done and repeats nothing (docs/many-at-once.md).
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from services.billing.automation.today import foresee_today
from services.billing.boleto.boleto import Boleto
from services.billing.brands.brand import Brand
from services.billing.invoices.invoice import Invoice
from services.billing.payments.payment import Payment
from services.billing.return_files.taking import Line, Outcome, take_line
from shared.consumers.faults import is_transient
from shared.database import acquire
from shared.errors import ConcurrentWrite, DomainError
from shared.snapshots import form_of
from shared.store import Cause, EventStore, Transaction

CHUNK = 250
LANES = 2
"""While the server records the chunk of one lane, the other lane's is prepared."""

_NEXT = """
select line, fact, kind, code, reasons, own_number, occurred_on, amount_minor, paid_minor,
       charges_minor, fee_minor
from return_line where return_file_id = $1 and outcome is null and line > $2
order by line limit $3
"""

_DONE = """
update return_line l set outcome = d.outcome, detail = d.detail, boleto_id = d.boleto_id,
    account_id = d.account_id
from unnest($2::int[], $3::text[], $4::text[], $5::uuid[], $6::uuid[])
    as d (line, outcome, detail, boleto_id, account_id)
where l.return_file_id = $1 and l.line = d.line and l.line between $7 and $8
"""
"""The range keeps the server from reading the whole file for each chunk of it."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class FileAtWork:
    """A file whose lines are settled. `cause`: what its bookings say that they came of."""

    return_file_id: UUID
    brand: str
    bank: str
    cause: Cause


@dataclass(kw_only=True)
class Done:
    """What came of a line, and which boleto it is about."""

    line: Line
    outcome: Outcome
    boleto: Boleto | None = None
    detail: str = ""


async def settle_lines(file: FileAtWork, store: EventStore, *, check: Callable[[], None]) -> None:
    """All that are left, in the file's order. `check` raises to stop between chunks."""
    after, turn = 0, asyncio.Lock()

    async def lane() -> None:
        nonlocal after
        while True:
            check()
            async with turn:
                chunk = await _next(file, store, after=after)
                after = chunk[-1].number if chunk else after
            if not chunk:
                return
            await _settle(chunk, file, store=store)

    for fault in await asyncio.gather(*(lane() for _ in range(LANES)), return_exceptions=True):
        if fault is not None:
            raise fault


async def _next(file: FileAtWork, store: EventStore, *, after: int) -> list[Line]:
    async with acquire(store.pool) as db:
        rows = await db.fetch(_NEXT, file.return_file_id, after, CHUNK)
    return [Line(number=row["line"], **{k: v for k, v in row.items() if k != "line"})
            for row in rows]  # fmt: skip


async def _settle(chunk: Sequence[Line], file: FileAtWork, *, store: EventStore) -> None:
    fault = await _attempt(chunk, file, store=store)
    if fault is None:
        return
    log.warning("a chunk of lines is done again one by one", error=repr(fault))
    for line in chunk:
        if fault := await _attempt([line], file, store=store):
            await _put_aside(line, file, store=store, fault=fault)


async def _attempt(
    chunk: Sequence[Line], file: FileAtWork, *, store: EventStore
) -> BaseException | None:
    """Why nothing of the chunk could be done; raises what is wrong with the whole house."""
    work = partial(settle_chunk, chunk=chunk, file=file)
    outcome = (await asyncio.gather(store.run(file.cause, work), return_exceptions=True))[0]
    if outcome is None:
        return None
    is_of_the_house = is_transient(outcome) and not isinstance(outcome, ConcurrentWrite)
    if not isinstance(outcome, Exception) or is_of_the_house:
        raise outcome
    return outcome


async def settle_chunk(tx: Transaction, *, chunk: Sequence[Line], file: FileAtWork) -> None:
    """The lines in one transaction: those of one account one after the other."""
    brand = await tx.look_at(Brand, Brand.id_of(file.brand))
    scopes = sorted({a.numbered_by for a in brand.settings.bank_accounts if a.bank == file.bank})
    ids = {
        (line.number, scope): Boleto.id_of(scope, line.own_number)
        for line in chunk
        for scope in scopes
    }
    known = await tx.load_many(Boleto, ids.values())
    # Two brands may collect under one agreement; each brings its own files.
    boletos = {id: each for id, each in known.items() if each.brand == file.brand}
    done, by_account = [], defaultdict[UUID, list[Done]](list)
    for line in chunk:
        found = [boletos[id] for scope in scopes if (id := ids[line.number, scope]) in boletos]
        each = _matched(line, found)
        done.append(each)
        if each.boleto is not None:
            assert each.boleto.account_id is not None, "a boleto belongs to an account"
            by_account[each.boleto.account_id].append(each)
    await _read_ahead(by_account, file, tx)
    await tx.numbers.lead([_take_all(own, tx) for own in by_account.values()])
    await _note(done, file, tx)


def _matched(line: Line, found: Sequence[Boleto]) -> Done:
    if not found:
        return Done(line=line, outcome="unknown_boleto")
    if len(found) > 1:
        return Done(line=line, outcome="ambiguous", detail=", ".join(b.document for b in found))
    return Done(line=line, outcome="noted", boleto=found[0])


async def _read_ahead(
    by_account: Mapping[UUID, Sequence[Done]], file: FileAtWork, tx: Transaction
) -> None:
    boletos = [each.boleto for own in by_account.values() for each in own if each.boleto]
    await tx.ahead.streams({each.payment_id for each in boletos}, form=form_of(Payment))
    await tx.ahead.streams({each.invoice_id for each in boletos}, form=form_of(Invoice))
    await foresee_today(file.brand, tx)
    await tx.store.keyring.keys(set(by_account))  # once for all: the next that asks has them


async def _take_all(own: Sequence[Done], tx: Transaction) -> None:
    """Two lines may be about one boleto: the second one sees what the first one did."""
    seen: set[UUID] = set()
    for each in own:
        boleto = each.boleto
        assert boleto is not None, "only what is matched is taken"
        if boleto.id in seen:
            boleto = await tx.load(Boleto, boleto.id)
        seen.add(boleto.id)
        each.outcome = await take_line(each.line, boleto, tx)


async def _note(done: Sequence[Done], file: FileAtWork, tx: Transaction) -> None:
    db = await tx.begin()
    lines = [each.line.number for each in done]
    await db.execute(
        _DONE,
        file.return_file_id,
        lines,
        [each.outcome for each in done],
        [each.detail for each in done],
        [each.boleto.id if each.boleto else None for each in done],
        [each.boleto.account_id if each.boleto else None for each in done],
        min(lines),
        max(lines),
    )


async def _put_aside(
    line: Line, file: FileAtWork, *, store: EventStore, fault: BaseException
) -> None:
    """Note that the line could not be done, and why."""
    log.error("a line of a return file failed", line=line.number, error=repr(fault))
    code = fault.code if isinstance(fault, DomainError) else type(fault).__name__
    columns: tuple[list[Any], ...] = ([line.number], ["failed"], [code], [None], [None])
    async with acquire(store.pool) as db:
        await db.execute(_DONE, file.return_file_id, *columns, line.number, line.number)
