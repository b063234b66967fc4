"""What the rules of brand, product and account make of a business day, and what staff can do."""

from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.billing.automation import tasks
from services.billing.automation.business_day import BusinessDay, business_day
from services.billing.credit.credit_balance import CreditBalance
from services.billing.held_services.commands import IssueRenewal, issue_renewal
from shared.errors import NotFound
from shared.ids import new_id
from shared.store import Cause, Transaction
from tests.billing.house import House, brand_file, code_of

DAY = timedelta(days=1)
CAUSE = Cause(actor="test")


async def due_of(house: House, service: dict[str, str]) -> date:
    due: date = await house.fetchval(
        "select next_due_on from service_list where service_id = $1", UUID(service["service_id"])
    )
    return due


async def agree(house: House, account_id: UUID, **rules: Any) -> None:
    path = f"/v1/accounts/{account_id}/rules"
    await house.do("PUT", path, {"rules": rules}, token=house.staff())


async def told(house: House, account_id: UUID, name: str) -> list[dict[str, Any]]:
    return [fields for event, fields in await house.events(account_id) if event == name]


async def give_credit(house: House, account_id: UUID, minor: int) -> None:
    async def give(tx: Transaction) -> None:
        credit = CreditBalance.open(account_id=account_id, brand="ponto", currency="BRL")
        credit.give(amount_minor=minor, source="staff", reference_id=new_id(), reason="sorry")
        await tx.save(credit)

    await house.store.run(CAUSE, give)
    await house.catch_up()


# ------------------------------------------------------------------------------ whose rules


async def test_an_account_is_renewed_and_suspended_by_its_own_days(house: House) -> None:
    own = await house.active_service(house.ana)
    await house.active_service(house.rui, domain="rui.example")
    due = await due_of(house, own)
    await agree(
        house,
        house.ana,
        renewal_days_before=20,
        reminder_days_before=[9],
        suspension_days=30,
        suspension_warning_days=10,
    )
    await house.play(due - 20 * DAY)
    assert len(await house.invoices(house.ana)) == 2
    assert len(await house.invoices(house.rui)) == 1
    await house.play_until(due + 19 * DAY)
    reminders = await told(house, house.ana, "PaymentReminderDue")
    assert [each["days_before"] for each in reminders] == [9]
    assert "account:" in reminders[0]["why"]["policy_version"]
    assert not await told(house, house.ana, "SuspensionWarned")
    assert len(await told(house, house.rui, "ServiceSuspended")) == 1
    await house.play(due + 20 * DAY)
    warned = await told(house, house.ana, "SuspensionWarned")
    assert [each["suspends_on"] for each in warned] == [(due + 30 * DAY).isoformat()]
    await house.play(due + 30 * DAY)
    suspended = await told(house, house.ana, "ServiceSuspended")
    assert [each["suspended_on"] for each in suspended] == [(due + 30 * DAY).isoformat()]
    assert await house.findings() == []


async def test_services_of_a_product_are_suspended_by_its_days(house: House) -> None:
    products = [
        {
            "slug": "start",
            "name": {"en": "Start"},
            "prices": [{"cycle": "monthly", "recurring_minor": 2990, "setup_minor": 0}],
            "rules": {"suspension_days": 9, "suspension_warning_days": 1},
        }
    ]
    await house.apply_brand(products=products)
    service = await house.active_service(house.ana)
    due = await due_of(house, service)
    await house.play_until(due + 8 * DAY)
    assert not await told(house, house.ana, "ServiceSuspended")
    warned = await told(house, house.ana, "SuspensionWarned")
    assert [each["suspends_on"] for each in warned] == [(due + 9 * DAY).isoformat()]
    await house.play(due + 9 * DAY)
    assert len(await told(house, house.ana, "ServiceSuspended")) == 1


async def lift(house: House, service: dict[str, str], **body: str) -> httpx.Response:
    path = f"/v1/staff/services/{service['service_id']}/suspension/end"
    answer = await house.ask("POST", path, body or None, token=house.staff())
    await house.until(house.is_quiet)
    return answer


async def why_of_service(house: House, service: dict[str, str]) -> tuple[str, str]:
    path = f"/v1/why/service/{service['service_id']}"
    answer = await house.do("GET", path, token=house.client(house.ana))
    return answer["rule"], answer["sentence"]


async def test_what_staff_lets_run_in_debt_is_suspended_again_when_its_grace_is_over(
    house: House,
) -> None:
    await house.apply_brand(rules={"termination_days": 3})
    service = await house.active_service(house.ana)
    due = await due_of(house, service)
    await house.play(due - DAY)
    await house.play(due + 5 * DAY)
    assert (await lift(house, service)).status_code == 204
    assert await house.service_status(service["service_id"]) == "active"
    assert (await why_of_service(house, service))[0] == "suspension.grace"
    assert (due + 10 * DAY).strftime("%d/%m/%Y") in (await why_of_service(house, service))[1]
    path = f"/v1/accounts/{house.ana}/forecast?until={due + 20 * DAY}"
    comes = (await house.do("GET", path, token=house.staff()))["entries"]
    stops = {e["what"]: (e["day"], e["why"]["rule"]) for e in comes if e["service_ids"]}
    assert stops["suspension_warning"] == (str(due + 8 * DAY), "suspension.warning")
    assert stops["suspension"] == (str(due + 10 * DAY), "suspension.grace_over")
    assert stops["termination"] == (str(due + 13 * DAY), "termination.overdue")
    await house.play(due + 9 * DAY)
    assert await house.service_status(service["service_id"]) == "active"
    warned = await told(house, house.ana, "SuspensionWarned")
    assert [e["suspends_on"] for e in warned] == [str(due + 5 * DAY), str(due + 10 * DAY)]
    await house.play(due + 10 * DAY)
    assert (await why_of_service(house, service))[0] == "suspension.grace_over"
    for until in (due + 10 * DAY, due + 4000 * DAY):
        assert code_of(await lift(house, service, until=str(until))) == (422, "grace_end_invalid")
    assert (await lift(house, service, until=str(due + 20 * DAY))).status_code == 204
    await house.play(due + 19 * DAY)
    shown = await house.do(
        "GET", f"/v1/services/{service['service_id']}", token=house.client(house.ana)
    )
    assert (shown["status"], shown["grace_ends_on"]) == ("active", str(due + 20 * DAY))
    await house.play(due + 20 * DAY)
    assert len(await told(house, house.ana, "ServiceSuspended")) == 3
    assert len(await told(house, house.ana, "SuspensionWarned")) == 3
    assert await house.findings() == []


async def test_services_due_together_are_invoiced_apart_where_the_rule_says(house: House) -> None:
    services = [
        await house.active_service(house.ana, domain=domain)
        for domain in ("one.example", "two.example")
    ]
    await agree(house, house.ana, separate_renewals=True)
    await house.play(await due_of(house, services[0]) - 14 * DAY)
    assert [len(each["lines"]) for each in await house.invoices(house.ana)] == [1, 1, 1, 1]


async def test_the_next_period_is_billed_while_one_is_unpaid_where_the_rule_says(
    house: House,
) -> None:
    service = await house.active_service(house.ana)
    due = await due_of(house, service)
    await agree(
        house, house.ana, renew_while_unpaid=True, suspension_days=90, suspension_warning_days=1
    )
    await house.play(due + 45 * DAY)
    periods = [
        (line["period_start"], line["period_end"])
        for invoice in (await house.invoices(house.ana))[1:]
        for line in invoice["lines"]
    ]
    assert len(periods) == 2
    assert periods[0][1] == periods[1][0]


async def test_what_is_owed_of_a_period_that_is_over_does_not_bill_it_again(house: House) -> None:
    service = await house.active_service(house.ana)
    for _ in range(2):
        await house.play_until(await due_of(house, service))
        renewal = (await house.invoices(house.ana))[-1]
        await house.pay_and_settle(house.ana, renewal["invoice_id"])
    first, due = (await house.invoices(house.ana))[1], await due_of(house, service)
    body = {
        "reason": "Wrong price",
        "due_on": due.isoformat(),
        "lines": [{"line": 0, "description": "Hosting", "net_minor": 5990}],
    }
    path = f"/v1/invoices/{first['invoice_id']}/corrections"
    await house.do("POST", path, body, token=house.staff())
    await agree(house, house.ana, renew_while_unpaid=True)
    await house.play(due - 14 * DAY)
    assert (await house.invoices(house.ana))[-1]["lines"][0]["period_start"] == due.isoformat()


async def test_rules_that_contradict_where_they_meet_are_refused_by_whom_they_are_about(
    house: House,
) -> None:
    short = {"suspension_days": 3, "suspension_warning_days": 1}
    early = {"suspension_warning_days": 4}
    start, pro = brand_file()["products"]
    await agree(house, house.rui, **early)
    before = await house.names()

    async def refusal(path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        answer = await house.ask("PUT", path, body, token=token)
        assert code_of(answer) == (422, "rule_invalid")
        facts: dict[str, Any] = answer.json()["facts"]
        assert facts.pop("reason") == "the warning is not before the suspension"
        return facts

    async def of_brand(**changed: Any) -> dict[str, Any]:
        path = "/internal/brands/ponto"
        return await refusal(path, brand_file(**changed), house.internal())

    rui = {"accounts": [str(house.rui)], "account_count": 1}
    assert await of_brand(rules=short) == rui
    products = [start, {**pro, "rules": short}]
    assert await of_brand(products=products) == {"product": "pro", **rui}
    assert await house.names() == before
    await agree(house, house.rui)
    await house.apply_brand(products=products)
    path = f"/v1/accounts/{house.rui}/rules"
    assert await refusal(path, {"rules": early}, house.staff()) == {"product": "pro"}
    await agree(house, house.rui, **early, suspension_days=9)
    await house.apply_brand(products=[{**start, "rules": early}, pro])
    await house.active_service(house.ana)
    assert await of_brand(products=[pro], rules=short) == {"product": "start"}


async def test_rules_of_an_account_are_checked_shown_and_taken_back(house: House) -> None:
    path, token = f"/v1/accounts/{house.ana}/rules", house.staff()
    for rules, code in (
        ({"suspend_days": 3}, "rule_unknown"),
        ({"suspension_days": -1}, "rule_invalid"),
        ({"suspension_days": "five"}, "rule_invalid"),
    ):
        answer = await house.ask("PUT", path, {"rules": rules}, token=token)
        assert code_of(answer) == (422, code)
    await agree(house, house.ana, suspension_days=12)
    shown = await house.do("GET", path, token=token)
    assert shown["rules"] == {"suspension_days": 12}
    assert shown["policy_version"].endswith("/account:2")
    stale = await house.ask("PUT", path, {"rules": {}}, token=token, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    await agree(house, house.ana)
    assert await house.fetchval("select count(*) from account_rules") == 0
    for other in (house.staff("leste"), house.client(house.ana)):
        assert (await house.ask("GET", path, token=other)).status_code in {403, 404}
    nobody = await house.ask("GET", f"/v1/accounts/{new_id()}/rules", token=token)
    assert code_of(nobody) == (404, "not_found")


# ------------------------------------------------------------------------------ late fees


async def late_invoice(house: House, **rules: Any) -> tuple[dict[str, Any], date]:
    """Ana's overdue renewal under these rules, one day before its fee is charged; that day."""
    fee = {"kind": "percent", "rate_percent": "10", "minimum_minor": 500, "after_days": 3}
    await house.apply_brand(rules={"late_fee": fee, **rules})
    due = await due_of(house, await house.active_service(house.ana))
    await house.play_until(due + 2 * DAY)
    return (await house.invoices(house.ana))[-1], due + 3 * DAY


async def test_a_late_fee_is_an_invoice_of_one_line_charged_once(house: House) -> None:
    late, day = await late_invoice(house)
    await house.play_until(day + 20 * DAY)
    fees = [each for each in await told(house, house.ana, "InvoiceIssued") if "fee" in str(each)]
    assert [(fee["about_invoice_id"], fee["total_minor"]) for fee in fees] == [
        (late["invoice_id"], 500)
    ]
    (line,) = fees[0]["lines"]
    assert (line["kind"], line["why"]["rule"]) == ("late_fee", "late_fee.overdue")
    assert line["description"] == f"Multa por atraso: fatura {late['number']}"
    assert (fees[0]["issued_on"], fees[0]["due_on"]) == (day.isoformat(), day.isoformat())
    assert await house.findings() == []


async def test_an_exempt_account_is_charged_no_late_fee(house: House) -> None:
    _, day = await late_invoice(house)
    await agree(house, house.ana, late_fee={"kind": "off"})
    await house.play_until(day + 2 * DAY)
    assert len(await house.invoices(house.ana)) == 2


# ------------------------------------------------------------------------------ credit, autopay


async def test_credit_is_applied_when_a_renewal_is_issued(house: House) -> None:
    service = await house.active_service(house.ana)
    await give_credit(house, house.ana, 1000)
    due = await due_of(house, service)
    await house.play(due - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert (renewal["total_minor"], renewal["open_minor"]) == (2990, 1990)
    assert await house.fetchval("select sum(balance_minor) from credit_held") == 0
    assert await house.findings() == []


async def test_of_an_accounts_invoices_in_one_chunk_each_uses_what_credit_the_one_before_left(
    house: House,
) -> None:
    service = await house.active_service(house.ana, domain="one.example")
    await house.active_service(house.ana, domain="two.example")
    for domain in ("three.example", "four.example"):
        await house.active_service(house.rui, domain=domain)
    for client in (house.ana, house.rui):
        await agree(house, client, separate_renewals=True)
    await give_credit(house, house.ana, 4000)
    await house.play(await due_of(house, service) - 14 * DAY)
    renewals = {
        client: sorted(each["open_minor"] for each in (await house.invoices(client))[-2:])
        for client in (house.ana, house.rui)
    }
    assert renewals == {house.ana: [0, 1980], house.rui: [2990, 2990]}
    assert await house.fetchval("select sum(balance_minor) from credit_held") == 0
    assert await house.findings() == []


async def test_credit_that_comes_later_pays_what_is_open_on_the_next_day(house: House) -> None:
    service = await house.active_service(house.ana)
    due = await due_of(house, service)
    await house.play(due - 14 * DAY)
    await give_credit(house, house.ana, 5000)
    await house.play(due - 13 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert (renewal["status"], renewal["open_minor"]) == ("paid", 0)
    assert await house.fetchval("select balance_minor from credit_held") == 2010
    assert await due_of(house, service) > due
    assert await house.findings() == []


async def test_collection_is_asked_for_on_the_due_date_and_for_each_retry_once(
    house: House,
) -> None:
    service = await house.active_service(house.ana)
    due = await due_of(house, service)
    await agree(house, house.ana, suspension_days=60, autopay_days_before=1)
    await house.play_until(due + 8 * DAY)
    asked = await told(house, house.ana, "AutopayDue")
    first = due - DAY
    assert [(each["retry_days"], each["asked_on"]) for each in asked] == [
        (days, (first + days * DAY).isoformat()) for days in (0, 1, 3, 5, 7)
    ]
    assert {each["why"]["rule"] for each in asked} == {"autopay.due", "autopay.retry"}


async def test_cards_are_spoken_of_once_a_month_on_the_day_of_the_brand(house: House) -> None:
    await house.apply_brand(rules={"card_notice_day": 31})
    today = await house.today()
    await house.play_until(today + 62 * DAY)
    asked = [fields for name, fields in await house.events() if name == "CardNoticesDue"]
    assert len(asked) == 2
    assert all(each["expiring_from"].endswith("-01") for each in asked)


# ------------------------------------------------------------------------------ staff


async def test_the_log_of_a_day_tells_what_each_step_found_and_took(house: House) -> None:
    service = await house.active_service(house.ana)
    due = await due_of(house, service)
    await house.play(due - 14 * DAY)
    path = f"/v1/brands/ponto/business-days/{due - 14 * DAY}"
    steps = {each["step"]: each for each in await house.do("GET", path, token=house.staff())}
    renewals = steps["issue_renewals"]
    assert (renewals["found"], renewals["left_to_do"], renewals["parked"]) == (1, 0, 0)
    assert renewals["started_at"] <= renewals["finished_at"]
    assert steps["suspend"]["found"] == 0
    for token, where in ((house.staff("leste"), path), (house.staff(), path[:-10] + "2019-01-01")):
        assert code_of(await house.ask("GET", where, token=token)) == (404, "not_found")


async def fingerprint(house: House, table: str) -> str:
    """Of all the rows of a table."""
    rows = f"select md5(string_agg(t::text, '' order by t::text)) from {table} t"
    return str(await house.fetchval(rows))


async def test_a_rehearsal_says_what_a_day_would_do_and_writes_nothing(house: House) -> None:
    service = await house.active_service(house.ana)
    await house.active_service(house.rui, domain="rui.example")
    due = await due_of(house, service)
    tables = ("events", "log", "claim", "series", "business_day_task", "business_day_run")
    before = [
        await house.fetchval(f"select md5(string_agg(t::text, '')) from {t} t") for t in tables
    ]
    path = f"/v1/brands/ponto/business-days/{due - 14 * DAY}/rehearsal"
    steps = {each["step"]: each for each in await house.do("GET", path, token=house.staff())}
    assert steps["issue_renewals"] == {
        "step": "issue_renewals",
        "found": 2,
        "events": {"InvoiceIssued": 2},
        "invoiced_minor": {"BRL": 5980},
        "parked": {},
    }
    after = [
        await house.fetchval(f"select md5(string_agg(t::text, '')) from {t} t") for t in tables
    ]
    assert before == after
    await house.play(due - 14 * DAY)
    assert len(await house.invoices(house.ana)) == 2


async def test_a_parked_account_is_shown_explained_and_done_when_it_is_retried(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await house.active_service(house.ana)
    await house.active_service(house.rui, domain="rui.example")
    due = await due_of(house, service)
    await house.play(due - 15 * DAY)

    async def broken(command: IssueRenewal, tx: Transaction) -> object:
        if command.account_id == house.ana:
            raise NotFound()
        return await issue_renewal(command, tx)

    monkeypatch.setattr(tasks, "issue_renewal", broken)
    await house.play(due - 14 * DAY)
    assert len(await house.invoices(house.rui)) == 2
    token = house.staff()
    path = "/v1/brands/ponto/business-day-problems"
    (problem,) = await house.do("GET", path, token=token)
    assert (problem["step"], problem["code"], problem["tries"]) == (
        "issue_renewals",
        "not_found",
        1,
    )
    assert problem["account_id"] == str(house.ana)
    assert problem["explanation"] == "There is no such thing, or the caller may not see it."
    retry = f"/v1/business-day-problems/{problem['problem_id']}/retry"
    assert code_of(await house.ask("POST", retry, token=token)) == (409, "still_parked")
    assert (await house.do("GET", path, token=token))[0]["tries"] == 2
    monkeypatch.undo()
    assert code_of(await house.ask("POST", retry, token=house.staff("leste"))) == (404, "not_found")
    await house.do("POST", retry, token=token)
    assert len(await house.invoices(house.ana)) == 2
    assert await house.do("GET", path, token=token) == []
    assert code_of(await house.ask("POST", retry, token=token)) == (404, "not_found")
    assert await house.findings() == []


async def test_one_broken_account_of_a_chunk_is_parked_and_the_rest_share_their_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = [
        await house.active_service(house.ana, domain=f"n{number}.example") for number in range(3)
    ]
    await agree(house, house.ana, separate_renewals=True)
    due = await due_of(house, services[0])
    await house.play(due - 15 * DAY)

    async def broken(command: IssueRenewal, tx: Transaction) -> object:
        outcome = await issue_renewal(command, tx)
        assert command.service_ids != [UUID(services[1]["service_id"])], "a programmer's error"
        return outcome

    monkeypatch.setattr(tasks, "issue_renewal", broken)
    await house.play(due - 14 * DAY)
    assert len(await house.invoices(house.ana)) == 5
    assert await house.fetchval("select array_agg(code) from business_day_problem") == [
        "unexpected"
    ]
    assert await house.findings() == []
    monkeypatch.undo()
    await house.play(due - 13 * DAY)
    assert len(await house.invoices(house.ana)) == 6
    assert await house.fetchval("select count(*) from business_day_problem") == 0


async def test_a_business_day_names_the_policies_of_the_products_that_services_have(
    house: House,
) -> None:
    await house.active_service(house.ana)

    load = partial(business_day, "ponto", await house.today())
    today: BusinessDay = await house.store.run(CAUSE, lambda tx: load(tx=tx))
    assert [str(id) for id in today.product_ids] == [await house.product_id()]
    assert today.by_product(lambda rules: rules.suspension_days) == [5]
