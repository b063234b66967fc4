"""What bank entries, statements and payers tell the world."""

from typing import Any

import msgspec

from services.billing.bank_transfers.bank_entry import BankEntry
from services.billing.bank_transfers.bank_statement import BankStatement
from services.billing.bank_transfers.known_payer import KnownPayer
from services.billing.why.why import Why
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_statement(event: DomainEvent, statement: BankStatement) -> PublicEvent | None:
    """The public event of a bank file."""
    match event:
        case BankStatement.Imported() as imported:
            parts = msgspec.convert(
                imported.parts, list[billing.StatementPart], from_attributes=True
            )
            return billing.BankStatementImported(
                statement_id=statement.id,
                format=imported.format,
                parts=parts,
                entries=imported.entries,
                new_entries=imported.new_entries,
            )
        case _:
            return None


def of_entry(event: DomainEvent, entry: BankEntry) -> PublicEvent | None:
    """The public event of an entry."""
    match event:
        case BankEntry.Recorded() as recorded:
            return _recorded(recorded, entry)
        case BankEntry.Suggested(reasons=reasons, readings=readings):
            told = msgspec.convert(readings, list[billing.Reading], from_attributes=True)
            return billing.BankEntrySuggested(entry_id=entry.id, reasons=reasons, readings=told)
        case BankEntry.Allocated(allocation_id=allocation_id, shares=shares, why=why):
            return billing.BankEntryAllocated(
                entry_id=entry.id,
                allocation_id=allocation_id,
                shares=msgspec.convert(shares, list[billing.Share], from_attributes=True),
                currency=entry.currency,
                why=_why(why),
            )
        case BankEntry.SetAside(reason=reason, why=why):
            return billing.BankEntrySetAside(entry_id=entry.id, reason=reason, why=_why(why))
        case BankEntry.Reopened(reason=reason, why=why):
            return billing.BankEntryReopened(entry_id=entry.id, reason=reason, why=_why(why))
        case _:
            return None


def _recorded(recorded: Any, entry: BankEntry) -> PublicEvent:
    return billing.BankEntryRecorded(
        entry_id=entry.id,
        statement_id=recorded.statement_id,
        method=recorded.method,
        booked_on=recorded.booked_on,
        value_on=recorded.value_on,
        amount_minor=recorded.amount_minor,
        currency=recorded.currency,
        brings_money=entry.brings_money,
    )


def of_payer(event: DomainEvent, payer: KnownPayer) -> PublicEvent | None:
    """The public event of somebody who pays for an account."""
    match event:
        case KnownPayer.Met() | KnownPayer.Remembered() as met:
            return billing.PayerRemembered(
                payer_id=payer.id, payer_account=met.payer_account, payer_name=met.payer_name
            )
        case KnownPayer.Forgotten():
            return billing.PayerForgotten(payer_id=payer.id)
        case _:
            return None


def _why(why: Why) -> billing.Why:
    return msgspec.convert(why, billing.Why, from_attributes=True)
