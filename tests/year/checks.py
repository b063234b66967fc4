"""What must hold on every day of the year: the invariants I1 to I5, and that nothing is left over.

I1: the ledger sums to zero. I2: what the gateway captured, what was published as received and what
is booked are one sum. I3: a service's period is on one live invoice. I4: numbers are gapless, once
each, in the order of the commits. I5: versions and positions are contiguous, the hash chain holds.
"""

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from services.billing.credit.credit_balance import CreditBalance
from services.billing.invoices.invoice import Invoice
from shared.envelope import FIRST_HASH, chained_hash
from shared.errors import NotFound
from shared.feed import record_of
from tests.simulation.row import Values
from tests.year.books import Books
from tests.year.world import World

PANEL_TAKES = 15
"""Days: the panel's own time and refusals."""
LATEST_SUSPENSION = 30 + PANEL_TAKES
"""Days: the longest that an account has agreed, and then the panel."""
NEVER_USED = ("parked", "business_day_task", "business_day_problem")


class DailyChecks:
    """Looks at what was added to the tables since the day before, and at what it sums to."""

    def __init__(self, world: World, books: Books) -> None:
        self._world = world
        self._books = books
        self._seen: Counter[str] = Counter()
        self._versions: dict[UUID, int] = {}
        self._heads: dict[int, tuple[int, bytes]] = {}
        self._live: set[tuple[str, str]] = set()
        self._due_at_night: dict[UUID, date | None] = {}
        self._owed_at_night: set[UUID] = set()
        self.balances: Counter[str] = Counter()
        """By account of the ledger."""

    def check_day(self) -> None:
        """I1 to I5, and that neither an event nor an account of a business day was put aside."""
        self._check_streams()
        self._check_log()
        self._check_ledger()
        for table in NEVER_USED:
            assert not self._world.server.read(table), f"{table}: {self._world.server.read(table)}"
        stuck = [row for row in self._world.server.read("effect") if row["state"] == "parked"]
        assert not stuck, "an effect is parked"
        self._due_at_night = {
            service_id: contract.next_due_on
            for holder in self._books.holders.values()
            for service_id, contract in holder.contracts.items()
        }
        self._owed_at_night = {
            service_id
            for holder in self._books.holders.values()
            for service_id in holder.contracts
            if holder.owes_for(service_id)
        }

    def _new(self, table: str) -> list[Values]:
        rows = self._world.server.tables[table].rows
        added = list(islice(rows.values(), self._seen[table], None))
        self._seen[table] = len(rows)
        return added

    def _check_streams(self) -> None:
        for row in self._new("events"):
            before = self._versions.get(row["stream_id"], 0)
            assert row["version"] == before + 1, f"versions of {row['stream_id']}"
            self._versions[row["stream_id"]] = row["version"]

    def _check_log(self) -> None:
        for row in self._new("log"):
            position, before = self._heads.get(row["partition"], (0, FIRST_HASH))
            assert row["position"] == position + 1, f"positions of partition {row['partition']}"
            chained = chained_hash(before, record_of(row, "billing"))
            assert row["hash"] == chained, f"hash chain of partition {row['partition']}"
            self._heads[row["partition"]] = (row["position"], chained)
        for head in self._world.server.read("partition_head"):
            known = self._heads.get(head["partition"], (0, FIRST_HASH))
            assert (head["position"], head["hash"]) == known, "the head is the last of the log"

    def _check_ledger(self) -> None:
        by_event: Counter[UUID] = Counter()
        nowhere: Counter[UUID] = Counter()
        for row in self._new("ledger_posting"):
            assert row["currency"] == "BRL", "another currency"
            by_event[row["event_id"]] += row["amount_minor"]
            self.balances[row["ledger_account"]] += row["amount_minor"]
            if row["ledger_account"] == "unallocated":
                nowhere[row["account_id"]] += row["amount_minor"]
        assert not any(by_event.values()), "a booking does not balance"
        assert not any(nowhere.values()), "money has found no place by the end of the day"
        assert sum(self.balances.values()) == 0, "the ledger does not balance"
        holders = self._books.holders.values()
        owed = sum(h.bills[each].open_minor for h in holders for each in h.open_bills)
        assert self.balances["receivable"] == owed, "what is owed is not what is booked"
        credit = sum(holder.credit_minor for holder in holders)
        assert self.balances["client_credit"] == -credit, "credit is not what is booked"
        received = self.balances["gateway_clearing"]
        assert received == self._books.received_minor, "received is not what is booked"
        assert received <= self._world.gateway.captured_minor, "received what nobody has paid"

    def check_morning(self, today: date, *, renewal_days: int) -> None:
        """After the day's run: nothing was overlooked, nobody runs on without paying.

        `renewal_days`: how long before the due date the brand bills; accounts may say earlier. What
        the run itself has renewed, by credit, it finds again on the next day.
        """
        for holder in self._books.holders.values():
            for service_id, contract in holder.contracts.items():
                until = today + timedelta(days=renewal_days)
                was_so = contract.next_due_on == self._due_at_night.get(service_id)
                if was_so and service_id not in self._owed_at_night:
                    assert not contract.is_overlooked(until), f"{service_id} was not billed"
                contract.is_asked_anew = False
                bills = (holder.bills[each.bill] for each in contract.periods)
                owed = [bill for bill in bills if bill.status == "open" and not bill.is_awaited]
                late = [bill for bill in owed if (today - bill.due_on).days > LATEST_SUSPENSION]
                runs_since = contract.grace_ends_on or contract.lifted_on or date.min
                is_left_running = contract.is_running and (today - runs_since).days > PANEL_TAKES
                assert not (is_left_running and late), f"{service_id} runs unpaid"

    async def check_all(self) -> None:
        """At the end: what the views and the aggregates say of every account is what is owed."""
        assert self._world.gateway.captured_minor == self._books.received_minor, "captures"
        listed = {row["invoice_id"]: row for row in self._world.server.read("invoice_list")}
        for holder in self._books.holders.values():
            for bill in holder.bills.values():
                row = listed.pop(bill.id)
                assert (row["open_minor"], row["total_minor"]) == (
                    bill.open_minor,
                    bill.total_minor,
                )
        assert not listed, "an invoice that nobody was told of"
        await self._check_aggregates()
        self._check_checkpoints()

    async def _check_aggregates(self) -> None:
        for holder in self._books.holders.values():
            async with self._world.store.transaction(self._world.cause("check")) as tx:
                invoices = await tx.load_many(Invoice, list(holder.bills))
                folded = {id: invoice.open_minor for id, invoice in invoices.items()}
                assert folded == {id: bill.open_minor for id, bill in holder.bills.items()}
                try:
                    credit = await tx.load(CreditBalance, CreditBalance.id_of(holder.id, "BRL"))
                    assert credit.balance_minor == holder.credit_minor
                except NotFound:
                    assert holder.credit_minor == 0

    def _check_checkpoints(self) -> None:
        """Every consumer has seen all of the log."""
        seen: dict[str, dict[int, int]] = defaultdict(dict)
        for row in self._world.server.read("checkpoint"):
            seen[row["consumer"]][row["partition"]] = row["position"]
        heads: dict[int, Any] = {part: at for part, (at, _) in self._heads.items()}
        for consumer, positions in seen.items():
            assert positions == heads, f"{consumer} is behind"
