"""What a brand file may say of the bank accounts and PIX keys that it is paid by in Brazil."""

from typing import Annotated, Literal

from pydantic import Field

from services.billing.catalogue.bodies import Slug
from shared.http.body import Body, Line

Digits = Annotated[str, Field(pattern=r"^(|[0-9]{1,20})$")]
Percent = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
Span = Annotated[int, Field(ge=0, le=365)]


class BankAccountBody(Body):
    """An account that boletos are collected on; which words a bank wants, billing knows."""

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
    printed_as: Annotated[str, Field(max_length=60)] = ""
    first_number: Annotated[int, Field(ge=1, lt=10**15)] = 1
    due_in_days: Span = 3
    payable_days: Span = 30
    fine_percent: Percent = "0"
    interest_percent_a_month: Percent = "0"
    instructions: Annotated[list[Line], Field(max_length=6)] = Field(default_factory=list)


class PixReceiverBody(Body):
    """A PIX key that is paid to; a payer's bank shows name and city."""

    id: Slug
    key: Annotated[str, Field(min_length=1, max_length=77)]
    name: Line
    city: Line
    expires_after_minutes: Annotated[int, Field(ge=1, le=525_600)] = 1440
    is_static: bool = False
