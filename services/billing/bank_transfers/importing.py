"""Taking in a bank file: all of it at once, or nothing; each entry once, however often it comes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from services.billing.automation.today import today_of
from services.billing.bank_statements.bank_file import BankFile, read_bank_file
from services.billing.bank_statements.reading import in_pieces
from services.billing.bank_statements.statement import BankAccount, Statement
from services.billing.bank_transfers.bank_statement import BankStatement, StatementPart
from services.billing.bank_transfers.kept import NewEntry, is_overlapping, keep_new
from services.billing.brands.brand import BANK_TRANSFER, Brand
from services.billing.brands.transfer_accounts import TransferAccount, compared
from services.billing.staff_tasks.commands import OpenTask, open_task
from shared.database import Connection
from shared.errors import Conflict, Invalid
from shared.store import Transaction

EARLIEST = date(2000, 1, 1)
LATEST_DAYS_AHEAD = 31


class BankAccountUnknown(Invalid):
    """The file is about an account that is none of the brand's."""


class StatementNotFinal(Invalid):
    """Only statements are taken: what a report or notification tells comes again in one."""


class StatementDayImplausible(Invalid):
    """An entry is booked on a day that cannot be."""


class StatementEmpty(Invalid):
    """The file has no statement."""


class StatementsOverlap(Conflict):
    """These days were imported from files of another form, so that entries could count twice."""


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """A whole bank file, and the digest of its bytes."""

    digest: str
    file: BankFile


def read_file(content: bytes) -> ReadFile:
    """The whole file, read. Takes a while for a large one, and reads nothing else.

    Errors: StatementUnreadable, StatementTooLarge.
    """
    file = read_bank_file(in_pieces(content))
    return ReadFile(digest=sha256(content).hexdigest(), file=file)


@dataclass(frozen=True, kw_only=True)
class ImportStatement:
    """A file that was read, of accounts of the brand."""

    brand: str
    read: ReadFile


async def import_statement(command: ImportStatement, tx: Transaction) -> tuple[BankStatement, bool]:
    """The file as it was taken in, and whether that was now: the same file again changes nothing.

    Errors: BankAccountUnknown, StatementNotFinal, StatementDayImplausible, StatementEmpty,
    StatementsOverlap.
    """
    statement_id = BankStatement.id_of(command.brand, command.read.digest)
    if known := await tx.find(BankStatement, statement_id):
        return known, False
    brand = await tx.look_at(Brand, Brand.id_of(command.brand))
    file = command.read.file
    accounts = accounts_of(brand)
    parts = list(_parts(file, accounts))
    entries = list(_entries(file, accounts))
    _check_days(entries, latest=await today_of(brand, tx) + timedelta(days=LATEST_DAYS_AHEAD))
    db = await tx.begin()
    await _check_overlap(entries, db, brand=command.brand)
    new = await keep_new(entries, db, brand=command.brand, statement_id=statement_id)
    statement = BankStatement.take_in(
        id=statement_id,
        brand=command.brand,
        format=file.format,
        parts=parts,
        entries=len({each.entry.identity for each in entries}),
        new_entries=new,
    )
    await tx.save(statement)
    await _tell_of_gaps(statement, tx)
    return statement, True


@dataclass(frozen=True, kw_only=True)
class OwnAccount:
    """An account of the brand's, and the way to pay that leads to it."""

    method: str
    account: TransferAccount

    @property
    def name(self) -> str:
        """The same however a file writes it."""
        return f"{compared(self.account.number)}/{self.account.currency}"

    def is_meant(self, named: BankAccount, currency: str) -> bool:
        """Whether a file means it; what a file leaves out cannot differ."""
        own = self.account
        pairs = ((named.bank_code, own.bank_code), (named.branch, own.branch))
        is_same = all(compared(a) == compared(b) for a, b in pairs if a and b)
        is_currency = currency in ("", own.currency)
        return is_same and is_currency and compared(named.number) == compared(own.number)


def accounts_of(brand: Brand) -> list[OwnAccount]:
    """The brand's accounts of which statements are imported."""
    methods = [each for each in brand.settings.payment_methods if each.kind == BANK_TRANSFER]
    return [
        OwnAccount(method=method.id, account=account)
        for method in methods
        for account in method.accounts
    ]


def _own(statement: Statement, accounts: Iterable[OwnAccount]) -> OwnAccount:
    """The account of ours that the statement is about."""
    if statement.kind != "statement":
        raise StatementNotFinal(kind=statement.kind)
    currencies = {entry.currency for entry in statement.entries} | {statement.currency}
    for own in accounts:
        if all(own.is_meant(statement.account, currency) for currency in currencies):
            return own
    raise BankAccountUnknown(account_ends_with=statement.account.number[-4:])


def _parts(file: BankFile, accounts: list[OwnAccount]) -> Iterator[StatementPart]:
    """What is said of the statements of the file; a file without any is `StatementEmpty`."""
    if not file.statements:
        raise StatementEmpty()
    for statement in file.statements:
        own = _own(statement, accounts)
        yield StatementPart(
            method=own.method,
            number=statement.number[:50],
            currency=own.account.currency,
            from_on=statement.from_on,
            to_on=statement.to_on,
            entries=len(statement.entries),
            passed_over=len(statement.passed_over),
            is_balanced=statement.is_balanced,
        )


def _entries(file: BankFile, accounts: list[OwnAccount]) -> Iterator[NewEntry]:
    for statement in file.statements:
        own, named = _own(statement, accounts), statement.account
        source = f"{file.format}/{named.bank_code}/{named.branch}/{named.number}"
        for entry in statement.entries:
            yield NewEntry(method=own.method, account=own.name, source=source, entry=entry)


def _check_days(entries: Iterable[NewEntry], *, latest: date) -> None:
    for each in entries:
        for day in (each.entry.booked_on, each.entry.value_on):
            if not EARLIEST <= day <= latest:
                raise StatementDayImplausible(line=each.entry.line, day=day.isoformat())


async def _check_overlap(entries: Iterable[NewEntry], db: Connection, *, brand: str) -> None:
    days: defaultdict[tuple[str, str], set[date]] = defaultdict(set)
    for each in entries:
        days[each.account, each.source].add(each.entry.booked_on)
    if len({account for account, _ in days}) < len(days):
        raise StatementsOverlap()
    for (account, source), booked in days.items():
        span = (min(booked), max(booked))
        if await is_overlapping(db, brand=brand, account=account, source=source, days=span):
            raise StatementsOverlap(from_on=span[0].isoformat(), to_on=span[1].isoformat())


async def _tell_of_gaps(statement: BankStatement, tx: Transaction) -> None:
    """A part whose entries do not lead to its closing balance lacks some, or has too many."""
    for place, part in enumerate(statement.parts):
        if part.is_balanced is False:
            facts = {"statement": str(statement.id), "method": part.method, "number": part.number}
            task = OpenTask(
                brand=statement.brand,
                kind="statement_unbalanced",
                key=f"{statement.id}/{place}",
                facts=facts,
            )
            await open_task(task, tx)
