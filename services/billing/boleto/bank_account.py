"""A bank account that boletos are collected on, as a brand's file says; its numbers are counted.

Spans are in days. What its words mean to its bank stands in `agreements.py`.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True, kw_only=True)
class BankAccount:
    """`bank` is its code, such as 237; which other words it wants depends on it (`WORDS`).

    `printed_as` is how the slip names branch and beneficiary. The first boleto has the sequence
    `first_number`. A boleto of an invoice that is due sooner is due `due_in_days` from its issue;
    it can be paid for `payable_days` after its due date, late ones with fine and interest.
    """

    id: str
    bank: str
    wallet: str = ""
    branch: str = ""
    account: str = ""
    account_check_digit: str = ""
    agreement: str = ""
    service: str = ""
    beneficiary: str = ""
    modality: str = "registered"
    client_code: str = ""
    printed_as: str = ""
    first_number: int = 1
    due_in_days: int = 3
    payable_days: int = 30
    fine_percent: str = "0"
    interest_percent_a_month: str = "0"
    instructions: list[str] = field(default_factory=list)

    @property
    def numbered_by(self) -> str:
        """Within what the bank counts: whoever collects under the same words shares the count.

        >>> BankAccount(id="itau", bank="341", wallet="109", branch="0124", account="2124"
        ...     ).numbered_by
        '341-124-2124-109'
        """
        scope = (getattr(self, name).lstrip("0") or "0" for name in _NUMBERED_WITHIN[self.bank])
        return "-".join([self.bank, *scope])

    def due_on(self, invoice_due_on: date, *, today: date) -> date:
        """The day up to which a boleto that is issued today is paid in time."""
        if invoice_due_on > today:
            return invoice_due_on
        return today + timedelta(days=self.due_in_days)

    @property
    def printed_beneficiary(self) -> str:
        """Branch and beneficiary as the slip names them."""
        named = self.beneficiary or self.account or self.agreement
        return self.printed_as or "/".join(part for part in (self.branch, named) if part)


_NUMBERED_WITHIN = {
    "001": ("agreement",),
    "033": ("beneficiary",),
    "104": ("beneficiary", "modality"),
    "237": ("branch", "account", "wallet"),
    "341": ("branch", "account", "wallet"),
}
