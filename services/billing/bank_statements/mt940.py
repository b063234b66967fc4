"""MT940, the customer statement message of SWIFT, with or without its envelope.

What a bank puts into :86: is read in `mt940_details.py`. A mark with an R turns a direction round:
RC is a credit taken back, so the money left.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from services.billing.bank_statements.mt940_details import Details, details_of
from services.billing.bank_statements.reading import (
    ENTRIES,
    TEXT_CHARACTERS,
    StatementTooLarge,
    account_number,
    as_utf8,
    currency_of,
    day_of,
    joined,
    limited,
    minor_of,
    text_of,
    unreadable,
)
from services.billing.bank_statements.statement import (
    Balance,
    BankAccount,
    Identities,
    PagedIdentities,
    PassedOver,
    Reference,
    Statement,
    StatementEntry,
    telling_reference,
)

_TAG = re.compile(r":([0-9]{2}[A-Z]?|940|NS):(.*)")
_END = re.compile(r"-\}?(?:XXX)?\s*|\{[1-5]:.*")
_LINES_BEFORE = 20
_BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3}) ?(-?[\d.,]+)")
_ENTRY = re.compile(r"(\d{6})(\d{4})?(R[CD]|E[CD]|[CD])([A-Z])?(\d[\d.,]*)([NFS][A-Z0-9 ]{3})(.*)")

_ENDS = {"30": ("29", "28"), "29": ("28",)}


@dataclass(slots=True)
class _Field:
    """A tag with its text, line by line."""

    tag: str
    line: int
    lines: list[str]
    characters: int = 0

    @property
    def first(self) -> str:
        return self.lines[0].strip()


def read_mt940(pieces: Iterable[bytes], *, encoding: str = "cp1252") -> Iterator[Statement]:
    """The statements of the file, each when its end is read.

    `encoding`: of what is not UTF-8, as the format has no place to say so; Polish banks write
    cp1250, iso8859-2 or cp852. Errors: StatementUnreadable, StatementTooLarge.
    """
    reader = _Reader()
    for each in _fields(_lines(pieces, encoding=encoding)):
        if statement := reader.take(each):
            yield statement
    yield from reader.end()


def _lines(pieces: Iterable[bytes], *, encoding: str) -> Iterator[tuple[int, str]]:
    number, waiting = 0, b""
    for piece in as_utf8(limited(pieces)):
        *lines, waiting = (waiting + piece).split(b"\n")
        for raw in (*lines, waiting):
            if len(raw) > TEXT_CHARACTERS:
                expected = f"a line of at most {TEXT_CHARACTERS} characters"
                raise unreadable(number + 1, expected=expected)
        for raw in lines:
            number += 1
            yield number, text_of(raw, encoding=encoding).rstrip("\r")
    if waiting:
        yield number + 1, text_of(waiting, encoding=encoding).rstrip("\r")


def _fields(lines: Iterable[tuple[int, str]]) -> Iterator[_Field]:
    """Tags with the lines that go on with them; the tag "" for the end of a message."""
    current: _Field | None = None
    before = 0
    for number, text in lines:
        found = _TAG.match(text)
        is_end = bool(_END.fullmatch(text))
        if current and (found or is_end):
            yield current
            current = None
        if is_end:
            yield _Field("", number, [text])
        elif found:
            current = _Field(found[1], number, [found[2]])
        elif current:
            _go_on(current, text)
        elif text.strip():
            before += 1
            if before > _LINES_BEFORE:
                raise unreadable(number, expected=":20: of an MT940 message", found=text)
    if current:
        yield current


def _go_on(current: _Field, text: str) -> None:
    current.lines.append(text)
    current.characters += len(text) + 1
    if current.characters > TEXT_CHARACTERS:
        expected = f"a field of at most {TEXT_CHARACTERS} characters"
        raise unreadable(current.line, expected=expected)


@dataclass(slots=True)
class _Message:
    """A statement that is being read. `entry` waits for the :86: that may follow it."""

    line: int
    reference: str
    account: BankAccount | None = None
    number: str = ""
    page: str = ""
    opening: Balance | None = None
    closing: Balance | None = None
    identities: Identities = field(default_factory=Identities)
    entry: StatementEntry | None = None
    is_expected_only: bool = False
    entries: list[StatementEntry] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)


class _Reader:
    """Builds statements of fields, in the order that the format has."""

    def __init__(self) -> None:
        self._message: _Message | None = None
        self._pages = PagedIdentities()
        self._entries = 0
        self._statements = 0
        self._line = 1

    def take(self, each: _Field) -> Statement | None:
        """The next field; the statement, where this one ends it."""
        self._line = each.line
        if each.tag in {"", "20"}:
            finished = self._finish() if self._message else None
            if each.tag:
                self._message = _Message(each.line, each.first)
            return finished
        if self._message is None:
            if each.tag != "940":
                raise unreadable(each.line, expected=":20:", found=f":{each.tag}:")
        elif each.tag != "940":
            self._take_into(self._message, each)
        return None

    def end(self) -> Iterator[Statement]:
        """The file ends here."""
        if self._message:
            yield self._finish()
        if not self._statements:
            raise unreadable(self._line, expected=":20: of an MT940 message")

    def _take_into(self, message: _Message, each: _Field) -> None:
        match each.tag:
            case "25" | "25P":
                message.account = _account(each)
            case "28" | "28C":
                message.number, _, message.page = each.first.partition("/")
            case "60F" | "60M":
                self._open(message, each)
            case "61":
                self._take_entry(message, each)
            case "86" if message.entry:
                message.entry = _with_details(message.entry, details_of(each.lines))
                _settle(message)
            case "62F" | "62M":
                _settle(message)
                message.closing = _balance(each)
            case _:
                return

    def _open(self, message: _Message, each: _Field) -> None:
        message.opening = _balance(each)
        if message.account is None:
            raise unreadable(each.line, expected=":25: before :60F:", found=f":{each.tag}:")
        message.account = _without_currency(message.account, message.opening.currency)
        message.identities = self._pages.of_page(
            message.account, number=message.number, page=message.page
        )

    def _take_entry(self, message: _Message, each: _Field) -> None:
        _settle(message)
        self._entries += 1
        if self._entries > ENTRIES:
            raise StatementTooLarge(entries_allowed=ENTRIES)
        if message.account is None or message.opening is None:
            raise unreadable(each.line, expected=":25: and :60F: before :61:", found=each.first)
        if message.closing is not None:
            raise unreadable(each.line, expected="no :61: after :62F:", found=each.first)
        message.entry, message.is_expected_only = _entry(
            each, account=message.account, currency=message.opening.currency
        )

    def _finish(self) -> Statement:
        message, self._message = self._message, None
        assert message is not None, "what ends has begun"
        _settle(message)
        if message.account is None or message.opening is None or message.closing is None:
            expected = ":25:, :60F: and :62F: of the message"
            raise unreadable(message.line, expected=expected, found=f":20:{message.reference}")
        self._statements += 1
        return Statement(
            account=message.account,
            number=message.number or message.reference,
            page=message.page,
            currency=message.opening.currency,
            from_on=message.opening.on,
            to_on=message.closing.on,
            opening=message.opening,
            closing=message.closing,
            entries=tuple(message.entries),
            passed_over=tuple(message.passed_over),
        )


def _settle(message: _Message) -> None:
    """Keep the entry that waited; nothing more is said of it."""
    entry, message.entry = message.entry, None
    if entry is None:
        return
    if message.is_expected_only or not entry.amount_minor:
        message.passed_over.append(
            PassedOver(
                line=entry.line,
                reason="not_booked" if message.is_expected_only else "no_amount",
                text=entry.remittance,
            )
        )
        return
    message.entries.append(message.identities.of(entry))


def _account(each: _Field) -> BankAccount:
    """An IBAN, or bank and account with a stroke between."""
    number = account_number(each.first.removeprefix("/"))
    bank, stroke, account = number.rpartition("/")
    if not account:
        raise unreadable(each.line, expected="an account in :25:", found=each.first)
    return BankAccount(number=account, bank_code=bank if stroke else "")


def _without_currency(account: BankAccount, currency: str) -> BankAccount:
    """Some banks write the currency behind an account's number."""
    number = account.number.removesuffix(currency).rstrip(".-")
    is_more = number != account.number and len(number) >= 5
    return replace(account, number=number) if is_more else account


def _balance(each: _Field) -> Balance:
    found = _BALANCE.match(each.first)
    if not found:
        expected = f"C or D, YYMMDD, currency, amount in :{each.tag}:"
        raise unreadable(each.line, expected=expected, found=each.first)
    mark, day, currency, amount = found.groups()
    code = currency_of(currency, line=each.line)
    minor = minor_of(amount, code, line=each.line)
    return Balance(minor=minor if mark == "C" else -minor, currency=code, on=_day(day))


def _day(text: str) -> date | None:
    """YYMMDD; 80 and later is the last century.

    30 February, which banks write that count 360 days a year, is the last day of February.
    """
    century = "19" if text[:2] >= "80" else "20"
    days = (day_of(f"{century}{text[:4]}{day}") for day in (text[4:], *_ENDS.get(text[4:], ())))
    return next((day for day in days if day), None)


def _booked_on(value_on: date, text: str) -> date | None:
    """The MMDD that is nearest to the value date: around the new year, its own year is not said."""
    years = (value_on.year - 1, value_on.year, value_on.year + 1)
    days = (day_of(f"{year:04d}{text}") for year in years)
    known = [day for day in days if day]
    return min(known, key=lambda day: abs(day - value_on), default=None)


def _entry(each: _Field, *, account: BankAccount, currency: str) -> tuple[StatementEntry, bool]:
    """The entry, and whether it is only expected (EC, ED)."""
    found = _ENTRY.fullmatch(each.first)
    value_on = _day(found[1]) if found else None
    if not found or not value_on:
        expected = "YYMMDD, C or D, amount and kind in :61:"
        raise unreadable(each.line, expected=expected, found=each.first)
    booked_on = _booked_on(value_on, found[2]) if found[2] else value_on
    if not booked_on:
        raise unreadable(each.line, expected="MMDD of the booking in :61:", found=each.first)
    mark, amount, rest = found[3], found[5], found[7]
    customer, _, bank = rest.partition("//")
    reference = telling_reference(customer)
    entry = StatementEntry(
        account=account,
        booked_on=booked_on,
        value_on=value_on,
        amount_minor=minor_of(amount, currency, line=each.line),
        currency=currency,
        is_credit=mark in {"C", "RD", "EC"},
        is_reversal=mark.startswith("R"),
        remittance=joined(*each.lines[1:]),
        references=(Reference(kind="customer", value=reference),) if reference else (),
        bank_reference=telling_reference(bank),
        line=each.line,
    )
    return entry, mark.startswith("E")


def _with_details(entry: StatementEntry, details: Details) -> StatementEntry:
    return replace(
        entry,
        payer_name=details.name,
        payer_account=details.account or _beside(entry),
        remittance=details.remittance or entry.remittance,
        references=tuple(dict.fromkeys((*entry.references, *details.references))),
        is_reversal=entry.is_reversal or details.is_return,
    )


def _beside(entry: StatementEntry) -> str:
    """The account that some banks write below :61: itself."""
    number = account_number(entry.remittance)
    return number if re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", number) else ""
