"""What becomes of an entry of a bank statement: decided by matching, by staff, or taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.billing.bank_statements.matching import Match, Suggestion
from services.billing.bank_statements.statement import StatementEntry
from services.billing.bank_transfers.bank_entry import BankEntry, SharesExceedEntry
from services.billing.bank_transfers.kept import WaitingEntry, entry_kept
from services.billing.bank_transfers.known_payer import KnownPayer
from services.billing.bank_transfers.receiving import receive_shares, shares_of
from services.billing.bank_transfers.shares import Reading, Share
from services.billing.bank_transfers.taking_back import take_back_share
from services.billing.payments.allocation import OpenInvoice, allocate
from services.billing.payments.payables import Payable, payables_by_id
from services.billing.payments.payment import Purpose
from services.billing.top_ups.top_up import TopUp
from services.billing.why.because import because
from services.billing.why.why import Why
from shared.errors import Invalid, NotFound
from shared.store import Transaction

MOST_INVOICES = 50


class AccountsDiffer(Invalid):
    """More was paid than these invoices of several accounts take: whose is the rest?"""


@dataclass(frozen=True, kw_only=True)
class BookEntry:
    """An entry that waits, and what matching makes of it."""

    brand: str
    waiting: WaitingEntry
    match: Match


async def book_entry(command: BookEntry, tx: Transaction) -> bool:
    """Record the entry; pay what it pays for certain, and leave the rest to staff.

    False, and nothing is recorded, where the invoices are not as they were when it was matched. An
    entry about which something was decided meanwhile stays as it is.
    """
    entry = await tx.find(BankEntry, command.waiting.entry_id) or _recorded(command)
    taken = command.match.taken if entry.brings_money else None
    if entry.status == "open":
        if taken is not None and not await _is_as_matched(taken, tx):
            return False
        await _decide(entry, command, taken=taken, tx=tx)
    await tx.save(entry)
    return True


async def _decide(
    entry: BankEntry, command: BookEntry, *, taken: Suggestion | None, tx: Transaction
) -> None:
    if taken is not None:
        _allocate_reading(entry, taken, why=_why(tx, entry, taken=taken))
        await receive_shares(entry, tx)
        await remember_payer(entry, command.waiting.entry, tx)
    elif _is_of_no_concern(command.waiting):
        entry.set_aside("money_left", because(tx, "bank_entry.money_left", entry=entry.id))
    else:
        codes = [reason.code for reason in command.match.reasons]
        entry.suggest(codes, [_told(each) for each in command.match.suggestions])


def _recorded(command: BookEntry) -> BankEntry:
    said = command.waiting.entry
    return BankEntry.record(
        id=command.waiting.entry_id,
        brand=command.brand,
        statement_id=command.waiting.statement_id,
        method=command.waiting.method,
        booked_on=said.booked_on,
        value_on=said.value_on,
        amount_minor=said.amount_minor,
        currency=said.currency,
        is_credit=said.is_credit,
        is_reversal=said.is_reversal,
    )


def _is_of_no_concern(waiting: WaitingEntry) -> bool:
    """What we paid ourselves; money that the bank takes back is for people to look at."""
    return not waiting.entry.is_credit and not waiting.entry.is_reversal


async def _is_as_matched(taken: Suggestion, tx: Transaction) -> bool:
    found = await payables_by_id(((each.invoice_id, each.purpose) for each in taken.invoices), tx)
    return all(
        each.invoice_id in found and found[each.invoice_id].settlement.open_minor == each.open_minor
        for each in taken.invoices
    )


def _allocate_reading(entry: BankEntry, taken: Suggestion, *, why: Why) -> None:
    (account_id,) = taken.account_ids
    accounts = dict.fromkeys((each.invoice_id for each in taken.invoices), account_id)
    settled = taken.allocated
    shares = shares_of(entry, settled.allocations, rest_minor=settled.rest_minor, accounts=accounts)
    entry.allocate(shares, why)


def _why(tx: Transaction, entry: BankEntry, *, taken: Suggestion) -> Why:
    return because(
        tx,
        "bank_entry.matched",
        entry=entry.id,
        reasons=" ".join(reason.code for reason in taken.reasons),
        score=taken.score,
        numbers=", ".join(each.number for each in taken.invoices),
    )


def _told(suggestion: Suggestion) -> Reading:
    return Reading(
        account_ids=list(suggestion.account_ids),
        invoice_ids=[i.invoice_id for i in suggestion.invoices if i.purpose == "invoice"],
        top_up_ids=[i.invoice_id for i in suggestion.invoices if i.purpose == "top_up"],
        score=suggestion.score,
        reasons=[reason.code for reason in suggestion.reasons],
    )


async def entry_of_brand(
    entry_id: UUID, brand: str, tx: Transaction, *, expected_version: int | None = None
) -> BankEntry:
    """The entry. `NotFound` for another brand's, `Stale` if it has moved on."""
    entry = await tx.load(BankEntry, entry_id, expected_version=expected_version)
    if entry.brand != brand:
        raise NotFound()
    return entry


@dataclass(frozen=True, kw_only=True)
class Part:
    """What of an entry is for an invoice; None: as much as is open and left.

    Or for a top-up, which has that id and takes whatever is left, also after it was credited: who
    transfers again under its number wants more credit.
    """

    invoice_id: UUID
    amount_minor: int | None = None
    purpose: Purpose = "invoice"


@dataclass(frozen=True, kw_only=True)
class AssignEntry:
    """What staff says that an entry pays: these invoices and top-ups in this order, the rest to
    credit."""

    entry_id: UUID
    brand: str
    parts: Sequence[Part]
    expected_version: int | None = None


async def assign_entry(command: AssignEntry, tx: Transaction) -> BankEntry:
    """The entry, paid out to the invoices and top-ups.

    Errors: NotFound, Stale, EntryIsDecided, EntryBringsNoMoney, SharesExceedEntry, AccountsDiffer,
    CurrenciesDiffer, InvoiceNamedTwice, and what an invoice says that cannot be paid.
    """
    entry = await entry_of_brand(
        command.entry_id, command.brand, tx, expected_version=command.expected_version
    )
    entry.check_open()
    shares = _assigned(entry, command.parts, payables=await _payable(command, tx))
    entry.allocate(shares, because(tx, "bank_entry.assigned", entry=entry.id))
    await receive_shares(entry, tx)
    await _remember(entry, tx)
    await tx.save(entry)
    return entry


def _assigned(
    entry: BankEntry, parts: Sequence[Part], *, payables: Mapping[UUID, Payable]
) -> list[Share]:
    """Payments over the parts, the last of which brings the rest."""
    if sum(each.amount_minor or 0 for each in parts) > entry.amount_minor:
        raise SharesExceedEntry(amount_minor=entry.amount_minor)
    wanted = [_wanted(entry, payables[each.invoice_id], part=each) for each in parts]
    settled = allocate(entry.amount_minor, wanted, currency=entry.currency)
    accounts = {id: each.account_id for id, each in payables.items() if each.account_id}
    used = settled.allocations
    if settled.rest_minor and len({accounts[each.invoice_id] for each in used}) > 1:
        raise AccountsDiffer(rest_minor=settled.rest_minor)
    return shares_of(entry, used, rest_minor=settled.rest_minor, accounts=accounts)


async def _payable(command: AssignEntry, tx: Transaction) -> dict[UUID, Payable]:
    found = await payables_by_id(((each.invoice_id, each.purpose) for each in command.parts), tx)
    for part in command.parts:
        payable = found.get(part.invoice_id)
        if payable is None or payable.brand != command.brand:
            raise NotFound()
        if part.purpose == "invoice":
            payable.settlement.check_open()
    return found


def _wanted(entry: BankEntry, payable: Payable, *, part: Part) -> OpenInvoice:
    is_top_up = isinstance(payable, TopUp)
    open_minor = entry.amount_minor if is_top_up else payable.settlement.open_minor
    return OpenInvoice(
        invoice_id=payable.id,
        number=payable.number,
        due_on=entry.booked_on,  # of no account here: staff has put them in order
        currency=payable.currency,
        open_minor=open_minor if part.amount_minor is None else min(part.amount_minor, open_minor),
        purpose=part.purpose,
    )


@dataclass(frozen=True, kw_only=True)
class ConfirmReading:
    """Which of the suggestions is right, by its place from 0."""

    entry_id: UUID
    brand: str
    place: int
    expected_version: int | None = None


async def confirm_reading(command: ConfirmReading, tx: Transaction) -> BankEntry:
    """As `assign_entry` with the invoices and top-ups of the suggestion. `ReadingUnknown`."""
    entry = await entry_of_brand(
        command.entry_id, command.brand, tx, expected_version=command.expected_version
    )
    reading = entry.reading(command.place)
    parts = [Part(invoice_id=id) for id in reading.invoice_ids]
    parts += [Part(invoice_id=id, purpose="top_up") for id in reading.top_up_ids]
    return await assign_entry(AssignEntry(entry_id=entry.id, brand=entry.brand, parts=parts), tx)


@dataclass(frozen=True, kw_only=True)
class SetEntryAside:
    """`reason` is a sentence of staff's."""

    entry_id: UUID
    brand: str
    reason: str
    expected_version: int | None = None


async def set_entry_aside(command: SetEntryAside, tx: Transaction) -> BankEntry:
    """It pays no invoice. `EntryIsDecided`."""
    entry = await entry_of_brand(
        command.entry_id, command.brand, tx, expected_version=command.expected_version
    )
    why = because(tx, "bank_entry.set_aside", entry=entry.id, reason=command.reason)
    entry.set_aside(command.reason, why)
    await tx.save(entry)
    return entry


@dataclass(frozen=True, kw_only=True)
class ReopenEntry:
    """What was decided about the entry was wrong; `reason` is a sentence of staff's."""

    entry_id: UUID
    brand: str
    reason: str
    expected_version: int | None = None


async def reopen_entry(command: ReopenEntry, tx: Transaction) -> BankEntry:
    """Its payments are taken back by new events, and what they settled is owed again.

    Errors: EntryIsOpen, CreditTooSmall, PaymentNotReversible.
    """
    entry = await entry_of_brand(
        command.entry_id, command.brand, tx, expected_version=command.expected_version
    )
    why = because(tx, "bank_entry.reopened", entry=entry.id, reason=command.reason)
    for share in entry.reopen(command.reason, why):
        await take_back_share(share, why, tx)
        await _forget(entry, share.account_id, tx)
    await tx.save(entry)
    return entry


async def remember_payer(entry: BankEntry, said: StatementEntry, tx: Transaction) -> None:
    """Whose money it was helps to know the next; the payer pays for each account of the entry."""
    named = {"payer_account": said.payer_account, "payer_name": said.payer_name}
    if not any(named.values()):
        return
    for account_id in dict.fromkeys(share.account_id for share in entry.shares):
        payer_id = KnownPayer.id_of(account_id, **named)
        payer = await tx.find(KnownPayer, payer_id)
        if payer is None:
            payer = KnownPayer.meet(account_id=account_id, brand=entry.brand, **named)
        payer.remember(**named)
        await tx.save(payer)


async def _remember(entry: BankEntry, tx: Transaction) -> None:
    if said := await entry_kept(entry.id, tx.read):
        await remember_payer(entry, said, tx)


async def _forget(entry: BankEntry, account_id: UUID, tx: Transaction) -> None:
    said = await entry_kept(entry.id, tx.read)
    if said is None:
        return
    payer_id = KnownPayer.id_of(
        account_id, payer_account=said.payer_account, payer_name=said.payer_name
    )
    if payer := await tx.find(KnownPayer, payer_id):
        payer.forget()
        await tx.save(payer)
