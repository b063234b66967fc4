"""The forecast: what it says is what comes, event for event, when the days are really played."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.billing.forecast.course import Asked, Course
from services.billing.forecast.playing import Forecaster
from shared.contracts import REGISTRY
from shared.contracts.event import PublicEvent
from shared.ids import new_id
from shared.personal import personal_fields
from tests.billing.house import House, code_of
from tests.billing.test_automation_rules import agree, due_of, give_credit
from tests.billing.test_services import products

DAY = timedelta(days=1)
DAYS = 50
FEE = {"kind": "percent", "rate_percent": "2", "minimum_minor": 100, "after_days": 2}
RULES: list[dict[str, Any]] = [
    {},
    {"late_fee": FEE, "termination_days": 9},
    {"separate_renewals": True, "renew_while_unpaid": True, "termination_days": 20},
    {"reactivation_fee": {"kind": "next_invoice", "amount_minor": 500}},
]

NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|PON-[A-Z-]*\d{4}-\d{6}")
"""An id, or the number of a document."""
ANY_ORDER = {"CreditNoteIssued": {"lines", "leaves_nothing", "released_services"}}
"""The panel answers what it was asked at one moment in any order: which of two services ends first
decides whose lines of their invoice are taken back first."""
Happening = tuple[str, str, str]
"""Day, event, fields as JSON without the ids that are given anew."""


def forecaster(house: House) -> Forecaster:
    found: Forecaster = house.service.state.forecaster
    return found


async def foretell(house: House, account_id: UUID, until: date) -> Course:
    await house.catch_up()
    asked = Asked(account_id=account_id, brand="ponto", until=until)
    return await forecaster(house).forecast(asked)


async def known_names(house: House) -> set[str]:
    """Every id and number that there is before the days are played."""
    async with house.store.pool.acquire() as db:
        rows = await db.fetch("select data::text from log")
    return {name for row in rows for name in NAME.findall(row["data"])}


def _blank(value: Any, known: set[str]) -> Any:
    """The value with each id and number that was given anew called so."""
    match value:
        case dict():
            return {name: _blank(each, known) for name, each in sorted(value.items())}
        case list():
            return [_blank(each, known) for each in value]
        case str():
            return NAME.sub(lambda found: found[0] if found[0] in known else "new", value)
        case _:
            return value


def happening(day: date, name: str, fields: dict[str, Any], *, known: set[str]) -> Happening:
    cls: type[PublicEvent] = REGISTRY["billing", name]
    left_out = {*personal_fields(cls), *ANY_ORDER.get(name, set())}
    told = {key: value for key, value in fields.items() if key not in left_out}
    return day.isoformat(), name, msgspec.json.encode(_blank(told, known)).decode()


def foretold(course: Course, known: set[str]) -> Counter[Happening]:
    return Counter(
        happening(
            each.day,
            each.envelope.type,
            msgspec.json.decode(msgspec.json.encode(each.envelope.event)),
            known=known,
        )
        for each in course.foretold
    )


async def played(
    house: House, account_ids: Iterable[UUID], *, known: set[str], until: date
) -> dict[UUID, Counter[Happening]]:
    """What really happens to each account, day by day."""
    happened: dict[UUID, Counter[Happening]] = {id: Counter() for id in account_ids}
    seen = {id: len(await house.events(id)) for id in happened}
    day = await house.today()
    while day < until:
        day += DAY
        await house.play(day)
        for id, counted in happened.items():
            new = (await house.events(id))[seen[id] :]
            seen[id] += len(new)
            counted.update(happening(day, name, said, known=known) for name, said in new)
    return happened


# ------------------------------------------------------------------------------ random accounts


async def furnish_at_random(house: House, account_id: UUID, chance: Random, *, name: str) -> None:
    """Services, orders, wishes, items and rules such as an account may have."""
    services = []
    for number in range(chance.randint(1, 2)):
        domain = f"{name}{number}.example"
        services.append(await house.active_service(account_id, domain=domain))
    token = house.client(account_id)
    for service in services:
        wish = chance.choice(["none", "none", "cancel", "annual"])
        path = f"/v1/services/{service['service_id']}"
        if wish == "cancel":
            body = {"at": "period_end", "reason": "other"}
            await house.do("POST", f"{path}/cancellation", body, token=token)
        elif wish == "annual":
            await house.do("POST", f"{path}/changes", {"cycle": "annual"}, token=token)
    if chance.random() < 0.4:
        await house.order(account_id, domain=f"{name}.example")
    if chance.random() < 0.4:
        await give_credit(house, account_id, chance.choice([500, 2990, 4000]))
    if chance.random() < 0.4:
        await agree(house, account_id, **chance.choice(OWN_RULES))
    if chance.random() < 0.4:
        bill_on = await house.today() + timedelta(days=chance.randint(1, 40))
        body = {**ITEM, "bill_on": bill_on.isoformat()}
        path = f"/v1/accounts/{account_id}/billable-items"
        await house.do("POST", path, body, token=house.staff())
    await house.until(house.is_quiet)


ITEM: dict[str, Any] = {
    "description": "Support",
    "net_minor": 700,
    "currency": "BRL",
    "due": "on_date",
}
OWN_RULES: list[dict[str, Any]] = [
    {"suspension_days": 9, "suspension_warning_days": 3},
    {"reminder_days_before": [9, 2], "overdue_notice_days": [2, 4]},
    {"late_fee": {"kind": "off"}},
    {"renewal_days_before": 20, "unpaid_order_days": 4},
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(len(RULES)))
async def test_what_is_foretold_of_random_accounts_is_what_comes(house: House, seed: int) -> None:
    chance = Random(seed)
    await house.apply_brand(products=products(), rules=RULES[seed])
    accounts = {f"a{number}": new_id() for number in range(4)}
    for name, account_id in accounts.items():
        await house.register(name, account_id)
        await furnish_at_random(house, account_id, chance, name=name)
    until = await house.today() + DAYS * DAY
    known = await known_names(house)
    before = await house.fetchval("select count(*) from log")
    courses = {id: await foretell(house, id, until) for id in accounts.values()}
    assert await house.fetchval("select count(*) from log") == before, "nothing is recorded"
    expected = {id: foretold(course, known) for id, course in courses.items()}
    assert not any(course.hindered for course in courses.values())
    assert all(expected.values()), "something comes for each account"
    happened = await played(house, accounts.values(), known=known, until=until)
    for id, comes in expected.items():
        assert (sorted(comes - happened[id]), sorted(happened[id] - comes)) == ([], [])
    assert await house.findings() == []


# ------------------------------------------------------------------------------ in words


async def forecast(house: House, account_id: UUID, until: date | None = None) -> dict[str, Any]:
    await house.catch_up()
    query = f"?until={until}" if until else ""
    path = f"/v1/accounts/{account_id}/forecast{query}"
    found: dict[str, Any] = await house.do("GET", path, token=house.client(account_id))
    return found


async def test_a_client_reads_what_comes_of_a_service_that_nobody_pays_for(house: House) -> None:
    fee = {"kind": "fixed", "amount_minor": 700, "after_days": 3}
    await house.apply_brand(rules={"late_fee": fee, "termination_days": 10})
    service = await house.active_service(house.ana)
    due = await due_of(house, service)
    answer = await forecast(house, house.ana, due + 20 * DAY)
    entries = [(each["day"], each["what"]) for each in answer["entries"]]
    expected = [
        (-14, "invoice"),
        (-7, "reminder"),
        (-1, "reminder"),
        (0, "autopay"),
        (1, "overdue_notice"),
        (3, "overdue_notice"),
        (3, "late_fee"),
        (3, "suspension_warning"),
        (5, "suspension"),
        (7, "overdue_notice"),
        (15, "termination"),
    ]
    # The fee is an invoice as well, which is told of in turn.
    assert {((due + after * DAY).isoformat(), what) for after, what in expected} <= set(entries)
    once = {"invoice", "late_fee", "suspension_warning", "suspension", "termination"}
    assert sorted(what for _, what in entries if what in once) == sorted(once)
    invoice = answer["entries"][0]
    assert (invoice["amount_minor"], invoice["currency"]) == (2990, "BRL")
    assert invoice["due_on"] == due.isoformat()
    assert invoice["why"]["rule"] == "renewal.period_due"
    assert invoice["why"]["caused_by"] is None
    assert "R$\xa029,90" in invoice["sentence"]
    suspension = next(each for each in answer["entries"] if each["what"] == "suspension")
    assert suspension["service_ids"] == [service["service_id"]]
    issued = (due - 14 * DAY).strftime("%d/%m/%Y")
    assert f"A fatura de {issued} venceu" in suspension["reason"]


async def test_a_forecast_leaves_everything_as_it_is(house: House) -> None:
    await house.active_service(house.ana)
    tables = ["log", "events", "claim", "invoice_list", "invoice_open", "service_due"]

    async def counts() -> list[int]:
        return [await house.fetchval(f"select count(*) from {each}") for each in tables]

    before = await counts()
    last = await house.fetchval("select json_agg(s order by name)::text from series s")
    first = await forecast(house, house.ana)
    assert first["entries"]
    for _ in range(2):
        assert await forecast(house, house.ana) == first
    assert await counts() == before
    assert await house.fetchval("select json_agg(s order by name)::text from series s") == last
    assert (await forecast(house, house.rui))["entries"] == []


async def test_a_forecast_is_for_who_may_read_the_account_and_not_too_far(house: House) -> None:
    path = f"/v1/accounts/{house.ana}/forecast"
    assert (await house.ask("GET", path, token=house.staff())).status_code == 200
    far = await house.today() + 500 * DAY
    for given, token, expected in (
        ("", house.client(house.rui), (404, "not_found")),
        ("", house.staff("vela"), (404, "not_found")),
        ("", house.staff(may=[]), (403, "forbidden")),
        (f"?until={far}", house.client(house.ana), (422, "forecast_too_far")),
    ):
        assert code_of(await house.ask("GET", path + given, token=token)) == expected
