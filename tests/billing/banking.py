"""A house whose bank account has statements: files are made, sent and worked off."""

from dataclasses import replace
from datetime import date
from typing import Any

import httpx

from services.billing.bank_statements.statement import BankAccount, StatementEntry
from services.billing.bank_transfers.matching_run import MatchingRun
from tests.billing.bank_files import OfxForm, entry, ofx_file
from tests.billing.house import House, price

OWN = BankAccount(number="734816", bank_code="001")
METHODS: list[dict[str, Any]] = [
    {"id": "card", "kind": "hosted_page", "label": {"en": "Card"}},
    {
        "id": "transfer",
        "kind": "bank_transfer",
        "label": {"en": "Transfer"},
        "clearing_days": 2,
        "details": {"bank": "001", "account": "73481-6"},
        "accounts": [
            {"number": "73481-6", "currency": "BRL", "bank_code": "001", "branch": "0452-1"},
            {"number": "NL26VAYB8060476890", "currency": "BRL"},
        ],
    },
]


async def open_bank(house: House) -> None:
    """Give the brand its bank accounts."""
    await house.apply_brand(payment_methods=METHODS)


def credit(amount_minor: int, words: str, *, on: date, **changes: Any) -> StatementEntry:
    """Money that came to our account."""
    made = entry(amount_minor, booked_on=on, value_on=on, remittance=words, account=OWN)
    return replace(made, **changes)


def statement(*entries: StatementEntry) -> bytes:
    """An OFX file of these entries."""
    return ofx_file(list(entries), account=OWN, form=OfxForm(encoding="utf-8"))


async def send(house: House, content: bytes, *, token: str | None = None) -> httpx.Response:
    """Send a file as staff does."""
    return await house.http.request(
        "POST",
        "/v1/bank-statements",
        content=content,
        headers={
            "authorization": f"Bearer {token or house.staff()}",
            "content-type": "application/octet-stream",
        },
    )


async def take_in(house: House, *entries: StatementEntry) -> dict[str, Any]:
    """Import a file and decide about what it brought."""
    answer = await send(house, statement(*entries))
    assert answer.status_code == 201, answer.text
    await work_off(house)
    imported: dict[str, Any] = answer.json()
    return imported


async def work_off(house: House) -> int:
    """Decide about all entries that wait."""
    run = MatchingRun(store=house.store, consumers=house.service.consumers)
    done = await run.work_off()
    await house.catch_up()
    return done


async def entries(house: House, status: str = "open") -> list[dict[str, Any]]:
    """The brand's entries of that status, as staff sees them."""
    path = f"/v1/brands/ponto/bank-entries?status={status}"
    found: list[dict[str, Any]] = await house.do("GET", path, token=house.staff())
    return found


async def owed(house: House, account_id: Any, *, domain: str = "ana.example") -> dict[str, Any]:
    """A new invoice of the account over 2990."""
    order = await house.order(account_id, domain=domain)
    assert price()["recurring_minor"] == 2990
    return await house.invoice(account_id, order["invoice_id"])


async def decide(house: House, entry_id: str, what: str, body: Any) -> httpx.Response:
    """What staff says of an entry."""
    path = f"/v1/bank-entries/{entry_id}/{what}"
    answer = await house.ask("POST", path, body, token=house.staff())
    await house.catch_up()
    return answer


async def credit_of(house: House, account_id: Any) -> int:
    """What the account has with us."""
    found = await house.fetchval(
        "select -coalesce(sum(amount_minor), 0)::bigint from ledger_posting"
        " where ledger_account = 'client_credit' and account_id = $1",
        account_id,
    )
    return int(found)


async def pay_part(house: House, invoice_id: str, *, minor: int) -> str:
    """So much of it comes by the bank, and staff says what it is for; the id of the entry."""
    await take_in(house, credit(minor, "hospedagem", on=await house.today()))
    (taken,) = await entries(house)
    body = {"invoices": [{"invoice_id": invoice_id, "amount_minor": minor}]}
    assert (await decide(house, taken["entry_id"], "assignment", body)).is_success
    return str(taken["entry_id"])
