"""A boleto's barcode (44 digits) and linha digitável (47 digits): one value, written and read.

Amounts are centavos. Source: Banco Central, Carta-Circular 2.926 with FEBRABAN's layout of the
ficha de compensação. The barcode is bank (3), currency (1), check digit (1), due-date factor (4),
amount (10) and the bank's free field (25). The line has the same digits in another order: bank,
currency and free field in three fields with a check digit each, then the barcode's check digit,
then factor and amount.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Self

from services.billing.boleto.digits import BoletoInvalid, barcode_check_digit, modulo_10
from services.billing.boleto.due_factor import due_date, due_factor

REAL = "9"
BARCODE_DIGITS = 44
LINE_DIGITS = 47
COLLECTION_LINE_DIGITS = 48
LARGEST_AMOUNT_MINOR = 10**10 - 1

SEPARATORS = re.compile(r"[ .\-\u00a0\t\r\n]+")
LONGEST_TEXT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """What a boleto says in digits. `due_factor` 0 means no date, `amount_minor` 0 any amount."""

    bank: str
    due_factor: int
    amount_minor: int
    free_field: str

    @classmethod
    def of(cls, *, bank: str, due_on: date | None, amount_minor: int, free_field: str) -> Self:
        """The barcode of an amount that is due on a day, or on no day in particular.

        Errors: BoletoInvalid, where a part does not fit its place. FEBRABAN lets an amount of more
        than ten digits take the place of the factor; such a boleto is neither written nor read.
        """
        factor = due_factor(due_on) if due_on else 0
        barcode = cls(
            bank=bank, due_factor=factor, amount_minor=amount_minor, free_field=free_field
        )
        return barcode._checked()

    def _checked(self) -> Self:
        for field, digits, width in (("bank", self.bank, 3), ("free_field", self.free_field, 25)):
            if not re.fullmatch(f"[0-9]{{{width}}}", digits):
                raise BoletoInvalid(field=field, reason="digits", width=width)
        if self.bank.startswith("8"):
            raise BoletoInvalid(field="bank", reason="collection")
        if not 0 <= self.amount_minor <= LARGEST_AMOUNT_MINOR:
            raise BoletoInvalid(field="amount_minor", reason="out_of_range")
        if 0 < self.due_factor < 1000:
            raise BoletoInvalid(field="due_factor", reason="amount_beyond_ten_digits")
        return self

    @property
    def factor_and_amount(self) -> str:
        """The 14 digits that are the same in barcode and line."""
        return f"{self.due_factor:04}{self.amount_minor:010}"

    @property
    def check_digit(self) -> str:
        """The one digit over all others (position 5 of the barcode, field 4 of the line)."""
        others = self.bank + REAL + self.factor_and_amount + self.free_field
        return str(barcode_check_digit(others))

    @property
    def digits(self) -> str:
        """The 44 digits under the bars."""
        front = self.bank + REAL + self.check_digit
        return front + self.factor_and_amount + self.free_field

    @property
    def line(self) -> str:
        """The linha digitável, in the five groups in which it is printed."""
        first = self.bank + REAL + self.free_field[:5]
        fields = (first, self.free_field[5:15], self.free_field[15:])
        checked = (field + str(modulo_10(field)) for field in fields)
        printed = " ".join(f"{field[:5]}.{field[5:]}" for field in checked)
        return f"{printed} {self.check_digit} {self.factor_and_amount}"

    def due_on(self, *, read_on: date) -> date | None:
        """The due date as who reads it on `read_on` has to take it (`due_date`)."""
        return due_date(self.due_factor, read_on=read_on)


def read_boleto(text: str) -> Barcode:
    """The boleto behind a barcode or a linha digitável, with or without dots, dashes and spaces.

    Errors: BoletoInvalid, whose facts name the field and the position (from 1) of the digit that
    is wrong. What utilities and the state collect with (48 digits, or a first digit 8) is none.

    >>> read_boleto("00190.50095 40144.816069 06809.350314 3 37370000000100").digits
    '00193373700000001000500940144816060680935031'
    >>> read_boleto("00193373700000001000500940144816060680935031").line
    '00190.50095 40144.816069 06809.350314 3 37370000000100'
    """
    digits = SEPARATORS.sub("", text) if len(text) <= LONGEST_TEXT else ""
    if not re.fullmatch("[0-9]+", digits):
        raise BoletoInvalid(field="boleto", reason="digits")
    if digits.startswith("8") or len(digits) == COLLECTION_LINE_DIGITS:
        raise BoletoInvalid(field="boleto", reason="collection")
    if len(digits) == LINE_DIGITS:
        return _from_line(digits)
    if len(digits) == BARCODE_DIGITS:
        return _from_barcode(digits, check_digit_position=5)
    raise BoletoInvalid(field="boleto", reason="length", length=len(digits))


def _from_line(line: str) -> Barcode:
    for number, (begin, end) in enumerate(((0, 9), (10, 20), (21, 31)), start=1):
        if modulo_10(line[begin:end]) != int(line[end]):
            raise BoletoInvalid(field=f"field_{number}", reason="check_digit", position=end + 1)
    barcode = line[:4] + line[32:] + line[4:9] + line[10:20] + line[21:31]
    return _from_barcode(barcode, check_digit_position=33)


def _from_barcode(digits: str, *, check_digit_position: int) -> Barcode:
    if digits[3] != REAL:
        raise BoletoInvalid(field="currency", reason="not_real", position=4)
    barcode = Barcode(
        bank=digits[:3],
        due_factor=int(digits[5:9]),
        amount_minor=int(digits[9:19]),
        free_field=digits[19:],
    )
    if barcode.check_digit != digits[4]:
        raise BoletoInvalid(
            field="check_digit", reason="check_digit", position=check_digit_position
        )
    return barcode._checked()
