"""Boletos of an account: what can be paid by them, the segunda via, taking one back; PIX codes."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from asyncpg import Record
from fastapi import Query
from pydantic import ConfigDict

from services.billing.boleto.boleto import BoletoNotPayable
from services.billing.boleto.commands import (
    EndBoleto,
    ReissueBoleto,
    end_boleto,
    own_boleto,
    reissue_boleto,
)
from services.billing.state import account_of, check_reader
from shared.database import acquire
from shared.errors import Forbidden, NotFound
from shared.http import Answer, Body, Call, Day, Router, Who

router = Router(tags=["boleto and pix"])


class AgainOut(Answer):
    """A segunda via: what is to be paid, with fine and interest, until `pay_by`."""

    pay_by: date
    line: str
    barcode: str
    amount_minor: int


class BoletoOut(Answer):
    """A boleto in centavos. `status`: open, collected or ended. `line`: the linha digitável."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "boleto_id": "01939000-0000-5000-8000-000000000051",
                    "payment_id": "01939000-0000-7000-8000-000000000019",
                    "invoice_id": "01939000-0000-7000-8000-000000000007",
                    "bank": "237",
                    "own_number": "000000005255",
                    "line": "23790.04520 90000.000529 55000.734809 1 16000000002990",
                    "barcode": "23791160000000029900045090000000052550007348",
                    "amount_minor": 2990,
                    "due_on": "2026-12-01",
                    "payable_until": "2026-12-31",
                    "issued_at": "2026-11-21T12:00:00Z",
                    "status": "open",
                    "paid_minor": 0,
                    "late_charges_minor": 0,
                    "again": [],
                }
            ]
        }
    )

    boleto_id: UUID
    payment_id: UUID
    invoice_id: UUID
    bank: str
    own_number: str
    line: str
    barcode: str
    amount_minor: int
    due_on: date
    payable_until: date
    issued_at: datetime
    status: str
    paid_minor: int
    late_charges_minor: int
    again: list[AgainOut]


@router.get("/v1/boletos", who=Who.CLIENT)
async def get_boletos(
    call: Call,
    invoice_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: UUID | None = None,
) -> list[BoletoOut]:
    """The account's boletos, newest first; `after` is the last one of the page before."""
    account_id, _ = account_of(call)
    async with acquire(call.db) as db:
        rows = await db.fetch(_PAGE, account_id, invoice_id, after, limit)
        again = await db.fetch(_AGAIN, [row["boleto_id"] for row in rows])
    return [_boleto(row, again) for row in rows]


_PAGE = """
select * from boleto b where account_id = $1 and ($2::uuid is null or invoice_id = $2)
   and ($3::uuid is null or (issued_at, boleto_id) < (
       select a.issued_at, a.boleto_id from boleto a where a.boleto_id = $3 and a.account_id = $1))
order by issued_at desc, boleto_id desc limit $4
"""
_AGAIN = "select * from boleto_again where boleto_id = any($1) order by pay_by"


@router.get("/v1/boletos/{boleto_id}", who=Who.USER, errors=(NotFound, Forbidden))
async def get_boleto(boleto_id: UUID, call: Call) -> BoletoOut:
    """One boleto, for its account or its brand's staff."""
    async with acquire(call.db) as db:
        row = await db.fetchrow("select * from boleto where boleto_id = $1", boleto_id)
        again = await db.fetch(_AGAIN, [boleto_id])
    if row is None:
        raise NotFound()
    check_reader(call, row["account_id"], brand=row["brand"])
    return _boleto(row, again)


def _boleto(row: Record, again: list[Record]) -> BoletoOut:
    said: dict[str, Any] = {name: row[name] for name in BoletoOut.model_fields if name != "again"}
    fields = AgainOut.model_fields
    own = [{n: each[n] for n in fields} for each in again if each["boleto_id"] == row["boleto_id"]]
    return BoletoOut.model_validate({**said, "again": own})


class AgainBody(Body):
    """The day on which it is to be paid; without one the earliest that there is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"pay_by": "2026-12-10"}]})

    pay_by: Day | None = None


class ReissuedOut(Answer):
    """In time it is the original; late, `amount_minor` is with fine and interest up to `pay_by`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "boleto_id": "01939000-0000-5000-8000-000000000051",
                    "pay_by": "2026-12-10",
                    "line": "23790.04520 90000.000529 55000.734809 8 16090000003058",
                    "barcode": "23798160900000030580045090000000052550007348",
                    "amount_minor": 3058,
                    "days_late": 9,
                    "fine_minor": 60,
                    "interest_minor": 9,
                }
            ]
        }
    )

    boleto_id: UUID
    pay_by: date
    line: str
    barcode: str
    amount_minor: int
    days_late: int
    fine_minor: int
    interest_minor: int


@router.post(
    "/v1/boletos/{boleto_id}/duplicates",
    status_code=201,
    who=Who.CLIENT,
    errors=(NotFound, BoletoNotPayable),
)
async def post_duplicate(boleto_id: UUID, body: AgainBody, call: Call) -> ReissuedOut:
    """The segunda via. The same day again is the same."""
    account_id, _ = account_of(call)
    command = ReissueBoleto(boleto_id=boleto_id, account_id=account_id, pay_by=body.pay_by)
    _, again = await reissue_boleto(command, call.tx)
    return ReissuedOut(
        boleto_id=boleto_id, pay_by=again.pay_by, line=again.barcode.line,
        barcode=again.barcode.digits, amount_minor=again.barcode.amount_minor,
        days_late=again.charges.days_late, fine_minor=again.charges.fine_minor,
        interest_minor=again.charges.interest_minor,
    )  # fmt: skip


@router.delete("/v1/boletos/{boleto_id}", status_code=204, who=Who.CLIENT, errors=(NotFound,))
async def delete_boleto(boleto_id: UUID, call: Call) -> None:
    """Take it back, so that another way to pay can be chosen. Over already: nothing happens."""
    account_id, _ = account_of(call)
    await own_boleto(boleto_id, account_id=account_id, tx=call.tx)
    await end_boleto(EndBoleto(boleto_id=boleto_id, reason="withdrawn"), call.tx)


class PixCodeOut(Answer):
    """A PIX code: its text to copy and paste, which is also what its QR code holds. Centavos."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "payment_id": "01939000-0000-7000-8000-000000000019",
                    "invoice_id": "01939000-0000-7000-8000-000000000007",
                    "txid": "0193900000007000800000000000000f",
                    "copy_and_paste": "00020101021226700014br.gov.bcb.pix...6304ABCD",
                    "amount_minor": 2990,
                    "expires_at": "2026-11-22T12:00:00Z",
                }
            ]
        }
    )

    payment_id: UUID
    invoice_id: UUID
    txid: str
    copy_and_paste: str
    amount_minor: int
    expires_at: datetime


@router.get("/v1/pix-codes/{payment_id}", who=Who.USER, errors=(NotFound, Forbidden))
async def get_pix_code(payment_id: UUID, call: Call) -> PixCodeOut:
    """The code of an attempt, for its account or its brand's staff."""
    async with acquire(call.db) as db:
        row = await db.fetchrow("select * from pix_code where payment_id = $1", payment_id)
    if row is None:
        raise NotFound()
    check_reader(call, row["account_id"], brand=row["brand"])
    return PixCodeOut.model_validate({name: row[name] for name in PixCodeOut.model_fields})
