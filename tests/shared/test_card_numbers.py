"""Numbers of cards are found however they are written; what only looks like one is left alone."""

import string
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, luhn
from stdnum.br import cnpj

from shared.card_numbers import (
    CardNumberRefused,
    has_card_number,
    masked,
    refuse_card_numbers,
)

# The test numbers that card networks and processors publish (no account stands behind them).
PUBLISHED = [
    "4242424242424242",
    "4111111111111111",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "30569309025904",
    "3566002020360505",
    "6200000000000005",
    "6205500000000000004",
    "2200000000000004",
    "6362970000457013",
]
WRITTEN = [
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "4242.4242.4242.4242",
    "4242  4242  4242  4242",
    "4242 - 4242 - 4242 - 4242".replace(" - ", "- "),
    "4242\u00a04242\u00a04242\u00a04242",
    "4242\u20094242\u20094242\u20094242",
    "4242\u200b4242\u200b4242\u200b4242",
    "4242\u20144242\u20144242\u20144242",
    "3782 822463 10005",
    "3056 930902 5904",
    "my card: 4242 4242 4242 4242.",
    "4242 4242 4242 4242 12/30 123",
    "4242 4242 4242 4242 1230 123",
    "4242424242424242 1230",
    "1. 4242 4242 4242 4242",
    "visa4242424242424242",
    "card 4242424242424242cvv 123",
    "card=4242424242424242&cvc=1",
    "karta:4242424242424242",
    "карта4242424242424242",
    "(4242424242424242)",
    "４２４２４２４２４２４２４２４２",
    "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
    "one\n4242424242424242\ntwo",
]
NO_CARDS = [
    "4242424242424243",  # the check digit is another
    "0000000000000000",
    "4444444444444448"[:-1] + "4",
    "1795000000000000",  # microseconds since 1970
    "01939000-0000-7000-8000-000000000019",
    "cs_test_4242424242424242",
    "pi_4242424242424242",
    "PON-2026-000001",
    "a4242424242424242",
    "4242424242424242a",
    "+4242424242424242",
    "+49 1512 3456789",
    "49 1512 3456789",
    "+55 11 91234-5678",
    "0055 11 91234 5678",
    "DE89 3704 0044 0532 0130 00",
    "DE89370400440532013000",
    "ES91 2100 0418 4502 0005 1332 is my account",
    "PL61 1090 1014 0000 0712 1981 2874",
    "61 1090 1014 0000 0712 1981 2874",
    "NO93 8601 1117 947",
    "BE68 5390 0754 7034",
    "11.222.333/0001-81",
    "11222333000181",
    "00190.50095 40144.816069 06809.350314 3 37370000000100",
    "00190500954014481606906809350314337370000000100",
    "00193373700000001000500940144816060680935031",
    "34191.09008 63571.277308 71444.640008 5 12340000012345",
    "83640000001 1 33120138000 2 81288462711 6 08013618155 1",
    "4126 1111 2223 3300 0181 5500 1000 0000 0112 3456 7890",  # the key of a Brazilian invoice
    "40702810900000000001",
    "978-3-16-148410-0",
    "",
    "Olá, não abre.",
]


def check_digit_of(digits: str) -> str:
    return luhn.calc_check_digit(digits)


starts = st.sampled_from(["4", "51", "55", "2221", "2720", "6011", "65", "3528", "62", "2200"])


@st.composite
def numbers_of_cards(draw: st.DrawFn) -> str:
    start = draw(starts)
    rest = draw(st.text("0123456789", min_size=15 - len(start), max_size=15 - len(start)))
    number = start + rest
    number += check_digit_of(number)
    return number if len(set(number)) > 1 else "4242424242424242"


@pytest.mark.parametrize("text", [*PUBLISHED, *WRITTEN])
def test_the_number_of_a_card_is_found_as_people_write_it(text: str) -> None:
    assert has_card_number(text)
    assert not has_card_number(masked(text))


@pytest.mark.parametrize("text", NO_CARDS)
def test_what_only_looks_like_a_card_is_left_alone(text: str) -> None:
    assert not has_card_number(text)
    assert masked(text) == text


def test_a_mask_leaves_the_last_four_digits_and_all_around_it() -> None:
    text = "from 4242-4242-4242-4242, to 5555555555554444; ref 1234"
    assert masked(text) == "from ****-****-****-4242, to ************4444; ref 1234"


@given(
    numbers_of_cards(),
    st.sampled_from(["", " ", "-", ".", "\u00a0", "  ", " -"]),
    st.text("abc,;:!?\n\t()", max_size=20),
    st.text("abc,;:!?\n\t()", max_size=20),
)
def test_every_card_in_every_grouping_is_found_amid_any_text(
    number: str, between: str, before: str, after: str
) -> None:
    written = between.join(number[at : at + 4] for at in range(0, 16, 4))
    text = f"{before} {written} {after}"
    assert has_card_number(text)
    assert number[:12] not in "".join(c for c in masked(text) if c.isdigit())


@given(st.uuids())
def test_no_id_is_a_card(id: UUID) -> None:
    for written in (str(id), f"/invoices/{id}?after={id}", id.hex):
        assert not has_card_number(written)


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_no_iban_is_a_card(account: int) -> None:
    bban = f"{account:018d}"
    whole = f"DE{98 - int(f'{bban}131400') % 97:02d}{bban}"
    assert iban.is_valid(whole)
    fours = " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))
    for written in (whole, whole.lower(), fours, f"Iban: {fours} and {whole}"):
        assert not has_card_number(written)


@given(st.integers(min_value=3 * 10**11, max_value=4 * 10**11 - 1))
def test_no_tax_number_of_a_company_is_a_card(number: int) -> None:
    whole = f"{number:012d}{cnpj.calc_check_digits(f'{number:012d}')}"
    assert cnpj.is_valid(whole)
    assert not has_card_number(whole)
    assert not has_card_number(cnpj.format(whole))


@given(st.integers(min_value=1, max_value=10**13 - 1))
def test_no_phone_number_is_a_card(number: int) -> None:
    assert not has_card_number(f"+{number}")
    assert not has_card_number(str(number))
    digits = str(number)
    grouped = f"{digits[:2]} {digits[2:4]} {digits[4:9]}-{digits[9:]}"
    assert not has_card_number(f"+{grouped}")
    assert not has_card_number(grouped)


@given(st.text("0123456789", min_size=44, max_size=48))
def test_no_boleto_is_a_card(digits: str) -> None:
    line = (
        f"{digits[:5]}.{digits[5:10]} {digits[10:15]}.{digits[15:21]} "
        f"{digits[21:26]}.{digits[26:32]} {digits[32]} {digits[33:]}"
    )
    assert not has_card_number(digits)
    assert not has_card_number(line)


@given(st.text(string.ascii_letters + string.digits + "_-", min_size=20, max_size=60))
def test_a_token_of_letters_and_digits_is_seldom_a_card(token: str) -> None:
    """Only where it has the whole number of a card between two hyphens."""
    if has_card_number(token):
        assert any(len(part) >= 4 and part.isdigit() for part in token.split("-"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(string.ascii_letters),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON)
def test_a_document_without_a_card_passes(document: Any) -> None:
    refuse_card_numbers(document)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("4242424242424242", "body"),
        (4242424242424242, "body"),
        (4242424242424242.0, "body"),
        ({"a": {"b": ["x", "4242 4242 4242 4242"]}}, "body.a.b"),
        ({"a": 4242424242424242}, "body.a"),
        ({"4242424242424242": 1}, "body"),
        (["4242424242424242"], "body"),
    ],
)
def test_a_card_anywhere_in_a_document_is_refused_without_being_repeated(
    document: Any, field: str
) -> None:
    with pytest.raises(CardNumberRefused) as refused:
        refuse_card_numbers(document)
    assert refused.value.facts == {"field": field}
    assert b"4242" not in msgspec.json.encode(refused.value.facts)
