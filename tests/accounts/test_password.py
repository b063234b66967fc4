"""Which passwords may be chosen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.users.password import (
    PasswordGuessable,
    PasswordHasControlCharacter,
    PasswordTooLong,
    PasswordTooShort,
    new_password,
    normal_password,
)

EMAIL = "ana.souza@padaria.example"
NAMES = ("ponto", "Ponto Hospedagem")


COMMON = """
1234567890 qwertyuiop password123 1q2w3e4r5t q1w2e3r4t5 1qaz2wsx3edc 123456789a
9876543210 1111111111 iloveyou12 football12 Michelle123 asdfghjkl123 zaq12wsxcde3 abcd1234567
1234qwerasdf Princess12! P@ssw0rd2026! Password!!! letmein123 changeme123 administrator
trustno1!! Corinthians10 minhasenha1 qwertz123456 йцукенгшщз abababababab 😀😀😀😀😀😀😀😀😀😀
"""


def chosen(password: str) -> str:
    return new_password(password, email=EMAIL, names=NAMES)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "Tr0ub4dor&3xyz",
        "senha-do-cliente-1",
        "1985041219834",
        "😀🎉🚀🐙🌵🍕🎲🧀🦊🐝",
        "my ponto account, 2026",
    ],
)
def test_a_password_that_is_hard_to_guess_is_taken_as_it_is(password: str) -> None:
    assert chosen(password) == password


@pytest.mark.parametrize(
    "password",
    COMMON.split(),
)
def test_common_passwords_and_patterns_are_refused_A10(password: str) -> None:
    with pytest.raises(PasswordGuessable):
        chosen(password)


@pytest.mark.parametrize(
    "password",
    [
        EMAIL,
        EMAIL.upper(),
        "anasouza2026",
        "Ana.Souza!!",
        "padaria2026",
        "ponto12345",
        "PontoHospedagem",
        "P0nt0-Hospedagem-1",
    ],
)
def test_the_own_address_and_the_company_are_refused_A10(password: str) -> None:
    with pytest.raises(PasswordGuessable):
        chosen(password)


def test_length_is_counted_in_characters_below_and_in_bytes_above() -> None:
    with pytest.raises(PasswordTooShort):
        chosen("Zw9-kr!7q")
    assert chosen("Zw9-kr!7qx") == "Zw9-kr!7qx"
    with pytest.raises(PasswordTooLong):
        normal_password("é" * 513)
    assert normal_password("é" * 512) == "é" * 512


def test_control_characters_are_refused_and_unicode_is_composed() -> None:
    for character in "\x00\x07\n\x85":
        with pytest.raises(PasswordHasControlCharacter):
            normal_password(f"some good {character} words")
    assert normal_password("cafe\u0301") == "caf\u00e9"


@given(st.text(max_size=300))
def test_any_text_is_either_refused_or_stays_the_same_when_taken_again(text: str) -> None:
    try:
        taken = chosen(text)
    except (PasswordTooShort, PasswordTooLong, PasswordHasControlCharacter, PasswordGuessable):
        return
    assert chosen(taken) == taken
