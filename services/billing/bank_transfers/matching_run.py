"""Working off the entries of imported statements: what is certain is paid, the rest is for staff.

A chunk of entries goes with the transaction that decides about it, so that a kill loses nothing and
repeats nothing. What invoices are open and what top-ups may come is read once for a pass; an entry
about one that the same pass has touched already waits for the next one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog

from services.billing.automation.today import foresee_today, today_for
from services.billing.bank_statements.matching import (
    KnownPayer,
    KnownPayers,
    Match,
    Receivables,
    match_entry,
)
from services.billing.bank_statements.mentions import PayableInvoice
from services.billing.bank_transfers.bank_entry import BankEntry
from services.billing.bank_transfers.commands import BookEntry, book_entry
from services.billing.bank_transfers.kept import (
    FIRST,
    WaitingEntry,
    brands_waiting,
    delete_old,
    next_waiting,
    stop_waiting,
)
from services.billing.invoices.invoice import Invoice
from services.billing.payments.allocation import OpenInvoice
from services.billing.top_ups.by_transfer import expected, forget_old
from services.billing.top_ups.top_up import TopUp
from shared.consumers.faults import is_transient
from shared.consumers.group import Consumers
from shared.database import acquire
from shared.snapshots import form_of
from shared.store import Cause, EventStore, Transaction

CHUNK = 200
POLL_S = 1
SETTLED_FOR_DAYS = 60
"""How long an invoice that was paid is known, to tell a payment that comes twice."""
ACTOR = "automation:bank_statements"

_PAYABLE = """
select account_id, invoice_id, number, due_on, currency, open_minor, 'invoice' as purpose
from invoice_list
where brand = $1 and (status in ('unpaid', 'payment_pending') and open_minor > 0
                      or status = 'paid' and paid_on >= $2)
"""
_PAYERS = "select account_id, payer_account, payer_name from known_payer where brand = $1"
_CAUSES = """
select statement_id, event_id, correlation_id from bank_statement where statement_id = any($1)
"""


log = structlog.get_logger()

Matched = tuple[WaitingEntry, Match]


@dataclass(kw_only=True)
class Pass:
    """What is known at its beginning, and the invoices that it has paid something of since."""

    brand: str
    receivables: Receivables
    payers: KnownPayers
    touched: set[UUID] = field(default_factory=set)

    def match(self, waiting: Sequence[WaitingEntry]) -> list[Matched]:
        """What each entry pays, as things stood; without those that have to wait."""
        found = []
        for each in waiting:
            match = match_entry(each.entry, self.receivables, payers=self.payers)
            ids = _invoices(match)
            if not ids & self.touched:
                found.append((each, match))
                self.touched |= ids if match.taken else set()
        return found


def _invoices(match: Match) -> set[UUID]:
    readings = (*match.suggestions, *((match.taken,) if match.taken else ()))
    return {invoice.invoice_id for reading in readings for invoice in reading.invoices}


class MatchingRun:
    """Decides about entries that wait. Several may run: one at a time works for a brand."""

    def __init__(self, *, store: EventStore, consumers: Consumers) -> None:
        self._store = store
        self._consumers = consumers

    async def run(self) -> None:
        """Work off what waits, for as long as the service runs."""
        while True:
            seen = self._store.committed.count
            if not await self.work_off():
                await self._store.committed.wait_after(seen, timeout_s=POLL_S)

    async def work_off(self) -> int:
        """Decide about all that waits, of every brand; how many entries that were."""
        async with acquire(self._store.pool) as db:
            brands = await brands_waiting(db)
        return sum([await self._of_brand(brand) for brand in brands])

    async def _of_brand(self, brand: str) -> int:
        """Pass after pass, until nothing waits or nothing more can be decided now."""
        total = 0
        async with self._store.leases.held(f"bank_entries/{brand}") as lease:
            while True:
                # Views see what was decided last, so that invoices are as open as they are.
                await self._consumers.reach_end(self._store.service)
                known = await self._pass(brand)
                done, after = 0, FIRST
                while chunk := await self._next(brand, after):
                    lease.check()
                    after = chunk[-1].place
                    matched = await asyncio.to_thread(known.match, chunk)
                    done += await self._decide(brand, matched)
                total += done
                if not done:
                    return total

    async def _next(self, brand: str, after: tuple[date, int, UUID]) -> list[WaitingEntry]:
        async with acquire(self._store.pool) as db:
            return await next_waiting(brand, db, after=after, limit=CHUNK)

    async def _pass(self, brand: str) -> Pass:
        cause = Cause(actor=ACTOR)
        today = await self._store.run(cause, partial(today_for, brand))
        async with acquire(self._store.pool) as db:
            await delete_old(today, db)
            await forget_old(today, db)
            since = today - timedelta(days=SETTLED_FOR_DAYS)
            invoices = await db.fetch(_PAYABLE, brand, since)
            top_ups = await expected(brand, db, since=since)
            payers = await db.fetch(_PAYERS, brand)
        payables = [*invoices, *top_ups]
        return await asyncio.to_thread(_known, brand, payables=payables, payers=payers)

    async def _decide(self, brand: str, matched: Sequence[Matched]) -> int:
        """Record what is decided about a chunk, those of each file with it as their cause."""
        by_statement: defaultdict[UUID, list[Matched]] = defaultdict(list)
        for waiting, match in matched:
            by_statement[waiting.statement_id].append((waiting, match))
        causes = await self._causes(list(by_statement))
        done = 0
        for statement_id, some in by_statement.items():
            cause = causes.get(statement_id, Cause(actor=ACTOR))
            done += await self._book_all(brand, some, cause=cause)
        return done

    async def _book_all(self, brand: str, some: Sequence[Matched], *, cause: Cause) -> int:
        """Some entries at once; where that fails one by one, and what fails then is for staff."""
        booked = await self._attempt(brand, some, cause=cause)
        if not isinstance(booked, Exception):
            return booked
        log.warning("bank entries are booked one by one", error=repr(booked))
        done = 0
        for waiting, match in some:
            one = await self._attempt(brand, [(waiting, match)], cause=cause)
            if isinstance(one, Exception):
                entry_id = str(waiting.entry_id)
                log.error("a bank entry cannot be booked", entry=entry_id, error=repr(one))
                left = [(waiting, _for_staff(match))]
                one = await self._store.run(cause, partial(_book, brand, left))
            done += one
        return done

    async def _attempt(
        self, brand: str, some: Sequence[Matched], *, cause: Cause
    ) -> int | Exception:
        """How many were decided about, or why they cannot be; what passes by itself is raised."""
        work = self._store.run(cause, partial(_book, brand, some))
        outcome = (await asyncio.gather(work, return_exceptions=True))[0]
        if isinstance(outcome, int):
            return outcome
        if not isinstance(outcome, Exception) or is_transient(outcome):
            raise outcome
        return outcome

    async def _causes(self, statement_ids: list[UUID]) -> dict[UUID, Cause]:
        async with acquire(self._store.pool) as db:
            rows = await db.fetch(_CAUSES, statement_ids)
        return {
            row["statement_id"]: Cause(
                actor=ACTOR,
                causation_id=row["event_id"],
                correlation_id=row["correlation_id"],
            )
            for row in rows
        }


def _for_staff(match: Match) -> Match:
    """The same readings, of which none is taken."""
    readings = (*((match.taken,) if match.taken else ()), *match.suggestions)
    return Match(outcome="suggestions", suggestions=readings, reasons=match.reasons)


def _known(
    brand: str, *, payables: Sequence[asyncpg.Record], payers: Sequence[asyncpg.Record]
) -> Pass:
    payable = [
        PayableInvoice(
            account_id=row["account_id"],
            invoice=OpenInvoice(
                invoice_id=row["invoice_id"],
                number=row["number"],
                due_on=row["due_on"],
                currency=row["currency"],
                open_minor=row["open_minor"],
                purpose=row["purpose"],
            ),
        )
        for row in payables
    ]
    known = KnownPayers(KnownPayer(**row) for row in payers)
    return Pass(brand=brand, receivables=Receivables(payable), payers=known)


async def _book(brand: str, matched: Sequence[Matched], tx: Transaction) -> int:
    """Decide about some entries in one transaction; how many are decided."""
    await _read_ahead(brand, matched, tx)
    by_account: defaultdict[object, list[Matched]] = defaultdict(list)
    for waiting, match in matched:
        by_account[match.taken.account_ids if match.taken else ()].append((waiting, match))
    decided: list[UUID] = []

    async def one_by_one(some: Sequence[Matched]) -> None:
        for waiting, match in some:
            if await book_entry(BookEntry(brand=brand, waiting=waiting, match=match), tx):
                decided.append(waiting.entry_id)

    await tx.numbers.lead([one_by_one(some) for some in by_account.values()])
    await stop_waiting(decided, await tx.begin())
    return len(decided)


async def _read_ahead(brand: str, matched: Sequence[Matched], tx: Transaction) -> None:
    entries = [waiting.entry_id for waiting, _ in matched]
    taken = [match.taken for _, match in matched if match.taken]
    await tx.ahead.streams(entries, form=form_of(BankEntry))
    for purpose, form in (("invoice", form_of(Invoice)), ("top_up", form_of(TopUp))):
        paid = {i.invoice_id for each in taken for i in each.invoices if i.purpose == purpose}
        await tx.ahead.streams(paid, form=form)
    await foresee_today(brand, tx)
    accounts = {account_id for reading in taken for account_id in reading.account_ids}
    await tx.store.keyring.keys(accounts)  # once for all: each that asks has them at hand
