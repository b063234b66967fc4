"""Caixa Econômica Federal (104, SIGCB): own numbers of seventeen digits.

Source: Caixa, Especificações Técnicas para Emissão de Boletos, Cobrança Bancária SIGCB (67.119).
"""

from dataclasses import dataclass
from typing import ClassVar

from services.billing.boleto.digits import BoletoInvalid, fixed_digits, modulo_11

MODALITIES = {"registered": "1", "unregistered": "2"}
ISSUED_BY_BENEFICIARY = "4"


def check_digit(digits: str) -> str:
    """Weights 2 to 9 from the right; what is missing to a multiple of 11, with 0 above 9.

    >>> check_digit("14000000000000001"), check_digit("654321"), check_digit("123456")
    ('4', '9', '0')
    """
    missing = modulo_11(digits)
    return "0" if missing > 9 else str(missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaixaCollection:
    """How the bank collects for a beneficiary: a code of 6 digits, or of 7 as given since 2019.

    `modality` is "registered" or "unregistered"; the beneficiary prints its slips itself.
    """

    BANK: ClassVar[str] = "104"

    beneficiary: str
    modality: str = "registered"

    def own_number(self, sequence: int) -> str:
        """Modality, issuer and fifteen digits, as the bank's return files name them."""
        if self.modality not in MODALITIES:
            raise BoletoInvalid(field="modality", reason="unknown")
        number = fixed_digits(str(sequence), 15, field="own_number")
        return MODALITIES[self.modality] + ISSUED_BY_BENEFICIARY + number

    def printed_own_number(self, sequence: int) -> str:
        """As it stands on the slip: 14000000000000001-4."""
        number = self.own_number(sequence)
        return f"{number}-{check_digit(number)}"

    def free_field(self, sequence: int) -> str:
        """The 25 digits. Errors: BoletoInvalid, where a part is longer than its place."""
        number = self.own_number(sequence)
        thirds = number[2:5] + number[0] + number[5:8] + number[1] + number[8:]
        body = self._beneficiary + thirds
        return body + check_digit(body)

    @property
    def _beneficiary(self) -> str:
        """Seven digits: the code and its check digit, or the longer code, which has none."""
        if len(self.beneficiary) == 7:
            return fixed_digits(self.beneficiary, 7, field="beneficiary")
        code = fixed_digits(self.beneficiary, 6, field="beneficiary")
        return code + check_digit(code)
