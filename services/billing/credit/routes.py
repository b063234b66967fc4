"""Using the account's credit by hand."""

from uuid import UUID

from pydantic import ConfigDict

from services.billing.credit.commands import NoCreditHeld, PayByCredit, pay_by_credit
from services.billing.invoices.settlement import (
    InvoiceAlreadyPaid,
    InvoiceIsCancelled,
    PaymentAlreadyOpen,
)
from services.billing.state import account_of
from shared.errors import NotFound
from shared.http import Answer, Call, Router, Who

router = Router(tags=["credit"])


class PaidByCreditOut(Answer):
    """What is left to pay of the invoice, in minor units."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "invoice_id": "01939000-0000-7000-8000-000000000007",
                    "open_minor": 0,
                    "currency": "BRL",
                }
            ]
        }
    )

    invoice_id: UUID
    open_minor: int
    currency: str


@router.post(
    "/v1/invoices/{invoice_id}/credit",
    who=Who.CLIENT,
    errors=(NotFound, InvoiceAlreadyPaid, InvoiceIsCancelled, PaymentAlreadyOpen, NoCreditHeld),
)
async def post_credit(invoice_id: UUID, call: Call) -> PaidByCreditOut:
    """Settle what the account's credit covers of an open invoice."""
    account_id, _ = account_of(call)
    command = PayByCredit(account_id=account_id, invoice_id=invoice_id)
    invoice = await pay_by_credit(command, call.tx)
    return PaidByCreditOut(
        invoice_id=invoice.id, open_minor=invoice.open_minor, currency=invoice.currency
    )
