"""Return files: staff brings them, and reads what matched, what did not and why."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from asyncpg import Record
from fastapi import Query
from pydantic import ConfigDict

from services.billing.cnab.record import ReturnFileInvalid
from services.billing.return_files.return_file import (
    Received,
    ReturnFileOfNoAccount,
    ReturnFileTooLarge,
    keep_return_file,
    try_again,
)
from services.billing.return_files.taking import FOR_STAFF
from services.billing.state import staff_brand_of, state_of
from shared.contracts.permissions import BILLING_BANK, BILLING_READ
from shared.database import acquire
from shared.errors import NotFound
from shared.http import Answer, Call, Repeat, Router, Who
from shared.http.call import CallContext

router = Router(tags=["return files"])

RETURN_FILES = "/v1/return-files"
FileName = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]


class KeptFileOut(Answer):
    """`is_new` is false for a file that was brought before: nothing happens then."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"return_file_id": "01939000-0000-5000-8000-000000000041", "is_new": True}]
        }
    )

    return_file_id: UUID
    is_new: bool


@router.post(
    RETURN_FILES,
    status_code=202,
    who=Who.STAFF,
    scope=BILLING_BANK,
    repeat=Repeat.OWN,
    errors=(NotFound, ReturnFileInvalid, ReturnFileOfNoAccount, ReturnFileTooLarge),
)
async def post_return_file(name: FileName, call: Call) -> KeptFileOut:
    """Bring a file: the body is its bytes, of CNAB 240 or 400. It is settled in the background."""
    received = Received(
        brand=staff_brand_of(call),
        name=name,
        body=await call.request.body(),
        received_by=call.caller.actor,
    )
    kept = await keep_return_file(received, call.store)
    state_of(call).return_files.call()
    return KeptFileOut(return_file_id=kept.return_file_id, is_new=kept.is_new)


class OutcomeOut(Answer):
    """How many lines came out so, and what was paid by them, in centavos."""

    outcome: str
    lines: int
    paid_minor: int
    wants_staff: bool


class DiscrepancyOut(Answer):
    """A line on which the file says another number of itself than was read."""

    line: int
    field: str
    said: int
    read: int


class ReturnFileOut(Answer):
    """A file and what came of it. `problem` says where a refused one is damaged.

    `state`: received, read, settled or refused. `occurrences` is None until it is read.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "return_file_id": "01939000-0000-5000-8000-000000000041",
                    "name": "CB211126.RET",
                    "bank": "237",
                    "columns": 400,
                    "written_on": "2026-11-21",
                    "received_at": "2026-11-21T09:00:00Z",
                    "received_by": "user:01939000-0000-7000-8000-000000000002",
                    "state": "settled",
                    "problem": None,
                    "occurrences": 3,
                    "discrepancies": [],
                    "settled_at": "2026-11-21T09:00:02Z",
                    "outcomes": [
                        {
                            "outcome": "settled",
                            "lines": 3,
                            "paid_minor": 8970,
                            "wants_staff": False,
                        }
                    ],
                }
            ]
        }
    )

    return_file_id: UUID
    name: str
    bank: str
    columns: int
    written_on: date | None
    received_at: datetime
    received_by: str
    state: str
    problem: dict[str, Any] | None
    occurrences: int | None
    discrepancies: list[DiscrepancyOut]
    settled_at: datetime | None
    outcomes: list[OutcomeOut]


_FILES = """
select f.return_file_id, f.brand, f.name, f.bank, f.columns, f.written_on, f.received_at,
       f.received_by, f.state, f.problem, f.occurrences, f.discrepancies, f.settled_at,
       coalesce((select json_agg(json_build_object('outcome', o.outcome, 'lines', o.lines,
                                                   'paid_minor', o.paid_minor) order by o.outcome)
                 from (select coalesce(l.outcome, 'waiting') as outcome, count(*) as lines,
                              sum(l.paid_minor)::bigint as paid_minor
                       from return_line l where l.return_file_id = f.return_file_id group by 1) o),
                '[]'::json) as outcomes
from return_file f
where f.brand = $1 and ($2::uuid is null or f.return_file_id = $2)
  and ($3::uuid is null or (f.received_at, f.return_file_id) < (
       select a.received_at, a.return_file_id from return_file a
       where a.return_file_id = $3 and a.brand = $1))
order by f.received_at desc, f.return_file_id desc limit $4
"""


@router.get(RETURN_FILES, who=Who.STAFF, scope=BILLING_READ)
async def get_return_files(
    call: Call, limit: Annotated[int, Query(ge=1, le=100)] = 20, after: UUID | None = None
) -> list[ReturnFileOut]:
    """The brand's files, newest first; `after` is the last one of the page before."""
    async with acquire(call.db) as db:
        rows = await db.fetch(_FILES, staff_brand_of(call), None, after, limit)
    return [_file(row) for row in rows]


@router.get(
    RETURN_FILES + "/{return_file_id}", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,)
)
async def get_return_file(return_file_id: UUID, call: Call) -> ReturnFileOut:
    """One file and what came of its lines."""
    return _file(await _own_file(return_file_id, call))


class TriedAgainOut(Answer):
    """How many lines are taken up again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lines": 2}]})

    lines: int


@router.post(
    RETURN_FILES + "/{return_file_id}/retries",
    status_code=202,
    who=Who.STAFF,
    scope=BILLING_BANK,
    repeat=Repeat.OWN,
    errors=(NotFound,),
)
async def post_retry(return_file_id: UUID, call: Call) -> TriedAgainOut:
    """Try what failed again, and what was of no boleto that we knew; nothing is booked twice."""
    await _own_file(return_file_id, call)
    lines = await try_again(return_file_id, brand=staff_brand_of(call), pool=call.db)
    state_of(call).return_files.call()
    return TriedAgainOut(lines=lines)


class ReturnLineOut(Answer):
    """A line and what came of it; amounts in centavos. `detail` says more where there is more.

    `code` and `reasons` are the bank's own. `outcome` is None while the line waits.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "line": 2,
                    "outcome": "unknown_boleto",
                    "wants_staff": True,
                    "detail": "",
                    "kind": "paid",
                    "code": "06",
                    "reasons": [],
                    "own_number": "00000000525P",
                    "document": "PON-2026-000042",
                    "occurred_on": "2026-11-20",
                    "credited_on": "2026-11-23",
                    "amount_minor": 2990,
                    "paid_minor": 2990,
                    "charges_minor": 0,
                    "fee_minor": 210,
                    "boleto_id": None,
                    "account_id": None,
                }
            ]
        }
    )

    line: int
    outcome: str | None
    wants_staff: bool
    detail: str
    kind: str
    code: str
    reasons: list[str]
    own_number: str
    document: str
    occurred_on: date | None
    credited_on: date | None
    amount_minor: int
    paid_minor: int
    charges_minor: int
    fee_minor: int
    boleto_id: UUID | None
    account_id: UUID | None


@router.get(
    RETURN_FILES + "/{return_file_id}/lines",
    who=Who.STAFF,
    scope=BILLING_READ,
    errors=(NotFound,),
)
async def get_return_lines(
    return_file_id: UUID,
    call: Call,
    outcome: Annotated[str | None, Query(pattern=r"^[a-z_]{1,30}$")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> list[ReturnLineOut]:
    """The lines, in the file's order, all or those of an outcome; `after`: the last one before."""
    await _own_file(return_file_id, call)
    async with acquire(call.db) as db:
        rows = await db.fetch(_LINES, return_file_id, outcome, after, limit)
    return [
        ReturnLineOut.model_validate({**row, "wants_staff": row["outcome"] in FOR_STAFF})
        for row in rows
    ]


_LINES = """
select line, outcome, detail, kind, code, reasons, own_number, document, occurred_on, credited_on,
       amount_minor, paid_minor, charges_minor, fee_minor, boleto_id, account_id
from return_line
where return_file_id = $1 and ($2::text is null or outcome = $2) and line > $3
order by line limit $4
"""


async def _own_file(file_id: UUID, call: CallContext) -> Record:
    async with acquire(call.db) as db:
        row: Record | None = await db.fetchrow(_FILES, staff_brand_of(call), file_id, None, 1)
    if row is None:
        raise NotFound()
    return row


def _file(row: Record) -> ReturnFileOut:
    said = {name: row[name] for name in ReturnFileOut.model_fields}
    for name, missing in (("problem", None), ("discrepancies", []), ("outcomes", [])):
        said[name] = msgspec.json.decode(row[name]) if row[name] else missing
    for each in said["outcomes"]:
        each["wants_staff"] = each["outcome"] in FOR_STAFF
    return ReturnFileOut.model_validate(said)
