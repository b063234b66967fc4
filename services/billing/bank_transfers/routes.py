"""How an invoice is paid by bank transfer."""

from datetime import date
from uuid import UUID

from pydantic import ConfigDict

from services.billing.bank_transfers.instructions import transfer_instructions
from services.billing.state import cause_of, check_reader
from shared.errors import NotFound
from shared.http import Answer, Call, Router, Who

router = Router(tags=["bank transfers"])

_INVOICE = "01939000-0000-7000-8000-000000000007"


class TransferWayOut(Answer):
    """A way to pay by transfer: its name by language, and what the payer needs, by name."""

    method: str
    label: dict[str, str]
    clearing_days: int
    details: dict[str, str]


class TransferOut(Answer):
    """What to pay (minor units), where to, and the reference to write; no way: nothing is owed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "invoice_id": _INVOICE,
                    "reference": "PON-2026-000042",
                    "amount_minor": 2990,
                    "currency": "BRL",
                    "due_on": "2026-12-05",
                    "ways": [
                        {
                            "method": "bank-transfer",
                            "label": {"pt-BR": "Transferência bancária"},
                            "clearing_days": 2,
                            "details": {"bank": "001", "branch": "0452-1", "account": "73481-6"},
                        }
                    ],
                }
            ]
        }
    )

    invoice_id: UUID
    reference: str
    amount_minor: int
    currency: str
    due_on: date
    ways: list[TransferWayOut]


@router.get("/v1/invoices/{invoice_id}/bank-transfer", who=Who.USER, errors=(NotFound,))
async def get_transfer(invoice_id: UUID, call: Call) -> TransferOut:
    """How to pay the invoice by bank transfer: at once, nothing is begun by asking."""
    async with call.store.transaction(cause_of(call)) as tx:
        told = await transfer_instructions(invoice_id, tx)
    check_reader(call, told.account_id, brand=told.brand)
    return TransferOut.model_validate(told)
