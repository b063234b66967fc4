"""Which open invoices or top-ups an entry of a bank statement pays and why, or who has to look.

Each reading of the entry has points for what speaks for it; one that has enough and no rival is
taken, anything else is a list for the staff. Amounts in minor units.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal
from uuid import UUID

from services.billing.bank_statements.mentions import (
    CERTAIN,
    Likeness,
    Mention,
    NumberIndex,
    PayableInvoice,
    runs_of,
)
from services.billing.bank_statements.reading import account_number
from services.billing.bank_statements.statement import StatementEntry
from services.billing.payments.allocation import Allocated, OpenInvoice, allocate, oldest_first

Outcome = Literal["exact", "partial", "combined", "overpayment", "suggestions", "nothing"]

ReasonCode = Literal[
    "money_left",
    "reversed",
    "nothing_fits",
    "named",
    "more_than_named",
    "named_left_out",
    "named_in_another_currency",
    "already_settled",
    "amount_is_open",
    "amount_is_sum_of_some",
    "payer_account_known",
    "payer_name_known",
    "accounts_differ",
    "several_fit_alike",
    "too_little_known",
]

DECIDES = 100
AHEAD = 25
"""By how many points a reading must be ahead of any other one."""
POINTS: dict[ReasonCode, int] = {
    "more_than_named": -40,
    "named_left_out": -40,
    "already_settled": -40,
    "amount_is_open": 40,
    "amount_is_sum_of_some": 25,
    "payer_account_known": 60,
    "payer_name_known": 20,
}
"""What a reason adds; `named` adds the points of its likeness, and others explain only."""

SUGGESTIONS = 10
_COMBINED_OF = 12
_READINGS_OF_NAMES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPayer:
    """Who paid for an account before, as the bank named the payer."""

    account_id: UUID
    payer_account: str = ""
    payer_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What speaks for or against a reading. `about`: the number or words that it is about."""

    code: ReasonCode
    points: int = 0
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One reading of an entry: what it would settle, and the rest that would be credit."""

    account_ids: tuple[UUID, ...]
    invoices: tuple[OpenInvoice, ...]
    allocated: Allocated
    reasons: tuple[Reason, ...]

    @property
    def score(self) -> int:
        return sum(reason.points for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What became of an entry.

    `taken` is the reading that decides, None where there is none. `suggestions` are the others, or
    all of them, best first. `reasons` say why nothing was taken, and what else was seen.
    """

    outcome: Outcome
    taken: Suggestion | None = None
    suggestions: tuple[Suggestion, ...] = ()
    reasons: tuple[Reason, ...] = ()


class Receivables:
    """Open invoices, found by number, amount and account; made once for many entries.

    And top-ups, which nobody owes: they are not among what is open `by_account`.
    """

    def __init__(self, invoices: Iterable[PayableInvoice]) -> None:
        ordered = sorted(invoices, key=_order)
        self.numbers = NumberIndex(ordered)
        self.by_amount: defaultdict[tuple[str, int], list[PayableInvoice]] = defaultdict(list)
        self.by_account: defaultdict[tuple[str, UUID], list[PayableInvoice]] = defaultdict(list)
        self.top_ups: defaultdict[tuple[str, UUID], list[PayableInvoice]] = defaultdict(list)
        for each in ordered:
            invoice = each.invoice
            if invoice.open_minor > 0:
                of_account = self.by_account if invoice.purpose == "invoice" else self.top_ups
                self.by_amount[invoice.currency, invoice.open_minor].append(each)
                of_account[invoice.currency, each.account_id].append(each)


def _order(payable: PayableInvoice) -> tuple[object, ...]:
    invoice = payable.invoice
    is_top_up = invoice.purpose == "top_up"
    return is_top_up, invoice.due_on, invoice.number, invoice.invoice_id


class KnownPayers:
    """Payers of earlier payments, by their account and by their name."""

    def __init__(self, payers: Iterable[KnownPayer] = ()) -> None:
        self._by_account: defaultdict[str, set[UUID]] = defaultdict(set)
        self._by_name: defaultdict[frozenset[str], set[UUID]] = defaultdict(set)
        for payer in payers:
            if number := account_number(payer.payer_account):
                self._by_account[number].add(payer.account_id)
            if name := frozenset(runs_of(payer.payer_name)):
                self._by_name[name].add(payer.account_id)

    def with_account(self, entry: StatementEntry) -> set[UUID]:
        """Whose payments came from this bank account before."""
        return self._by_account.get(account_number(entry.payer_account), set())

    def with_name(self, entry: StatementEntry) -> set[UUID]:
        """Whose payments came under this name before, its words in any order."""
        return self._by_name.get(frozenset(runs_of(entry.payer_name)), set())


def match_entry(entry: StatementEntry, receivables: Receivables, *, payers: KnownPayers) -> Match:
    """What the entry pays. The same for the same things, in whatever order they were given.

    One reading is taken if it has `DECIDES` points, is `AHEAD` of every other one and settles
    invoices of one account. Money that left, and money that came back, is never matched.
    """
    if not entry.is_credit or entry.is_reversal:
        code: ReasonCode = "reversed" if entry.is_reversal else "money_left"
        return Match(outcome="nothing", reasons=(Reason(code=code),))
    readings = _Readings(entry, receivables, payers)
    ranked = sorted(readings.all(), key=_rank)
    if not ranked:
        reasons = (*readings.remarks, Reason(code="nothing_fits"))
        return Match(outcome="nothing", reasons=reasons)
    if doubt := _doubt(ranked):
        shown = tuple(ranked[:SUGGESTIONS])
        reasons = (*readings.remarks, Reason(code=doubt))
        return Match(outcome="suggestions", suggestions=shown, reasons=reasons)
    taken, others = ranked[0], tuple(ranked[1 : SUGGESTIONS + 1])
    outcome = _outcome(taken)
    return Match(outcome=outcome, taken=taken, suggestions=others, reasons=readings.remarks)


def _rank(reading: Suggestion) -> tuple[object, ...]:
    """Points first; then the fewest invoices, then top-ups, the oldest ones, and their numbers."""
    return (
        -reading.score,
        len(reading.invoices),
        [invoice.purpose for invoice in reading.invoices],
        [invoice.due_on for invoice in reading.invoices],
        [(invoice.number, invoice.invoice_id) for invoice in reading.invoices],
    )


def _doubt(ranked: list[Suggestion]) -> ReasonCode | None:
    """Why the best reading is not taken, if it is not."""
    best = ranked[0]
    if len(best.account_ids) > 1:
        return "accounts_differ"
    if best.score < DECIDES:
        return "too_little_known"
    if not any(invoice.open_minor for invoice in best.invoices):
        return "already_settled"
    is_ahead = len(ranked) == 1 or best.score - ranked[1].score >= AHEAD
    return None if is_ahead else "several_fit_alike"


def _outcome(taken: Suggestion) -> Outcome:
    open_minor = sum(invoice.open_minor for invoice in taken.invoices)
    allocated_minor = sum(each.amount_minor for each in taken.allocated.allocations)
    if taken.allocated.rest_minor:
        return "overpayment"
    if allocated_minor < open_minor:
        return "partial"
    return "exact" if len(taken.invoices) == 1 else "combined"


_Set = tuple[PayableInvoice, ...]


class _Readings:
    """Every set of invoices that something of the entry points at, with its reasons."""

    def __init__(
        self, entry: StatementEntry, receivables: Receivables, payers: KnownPayers
    ) -> None:
        self._entry = entry
        self._receivables = receivables
        self._by_account = payers.with_account(entry)
        self._by_name = payers.with_name(entry)
        mentions = _strongest(_mentions(entry, receivables.numbers))
        self.remarks = tuple(_remarks(entry, mentions))
        self._mentions = [own for each in mentions if (own := _in_currency(entry, each))]

    def all(self) -> list[Suggestion]:
        """The readings, each set of invoices once."""
        sets: dict[frozenset[UUID], _Set] = {}
        for found in (*self._named(), *self._of_amount(), *self._of_payer()):
            key = frozenset(each.invoice.invoice_id for each in found)
            sets.setdefault(key, tuple(sorted(found, key=_order)))
        return [self._reading(found) for found in sets.values()]

    def _named(self) -> Iterator[_Set]:
        """All that is named as one payment, and each of it alone."""
        choices: list[_Set] = [()]
        for mention in self._mentions:
            spread = [(*chosen, each) for chosen in choices for each in mention.invoices]
            if len(spread) > _READINGS_OF_NAMES:
                choices = []
                break
            choices = spread
        is_telling = all(each.likeness >= Likeness.ANNOUNCED for each in self._mentions)
        if is_telling:
            yield from (_once(chosen) for chosen in choices if chosen)
        yield from ((each,) for mention in self._mentions for each in mention.invoices)

    def _of_amount(self) -> Iterator[_Set]:
        """Single invoices of which exactly this is open: those of the payer, and the oldest."""
        key = self._entry.currency, self._entry.amount_minor
        yield from ((each,) for each in self._receivables.by_amount.get(key, [])[: SUGGESTIONS + 1])
        for each in self._of_payers_accounts():
            if each.invoice.open_minor == self._entry.amount_minor:
                yield (each,)

    def _of_payers_accounts(self) -> Iterator[PayableInvoice]:
        for account_id in sorted(self._by_account | self._by_name):
            key = self._entry.currency, account_id
            yield from self._receivables.by_account.get(key, [])
            yield from self._receivables.top_ups.get(key, [])

    def _of_payer(self) -> Iterator[_Set]:
        """All that is open of a payer's account, or a part of it that sums to the amount."""
        for account_id in sorted(self._by_account | self._by_name):
            key = self._entry.currency, account_id
            open_invoices = self._receivables.by_account.get(key, [])
            if open_invoices:
                yield tuple(open_invoices)
            if len(open_invoices) <= _COMBINED_OF:
                yield from _sums(open_invoices, self._entry.amount_minor)

    def _reading(self, found: _Set) -> Suggestion:
        invoices = oldest_first(each.invoice for each in found)
        entry = self._entry
        return Suggestion(
            account_ids=tuple(sorted({each.account_id for each in found})),
            invoices=tuple(invoices),
            allocated=allocate(entry.amount_minor, invoices, currency=entry.currency),
            reasons=(*self._why_named(found), *self._why_amount(found), *self._why_payer(found)),
        )

    def _why_named(self, found: _Set) -> Iterator[Reason]:
        ids = {each.invoice.invoice_id for each in found}
        meant = [m for m in self._mentions if ids & {i.invoice.invoice_id for i in m.invoices}]
        if not meant:
            return
        weakest = min(meant, key=lambda mention: mention.likeness)
        words = ", ".join(mention.text for mention in meant)
        yield Reason(code="named", points=int(weakest.likeness), about=words)
        if len(meant) < len(self._mentions):
            left_out = ", ".join(m.text for m in self._mentions if m not in meant)
            yield _reason("named_left_out", about=left_out)
        named_ids = {i.invoice.invoice_id for m in meant for i in m.invoices}
        if unnamed := [each for each in found if each.invoice.invoice_id not in named_ids]:
            yield _reason("more_than_named", about=_numbers(unnamed))
        if settled := [each for each in found if each.invoice.open_minor == 0]:
            yield _reason("already_settled", about=_numbers(settled))

    def _why_amount(self, found: _Set) -> Iterator[Reason]:
        if sum(each.invoice.open_minor for each in found) != self._entry.amount_minor:
            return
        is_picked = len(found) > 1 and not self._is_all_of_something(found)
        yield _reason("amount_is_sum_of_some" if is_picked else "amount_is_open")

    def _is_all_of_something(self, found: _Set) -> bool:
        """Whether it is more than a sum that happens to fit: all that is open, or is named."""
        ids = {each.invoice.invoice_id for each in found}
        key = self._entry.currency, found[0].account_id
        is_all_open = len(found) == len(self._receivables.by_account.get(key, []))
        named = [{i.invoice.invoice_id for i in m.invoices} for m in self._mentions]
        is_all_named = bool(named) and all(ids & each for each in named)
        return is_all_open or (is_all_named and ids <= set().union(*named))

    def _why_payer(self, found: _Set) -> Iterator[Reason]:
        accounts = {each.account_id for each in found}
        if accounts <= self._by_account:
            yield _reason("payer_account_known", about=self._entry.payer_account)
        elif accounts <= self._by_name:
            yield _reason("payer_name_known", about=self._entry.payer_name)


def _reason(code: ReasonCode, *, about: str = "") -> Reason:
    return Reason(code=code, points=POINTS[code], about=about)


def _numbers(found: Iterable[PayableInvoice]) -> str:
    return ", ".join(each.invoice.number for each in found)


def _once(chosen: _Set) -> _Set:
    return tuple({each.invoice.invoice_id: each for each in chosen}.values())


def _sums(invoices: list[PayableInvoice], amount_minor: int) -> Iterator[_Set]:
    """Every choice of two invoices or more that sums to the amount."""
    for size in range(2, len(invoices)):
        for chosen in combinations(invoices, size):
            if sum(each.invoice.open_minor for each in chosen) == amount_minor:
                yield chosen


_TOLD_BY_THE_PAYER = {"end_to_end", "creditor", "document", "customer", "remittance"}


def _mentions(entry: StatementEntry, numbers: NumberIndex) -> list[Mention]:
    """What the payer's words name, then what their references name as good as in full."""
    found = [*numbers.mentions(entry.remittance)]
    given = [each.value for each in entry.references if each.kind in _TOLD_BY_THE_PAYER]
    for text in (*given, entry.payer_name):
        found += [m for m in numbers.mentions(text) if m.likeness >= Likeness.WITHOUT_PREFIX]
    unique: dict[tuple[UUID, ...], Mention] = {}
    for mention in found:
        key = tuple(each.invoice.invoice_id for each in mention.invoices)
        if key not in unique or unique[key].likeness < mention.likeness:
            unique[key] = mention
    return list(unique.values())


def _strongest(mentions: list[Mention]) -> list[Mention]:
    """The certain ones; where there is none, those that are most alike."""
    if not mentions:
        return []
    best = max(mention.likeness for mention in mentions)
    return [each for each in mentions if each.likeness >= min(best, CERTAIN)]


def _in_currency(entry: StatementEntry, mention: Mention) -> Mention | None:
    own = tuple(i for i in mention.invoices if i.invoice.currency == entry.currency)
    return Mention(text=mention.text, likeness=mention.likeness, invoices=own) if own else None


def _remarks(entry: StatementEntry, mentions: list[Mention]) -> Iterator[Reason]:
    """What the staff should know of names that cannot be taken."""
    for mention in mentions:
        if not _in_currency(entry, mention):
            yield Reason(code="named_in_another_currency", about=_numbers(mention.invoices))
