"""CAMT.053 of ISO 20022 in all its versions, and 052 and 054, whose entries are the same.

Direction is `CdtDbtInd`, also of a reversal: the money went that way (ISO 20022, RvslInd).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from services.billing.bank_statements.camt_details import (
    Booking,
    declared_currency,
    entries_of,
    is_credit,
    unsigned,
)
from services.billing.bank_statements.reading import (
    ENTRIES,
    StatementTooLarge,
    account_number,
    day_of,
    limited,
    unreadable,
)
from services.billing.bank_statements.statement import (
    Balance,
    BankAccount,
    Identities,
    Kind,
    PagedIdentities,
    PassedOver,
    Statement,
    StatementEntry,
    telling_reference,
)
from services.billing.bank_statements.xml_parts import Began, Ended, Part, parts_of

_NAMESPACE = re.compile(
    r"urn:(?:iso:std:iso:20022:tech|swift):xsd:\$?camt\.(05[234])\.001\.([0-9]{2})"
)
_VERSIONS = range(1, 15)
_MESSAGES = {
    f"{name}{version}"
    for name in ("BkToCstmrStmt", "BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn")
    for version in ("", "V01")
}
_KINDS: dict[str, Kind] = {"Stmt": "statement", "Rpt": "report", "Ntfctn": "notification"}
_ENVELOPES = {"Envelope", "BizMsgEnvlp", "DataPDU", "Body", "Document"}
_BOOKED = {"BOOK", ""}


def read_camt(pieces: Iterable[bytes]) -> Iterator[Statement]:
    """The statements of the file, each when its end is read.

    Errors: StatementUnreadable (also for another message than these, or one without a statement),
    StatementTooLarge.
    """
    reader = _Reader()
    for each in parts_of(limited(pieces), is_opened=_is_opened):
        if statement := reader.take(each):
            yield statement
    reader.end()


def _is_opened(path: tuple[str, ...]) -> bool:
    """The envelopes, the message in them and its statements; everything below comes whole."""
    if path[-1] in _ENVELOPES:
        return _ENVELOPES.issuperset(path)
    if path[-1] in _MESSAGES:
        return path[-2:-1] == ("Document",)
    return path[-1] in _KINDS and not _MESSAGES.isdisjoint(path[-2:-1])


@dataclass(slots=True)
class _Page:
    """A statement that is being read."""

    kind: Kind
    line: int
    head: dict[str, Part] = field(default_factory=dict)
    balances: dict[str, Balance] = field(default_factory=dict)
    account: BankAccount | None = None
    identities: Identities = field(default_factory=Identities)
    entries: list[StatementEntry] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)

    def says(self, *path: str) -> str:
        """The text at the path of the statement's head."""
        part = self.head.get(path[0])
        return part.says(*path[1:]) if part else ""

    @property
    def page(self) -> str:
        return self.says("StmtPgntn", "PgNb") or self.says("RptPgntn", "PgNb")


class _Reader:
    """Builds statements of their parts."""

    def __init__(self) -> None:
        self._page: _Page | None = None
        self._pages = PagedIdentities()
        self._entries = 0
        self._statements = 0
        self._line = 1

    def take(self, each: Began | Part | Ended) -> Statement | None:
        """The next of the document; the statement, where one ends with it."""
        self._line = each.line
        match each:
            case Began():
                self._begin(each)
            case Ended(path=path) if path[-1] in _KINDS:
                return self._finish()
            case Part() if self._page:
                self._take_part(each, self._page)
            case Part() if not self._statements and each.name not in {"GrpHdr", "AppHdr"}:
                self._refuse_other(each)
        return None

    def end(self) -> None:
        """The file ends here."""
        if not self._statements:
            raise unreadable(self._line, expected="a statement (Stmt)")

    def _refuse_other(self, part: Part) -> None:
        name = part.name.rpartition(" ")[2]
        if name not in {"Header", "AppHdr", "Revision"}:
            raise unreadable(part.line, expected="a camt.053 Document", found=name)

    def _begin(self, began: Began) -> None:
        name = began.path[-1]
        if name == "Document":
            found = _NAMESPACE.fullmatch(began.namespace)
            if not found or int(found[2]) not in _VERSIONS:
                expected = "a Document of camt.053.001.01 to .14"
                raise unreadable(began.line, expected=expected, found=began.namespace)
        elif name in _KINDS:
            self._page = _Page(_KINDS[name], began.line)

    def _take_part(self, part: Part, page: _Page) -> None:
        if part.name == "Bal":
            kind = part.says("Tp", "CdOrPrtry", "Cd") or part.says("Tp", "Cd")
            page.balances.setdefault(kind, _balance(part))
        elif part.name == "Ntry":
            self._entries += 1
            if self._entries > ENTRIES:
                raise StatementTooLarge(entries_allowed=ENTRIES)
            self._take_entry(part, page)
        else:
            page.head.setdefault(part.name, part)

    def _take_entry(self, part: Part, page: _Page) -> None:
        if page.account is None:
            page.account = self._begin_account(page)
        status = part.says("Sts") or part.says("Sts", "Cd") or part.says("Sts", "Prtry")
        booking = _booking(part, page)
        if status not in _BOOKED:
            text = part.says("AddtlNtryInf")
            page.passed_over.append(PassedOver(line=part.line, reason="not_booked", text=text))
            return
        for entry in entries_of(part, booking):
            if entry.amount_minor:
                page.entries.append(page.identities.of(entry))
            else:
                text = entry.remittance
                page.passed_over.append(PassedOver(line=entry.line, reason="no_amount", text=text))

    def _begin_account(self, page: _Page) -> BankAccount:
        """The account, which stands before the entries; its page tells where to count on."""
        account = _account(page)
        page.identities = self._pages.of_page(account, number=page.says("Id"), page=page.page)
        return account

    def _finish(self) -> Statement:
        page, self._page = self._page, None
        assert page is not None, "what ends has begun"
        self._statements += 1
        account = page.account or self._begin_account(page)
        return Statement(
            account=account,
            kind=page.kind,
            number=page.says("Id"),
            page=page.page,
            currency=page.says("Acct", "Ccy"),
            from_on=_day(page.says("FrToDt", "FrDtTm") or page.says("FrToDt", "FrDt")),
            to_on=_day(page.says("FrToDt", "ToDtTm") or page.says("FrToDt", "ToDt")),
            opening=page.balances.get("OPBD") or page.balances.get("PRCD"),
            closing=page.balances.get("CLBD"),
            entries=tuple(page.entries),
            passed_over=tuple(page.passed_over),
        )


def _account(page: _Page) -> BankAccount:
    account = page.head.get("Acct")
    if account is None:
        raise unreadable(page.line, expected="Acct before the entries of a statement")
    if iban := account.says("Id", "IBAN"):
        return BankAccount(number=account_number(iban))
    number = account.says("Id", "Othr", "Id") or account.says("Id", "PrtryAcct", "Id")
    if not number:
        raise unreadable(account.line, expected="IBAN or Othr/Id of the account")
    bank = account.at("Svcr", "FinInstnId") or Part("FinInstnId", account.line)
    return BankAccount(
        number=account_number(number),
        bank_code=bank.says("BICFI") or bank.says("BIC") or bank.says("ClrSysMmbId", "MmbId"),
    )


def _booking(part: Part, page: _Page) -> Booking:
    """What the entry says for all of its transactions."""
    amount = part.needed("Amt")
    currency = declared_currency(amount)
    booked_on = _day_at(part, "BookgDt") or _day_at(part, "ValDt") or _day(page.says("CreDtTm"))
    if booked_on is None:
        raise unreadable(part.line, expected="BookgDt of an entry")
    assert page.account is not None, "the account stands before its entries"
    return Booking(
        account=page.account,
        booked_on=booked_on,
        value_on=_day_at(part, "ValDt") or booked_on,
        amount_minor=unsigned(amount, currency),
        currency=currency,
        is_credit=is_credit(part),
        is_reversal=part.says("RvslInd") in {"true", "1"},
        bank_reference=telling_reference(part.says("AcctSvcrRef")),
        text=part.says("AddtlNtryInf"),
    )


def _balance(part: Part) -> Balance:
    amount = part.needed("Amt")
    currency = declared_currency(amount)
    minor = unsigned(amount, currency)
    on = _day_at(part, "Dt")
    return Balance(minor=minor if is_credit(part) else -minor, currency=currency, on=on)


def _day_at(part: Part, name: str) -> date | None:
    """The day of a date or an instant, as the bank writes it; StatementUnreadable if it is none."""
    text = part.says(name, "Dt") or part.says(name, "DtTm")
    if not text:
        return None
    day = _day(text)
    if day is None:
        raise unreadable(part.needed(name).line, expected=f"a day in {name}", found=text)
    return day


def _day(text: str) -> date | None:
    found = re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
    return day_of(found.group().replace("-", "")) if found else None
