"""Bradesco (237): own numbers of eleven digits within a wallet (carteira).

Source: Bradesco, Layout de Arquivo Cobrança (4008-524-0121), notes on "nosso número" and its check
digit and on the campo livre.
"""

from dataclasses import dataclass
from typing import ClassVar

from services.billing.boleto.digits import fixed_digits, modulo_11


def check_digit(digits: str) -> str:
    """Weights 2 to 7 from the right; what is missing to a multiple of 11, with P for 10.

    >>> check_digit("0600000000525"), check_digit("1900000000006"), check_digit("1900000000002")
    ('P', '0', '8')
    """
    missing = modulo_11(digits, heaviest=7) % 11
    return "P" if missing == 10 else str(missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class BradescoCollection:
    """How the bank collects for a beneficiary: wallet (2), branch (4), account (7 digits)."""

    BANK: ClassVar[str] = "237"

    wallet: str
    branch: str
    account: str

    def own_number(self, sequence: int) -> str:
        """Eleven digits and the check digit, as the bank's return files name them."""
        return self._number(sequence) + self.check_digit(sequence)

    def check_digit(self, sequence: int) -> str:
        """Over wallet and number."""
        return check_digit(self._wallet + self._number(sequence))

    def printed_own_number(self, sequence: int) -> str:
        """As it stands on the slip: 06/00000000525-P."""
        return f"{self._wallet}/{self._number(sequence)}-{self.check_digit(sequence)}"

    def free_field(self, sequence: int) -> str:
        """The 25 digits. Errors: BoletoInvalid, where a part is longer than its place."""
        branch = fixed_digits(self.branch, 4, field="branch")
        account = fixed_digits(self.account, 7, field="account")
        return branch + self._wallet + self._number(sequence) + account + "0"

    @property
    def _wallet(self) -> str:
        return fixed_digits(self.wallet, 2, field="wallet")

    def _number(self, sequence: int) -> str:
        return fixed_digits(str(sequence), 11, field="own_number")
