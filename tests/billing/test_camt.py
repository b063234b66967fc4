"""CAMT: published figures in each version, batches, reversals, bombs, and there and back."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.bank_statements import camt, xml_parts
from services.billing.bank_statements.camt import read_camt
from services.billing.bank_statements.reading import (
    StatementTooLarge,
    StatementUnreadable,
    in_pieces,
)
from services.billing.bank_statements.statement import Reference, Statement, StatementEntry
from tests.billing.bank_files import CamtForm, camt_balance, camt_file, entry

IBAN = "NL26VAYB8060476890"


def read(content: bytes, *, size: int = 65_536) -> list[Statement]:
    return list(read_camt(in_pieces(content, size=size)))


def entries_of(content: bytes) -> list[StatementEntry]:
    return [each for statement in read(content) for each in statement.entries]


def refused(content: bytes) -> dict[str, Any]:
    with pytest.raises(StatementUnreadable) as refusal:
        read(content)
    return refusal.value.facts


def euros(minor: int = 885, **changes: Any) -> StatementEntry:
    made = {"booked_on": date(2014, 12, 31), "value_on": date(2015, 1, 2), "currency": "EUR"}
    return entry(minor, **{**made, **changes})


# ------------------------------------------------------------------------------ published files

# github.com/genkgo/camt, test/data (MIT), commit c99e4fe: message and version; the amount as
# written and its currency; in minor units; direction, day booked, EndToEndId, Ustrd.
PUBLISHED = {
    "camt052.v2.other-account": ("052", "02", "200000", "SEK", 20000000, "DBIT", "2007-10-18"),
    "camt053.v2.all-balance-types": ("053", "02", "8.850", "EUR", 885, "CRDT", "2014-12-31"),
    "camt053.v2.minimal": ("053", "02", "8.85", "EUR", 885, "CRDT", "2014-12-31"),
    "camt053.v3": ("053", "03", "8.85", "EUR", 885, "CRDT", "2014-12-31"),
    "camt053.v4": ("053", "04", "8.85", "EUR", 885, "CRDT", "2014-12-31"),
    "camt053.v8": ("053", "08", "8.85", "EUR", 885, "CRDT", "2014-12-31"),
    "camt054.v8-with-UETR": ("054", "08", "200000", "SEK", 20000000, "DBIT", "2007-10-18"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_figures_are_read_in_their_message_and_version(name: str) -> None:
    message, version, amount, currency, minor, direction, day = PUBLISHED[name]
    on = date.fromisoformat(day)
    written = entry(1, booked_on=on, value_on=on, currency=currency, is_credit=direction == "CRDT")
    form = CamtForm(version=version, message=message)  # type: ignore[arg-type]
    placeholder = f'<Amt Ccy="{currency}">0.01</Amt>'.encode()
    content = camt_file([written], form=form)
    assert content.count(placeholder) == 2
    real = content.replace(placeholder, f'<Amt Ccy="{currency}">{amount}</Amt>'.encode())
    [statement] = read(real)
    kinds = {"052": "report", "053": "statement", "054": "notification"}
    assert statement.kind == kinds[message]
    [found] = statement.entries
    assert (found.amount_minor, found.currency, found.booked_on) == (minor, currency, on)
    assert found.is_credit == (direction == "CRDT")


def test_the_statements_of_one_message_are_read_one_by_one() -> None:
    """camt053.v2.multi.statement of genkgo/camt: 8.85 in, 7.00 out; 18.15 to 27.00 to 20.00."""
    rows = (
        ("18.15", "27.00", euros(885, remittance="Transaction Description 1")),
        ("27.00", "20.00", euros(700, is_credit=False, remittance="Transaction Description 2")),
    )
    files = [
        camt_file(
            [each],
            form=CamtForm(version="02", number=f"25{n}"),
            balances=camt_balance("OPBD", opening, "EUR") + camt_balance("CLBD", closing, "EUR"),
        )
        for n, (opening, closing, each) in enumerate(rows)
    ]
    start, end = b"<Stmt>", b"</Stmt>"
    second = files[1][files[1].index(start) : files[1].index(end) + len(end)]
    found = read(files[0].replace(end, end + second))
    assert [each.is_balanced for each in found] == [True, True]
    assert [e.remittance[-1] for each in found for e in each.entries] == ["1", "2"]
    assert [e.is_credit for each in found for e in each.entries] == [True, False]


def test_a_pending_entry_is_not_money_yet() -> None:
    """camt052.v6.Amt-zero of genkgo/camt has one, with status PDNG."""
    for version in ("02", "06", "08"):
        form = CamtForm(version=version, message="052", status="PDNG")
        [statement] = read(camt_file([euros()], form=form))
        assert statement.entries == ()
        assert [each.reason for each in statement.passed_over] == ["not_booked"]


def test_a_message_without_a_statement_is_refused() -> None:
    """camt053.v2.wrong of genkgo/camt."""
    content = camt_file([])
    start, end = content.index(b"<Stmt>"), content.index(b"</Stmt>") + len(b"</Stmt>")
    assert refused(content[:start] + content[end:])["expected"] == "a statement (Stmt)"


def test_a_balance_of_many_decimals_and_an_instant_is_read() -> None:
    """camt53.only-Dt-with-DtTm of genkgo/camt: 5442.09000 RON."""
    balance = camt_balance("OPBD", "5442.09000", "RON").replace(
        "<Dt>2014-12-30</Dt>", "<DtTm>2025-07-23T00:00:00.000000000</DtTm>"
    )
    [statement] = read(camt_file([], balances=balance))
    assert statement.opening is not None
    assert (statement.opening.minor, statement.opening.on) == (544209, date(2025, 7, 23))


# ------------------------------------------------------------------------------ entries


def test_names_references_and_words_stand_where_each_version_puts_them() -> None:
    written = euros(
        payer_name="Company & Co",
        payer_account="DE89370400440532013000",
        remittance="PON-2026-000417",
        references=(Reference(kind="end_to_end", value="E2E-1"),),
        bank_reference="BANK-7",
    )
    for version in ("02", "03", "04", "06", "08", "10"):
        [found] = entries_of(camt_file([written], form=CamtForm(version=version, prefix="n0")))
        assert found.payer_name == "Company & Co"
        assert found.payer_account == "DE89370400440532013000"
        assert (found.remittance, found.references) == (written.remittance, written.references)
        assert found.bank_reference == "BANK-7"


def structured(words: str) -> bytes:
    content = camt_file([euros(remittance="TEXT")])
    return content.replace(b"<Ustrd>TEXT</Ustrd>", words.encode())


def test_structured_remittance_gives_references_of_the_payer() -> None:
    [found] = entries_of(
        structured(
            "<Strd><RfrdDocInf><Nb>PON-1</Nb></RfrdDocInf><RfrdDocInf><Nb>PON-2</Nb></RfrdDocInf>"
            "<CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf><AddtlRmtInf>thanks</AddtlRmtInf>"
            "</Strd>"
        )
    )
    assert [(ref.kind, ref.value) for ref in found.references] == [
        ("creditor", "RF18539007547034"),
        ("document", "PON-1"),
        ("document", "PON-2"),
    ]
    assert found.remittance == "thanks"


def test_what_says_nothing_is_no_reference() -> None:
    written = euros(references=(Reference(kind="end_to_end", value="NOTPROVIDED"),))
    assert entries_of(camt_file([written]))[0].references == ()


@pytest.mark.parametrize("version", ["02", "04", "08"])
def test_a_batch_whose_details_sum_to_it_is_as_many_entries(version: str) -> None:
    payments = [
        euros(minor, payer_name=name, remittance=f"PON-{minor}", bank_reference="B1")
        for minor, name in ((1000, "Ana"), (250, "Bruno"), (250, "Bruno"))
    ]
    found = entries_of(camt_file(payments, form=CamtForm(version=version, is_batch=True)))
    assert [(e.amount_minor, e.payer_name) for e in found] == [
        (1000, "Ana"),
        (250, "Bruno"),
        (250, "Bruno"),
    ]
    assert len({each.identity for each in found}) == 3


def test_a_detail_against_the_direction_of_its_entry_is_a_debit() -> None:
    fee = euros(115, is_credit=False, remittance="fee")
    found = entries_of(camt_file([euros(1000), fee], form=CamtForm(is_batch=True)))
    assert [(e.amount_minor, e.is_credit) for e in found] == [(1000, True), (115, False)]


def test_a_batch_that_does_not_sum_stays_one_entry_with_all_words() -> None:
    payments = [euros(1000, remittance="PON-1"), euros(250, remittance="PON-2")]
    content = camt_file(payments, form=CamtForm(is_batch=True))
    less_charges = content.replace(b'<Amt Ccy="EUR">12.50</Amt>', b'<Amt Ccy="EUR">12.00</Amt>')
    [found] = entries_of(less_charges)
    assert (found.amount_minor, found.remittance) == (1200, "PON-1 PON-2")


def test_amounts_of_details_in_another_currency_leave_the_amount_of_the_entry() -> None:
    """As in camt053.v4 of genkgo/camt, whose detail says SEK 0 of an entry of EUR 8.85."""
    content = camt_file([euros()])
    tail = content.index(b"<NtryDtls>")
    other = content[tail:].replace(b'Ccy="EUR">8.85', b'Ccy="SEK">0')
    assert entries_of(content[:tail] + other)[0].amount_minor == 885


def test_a_reversed_payment_keeps_its_direction_and_names_who_it_was_with() -> None:
    back = euros(is_credit=False, is_reversal=True, payer_name="Ana")
    [found] = entries_of(camt_file([back]))
    assert (found.is_credit, found.is_reversal, found.payer_name) == (False, True, "Ana")


def test_money_that_a_bank_returns_is_a_reversal_too() -> None:
    content = (
        camt_file([euros()])
        .replace(b"<RmtInf>", b"<RmtInf>")
        .replace(b"</TxDtls>", b"<RtrInf><Rsn><Cd>AC01</Cd></Rsn></RtrInf></TxDtls>")
    )
    assert entries_of(content)[0].is_reversal


def test_pages_of_one_statement_count_equal_entries_on() -> None:
    pages = [camt_file([euros()], form=CamtForm(page=page)) for page in ("1", "2")]
    start, end = b"<Stmt>", b"</Stmt>"
    second = pages[1][pages[1].index(start) : pages[1].index(end) + len(end)]
    both = entries_of(pages[0].replace(end, end + second))
    assert len({each.identity for each in both}) == 2
    first = pages[0][pages[0].index(start) : pages[0].index(end) + len(end)]
    again = entries_of(pages[0].replace(end, end + first))
    assert len({each.identity for each in again}) == 1


FIRST_VERSION = b"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.01">
<BkToCstmrStmtV01><GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>S1</Id>
<Acct><Id><PrtryAcct><Id>734816</Id></PrtryAcct></Id></Acct>
<Bal><Tp><Cd>OPBD</Cd></Tp><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><Cd>CLBD</Cd></Tp><Amt Ccy="EUR">31.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Ntry><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>2026-01-05</Dt></BookgDt>
<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs>
<AmtDtls><TxAmt><Amt Ccy="EUR">10.00</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>Ana</Nm></Dbtr></RltdPties><RmtInf><Ustrd>A-1</Ustrd></RmtInf></TxDtls>
<TxDtls><Refs><EndToEndId>E2</EndToEndId></Refs>
<AmtDtls><TxAmt><Amt Ccy="EUR">20.00</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>Rui</Nm></Dbtr></RltdPties><RmtInf><Ustrd>A-2</Ustrd></RmtInf></TxDtls>
</Ntry></Stmt></BkToCstmrStmtV01></Document>"""


@pytest.mark.parametrize(
    "namespace", [b"urn:iso:std:iso:20022:tech:xsd:camt", b"urn:swift:xsd:$camt"]
)
def test_the_first_version_has_its_transactions_right_in_the_entry(namespace: bytes) -> None:
    """Its message has another name as well. Banks that had it from SWIFT name another space."""
    content = FIRST_VERSION.replace(b"urn:iso:std:iso:20022:tech:xsd:camt", namespace)
    (statement,) = read(content)
    assert statement.is_balanced
    found = [(e.amount_minor, e.payer_name, e.remittance) for e in statement.entries]
    assert found == [(1000, "Ana", "A-1"), (2000, "Rui", "A-2")]
    assert statement.account.number == "734816"


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"8.85", b"8.855", "an amount of 2 decimals (EUR)"),
        (b"8.85", b"-8.85", "an amount without a sign"),
        (b"8.85", b"eight", "an amount"),
        (b"CRDT", b"CREDIT", "CRDT or DBIT"),
        (b'Ccy="EUR"', b'Ccy="E"', "a currency of three letters"),
        (b'Ccy="EUR"', b"", "a currency of three letters"),
        (b"<CdtDbtInd>CRDT</CdtDbtInd>", b"", "CdtDbtInd in Ntry"),
        (b"2014-12-31T", b"2014-02-30T", "a day in BookgDt"),
        (b"camt.053.001.08", b"camt.053.001.00", "a Document of camt.053.001.01 to .14"),
        (b"camt.053.001.08", b"pain.001.001.03", "a Document of camt.053.001.01 to .14"),
        (b"<IBAN>NL26VAYB8060476890</IBAN>", b"", "IBAN or Othr/Id of the account"),
        (b"</Ntry>", b"</Nrty>", "well-formed XML (mismatched tag)"),
        (b"UTF-8", b"EBCDIC-CP-BE-X", "an encoding that is known"),
        (b"<GrpHdr>", b"<GrpHdr>\xff", "well-formed XML (not well-formed (invalid token))"),
    ],
)
def test_what_is_wrong_is_refused_with_what_was_expected(
    old: bytes, new: bytes, expected: str
) -> None:
    content = camt_file([euros()])
    assert old in content
    facts = refused(content.replace(old, new, 1))
    assert facts["expected"] == expected
    assert facts["line"] >= 1


def test_the_line_of_a_refusal_is_the_line_of_the_file() -> None:
    content = camt_file([euros()]).replace(b"8.85", b"x")
    line = content[: content.index(b">x<")].count(b"\n") + 1
    assert refused(content)["line"] == line


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<html><body>Sign in</body></html>", b"OFXHEADER:100"]
)
def test_another_file_is_refused(content: bytes) -> None:
    assert refused(content)["expected"]


BOMBS = {
    "entities in entities": (
        b'<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    ),
    "one large entity": b'<!DOCTYPE a [<!ENTITY a "' + b"a" * 50_000 + b'">]>',
    "a file of this machine": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "a document type elsewhere": b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/a.dtd">',
    "a parameter entity": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;]>',
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_document_type_is_refused_before_anything_can_grow(name: str) -> None:
    content = camt_file([euros(remittance="&c;&x;")]).replace(b"&amp;", b"&")
    declared = content.index(b"<Document")
    facts = refused(content[:declared] + BOMBS[name] + content[declared:])
    assert facts["expected"] == "no document type"


def test_depth_length_and_number_of_elements_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    content = camt_file([euros(remittance="TEXT")])
    deep = content.replace(b"TEXT", b"<a>" * 100 + b"</a>" * 100)
    assert refused(deep)["expected"] == "at most 64 elements in one another"
    long = content.replace(b"TEXT", b"x" * 70_000)
    assert refused(long)["expected"] == "a text of at most 65536 characters"
    monkeypatch.setattr(xml_parts, "PART_ELEMENTS", 50)
    wide = content.replace(b"TEXT", b"<a/>" * 60)
    assert refused(wide)["expected"] == "at most 50 elements of one entry"
    monkeypatch.setattr(camt, "ENTRIES", 1)
    with pytest.raises(StatementTooLarge):
        read(camt_file([euros(), euros()]))


def test_a_file_that_breaks_off_anywhere_is_refused() -> None:
    content = camt_file([euros(), euros()]).rstrip()
    for end in range(0, len(content), 7):
        refused(content[:end])


# ------------------------------------------------------------------------------ there and back

TEXTS = st.text("abz019AZ &<>;:?/+-'\"áéłżñЖя\u00a0", max_size=20).map(
    lambda text: " ".join(text.split())
)
ENTRIES = st.lists(
    st.builds(
        euros,
        st.integers(min_value=1, max_value=10**12),
        is_credit=st.booleans(),
        is_reversal=st.booleans(),
        payer_name=TEXTS,
        payer_account=st.sampled_from(["", "DE89370400440532013000"]),
        remittance=TEXTS,
        bank_reference=st.sampled_from(["", "A1", "B2"]),
    ),
    max_size=5,
)
FORMS = st.builds(
    CamtForm,
    version=st.sampled_from(["02", "04", "08"]),
    prefix=st.sampled_from(["", "ns2"]),
)


def told(each: StatementEntry) -> tuple[Any, ...]:
    return (
        each.amount_minor,
        each.is_credit,
        each.is_reversal,
        each.payer_name,
        each.payer_account,
        each.remittance,
        each.bank_reference,
        each.booked_on,
        each.value_on,
    )


@any_of(entries=ENTRIES, form=FORMS, size=st.sampled_from([1, 50, 65_536]))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back_whatever_the_version_and_the_pieces(
    entries: list[StatementEntry], form: CamtForm, size: int
) -> None:
    [statement] = read(camt_file(entries, form=form), size=size)
    assert statement.account.number == IBAN
    assert [told(each) for each in statement.entries] == [told(each) for each in entries]
    assert len({each.identity for each in statement.entries}) == len(entries)
