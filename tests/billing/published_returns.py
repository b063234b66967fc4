"""Lines of return files that others published, as parts and the columns where these begin.

Sources: spec/arquivos of github.com/kivanio/brcobranca (MIT), what they say in spec/brcobranca/
retorno of the same. Names, tax numbers and what no column of ours holds are left out.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Published:
    """An occurrence: bank, columns, lines of parts, and what it says."""

    bank: str
    columns: int
    lines: tuple[dict[int, str], ...]
    says: dict[str, object]
    read_as: str = ""


def written(parts: dict[int, str], columns: int) -> str:
    """The line that has these parts."""
    text = ""
    for column, part in sorted(parts.items()):
        text = text.ljust(column - 1) + part
    return text.ljust(columns)


NONE_36 = "0" * 36
FEE_AND_RECEIVED = "0000000000210" + "0" * 65 + "0000000003790" + "0" * 26

PUBLISHED = {
    "CNAB240.RET": Published(
        "001",
        240,
        (
            {
                1: "0010001300001T 170123450000000054321 14499570000020673",
                58: "7",
                74: "00000000000000000034400001020850",
                199: "00000000000010303",
            },
            {
                1: "0010001300002U 17000000000000009000000000000001000000000000002000000000000003",
                78: "000000000034400000000000034297000000000000004000000000000005",
                138: "2912201102012012",
            },
        ),
        {
            "branch": "012345",
            "account": "0000000054321",
            "own_number": "14499570000020673",  # there its last eight digits
            "wallet": "7",
            "due_on": None,
            "amount_minor": 34400,
            "receiving_bank": "001",
            "receiving_branch": "020850",
            "credited_on": date(2012, 1, 2),
            "other_expenses_minor": 4,
            "tax_minor": 3,
            "rebate_minor": 2,
            "discount_minor": 1,
            "received_minor": 34400,
            "paid_minor": 34400,
            "credited_minor": 34297,
            "interest_minor": 9,
            "other_credits_minor": 5,
            "fee_minor": 103,
            "reasons": ("03",),
            "kind": "paid",
        },
    ),
    "CNAB240SANTANDER.RET": Published(
        "033",
        240,
        (
            {
                1: "0339692300001T 02316380130028625",
                41: "000000000140620000001406",
                70: "0104201600000000000100003331638",
                194: "0000000000003920000000000",
            },
            {
                1: "0339692300002U 02",
                18: "0" * 60 + "000000000001000000000000001000" + "0" * 30 + "0104201601042016",
            },
        ),
        {
            "branch": "31638",
            "account": "0130028625",
            "own_number": "0000000001406",
            "wallet": "2",
            "document": "0000001406",
            "due_on": date(2016, 4, 1),
            "amount_minor": 1000,
            "receiving_bank": "033",
            "receiving_branch": "31638",
            "credited_on": date(2016, 4, 1),
            "received_minor": 1000,
            "paid_minor": 0,  # code 02: it was registered, not paid
            "fee_minor": 392,
            "reasons": (),
            "kind": "registered",
        },
    ),
    "CNAB240SICOOB.RET": Published(
        "756",
        240,
        (
            {
                1: "7560001300001T 0603039000000004898160000000008301011",
                58: "1000000000000001130820150000000000002007560303900000000000000000000",
                199: "0000000000001700000000003",
            },
            {
                1: "7560001300002U 06",
                18: "0" * 60 + "000000000000200000000000000200" + "0" * 30 + "1008201510082015",
            },
        ),
        {
            "branch": "030390",
            "account": "0000000489816",
            "own_number": "0000000083",
            "wallet": "1",
            "due_on": date(2015, 8, 13),
            "amount_minor": 200,
            "receiving_bank": "756",
            "receiving_branch": "030390",
            "code": "06",
            "occurred_on": date(2015, 8, 10),
            "credited_on": date(2015, 8, 10),
            "received_minor": 200,
            "paid_minor": 200,
            "fee_minor": 170,
            "reasons": ("03",),
        },
    ),
    "CNAB240SICREDI.CRT": Published(
        "748",
        240,
        (
            {
                1: "7480001300001T 0200390 0000000041468 172000595",
                58: "10000000000",
                74: "13042017000000000000995000",
                106: "8457",
                199: "000000000000000A4",
            },
            {1: "7480001300002U 02", 18: "0" * 120 + "06042017"},
        ),
        {
            "branch": "00390",
            "account": "0000000041468",
            "own_number": "172000595",
            "wallet": "1",
            "due_on": date(2017, 4, 13),
            "amount_minor": 995,
            "receiving_bank": "000",
            "code": "02",
            "occurred_on": date(2017, 4, 6),
            "credited_on": None,
            "received_minor": 0,
            "fee_minor": 0,
            "reasons": ("A4",),
            "company_use": "8457",
        },
    ),
    "CNAB240ITAU.RET": Published(
        "341",
        240,
        (
            {
                1: "3410001300001T 0601234000000001234506175123456784",
                58: "0DOC000123",
                74: "15072026000000000012345000000000",
                199: "0000000000005000000000001",
            },
            {
                1: "3410001300002U 06",
                18: "0" * 60 + "000000000012345000000000012345" + "0" * 30 + "2907202629072026",
            },
        ),
        {
            "branch": "1234",
            "account": "1234506",
            "own_number": "12345678",
            "wallet": "175",
            "document": "DOC000123",
            "due_on": date(2026, 7, 15),
            "amount_minor": 12345,
            "paid_minor": 12345,
            "fee_minor": 500,
            "occurred_on": date(2026, 7, 29),
            "credited_on": date(2026, 7, 29),
            "kind": "paid",
        },
    ),
    "CNAB400BANCOBRASILIA.RET": Published(
        "070",
        400,
        (
            {
                1: "1",
                21: "00000000279998886",
                71: "1078519070150279998886",
                108: "00526072012",
                149: "260720120000000026492070090230000000000000000" + NONE_36 + "0" * 28,
                258: "000000002649200000000029440000000000000",
                299: " 26072012",
                395: "000002",
            },
        ),
        {
            "account": "00000000279998886",
            "own_number": "107851907015",
            "received_minor": 26492,
            "credited_on": date(2012, 7, 26),
            "code": "05",
            "occurred_on": date(2012, 7, 26),
            "due_on": date(2012, 7, 26),
            "amount_minor": 26492,
            "receiving_bank": "070",
            "fee_minor": 0,
            "tax_minor": 0,
            "rebate_minor": 0,
            "discount_minor": 0,
            "other_credits_minor": 0,
            "reasons": (),
            "kind": "other",  # what its codes mean we do not know
        },
    ),
    "CNAB400BRADESCO.RET": Published(
        "237",
        400,
        (
            {
                1: "1",
                18: "0000009014670019669P",
                63: "0000000000000000030300000000000000000000000009021505150030",
                147: "250515000000014500023704157",
                176: "0000000000160" + "0" * 65 + "0000000145000" + "0" * 26,
                296: "150515",
                319: "0000000000",
                395: "000002",
            },
        ),
        {
            "branch": "01467",
            "account": "0019669P",
            "own_number": "000000000303",
            "wallet": "009",
            "due_on": date(2015, 5, 25),
            "amount_minor": 145000,
            "receiving_bank": "237",
            "receiving_branch": "04157",
            "fee_minor": 160,
            "received_minor": 145000,
            "paid_minor": 0,  # code 02 again: nothing was paid, whatever stands there
            "code": "02",
            "occurred_on": date(2015, 5, 15),
            "credited_on": date(2015, 5, 15),
            "reasons": (),
        },
    ),
    "CNAB400SANTANDER.RET": Published(
        "033",
        400,
        (
            {
                1: "1",
                18: "073000035110",
                63: "00000011",
                83: "109000000114",
                108: "I06200513",
                147: "000000000000000400003318739",
                176: FEE_AND_RECEIVED,
                296: "210513",
                395: "000002",
            },
        ),
        {
            "branch": "0730",
            "account": "00035110",
            "own_number": "00000011",
            "wallet": "I",
            "due_on": None,
            "amount_minor": 4000,
            "receiving_bank": "033",
            "receiving_branch": "18739",
            "fee_minor": 210,
            "received_minor": 3790,
            "paid_minor": 4000,  # the bank took its fee first
            "credited_on": date(2013, 5, 21),
            "reasons": (),
        },
    ),
    "CNAB400.RET": Published(
        "341",
        400,
        (
            {
                1: "1",
                18: "073000035110",
                63: "00000011",
                83: "109000000114",
                108: "I06200513",
                147: "000000000000000400010418739",
                176: FEE_AND_RECEIVED,
                296: "210513",
                393: "B5000002",
            },
        ),
        {
            "branch": "0730",
            "account": "035110",
            "own_number": "00000011",
            "wallet": "109",
            "amount_minor": 4000,
            "receiving_bank": "104",
            "fee_minor": 210,
            "received_minor": 3790,
            "paid_minor": 4000,
            "kind": "paid",
        },
    ),
    "CNAB400UNICRED.RET": Published(
        "001",  # it clears through Banco do Brasil, whose number the header bears
        400,
        (
            {
                1: "1",
                18: "420500600015",
                108: "806150515",
                147: "130515000000004440009042050",
                176: "1805150000160",
                228: "0000000000000000000000000000000000444000000000000000",
                395: "000002",
            },
        ),
        {
            "branch": "4205",
            "account": "00600015",
            "due_on": date(2015, 5, 13),
            "amount_minor": 44400,
            "receiving_bank": "090",
            "receiving_branch": "42050",
            "received_minor": 44400,
            "credited_on": date(2015, 5, 18),
            "fee_minor": 160,
            "code": "06",
        },
        "136",
    ),
    "CBR64310.RET": Published(
        "001",
        400,
        (
            {
                1: "7",
                18: "332510002893531622420",
                64: "1622420000000000310000001",
                92: "01900000000000 1806200109",
                147: "000000000000000906400114923002201090000500" + "0" * 65,
                254: "0000000009064" + "0" * 39 + "0000000008564200000000000000",
                395: "000002",
            },
        ),
        {
            "branch": "33251",
            "account": "000289353",
            "own_number": "16224200000000003",
            "wallet": "18",
            "code": "06",
            "occurred_on": date(2009, 1, 20),
            "credited_on": date(2009, 1, 22),
            "due_on": None,
            "amount_minor": 9064,
            "receiving_bank": "001",
            "receiving_branch": "14923",
            "fee_minor": 500,
            "received_minor": 9064,
            "credited_minor": 8564,
            "paid_minor": 9064,
        },
    ),
}
"""File -> its first occurrence."""
