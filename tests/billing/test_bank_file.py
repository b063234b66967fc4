"""Whole files: known by their start, taken or refused as one, and imported once whatever comes."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.bank_statements.bank_file import BankFile, read_bank_file
from services.billing.bank_statements.reading import StatementUnreadable, in_pieces
from services.billing.bank_statements.statement import StatementEntry, not_imported
from tests.billing.bank_files import (
    DAY,
    CamtForm,
    Mt940Form,
    OfxForm,
    camt_file,
    entry,
    mt940_file,
    ofx_file,
)

Writer = Callable[[list[StatementEntry]], bytes]


def euros(minor: int = 2990, **changes: Any) -> StatementEntry:
    return entry(minor, **{"currency": "EUR", **changes})


WRITERS: dict[str, Writer] = {
    "ofx": lambda entries: ofx_file(entries, currency="EUR"),
    "camt": camt_file,
    "mt940": mt940_file,
}
OTHERS: dict[str, Writer] = {
    "ofx": lambda entries: ofx_file(
        entries, currency="EUR", form=OfxForm(layout="xml", header="", encoding="utf-8")
    ),
    "camt": lambda entries: camt_file(entries, form=CamtForm(version="02", prefix="n")),
    "mt940": lambda entries: mt940_file(entries, form=Mt940Form(has_envelope=True, ends="\n")),
}


def read(content: bytes, *, size: int = 65_536) -> BankFile:
    return read_bank_file(in_pieces(content, size=size))


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("size", [1, 3, 65_536])
def test_the_format_is_known_by_the_start_of_the_file(name: str, size: int) -> None:
    for writers in (WRITERS, OTHERS):
        found = read(b"\n \n" * (name != "camt") + writers[name]([euros()]), size=size)
        assert (found.format, len(found.entries)) == (name, 1)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", b"PK\x03\x04", b"date;amount\n2026-11-20;29,90\n", b"\x00" * 9000]
)
def test_what_is_no_statement_is_refused_at_its_first_line(content: bytes) -> None:
    with pytest.raises(StatementUnreadable) as refusal:
        read(content)
    assert refusal.value.facts["line"] == 1
    assert refusal.value.facts["expected"] == "a statement in OFX, CAMT.053 or MT940"


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_whose_last_entry_is_wrong_is_not_half_read(name: str) -> None:
    content = WRITERS[name]([euros(11_11), euros(22_22)])
    for amount in (b"22.22", b"22,22"):
        content = content.replace(amount, b"22.2x")
    with pytest.raises(StatementUnreadable):
        read(content)


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_statement_has_the_same_identity_in_another_layout(name: str) -> None:
    entries = [euros(remittance="one"), euros(remittance="two"), euros(remittance="two")]
    first, other = read(WRITERS[name](entries)), read(OTHERS[name](entries))
    assert [s.identity for s in first.statements] == [s.identity for s in other.statements]
    changed = read(WRITERS[name](entries[:2]))
    assert changed.statements[0].identity != first.statements[0].identity


def test_what_tells_an_entry_apart_is_all_that_it_says() -> None:
    written = [
        euros(remittance="PON-1", payer_name="Ana", payer_account="DE1"),
        euros(remittance="PON-2", payer_name="Ana", payer_account="DE1"),
        euros(remittance="PON-1", payer_name="Eva", payer_account="DE1"),
        euros(remittance="PON-1", payer_name="Ana", payer_account="DE2"),
        euros(remittance="PON-1", payer_name="Ana", payer_account="DE1", is_credit=False),
        euros(2991, remittance="PON-1", payer_name="Ana", payer_account="DE1"),
    ]
    assert len({each.identity for each in read(camt_file(written)).entries}) == 6
    spaced = euros(remittance=" pon - 1", payer_name="ANA", payer_account="DE1")
    again = read(camt_file([spaced])).entries[0]
    assert again.identity == read(camt_file(written)).entries[0].identity


def test_the_words_of_an_entry_that_the_bank_has_named_may_change() -> None:
    before = euros(bank_reference="B-1", remittance="provisional")
    after = euros(bank_reference="B-1", remittance="final text")
    for name, write in WRITERS.items():
        [first], [second] = read(write([before])).entries, read(write([after])).entries
        assert first.identity == second.identity, name


SLIPS = [b"<", b">", b"</", b"&", b"\x00", b"\xff", b"<![CDATA[", b"<!--", b":61:", b":86:", b"-\n"]
SLIPS += [b"{1:", b"\xff\xfe", b"9" * 20, b",", b"-", b"<STMTTRN>", b"<Ntry>", b"NaN", b"0000"]


def damaged(content: bytes, chance: Random) -> bytes:
    """A few bytes cut out, put in, changed or said again."""
    raw = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(raw)), chance.randint(1, 12)
        other = chance.randrange(len(raw))
        kind = chance.choice(["cut", "put", "change", "again"])
        part = {
            "cut": b"",
            "put": raw[at : at + length] + chance.choice(SLIPS),
            "change": bytes(chance.randrange(256) for _ in range(length)),
            "again": raw[other : other + 5 * length] + raw[at : at + length],
        }[kind]
        raw[at : at + length] = part
    return bytes(raw)


@pytest.mark.parametrize("name", WRITERS)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(name: str) -> None:
    chance = Random(20261122)
    entries = [euros(100 + n, remittance="PON-1 <&> é", payer_name="Ana") for n in range(3)]
    found: Counter[str] = Counter()
    for writers in (WRITERS, OTHERS):
        content = writers[name](entries)
        for _ in range(300):
            try:
                file = read(damaged(content, chance))
            except StatementUnreadable:
                found["refused"] += 1
            else:
                found["read"] += len(file.statements) > 0
    assert found["refused"] > 100
    assert found["read"] > 0


# ------------------------------------------------------------------------------ import once

DAYS = 5
BOOKED = st.lists(
    st.builds(
        lambda day, minor, text, bank: euros(
            minor,
            booked_on=DAY + timedelta(days=day),
            value_on=DAY + timedelta(days=day),
            remittance=text,
            bank_reference=bank,
        ),
        st.integers(min_value=0, max_value=DAYS - 1),
        st.sampled_from([100, 2990]),
        st.sampled_from(["rent", "PON-1"]),
        st.just(""),
    ),
    max_size=10,
).map(lambda entries: sorted(entries, key=lambda each: each.booked_on))
WINDOWS = st.lists(
    st.tuples(st.integers(0, DAYS - 1), st.integers(0, DAYS - 1)).map(sorted), max_size=5
)


def within(entries: list[StatementEntry], first: int, last: int) -> list[StatementEntry]:
    days = (DAY + timedelta(days=first), DAY + timedelta(days=last))
    return [each for each in entries if days[0] <= each.booked_on <= days[1]]


def what_it_is(each: StatementEntry) -> tuple[date, int, str]:
    return each.booked_on, each.amount_minor, each.remittance


@pytest.mark.parametrize("name", WRITERS)
@any_of(entries=BOOKED, windows=WINDOWS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_overlapping_files_in_any_order_and_twice_import_every_entry_once(
    name: str, entries: list[StatementEntry], windows: list[list[int]], data: st.DataObject
) -> None:
    files = [WRITERS[name](within(entries, first, last)) for first, last in windows]
    files.append(WRITERS[name](entries))
    imported: dict[str, StatementEntry] = {}
    for content in data.draw(st.permutations(files * 2)):
        for each in not_imported(read(content).entries, imported):
            imported[each.identity] = each
    found = Counter(what_it_is(each) for each in imported.values())
    assert found == Counter(what_it_is(each) for each in entries)
