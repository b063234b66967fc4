"""The transactions in an entry of a CAMT message, of which each can be a payment of its own.

Version 08 moved the name of a party into `Pty`, version 02 the transactions into `NtryDtls`; both
places are read in each version.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.billing.bank_statements.reading import (
    account_number,
    currency_of,
    joined,
    minor_of,
    unreadable,
)
from services.billing.bank_statements.statement import (
    BankAccount,
    Reference,
    StatementEntry,
    telling_reference,
)
from services.billing.bank_statements.xml_parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What an entry says for all of its transactions together."""

    account: BankAccount
    booked_on: date
    value_on: date
    amount_minor: int
    currency: str
    is_credit: bool
    is_reversal: bool
    bank_reference: str
    text: str


_REFERENCES = {
    "EndToEndId": "end_to_end",
    "InstrId": "instruction",
    "TxId": "transaction",
    "UETR": "uetr",
    "MndtId": "mandate",
    "ChqNb": "check",
    "MsgId": "message",
    "PmtInfId": "batch",
}
_AMOUNTS = (
    ("Amt",),
    ("AmtDtls", "TxAmt", "Amt"),
    ("AmtDtls", "CntrValAmt", "Amt"),
    ("AmtDtls", "InstdAmt", "Amt"),
)
"""Where the amount of a transaction stands, the surest first."""


def entries_of(entry: Part, booking: Booking) -> list[StatementEntry]:
    """The transactions as entries of their own, if their amounts sum to what was booked.

    Else (amounts missing, in another currency, or less charges) it is one entry with the words and
    references of all.
    """
    details = [*entry.all("NtryDtls", "TxDtls"), *entry.all("TxDtls")]
    if len(details) > 1 and (split := _split(details, booking)):
        return split
    return [_entry(booking, details, line=entry.line)]


def _split(details: list[Part], booking: Booking) -> list[StatementEntry] | None:
    amounts = [_amount(each, booking) for each in details]
    if None in amounts:
        return None
    signed = [amount for amount in amounts if amount is not None]
    whole = booking.amount_minor if booking.is_credit else -booking.amount_minor
    if sum(signed) != whole:
        return None
    pairs = zip(details, signed, strict=True)
    return [_part_of(booking, detail, minor=minor) for detail, minor in pairs if minor]


def _part_of(booking: Booking, detail: Part, *, minor: int) -> StatementEntry:
    own = Booking(
        account=booking.account,
        booked_on=booking.booked_on,
        value_on=booking.value_on,
        amount_minor=abs(minor),
        currency=booking.currency,
        is_credit=minor > 0,
        is_reversal=booking.is_reversal,
        bank_reference=booking.bank_reference,
        text=booking.text,
    )
    return _entry(own, [detail], line=detail.line)


def _amount(detail: Part, booking: Booking) -> int | None:
    """With its sign; None if the transaction names none in the currency of the entry."""
    for path in _AMOUNTS:
        for amount in detail.all(*path):
            if amount.attributes.get("Ccy") == booking.currency:
                minor = unsigned(amount, booking.currency)
                is_in = is_credit(detail) if detail.at("CdtDbtInd") else booking.is_credit
                return minor if is_in else -minor
    return None


def unsigned(amount: Part, currency: str) -> int:
    """The amount of an element in minor units; its direction stands elsewhere."""
    minor = minor_of(amount.text, currency, line=amount.line)
    if minor < 0:
        raise unreadable(amount.line, expected="an amount without a sign", found=amount.text)
    return minor


def is_credit(part: Part) -> bool:
    """Whether the money came in."""
    found = part.needed("CdtDbtInd")
    match found.text.strip():
        case "CRDT":
            return True
        case "DBIT":
            return False
        case other:
            raise unreadable(found.line, expected="CRDT or DBIT", found=other)


def declared_currency(amount: Part) -> str:
    """The currency that an amount is in."""
    return currency_of(amount.attributes.get("Ccy", ""), line=amount.line)


def _entry(booking: Booking, details: list[Part], *, line: int) -> StatementEntry:
    is_return = booking.is_reversal or any(each.at("RtrInf") for each in details)
    is_from_debtor = booking.is_credit != is_return
    name, number = _party(details, "Dbtr" if is_from_debtor else "Cdtr")
    own_reference = next((found for each in details if (found := _bank_reference(each))), "")
    return StatementEntry(
        account=booking.account,
        booked_on=booking.booked_on,
        value_on=booking.value_on,
        amount_minor=booking.amount_minor,
        currency=booking.currency,
        is_credit=booking.is_credit,
        is_reversal=is_return,
        payer_name=name,
        payer_account=number,
        remittance=_remittance(details) or booking.text,
        references=tuple(dict.fromkeys(ref for each in details for ref in _references(each))),
        bank_reference=own_reference
        if len(details) == 1 and own_reference
        else booking.bank_reference,
        line=line,
    )


def _bank_reference(detail: Part) -> str:
    return telling_reference(detail.says("Refs", "AcctSvcrRef"))


def _party(details: list[Part], role: str) -> tuple[str, str]:
    """Name and account of whoever is at the other end, where the transactions agree."""
    names = {_name(each, role) for each in details}
    numbers = {_number(each, role) for each in details}
    return (
        names.pop() if len(names) == 1 else "",
        numbers.pop() if len(numbers) == 1 else "",
    )


def _name(detail: Part, role: str) -> str:
    for party in (role, f"Ultmt{role}"):
        for path in ((), ("Pty",), ("Agt", "FinInstnId")):
            if name := detail.says("RltdPties", party, *path, "Nm"):
                return name
    return ""


def _number(detail: Part, role: str) -> str:
    path = ("RltdPties", f"{role}Acct", "Id")
    return account_number(detail.says(*path, "IBAN") or detail.says(*path, "Othr", "Id"))


def _remittance(details: list[Part]) -> str:
    texts = [text for each in details for text in _texts(each)]
    return joined(*dict.fromkeys(texts))


def _texts(detail: Part) -> Iterator[str]:
    """What the payer wrote, else what the bank adds."""
    words = [part.text for part in detail.all("RmtInf", "Ustrd")]
    words += [part.text for part in detail.all("RmtInf", "Strd", "AddtlRmtInf")]
    yield from words or [detail.says("AddtlTxInf")]


def _references(detail: Part) -> Iterator[Reference]:
    for name, kind in _REFERENCES.items():
        if value := telling_reference(detail.says("Refs", name)):
            yield Reference(kind=kind, value=value)
    for name, kind in (("CdtrRefInf", "creditor"), ("RfrdDocInf", "document")):
        for part in detail.all("RmtInf", "Strd", name):
            if value := telling_reference(part.says("Ref") or part.says("Nb")):
                yield Reference(kind=kind, value=value)
