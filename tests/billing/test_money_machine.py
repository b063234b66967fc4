"""Whatever happens to an account's money: no cent is lost, the books balance after each step.

Invoices with tax, payments, credit notes and credit as they are, through what is published of them
into the ledger; beside them plain numbers of what must be.
"""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.billing.credit.credit_balance import CreditBalance
from services.billing.credit_notes.credit_note import CreditNote
from services.billing.credit_notes.credited import credited
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import InvoiceDetails, InvoiceLine, LineTax, TaxRow
from services.billing.ledger.postings import postings_of
from services.billing.payments.payment import Payment
from services.billing.publishing import publish
from shared.errors import DomainError
from shared.money import round_half_up
from tests.billing.samples import (
    ACCOUNT,
    TODAY,
    empty_credit,
    issued_credit_note,
    issued_invoice,
    started_payment,
)
from tests.given import rebuilt

pytestmark = pytest.mark.timeout(600)

AMOUNTS = st.integers(1, 20_000)
PLACES = st.integers(0, 7)


def taxed_invoice(id: UUID, *nets: int) -> Invoice:
    """An invoice with 7.5 % on each of its lines."""
    shares = [
        LineTax(row=0, taxable_minor=net, tax_minor=round_half_up(Fraction(net * 3, 40)))
        for net in nets
    ]
    lines = [
        InvoiceLine(kind="manual", description="Work", net_minor=net, taxes=[share])
        for net, share in zip(nets, shares, strict=True)
    ]
    row = TaxRow(
        name="ISS",
        category="S",
        rate_percent=Decimal("7.5"),
        taxable_minor=sum(nets),
        tax_minor=sum(share.tax_minor for share in shares),
    )
    invoice = issued_invoice(*lines, details=InvoiceDetails(taxes=[row]))
    made: Any = dict(vars(invoice.pending_events[0]))
    says = {name: made[name] for name in ("number", "order_id", "issued_on", "due_on", "currency")}
    return Invoice.issue(
        id=id,
        account_id=ACCOUNT,
        brand="ponto",
        lines=lines,
        billed_to=("Ana", "Rua 1", ""),
        details=InvoiceDetails(taxes=[row]),
        **says,
    )


class MoneyOfAnAccount(RuleBasedStateMachine):
    """Some invoices, the payments of them, their credit notes and one balance of credit."""

    @initialize()
    def begin(self) -> None:
        self.count = 100
        self.invoices: list[Invoice] = []
        self.payments: list[Payment] = []
        self.notes: list[CreditNote] = []
        self.credit: CreditBalance = empty_credit()
        self.told: Counter[UUID] = Counter()
        """By aggregate: how many of its events are in the ledger."""
        self.ledger: Counter[str] = Counter()
        self.received_minor = 0
        self.gifts_minor = 0

    def new_id(self) -> UUID:
        self.count += 1
        return UUID(int=self.count)

    def invoice(self, place: int) -> Invoice:
        return self.invoices[place % len(self.invoices)]

    # --------------------------------------------------------------------------- what happens

    @rule(nets=st.lists(AMOUNTS, min_size=1, max_size=3))
    def issue(self, nets: list[int]) -> None:
        if len(self.invoices) < 4:
            self.invoices.append(taxed_invoice(self.new_id(), *nets))

    @precondition(lambda self: self.invoices)
    @rule(place=PLACES)
    def start_payment(self, place: int) -> None:
        invoice, payment_id = self.invoice(place), self.new_id()
        if done(lambda: invoice.start_payment(payment_id=payment_id, method="card", today=TODAY)):
            payment = started_payment()
            self.payments.append(
                Payment.start(
                    id=payment_id,
                    account_id=ACCOUNT,
                    brand="ponto",
                    invoice_id=invoice.id,
                    method=payment.method,
                    amount_minor=invoice.open_minor,
                    currency="BRL",
                    today=TODAY,
                )
            )

    @precondition(lambda self: self.payments)
    @rule(place=PLACES, word=st.sampled_from(["pending", "sent", "failed", "succeeded"]))
    def the_gateway_says(self, place: int, word: str) -> None:
        """In any order and as often as it likes, as `settle_payment` takes it."""
        payment = self.payments[place % len(self.payments)]
        invoice = next(each for each in self.invoices if each.id == payment.invoice_id)
        before = payment.status
        match word:
            case "pending":
                payment.mark("pending", "chk_1")
                invoice.hold_for_payment(payment.id)
            case "sent":
                payment.mark("sent", "chk_1")
            case "failed":
                payment.fail("card_declined")
                invoice.end_payment(payment.id)
            case _ if before != "succeeded":
                self._receive(payment, invoice)
        assert before != "succeeded" or payment.status == "succeeded", "money is never taken back"

    def _receive(self, payment: Payment, invoice: Invoice) -> None:
        payment.succeed(received_on=TODAY, receipt_number="R-1", gateway_reference="chk_1")
        minor = payment.amount_minor
        open_minor = invoice.open_minor
        rest = invoice.pay(payment_id=payment.id, amount_minor=minor, today=TODAY)
        assert rest == max(0, minor - open_minor)
        if rest:
            self.credit.add(amount_minor=rest, reason="overpayment", payment_id=payment.id)
        self.received_minor += minor

    @precondition(lambda self: self.invoices)
    @rule(place=PLACES)
    def apply_credit(self, place: int) -> None:
        invoice, use, before = self.invoice(place), self.new_id(), self.credit.balance_minor
        if not before:
            return
        used: list[int] = []
        if done(
            lambda: used.append(
                invoice.apply_credit(application_id=use, amount_minor=before, today=TODAY)
            )
        ):
            self.credit.apply(application_id=use, invoice_id=invoice.id, amount_minor=used[0])

    @precondition(lambda self: self.invoices)
    @rule(place=PLACES)
    def cancel(self, place: int) -> None:
        invoice, uses = self.invoice(place), dict[UUID, int]()
        if done(lambda: uses.update(invoice.cancel(today=TODAY, reason="wrong"))):
            for use in uses:
                self.credit.release(application_id=use, invoice_id=invoice.id)
                self.credit.release(application_id=use, invoice_id=invoice.id)

    @precondition(lambda self: self.invoices)
    @rule(place=PLACES)
    def write_off(self, place: int) -> None:
        done(lambda: self.invoice(place).write_off("Too small"))

    @precondition(lambda self: self.invoices)
    @rule(place=PLACES, line=st.integers(0, 3), minor=st.one_of(st.none(), AMOUNTS))
    def take_back(self, place: int, line: int, minor: int | None) -> None:
        invoice, note_id = self.invoice(place), self.new_id()
        earlier = [
            each
            for note in self.notes
            if note.invoice_id == invoice.id
            for each in note.document.lines
        ]
        try:
            document = credited(
                invoice.lines,
                invoice.details,
                earlier=earlier,
                wanted=None if minor is None else {line: minor},
            )
            back = invoice.take_back(
                credit_note_id=note_id, amount_minor=document.total_minor, today=TODAY
            )
        except DomainError:
            return
        note = issued_credit_note(
            id=note_id,
            invoice_id=invoice.id,
            lines=document.lines,
            taxes=document.taxes,
            returned_minor=back,
            leaves_nothing=invoice.settlement.is_taken_back,
        )
        self.notes.append(note)
        if back:
            self.credit.give(
                amount_minor=back, source="credit_note", reference_id=note_id, reason=note.number
            )

    @rule(minor=AMOUNTS)
    def give(self, minor: int) -> None:
        self.credit.give(
            amount_minor=minor, source="staff", reference_id=self.new_id(), reason="Sorry"
        )
        self.gifts_minor += minor

    @rule(minor=AMOUNTS)
    def withdraw(self, minor: int) -> None:
        before = self.credit.balance_minor
        is_done = done(
            lambda: self.credit.withdraw(
                withdrawal_id=self.new_id(), amount_minor=minor, reason="paid out"
            )
        )
        assert is_done == (minor <= before)
        self.gifts_minor -= minor if is_done else 0

    # --------------------------------------------------------------------------- what must hold

    @invariant()
    def the_books_balance(self) -> None:
        self._book()
        assert sum(self.ledger.values()) == 0
        assert self.ledger["unallocated"] == 0
        assert self.ledger["receivable"] == sum(each.open_minor for each in self.invoices)
        assert self.ledger["client_credit"] == -self.credit.balance_minor <= 0
        assert self.ledger["gateway_clearing"] == self.received_minor
        assert self.ledger["gift"] + self.ledger["refund"] == self.gifts_minor

    def _book(self) -> None:
        """What was published since the last time, into the ledger; each event sums to zero."""
        everything: list[Any] = [*self.invoices, *self.payments, *self.notes, self.credit]
        for each in everything:
            for event in each.pending_events[self.told[each.id] :]:
                public = publish(event, each)
                postings = postings_of(public) if public else []
                assert sum(posting.amount_minor for posting in postings) == 0
                for posting in postings:
                    self.ledger[posting.ledger_account] += posting.amount_minor
            self.told[each.id] = len(each.pending_events)

    @invariant()
    def notes_never_take_back_more_than_a_line(self) -> None:
        taken: Counter[tuple[UUID, int]] = Counter()
        taxes: Counter[UUID] = Counter()
        for note in self.notes:
            taxes[note.invoice_id] += note.document.tax_minor
            for line in note.document.lines:
                taken[note.invoice_id, line.place] += line.net_minor
        for invoice in self.invoices:
            wholes = [line.net_minor for line in invoice.lines]
            backs = [taken[invoice.id, place] for place in range(len(wholes))]
            assert all(0 <= back <= whole for back, whole in zip(backs, wholes, strict=True))
            assert taxes[invoice.id] <= invoice.totals.tax_minor
            if invoice.settlement.is_taken_back:
                assert backs == wholes
                assert taxes[invoice.id] == invoice.totals.tax_minor

    def teardown(self) -> None:
        for each in (*self.invoices, *self.payments, *self.notes, self.credit):
            live, again = dict(vars(each)), dict(vars(rebuilt(each)))
            del live["_pending_events"], again["_pending_events"]
            assert live == again


def done(work: Any) -> bool:
    """Whether it was allowed."""
    try:
        work()
    except DomainError:
        return False
    return True


MoneyOfAnAccount.TestCase.settings = settings(
    max_examples=1000, stateful_step_count=20, deadline=None
)
TestMoneyOfAnAccount = MoneyOfAnAccount.TestCase
