"""Santander (033): own numbers of twelve digits and a check digit.

Source: Santander, Layout de Código de Barras, Cobrança (notes on "nosso número" and campo livre).
"""

from dataclasses import dataclass
from typing import ClassVar

from services.billing.boleto.digits import fixed_digits, modulo_11

WITHOUT_INSURANCE_TAX = "0"
"""IOF, which insurers alone collect."""


def check_digit(digits: str) -> str:
    """Weights 2 to 9 from the right; what is missing to a multiple of 11, with 0 above 9.

    >>> check_digit("566612457800"), check_digit("90002720"), check_digit("1961005")
    ('2', '7', '0')
    """
    missing = modulo_11(digits)
    return "0" if missing > 9 else str(missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class SantanderCollection:
    """How the bank collects for a beneficiary: its code (7 digits), wallet 101, 102 or 201."""

    BANK: ClassVar[str] = "033"

    wallet: str
    beneficiary: str

    def own_number(self, sequence: int) -> str:
        """Twelve digits and the check digit, as the bank's return files name them."""
        return self._number(sequence) + check_digit(self._number(sequence))

    def printed_own_number(self, sequence: int) -> str:
        """As it stands on the slip: 000090002720-7."""
        return f"{self._number(sequence)}-{check_digit(self._number(sequence))}"

    def free_field(self, sequence: int) -> str:
        """The 25 digits. Errors: BoletoInvalid, where a part is longer than its place."""
        beneficiary = fixed_digits(self.beneficiary, 7, field="beneficiary")
        wallet = fixed_digits(self.wallet, 3, field="wallet")
        return "9" + beneficiary + self.own_number(sequence) + WITHOUT_INSURANCE_TAX + wallet

    def _number(self, sequence: int) -> str:
        return fixed_digits(str(sequence), 12, field="own_number")
