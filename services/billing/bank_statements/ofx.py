"""OFX 1.x (SGML) and 2.x (XML), bank and card statements: https://financialdataexchange.org/ofx.

One reader for both, as banks put the header of one over the body of the other.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from services.billing.bank_statements.reading import (
    DEPTH,
    ENTRIES,
    StatementTooLarge,
    account_number,
    as_utf8,
    currency_of,
    day_of,
    joined,
    limited,
    minor_of,
    unreadable,
)
from services.billing.bank_statements.sgml import Tag, tags
from services.billing.bank_statements.statement import (
    Balance,
    BankAccount,
    Identities,
    PassedOver,
    PassedOverFor,
    Reference,
    Statement,
    StatementEntry,
    telling_reference,
)

_STATEMENTS = {"STMTRS", "CCSTMTRS"}
_AGGREGATES = _STATEMENTS | {
    "OFX",
    "STATUS",
    "BANKACCTFROM",
    "CCACCTFROM",
    "BANKTRANLIST",
    "STMTTRN",
    "LEDGERBAL",
    "PAYEE",
    "BANKACCTTO",
    "CCACCTTO",
    "CURRENCY",
    "ORIGCURRENCY",
}
"""The tags that hold others and matter here. Another one without a text is passed over."""

_REFERENCES = {"REFNUM": "bank_transaction", "CHECKNUM": "check", "SRVRTID": "server"}
_BALANCE_LINE = re.compile(
    "S ?A ?L ?D ?O( (ANTERIOR|INICIAL|FINAL|ATUAL|DO DIA|PARCIAL|TOTAL))?"
    "|(OPENING|CLOSING) BALANCE",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Aggregate:
    """A tag that holds others: the texts right in it, with their lines, and the inner tags."""

    name: str
    line: int
    texts: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    parts: dict[str, "_Aggregate"] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.texts.get(name, "")

    def line_of(self, name: str) -> int:
        return self.lines.get(name, self.line)

    def part(self, *names: str) -> "_Aggregate":
        """The first of these that is there, else an empty one."""
        found = (self.parts[name] for name in names if name in self.parts)
        return next(found, _Aggregate(names[0], self.line))

    def needed(self, name: str) -> str:
        """The text of an element that must be there."""
        if not self[name]:
            raise unreadable(self.line, expected=f"<{name}> in <{self.name}>")
        return self[name]


def read_ofx(pieces: Iterable[bytes]) -> Iterator[Statement]:
    """The statements of the file, each when its end is read.

    Errors: StatementUnreadable (also when the bank answers with an error, or when there is no
    statement of a bank account or a card), StatementTooLarge.
    """
    reader = _Reader()
    for tag in tags(as_utf8(limited(pieces))):
        reader.take(tag)
        yield from reader.finished()
    reader.end()


@dataclass(slots=True)
class _Transactions:
    """The transactions of the statement that is open, with the account and currency so far."""

    identities: Identities = field(default_factory=Identities)
    entries: dict[str, StatementEntry] = field(default_factory=dict)
    passed_over: list[PassedOver] = field(default_factory=list)

    def take(self, transaction: _Aggregate, *, account: BankAccount, currency: str) -> None:
        """Keep it as an entry, or with the reason why it is none."""
        entry = _entry(transaction, account=account, currency=currency)
        is_balance = _BALANCE_LINE.fullmatch(entry.remittance or entry.payer_name)
        if is_balance:
            self._pass_over(entry, "balance_line")
            return
        if entry.amount_minor == 0:
            self._pass_over(entry, "no_amount")
            return
        is_named = bool(entry.bank_reference)
        identified = self.identities.of(entry, has_unique_reference=is_named)
        if identified.identity in self.entries:
            self._pass_over(entry, "repeated")
        else:
            self.entries[identified.identity] = identified

    def _pass_over(self, entry: StatementEntry, reason: PassedOverFor) -> None:
        text = joined(entry.payer_name, entry.remittance)
        self.passed_over.append(PassedOver(line=entry.line, reason=reason, text=text))


class _Reader:
    """Builds aggregates of tags, and statements of aggregates."""

    def __init__(self) -> None:
        self._open: list[_Aggregate] = []
        self._transactions = _Transactions()
        self._finished: list[Statement] = []
        self._entries = 0
        self._statements = 0
        self._line = 1

    def take(self, tag: Tag) -> None:
        """One tag, in the order of the file."""
        self._line = tag.line
        if not self._open and tag.name != "OFX":
            if self._statements or tag.is_end:
                raise unreadable(tag.line, expected="the end of the file", found=f"<{tag.name}>")
            raise unreadable(tag.line, expected="<OFX>", found=f"<{tag.name}>")
        if tag.is_end:
            self._close(tag)
        elif tag.name in _AGGREGATES:
            self._begin(tag)
        elif text := " ".join(tag.text.split()):
            self._note(tag, text)

    def finished(self) -> list[Statement]:
        """What is whole by now, once."""
        finished, self._finished = self._finished, []
        return finished

    def end(self) -> None:
        """The file ends here."""
        if self._open:
            raise unreadable(self._line, expected=f"</{self._open[-1].name}>")
        if not self._statements:
            raise unreadable(self._line, expected="a statement of a bank account or a card")

    def _note(self, tag: Tag, text: str) -> None:
        into = self._open[-1]
        if tag.name == "MEMO" and into["MEMO"]:
            text = joined(into["MEMO"], text)
        elif tag.name in into.texts:
            return
        into.texts[tag.name], into.lines[tag.name] = text, tag.line

    def _begin(self, tag: Tag) -> None:
        open_names = {each.name for each in self._open}
        if tag.name in open_names:
            raise unreadable(tag.line, expected=f"</{tag.name}>", found=f"<{tag.name}>")
        if tag.name == "STMTTRN" and not open_names & _STATEMENTS:
            expected = "transactions of a bank account or a card alone"
            raise unreadable(tag.line, expected=expected, found="<STMTTRN>")
        if len(self._open) >= DEPTH:
            raise unreadable(tag.line, expected=f"at most {DEPTH} tags in one another")
        if tag.name in _STATEMENTS:
            self._transactions = _Transactions()
        self._open.append(_Aggregate(tag.name, tag.line))

    def _close(self, tag: Tag) -> None:
        if tag.name not in _AGGREGATES:
            return
        if not self._open or self._open[-1].name != tag.name:
            expected = f"</{self._open[-1].name}>" if self._open else "<OFX>"
            raise unreadable(tag.line, expected=expected, found=f"</{tag.name}>")
        closed = self._open.pop()
        if closed.name == "STMTTRN":
            self._take_transaction(closed)
        elif closed.name in _STATEMENTS:
            self._finished.append(_statement(closed, self._transactions))
            self._statements += 1
        elif closed.name == "STATUS" and closed["SEVERITY"].upper() == "ERROR":
            found = joined(closed["CODE"], closed["MESSAGE"])
            raise unreadable(closed.line, expected="a bank's answer without an error", found=found)
        elif self._open:
            self._open[-1].parts.setdefault(closed.name, closed)

    def _take_transaction(self, transaction: _Aggregate) -> None:
        self._entries += 1
        if self._entries > ENTRIES:
            raise StatementTooLarge(entries_allowed=ENTRIES)
        statement = next(each for each in reversed(self._open) if each.name in _STATEMENTS)
        self._transactions.take(
            transaction, account=_account(statement), currency=statement["CURDEF"]
        )


def _account(statement: _Aggregate) -> BankAccount:
    account = statement.part("BANKACCTFROM", "CCACCTFROM")
    code = account["BANKID"]
    return BankAccount(
        number=account_number(account.needed("ACCTID")),
        bank_code=code[1:] if re.fullmatch(r"0\d{3}", code) else code,
        branch=account["BRANCHID"].strip("0 "),
    )


def _entry(transaction: _Aggregate, *, account: BankAccount, currency: str) -> StatementEntry:
    """Who pays stands in NAME or in PAYEE; a sign says which way, whatever TRNTYPE says."""
    own = transaction.part("CURRENCY")
    code = currency_of(own["CURSYM"] or currency, line=own.line)
    amount_line = transaction.line_of("TRNAMT")
    minor = minor_of(transaction.needed("TRNAMT"), code, line=amount_line)
    booked_on = _day(transaction, "DTPOSTED")
    value = _first_day(transaction["DTAVAIL"]) or _first_day(transaction["VALUEDATE"])
    name = transaction["NAME"] or transaction.part("PAYEE")["NAME"]
    other = transaction.part("BANKACCTTO", "CCACCTTO")
    given = ((kind, telling_reference(transaction[tag])) for tag, kind in _REFERENCES.items())
    return StatementEntry(
        account=account,
        booked_on=booked_on,
        value_on=value or booked_on,
        amount_minor=abs(minor),
        currency=code,
        is_credit=minor > 0,
        payer_name=joined(name, transaction["EXTDNAME"]),
        payer_account=account_number(other["ACCTID"]),
        remittance=transaction["MEMO"],
        references=tuple(Reference(kind=kind, value=value) for kind, value in given if value),
        bank_reference=telling_reference(transaction["FITID"]),
        line=transaction.line,
    )


def _day(transaction: _Aggregate, name: str) -> date:
    """The day as the bank writes it, in its own zone: no conversion moves a booking to another."""
    text = transaction.needed(name)
    day = _first_day(text)
    if day is None:
        expected = f"a day as YYYYMMDD in <{name}>"
        raise unreadable(transaction.line_of(name), expected=expected, found=text)
    return day


def _first_day(text: str) -> date | None:
    """The eight figures at the start; what follows them is often malformed and says no day."""
    found = re.match("[0-9]{8}", text)
    return day_of(found.group()) if found else None


def _statement(statement: _Aggregate, transactions: _Transactions) -> Statement:
    days = statement.part("BANKTRANLIST")
    return Statement(
        account=_account(statement),
        currency=statement["CURDEF"],
        from_on=_first_day(days["DTSTART"]),
        to_on=_first_day(days["DTEND"]),
        closing=_balance(statement.part("LEDGERBAL"), currency=statement["CURDEF"]),
        entries=tuple(transactions.entries.values()),
        passed_over=tuple(transactions.passed_over),
    )


def _balance(balance: _Aggregate, *, currency: str) -> Balance | None:
    if not balance["BALAMT"] or not currency:
        return None
    line = balance.line_of("BALAMT")
    code = currency_of(currency, line=line)
    minor = minor_of(balance["BALAMT"], code, line=line)
    return Balance(minor=minor, currency=code, on=_first_day(balance["DTASOF"]))
