"""OFX: published figures in the layouts of their banks, quirks, refusals, and there and back."""

import tracemalloc
from datetime import date
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.bank_statements.ofx import read_ofx
from services.billing.bank_statements.reading import (
    FILE_BYTES,
    StatementTooLarge,
    StatementUnreadable,
    in_pieces,
)
from services.billing.bank_statements.statement import BankAccount, Statement, StatementEntry
from tests.billing.bank_files import (
    ACCOUNT,
    HEADER,
    XML_HEADER,
    OfxForm,
    entry,
    ofx_file,
    ofx_of,
    ofx_statement,
)

XML = OfxForm(layout="xml", header=XML_HEADER, encoding="utf-8")


def read(content: bytes | str, *, size: int = 65_536) -> list[Statement]:
    raw = content.encode("cp1252") if isinstance(content, str) else content
    return list(read_ofx(in_pieces(raw, size=size)))


def entries_of(content: bytes | str) -> list[StatementEntry]:
    return [each for statement in read(content) for each in statement.entries]


def refused(content: bytes | str) -> dict[str, Any]:
    with pytest.raises(StatementUnreadable) as refusal:
        read(content)
    return refusal.value.facts


def transaction(**fields: str) -> str:
    """A file of one transaction with these fields, which stand on a line each."""
    tags = {"DTPOSTED": "20261120", "TRNAMT": "29.90", "FITID": "1", **fields}
    rows = "\n".join(f"<{name}>{text}" for name, text in tags.items())
    whole = ofx_file([]).decode("cp1252")
    return whole.replace("<BANKTRANLIST>", f"<BANKTRANLIST>\n<STMTTRN>\n{rows}\n</STMTTRN>")


# ------------------------------------------------------------------------------ published files

# github.com/jseutter/ofxparse, tests/fixtures (MIT), commit 25aa800; the last row is
# github.com/csingley/ofxtools, tests/data/br_nubank_cc.ofx, commit 1fd2fb1 (figures only).
PUBLISHED: dict[str, dict[str, Any]] = {
    "bank_medium": {
        "form": OfxForm(layout="one_line", zone="122017.000[-5:EST]"),
        "currency": "CAD",
        "bank": "160000100",
        "balance": ("382.34", 38234),
        "entries": [
            (date(2009, 4, 1), "-6.60", "0000123456782009040100001"),
            (date(2009, 4, 2), "-316.67", "0000123456782009040200004"),
            (date(2009, 4, 3), "-22.00", "0000123456782009040300005"),
        ],
        "minor": [-660, -31667, -2200],
    },
    "checking": {
        "form": OfxForm(layout="lines", zone="120000.000"),
        "currency": "USD",
        "bank": "5472369148",
        "balance": ("100.99", 10099),
        "entries": [
            (date(2011, 3, 31), "0.01", "0000486"),
            (date(2011, 4, 5), "-34.51", "0000487"),
            (date(2011, 4, 7), "-25.00", "0000488"),
        ],
        "minor": [1, -3451, -2500],
    },
    "anzcc": {
        "form": OfxForm(layout="lines", header=XML_HEADER, zone="000000", card=True),
        "currency": "AUD",
        "bank": "",
        "balance": ("-123.45", -12345),
        "entries": [(date(2017, 5, 8), "-5.50", "201705080001")],
        "minor": [-550],
    },
    "br_nubank_cc": {
        "form": OfxForm(layout="one_line", zone="000000[-3:GMT]", card=True),
        "currency": "BRL",
        "bank": "",
        "balance": ("0", 0),
        "entries": [
            (date(2024, 3, 23), amount, "")
            for amount in ("-13.00", "-162.90", "-33.46", "-9.02", "-103.53", "-959.00")
        ],
        "minor": [-1300, -16290, -3346, -902, -10353, -95900],
    },
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_figures_are_read_in_the_layout_of_their_bank(name: str) -> None:
    case = PUBLISHED[name]
    account = BankAccount(number="9100", bank_code=case["bank"])
    written = [
        entry(
            abs(int(amount.replace(".", "").replace("-", ""))),
            booked_on=day,
            value_on=day,
            is_credit=not amount.startswith("-"),
            currency=case["currency"],
            bank_reference=bank_id,
        )
        for day, amount, bank_id in case["entries"]
    ]
    content = ofx_file(
        written,
        account=account,
        currency=case["currency"],
        balance=case["balance"][0],
        form=case["form"],
    )
    [statement] = read(content)
    assert statement.account == account
    assert statement.closing is not None
    assert statement.closing.minor == case["balance"][1]
    minors = [
        each.amount_minor if each.is_credit else -each.amount_minor for each in statement.entries
    ]
    assert minors == case["minor"]
    assert [each.booked_on for each in statement.entries] == [row[0] for row in case["entries"]]
    assert [each.bank_reference for each in statement.entries] == [
        row[2] for row in case["entries"]
    ]
    assert {each.currency for each in statement.entries} == {case["currency"]}


def test_several_accounts_without_a_transaction_are_several_statements() -> None:
    """multiple_accounts.ofx of ofxparse: accounts 9100 and 9200 of bank 123 hold 111 and 222."""
    bodies = [
        ofx_statement(
            [],
            account=BankAccount(number=number, bank_code="123"),
            currency="USD",
            balance=balance,
            form=XML,
        )
        for number, balance in (("9100", "111"), ("9200", "222"))
    ]
    found = read(ofx_of(bodies, form=XML))
    assert [each.account.number for each in found] == ["9100", "9200"]
    assert [each.closing.minor for each in found if each.closing] == [11100, 22200]


def test_an_answer_of_the_bank_that_is_an_error_is_refused_with_its_words() -> None:
    """error_message.ofx of ofxparse: code 2000, General Server Error, and no statement."""
    status = "<STMTTRNRS><STATUS><CODE>2000<SEVERITY>ERROR<MESSAGE>General Server Error</STATUS>"
    facts = refused(ofx_of([status + "</STMTTRNRS>"]))
    assert facts["found"] == "2000 General Server Error"


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        ("-250,75", -25075),
        ("5000,00", 500000),
        ("1.234,56", 123456),
        ("+1,234.56", 123456),
        ("12", 1200),
        ("8.850", 885),
    ],
)
def test_decimals_stand_behind_a_comma_or_a_point(amount: str, minor: int) -> None:
    """The decimal comma of Brazilian banks, and thousands in groups."""
    [found] = entries_of(transaction(TRNAMT=amount))
    assert (found.amount_minor if found.is_credit else -found.amount_minor) == minor


@pytest.mark.parametrize(
    "day", ["20260131120000[-3:BRT]", "20260131[-03:EST]", "2026013100000[-03:EST]", "20260131"]
)
def test_the_day_is_the_banks_own_whatever_zone_or_slip_follows_it(day: str) -> None:
    [found] = entries_of(transaction(DTPOSTED=day))
    assert found.booked_on == date(2026, 1, 31)


def test_days_of_the_list_that_cannot_be_read_do_not_hold_up_the_file() -> None:
    content = transaction().replace("<BANKTRANLIST>", "<BANKTRANLIST><DTSTART>20140201<DTEND>2014")
    [statement] = read(content)
    assert (statement.from_on, statement.to_on) == (date(2014, 2, 1), None)


def test_western_bytes_under_a_header_that_says_ascii_are_read() -> None:
    [found] = entries_of(ofx_file([entry(payer_name="JOÃO", remittance="Cobrança ção")]))
    assert (found.payer_name, found.remittance) == ("JOÃO", "Cobrança ção")


@pytest.mark.parametrize(
    "charset",
    ["UTF-7", "unicode_escape", "raw-unicode-escape", "idna", "punycode", "hz", "base64", "rot13"],
)
def test_a_file_that_claims_escapes_of_its_own_is_read_as_western(charset: str) -> None:
    """Half a character that such a one spells could be kept by no database."""
    whole = transaction(MEMO="caf\u00e9 \\ud800 +2AA- ~{!!~}")
    content = whole.replace("CHARSET:1252", f"CHARSET:{charset}")
    assert content != whole
    (made,) = entries_of(content)
    assert made.remittance == "caf\u00e9 \\ud800 +2AA- ~{!!~}"


def test_a_zero_byte_in_a_text_is_replaced_as_no_database_keeps_it() -> None:
    (made,) = entries_of(transaction(MEMO="PIX\0ANA"))
    assert made.remittance == "PIX\ufffdANA"


def test_an_amount_beyond_all_money_is_refused() -> None:
    """Four decimals and fifteen figures before them leave the 64 bits of the database."""
    whole = transaction(TRNAMT="999999999999999.9999").replace("BRL", "CLF")
    assert refused(whole)["expected"] == "an amount that there is"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_in_what_it_is_written_in_not_in_what_it_says(encoding: str) -> None:
    form = OfxForm(encoding=encoding)
    [found] = entries_of(ofx_file([entry(payer_name="José Peça")], form=form))
    assert found.payer_name == "José Peça"


def test_another_code_page_is_the_one_that_the_header_names() -> None:
    form = OfxForm(header=HEADER.replace("1252", "1250"), encoding="cp1250")
    [found] = entries_of(ofx_file([entry(payer_name="Łódź żółć")], form=form))
    assert found.payer_name == "Łódź żółć"


def test_the_same_bank_id_twice_is_one_entry() -> None:
    twice = [entry(bank_reference="F1", remittance=text) for text in ("a", "b")]
    [statement] = read(ofx_file(twice))
    assert [each.remittance for each in statement.entries] == ["a"]
    assert [each.reason for each in statement.passed_over] == ["repeated"]


def test_the_same_bank_id_for_another_amount_is_another_entry() -> None:
    both = [entry(minor, bank_reference="F1") for minor in (2990, 3990)]
    assert [each.amount_minor for each in entries_of(ofx_file(both))] == [2990, 3990]


@pytest.mark.parametrize("reference", ["", "0", "000000"])
def test_without_a_bank_id_two_equal_entries_stay_two(reference: str) -> None:
    found = entries_of(ofx_file([entry(bank_reference=reference)] * 2))
    assert len({each.identity for each in found}) == 2


def test_the_line_of_an_opening_balance_is_no_payment() -> None:
    [statement] = read(transaction(TRNTYPE="OTHER", TRNAMT="0.00", MEMO="SALDO ANTERIOR"))
    assert statement.entries == ()
    assert [each.reason for each in statement.passed_over] == ["balance_line"]
    [statement] = read(transaction(TRNAMT="0.00", MEMO="CANCELED"))
    assert [each.reason for each in statement.passed_over] == ["no_amount"]


def test_a_bank_number_of_four_figures_loses_its_zero() -> None:
    account = BankAccount(number="1", bank_code="0341")
    [statement] = read(ofx_file([], account=account))
    assert statement.account.bank_code == "341"


def test_tags_that_hold_nothing_hide_no_tag_after_them() -> None:
    """As in ofx-v102-empty-tags.ofx of ofxparse: empty CURDEF, NAME and FITID; AUD inside."""
    content = transaction(FITID="", CHECKNUM="", NAME="", MEMO="CBA:Transfer").replace(
        "<CURDEF>BRL", "<CURDEF>"
    )
    own = "<CURRENCY><CURRATE>1.0000<CURSYM>AUD</CURRENCY></STMTTRN>"
    [found] = entries_of(content.replace("</STMTTRN>", own))
    assert (found.currency, found.amount_minor, found.remittance) == ("AUD", 2990, "CBA:Transfer")


def test_characters_that_are_no_tags_belong_to_the_text() -> None:
    memo = "AT&T &amp; A < B <![CDATA[<b>&amp;]]> R&notes"
    [found] = entries_of(transaction(MEMO=memo))
    assert found.remittance == "AT&T & A < B <b>&amp; R&notes"


def test_blank_lines_before_and_no_header_at_all_are_no_matter() -> None:
    body = transaction()[len(HEADER) :]
    assert len(entries_of("\n\n\n" + HEADER + body)) == len(entries_of(body)) == 1


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("fields", "expected", "at"),
    [
        ({"TRNAMT": "$120"}, "an amount", "TRNAMT"),
        ({"TRNAMT": "1.234"}, "an amount of 2 decimals (BRL)", "TRNAMT"),
        ({"TRNAMT": ""}, "<TRNAMT> in <STMTTRN>", "STMTTRN"),
        ({"DTPOSTED": ""}, "<DTPOSTED> in <STMTTRN>", "STMTTRN"),
        ({"DTPOSTED": "20120231"}, "a day as YYYYMMDD in <DTPOSTED>", "DTPOSTED"),
        ({"DTPOSTED": "201120000000"}, "a day as YYYYMMDD in <DTPOSTED>", "DTPOSTED"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused_with_its_line(
    fields: dict[str, str], expected: str, at: str
) -> None:
    """$120 and the days as in fail_nice of ofxparse."""
    content = transaction(**fields)
    facts = refused(content)
    line = content[: content.index(f"<{at}>")].count("\n") + 1
    assert (facts["expected"], facts["line"]) == (expected, line)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "a statement of a bank account or a card"),
        ("hello", "a statement of a bank account or a card"),
        ("<html><body>Sign in</body></html>", "<OFX>"),
        (HEADER + "<OFX></OFX>", "a statement of a bank account or a card"),
        ("<!DOCTYPE OFX [<!ENTITY a 'b'>]><OFX></OFX>", "no document type"),
        ("<OFX><!DOCTYPE a></OFX>", "no document type"),
        (ofx_file([entry()])[:-20], "</OFX>"),
        (ofx_file([entry()]).partition(b"</STMTRS>")[0], "</STMTRS>"),
        (ofx_file([]) + b"<STMTTRN>", "the end of the file"),
        (
            "<OFX><INVSTMTRS><STMTTRN></STMTTRN></INVSTMTRS></OFX>",
            "transactions of a bank account or a card alone",
        ),
        (transaction().replace("</STMTTRN>", "<STMTTRN></STMTTRN>"), "</STMTTRN>"),
        (ofx_file([entry()]).replace(b"<ACCTID>12345678", b""), "<ACCTID> in <BANKACCTFROM>"),
        (ofx_file([entry()]).replace(b"<CURDEF>BRL", b"<CURDEF>R$"), "a currency of three letters"),
        (b"\xff\xfe<\x00O", "text in UTF-16, as its first bytes say"),
    ],
)
def test_a_wrong_file_is_refused_with_what_was_expected(
    content: bytes | str, expected: str
) -> None:
    assert refused(content)["expected"] == expected


def test_a_file_that_breaks_off_anywhere_gives_no_statement() -> None:
    content = ofx_file([entry(bank_reference=str(n)) for n in range(3)])
    last = content.rindex(b"</OFX>") + len(b"</OFX>")
    for end in range(last):
        refused(content[:end])


def test_no_more_is_kept_of_an_endless_text_than_a_limit() -> None:
    def endless(start: bytes) -> Any:
        yield start
        while True:
            yield b"x" * 65_536

    for start in (b"<OFX><MEMO>", b"<OFX><![CDATA[<", b"OFXHEADER:"):
        with pytest.raises(StatementUnreadable):
            list(read_ofx(endless(start)))


def test_a_file_larger_than_the_limit_is_refused_while_it_is_read() -> None:
    filler = b"<A>" + b"1" * 16_000
    pieces = (filler * 4 if n else b"<OFX>" for n in range(1_000_000))
    tracemalloc.start()
    with pytest.raises(StatementTooLarge) as refusal:
        list(read_ofx(pieces))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refusal.value.facts == {"bytes_allowed": FILE_BYTES}
    assert most < 16 * 1024 * 1024


# ------------------------------------------------------------------------------ there and back


def entry_on(each: StatementEntry) -> StatementEntry:
    return entry(**{**fields_of(each), "value_on": each.booked_on})


def fields_of(each: StatementEntry) -> dict[str, Any]:
    names = ("amount_minor", "booked_on", "is_credit", "payer_name", "remittance")
    return {name: getattr(each, name) for name in (*names, "bank_reference")}


# Letters that no mistake between UTF-8 and a code page can make of one another.
LETTERS = "abz019AZ &<>;:?/+-'\"#%áéíóúãõçüñßÁÉÇ"
TEXTS = st.text(LETTERS, max_size=30).map(lambda text: " ".join(text.split()))
ENTRIES = st.lists(
    st.builds(
        entry,
        st.integers(min_value=1, max_value=10**11),
        booked_on=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
        is_credit=st.booleans(),
        payer_name=TEXTS,
        remittance=TEXTS.map(lambda text: f". {text}".strip()),
        bank_reference=st.uuids().map(str),
    ).map(entry_on),
    max_size=4,
)
FORMS = st.builds(
    OfxForm,
    layout=st.sampled_from(["one_line", "lines", "xml"]),
    header=st.sampled_from([HEADER, XML_HEADER, ""]),
    encoding=st.sampled_from(["cp1252", "utf-8"]),
    zone=st.sampled_from(["", "120000", "235959.999[-3:BRT]"]),
    comma=st.booleans(),
)


@any_of(entries=ENTRIES, form=FORMS, size=st.sampled_from([1, 7, 100, 65_536]))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back_whatever_the_layout_and_the_pieces(
    entries: list[StatementEntry], form: OfxForm, size: int
) -> None:
    [statement] = read(ofx_file(entries, form=form), size=size)
    assert statement.account == ACCOUNT
    assert [fields_of(each) for each in statement.entries] == [fields_of(e) for e in entries]
    assert len({each.identity for each in statement.entries}) == len(entries)
