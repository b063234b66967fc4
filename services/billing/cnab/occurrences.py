"""What a bank says of a boleto in a return file. Amounts: centavos.

Source of the codes: FEBRABAN, Layout Padrão CNAB 240, note C044; for 400 columns the lists of
"código de ocorrência" in the manuals that `layouts` names.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class OccurrenceKind(StrEnum):
    """What an occurrence means for us. `other`: we do not know, so nothing follows from it."""

    REGISTERED = "registered"
    REJECTED = "rejected"
    INSTRUCTION_REJECTED = "instruction_rejected"
    PAID = "paid"
    PAID_IN_PART = "paid_in_part"
    PAYMENT_PENDING = "payment_pending"
    PAYMENT_REVERSED = "payment_reversed"
    WRITTEN_OFF = "written_off"
    CHANGED = "changed"
    PROTEST = "protest"
    FEE = "fee"
    OTHER = "other"


PAYMENTS = frozenset({OccurrenceKind.PAID, OccurrenceKind.PAID_IN_PART})


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One event of one boleto.

    `identity` is the same whenever the same line of the same file is read. `fact` is the same
    whenever the same event of the same boleto is told, in whichever file. `paid_minor` is what the
    payer paid, `received_minor` and `credited_minor` are as the file has them (0: it says nothing).
    Where a bank adds the fine to the interest, as all do but Caixa in 400 columns, `fine_minor` is
    0. `code` and `reasons` are the bank's own.
    """

    line: int
    identity: str
    fact: str
    bank: str
    kind: OccurrenceKind
    code: str
    reasons: tuple[str, ...]
    own_number: str
    wallet: str
    document: str
    company_use: str
    branch: str
    account: str
    receiving_bank: str
    receiving_branch: str
    due_on: date | None
    occurred_on: date | None
    credited_on: date | None
    amount_minor: int
    paid_minor: int
    received_minor: int
    credited_minor: int
    fee_minor: int
    interest_minor: int
    fine_minor: int
    discount_minor: int
    rebate_minor: int
    tax_minor: int
    other_expenses_minor: int
    other_credits_minor: int


def _table(**codes: str) -> dict[str, OccurrenceKind]:
    return {code: OccurrenceKind(kind) for kind, listed in codes.items() for code in listed.split()}


KINDS_240 = _table(
    registered="02",
    rejected="03",
    instruction_rejected="26 30",
    paid="06 17",
    written_off="09 25",
    changed="12 13 14 27",
    protest="19 20 23 24",
    fee="28",
)
"""FEBRABAN's. The codes on which the banks differ are not here: staff has to look at them."""

KINDS_400: dict[str, dict[str, OccurrenceKind]] = {
    "001": _table(
        registered="02",
        rejected="03",
        paid="05 06 08 15",
        paid_in_part="07",
        payment_reversed="44",
        payment_pending="46",
        written_off="09 10",
        changed="12 13 14 16 21 22 72",
        protest="19 23 24 25",
        fee="28 96 97 98",
    ),
    "033": _table(
        registered="02",
        rejected="03",
        instruction_rejected="29 30 32",
        paid="06 08 17",
        paid_in_part="07",
        written_off="09 10",
        changed="12 13 14 18 27",
        protest="15 19 20 21 22",
        fee="24",
    ),
    "104": _table(
        registered="01",
        rejected="99",
        paid="21 22",
        written_off="02 23 24 25",
        changed="03 04 05 06 07 08 09 10 11 12 13 14 15",
        protest="26 27 28 29 30 31",
    ),
    "237": _table(
        registered="02",
        rejected="03 24",
        instruction_rejected="27 30 32",
        paid="06 15 17",
        payment_pending="16",
        payment_reversed="22 40",
        written_off="09 10",
        changed="12 13 14 21 33",
        protest="19 20 23 25 34",
        fee="28",
    ),
    "341": _table(
        registered="02",
        rejected="03 60",
        instruction_rejected="15 16 17 24",
        paid="06 08",
        paid_in_part="07",
        payment_reversed="69",
        written_off="05 09 10 32 47 59",
        changed="04 12 13 14",
        protest="19 20 21 23",
        fee="26 27 28 29 30 33 34 35 36 37 38 39 40 41 42 43 44",
    ),
}
"""By bank. What a code of another bank means we do not know, so staff has to look at it."""


def kind_of(code: str, *, bank: str, columns: int) -> OccurrenceKind:
    """What the bank's code means in its files of 240 or 400 columns.

    >>> str(kind_of("06", bank="237", columns=400)), str(kind_of("21", bank="104", columns=400))
    ('paid', 'paid')
    """
    table = KINDS_400.get(bank, {}) if columns == 400 else KINDS_240
    return table.get(code, OccurrenceKind.OTHER)
