"""Numbers of payment cards in a text: found, so that they are refused or masked (PCI DSS 3.3).

A number is taken for a card's if it is written as one (whole, or in the groups that cards bear),
has the issuer's first digits and length (ISO/IEC 7812) and the check digit of Luhn. What is an
IBAN, a CNPJ, a REGON, part of an id, or a phone number after `+`, is none.
"""

import re
import unicodedata
from collections.abc import Iterator

from stdnum import iban, luhn
from stdnum.br import cnpj
from stdnum.pl import regon

from shared.errors import Invalid

_SHORTEST, _LONGEST = 14, 19
_SEPARATOR = r"[ .\-\u00a0\u00ad\u00b7\u2000-\u2015\u202f\u2060\u2212\u3000\ufeff]"
_RUN = re.compile(rf"\d(?:{_SEPARATOR}{{0,2}}\d){{{_SHORTEST - 1},}}")
"""Digits, with at most two characters between two of them."""
_GROUP = re.compile(r"\d+")
_WORD_BEFORE = re.compile(r"[A-Za-z0-9_]+\Z")
_WORD_AFTER = re.compile(r"[A-Za-z0-9_]+")
_NAMES = re.compile(
    r"(?i)(?:card|cards|cardnumber|cc|ccn|pan|visa|master|mastercard|mc|amex|elo|mir|maestro|"
    r"cartao|cartão|tarjeta|karta|number|numero|no|nr|cvv|cvc|cvv2|cvc2|exp|val)"
)
"""Words that may stand right before or after a card's number; others make it a part of an id."""
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9]){10,30}")

_AFTER = 8
_BEFORE = 3
"""How many digits may follow or precede the number in one run: expiry, security code, a count."""

_FOURS = re.compile(r"4(?:,4){2,3}(?:,[1-4])?")
_OTHER_GROUPS = {(4, 6, 5), (4, 6, 4)}

_ISSUERS = (
    (re.compile(r"4"), {16, 19}),  # Visa; its 13 digits are history
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), {16}),  # Mastercard
    (re.compile(r"3[47]"), {15}),  # American Express
    (re.compile(r"30[0-5]|36|3[89]"), {14, 16, 19}),  # Diners Club
    (re.compile(r"6011|64[4-9]|65"), {16, 19}),  # Discover, Elo
    (re.compile(r"35(?:2[89]|[3-8])"), {16, 19}),  # JCB
    (re.compile(r"62"), {16, 17, 18, 19}),  # UnionPay
    (re.compile(r"220[0-4]"), {16, 17, 18, 19}),  # Mir
    (re.compile(r"50|5[6-8]|6"), {16, 18, 19}),  # Maestro, Elo, Hipercard, RuPay
)


class CardNumberRefused(Invalid):
    """Numbers of payment cards do not belong here; only the payment page may see yours."""


def has_card_number(text: str) -> bool:
    """Whether the number of a payment card stands in the text.

    >>> has_card_number("my card 4242 4242-4242 4242, 12/30")
    True
    >>> has_card_number("ES91 2100 0418 4502 0005 1332, +55 11 91234-5678")
    False
    """
    return any(True for _ in _found(text))


def refuse_card_numbers(value: object, *, field: str = "body") -> None:
    """Raise `CardNumberRefused`, with the field, if a card's number stands anywhere in a document.

    `value` is what JSON can hold; names are looked at like values. The number is not repeated.
    """
    match value:
        case str() if has_card_number(value):
            raise CardNumberRefused(field=field)
        case int() | float() if has_card_number(str(value)):
            raise CardNumberRefused(field=field)
        case dict():
            for name, content in value.items():
                refuse_card_numbers(name, field=field)
                refuse_card_numbers(content, field=f"{field}.{name}")
        case list():
            for content in value:
                refuse_card_numbers(content, field=field)
        case _:
            pass


def masked(text: str) -> str:
    """The text with all but the last four digits of each card's number as asterisks.

    >>> masked("my card 4242 4242 4242 4242, please")
    'my card **** **** **** 4242, please'
    """
    kept, upto = [], 0
    for begins, ends in _found(text):
        digits = [place for place in range(begins, ends) if text[place].isdecimal()]
        hidden = set(digits[:-4])
        kept.append(text[upto:begins])
        kept.append("".join("*" if at in hidden else text[at] for at in range(begins, ends)))
        upto = ends
    return "".join([*kept, text[upto:]])


def _found(text: str) -> Iterator[tuple[int, int]]:
    """Where the numbers of cards stand: from, to."""
    if text.isascii() and not any(digit in text for digit in "0123456789"):
        return
    ibans: list[tuple[int, int]] | None = None
    for run in _RUN.finditer(text):
        ibans = _ibans(text) if ibans is None else ibans
        is_iban = any(begins <= run.start() < ends for begins, ends in ibans)
        if not is_iban and not _is_part_of_more(text, run):
            yield from _in_run(run)


def _ibans(text: str) -> list[tuple[int, int]]:
    """Where IBANs stand. What follows one may look as if it belonged to it."""
    found = []
    for match in _IBAN.finditer(text):
        ends = range(match.end(), match.start() + _SHORTEST, -1)
        valid = (end for end in ends if iban.is_valid(text[match.start() : end]))
        if end := next(valid, 0):
            found.append((match.start(), end))
    return found


def _is_part_of_more(text: str, run: re.Match[str]) -> bool:
    """Whether letters or an underscore touch the digits, or a plus stands before them."""
    before = _WORD_BEFORE.search(text, max(0, run.start() - 20), run.start())
    after = _WORD_AFTER.match(text, run.end())
    beside = [word[0] for word in (before, after) if word]
    is_phone = text[max(0, run.start() - 2) : run.start()].strip().endswith("+")
    return is_phone or any(_NAMES.fullmatch(word) is None for word in beside)


def _in_run(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The one card's number in a run of digits, at its beginning or at its end, if any."""
    groups = [(run.start() + g.start(), run.start() + g.end()) for g in _GROUP.finditer(run[0])]
    sizes = [ends - begins for begins, ends in groups]
    whole = sum(sizes)
    if whole > _LONGEST + _BEFORE + _AFTER:
        return
    for count in range(len(groups), 0, -1):
        for first in {0, len(groups) - count}:
            digits_before = sum(sizes[:first])
            digits_after = whole - digits_before - sum(sizes[first : first + count])
            if digits_before > _BEFORE or digits_after > _AFTER:
                continue
            begins, ends = groups[first][0], groups[first + count - 1][1]
            if _is_card(run.string[begins:ends], sizes[first : first + count]):
                yield begins, ends
                return


def _is_card(written: str, sizes: list[int]) -> bool:
    digits = "".join(str(unicodedata.decimal(c)) for c in written if c.isdecimal())
    if not _is_written_as_card(sizes) or not _has_issuer(digits) or not luhn.is_valid(digits):
        return False
    return not (cnpj.is_valid(digits) or regon.is_valid(digits) or len(set(digits)) == 1)


def _is_written_as_card(sizes: list[int]) -> bool:
    is_in_fours = _FOURS.fullmatch(",".join(map(str, sizes))) is not None
    return len(sizes) == 1 or is_in_fours or tuple(sizes) in _OTHER_GROUPS


def _has_issuer(digits: str) -> bool:
    return any(len(digits) in lengths and start.match(digits) for start, lengths in _ISSUERS)
