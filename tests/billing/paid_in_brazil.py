"""A brand that is paid by boleto and PIX, and its bank, which writes return files."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import httpx

from deploy.local.sandbox.bank_returns import Sender, Told, return_240, return_400
from services.billing.boleto.bank_account import BankAccount
from services.billing.pix.receiver import PixReceiver
from tests.billing.house import House

ACCOUNTS: dict[str, dict[str, Any]] = {
    "001": {"wallet": "17", "agreement": "2387987"},
    "033": {"wallet": "101", "beneficiary": "0282033"},
    "104": {"beneficiary": "123456"},
    "237": {"wallet": "09", "branch": "1234", "account": "123456"},
    "341": {"wallet": "109", "branch": "1248", "account": "2124"},
}
"""What each bank wants to know."""
LATE = {"fine_percent": "2", "interest_percent_a_month": "1"}
KEY = "123e4567-e89b-12d3-a456-426614174000"
RECEIVER = {"id": "main", "key": KEY, "name": "Ponto Hospedagem", "city": "Florianópolis"}


def bank_account(bank: str = "237", /, **changed: Any) -> BankAccount:
    return BankAccount(**{"id": f"bank-{bank}", "bank": bank, **ACCOUNTS[bank], **LATE, **changed})


def pix_receiver(**changed: Any) -> PixReceiver:
    return PixReceiver(**{**RECEIVER, **changed})


def ways_to_pay(bank: str = "237", *, is_static: bool = False) -> dict[str, Any]:
    """What a brand file says of boletos of a bank, and of PIX."""
    account = {"id": "main", "bank": bank, **ACCOUNTS[bank], **LATE}
    return {
        "bank_accounts": [account],
        "pix_receivers": [{**RECEIVER, "is_static": is_static}],
        "payment_methods": [
            {"id": "card", "kind": "hosted_page", "label": {"en": "Card"}},
            {"id": "slip", "kind": "boleto", "label": {"en": "Boleto"}, "bank_account": "main"},
            {"id": "pix", "kind": "pix", "label": {"en": "PIX"}, "pix_receiver": "main"},
            {"id": "transfer", "kind": "bank_transfer", "label": {"en": "Transfer"}},
        ],
    }


async def pays_in_brazil(house: House, bank: str = "237", *, is_static: bool = False) -> None:
    await house.apply_brand(**ways_to_pay(bank, is_static=is_static))


async def open_attempt(
    house: House, account_id: UUID, invoice_id: str, *, method: str
) -> tuple[str, dict[str, str]]:
    """The id of an attempt, and what the payer is told."""
    token = house.client(account_id)
    path = f"/v1/invoices/{invoice_id}/payments"
    payment = await house.do("POST", path, {"method": method}, token=token)
    opened = await house.do(
        "POST",
        f"/v1/payments/{payment['payment_id']}/hosted-page",
        {"return_url_path": f"/invoices/{invoice_id}"},
        token=token,
    )
    await house.catch_up()
    return payment["payment_id"], opened["instructions"]


async def order_and_boleto(house: House, account_id: UUID, domain: str) -> dict[str, Any]:
    """An order and the boleto of its invoice."""
    order = await house.order(account_id, domain=domain)
    _, told = await open_attempt(house, account_id, order["invoice_id"], method="slip")
    path = f"/v1/boletos/{told['boleto_id']}"
    boleto = await house.do("GET", path, token=house.client(account_id))
    return {**order, **boleto}


def sender(bank: str, *, on: date = date(2026, 11, 23), sequence: int = 1) -> Sender:
    return Sender(
        bank=bank,
        company="PONTO HOSPEDAGEM LTDA",
        branch="1234",
        account="123456",
        written_on=on,
        sequence=sequence,
    )


def paid(boleto: dict[str, Any], *, bank: str = "237", columns: int = 400, **says: Any) -> Told:
    """The bank's word that the boleto was paid, in full unless it says else."""
    told = Told(
        own_number=boleto["own_number"],
        code="21" if (bank, columns) == ("104", 400) else "06",
        amount_minor=boleto["amount_minor"],
        received_minor=boleto["amount_minor"],
        occurred_on=date(2026, 11, 20),
        credited_on=date(2026, 11, 23),
    )
    return replace(told, **says)


def written(told: Iterable[Told], *, bank: str = "237", columns: int = 400, **of: Any) -> bytes:
    write = return_400 if columns == 400 else return_240
    return "".join(write(sender(bank, **of), told)).encode("latin-1")


async def bring(
    house: House, body: bytes, *, name: str = "CB.RET", staff: str = ""
) -> httpx.Response:
    """The file as staff uploads it."""
    return await house.http.post(
        "/v1/return-files",
        params={"name": name},
        content=body,
        headers={
            "authorization": f"Bearer {staff or house.staff()}",
            "content-type": "application/octet-stream",
        },
    )


async def settle(house: House, body: bytes, *, name: str = "CB.RET") -> dict[str, Any]:
    """What came of a file that staff brought."""
    answer = await bring(house, body, name=name)
    assert answer.status_code == 202, answer.text
    while await house.service.state.return_files.work_off_next():
        pass
    await house.catch_up()
    path = f"/v1/return-files/{answer.json()['return_file_id']}"
    found: dict[str, Any] = await house.do("GET", path, token=house.staff())
    return found


def outcomes(file: dict[str, Any]) -> dict[str, int]:
    return {each["outcome"]: each["lines"] for each in file["outcomes"]}
