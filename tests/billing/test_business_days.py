"""The business day: once, in order, each thing once, nobody's error in the way of the others."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from services.billing.automation import tasks
from services.billing.automation.run import BusinessDayRun
from services.billing.automation.tasks import STEPS
from services.billing.held_services.commands import IssueRenewal, issue_renewal
from shared.errors import Unavailable
from shared.ids import new_id
from shared.store import Cause, Transaction
from tests.billing.house import House, code_of
from tests.conftest import wait_until

CAUSE = Cause(actor="test")
DAY = timedelta(days=1)


async def next_due(house: House, service: dict[str, str]) -> date:
    due: date = await house.fetchval(
        "select next_due_on from service_list where service_id = $1", UUID(service["service_id"])
    )
    return due


async def dates_of(house: House, account_id: UUID, name: str) -> list[dict[str, Any]]:
    return [fields for event, fields in await house.events(account_id) if event == name]


# ------------------------------------------------------------------------------ starting


async def test_f59_a_day_is_published_once_and_missed_days_before_it(house: House) -> None:
    today = await house.today()
    for day in (today, today, today + 3 * DAY, today + DAY):
        await house.play(day)
    started = [f["day"] for f in await dates_of_brand(house)]
    assert started == [(today + offset * DAY).isoformat() for offset in range(4)]
    path = "/internal/business-days/ponto"
    answer = await house.do("GET", path, token=house.internal())
    assert answer == {
        "today": (today + 3 * DAY).isoformat(),
        "running": False,
        "last_finished": (today + 3 * DAY).isoformat(),
        "problems": 0,
    }


async def dates_of_brand(house: House) -> list[dict[str, Any]]:
    return [fields for event, fields in await house.events() if event == "BusinessDayStarted"]


async def test_a_started_day_runs_until_its_steps_are_done(house: House) -> None:
    body = {"brand": "ponto", "day": (await house.today() + DAY).isoformat()}
    answer = await house.do("POST", "/internal/business-days", body, token=house.internal())
    assert answer == {"started": [body["day"]]}
    path = "/internal/business-days/ponto"
    assert (await house.do("GET", path, token=house.internal()))["running"]
    status = await house.do("GET", "/internal/status", token=house.internal())
    assert status["business"]["running"]
    await house.run.work_off()
    assert not (await house.do("GET", path, token=house.internal()))["running"]


async def test_days_of_unknown_brands_and_far_days_are_refused(house: House) -> None:
    today = await house.today()
    await house.play(today)
    token = house.internal()
    for brand, day, expected in (
        ("nobody", today, (404, "not_found")),
        ("ponto", today + 500 * DAY, (422, "business_day_too_far")),
    ):
        body = {"brand": brand, "day": day.isoformat()}
        answer = await house.ask("POST", "/internal/business-days", body, token=token)
        assert code_of(answer) == expected
    missing = await house.ask("GET", "/internal/business-days/nobody", token=token)
    assert code_of(missing) == (404, "not_found")


async def test_the_clock_starts_the_day_of_each_brand_in_its_own_zone(house: House) -> None:
    await house.apply_brand("leste", time_zone="Pacific/Kiritimati")
    for _ in range(2):
        await house.ticker.tick()
    days = await house.fetchval("select count(*) from log where type = 'BusinessDayStarted'")
    assert days == 2
    house.clock.ahead = timedelta(days=2)
    await house.ticker.tick()
    await house.run.work_off()
    assert await house.fetchval("select count(*) from log where type = 'BusinessDayStarted'") == 6
    open_steps = "select count(*) from business_day_run where finished_at is null"
    assert await house.fetchval(open_steps) == 0


# ------------------------------------------------------------------------------ renewals


async def test_services_that_are_due_together_share_an_invoice(house: House) -> None:
    services = [
        await house.active_service(house.ana, domain=domain)
        for domain in ("one.example", "two.example")
    ]
    await house.active_service(house.rui, domain="three.example")
    due = await next_due(house, services[0])
    await house.play(due - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert (renewal["total_minor"], len(renewal["lines"])) == (5980, 2)
    assert len(await house.invoices(house.rui)) == 2
    assert await house.findings() == []


async def test_a_renewal_is_not_repeated_while_it_is_unpaid_and_follows_once_it_is_paid(
    house: House,
) -> None:
    service = await house.active_service(house.ana)
    due = await next_due(house, service)
    await house.play(due + 2 * DAY)
    assert len(await house.invoices(house.ana)) == 2
    await house.pay_and_settle(house.ana, (await house.invoices(house.ana))[-1]["invoice_id"])
    await house.catch_up()
    following = await next_due(house, service)
    await house.play(following - 13 * DAY)
    invoices = await house.invoices(house.ana)
    assert len(invoices) == 3
    periods = [
        (line["period_start"], line["period_end"])
        for invoice in invoices[1:]
        for line in invoice["lines"]
    ]
    assert periods[0][1] == periods[1][0]
    assert await house.findings() == []


async def test_sixteen_runs_at_once_issue_one_renewal_for_each_period(house: House) -> None:
    services = [
        await house.active_service(house.ana, domain=f"n{number}.example") for number in range(2)
    ]
    due = await next_due(house, services[0])
    command = IssueRenewal(
        account_id=house.ana,
        brand="ponto",
        service_ids=[UUID(service["service_id"]) for service in services],
        due_on=due,
        today=due - 14 * DAY,
    )
    outcomes = await asyncio.gather(
        *(house.store.run(CAUSE, partial(issue_renewal, command)) for _ in range(16)),
        return_exceptions=True,
    )
    issued = [each for each in outcomes if each is not None and not isinstance(each, Exception)]
    assert len(issued) == 1
    assert len(await house.invoices(house.ana)) == 3
    assert await house.findings() == []


async def test_sixteen_whole_runs_at_once_do_each_thing_once(house: House) -> None:
    service = await house.active_service(house.ana)
    due = await next_due(house, service)
    await house.play(due - 15 * DAY)
    body = {"brand": "ponto", "day": (due + 7 * DAY).isoformat()}
    await house.do("POST", "/internal/business-days", body, token=house.internal())
    runs = [
        BusinessDayRun(
            store=house.store, consumers=house.service.consumers, inquiry=house.inquiry
        ).work_off()
        for _ in range(16)
    ]
    await asyncio.gather(*runs, return_exceptions=True)
    await house.run.work_off()
    await house.until(house.is_quiet)
    counts = Counter(await house.names(house.ana))
    assert counts["InvoiceIssued"] == 2
    assert counts["PaymentReminderDue"] == 2
    assert counts["InvoiceOverdue"] == 3
    assert counts["SuspensionWarned"] == 1
    assert counts["ServiceSuspended"] == 1


async def test_f58_a_run_that_was_killed_is_resumed_and_repeats_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await house.active_service(house.ana)
    due = await next_due(house, service)

    class Killed(BaseException):
        """The process ends here."""

    def die(_: object) -> tuple[object, ...]:
        raise Killed

    await house.play(due - 15 * DAY)
    body = {"brand": "ponto", "day": (due - 14 * DAY).isoformat()}
    await house.do("POST", "/internal/business-days", body, token=house.internal())
    monkeypatch.setitem(STEPS, "remind", replace(STEPS["remind"], values=die))
    with pytest.raises(Killed):
        await house.run.work_off()
    assert (await house.names(house.ana)).count("InvoiceIssued") == 2
    monkeypatch.undo()
    await house.execute(
        "update business_day_run set finished_at = null, found = null where step = 'issue_renewals'"
    )
    await house.run.work_off()
    assert (await house.names(house.ana)).count("InvoiceIssued") == 2
    assert await house.fetchval("select bool_and(finished_at is not null) from business_day_run")


# ------------------------------------------------------------------------------ notices


async def test_each_notice_goes_out_once_on_its_day(house: House) -> None:
    service = await house.active_service(house.ana)
    due = await next_due(house, service)
    await house.play_until(due + 9 * DAY)
    reminders = await dates_of(house, house.ana, "PaymentReminderDue")
    assert [each["days_before"] for each in reminders] == [7, 1]
    notices = await dates_of(house, house.ana, "InvoiceOverdue")
    assert [each["days_after"] for each in notices] == [1, 3, 7]
    warned = await dates_of(house, house.ana, "SuspensionWarned")
    assert [each["suspends_on"] for each in warned] == [(due + 5 * DAY).isoformat()]
    suspended = await dates_of(house, house.ana, "ServiceSuspended")
    assert [each["suspended_on"] for each in suspended] == [(due + 5 * DAY).isoformat()]


async def test_f59_days_that_are_caught_up_at_once_send_what_days_one_by_one_send(
    house: House,
) -> None:
    service = await house.active_service(house.ana)
    due = await next_due(house, service)
    await house.play(due - 15 * DAY)
    await house.play(due + 4 * DAY)
    names = Counter(await house.names(house.ana))
    assert (names["PaymentReminderDue"], names["InvoiceOverdue"]) == (2, 2)
    assert names["SuspensionWarned"] == 1


async def test_an_unpaid_order_is_told_of_and_given_up_after_seven_days(house: House) -> None:
    order = await house.order(house.ana)
    today = await house.today()
    await house.play(today + 8 * DAY)
    assert (await house.names(house.ana))[3:] == [
        "InvoiceOverdue",
        "InvoiceOverdue",
        "OrderCancelled",
        "InvoiceCancelled",
        "ServiceCancelled",
    ]
    assert await house.service_status(order["service_id"]) == "cancelled"
    cancelled = (await dates_of(house, house.ana, "OrderCancelled"))[0]
    assert (cancelled["cancelled_on"], cancelled["reason"]) == (
        (today + 7 * DAY).isoformat(),
        "unpaid",
    )
    assert await house.findings() == []


async def test_every_automatic_event_names_the_day_that_caused_it(house: House) -> None:
    service = await house.active_service(house.ana)
    due = await next_due(house, service)
    await house.play(due - 14 * DAY)
    cause = await house.fetchval(
        """select c.data ->> 'day' from log e join log c on c.id = e.causation_id
           where e.type = 'InvoiceIssued' and e.actor = 'automation:issue_renewals'"""
    )
    assert cause == (due - 14 * DAY).isoformat()


# ------------------------------------------------------------------------------ suspensions


async def overdue_service(house: House) -> tuple[dict[str, str], str, date]:
    """An active service, its renewal invoice and the day on which it will be suspended."""
    service = await house.active_service(house.ana)
    due = await next_due(house, service)
    await house.play(due + 4 * DAY)
    return service, (await house.invoices(house.ana))[-1]["invoice_id"], due + 5 * DAY


async def test_a_service_whose_payment_is_pending_is_neither_warned_nor_suspended(
    house: House,
) -> None:
    service = await house.active_service(house.ana)
    due = await next_due(house, service)
    await house.play(due)
    invoice_id = (await house.invoices(house.ana))[-1]["invoice_id"]
    payment_id, _ = await house.start_payment(house.ana, invoice_id)
    house.sandbox.change_checkouts("status = 'pending'")
    await house.inquiry.ask(UUID(payment_id))
    await house.play(due + 8 * DAY)
    names = await house.names(house.ana)
    assert not {"InvoiceOverdue", "SuspensionWarned", "ServiceSuspended"} & set(names)
    assert await house.service_status(service["service_id"]) == "active"


async def test_money_that_arrived_without_a_word_is_found_before_the_suspension(
    house: House,
) -> None:
    service, invoice_id, suspension = await overdue_service(house)
    await house.start_payment(house.ana, invoice_id)
    house.sandbox.change_checkouts("status = 'succeeded'")
    await house.play(suspension + 2 * DAY)
    names = await house.names(house.ana)
    assert "ServiceSuspended" not in names
    assert names[-2:] == ["InvoicePaid", "ServiceRenewed"]
    assert await house.service_status(service["service_id"]) == "active"


async def test_nobody_is_suspended_while_the_gateway_cannot_say_whether_they_paid(
    house: House,
) -> None:
    service, invoice_id, suspension = await overdue_service(house)
    await house.start_payment(house.ana, invoice_id)
    async with house.silent_gateway():
        await house.play(suspension)
    assert await house.service_status(service["service_id"]) == "active"
    progress = await house.do("GET", "/internal/business-days/ponto", token=house.internal())
    assert (progress["running"], progress["problems"]) == (False, 1)
    await house.play(suspension + DAY)
    assert await house.service_status(service["service_id"]) == "suspended"


async def test_a_payment_between_request_and_confirmation_of_a_suspension_ends_it(
    house: House,
) -> None:
    service, invoice_id, suspension = await overdue_service(house)
    body = {"brand": "ponto", "day": suspension.isoformat()}
    await house.do("POST", "/internal/business-days", body, token=house.internal())
    await house.run.work_off()
    assert (await house.names(house.ana))[-1] == "ProvisioningRequested"
    await house.pay(house.ana, invoice_id)

    async def is_paid() -> bool:
        await house.inbox.work_off_due()
        return "InvoicePaid" in (await house.names(house.ana))[-3:]

    await wait_until(is_paid)
    await house.catch_up()
    assert (await house.names(house.ana))[-1] == "ServiceRenewed"
    await house.until(house.is_quiet)
    assert (await house.names(house.ana))[-3:] == [
        "ServiceSuspended",
        "ProvisioningRequested",
        "ServiceUnsuspended",
    ]
    assert await house.service_status(service["service_id"]) == "active"


async def test_a_refused_lift_is_tried_again_the_next_day(house: House) -> None:
    service, invoice_id, suspension = await overdue_service(house)
    await house.play(suspension)
    house.sandbox.change_panel("delete from account")
    await house.pay_and_settle(house.ana, invoice_id)
    await house.until(house.is_quiet)
    assert (await house.names(house.ana))[-1] == "ProvisioningFailed"
    assert await house.service_status(service["service_id"]) == "suspended"
    house.sandbox.change_panel(
        f"""insert into account (service_id, domain, plan, state, changed_at)
            values ('{service["service_id"]}', 'ana.example', 'start', 'suspended', 0)"""
    )
    await house.play(suspension + DAY)
    assert await house.service_status(service["service_id"]) == "active"


async def test_termination_is_off_unless_the_brand_wants_it(house: House) -> None:
    service, _, suspension = await overdue_service(house)
    await house.play(suspension)
    await house.play(suspension + 20 * DAY)
    assert await house.service_status(service["service_id"]) == "suspended"
    await house.apply_brand(dunning={"termination_days": 10})
    await house.play(suspension + 21 * DAY)
    assert await house.service_status(service["service_id"]) == "terminated"
    await house.play(suspension + 22 * DAY)
    invoices = await house.invoices(house.ana)
    assert invoices[-1]["status"] == "cancelled"
    await house.play(suspension + 24 * DAY)
    assert len(await house.invoices(house.ana)) == len(invoices)
    assert await house.findings() == []


# ------------------------------------------------------------------------------ errors


async def test_one_accounts_error_stops_nobody_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await house.active_service(house.ana)
    await house.active_service(house.rui, domain="rui.example")
    due = await next_due(house, first)
    await house.play(due - 15 * DAY)

    async def broken(command: IssueRenewal, tx: Transaction) -> object:
        assert command.account_id != house.ana, "a programmer's error"
        return await issue_renewal(command, tx)

    monkeypatch.setattr(tasks, "issue_renewal", broken)
    await house.play(due - 14 * DAY)
    assert len(await house.invoices(house.ana)) == 1
    assert len(await house.invoices(house.rui)) == 2
    problem = await house.fetchval("select error from business_day_problem")
    assert "a programmer's error" in problem
    monkeypatch.undo()
    await house.play(due - 13 * DAY)
    assert len(await house.invoices(house.ana)) == 2


async def test_a_fault_of_the_whole_house_stops_the_run_and_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await house.active_service(house.ana)
    due = await next_due(house, service)
    await house.play(due - 15 * DAY)

    async def no_keys(command: IssueRenewal, tx: Transaction) -> object:
        raise Unavailable(what="accounts")

    monkeypatch.setattr(tasks, "issue_renewal", no_keys)
    body = {"brand": "ponto", "day": (due - 14 * DAY).isoformat()}
    await house.do("POST", "/internal/business-days", body, token=house.internal())
    with pytest.raises(Unavailable):
        await house.run.work_off()
    monkeypatch.undo()
    await house.run.work_off()
    assert len(await house.invoices(house.ana)) == 2
    assert await house.fetchval("select count(*) from business_day_problem") == 0


async def test_an_account_that_is_gone_is_not_known(house: House) -> None:
    body = {"product_id": await house.product_id(), "cycle": "monthly", "domain": "x.example"}
    stranger = house.client(new_id())
    answer = await house.ask("POST", "/v1/orders", body, token=stranger)
    assert code_of(answer) == (503, "account_not_ready")
