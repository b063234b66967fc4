"""Boletos: barcode and linha digitável both ways, which wrong digits are found, due dates, bars."""

from datetime import date, timedelta

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st
from pydantic_brasil import BoletoBancario

from services.billing.boleto.barcode import LARGEST_AMOUNT_MINOR, Barcode, read_boleto
from services.billing.boleto.digits import BoletoInvalid, modulo_10, modulo_11
from services.billing.boleto.due_factor import FIRST_DAY, LAST_DAY, due_date, due_factor
from services.billing.boleto.interleaved import interleaved_bars
from tests.billing.published_boletos import DUE_DATES, PAIRS, pairs

WRITTEN_AS_ONE = {1, 10, 11}
"""What is missing to a multiple of 11 where the check digit is 1: it cannot tell these apart."""

digit_strings = st.text(alphabet="0123456789", min_size=25, max_size=25)
due_dates = st.dates(min_value=FIRST_DAY, max_value=LAST_DAY)
barcodes = st.builds(
    Barcode.of,
    bank=st.sampled_from(["001", "033", "104", "237", "341"]),
    due_on=st.none() | due_dates,
    amount_minor=st.integers(0, LARGEST_AMOUNT_MINOR),
    free_field=digit_strings,
)


def digits_of(line: str) -> str:
    return line.replace(".", "").replace(" ", "")


# ------------------------------------------------------------------------------- as others have it


@pytest.mark.parametrize(("line", "barcode"), PAIRS)
def test_a_published_line_is_the_published_barcode(line: str, barcode: str) -> None:
    assert read_boleto(line).digits == barcode


@pytest.mark.parametrize(("line", "barcode"), PAIRS)
def test_a_published_barcode_is_the_published_line(line: str, barcode: str) -> None:
    assert read_boleto(barcode).line.replace(" ", "") == line


@pytest.mark.parametrize(("line", "barcode"), PAIRS)
def test_its_parts_make_the_published_barcode_again(line: str, barcode: str) -> None:
    read = read_boleto(line)
    again = Barcode.of(
        bank=barcode[:3],
        due_on=read.due_on(
            read_on=FIRST_DAY + timedelta(days=4000 if barcode[5:9] < "9000" else 7000)
        ),
        amount_minor=int(barcode[9:19]),
        free_field=barcode[19:],
    )
    assert again.digits == barcode


@pytest.mark.parametrize(("factor", "day"), pairs(DUE_DATES))
def test_a_published_factor_is_the_published_day(factor: str, day: str) -> None:
    due_on = date.fromisoformat(day)
    assert due_factor(due_on) == int(factor)
    assert due_date(int(factor), read_on=due_on) == due_on


FEBRABAN_TABLE = [
    # Banco Central's table in Carta-Circular 2.926, as republished, and FEBRABAN's notice of 2025
    ("2000-07-03", 1000),
    ("2000-07-05", 1002),
    ("2002-05-01", 1667),
    ("2010-11-17", 4789),
    ("2012-04-27", 5316),
    ("2025-02-20", 9998),
    ("2025-02-21", 9999),
    ("2025-02-22", 1000),
    ("2025-02-23", 1001),
    ("2049-10-13", 9999),
]


@pytest.mark.parametrize(("day", "factor"), FEBRABAN_TABLE)
def test_a_day_has_its_factor(day: str, factor: int) -> None:
    assert due_factor(date.fromisoformat(day)) == factor


# --------------------------------------------------------------------------------------- both ways


@any_of(barcodes)
def test_another_library_reads_any_boleto_alike(barcode: Barcode) -> None:
    for text in (barcode.digits, barcode.line):
        theirs = BoletoBancario(text)
        assert theirs.codigo_barras == barcode.digits
        assert theirs.linha_digitavel == barcode.line
        assert theirs.codigo_banco == barcode.bank
        assert (theirs.fator_vencimento or 0) == barcode.due_factor


@any_of(barcodes)
def test_any_boleto_is_read_as_it_was_written(barcode: Barcode) -> None:
    assert read_boleto(barcode.digits) == barcode == read_boleto(barcode.line)
    assert len(barcode.digits) == 44
    assert len(digits_of(barcode.line)) == 47


def test_dots_dashes_and_spaces_do_not_matter() -> None:
    line = "00190.50095 40144.816069 06809.350314 3 37370000000100"
    for written in (digits_of(line), line, line.replace(" ", " - "), f"  {line}\n"):
        assert read_boleto(written).line == line


@any_of(barcodes, st.integers(0, 43), st.integers(1, 9))
def test_a_changed_digit_of_a_barcode_is_found_unless_the_check_digit_1_means_both(
    barcode: Barcode, place: int, by: int
) -> None:
    right = barcode.digits
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    missing = {modulo_11(digits[:4] + digits[5:]) for digits in (right, wrong)}
    is_found_otherwise = place in {3, 4} or wrong[0] == "8" or "0000" < wrong[5:9] < "1000"
    if missing <= WRITTEN_AS_ONE and not is_found_otherwise:
        assert read_boleto(wrong).digits == wrong
    else:
        with pytest.raises(BoletoInvalid):
            read_boleto(wrong)


@any_of(barcodes, st.integers(0, 46), st.integers(1, 9))
def test_a_changed_digit_of_a_line_is_found_unless_in_factor_or_amount_and_the_check_digit_is_1(
    barcode: Barcode, place: int, by: int
) -> None:
    right = digits_of(barcode.line)
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    if place < 33 or barcode.check_digit != "1":
        with pytest.raises(BoletoInvalid):
            read_boleto(wrong)


@any_of(st.text(alphabet="0123456789", min_size=2, max_size=20), st.integers(0, 18))
def test_modulo_10_finds_two_neighbours_that_changed_places_unless_they_are_0_and_9(
    digits: str, place: int
) -> None:
    place %= len(digits) - 1
    first, second = digits[place], digits[place + 1]
    swapped = digits[:place] + second + first + digits[place + 2 :]
    is_blind = first == second or {first, second} == {"0", "9"}
    assert (modulo_10(swapped) == modulo_10(digits)) == is_blind


# ------------------------------------------------------------------------------------ what is none

REFUSED = [
    ("", "boleto", "digits"),
    ("3419.1", "boleto", "length"),
    ("1" * 46, "boleto", "length"),
    ("3" * 100, "boleto", "digits"),
    ("٣" * 44, "boleto", "digits"),
    ("8" + "3" * 43, "boleto", "collection"),
    ("836400000012" * 4, "boleto", "collection"),
    ("3" * 48, "boleto", "collection"),
]


@pytest.mark.parametrize(("text", "field", "reason"), REFUSED)
def test_what_is_no_boleto_is_refused(text: str, field: str, reason: str) -> None:
    with pytest.raises(BoletoInvalid) as refused:
        read_boleto(text)
    assert refused.value.facts["field"] == field
    assert refused.value.facts["reason"] == reason


@pytest.mark.parametrize(
    ("place", "field", "position"),
    [(8, "field_1", 10), (15, "field_2", 21), (30, "field_3", 32), (46, "check_digit", 33)],
)
def test_the_wrong_field_of_a_line_is_named(place: int, field: str, position: int) -> None:
    right = digits_of(read_boleto("34198731700000500001090022334941234567890000").line)
    wrong = right[:place] + str((int(right[place]) + 3) % 10) + right[place + 1 :]
    with pytest.raises(BoletoInvalid) as refused:
        read_boleto(wrong)
    assert refused.value.facts == {"field": field, "reason": "check_digit", "position": position}


def test_another_currency_than_the_real_is_refused() -> None:
    with pytest.raises(BoletoInvalid) as refused:
        read_boleto("34181719500000600001090022335021234567890000")
    assert refused.value.facts == {"field": "currency", "reason": "not_real", "position": 4}


@pytest.mark.parametrize("amount_minor", [-1, 10**10, 10**14])
def test_an_amount_of_more_than_ten_digits_is_refused(amount_minor: int) -> None:
    with pytest.raises(BoletoInvalid) as refused:
        Barcode.of(bank="341", due_on=FIRST_DAY, amount_minor=amount_minor, free_field="1" * 25)
    assert refused.value.facts == {"field": "amount_minor", "reason": "out_of_range"}


def test_an_amount_that_took_the_place_of_the_factor_is_named() -> None:
    large = Barcode(bank="341", due_factor=1, amount_minor=5, free_field="1" * 25)
    with pytest.raises(BoletoInvalid) as refused:
        read_boleto(large.digits)
    facts = {"field": "due_factor", "reason": "amount_beyond_ten_digits"}
    assert refused.value.facts == facts


@pytest.mark.parametrize(
    ("bank", "free_field", "field"),
    [("34", "1" * 25, "bank"), ("34a", "1" * 25, "bank"), ("341", "1" * 24, "free_field"),
     ("341", "1" * 24 + "x", "free_field"), ("836", "1" * 25, "bank")],
)  # fmt: skip
def test_a_part_that_does_not_fit_its_place_is_named(
    bank: str, free_field: str, field: str
) -> None:
    with pytest.raises(BoletoInvalid) as refused:
        Barcode.of(bank=bank, due_on=FIRST_DAY, amount_minor=1, free_field=free_field)
    assert refused.value.facts["field"] == field


# --------------------------------------------------------------------------------------- due dates


@any_of(due_dates, st.integers(-5500, 3000))
def test_a_day_is_read_back_from_5500_days_before_it_to_3000_days_after_it(
    due_on: date, days: int
) -> None:
    read_on = due_on + timedelta(days=days)
    assert due_date(due_factor(due_on), read_on=read_on) == due_on


@any_of(st.integers(1000, 9999), st.dates(date(2010, 1, 1), date(2030, 1, 1)))
def test_no_factor_means_two_days_at_once(factor: int, read_on: date) -> None:
    ranges = [
        day
        for day in (read_on + timedelta(days=n) for n in range(-3000, 5501))
        if due_factor(day) == factor
    ]
    assert len(ranges) <= 1
    if ranges:
        assert due_date(factor, read_on=read_on) == ranges[0]
    else:
        with pytest.raises(BoletoInvalid):
            due_date(factor, read_on=read_on)


def test_the_same_factor_is_another_day_ten_years_later() -> None:
    assert due_date(1500, read_on=date(2008, 1, 1)) == date(2001, 11, 15)
    assert due_date(1500, read_on=date(2020, 1, 1)) == date(2026, 7, 7)


@pytest.mark.parametrize("day", ["2000-07-02", "2049-10-14"])
def test_a_day_without_a_factor_is_refused(day: str) -> None:
    with pytest.raises(BoletoInvalid) as refused:
        due_factor(date.fromisoformat(day))
    assert refused.value.facts == {"field": "due_on", "reason": "no_factor", "due_on": day}


@pytest.mark.parametrize("factor", [1, 999, 10000, -1])
def test_a_factor_that_does_not_exist_is_refused(factor: int) -> None:
    with pytest.raises(BoletoInvalid) as refused:
        due_date(factor, read_on=date(2026, 1, 1))
    facts = {"field": "due_factor", "reason": "out_of_range", "due_factor": factor}
    assert refused.value.facts == facts


def test_a_factor_of_a_day_that_is_neither_near_nor_behind_is_refused() -> None:
    read_on = date(2026, 1, 1)
    between = due_factor(read_on + timedelta(days=5501))
    with pytest.raises(BoletoInvalid) as refused:
        due_date(between, read_on=read_on)
    facts = {"field": "due_factor", "reason": "too_far", "due_factor": between}
    assert refused.value.facts == facts


def test_a_boleto_without_a_factor_has_no_due_date() -> None:
    barcode = Barcode.of(bank="341", due_on=None, amount_minor=1, free_field="1" * 25)
    assert barcode.digits[5:9] == "0000"
    assert barcode.due_on(read_on=date(2026, 1, 1)) is None


# ------------------------------------------------------------------------------------------- bars


def test_the_bars_of_a_digit_are_those_of_the_standard() -> None:
    # ISO/IEC 16390, table 1; n and w are the five elements of the digits 0 to 9
    table = "nnwwnwnnnwnwnnwwwnnnnnwnwwnwnnnwwnnnnnwwwnnwnnwnwn"
    for digit in range(10):
        between = interleaved_bars(f"{digit}{digit}")[4:-3]
        widths = [1 if element == "n" else 3 for element in table[5 * digit : 5 * digit + 5]]
        assert list(between[::2]) == list(between[1::2]) == widths


@any_of(barcodes)
def test_the_bars_of_a_boleto_are_227_and_as_wide_as_405_narrow_ones(barcode: Barcode) -> None:
    bars = interleaved_bars(barcode.digits)
    assert len(bars) == 227
    assert sum(bars) == 405
    assert bars[:4] == (1, 1, 1, 1) and bars[-3:] == (3, 1, 1)


@pytest.mark.parametrize("digits", ["", "123", "12a4"])
def test_an_odd_number_of_digits_has_no_bars(digits: str) -> None:
    with pytest.raises(BoletoInvalid) as refused:
        interleaved_bars(digits)
    assert refused.value.facts == {"field": "barcode", "reason": "odd_number_of_digits"}
