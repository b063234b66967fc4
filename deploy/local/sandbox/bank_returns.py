"""Return files (CNAB 240 and 400) as the five banks write them, for boletos that were never paid.

Amounts are centavos. It is the banks' side, so it has columns of its own and shares none with who
reads them. Sources: FEBRABAN, Layout Padrão CNAB 240, segments T and U; the manuals of the banks.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

BANKS = {
    "001": "BANCO DO BRASIL",
    "033": "SANTANDER",
    "104": "CAIXA",
    "237": "BRADESCO",
    "341": "BANCO ITAU SA",
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the bank tells of a boleto; `own_number` as its files write it, check digit and all.

    `code` is the bank's own for what happened: 06 paid (21 in Caixa's 400 columns), 02 registered,
    03 rejected, 09 written off. `received_minor` is what was paid, `fee_minor` is taken of it.
    """

    own_number: str
    code: str
    amount_minor: int
    received_minor: int = 0
    fee_minor: int = 0
    interest_minor: int = 0
    discount_minor: int = 0
    rebate_minor: int = 0
    due_on: date | None = None
    occurred_on: date | None = None
    credited_on: date | None = None
    wallet: str = ""
    document: str = ""
    reasons: str = ""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """The bank, for whom it collects, and the file that it writes."""

    bank: str
    company: str
    branch: str
    account: str
    written_on: date
    sequence: int


SEGMENT_T = {
    "branch": 18,
    "account": 24,
    "own_number": 38,
    "wallet": 58,
    "document": 59,
    "due_on": 74,
    "amount": 82,
    "receiver": 97,
    "fee": 199,
    "reasons": 214,
}
SEGMENTS_T = {
    "001": SEGMENT_T,
    "033": {
        "branch": 18,
        "account": 23,
        "own_number": 41,
        "wallet": 54,
        "document": 55,
        "due_on": 70,
        "amount": 78,
        "receiver": 93,
        "fee": 194,
        "reasons": 209,
    },
    "104": {**SEGMENT_T, "own_number": 40},
    "237": {**SEGMENT_T, "own_number": 46, "wallet": 38},
    "341": {**SEGMENT_T, "branch": 19, "account": 31, "own_number": 41, "wallet": 38},
}
"""Field -> its first column, by bank."""

DETAIL_400 = {"branch": 18, "account": 24, "own_number": 63, "wallet": 108, "credited_on": 296}
DETAILS_400 = {
    "001": {"branch": 18, "account": 23, "own_number": 64, "wallet": 107, "credited_on": 176},
    "033": {**DETAIL_400, "account": 22},
    "104": {"branch": 18, "account": 22, "own_number": 57, "wallet": 107, "credited_on": 294},
    "237": {**DETAIL_400, "wallet": 22, "branch": 25, "account": 30, "own_number": 71},
    "341": {**DETAIL_400, "wallet": 83},
}
REASONS_400 = {"001": 87, "033": 137, "104": 80, "237": 319, "341": 378}
SANTANDER_DIGITS_400 = 8


def return_240(sender: Sender, told: Iterable[Told]) -> Iterator[str]:
    """The lines of a file of 240 columns, each with its line end, one after the other."""
    bank, lines = sender.bank, 0
    header = {
        1: f"{bank}00000",
        73: sender.company[:30],
        103: BANKS[bank],
        143: f"2{sender.written_on:%d%m%Y}",
        158: f"{sender.sequence:06}",
    }
    yield _line(240, header)
    yield _line(240, {1: f"{bank}00011T01", 74: sender.company[:30]})
    for lines, each in enumerate(told, start=1):
        yield _line(240, _segment_t(sender, each, number=2 * lines - 1))
        yield _line(240, _segment_u(sender, each, number=2 * lines))
    yield _line(240, {1: f"{bank}00015", 18: f"{2 * lines + 2:06}"})
    yield _line(240, {1: f"{bank}99999", 18: f"000001{2 * lines + 4:06}"})


def _segment_t(sender: Sender, told: Told, *, number: int) -> dict[int, str]:
    at = SEGMENTS_T[sender.bank]
    return {
        1: f"{sender.bank}00013{number:05}T {told.code}",
        at["branch"]: sender.branch,
        at["account"]: sender.account,
        at["own_number"]: told.own_number,
        at["wallet"]: told.wallet,
        at["document"]: told.document,
        at["due_on"]: _day_8(told.due_on),
        at["amount"]: f"{told.amount_minor:015}",
        at["receiver"]: sender.bank,
        at["fee"]: f"{told.fee_minor:015}",
        at["reasons"]: told.reasons,
    }


def _segment_u(sender: Sender, told: Told, *, number: int) -> dict[int, str]:
    amounts = (
        told.interest_minor,
        told.discount_minor,
        told.rebate_minor,
        0,
        told.received_minor,
        max(0, told.received_minor - told.fee_minor),
        0,
        0,
    )
    days = _day_8(told.occurred_on) + _day_8(told.credited_on)
    return {
        1: f"{sender.bank}00013{number:05}U {told.code}",
        18: "".join(f"{amount:015}" for amount in amounts) + days,
    }


def return_400(sender: Sender, told: Iterable[Told]) -> Iterator[str]:
    """The lines of a file of 400 columns, each with its line end, one after the other."""
    bank, number = sender.bank, 1
    header = {
        1: "02RETORNO01COBRANCA",
        47: sender.company[:30],
        77: f"{bank}{BANKS[bank]}",
        95: f"{sender.written_on:%d%m%y}",
        109: f"{sender.sequence:05}",
        395: "000001",
    }
    yield _line(400, header)
    for number, each in enumerate(told, start=2):
        yield _line(400, _detail_400(sender, each, number=number))
    yield _line(400, {1: f"9201{bank}", 395: f"{number + 1:06}"})


def _detail_400(sender: Sender, told: Told, *, number: int) -> dict[int, str]:
    bank, at = sender.bank, DETAILS_400[sender.bank]
    is_brasil, is_caixa = bank == "001", bank == "104"
    own_number = told.own_number[-SANTANDER_DIGITS_400:] if bank == "033" else told.own_number
    net = told.received_minor - told.fee_minor if bank in {"033", "341"} else told.received_minor
    fee = {182: f"{told.fee_minor:07}"} if is_brasil else {176: f"{told.fee_minor:013}"}
    amounts = (told.rebate_minor, told.discount_minor, max(0, net), told.interest_minor)
    return {
        1: "7" if is_brasil else "1",
        at["branch"]: sender.branch,
        at["account"]: sender.account,
        at["own_number"]: own_number,
        REASONS_400[bank]: told.reasons,
        at["wallet"]: told.wallet,
        109: told.code + _day_6(told.occurred_on) + told.document[:10],
        147: _day_6(told.due_on) + f"{told.amount_minor:013}{bank}",
        **fee,
        228: "".join(f"{amount:013}" for amount in amounts) + ("0" * 13 if is_caixa else ""),
        at["credited_on"]: _day_6(told.credited_on),
        395: f"{number:06}",
    }


def _line(columns: int, parts: Mapping[int, str]) -> str:
    """Each part from its column on, all else blank. Parts do not overlap, or it is a mistake."""
    text = ""
    for column, part in sorted(parts.items()):
        if part:
            assert len(text) < column, f"column {column} is taken by {text[column - 1 :]!r}"
            text = text.ljust(column - 1) + part
    assert len(text) <= columns, f"{len(text)} columns"
    return text.ljust(columns) + "\r\n"


def _day_6(day: date | None) -> str:
    return f"{day:%d%m%y}" if day else "0" * 6


def _day_8(day: date | None) -> str:
    return f"{day:%d%m%Y}" if day else "0" * 8
