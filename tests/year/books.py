"""What each account should owe, kept apart from billing: from what it publishes, in commit order.

The model shares no code with billing: what a payment, a credit note or a use of credit must do to
an invoice it reckons itself and compares with what billing says; so it does with the lines and the
periods of renewals (`contracts.py`). Amounts in minor units. What does not fit is an
`AssertionError`.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import msgspec

from tests.simulation.row import Values
from tests.year.contracts import Contract
from tests.year.shop import AGREED_FEE_MINOR, TAX_PERCENT, fee_minor, first_day, season_on

BY_RULE = (
    "change_unpaid",
    "change_withdrawn",
    "never_owed",
    "order_client",
    "order_unpaid",
    "paid_in_time",
    "service_cancelled",
    "service_change",
    "service_changed",
    "service_ended",
)
"""Reasons of credit notes and of void invoices that no person of the staff has written."""


@dataclass
class Bill:
    """An invoice as the account sees it. `status`: open, paid, void, given_up or taken_back."""

    id: UUID
    number: str
    total_minor: int
    open_minor: int
    issued_on: date
    due_on: date
    order_id: str | None
    lines: list[dict[str, Any]]
    about: str | None
    is_correction: bool
    status: str = "open"
    is_awaited: bool = False
    taken_back_minor: int = 0
    received_minor: int = 0
    corrected_by: UUID | None = None
    is_ended_by_rule: bool = False

    @property
    def was_never_owed(self) -> bool:
        """Staff alone has taken all of it back, or it corrects another to nothing."""
        is_nothing = self.is_correction and not self.total_minor
        is_gone = self.status in ("void", "taken_back") and not self.corrected_by
        return is_nothing or (is_gone and not self.is_ended_by_rule)


@dataclass
class Holder:
    """An account: its services, its invoices, its credit, and what it owes all in all."""

    id: UUID
    contracts: dict[UUID, Contract] = field(default_factory=dict)
    bills: dict[UUID, Bill] = field(default_factory=dict)
    credit_minor: int = 0
    owed_minor: int = 0
    """Below zero: what we owe the account."""
    open_bills: set[UUID] = field(default_factory=set)

    def owes_for(self, service_id: UUID) -> bool:
        """Whether a period of the service is on an open invoice: then no other is billed."""
        return any(
            line.get("service_id") == str(service_id) and line.get("period_end")
            for bill in self.open_bills
            for line in self.bills[bill].lines
        )

    def is_late_at_all(self, fee: Bill) -> bool:
        """Whether the invoice that the fee is for, or what corrects that one, was ever owed."""
        late = self.bills[UUID(fee.about)]
        while late.corrected_by:
            late = self.bills[late.corrected_by]
        return not late.was_never_owed

    def _check_fees(self) -> None:
        """No fee is left for what was never owed, but one whose money is on its way."""
        for bill in self.bills.values():
            if bill.about and bill.status in ("open", "paid") and not bill.is_awaited:
                assert self.is_late_at_all(bill), f"{bill.number}: a fee for what was not owed"

    def check(self) -> None:
        """What is open less the credit is what is owed all in all; nothing is below zero."""
        open_minor = sum(self.bills[each].open_minor for each in self.open_bills)
        assert self.credit_minor >= 0, f"{self.id}: credit below zero"
        assert open_minor - self.credit_minor == self.owed_minor, f"{self.id}: does not add up"
        self._check_fees()
        for service_id, contract in self.contracts.items():
            assert contract.has_followed, f"{service_id}: a waived period does not follow"


class Books:
    """Everything that was published so far."""

    def __init__(self) -> None:
        self.holders: dict[UUID, Holder] = {}
        self.numbers: Counter[str] = Counter()
        """By series of documents: the last number."""
        self._together: tuple[Any, ...] = ()
        self._new_numbers: dict[str, list[int]] = defaultdict(list)
        self.received_minor = 0
        self.counts: Counter[str] = Counter()
        self.touched: set[UUID] = set()
        self._paid_minor: dict[str, int] = {}
        """By payment: what came in and has found no place yet."""
        self._said_paid: list[Bill] = []

    def read(self, row: Values) -> None:
        """One row of the log."""
        self.counts[row["type"]] += 1
        said: dict[str, Any] = msgspec.json.decode(row["data"])
        self._note_number(row, said)
        if row["account_id"] is None:
            return
        holder = self.holders.setdefault(row["account_id"], Holder(row["account_id"]))
        self.touched.add(holder.id)
        if reading := getattr(self, f"_read_{row['type']}", None):
            reading(holder, said)
        elif row["type"].startswith("Service"):
            contract = holder.contracts.get(UUID(said["service_id"]))
            if contract is None:
                contract = holder.contracts[UUID(said["service_id"])] = Contract()
            contract.read(row["type"], said)

    def check(self) -> None:
        """Every account that something has happened to since the last time."""
        self._check_numbers()
        for account in self.touched:
            self.holders[account].check()
        self.touched.clear()
        unpaid = [bill.number for bill in self._said_paid if bill.open_minor]
        assert not unpaid, f"said to be paid: {unpaid}"
        self._said_paid.clear()
        assert not any(self._paid_minor.values()), "money has found no place"

    def _note_number(self, row: Values, said: dict[str, Any]) -> None:
        """Documents have the numbers 1, 2, 3 ... of their series, in the order of the commits.

        What commits at once is together in the log, by partition.
        """
        named = {
            "InvoiceIssued": ("invoice", "number"),
            "CreditNoteIssued": ("credit_note", "number"),
            "OrderPlaced": ("order", "number"),
            "PaymentReceived": ("receipt", "receipt_number"),
        }
        together = (row["correlation_id"], row["actor"])
        if together != self._together:
            self._check_numbers()
            self._together = together
        if row["type"] in named:
            series, name = named[row["type"]]
            self._new_numbers[series].append(int(said[name].rpartition("-")[2]))

    def _check_numbers(self) -> None:
        for series, counts in self._new_numbers.items():
            first = self.numbers[series] + 1
            expected = list(range(first, first + len(counts)))
            assert sorted(counts) == expected, f"{series}: a gap, a double or a disorder"
            self.numbers[series] += len(counts)
        self._new_numbers.clear()

    # ------------------------------------------------------------------------ what is charged

    def _read_InvoiceIssued(self, holder: Holder, said: dict[str, Any]) -> None:
        net_minor = sum(line["net_minor"] for line in said["lines"])
        tax = (net_minor * TAX_PERCENT / 100).quantize(Decimal(1), ROUND_HALF_UP)
        assert said["tax_minor"] == int(tax), f"tax of {said['number']}"
        assert said["total_minor"] == net_minor + int(tax), f"total of {said['number']}"
        bill = Bill(
            id=UUID(said["invoice_id"]),
            number=said["number"],
            total_minor=said["total_minor"],
            open_minor=said["total_minor"],
            issued_on=date.fromisoformat(said["issued_on"]),
            due_on=date.fromisoformat(said["due_on"]),
            order_id=said["order_id"],
            lines=said["lines"],
            about=said.get("about_invoice_id"),
            is_correction=bool(said.get("corrects")),
        )
        assert bill.id not in holder.bills, "an invoice is issued once"
        if bill.about and not bill.is_correction:
            self._check_fee(holder, bill, net_minor)
        holder.bills[bill.id] = bill
        holder.open_bills.add(bill.id)
        holder.owed_minor += bill.total_minor
        for contract, lines in self._lines_of(holder, bill):
            contract.bill(bill.id, lines, bill.issued_on, is_correction=bill.is_correction)

    def _check_fee(self, holder: Holder, bill: Bill, net_minor: int) -> None:
        """What being late costs by the rules of the day, or as agreed with the account."""
        late = holder.bills[UUID(bill.about)]
        rules = season_on((bill.issued_on - first_day()).days).rules
        known = {fee_minor(rules, late.open_minor), AGREED_FEE_MINOR}
        assert net_minor in known and late.due_on < bill.issued_on, f"the fee for {late.number}"

    def _lines_of(self, holder: Holder, bill: Bill) -> list[tuple[Contract, list[dict[str, Any]]]]:
        by_service: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
        for line in bill.lines:
            if line.get("service_id"):
                by_service[UUID(line["service_id"])].append(line)
        return [
            (holder.contracts.setdefault(service_id, Contract()), lines)
            for service_id, lines in by_service.items()
        ]

    def _read_InvoiceCancelled(self, holder: Holder, said: dict[str, Any]) -> None:
        bill = holder.bills[UUID(said["invoice_id"])]
        assert bill.status == "open" and not bill.received_minor and not bill.taken_back_minor
        holder.owed_minor -= bill.total_minor
        self._end(holder, bill, said)
        self._close(holder, bill, "void")

    def _read_InvoiceWrittenOff(self, holder: Holder, said: dict[str, Any]) -> None:
        bill = holder.bills[UUID(said["invoice_id"])]
        assert said["amount_minor"] == bill.open_minor > 0
        holder.owed_minor -= bill.open_minor
        self._close(holder, bill, "given_up")

    def _read_CreditNoteIssued(self, holder: Holder, said: dict[str, Any]) -> None:
        bill = holder.bills[UUID(said["invoice_id"])]
        minor = said["total_minor"]
        bill.taken_back_minor += minor
        assert minor > 0 and bill.taken_back_minor <= bill.total_minor, "more than was charged"
        assert said["returned_minor"] == max(0, minor - bill.open_minor), "what comes back"
        assert said["leaves_nothing"] == (bill.taken_back_minor == bill.total_minor)
        holder.owed_minor -= minor
        bill.open_minor -= minor - said["returned_minor"]
        self._paid_minor[said["credit_note_id"]] = said["returned_minor"]
        self._drop_whole_lines(holder, bill, said)
        self._end(holder, bill, said)
        if said["leaves_nothing"]:
            self._close(holder, bill, "taken_back")

    def _end(self, holder: Holder, bill: Bill, said: dict[str, Any]) -> None:
        """By whom it was taken back; a fee by rule only where nothing was late."""
        if said["reason"] == "never_owed":
            assert not holder.is_late_at_all(bill), f"{bill.number}: taken back although it is due"
        bill.is_ended_by_rule = bill.is_ended_by_rule or said["reason"] in BY_RULE
        if corrected_by := said.get("corrected_by"):
            bill.corrected_by = UUID(corrected_by)

    def _drop_whole_lines(self, holder: Holder, bill: Bill, said: dict[str, Any]) -> None:
        """A service of which no line is left is renewed free of charge, or not at all."""
        for each in said["lines"]:
            line = bill.lines[each["place"]]
            line["taken_back"] = line.get("taken_back", 0) + each["net_minor"]
        credited = {bill.lines[each["place"]].get("service_id") for each in said["lines"]}
        for service_id in sorted(credited - {None}):
            contract = holder.contracts[UUID(service_id)]
            contract.is_plain = False
            own = [line for line in bill.lines if line.get("service_id") == service_id]
            if all(line.get("taken_back", 0) == line["net_minor"] for line in own):
                self._let_go(contract, bill, said)

    def _close(self, holder: Holder, bill: Bill, status: str) -> None:
        bill.status, bill.open_minor = status, 0
        holder.open_bills.discard(bill.id)
        for contract, _ in self._lines_of(holder, bill):
            if status == "void":
                contract.drop(bill.id)
            elif status == "given_up":
                contract.waive(bill.id)

    @staticmethod
    def _let_go(contract: Contract, bill: Bill, said: dict[str, Any]) -> None:
        if said["corrected_by"] or said["reason"] in BY_RULE:
            contract.drop(bill.id)
        else:
            contract.waive(bill.id)

    def _read_InvoicePaid(self, holder: Holder, said: dict[str, Any]) -> None:
        bill = holder.bills[UUID(said["invoice_id"])]
        assert bill.status == "open", f"{bill.number} is {bill.status}"
        bill.status = "paid"
        self._said_paid.append(bill)
        holder.open_bills.discard(bill.id)

    # ------------------------------------------------------------------------ what comes in

    def _read_PaymentReceived(self, holder: Holder, said: dict[str, Any]) -> None:
        assert said["payment_id"] not in self._paid_minor, "a payment counts once"
        minor = said["amount_minor"]
        self.received_minor += minor
        self._paid_minor[said["payment_id"]] = minor
        holder.owed_minor -= minor
        bill = holder.bills[UUID(said["invoice_id"])]
        bill.received_minor += minor
        bill.is_awaited = False

    def _read_PaymentAllocated(self, holder: Holder, said: dict[str, Any]) -> None:
        bill = holder.bills[UUID(said["invoice_id"])]
        held_minor = self._paid_minor[said["payment_id"]]
        assert said["amount_minor"] == min(held_minor, bill.open_minor) > 0, "an allocation"
        self._paid_minor[said["payment_id"]] -= said["amount_minor"]
        bill.open_minor -= said["amount_minor"]

    def _read_CreditAdded(self, holder: Holder, said: dict[str, Any]) -> None:
        assert said["amount_minor"] == self._paid_minor[said["payment_id"]] > 0, "the rest of it"
        self._paid_minor[said["payment_id"]] = 0
        holder.credit_minor += said["amount_minor"]

    def _read_CreditGiven(self, holder: Holder, said: dict[str, Any]) -> None:
        if said["source"] == "credit_note":
            assert said["amount_minor"] == self._paid_minor.pop(said["reference_id"])
        else:
            holder.owed_minor -= said["amount_minor"]
        holder.credit_minor += said["amount_minor"]

    def _read_CreditWithdrawn(self, holder: Holder, said: dict[str, Any]) -> None:
        holder.credit_minor -= said["amount_minor"]
        holder.owed_minor += said["amount_minor"]

    def _read_CreditApplied(self, holder: Holder, said: dict[str, Any]) -> None:
        bill = holder.bills[UUID(said["invoice_id"])]
        most = min(holder.credit_minor, bill.open_minor)
        assert 0 < said["amount_minor"] <= most, "a use of credit"
        # What corrects an invoice is settled by what that one gives back, no more.
        assert said["amount_minor"] == most or bill.is_correction
        holder.credit_minor -= said["amount_minor"]
        bill.open_minor -= said["amount_minor"]

    def _read_CreditReleased(self, holder: Holder, said: dict[str, Any]) -> None:
        assert holder.bills[UUID(said["invoice_id"])].status == "void"
        holder.credit_minor += said["amount_minor"]

    def _read_PaymentPending(self, holder: Holder, said: dict[str, Any]) -> None:
        holder.bills[UUID(said["invoice_id"])].is_awaited = True

    def _read_PaymentFailed(self, holder: Holder, said: dict[str, Any]) -> None:
        holder.bills[UUID(said["invoice_id"])].is_awaited = False
