"""What a brand file says of the bank accounts and PIX keys that it is paid by in Brazil."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from deploy.local.brandwords import Days, Line, Part, Slug

Digits = Annotated[str, StringConstraints(pattern=r"^(|[0-9]{1,20})$")]
Percent = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]


class BankAccount(Part):
    """An account that boletos are collected on, in the words of its bank.

    Banco do Brasil (001): wallet, agreement. Santander (033): wallet, beneficiary. Caixa (104):
    beneficiary. Bradesco (237), Itaú (341): wallet, branch, account. The first boleto has the
    number `first_number`, which does not change later. Fine and interest are asked of late ones,
    which the bank takes for `payable_days`.
    """

    id: Slug
    bank: Literal["001", "033", "104", "237", "341"]
    wallet: Digits = ""
    branch: Digits = ""
    account: Digits = ""
    account_check_digit: Digits = ""
    agreement: Digits = ""
    service: Digits = ""
    beneficiary: Digits = ""
    modality: Literal["registered", "unregistered"] = "registered"
    client_code: Digits = ""
    printed_as: Annotated[str, StringConstraints(max_length=60)] = ""
    first_number: Annotated[int, Field(ge=1, lt=10**15)] = 1
    due_in_days: Days = 3
    payable_days: Days = 30
    fine_percent: Percent = "0"
    interest_percent_a_month: Percent = "0"
    instructions: Annotated[list[Line], Field(max_length=6)] = Field(default_factory=list)


class PixReceiver(Part):
    """A PIX key; a payer's bank shows `name` and `city`. Static codes do without the PSP's charges
    and can be paid twice; what comes twice is credit."""

    id: Slug
    key: Annotated[str, StringConstraints(min_length=1, max_length=77)]
    name: Line
    city: Line
    expires_after_minutes: Annotated[int, Field(ge=1, le=525_600)] = 1440
    is_static: bool = False
