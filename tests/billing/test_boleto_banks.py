"""Own numbers and free fields of the five banks, held against boletos that others published."""

import pytest

from services.billing.boleto.banks.itau import ItauCollection
from services.billing.boleto.digits import BoletoInvalid

BOLETO_NET_ITAU = [
    # wallet, account, sequence, printed own number, free field; see published_boletos
    ("109", "56789", 223350, "109/00223350-2", "1090022335021234567890000"),
    ("109", "56789", 223352, "109/00223352-8", "1090022335281234567890000"),
    ("109", "56789", 223349, "109/00223349-4", "1090022334941234567890000"),
    ("138", "56789", 223346, "138/00223346-9", "1380022334691234567890000"),
]


@pytest.mark.parametrize(("wallet", "account", "sequence", "printed", "free"), BOLETO_NET_ITAU)
def test_itau_numbers_and_fields_are_those_of_boleto_net(
    wallet: str, account: str, sequence: int, printed: str, free: str
) -> None:
    itau = ItauCollection(wallet=wallet, branch="1234", account=account, account_check_digit="0")
    assert itau.printed_own_number(sequence) == printed
    assert itau.free_field(sequence) == free


@pytest.mark.parametrize(
    ("sequence", "boleto_net", "ours"), [(223351, "6", "1"), (223349, "0", "5"), (223350, "8", "3")]
)
def test_itau_checks_numbers_of_wallet_112_alone_as_its_manual_says_unlike_boleto_net(
    sequence: int, boleto_net: str, ours: str
) -> None:
    itau = ItauCollection(wallet="112", branch="1234", account="12345", account_check_digit="6")
    assert itau.free_field(sequence) == f"112{sequence:08}{ours}1234123456000"
    assert ours != boleto_net


def test_itau_fields_are_those_of_brcobranca() -> None:
    plain = ItauCollection(wallet="175", branch="0810", account="53678")
    assert plain.free_field(258281) == "1750025828170810536789000"
    named = ItauCollection(wallet="196", branch="0", account="0", client_code="12345",
                           document="1234567")  # fmt: skip
    assert named.free_field(258281) == "1960025828112345671234550"
    other = ItauCollection(wallet="196", branch="0", account="0", client_code="01234",
                           document="0123456")  # fmt: skip
    assert other.free_field(258281) == "1960025828101234560123440"


def test_some_wallets_of_itau_check_the_own_number_alone() -> None:
    here = ItauCollection(wallet="126", branch="1234", account="56789")
    there = ItauCollection(wallet="126", branch="4321", account="98765")
    assert here.check_digit(12345) == there.check_digit(12345)


@pytest.mark.parametrize(
    ("field", "itau"),
    [
        ("wallet", ItauCollection(wallet="1090", branch="1", account="1")),
        ("branch", ItauCollection(wallet="109", branch="12345", account="1")),
        ("account", ItauCollection(wallet="109", branch="1", account="12-34")),
    ],
)
def test_a_part_of_itau_that_is_too_long_is_named(field: str, itau: ItauCollection) -> None:
    with pytest.raises(BoletoInvalid) as refused:
        itau.free_field(1)
    assert refused.value.facts["field"] == field
