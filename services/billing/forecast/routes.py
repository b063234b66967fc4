"""The forecast of an account: what happens on which day if nobody does anything."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import ConfigDict

from services.billing.contacts.contact import brand_of_account, contact_of
from services.billing.forecast.course import Asked, Course
from services.billing.forecast.foretelling import Entry, entries_of
from services.billing.invoices.routes import WhyOut
from services.billing.state import check_reader, state_of
from shared.clock import local_date
from shared.database import PoolReads
from shared.errors import Forbidden, Invalid, NotFound, Unavailable
from shared.http import Answer, Call, Router, Who

router = Router(tags=["forecast"])

USUAL_DAYS = 60
MOST_DAYS = 400

Until = Annotated[date | None, Query(description="The last day; without it 60 days from now.")]

_EXAMPLE: dict[str, Any] = {
    "day": "2026-12-07",
    "what": "invoice",
    "sentence": "É emitida uma fatura de R$ 29,90, com vencimento em 21/12/2026.",
    "reason": "O próximo período do serviço começa em 21/12/2026; ele é faturado 14 dias antes.",
    "why": {
        "rule": "renewal.period_due",
        "policy_version": "ponto:7/start:3",
        "caused_by": None,
        "facts": {"due_on": "2026-12-21", "days_before": "14"},
    },
    "amount_minor": 2990,
    "currency": "BRL",
    "due_on": "2026-12-21",
    "service_ids": ["01939000-0000-7000-8000-000000000009"],
    "invoice_id": None,
    "invoice_of": "2026-12-07",
}


class ForecastTooFar(Invalid):
    """A forecast reaches 400 days ahead at most."""


class EntryOut(Answer):
    """One thing that is to come, with its why; what is yet to be issued has no id and number.

    `what`: invoice, late_fee, reactivation_fee, reminder, overdue_notice, autopay,
    suspension_warning, suspension, lift, termination, end, change, change_withdrawn, renewal,
    activation, cancellation, order_expiry, credit, credit_use, credit_note, invoice_void,
    invoice_paid, or hindered for what the daily run cannot do.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    day: date
    what: str
    sentence: str
    reason: str
    why: WhyOut | None
    amount_minor: int | None
    currency: str | None
    due_on: date | None
    service_ids: list[UUID]
    invoice_id: UUID | None
    invoice_of: date | None


class ForecastOut(Answer):
    """What is to come from `first` to `until`, in order, if nobody pays or does anything else."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"first": "2026-11-23", "until": "2027-01-22", "entries": [_EXAMPLE]}]
        }
    )

    first: date
    until: date
    entries: list[EntryOut]


@router.get(
    "/v1/accounts/{account_id}/forecast",
    who=Who.USER,
    errors=(NotFound, Forbidden, ForecastTooFar, Unavailable),
)
async def get_forecast(account_id: UUID, call: Call, until: Until = None) -> ForecastOut:
    """What happens on which day if nothing is done: by the same rules as the daily run itself."""
    brand = await brand_of_account(account_id, PoolReads(call.db))
    check_reader(call, account_id, brand=brand)
    last = await _last_day(until, brand, call=call)
    asked = Asked(account_id=account_id, brand=brand, until=last)
    course = await state_of(call).forecaster.forecast(asked)
    entries = await _in_words(course, account_id, call=call)
    return ForecastOut(first=course.first, until=last, entries=[_shown(each) for each in entries])


async def _in_words(course: Course, account_id: UUID, *, call: Call) -> list[Entry]:
    db = PoolReads(call.db)
    language = (await contact_of(account_id, db)).language
    rows = await db.fetch(_NUMBERS, account_id)
    numbers = {str(row["invoice_id"]): row["number"] for row in rows}
    return entries_of(course, numbers=numbers, language=language)


_NUMBERS = "select invoice_id, number from invoice_list where account_id = $1 and open_minor > 0"


async def _last_day(until: date | None, brand: str, *, call: Call) -> date:
    """The day that is asked for. `ForecastTooFar`."""
    zone = await PoolReads(call.db).fetchval("select time_zone from brand where slug = $1", brand)
    begun = await PoolReads(call.db).fetchval(
        "select max(day) from business_day_run where brand = $1", brand
    )
    today = max(local_date(call.now, zone), begun or date.min)
    last = until or today + timedelta(days=USUAL_DAYS)
    if last > today + timedelta(days=MOST_DAYS):
        raise ForecastTooFar(field="until", most_days=MOST_DAYS)
    return last


def _shown(entry: Entry) -> EntryOut:
    return EntryOut.model_validate(vars(entry))
