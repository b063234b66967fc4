"""Return files: what others published is read as they say, what banks write is read back, and what
is wrong with a file is named by line and column."""

import io
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from deploy.local.sandbox.bank_returns import Sender, Told, return_240, return_400
from services.billing.boleto.banks.banco_do_brasil import BancoDoBrasilCollection
from services.billing.boleto.banks.bradesco import BradescoCollection
from services.billing.boleto.banks.caixa import CaixaCollection
from services.billing.boleto.banks.itau import ItauCollection
from services.billing.boleto.banks.santander import SantanderCollection
from services.billing.boleto.collection import Collection
from services.billing.boleto.own_number import is_same_own_number
from services.billing.cnab.layouts import DETAILS_400, SEGMENT_T, SEGMENT_U, SEGMENTS_T
from services.billing.cnab.occurrences import KINDS_240, KINDS_400, Occurrence, OccurrenceKind
from services.billing.cnab.record import Record, ReturnFileInvalid
from services.billing.cnab.returns import LONGEST_LINE, lines_of, read_return
from services.billing.cnab.tally import (
    MOST_DISCREPANCIES,
    Discrepancy,
    ReturnHeader,
    ReturnTrailer,
)
from tests.billing.published_returns import PUBLISHED, Published, written

TODAY = date(2026, 11, 20)
COLLECTIONS: dict[str, Collection] = {
    "001": BancoDoBrasilCollection(wallet="17", agreement="1234567"),
    "033": SantanderCollection(wallet="101", beneficiary="1234567"),
    "104": CaixaCollection(beneficiary="123456"),
    "237": BradescoCollection(wallet="9", branch="1234", account="123456"),
    "341": ItauCollection(wallet="109", branch="1248", account="2124"),
}
PAID = {"001": "06", "033": "06", "104": "21", "237": "06", "341": "06"}
"""The code for paid in the files of 400 columns; in those of 240 it is 06."""


def sender(bank: str) -> Sender:
    return Sender(
        bank=bank,
        company="HOSPEDAGEM SOL LTDA",
        branch="01234" if bank == "237" else "1234",
        account="012345",
        written_on=TODAY,
        sequence=7,
    )


def as_bytes(lines: Iterable[str]) -> Iterator[bytes]:
    return (line.encode("latin-1") for line in lines)


def read(lines: Iterable[str]) -> tuple[ReturnHeader, list[Occurrence], ReturnTrailer]:
    header, *occurrences, trailer = read_return(as_bytes(lines))
    assert isinstance(header, ReturnHeader) and isinstance(trailer, ReturnTrailer)
    return header, [each for each in occurrences if isinstance(each, Occurrence)], trailer


def file_of(bank: str, columns: int, told: Iterable[Told]) -> list[str]:
    return list((return_240 if columns == 240 else return_400)(sender(bank), told))


def told(number: int, bank: str, columns: int = 240) -> Told:
    return Told(
        own_number=COLLECTIONS[bank].own_number(number),
        code="06" if columns == 240 else PAID[bank],
        amount_minor=10000 + number,
        received_minor=10000 + number,
        fee_minor=190,
        due_on=TODAY,
        occurred_on=TODAY,
        credited_on=TODAY + timedelta(days=3),
    )


# ------------------------------------------------------------------------------ as others have it


def whole_file(published: Published) -> Iterator[str]:
    """The published lines between a header and a trailer."""
    bank, columns = published.bank, published.columns
    if columns == 240:
        yield written({1: f"{bank}00000", 143: f"2{TODAY:%d%m%Y}"}, columns)
        yield written({1: f"{bank}{published.lines[0][1][3:7]}1T01"}, columns)
    else:
        yield written({1: "02RETORNO01COBRANCA", 77: bank, 95: "201126", 395: "000001"}, columns)
    yield from (written(parts, columns) for parts in published.lines)
    end = {1: f"{bank}99999", 24: "000005"} if columns == 240 else {1: "9", 395: "000003"}
    yield written(end, columns)


@pytest.mark.parametrize("published", PUBLISHED.values(), ids=PUBLISHED)
def test_a_published_occurrence_says_what_others_read(published: Published) -> None:
    lines = (f"{line}\r\n".encode("latin-1") for line in whole_file(published))
    occurrence = list(read_return(lines, bank=published.read_as))[1]
    assert {name: getattr(occurrence, name) for name in published.says} == published.says


def test_lines_may_lack_their_trailing_blanks() -> None:
    for published in PUBLISHED.values():
        full = [line.encode() for line in whole_file(published)]
        short = [line.rstrip() + b"\n" for line in full]
        assert list(read_return(short, bank=published.read_as)) == list(
            read_return(full, bank=published.read_as)
        )


@pytest.mark.parametrize("columns", [240, 400])
@pytest.mark.parametrize("bank", COLLECTIONS)
def test_an_accent_moves_no_amount_though_the_file_became_utf_8_on_its_way(
    bank: str, columns: int
) -> None:
    place, at = (150, 2) if columns == 240 else (40, 1)  # of the payer's name, or our own words
    lines = file_of(bank, columns, [told(1, bank, columns)])
    lines[at] = f"{lines[at][:place]}ANDRÉ JOSÉ{lines[at][place + 10 :]}"
    whole = "".join(lines)
    as_sent, on_its_way = (whole.encode(form).splitlines(True) for form in ("latin-1", "utf-8-sig"))
    _, occurrence, _ = read_return(as_sent)
    assert isinstance(occurrence, Occurrence)
    assert (occurrence.amount_minor, occurrence.fee_minor) == (10001, 190)
    assert list(read_return(on_its_way)) == list(read_return(as_sent))


# ---------------------------------------------------------------------------- written and read

amounts = st.integers(0, 10**9)
days = st.none() | st.dates(date(2000, 1, 1), date(2059, 12, 31))
tellings = st.builds(
    Told,
    own_number=st.just(""),
    code=st.just("06"),
    amount_minor=amounts,
    received_minor=st.integers(10**5, 10**9),
    fee_minor=st.integers(0, 99999),
    interest_minor=amounts,
    discount_minor=amounts,
    rebate_minor=amounts,
    due_on=days,
    occurred_on=days,
    credited_on=days,
    document=st.from_regex(r"[A-Z0-9]{0,10}", fullmatch=True),
)

AS_WRITTEN = (
    "amount_minor",
    "fee_minor",
    "interest_minor",
    "discount_minor",
    "rebate_minor",
    "due_on",
    "occurred_on",
    "credited_on",
    "document",
)


@pytest.mark.parametrize("columns", [240, 400])
@pytest.mark.parametrize("bank", COLLECTIONS)
@any_of(st.lists(st.tuples(st.integers(1, 99999), tellings), max_size=5))
def test_what_a_bank_writes_is_read_back(
    bank: str, columns: int, rows: list[tuple[int, Told]]
) -> None:
    code = "06" if columns == 240 else PAID[bank]
    wrote = [
        replace(each, own_number=COLLECTIONS[bank].own_number(number), code=code)
        for number, each in rows
    ]
    header, occurrences, trailer = read(file_of(bank, columns, wrote))
    assert (header.bank, header.columns, header.written_on) == (bank, columns, TODAY)
    assert header.company == "HOSPEDAGEM SOL LTDA"
    assert trailer.discrepancy_count == 0 and trailer.occurrences == len(rows)
    for (number, _), original, found in zip(rows, wrote, occurrences, strict=True):
        assert is_same_own_number(found.own_number, COLLECTIONS[bank].own_number(number))
        for name in AS_WRITTEN:
            assert getattr(found, name) == getattr(original, name), name
        assert found.kind is OccurrenceKind.PAID


@pytest.mark.parametrize("columns", [240, 400])
@pytest.mark.parametrize("bank", COLLECTIONS)
def test_what_was_paid_is_told_whether_or_not_the_bank_took_its_fee_first(
    bank: str, columns: int
) -> None:
    _, (found,), _ = read(file_of(bank, columns, [told(1, bank, columns)]))
    assert found.paid_minor == 10001
    assert found.fee_minor == 190


def test_where_the_fee_does_not_explain_what_is_missing_only_what_came_was_paid() -> None:
    in_part = replace(told(1, "341"), received_minor=5190)
    _, (found,), _ = read(file_of("341", 400, [in_part]))
    assert (found.received_minor, found.paid_minor) == (5000, 5000)


UNPAID = [
    ("02", "registered"),
    ("03", "rejected"),
    ("09", "written_off"),
    ("14", "changed"),
    ("23", "protest"),
    ("26", "instruction_rejected"),
    ("28", "fee"),
    ("99", "other"),
]


def test_a_boleto_that_was_not_paid_says_that_nothing_was_paid() -> None:
    for code, kind in UNPAID:
        _, (found,), _ = read(file_of("001", 240, [replace(told(1, "001"), code=code)]))
        assert (found.kind, found.paid_minor, found.received_minor) == (kind, 0, 10001)


@pytest.mark.parametrize(
    ("bank", "columns", "reasons", "expected"),
    [
        ("001", 240, "0304", ("03", "04")),
        ("033", 240, "A4  00", ("A4",)),
        ("237", 400, "0816000000", ("08", "16")),
        ("341", 400, "0304", ("03", "04")),
        ("033", 400, "001035", ("001", "035")),
        ("104", 400, "045", ("045",)),
        ("001", 400, "31", ("31",)),
    ],
)
def test_the_reasons_of_a_rejection_are_told_one_by_one(
    bank: str, columns: int, reasons: str, expected: tuple[str, ...]
) -> None:
    rejected = replace(told(1, bank, columns), code="03", reasons=reasons)
    _, (found,), _ = read(file_of(bank, columns, [rejected]))
    assert found.reasons == expected


MEANINGS = [
    # bank, columns, code, what its manual calls it
    ("001", 400, "05", OccurrenceKind.PAID),  # liquidado sem registro
    ("001", 400, "07", OccurrenceKind.PAID_IN_PART),  # liquidação por conta
    ("001", 400, "46", OccurrenceKind.PAYMENT_PENDING),  # cheque, aguardando compensação
    ("033", 400, "17", OccurrenceKind.PAID),  # liquidado em cartório
    ("033", 400, "10", OccurrenceKind.WRITTEN_OFF),
    ("104", 400, "06", OccurrenceKind.CHANGED),  # 06 is no payment there
    ("104", 400, "21", OccurrenceKind.PAID),
    ("104", 400, "99", OccurrenceKind.REJECTED),
    ("237", 400, "15", OccurrenceKind.PAID),  # liquidação em cartório
    ("237", 400, "16", OccurrenceKind.PAYMENT_PENDING),  # pago em cheque, vinculado
    ("237", 400, "22", OccurrenceKind.PAYMENT_REVERSED),  # pagamento cancelado
    ("237", 400, "27", OccurrenceKind.INSTRUCTION_REJECTED),  # baixa rejeitada
    ("341", 400, "08", OccurrenceKind.PAID),  # liquidação em cartório
    ("341", 400, "69", OccurrenceKind.PAYMENT_REVERSED),  # cheque devolvido
    ("341", 240, "17", OccurrenceKind.PAID),
]


@pytest.mark.parametrize(("bank", "columns", "code", "kind"), MEANINGS)
def test_a_code_means_what_the_banks_manual_says(
    bank: str, columns: int, code: str, kind: OccurrenceKind
) -> None:
    _, (found,), _ = read(file_of(bank, columns, [replace(told(1, bank), code=code)]))
    assert found.kind is kind


def test_every_bank_that_boletos_are_issued_by_has_its_codes_and_its_layout() -> None:
    assert set(COLLECTIONS) == set(KINDS_400) and set(COLLECTIONS) <= set(DETAILS_400)
    for table in (KINDS_240, *KINDS_400.values()):
        assert {OccurrenceKind.PAID, OccurrenceKind.REJECTED, OccurrenceKind.REGISTERED} <= set(
            table.values()
        )


@pytest.mark.parametrize(
    "layout",
    [*DETAILS_400.values(), *SEGMENTS_T.values(), SEGMENT_T, SEGMENT_U],
)
def test_no_column_belongs_to_two_fields(layout: dict[str, tuple[int, int]]) -> None:
    taken: dict[int, str] = {}
    for field, (first, last) in layout.items():
        assert 1 <= first <= last
        for column in range(first, last + 1):
            assert column not in taken, f"{field} and {taken[column]} share column {column}"
            taken[column] = field


# ---------------------------------------------------------------------------------- identities


@pytest.mark.parametrize("columns", [240, 400])
def test_the_same_file_has_the_same_identities_again(columns: int) -> None:
    lines = file_of("237", columns, [told(1, "237"), told(1, "237"), told(2, "237")])
    header, occurrences, trailer = read(lines)
    header_again, occurrences_again, trailer_again = read(
        line.rstrip("\r\n") + "\n" for line in lines
    )
    assert header.identity == header_again.identity
    assert occurrences == occurrences_again and trailer == trailer_again
    assert len({each.identity for each in occurrences}) == 3
    assert len({each.fact for each in occurrences}) == 2  # the first two tell the same


def test_the_same_event_in_two_files_has_two_identities_and_is_one_fact() -> None:
    monday = file_of("341", 400, [told(1, "341")])
    tuesday = list(return_400(replace(sender("341"), sequence=8), [told(2, "341"), told(1, "341")]))
    (one,), (_, other) = read(monday)[1], read(tuesday)[1]
    assert one.identity != other.identity
    assert one.fact == other.fact


@any_of(st.integers(0, 10**6), st.integers(0, 10**6))
def test_another_amount_is_another_fact(one: int, other: int) -> None:
    files = (
        file_of("033", 240, [replace(told(1, "033"), received_minor=n + 190)]) for n in (one, other)
    )
    (first,), (second,) = (read(lines)[1] for lines in files)
    assert (first.fact == second.fact) == (one == other)


# --------------------------------------------------------------------------------- wrong files


def changed(lines: list[str], number: int, column: int, text: str) -> list[str]:
    """The file with `text` on line `number` from `column` on."""
    line = lines[number - 1]
    wrong = line[: column - 1] + text + line[column - 1 + len(text) :]
    return [*lines[: number - 1], wrong, *lines[number:]]


FILE_240 = file_of("341", 240, [told(1, "341"), told(2, "341")])
FILE_400 = file_of("237", 400, [told(1, "237"), told(2, "237")])

WRONG = {
    "empty": ([], (1, 1, "header", "no_return_file")),
    "something else": (["%PDF-1.4\n"], (1, 1, "header", "no_return_file")),
    "a remittance of 400 columns": (changed(FILE_400, 1, 2, "1REMESSA"),
                                    (1, 2, "direction", "no_return_file")),
    "a remittance of 240 columns": (changed(FILE_240, 2, 9, "R"),
                                    (2, 9, "operation", "no_return_file")),
    "a segment of a remittance": (changed(FILE_240, 3, 14, "P"),
                                  (3, 14, "segment", "no_return_file")),
    "a bank of 400 columns that is not known": (changed(FILE_400, 1, 77, "999"),
                                                (1, 77, "bank", "unknown_bank")),
    "a line of another bank": (changed(FILE_240, 4, 1, "001"), (4, 1, "bank", "other_bank")),
    "no U behind T": ([*FILE_240[:3], *FILE_240[4:]], (4, 8, "type", "segment_t_without_u")),
    "no U at the end": ([*FILE_240[:5], *FILE_240[6:]], (6, 8, "type", "segment_t_without_u")),
    "no T before U": ([*FILE_240[:2], *FILE_240[3:]], (3, 14, "segment", "segment_u_without_t")),
    "T and U of two": (changed(FILE_240, 4, 16, "09"),
                       (4, 16, "code", "other_code_than_segment_t")),
    "a type that is none": (changed(FILE_240, 3, 8, "7"), (3, 8, "type", "unknown")),
    "a type that is none, 400": (changed(FILE_400, 2, 1, "x"), (2, 1, "type", "unknown")),
    "a detail in another's layout": (changed(FILE_400, 2, 1, "7"), (2, 1, "type", "unknown")),
    "a letter in an amount": (changed(FILE_400, 3, 153, "00O"), (3, 153, "amount", "digits")),
    "a sign in an amount": (changed(FILE_240, 4, 78, "-"), (4, 78, "received", "digits")),
    "a letter in a date": (changed(FILE_240, 3, 74, "2O"), (3, 74, "due_on", "date")),
    "a day that is none": (changed(FILE_400, 3, 147, "310226"), (3, 147, "due_on", "date")),
    "a date that is too short": (changed(FILE_400, 3, 147, "1 1126"), (3, 147, "due_on", "date")),
    "no code": (changed(FILE_400, 2, 109, "  "), (2, 109, "code", "missing")),
    "a control character": (changed(FILE_400, 2, 40, "\0"), (2, 40, "", "characters")),
    "a line that is too long": ([FILE_240[0], FILE_240[1].rstrip("\r\n") + "x\n"],
                                (2, 241, "", "too_long")),
    "a header that is too long": ([FILE_400[0].rstrip("\r\n") + "x\n"], (1, 401, "", "too_long")),
    "cut off": (FILE_240[:-1], (8, 1, "trailer", "missing")),
    "cut off, 400": (FILE_400[:-1], (4, 1, "trailer", "missing")),
    "cut off within a line": ([*FILE_400[:2], FILE_400[2][:200]], (4, 1, "trailer", "missing")),
    "a line after the end": ([*FILE_400, FILE_400[1]], (5, 1, "type", "after_trailer")),
    "a second header": ([FILE_240[0], *FILE_240], (2, 8, "type", "unknown")),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "where"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_with_line_and_column(
    lines: list[str], where: tuple[int, int, str, str]
) -> None:
    with pytest.raises(ReturnFileInvalid) as refused:
        list(read_return(as_bytes(lines)))
    facts = refused.value.facts
    assert (facts["line"], facts["column"], facts["field"], facts["reason"]) == where


def test_what_was_right_before_the_damage_is_given() -> None:
    right = list(read_return(as_bytes(FILE_400)))
    damaged = read_return(as_bytes(changed(FILE_400, 3, 153, "x")))
    assert [next(damaged), next(damaged)] == right[:2]
    with pytest.raises(ReturnFileInvalid):
        next(damaged)


@any_of(st.lists(st.binary(max_size=450), max_size=6))
def test_no_bytes_do_more_than_be_refused(lines: list[bytes]) -> None:
    for head in ([], [FILE_240[0].encode()], [FILE_400[0].encode()]):
        with pytest.raises(ReturnFileInvalid):
            list(read_return([*head, *lines]))


@any_of(st.sampled_from([FILE_240, FILE_400]), st.integers(0, 7), st.integers(0, 399), st.data())
def test_a_changed_character_is_refused_or_read_but_breaks_nothing(
    lines: list[str], number: int, column: int, data: st.DataObject
) -> None:
    number, column = number % len(lines), column % 240
    line = lines[number]
    wrong = line[:column] + data.draw(st.characters(max_codepoint=255)) + line[column + 1 :]
    try:
        *_, last = read_return(as_bytes([*lines[:number], wrong, *lines[number + 1 :]]))
    except ReturnFileInvalid as refused:
        line_number = refused.facts["line"]
    else:
        line_number = last.lines if isinstance(last, ReturnTrailer) else 0
    assert 1 <= line_number <= len(lines) + 1


# ----------------------------------------------------------------------- files that contradict


def test_a_file_that_lost_lines_says_so_at_its_end() -> None:
    _, occurrences, trailer = read([*FILE_240[:4], *FILE_240[6:]])
    assert len(occurrences) == 1
    assert trailer.discrepancies == (
        Discrepancy(line=5, field="records", said=6, read=4),
        Discrepancy(line=6, field="records", said=8, read=6),
    )
    _, _, trailer = read([FILE_400[0], *FILE_400[2:]])
    assert trailer.discrepancies == (Discrepancy(line=2, field="sequence", said=3, read=2),)


def test_a_trailer_of_another_bank_and_a_batch_without_header_are_noted() -> None:
    _, _, trailer = read(changed(FILE_400, 4, 5, "341"))
    assert trailer.discrepancies == (Discrepancy(line=4, field="bank", said=341, read=237),)
    _, occurrences, trailer = read([FILE_240[0], *FILE_240[2:]])
    assert len(occurrences) == 2
    assert trailer.discrepancies[0] == Discrepancy(line=2, field="batch_header", said=0, read=1)


def test_of_many_discrepancies_only_so_many_are_listed() -> None:
    many = [replace_sequence(line) for line in file_of("237", 400, [told(1, "237")] * 200)[1:-1]]
    _, _, trailer = read([FILE_400[0], *many, FILE_400[-1]])
    assert trailer.discrepancy_count > MOST_DISCREPANCIES == len(trailer.discrepancies)


def replace_sequence(line: str) -> str:
    return line[:394] + "000009" + line[400:]


def test_lines_that_say_nothing_of_a_payment_are_passed_over_and_counted() -> None:
    pix = "2".ljust(394) + "000003\n"
    lines = [*FILE_400[:2], pix, *FILE_400[2:]]
    assert read(lines)[2].passed_over == 1
    y = FILE_240[3][:13] + "Y" + " " * 228 + "\n"
    _, occurrences, trailer = read([*FILE_240[:4], y, *FILE_240[4:]])
    assert (len(occurrences), trailer.passed_over) == (2, 1)


def test_a_batch_of_another_service_is_passed_over() -> None:
    payments = changed(FILE_240, 2, 10, "20")
    _, occurrences, trailer = read(payments)
    assert (occurrences, trailer.passed_over) == ([], 4)


def test_blank_lines_and_the_old_mark_of_the_end_are_no_lines() -> None:
    assert read([*FILE_400, "\r\n", "\x1a"]) == read(FILE_400)


def test_a_header_without_a_day_is_still_a_header() -> None:
    header, occurrences, _ = read(changed(FILE_400, 1, 95, "xx1126"))
    assert header.written_on is None and len(occurrences) == 2


def test_a_field_that_a_layout_does_not_have_is_blank() -> None:
    record = Record(1, "x" * 400, {})
    assert (record.text_of("fine"), record.number_of("fine"), record.day_of("fine")) == (
        "",
        0,
        None,
    )
    assert record.codes_of("reasons", width=2) == ()


# --------------------------------------------------------------------------------- large files


def test_a_file_is_read_in_memory_that_does_not_grow_with_it() -> None:
    def peak(count: int) -> int:
        lines = as_bytes(return_400(sender("237"), (told(n, "237") for n in range(count))))
        tracemalloc.start()
        for _ in read_return(lines):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(3000) < peak(300) + 50_000


def test_a_file_without_line_ends_is_read_in_pieces_and_refused() -> None:
    stream = io.BytesIO(b"02RETORNO" + b"x" * 100_000)
    assert max(map(len, lines_of(stream))) == LONGEST_LINE
    stream.seek(0)
    with pytest.raises(ReturnFileInvalid):
        list(read_return(lines_of(stream)))


def test_a_stream_gives_the_same_as_its_lines() -> None:
    stream = io.BytesIO("".join(FILE_240).encode("latin-1"))
    assert list(read_return(lines_of(stream))) == list(read_return(as_bytes(FILE_240)))


def test_an_occurrence_has_no_field_of_the_payers_name_or_tax_number() -> None:
    assert not {"name", "payer", "tax_id"} & {field.name for field in fields(Occurrence)}
