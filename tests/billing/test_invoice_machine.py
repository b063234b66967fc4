"""Whatever is done with an invoice, in any order: what it says stays, and no cent is lost."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.billing.credit_notes.credited import credited
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.lines import CreditedLine, InvoiceDetails, InvoiceLine
from services.billing.invoices.taxing import Taxation, tax_lines
from services.billing.ledger.postings import postings_of
from services.billing.publishing import publish
from services.billing.tax.brand_taxes import BrandTaxes
from services.billing.tax.tax import Buyer, TaxMode, TaxRate
from shared.contracts.billing import CreditApplied, CreditGiven, CreditReleased
from shared.errors import Conflict, Invalid
from tests.billing.samples import DUE, INVOICE, TODAY, issued_credit_note, issued_invoice
from tests.given import rebuilt

DAYS = st.integers(min_value=0, max_value=60).map(lambda days: TODAY + timedelta(days=days))
MINOR = st.integers(min_value=1, max_value=4000)
PAYMENTS = st.integers(min_value=1, max_value=3).map(lambda number: UUID(int=number))
PERCENT = Decimal(21)


def taxed_invoice(amounts: list[int], *, mode: TaxMode, kind: str) -> Invoice:
    """`kind`: invoice, pro_forma, or booked_pro_forma, as there were when issued is booked."""
    rates = [TaxRate(name="IVA", percent=PERCENT, country="ES")]
    taxes = BrandTaxes(mode=mode, seller_country="ES", rates=rates)
    taxation = Taxation(rules=taxes.rules(), buyer=Buyer(country="ES"), language="en")
    lines = [
        InvoiceLine(kind="manual", description=f"{number}", net_minor=minor)
        for number, minor in enumerate(amounts)
    ]
    taxed = tax_lines(lines, taxation)
    details = InvoiceDetails(
        taxes=taxed.taxes,
        prices_include_tax=taxed.prices_include_tax,
        is_pro_forma=kind != "invoice",
        is_booked_at_issue=kind != "pro_forma",
    )
    return issued_invoice(*taxed.lines, details=details)


class AnInvoice(RuleBasedStateMachine):
    """An invoice beside a second count of its money."""

    invoice: Invoice

    @initialize(
        amounts=st.lists(st.integers(min_value=0, max_value=3000), min_size=1, max_size=3),
        mode=st.sampled_from(TaxMode),
        kind=st.sampled_from(["invoice", "pro_forma", "booked_pro_forma"]),
    )
    def issue(self, amounts: list[int], mode: TaxMode, kind: str) -> None:
        self.invoice = taxed_invoice(amounts, mode=mode, kind=kind)
        self.said = self.what_it_says()
        self.tax_minor = self.invoice.totals.tax_minor
        self.next_id = 100
        self.brought_minor = self.used_minor = self.credited_minor = self.returned_minor = 0
        self.lines_credited: list[CreditedLine] = []
        self.postings: list[tuple[str, int]] = []
        self.credit_events: list[Any] = []

    def what_it_says(self) -> tuple[Any, ...]:
        invoice = self.invoice
        return (
            *(invoice.id, invoice.issued_on, invoice.due_on, invoice.currency, invoice.lines),
            *(invoice.details, invoice.totals, invoice.billed_to, invoice.total_minor),
        )

    def new_id(self) -> UUID:
        self.next_id += 1
        return UUID(int=self.next_id)

    @rule(payment=PAYMENTS, day=DAYS)
    def start_payment(self, payment: UUID, day: date) -> None:
        refused(lambda: self.invoice.start_payment(payment_id=payment, method="card", today=day))

    @rule(payment=PAYMENTS)
    def hold_or_end(self, payment: UUID) -> None:
        self.invoice.hold_for_payment(payment)
        if payment.int == 1:
            self.invoice.end_payment(payment)

    @rule(payment=PAYMENTS, minor=MINOR, day=DAYS)
    def pay(self, payment: UUID, minor: int, day: date) -> None:
        rest = refused(lambda: self.invoice.pay(payment_id=payment, amount_minor=minor, today=day))
        if rest is not None:
            self.brought_minor += minor - rest

    @rule(minor=MINOR, day=DAYS)
    def use_credit(self, minor: int, day: date) -> None:
        use = self.new_id()
        used = refused(
            lambda: self.invoice.apply_credit(application_id=use, amount_minor=minor, today=day)
        )
        if used is not None:
            self.used_minor += used
            self.credit_events.append(
                CreditApplied(
                    application_id=use,
                    invoice_id=INVOICE,
                    amount_minor=used,
                    currency="BRL",
                    is_prepayment=use in self.invoice.settlement.prepayments,
                )
            )

    @precondition(lambda self: self.invoice.settlement.is_booked)
    @rule(place=st.integers(min_value=0, max_value=2), minor=MINOR, is_all=st.booleans(), day=DAYS)
    def take_back(self, place: int, minor: int, is_all: bool, day: date) -> None:
        def note() -> int:
            lines, details = self.invoice.lines, self.invoice.details
            wanted = None if is_all else {place % len(lines): minor}
            document = credited(lines, details, earlier=self.lines_credited, wanted=wanted)
            note_id = self.new_id()
            returned = self.invoice.take_back(
                credit_note_id=note_id, amount_minor=document.total_minor, today=day
            )
            self._note(note_id, document, returned)
            return returned

        refused(note)

    def _note(self, note_id: UUID, document: Any, returned: int) -> None:
        self.lines_credited += document.lines
        self.credited_minor += document.total_minor
        self.returned_minor += returned
        note = issued_credit_note(
            id=note_id, lines=document.lines, taxes=document.taxes, returned_minor=returned
        )
        self.credit_events += [publish(event, note) for event in note.pending_events]
        if returned:
            self.credit_events.append(
                CreditGiven(
                    amount_minor=returned,
                    currency="BRL",
                    source="credit_note",
                    reference_id=note_id,
                    reason="",
                )
            )

    @rule(day=DAYS)
    def cancel(self, day: date) -> None:
        uses = refused(lambda: self.invoice.cancel(today=day, reason="test"))
        for use, minor in (uses or {}).items():
            self.used_minor -= minor
            self.credit_events.append(
                CreditReleased(
                    application_id=use,
                    invoice_id=INVOICE,
                    amount_minor=minor,
                    currency="BRL",
                    is_prepayment=use in self.invoice.settlement.still_prepaid,
                )
            )
        if uses is not None and self.brought_minor:
            assert not self.invoice.settlement.is_booked
            self.credit_events.append(
                CreditGiven(
                    amount_minor=self.brought_minor,
                    currency="BRL",
                    source="prepayment",
                    reference_id=INVOICE,
                    reason="",
                )
            )

    @precondition(lambda self: self.invoice.settlement.is_booked)
    @rule()
    def write_off(self) -> None:
        refused(lambda: self.invoice.write_off("insolvent"))

    @rule(day=DAYS.filter(lambda day: day != DUE))
    def give_notice(self, day: date) -> None:
        refused(lambda: self.invoice.give_notice(day))

    @precondition(lambda self: self.invoice.is_pro_forma and self.invoice.settlement.is_paid)
    @rule(day=DAYS)
    def take_number(self, day: date) -> None:
        self.invoice.take_number(number="PON-2026-000009", today=day)

    @invariant()
    def what_was_issued_stays(self) -> None:
        assert self.what_it_says() == self.said
        assert self.invoice.totals.tax_minor == self.tax_minor

    @invariant()
    def nothing_is_lost(self) -> None:
        settlement = self.invoice.settlement
        assert 0 <= self.invoice.open_minor <= self.invoice.total_minor
        assert self.credited_minor <= self.invoice.total_minor
        if not settlement.is_cancelled and not settlement.is_written_off:
            settled = self.brought_minor + self.used_minor + self.credited_minor
            assert self.invoice.open_minor == self.invoice.total_minor - (
                settled - self.returned_minor
            )
        assert sum(settlement.payments.values()) == self.brought_minor

    def teardown(self) -> None:
        if not hasattr(self, "invoice"):
            return
        again = rebuilt(self.invoice)
        live, replayed = dict(vars(self.invoice)), dict(vars(again))
        del live["_pending_events"], replayed["_pending_events"]
        assert live == replayed
        if self.invoice.is_pro_forma and self.invoice.settlement.is_paid:
            self.take_number(DUE)  # as the command does that pays it
        self._books_balance()

    def _books_balance(self) -> None:
        public = [publish(event, self.invoice) for event in self.invoice.pending_events]
        balances: dict[str, int] = {}
        for event in [*public, *self.credit_events]:
            for posting in postings_of(event) if event else []:
                account = posting.ledger_account
                balances[account] = balances.get(account, 0) + posting.amount_minor
        assert sum(balances.values()) == 0
        settlement = self.invoice.settlement
        owed_minor = self.invoice.open_minor if settlement.is_booked else 0
        assert balances.get("receivable", 0) == owed_minor
        is_prepaid = not settlement.is_booked and not settlement.is_cancelled
        prepaid_minor = self.brought_minor + self.used_minor if is_prepaid else 0
        assert -balances.get("prepayment", 0) == prepaid_minor
        if is_prepaid:
            assert balances.get("revenue", 0) == balances.get("tax", 0) == 0
        # Payments are booked as they come in, which is not the invoice's part of the story.
        assert balances.get("unallocated", 0) == self.brought_minor
        if self.invoice.settlement.is_taken_back or self.invoice.settlement.is_cancelled:
            assert balances.get("revenue", 0) == balances.get("tax", 0) == 0


def refused(work: Any) -> Any:
    """What it gives, or None where the invoice's state does not allow it."""
    try:
        return work()
    except (Conflict, Invalid):
        return None


AnInvoice.TestCase.settings = settings(
    max_examples=1000,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestInvoiceMachine = AnInvoice.TestCase
