"""Itaú Unibanco (341): own numbers of eight digits within a wallet (carteira).

Source: Itaú, Manual de Cobrança CNAB 400 (notes on "nosso número", DAC and the layout of the
campo livre, with the wallets that are an exception).
"""

from dataclasses import dataclass
from typing import ClassVar

from services.billing.boleto.digits import fixed_digits, modulo_10

CHECKED_ALONE = frozenset({"112", "126", "131", "146", "150", "168"})
"""Wallets whose check digit of the own number leaves branch and account out."""

WITH_CLIENT_NUMBER = frozenset({"106", "107", "122", "142", "143", "195", "196", "198"})
"""Wallets that carry the beneficiary's own document number and code instead of its account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItauCollection:
    """How the bank collects for a beneficiary: wallet (3 digits), branch (4), account (5).

    The account's check digit is worked out where it is not given. `client_code` (5) and `document`
    (7, "seu número") are used by the wallets of `WITH_CLIENT_NUMBER` alone.
    """

    BANK: ClassVar[str] = "341"

    wallet: str
    branch: str
    account: str
    account_check_digit: str = ""
    client_code: str = "0"
    document: str = "0"

    def own_number(self, sequence: int) -> str:
        """Eight digits, as the bank's return files name them."""
        return fixed_digits(str(sequence), 8, field="own_number")

    def check_digit(self, sequence: int) -> str:
        """The DAC behind the own number: modulo 10 of branch, account, wallet and number."""
        number = self._wallet + self.own_number(sequence)
        alone = self._wallet in CHECKED_ALONE
        return str(modulo_10(number if alone else self._branch + self._account + number))

    def printed_own_number(self, sequence: int) -> str:
        """As it stands on the slip: 109/00223350-2."""
        return f"{self._wallet}/{self.own_number(sequence)}-{self.check_digit(sequence)}"

    def free_field(self, sequence: int) -> str:
        """The 25 digits. Errors: BoletoInvalid, where a part is longer than its place."""
        number = self._wallet + self.own_number(sequence)
        if self._wallet in WITH_CLIENT_NUMBER:
            document = fixed_digits(self.document, 7, field="document")
            body = number + document + fixed_digits(self.client_code, 5, field="client_code")
            return f"{body}{modulo_10(body)}0"
        home = self._branch + self._account
        digit = fixed_digits(
            self.account_check_digit or str(modulo_10(home)), 1, field="account_check_digit"
        )
        return f"{number}{self.check_digit(sequence)}{home}{digit}000"

    @property
    def _wallet(self) -> str:
        return fixed_digits(self.wallet, 3, field="wallet")

    @property
    def _branch(self) -> str:
        return fixed_digits(self.branch, 4, field="branch")

    @property
    def _account(self) -> str:
        return fixed_digits(self.account, 5, field="account")
