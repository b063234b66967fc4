"""Services in the house: renewed early, changed, cancelled, stopped, transferred."""

import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.billing.held_services.held_service import HeldService
from services.billing.provisioning.commands import RequestCreation, request_creation
from services.billing.provisioning.provisioning import Provisioning
from shared.ids import new_id
from shared.store import Cause
from tests.billing.house import House, code_of, price
from tests.conftest import wait_until

DAY = timedelta(days=1)


def products(**rules: Any) -> list[dict[str, Any]]:
    """Two plans with a way up, and an addon."""
    return [
        {
            "slug": "start",
            "name": {"en": "Start"},
            "prices": [price(recurring=3000), price("annual", 30000)],
            "upgrades_to": ["pro"],
            "rules": rules,
        },
        {"slug": "pro", "name": {"en": "Pro"}, "prices": [price(recurring=6000)], "rules": rules},
    ]


async def holding(house: House, **rules: Any) -> dict[str, str]:
    """A service that runs, of a brand with a way up and these rules."""
    await house.apply_brand(products=products(**rules))
    return await house.active_service(house.ana)


async def shown(house: House, service: dict[str, str]) -> dict[str, Any]:
    await house.catch_up()
    path = f"/v1/services/{service['service_id']}"
    found: dict[str, Any] = await house.do("GET", path, token=house.client(house.ana))
    return found


async def post(house: House, service: dict[str, str], what: str, body: Any = None) -> Any:
    path = f"/v1/services/{service['service_id']}/{what}"
    return await house.do("POST", path, body, token=house.client(house.ana))


async def refused(
    house: House, service: dict[str, str], what: str, body: Any = None, **asked: Any
) -> tuple[int, str]:
    path = f"/v1/services/{service['service_id']}/{what}"
    token = asked.pop("token", None) or house.client(house.ana)
    return code_of(await house.ask("POST", path, body, token=token, **asked))


async def facts(house: House, name: str) -> dict[str, Any]:
    """The latest event of this name about the account."""
    return [fields for each, fields in await house.events(house.ana) if each == name][-1]


async def due_of(house: House, service: dict[str, str]) -> date:
    return date.fromisoformat((await shown(house, service))["next_due_on"])


async def test_an_upgrade_is_paid_for_then_asked_of_the_panel_and_only_then_made(
    house: House,
) -> None:
    service = await holding(house)
    pro = {"product_id": await house.product_id("pro")}
    preview = await post(house, service, "changes/preview", pro)
    assert (preview["kind"], preview["effective"], preview["net_minor"]) == ("upgrade", "now", 3000)
    ordered = await post(house, service, "changes", pro)
    invoice = await house.invoice(house.ana, ordered["invoice_id"])
    assert [(line["description"], line["net_minor"]) for line in invoice["lines"]] == [
        (line["description"], line["net_minor"]) for line in preview["lines"]
    ]
    assert invoice["total_minor"] == 3000
    waiting = await shown(house, service)
    assert (waiting["recurring_minor"], waiting["change"]["net_minor"]) == (3000, 3000)
    await house.pay(house.ana, ordered["invoice_id"])

    async def is_asked() -> bool:
        return "change_plan" in [
            fields.get("action") for _, fields in await house.events(house.ana)
        ]

    await house.until(is_asked)
    await house.until(house.is_quiet)
    changed = await shown(house, service)
    assert (changed["recurring_minor"], changed["change"]) == (6000, None)
    assert changed["next_due_on"] == waiting["next_due_on"]
    assert await plan_at_panel(house, service["service_id"]) == "pro"
    names = await house.names(house.ana)
    assert names.index("InvoicePaid", names.index("ServiceChangeScheduled")) < names.index(
        "ServiceChanged"
    )
    assert await house.findings() == []


async def plan_at_panel(house: House, service_id: str) -> str:
    with sqlite3.connect(house.sandbox.folder / "panel.sqlite") as database:
        (plan,) = database.execute(
            "select plan from account where service_id = ?", (service_id,)
        ).fetchone()
    return str(plan)


async def test_the_next_renewal_after_an_upgrade_asks_for_the_new_price(house: House) -> None:
    service = await holding(house)
    ordered = await post(house, service, "changes", {"product_id": await house.product_id("pro")})
    await house.pay_and_settle(house.ana, ordered["invoice_id"])
    await house.until(house.is_quiet)
    await house.play_until(await due_of(house, service) - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert (renewal["lines"][0]["kind"], renewal["total_minor"]) == ("renewal", 6000)


async def test_what_the_panel_refuses_is_not_changed_and_is_asked_again(house: House) -> None:
    await house.apply_brand(products=products())
    service = await house.active_service(house.ana, domain="fixed.example")
    ordered = await post(house, service, "changes", {"product_id": await house.product_id("pro")})
    await house.pay_and_settle(house.ana, ordered["invoice_id"])
    await house.until(house.is_quiet)
    assert (await facts(house, "ProvisioningFailed"))["reason"] == "plan_full"
    assert (await shown(house, service))["recurring_minor"] == 3000
    assert await refused(house, service, "changes/withdrawal") == (409, "invoice_already_paid")


async def paid_change(house: House, service: dict[str, str]) -> str:
    """The invoice of an upgrade that is paid, and that the panel is about to be asked for."""
    ordered = await post(house, service, "changes", {"product_id": await house.product_id("pro")})
    await house.pay(house.ana, ordered["invoice_id"])

    async def is_asked() -> bool:
        await house.inbox.work_off_due()
        await house.catch_up()
        return "change_plan" in [
            fields.get("action") for _, fields in await house.events(house.ana)
        ]

    await wait_until(is_asked)
    return str(ordered["invoice_id"])


async def credit_all(house: House, invoice_id: str) -> None:
    path = f"/v1/invoices/{invoice_id}/credit-notes"
    await house.do("POST", path, {"reason": "Not wanted"}, token=house.staff())
    await house.catch_up()


async def test_a_change_that_is_credited_while_the_panel_makes_it_is_asked_back(
    house: House,
) -> None:
    service = await holding(house)
    due = await due_of(house, service)
    await credit_all(house, await paid_change(house, service))
    waiting = await shown(house, service)
    assert (waiting["recurring_minor"], waiting["change"]["kind"]) == (3000, "undo")
    assert await refused(house, service, "changes/withdrawal") == (409, "change_under_way")
    await house.until(house.is_quiet)
    after = await shown(house, service)
    assert (after["recurring_minor"], after["change"]) == (3000, None)
    assert await plan_at_panel(house, service["service_id"]) == "start"
    asked = [
        fields["plan"]
        for name, fields in await house.events(house.ana)
        if name == "ProvisioningRequested" and fields["action"] == "change_plan"
    ]
    assert asked == ["pro", "start"]
    assert await due_of(house, service) == due
    assert (await facts(house, "CreditGiven"))["amount_minor"] == 3000
    assert await house.findings() == []


async def test_a_credited_change_that_the_panel_refuses_leaves_nothing_to_ask_back(
    house: House,
) -> None:
    await house.apply_brand(products=products())
    service = await house.active_service(house.ana, domain="fixed.example")
    await credit_all(house, await paid_change(house, service))
    await house.until(house.is_quiet)
    after = await shown(house, service)
    assert (after["recurring_minor"], after["change"]) == (3000, None)
    assert (await facts(house, "ServiceChanged"))["net_minor"] == 0
    assert await house.findings() == []


async def test_a_change_that_is_corrected_while_the_panel_makes_it_is_made(house: House) -> None:
    service = await holding(house)
    invoice_id = await paid_change(house, service)
    lines = (await house.invoice(house.ana, invoice_id))["lines"]
    body = {
        "reason": "As agreed",
        "due_on": (await house.today()).isoformat(),
        "lines": [
            {"line": place, "description": line["description"], "net_minor": line["net_minor"]}
            for place, line in enumerate(lines)
        ],
    }
    await house.do("POST", f"/v1/invoices/{invoice_id}/corrections", body, token=house.staff())
    await house.until(house.is_quiet)
    assert (await shown(house, service))["recurring_minor"] == 6000
    assert await plan_at_panel(house, service["service_id"]) == "pro"
    assert await house.findings() == []


async def test_a_downgrade_waits_for_the_end_of_the_period(house: House) -> None:
    await house.apply_brand(products=products())
    service = await house.active_service(house.ana)
    up = await post(house, service, "changes", {"product_id": await house.product_id("pro")})
    await house.pay_and_settle(house.ana, up["invoice_id"])
    await house.until(house.is_quiet)
    down = {"product_id": await house.product_id("start")}
    assert await refused(house, service, "changes", {**down, "at": "now"}) == (
        409,
        "change_only_at_period_end",
    )
    due = await due_of(house, service)
    ordered = await post(house, service, "changes", down)
    assert (ordered["invoice_id"], ordered["effective_on"]) == (None, due.isoformat())
    assert (await shown(house, service))["recurring_minor"] == 6000
    await house.play_until(due - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert renewal["total_minor"] == 3000
    assert await refused(house, service, "changes/withdrawal") == (409, "change_already_billed")
    await house.pay_and_settle(house.ana, renewal["invoice_id"])
    await house.play_until(due)
    assert (await shown(house, service))["recurring_minor"] == 3000
    assert await house.findings() == []


async def test_a_downgrade_now_credits_the_account_by_a_credit_note(house: House) -> None:
    service = await holding(house, downgrade="now")
    up = await post(house, service, "changes", {"product_id": await house.product_id("pro")})
    await house.pay_and_settle(house.ana, up["invoice_id"])
    await house.until(house.is_quiet)
    ordered = await post(house, service, "changes", {"product_id": await house.product_id("start")})
    assert ordered["invoice_id"] is None
    await house.until(house.is_quiet)
    assert (await shown(house, service))["recurring_minor"] == 3000
    given = await facts(house, "CreditGiven")
    assert (given["source"], given["amount_minor"]) == ("credit_note", 3000)
    assert await house.findings() == []


async def test_a_change_that_nobody_pays_for_is_given_up_in_time(house: House) -> None:
    service = await holding(house)
    ordered = await post(house, service, "changes", {"product_id": await house.product_id("pro")})
    today = await house.today()
    await house.play_until(today + 8 * DAY)
    assert (await house.invoice(house.ana, ordered["invoice_id"]))["status"] == "cancelled"
    assert (await shown(house, service))["change"] is None
    assert await house.service_status(service["service_id"]) == "active"


async def test_a_change_can_be_taken_back_with_its_invoice(house: House) -> None:
    service = await holding(house)
    pro = {"product_id": await house.product_id("pro")}
    ordered = await post(house, service, "changes", pro)
    assert await refused(house, service, "changes", pro) == (409, "change_pending")
    await post(house, service, "changes/withdrawal")
    assert (await house.invoice(house.ana, ordered["invoice_id"]))["status"] == "cancelled"
    assert (await shown(house, service))["change"] is None
    assert await refused(house, service, "changes/withdrawal") == (409, "nothing_to_withdraw")


async def test_another_cycle_waits_for_the_end_of_the_period_and_costs_its_price(
    house: House,
) -> None:
    service = await holding(house)
    due = await due_of(house, service)
    await post(house, service, "changes", {"cycle": "annual"})
    await house.play_until(due - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert renewal["total_minor"] == 30000
    await house.pay_and_settle(house.ana, renewal["invoice_id"])
    await house.play_until(due)
    changed = await shown(house, service)
    assert changed["cycle"] == "annual"
    assert date.fromisoformat(changed["next_due_on"]).year == due.year + 1


async def test_a_service_is_renewed_early_for_several_periods(house: House) -> None:
    service = await holding(house)
    due = await due_of(house, service)
    renewal = await post(house, service, "renewals", {"periods": 3})
    assert (renewal["total_minor"], renewal["due_on"]) == (9000, due.isoformat())
    assert await refused(house, service, "renewals", {}) == (409, "renewal_unpaid")
    await house.pay_and_settle(house.ana, renewal["invoice_id"])
    await house.catch_up()
    assert (await due_of(house, service) - due).days in range(89, 93)
    assert await refused(house, service, "renewals", {"periods": 0}) == (422, "malformed_request")


async def test_a_cancelled_service_ends_with_its_period_and_owes_nothing(house: House) -> None:
    service = await holding(house)
    due = await due_of(house, service)
    await house.play_until(due - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    why = {"at": "period_end", "reason": "too_expensive"}
    await post(house, service, "cancellation", why)
    assert (await house.invoice(house.ana, renewal["invoice_id"]))["status"] == "cancelled"
    assert (await shown(house, service))["cancellation"]["ends_on"] == due.isoformat()
    assert await refused(house, service, "cancellation", why) == (409, "cancellation_pending")
    await house.play_until(due - DAY)
    assert await house.service_status(service["service_id"]) == "active"
    await house.play_until(due)
    assert await house.service_status(service["service_id"]) == "cancelled"
    assert (await facts(house, "ServiceEnded"))["reason"] == "cancellation"
    open_invoices = [each for each in await house.invoices(house.ana) if each["open_minor"]]
    assert open_invoices == []
    assert await house.findings() == []


async def test_a_cancellation_that_is_taken_back_lets_the_service_be_renewed(house: House) -> None:
    service = await holding(house)
    due = await due_of(house, service)
    await house.play_until(due - 14 * DAY)
    await post(house, service, "cancellation", {"at": "period_end", "reason": "other"})
    await post(house, service, "cancellation/withdrawal")
    assert await refused(house, service, "cancellation/withdrawal") == (409, "nothing_to_withdraw")
    await house.play_until(due - 13 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert (renewal["status"], renewal["total_minor"]) == ("unpaid", 3000)


async def test_a_service_that_is_cancelled_now_is_over_when_the_panel_says_so(
    house: House,
) -> None:
    service = await holding(house)
    await post(house, service, "cancellation", {"at": "now", "reason": "moving"})
    assert await house.service_status(service["service_id"]) == "active"
    assert await refused(house, service, "cancellation/withdrawal") == (409, "end_under_way")
    await house.until_service_is("cancelled", service["service_id"])
    why = (await facts(house, "ServiceEnded"))["why"]
    assert why["rule"] == "end.cancellation"


async def test_only_the_lines_of_a_cancelled_service_leave_an_invoice_over_several(
    house: House,
) -> None:
    first = await holding(house)
    second = await house.active_service(house.ana, domain="two.example")
    due = await due_of(house, first)
    await house.play_until(due - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    assert renewal["total_minor"] == 6000
    await post(house, first, "cancellation", {"at": "period_end", "reason": "other"})
    after = await house.invoice(house.ana, renewal["invoice_id"])
    assert (after["status"], after["open_minor"]) == ("unpaid", 3000)
    await house.pay_and_settle(house.ana, renewal["invoice_id"])
    await house.catch_up()
    assert await due_of(house, second) > due
    assert await due_of(house, first) == due
    assert await house.findings() == []


async def test_staff_stops_a_service_for_a_reason_that_no_payment_lifts(house: House) -> None:
    service = await holding(house)
    path = f"/v1/staff/services/{service['service_id']}/suspension"
    await house.do("POST", path, {"reason": "abuse"}, token=house.staff())
    assert await house.service_status(service["service_id"]) == "active"
    busy = await house.ask("POST", path, {"reason": "abuse"}, token=house.staff())
    assert code_of(busy) == (409, "panel_busy")
    await house.until_service_is("suspended", service["service_id"])
    await house.play(await house.today() + DAY)
    assert await house.service_status(service["service_id"]) == "suspended"
    await house.do("POST", f"{path}/end", token=house.staff())
    await house.until_service_is("active", service["service_id"])
    ended = await house.ask("POST", f"{path}/end", token=house.staff())
    assert code_of(ended) == (409, "service_not_suspended")


async def test_what_staff_may_not_do_is_not_done(house: House) -> None:
    service = await holding(house)
    path = f"/v1/staff/services/{service['service_id']}/suspension"
    body = {"reason": "abuse"}
    without = await house.ask("POST", path, body, token=house.staff(may=()))
    client = await house.ask("POST", path, body, token=house.client(house.ana))
    elsewhere = await house.ask("POST", path, body, token=house.staff("sol"))
    assert [code_of(each) for each in (without, client, elsewhere)] == [
        (403, "forbidden"),
        (403, "forbidden"),
        (404, "not_found"),
    ]


async def test_a_fee_may_be_due_before_a_suspension_for_debt_is_lifted(house: House) -> None:
    fee = {"kind": "before_lift", "amount_minor": 500}
    service = await holding(house, reactivation_fee=fee)
    due = await due_of(house, service)
    await house.play_until(due + 5 * DAY)
    assert await house.service_status(service["service_id"]) == "suspended"
    renewal = (await house.invoices(house.ana))[-1]
    await house.pay_and_settle(house.ana, renewal["invoice_id"])
    await house.until(house.is_quiet)
    assert await house.service_status(service["service_id"]) == "suspended"
    due_first = (await house.invoices(house.ana))[-1]
    assert (due_first["lines"][0]["kind"], due_first["total_minor"]) == ("reactivation_fee", 500)
    await house.pay(house.ana, due_first["invoice_id"])
    await house.until_service_is("active", service["service_id"])
    assert await house.findings() == []


async def test_a_fee_may_be_on_the_next_invoice_after_a_suspension_for_debt(house: House) -> None:
    fee = {"kind": "next_invoice", "amount_minor": 500}
    service = await holding(house, reactivation_fee=fee)
    due = await due_of(house, service)
    await house.play_until(due + 5 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    await house.pay(house.ana, renewal["invoice_id"])
    await house.until_service_is("active", service["service_id"])
    await house.catch_up()
    waiting = await house.fetchval(
        "select net_minor from billable_item where account_id = $1 and status = 'open'", house.ana
    )
    assert waiting == 500


async def test_a_service_is_transferred_when_the_panel_has_its_new_owner(house: House) -> None:
    service = await holding(house)
    before = await shown(house, service)
    path = f"/v1/staff/services/{service['service_id']}/transfer"
    body = {"account_id": str(house.rui)}
    answer = await house.do("POST", path, body, token=house.staff())
    assert (await shown(house, service))["status"] == "active"
    await house.until_service_is("active", answer["successor_id"])
    after = await house.do(
        "GET", f"/v1/services/{answer['successor_id']}", token=house.client(house.rui)
    )
    assert (after["next_due_on"], after["domain"]) == (before["next_due_on"], before["domain"])
    assert (await shown(house, service))["status"] == "cancelled"
    assert await plan_at_panel(house, answer["successor_id"]) == "start"
    told = await facts(house, "ServiceTransferred")
    assert told["successor_id"] == answer["successor_id"]
    again = await house.ask("POST", path, body, token=house.staff())
    assert code_of(again) == (409, "service_not_active")
    assert await house.findings() == []


async def test_a59_a_service_is_not_transferred_while_something_of_it_is_open(house: House) -> None:
    service = await holding(house)
    path = f"/v1/staff/services/{service['service_id']}/transfer"
    own = await house.ask("POST", path, {"account_id": str(house.ana)}, token=house.staff())
    nobody = {"account_id": str(UUID(int=7))}
    unknown = await house.ask("POST", path, nobody, token=house.staff())
    await post(house, service, "renewals", {})
    open_ = await house.ask("POST", path, {"account_id": str(house.rui)}, token=house.staff())
    assert [code_of(each) for each in (own, unknown, open_)] == [
        (409, "already_theirs"),
        (404, "not_found"),
        (409, "renewal_unpaid"),
    ]


async def test_an_order_pays_for_the_days_to_the_brands_own_day(house: House) -> None:
    day = await house.today()
    await house.apply_brand(rules={"align_day": 1})
    service = await house.active_service(house.ana)
    (first,) = await house.invoices(house.ana)
    end = date.fromisoformat(first["lines"][0]["period_end"])
    assert end.day == 1
    assert (end - day).days <= 31
    assert await due_of(house, service) == end
    assert first["total_minor"] <= 2990
    await house.play_until(max(end - 14 * DAY, day + DAY))
    renewal = (await house.invoices(house.ana))[-1]
    assert (renewal["lines"][0]["period_start"], renewal["total_minor"]) == (end.isoformat(), 2990)


async def addon_of(house: House, service: dict[str, str], *, ends_on: date | None = None) -> UUID:
    """A service that belongs to another one, and runs."""
    addon_id, account_id = new_id(), house.ana
    async with house.store.transaction(Cause(actor="test")) as tx:
        parent = await tx.load(HeldService, UUID(service["service_id"]))
        terms = replace(
            parent.terms,
            parent_id=None if ends_on else parent.id,
            ends_on=ends_on,
            domain="x.example",
        )
        addon = HeldService.order(
            id=addon_id,
            account_id=account_id,
            brand="ponto",
            order_id=parent.order_id,
            terms=terms,
        )
        panel = Provisioning.prepare(
            account_id=account_id,
            brand="ponto",
            service_id=addon_id,
            plan="ssl",
            domain="x.example",
        )
        await tx.save(addon, panel)
    async with house.store.transaction(Cause(actor="test")) as tx:
        await request_creation(RequestCreation(service_id=addon_id), tx)
    await house.until_service_is("active", str(addon_id))
    return addon_id


async def test_an_addon_ends_with_what_it_belongs_to(house: House) -> None:
    service = await holding(house)
    addon_id = await addon_of(house, service)
    transfer = f"/v1/staff/services/{service['service_id']}/transfer"
    kept = await house.ask("POST", transfer, {"account_id": str(house.rui)}, token=house.staff())
    assert code_of(kept) == (409, "service_has_addons")
    await post(house, service, "cancellation", {"at": "now", "reason": "other"})
    await house.until_service_is("cancelled", service["service_id"])
    await house.until_service_is("cancelled", str(addon_id))
    assert (await facts(house, "ServiceEnded"))["reason"] == "parent_ended"


async def test_a_fixed_term_ends_on_its_day_and_its_last_period_is_cut(house: House) -> None:
    service = await holding(house)
    due = await due_of(house, service)
    ends_on = due + 10 * DAY
    fixed = {"service_id": str(await addon_of(house, service, ends_on=ends_on))}
    await house.play_until(due - 14 * DAY)
    (line,) = [
        line
        for line in (await house.invoices(house.ana))[-1]["lines"]
        if line["service_id"] == fixed["service_id"]
    ]
    assert line["period_end"] == ends_on.isoformat()
    assert 0 < line["net_minor"] < 3000
    await house.pay_and_settle(house.ana, (await house.invoices(house.ana))[-1]["invoice_id"])
    await house.play_until(ends_on)
    assert await house.service_status(fixed["service_id"]) == "cancelled"
    assert (await facts(house, "ServiceEnded"))["reason"] == "fixed_term"
    assert await house.service_status(service["service_id"]) == "active"


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("changes", {"quantity": 2}),
        ("changes/withdrawal", None),
        ("cancellation", {"at": "now", "reason": "other"}),
        ("cancellation/withdrawal", None),
        ("renewals", {}),
    ],
)
async def test_a_service_is_its_accounts_alone_and_as_it_was_read(
    house: House, what: str, body: Any
) -> None:
    service = await holding(house)
    stranger = house.client(house.rui)
    assert await refused(house, service, what, body, token=stranger) == (404, "not_found")
    stale = {"if-match": '"1"'}
    assert await refused(house, service, what, body, headers=stale) == (412, "stale")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"quantity": 0}, "malformed_request"),
        ({"quantity": -1}, "malformed_request"),
        ({"quantity": 1.5}, "malformed_request"),
        ({"cycle": "weekly"}, "malformed_request"),
        ({"price_minor": 1}, "malformed_request"),
        ({"options": [{"option": "memory"}]}, "option_unknown"),
        ({"cycle": "triennial"}, "cycle_not_offered"),
    ],
)
async def test_a_change_that_cannot_be_is_refused_by_its_field(
    house: House, body: Any, code: str
) -> None:
    service = await holding(house)
    assert await refused(house, service, "changes", body) == (422, code)
    assert await refused(house, service, "changes/preview", body) == (422, code)
    assert (await shown(house, service))["change"] is None
