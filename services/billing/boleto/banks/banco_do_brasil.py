"""Banco do Brasil (001): own numbers begin with the agreement (convênio), whose length rules.

Source: Banco do Brasil, Especificações Técnicas para Confecção de Boleto de Cobrança (free field
and "nosso número" for agreements of 4, 6 and 7 digits); 8 digits as BB has given them since.
"""

from dataclasses import dataclass
from typing import ClassVar

from services.billing.boleto.digits import BoletoInvalid, fixed_digits, modulo_11

SEQUENCE_DIGITS = {4: 7, 6: 5, 7: 10, 8: 9}
"""Digits of the agreement -> digits of the sequence behind it."""

FREE_NUMBER_SERVICE = "21"
"""The service that lets an agreement of six digits number with seventeen digits of its own."""


def check_digit(digits: str) -> str:
    """Weights 9 to 2 from the right; the rest by 11, with X for 10.

    >>> check_digit("05009401448"), check_digit("4042"), check_digit("12387987777700168")
    ('1', '8', '2')
    """
    rest = modulo_11(digits) % 11
    return "X" if rest == 10 else str(rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class BancoDoBrasilCollection:
    """How the bank collects for a beneficiary: wallet (2), agreement (4, 6, 7 or 8 digits).

    `branch` (4) and `account` (8) are part of the free field of agreements of 4 and 6 digits.
    `service` 21 is for wallets 16 and 18 of agreements of 6 digits.
    """

    BANK: ClassVar[str] = "001"

    wallet: str
    agreement: str
    branch: str = "0"
    account: str = "0"
    service: str = ""

    def own_number(self, sequence: int) -> str:
        """Seventeen digits without a check digit, or eleven and one: as return files name them."""
        number = self._number(sequence)
        return number if len(number) == 17 else number + check_digit(number)

    def printed_own_number(self, sequence: int) -> str:
        """As it stands on the slip: 12387987777700168, or 05009401448-1."""
        number = self._number(sequence)
        return number if len(number) == 17 else f"{number}-{check_digit(number)}"

    def free_field(self, sequence: int) -> str:
        """The 25 digits. Errors: BoletoInvalid, where a part does not fit its place."""
        number, wallet = self._number(sequence), fixed_digits(self.wallet, 2, field="wallet")
        if self.service:
            return self.agreement + number + FREE_NUMBER_SERVICE
        if len(number) == 17:
            return "000000" + number + wallet
        branch = fixed_digits(self.branch, 4, field="branch")
        return number + branch + fixed_digits(self.account, 8, field="account") + wallet

    def _number(self, sequence: int) -> str:
        agreement = fixed_digits(self.agreement, len(self.agreement), field="agreement")
        if len(agreement) not in SEQUENCE_DIGITS:
            raise BoletoInvalid(field="agreement", reason="length", length=len(agreement))
        if not self.service:
            width = SEQUENCE_DIGITS[len(agreement)]
            return agreement + fixed_digits(str(sequence), width, field="own_number")
        if (self.service, len(agreement)) != (FREE_NUMBER_SERVICE, 6):
            raise BoletoInvalid(field="service", reason="agreement")
        if self.wallet not in {"16", "18"}:
            raise BoletoInvalid(field="service", reason="wallet")
        return fixed_digits(str(sequence), 17, field="own_number")
