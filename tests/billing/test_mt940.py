"""MT940: published figures of German, Polish and Dutch banks, refusals, and there and back."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.bank_statements.mt940 import read_mt940
from services.billing.bank_statements.mt940_details import Details, details_of
from services.billing.bank_statements.reading import StatementUnreadable, in_pieces
from services.billing.bank_statements.statement import (
    BankAccount,
    Reference,
    Statement,
    StatementEntry,
)
from tests.billing.bank_files import Mt940Form, entry, mt940_file

IBAN = "NL26VAYB8060476890"


def read(content: bytes | str, *, size: int = 65_536, encoding: str = "cp1252") -> list[Statement]:
    raw = content.encode() if isinstance(content, str) else content
    return list(read_mt940(in_pieces(raw, size=size), encoding=encoding))


def entries_of(content: bytes | str) -> list[StatementEntry]:
    return [each for statement in read(content) for each in statement.entries]


def refused(content: bytes | str) -> dict[str, Any]:
    with pytest.raises(StatementUnreadable) as refusal:
        read(content)
    return refusal.value.facts


def message(*lines: str, account: str = IBAN, currency: str = "EUR") -> str:
    """A message with these lines between its balances, which nobody compares."""
    balance = f"C261101{currency}0,"
    rows = (":20:STARTUMS", f":25:{account}", ":28C:1", f":60F:{balance}", *lines)
    return "\n".join((*rows, f":62F:{balance}", "-", ""))


def euros(minor: int = 2990, **changes: Any) -> StatementEntry:
    return entry(minor, currency="EUR", **changes)


# ------------------------------------------------------------------------------ published files

# github.com/wolph/mt940 (BSD): the line :61: of a file -> value date, booked, minor units with
# their sign, own reference, the bank's.
LINES = {
    "jejik/abnamro": (":61:1105240524D9,N192NONREF", "2011-05-24", "2011-05-24", -900, "", ""),
    "jejik/ing": (":61:100722D25,03NOV NONREF", "2010-07-22", "2010-07-22", -2503, "", ""),
    "jejik/ing, named": (
        ":61:100722D1,11NGT TMG TANGO",
        "2010-07-22",
        "2010-07-22",
        -111,
        "TMG TANGO",
        "",
    ),
    "jejik/rabobank-iban": (
        ":61:130101D000000000025,00N102EREF            ",
        "2013-01-01",
        "2013-01-01",
        -2500,
        "",
        "",
    ),
    "mBank": (
        ":61:1701190119CN0,01NTRFNONREF//MB170119012058",
        "2017-01-19",
        "2017-01-19",
        1,
        "",
        "MB170119012058",
    ),
    "cmxl": (":61:131017D620,3NSTON", "2013-10-17", "2013-10-17", -62030, "N", ""),
    "cmxl, own reference": (
        ":61:0310201020D10000,00FTRFREF 25611247//8327000090031790 ",
        "2003-10-20",
        "2003-10-20",
        -1000000,
        "REF 25611247",
        "8327000090031790",
    ),
    "sepa_mt9401, taken back": (
        ":61:0709040904RCR204,88NRTINONREF",
        "2007-09-04",
        "2007-09-04",
        -20488,
        "",
        "",
    ),
    "february_30": (":61:1602300301DR6,00N024NONREF", "2016-02-29", "2016-03-01", -600, "", ""),
}


@pytest.mark.parametrize("name", LINES)
def test_published_lines_of_entries_are_read(name: str) -> None:
    line, value_on, booked_on, minor, own, bank = LINES[name]
    [found] = entries_of(message(line))
    assert (found.value_on.isoformat(), found.booked_on.isoformat()) == (value_on, booked_on)
    assert (found.amount_minor if found.is_credit else -found.amount_minor) == minor
    assert [ref.value for ref in found.references] == ([own] if own else [])
    assert found.bank_reference == bank
    assert found.is_reversal == ("taken back" in name)


# The same files, :86: -> name, account, words, end-to-end reference.
DETAILS: dict[str, tuple[list[str], Details]] = {
    "cmxl, Polish with German marks": (
        [
            " 020?00Wyplata-(dysp/przel)?2008106000760000777777777777?2115617?",
            "22INFO INFO INFO INFO INFO INFO 1 END?23INFO INFO INFO INFO INFO ",
            "INFO 2 END?24ZAPLATA ZA FABRYKATY DO TUB?25 - 200 S ZTUK, TRANZY ",
            "STORY-?26300 SZT GR544 I OPORNIKI-5?2700 SZT GTX847 FAKTURA 333/ ",
            "2?28003.?3010600076?310000777777777777?32HUTA SZKLA TOPIC UL ",
            "PRZEMY?33SLOWA 67 32-669 WROCLAW?38PL081060007600007777777 ",
            "77777 ",
        ],
        Details(
            name="HUTA SZKLA TOPIC UL PRZEMY SLOWA 67 32-669 WROCLAW",
            account="PL08106000760000777777777777",
            remittance=(
                "08106000760000777777777777 15617 INFO INFO INFO INFO INFO INFO 1 END"
                "INFO INFO INFO INFO INFO INFO 2 ENDZAPLATA ZA FABRYKATY DO TUB"
                " - 200 S ZTUK, TRANZY STORY-300 SZT GR544 I OPORNIKI-5"
                " 00 SZT GTX847 FAKTURA 333/ 2003."
            ),
        ),
    ),
    "cmxl, German": (
        [
            "051?00UEBERWEISUNG?100599?20Gehalt Oktob",
            "er",
            "?21Firma",
            "?3050060400",
            "?31084756",
            "4700?32MUELLER?34339",
        ],
        Details(name="MUELLER", account="50060400/0847564700", remittance="Gehalt Oktober Firma"),
    ),
    "sepa_mt9401, German SEPA": (
        [
            "166?00GUTSCHRIFT?100399?20EREF+TFNR 21005 EndToEndId ?2100001?22S",
            "VWZ+Verwend CTSc-01 eBB TF?23Nr 21005?30DRESDEFF508?31DE065088005",
            "00194780100?32Florian Frech?70Empfaenger Florian Frech UK?71 01",
        ],
        Details(
            name="Florian Frech",
            account="DE06508800500194780100",
            remittance="Verwend CTSc-01 eBB TFNr 21005",
            references=(Reference(kind="end_to_end", value="TFNR 21005 EndToEndId 00001"),),
        ),
    ),
    "sepa_mt9401, returned": (
        [
            "159?00RETOURE?100399?20EREF+TFNR 40005 00005?21MTLG:Grund nicht s",
            "pezifizie?22rt Reject aus SEPA-Ueberwei?23sungsauftrag?34914",
        ],
        Details(
            references=(
                Reference(
                    kind="end_to_end",
                    value="TFNR 40005 00005 MTLG:Grund nicht spezifizie"
                    "rt Reject aus SEPA-Ueberweisungsauftrag",
                ),
            ),
            remittance="RETOURE",
            is_return=True,
        ),
    ),
    "mBank": (
        [
            "911 TRANSAKCJA COLLECT; ID IPH: XX000000000001; Z RACH.: ",
            "56114010810000267002001001; OD: JAN NOWAK  ",
            "UL. NIJAKA 1 M 2 31-234 KRAKOW; TYT.: PRZELEW SRODKOW   ; ",
            "TNR: 179171073864111.010001",
        ],
        Details(
            name="JAN NOWAK UL. NIJAKA 1 M 2 31-234 KRAKOW",
            account="56114010810000267002001001",
            remittance="PRZELEW SRODKOW",
        ),
    ),
    "jejik/rabobank-iban": (
        [
            "/EREF/01-01-2013 12:00 0030000987654321/BENM//NAME/CONTRA ACCOUN",
            "T HOLDER/REMI//ISDT/2013-07-11",
        ],
        Details(
            name="CONTRA ACCOUNT HOLDER",
            references=(Reference(kind="end_to_end", value="01-01-201312:000030000987654321"),),
        ),
    ),
    "jejik/abnamro, plain": (
        [
            "GIRO   428428 KPN - DIGITENNE    BETALINGSKENM.  000000042188659",
            "5314606715                       BETREFT FACTUUR D.D. 20-05-2011",
            "INCL. 1,44 BTW",
        ],
        Details(
            remittance="GIRO 428428 KPN - DIGITENNE BETALINGSKENM. 0000000421886595314606715"
            " BETREFT FACTUUR D.D. 20-05-2011 INCL. 1,44 BTW"
        ),
    ),
}


@pytest.mark.parametrize("name", DETAILS)
def test_published_details_are_read_by_the_structure_that_they_show(name: str) -> None:
    lines, expected = DETAILS[name]
    assert details_of(lines) == expected


def test_the_structures_of_dutch_banks_are_read() -> None:
    """ABN AMRO as documented by it; ING names the other end in one piece."""
    abn = details_of(
        [
            "/TRTP/SEPA OVERBOEKING/IBAN/FR12345678901234/BIC/GEFRADAM",
            "/NAME/QASD JGRED/REMI/Dit zijn de omschrijvingsregels/EREF/NOTPRO",
            "VIDED",
        ]
    )
    assert (abn.name, abn.account) == ("QASD JGRED", "FR12345678901234")
    assert (abn.remittance, abn.references) == ("Dit zijn de omschrijvingsregels", ())
    ing = details_of(
        [
            "/EREF/E2E-7//CNTP/NL32INGB0000012345/INGBNL2A/ING BANK NV/AMSTERDAM",
            "///REMI/USTD//Factuur PON-2026-000417/",
        ]
    )
    assert (ing.name, ing.account) == ("ING BANK NV", "NL32INGB0000012345")
    assert ing.remittance == "Factuur PON-2026-000417"
    paid_by_number = details_of(["/CNTP/NL1//J//REMI/STRD/CUR/9001234567890123/"])
    assert paid_by_number.references == (Reference(kind="creditor", value="9001234567890123"),)


@pytest.mark.parametrize("mark", ["~", "^", "<", "@"])
def test_polish_marks_differ_from_bank_to_bank(mark: str) -> None:
    parts = (
        "00Przelew",
        "20Faktura FV/417",
        "38PL61109010140000071219812874",
        "32Jan Kowalski",
        "60ul. Prosta 7",
    )
    found = details_of(["020" + mark + mark.join(parts)])
    assert (found.name, found.remittance) == ("Jan Kowalski", "Faktura FV/417")
    assert found.account == "PL61109010140000071219812874"


def test_a_bank_writes_the_account_below_the_entry_itself() -> None:
    """jejik/rabobank-iban."""
    [found] = entries_of(message(":61:130101D25,00N102EREF", "NL70ABNA0987654321", ":86:/REMI/x"))
    assert found.payer_account == "NL70ABNA0987654321"


# ------------------------------------------------------------------------------ messages


def test_what_stands_around_messages_is_no_matter() -> None:
    """Three lines before ABN AMRO's messages, `:940:` of Rabobank, `-XXX` of ING, SWIFT blocks."""
    body = message(":61:2611201120C1,NTRFNONREF")
    ing = body.replace("\n-\n", "\n-XXX\n")
    for content in (
        "ABNANL2A\n940\nABNANL2A\n" + body + "ABNANL2A\n940\nABNANL2A\n" + body,
        ":940:\n" + body + body.replace("\n-\n", "\n") + body,
        "0000 01INGBNL2AXXXX00001\n940 00\n" + ing + ing,
        "{1:F01A}{2:I940B}{4:\n" + body.replace("\n-\n", "\n-}\n{5:}\n") + body,
    ):
        assert len(entries_of(content)) in {2, 3}


def test_a_balance_leads_to_the_other_by_the_entries() -> None:
    """mBank: 0.40 and three times 0.01 is 0.43."""
    rows = [
        line
        for n in (58, 85, 121)
        for line in (f":61:1701190119CN0,01NTRFNONREF//MB1701190120{n}", ":86:911 X")
    ]
    content = message(*rows, currency="PLN", account="PL29114010810000267002001002")
    content = content.replace(":60F:C261101PLN0,", ":60F:C170119PLN0,40")
    [statement] = read(content.replace(":62F:C261101PLN0,", ":62F:C170119PLN0,43"))
    assert statement.is_balanced is True
    [other] = read(content.replace(":62F:C261101PLN0,", ":62F:C170119PLN0,44"))
    assert other.is_balanced is False


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("NL08DEUT0319809633EUR", BankAccount(number="NL08DEUT0319809633")),
        ("/PL25106000760000888888888888", BankAccount(number="PL25106000760000888888888888")),
        ("45050050/76198810", BankAccount(number="76198810", bank_code="45050050")),
        ("BPHKPLPK/320000546101 ", BankAccount(number="320000546101", bank_code="BPHKPLPK")),
        ("517852257", BankAccount(number="517852257")),
    ],
)
def test_an_account_is_told_from_its_bank_and_its_currency(
    written: str, account: BankAccount
) -> None:
    [statement] = read(message(account=written))
    assert statement.account == account


def test_money_that_is_only_expected_is_not_booked() -> None:
    [statement] = read(message(":61:261120EC1,NTRFNONREF"))
    assert statement.entries == ()
    assert [each.reason for each in statement.passed_over] == ["not_booked"]


def test_the_booking_day_is_the_nearest_to_the_value_date() -> None:
    for line, booked_on in (
        (":61:2601020102C1,NTRFNONREF", date(2026, 1, 2)),
        (":61:2601021230C1,NTRFNONREF", date(2025, 12, 30)),
        (":61:2512310102C1,NTRFNONREF", date(2026, 1, 2)),
    ):
        assert entries_of(message(line))[0].booked_on == booked_on


def test_a_line_that_begins_with_a_stroke_goes_on_with_the_words() -> None:
    [found] = entries_of(message(":61:261120C1,NTRFNONREF", ":86:Huur", "-deel 2", ":x"))
    assert found.remittance == "Huur -deel 2 :x"


def test_pages_of_one_statement_count_equal_entries_on() -> None:
    pages = [mt940_file([euros()], form=Mt940Form(number=f"5/{page}")) for page in (1, 2)]
    both = entries_of(pages[0] + pages[1])
    assert len({each.identity for each in both}) == 2
    assert len({each.identity for each in entries_of(pages[0] + pages[0])}) == 1


def test_another_encoding_is_what_the_caller_says() -> None:
    form = Mt940Form(encoding="cp852", details="polish")
    content = mt940_file([euros(payer_name="Łódź żółć")], form=form)
    [statement] = read(content, encoding="cp852")
    assert statement.entries[0].payer_name == "Łódź żółć"


# ------------------------------------------------------------------------------ refusals

BOOKED = ":61:2611201120C1,NTRFNONREF"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ":20: of an MT940 message"),
        ("hello\n" * 30, ":20: of an MT940 message"),
        (":61:2611201120C1,NTRFNONREF", ":20:"),
        (message(BOOKED).replace(":25:", ":26:"), ":25: before :60F:"),
        (message(BOOKED).replace(":60F:", ":64:"), ":25: and :60F: before :61:"),
        (message(BOOKED).partition(":62F:")[0], ":25:, :60F: and :62F: of the message"),
        (message().replace("\n-", f"\n{BOOKED}\n-"), "no :61: after :62F:"),
        (message().replace("C261101", "X261101"), "C or D, YYMMDD, currency, amount in :60F:"),
        (message(":61:C1,"), "YYMMDD, C or D, amount and kind in :61:"),
        (message(":61:261320C1,NTRF"), "YYMMDD, C or D, amount and kind in :61:"),
        (message(":61:2611201340C1,NTRF"), "MMDD of the booking in :61:"),
        (message(":61:261120C1,234NTRF"), "an amount of 2 decimals (EUR)"),
        (message(account=""), "an account in :25:"),
    ],
)
def test_a_wrong_message_is_refused_with_what_was_expected(content: str, expected: str) -> None:
    assert refused(content)["expected"] == expected


def test_the_line_of_a_refusal_is_the_line_of_the_file() -> None:
    facts = refused(message(BOOKED, ":86:one", "two", ":61:261120C1,234NTRF"))
    assert facts["line"] == 8


def test_a_message_that_breaks_off_gives_no_statement() -> None:
    content = message(BOOKED, ":86:words")
    for end in range(content.index(":62F:") + 5):
        refused(content[:end])


def test_no_more_is_kept_of_an_endless_field_than_a_limit() -> None:
    def endless(piece: bytes) -> Any:
        yield message(BOOKED).partition(":62F:")[0].encode() + b":86:"
        while True:
            yield piece

    for piece in (b"x" * 65_536, b"x\n" * 32_768):
        with pytest.raises(StatementUnreadable):
            list(read_mt940(endless(piece)))


# ------------------------------------------------------------------------------ there and back

WORDS = st.text("abz 019AZ&.,()'+áéłż", max_size=120).map(lambda text: " ".join(text.split()))
ENTRIES = st.lists(
    st.builds(
        euros,
        st.integers(min_value=1, max_value=10**11),
        is_credit=st.booleans(),
        is_reversal=st.booleans(),
        payer_name=WORDS.map(lambda text: text[:25].strip()),
        payer_account=st.sampled_from(["DE89370400440532013000"]),
        remittance=WORDS.map(lambda text: f"x{text}"),
        references=st.sampled_from([(), (Reference(kind="end_to_end", value="E2E.7"),)]),
        bank_reference=st.sampled_from(["", "4711"]),
    ),
    max_size=4,
)
FORMS = st.builds(
    Mt940Form,
    details=st.sampled_from(["german", "polish", "dutch", "plain"]),
    has_envelope=st.booleans(),
    ends=st.sampled_from(["\n", "\r\n"]),
    has_booking_day=st.booleans(),
)


def told(each: StatementEntry, *, is_plain: bool) -> tuple[Any, ...]:
    said = (each.amount_minor, each.is_credit, each.is_reversal, each.booked_on)
    named = () if is_plain else (each.payer_name, each.payer_account, each.references)
    return (*said, each.bank_reference, each.remittance, *named)


@any_of(entries=ENTRIES, form=FORMS, size=st.sampled_from([1, 50, 65_536]))
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_back_whatever_the_bank_and_the_pieces(
    entries: list[StatementEntry], form: Mt940Form, size: int
) -> None:
    [statement] = read(mt940_file(entries, form=form), size=size)
    is_plain = form.details == "plain"
    assert [told(each, is_plain=is_plain) for each in statement.entries] == [
        told(each, is_plain=is_plain) for each in entries
    ]
    assert statement.is_balanced
    assert len({each.identity for each in statement.entries}) == len(entries)
