"""What a bank says of an account, whatever format it wrote: statements and their entries.

Amounts in minor units, never below zero: `is_credit` says which way the money went. Days are the
bank's own. The identities make a second import of the same thing, or of an overlapping file, add
nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Literal

Kind = Literal["statement", "report", "notification"]
"""Only a *statement* is final; what a report or notification tells comes again in one."""

PassedOverFor = Literal["not_booked", "no_amount", "balance_line", "repeated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """The account of ours that a statement is about; with bank and branch where they are named."""

    number: str
    bank_code: str = ""
    branch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference that the payer or a bank gave. `kind`: end_to_end, creditor, document, ..."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntry:
    """One movement of money. `payer` is whoever is at the other end, also of money that left.

    `bank_reference` is the bank's own id, where it gives one; `line` is where the entry stands in
    the file. `identity` is the same in every file that has this entry.
    """

    account: BankAccount
    booked_on: date
    value_on: date
    amount_minor: int
    currency: str
    is_credit: bool
    is_reversal: bool = False
    payer_name: str = ""
    payer_account: str = ""
    remittance: str = ""
    references: tuple[Reference, ...] = ()
    bank_reference: str = ""
    line: int = field(default=0, compare=False)
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """What stands in the statement and moved no money (yet)."""

    line: int
    reason: PassedOverFor
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What was on the account; below zero when it was overdrawn."""

    minor: int
    currency: str
    on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement of one account. `number` and `page` as the bank counts them, "" where not."""

    account: BankAccount
    kind: Kind = "statement"
    number: str = ""
    page: str = ""
    currency: str = ""
    from_on: date | None = None
    to_on: date | None = None
    opening: Balance | None = None
    closing: Balance | None = None
    entries: tuple[StatementEntry, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def is_balanced(self) -> bool | None:
        """Whether the entries lead from the opening to the closing balance; None: nobody knows."""
        if self.opening is None or self.closing is None:
            return None
        moved = sum(e.amount_minor if e.is_credit else -e.amount_minor for e in self.entries)
        currencies = {self.opening.currency, self.closing.currency}
        is_one = len(currencies | {entry.currency for entry in self.entries}) == 1
        return self.opening.minor + moved == self.closing.minor if is_one else None

    @property
    def identity(self) -> str:
        """The same for the same content, as banks use their own numbers again."""
        return _digest(
            *_named(self.account),
            self.kind,
            self.number,
            self.page,
            str(self.opening),
            str(self.closing),
            *(entry.identity for entry in self.entries),
        )


class Identities:
    """Gives entries their identities.

    An entry is told from others by account, day, amount and direction, and by the bank's own
    reference or else by everything that it says. What is equal in all of that is counted: the
    second of a day is another entry than the first. One that `has_unique_reference` is not
    counted, so the same one twice is one entry.
    """

    def __init__(self) -> None:
        self._counted: Counter[tuple[str, ...]] = Counter()

    def of(self, entry: StatementEntry, *, has_unique_reference: bool = False) -> StatementEntry:
        """The entry with its identity. Ask once for each, in the order of the file."""
        content = _content(entry)
        place = 0 if has_unique_reference else self._counted[content]
        self._counted[content] += 1
        return replace(entry, identity=_digest(*content, str(place)))


class PagedIdentities:
    """Counts on from page to page of one statement, and anew for each statement of a file."""

    def __init__(self) -> None:
        self._pages: dict[tuple[BankAccount, str], tuple[set[str], Identities]] = {}

    def of_page(self, account: BankAccount, *, number: str, page: str) -> Identities:
        """The identities to go on with. A page that comes again begins the statement again."""
        seen, identities = self._pages.get((account, number), (set[str](), Identities()))
        if not number or not page or page in seen:
            seen, identities = set(), Identities()
        self._pages[account, number] = seen | {page}, identities
        return identities


_SAY_NOTHING = {"", "NONREF", "NOTPROVIDED", "NOREF", "N/A", "NA", "NONE"}
_ELSEWHERE = {"EREF", "MARF", "PREF", "KREF+"}


def telling_reference(text: str) -> str:
    """The reference as far as it says something: not NONREF, not zeros, not that it is elsewhere.

    >>> telling_reference(" NONREF "), telling_reference("0000"), telling_reference("A7/01")
    ('', '', 'A7/01')
    """
    stripped = text.strip()
    says_nothing = stripped.upper() in _SAY_NOTHING | _ELSEWHERE or not stripped.strip("0")
    return "" if says_nothing else stripped


def _content(entry: StatementEntry) -> tuple[str, ...]:
    """What tells an entry from another; without free text where the bank has named the entry."""
    of_all = (
        *_named(entry.account),
        entry.booked_on.isoformat(),
        str(entry.amount_minor),
        entry.currency,
        "credit" if entry.is_credit else "debit",
        entry.payer_account,
        *(each.value for each in entry.references if each.kind == "end_to_end"),
    )
    if entry.bank_reference:
        return (*of_all, "named", entry.bank_reference)
    told = (entry.value_on.isoformat(), entry.payer_name, entry.remittance)
    words = ("".join(text.split()).casefold() for text in told)
    return (*of_all, "told", *words, *(each.value for each in entry.references))


def _named(account: BankAccount) -> tuple[str, str, str]:
    return account.bank_code, account.branch, account.number


def _digest(*parts: str) -> str:
    """Each part with its length before it, so that no two lists of parts give one text."""
    return sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def not_imported(
    entries: Iterable[StatementEntry], imported: Iterable[str]
) -> list[StatementEntry]:
    """The entries whose identity is not among `imported`, each once, in their order."""
    seen = set(imported)
    fresh: list[StatementEntry] = []
    for entry in entries:
        if entry.identity not in seen:
            seen.add(entry.identity)
            fresh.append(entry)
    return fresh
