"""Invoices as staff makes, corrects and takes them back, with their taxes and the books behind."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.billing.rules.account_terms import AccountTerms
from shared.contracts.permissions import BILLING_INVOICE, BILLING_READ
from shared.ids import new_id
from shared.store import Cause
from tests.billing.house import House, code_of

EXCLUSIVE: dict[str, Any] = {
    "mode": "exclusive",
    "seller_country": "BR",
    "rates": [{"name": "ISS", "percent": "5", "country": "BR"}],
}


async def staff_does(house: House, path: str, body: Any = None, *, method: str = "POST") -> Any:
    answer = await house.do(method, path, body, token=house.staff())
    await house.catch_up()
    return answer


async def billed(house: House, net_minor: int = 10000, **changed: Any) -> dict[str, Any]:
    """An invoice of its own over one item."""
    body = {
        "description": "Restore",
        "net_minor": net_minor,
        "currency": "BRL",
        "due": "now",
        **changed,
    }
    item = await staff_does(house, f"/v1/accounts/{house.ana}/billable-items", body)
    return await house.invoice(house.ana, item["invoice_id"])


async def credit_of(house: House) -> int:
    """What the account has with us, by the ledger."""
    found = await house.fetchval(
        """select coalesce(-sum(amount_minor), 0)::bigint from ledger_posting
           where ledger_account = 'client_credit' and account_id = $1""",
        house.ana,
    )
    return int(found)


async def next_due(house: House, order: dict[str, str]) -> date:
    """When the service of the order is due next."""
    due_on: date = await house.fetchval(
        "select next_due_on from service_due where service_id = $1", UUID(order["service_id"])
    )
    return due_on


async def test_tax_is_shown_paid_and_booked(house: House) -> None:
    await house.apply_brand(tax=EXCLUSIVE)
    order = await house.active_service(house.ana)
    invoice = await house.invoice(house.ana, order["invoice_id"])
    assert (invoice["net_minor"], invoice["tax_minor"], invoice["total_minor"]) == (2990, 150, 3140)
    assert invoice["taxes"] == [
        {
            "name": "ISS",
            "category": "S",
            "rate_percent": "5",
            "taxable_minor": 2990,
            "tax_minor": 150,
            "note": "",
            "is_informative": False,
        }
    ]
    assert (invoice["status"], invoice["open_minor"], invoice["paid_minor"]) == ("paid", 0, 3140)
    assert invoice["payee"] == {"name": "Ponto Ltda"}
    tax = "select sum(amount_minor) from ledger_posting where ledger_account = 'tax'"
    assert await house.fetchval(tax) == -150
    assert await house.findings() == []


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
async def test_a_tax_that_the_price_contains_is_told_and_booked_as_nothing(
    house: House, mode: str
) -> None:
    rates = [{"name": "ISS", "percent": "5", "country": "BR", "is_informative": True}]
    await house.apply_brand(tax={"mode": mode, "seller_country": "BR", "rates": rates})
    order = await house.active_service(house.ana)
    invoice = await house.invoice(house.ana, order["invoice_id"])
    assert (invoice["net_minor"], invoice["tax_minor"], invoice["total_minor"]) == (2990, 0, 2990)
    (row,) = invoice["taxes"]
    assert (row["is_informative"], row["taxable_minor"], row["tax_minor"]) == (True, 2990, 150)
    assert invoice["notes"] == [row["note"]]
    assert (invoice["status"], invoice["paid_minor"]) == ("paid", 2990)
    await staff_does(
        house, f"/v1/invoices/{order['invoice_id']}/credit-notes", {"reason": "Not used"}
    )
    booked = (
        "select count(*) from ledger_posting where ledger_account = 'tax' and amount_minor <> 0"
    )
    assert await house.fetchval(booked) == 0
    assert await credit_of(house) == 2990
    assert await house.findings() == []


async def test_prices_that_include_tax_stay_as_they_are(house: House) -> None:
    await house.apply_brand(tax={**EXCLUSIVE, "mode": "inclusive"})
    order = await house.order(house.ana)
    invoice = await house.invoice(house.ana, order["invoice_id"])
    assert (invoice["net_minor"], invoice["tax_minor"], invoice["total_minor"]) == (2848, 142, 2990)
    assert invoice["prices_include_tax"]
    assert await house.findings() == []


async def test_an_account_that_is_exempt_by_its_terms_pays_no_tax(house: House) -> None:
    await house.apply_brand(tax=EXCLUSIVE)
    terms = AccountTerms.open(account_id=house.ana, brand="ponto")
    terms.change_rules({"tax_exempt": True})
    async with house.store.transaction(Cause(actor="test")) as tx:
        await tx.save(terms)
    exempt, taxed = await house.order(house.ana), await house.order(house.rui)
    invoice = await house.invoice(house.ana, exempt["invoice_id"])
    assert (invoice["total_minor"], invoice["taxes"][0]["category"]) == (2990, "E")
    assert (await house.invoice(house.rui, taxed["invoice_id"]))["total_minor"] == 3140


async def test_a_file_whose_taxes_contradict_each_other_is_refused(house: House) -> None:
    tax = {**EXCLUSIVE, "rates": [*EXCLUSIVE["rates"], *EXCLUSIVE["rates"]]}
    with pytest.raises(AssertionError, match="tax_rules_contradict"):
        await house.apply_brand(tax=tax)


async def test_a_part_of_an_unpaid_invoice_is_taken_back(house: House) -> None:
    await house.apply_brand(tax=EXCLUSIVE)
    invoice = await billed(house)
    body = {"reason": "Two days off", "lines": [{"line": 0, "amount_minor": 4000}]}
    note = await staff_does(house, f"/v1/invoices/{invoice['invoice_id']}/credit-notes", body)
    assert (note["total_minor"], note["returned_minor"]) == (4200, 0)
    shown = await house.invoice(house.ana, invoice["invoice_id"])
    assert (shown["status"], shown["open_minor"], shown["credited_minor"]) == ("unpaid", 6300, 4200)
    assert shown["total_minor"] == 10500
    token = house.client(house.ana)
    (listed,) = await house.do("GET", "/v1/credit-notes", token=token)
    assert (listed["number"], listed["tax_minor"]) == ("PON-C-2026-000001", 200)
    assert await house.findings() == []
    await house.pay_and_settle(house.ana, invoice["invoice_id"])
    assert await house.findings() == []


async def test_what_had_been_paid_and_is_taken_back_is_credit(house: House) -> None:
    await house.apply_brand(tax=EXCLUSIVE)
    order = await house.active_service(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/credit-notes"
    note = await staff_does(house, path, {"reason": "Goodwill"})
    assert (note["total_minor"], note["returned_minor"]) == (3140, 3140)
    assert await credit_of(house) == 3140
    shown = await house.invoice(house.ana, order["invoice_id"])
    assert (shown["status"], shown["open_minor"]) == ("credited", 0)
    again = await house.ask("POST", path, {"reason": "Again"}, token=house.staff())
    assert code_of(again) == (409, "nothing_to_credit")
    assert await house.findings() == []


async def test_a_paid_invoice_is_corrected_in_one_step_and_stays_paid(house: House) -> None:
    await house.apply_brand(tax=EXCLUSIVE)
    order = await house.active_service(house.ana)
    body = {
        "reason": "The price agreed by telephone",
        "due_on": "2026-12-24",
        "lines": [{"line": 0, "description": "Hosting", "net_minor": 2000}],
    }
    path = f"/v1/invoices/{order['invoice_id']}/corrections"
    new = await staff_does(house, path, body)
    assert (new["total_minor"], new["open_minor"]) == (2100, 0)
    old = await house.invoice(house.ana, order["invoice_id"])
    assert (old["status"], old["corrected_by"]) == ("credited", new["invoice_id"])
    shown = await house.invoice(house.ana, new["invoice_id"])
    assert (shown["status"], shown["corrects"]) == ("paid", order["invoice_id"])
    assert (shown["credit_minor"], shown["lines"][0]["service_id"]) == (2100, order["service_id"])
    assert await credit_of(house) == 3140 - 2100
    assert await house.service_status(order["service_id"]) == "active"
    assert await house.findings() == []


async def test_a_correction_that_cannot_be_leaves_everything_as_it_was(house: House) -> None:
    order = await house.active_service(house.ana)
    before = await house.names(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/corrections"
    line = {"line": 0, "description": "Hosting", "net_minor": 1000}
    wrong: list[tuple[list[dict[str, Any]], tuple[int, str]]] = [
        ([{**line, "net_minor": -1}], (409, "invoice_below_zero")),
        ([{**line, "line": 1}], (422, "credited_amount_invalid")),
        ([line, line], (422, "credited_amount_invalid")),
        ([], (422, "malformed_request")),
        ([{**line, "net_minor": "1000"}], (422, "malformed_request")),
        ([{**line, "total_minor": 1}], (422, "malformed_request")),
    ]
    for lines, refusal in wrong:
        body = {"reason": "x", "due_on": "2026-12-24", "lines": lines}
        answer = await house.ask("POST", path, body, token=house.staff())
        assert code_of(answer) == refusal, lines
    assert await house.names(house.ana) == before
    assert await house.findings() == []


async def test_of_sixteen_corrections_at_once_one_is_made(house: House) -> None:
    order = await house.order(house.ana)
    path = f"/v1/invoices/{order['invoice_id']}/corrections"
    line = {"line": 0, "description": "Hosting", "net_minor": 1000}
    body = {"reason": "x", "due_on": "2026-12-24", "lines": [line]}
    answers = await asyncio.gather(
        *(house.ask("POST", path, body, token=house.staff()) for _ in range(16))
    )
    assert sum(each.status_code == 201 for each in answers) == 1
    assert {each.status_code for each in answers} <= {201, 409, 503}
    assert len(await house.invoices(house.ana)) == 2
    assert await house.findings() == []


async def test_a_corrected_order_is_served_and_given_up_as_it_would_have_been(house: House) -> None:
    paid, given_up = await house.order(house.ana), await house.order(house.ana, domain="b.example")
    body = {
        "reason": "Wrong price",
        "due_on": "2026-12-24",
        "lines": [{"line": 0, "description": "Hosting", "net_minor": 990}],
    }
    new = await staff_does(house, f"/v1/invoices/{paid['invoice_id']}/corrections", body)
    await house.pay(house.ana, new["invoice_id"])
    await house.until_service_is("active", paid["service_id"])
    await staff_does(house, f"/v1/invoices/{given_up['invoice_id']}/corrections", body)
    token = house.client(house.ana)
    await house.do("POST", f"/v1/orders/{given_up['order_id']}/cancel", token=token)
    await house.catch_up()
    assert {each["open_minor"] for each in await house.invoices(house.ana)} == {0}
    assert await house.findings() == []


async def test_an_unpaid_renewal_that_was_corrected_renews_its_service(house: House) -> None:
    order = await house.active_service(house.ana)
    due_on = await next_due(house, order)
    await house.play_until(due_on)
    renewal = (await house.invoices(house.ana))[-1]
    body = {
        "reason": "Wrong price",
        "due_on": due_on.isoformat(),
        "lines": [{"line": 0, "description": "Hosting", "net_minor": 990}],
    }
    new = await staff_does(house, f"/v1/invoices/{renewal['invoice_id']}/corrections", body)
    await house.pay_and_settle(house.ana, new["invoice_id"])
    await house.until(house.is_quiet)
    assert (await next_due(house, order)).isoformat() == renewal["lines"][0]["period_end"]
    assert await house.findings() == []


async def test_a_void_invoice_gives_its_credit_back_and_a_written_off_one_its_debt(
    house: House,
) -> None:
    paid, lost = await billed(house, 3000), await billed(house, 700)
    await house.pay_and_settle(house.ana, paid["invoice_id"])
    body = {
        "reason": "More was done",
        "due_on": "2026-12-24",
        "lines": [{"line": 0, "description": "Restore", "net_minor": 5000}],
    }
    partly = await staff_does(house, f"/v1/invoices/{paid['invoice_id']}/corrections", body)
    assert (partly["open_minor"], await credit_of(house)) == (2000, 0)
    void = f"/v1/invoices/{partly['invoice_id']}/cancel"
    await staff_does(house, void, {"reason": "Given up"})
    assert await credit_of(house) == 3000
    await staff_does(house, f"/v1/invoices/{lost['invoice_id']}/write-off", {"reason": "Gone"})
    statuses = [each["status"] for each in await house.invoices(house.ana)]
    assert statuses == ["credited", "written_off", "cancelled"]
    assert await house.findings() == []
    again = await house.ask("POST", void, {"reason": "Again"}, token=house.staff())
    assert code_of(again) == (409, "invoice_is_cancelled")


async def test_a_draft_is_written_split_merged_and_issued(house: House) -> None:
    token = house.staff()
    first = (await staff_does(house, f"/v1/accounts/{house.ana}/drafts", {"currency": "BRL"}))[
        "draft_id"
    ]
    line = {"description": "Migration", "quantity": "2.5", "unit_minor": 1001}
    moved = await staff_does(house, f"/v1/drafts/{first}/lines", line)
    kept = await staff_does(house, f"/v1/drafts/{first}/lines", {**line, "quantity": "1"})
    split = await staff_does(house, f"/v1/drafts/{first}/split", {"line_ids": [moved["line_id"]]})
    shown = await house.do("GET", f"/v1/drafts/{split['draft_id']}", token=token)
    assert [each["net_minor"] for each in shown["lines"]] == [2503]
    await staff_does(house, f"/v1/drafts/{first}/merge", {"from_id": split["draft_id"]})
    path = f"/v1/drafts/{first}/lines/{kept['line_id']}"
    await staff_does(house, path, {**line, "description": "Advice"}, method="PUT")
    issue = {"due_on": "2026-12-24", "notes": ["Order 4711"]}
    issued = await staff_does(house, f"/v1/drafts/{first}/issue", issue)
    invoice = await house.invoice(house.ana, issued["invoice_id"])
    assert sorted(each["description"] for each in invoice["lines"]) == ["Advice", "Migration"]
    assert (invoice["total_minor"], invoice["notes"]) == (5006, ["Order 4711"])
    assert invoice["lines"][0]["why"]["rule"] == "draft.issued"
    again = await house.ask("POST", f"/v1/drafts/{first}/issue", issue, token=token)
    assert code_of(again) == (409, "draft_is_closed")
    assert await house.do("GET", "/v1/brands/ponto/drafts", token=token) == []
    assert await house.findings() == []


async def test_an_item_goes_with_the_next_invoice_that_nobody_has_seen_before(house: House) -> None:
    order = await house.active_service(house.ana)
    body = {"description": "Restore", "net_minor": 500, "currency": "BRL"}
    path = f"/v1/accounts/{house.ana}/billable-items"
    item = await staff_does(house, path, body)
    await house.order(house.ana, domain="b.example")
    await house.play_until(await next_due(house, order))
    shown = [
        (line["kind"], line["net_minor"])
        for invoice in await house.invoices(house.ana)
        for line in invoice["lines"]
    ]
    assert shown == [("new", 2990), ("new", 2990), ("renewal", 2990), ("manual", 500)]
    (listed,) = await house.do("GET", path, token=house.staff())
    assert (listed["item_id"], listed["status"]) == (item["item_id"], "invoiced")
    gone = await house.ask(
        "POST",
        f"/v1/billable-items/{item['item_id']}/withdraw",
        {"reason": "Too late"},
        token=house.staff(),
    )
    assert code_of(gone) == (409, "item_is_closed")
    assert await house.findings() == []


async def test_an_item_of_a_date_is_billed_on_that_day_at_the_latest(house: House) -> None:
    today = await house.today()
    path = f"/v1/accounts/{house.ana}/billable-items"
    body = {"description": "Support", "net_minor": 500, "currency": "BRL", "due": "on_date"}
    bill_on = today + timedelta(days=2)
    await staff_does(house, path, {**body, "bill_on": bill_on.isoformat()})
    await house.play_until(bill_on)
    (invoice,) = await house.invoices(house.ana)
    assert (invoice["total_minor"], invoice["issued_on"]) == (500, bill_on.isoformat())


@pytest.mark.parametrize(("agreed", "days"), [({}, 21), ({"renewal_days_before": 30}, 30)])
async def test_an_item_of_a_date_is_to_be_paid_as_the_rules_of_its_account_say(
    house: House, agreed: dict[str, int], days: int
) -> None:
    await house.apply_brand(rules={"renewal_days_before": 21})
    rules = f"/v1/accounts/{house.ana}/rules"
    await staff_does(house, rules, {"rules": agreed}, method="PUT")
    bill_on = await house.today() + timedelta(days=1)
    item = {"description": "Support", "net_minor": 500, "currency": "BRL", "due": "on_date"}
    path = f"/v1/accounts/{house.ana}/billable-items"
    await staff_does(house, path, {**item, "bill_on": bill_on.isoformat()})
    await house.play_until(bill_on)
    (invoice,) = await house.invoices(house.ana)
    assert invoice["due_on"] == (bill_on + timedelta(days=days)).isoformat()


REFUSED_ITEMS: list[tuple[dict[str, Any], str]] = [
    ({"net_minor": 0}, "malformed_request"),
    ({"net_minor": -1}, "malformed_request"),
    ({"net_minor": 10**12}, "malformed_request"),
    ({"net_minor": 9.5}, "malformed_request"),
    ({"net_minor": "500"}, "malformed_request"),
    ({"currency": "USD"}, "currency_not_sold"),
    ({"currency": "real"}, "malformed_request"),
    ({"bill_on": "2026-12-24"}, "billing_day_invalid"),
    ({"due_on": "2026-12-24"}, "billing_day_invalid"),
    ({"bill_on": "2026-02-30"}, "malformed_request"),
    ({"description": ""}, "malformed_request"),
    ({"tax_category": "none"}, "malformed_request"),
    ({"total_minor": 1}, "malformed_request"),
]


async def test_what_cannot_be_billed_is_named_and_leaves_nothing(house: House) -> None:
    path = f"/v1/accounts/{house.ana}/billable-items"
    good = {"description": "Restore", "net_minor": 500, "currency": "BRL"}
    for changed, code in REFUSED_ITEMS:
        answer = await house.ask("POST", path, {**good, **changed}, token=house.staff())
        assert code_of(answer) == (422, code), changed
        assert next(iter(changed)) in answer.text, changed
    unknown = f"/v1/accounts/{new_id()}/billable-items"
    answer = await house.ask("POST", unknown, good, token=house.staff())
    assert code_of(answer) == (404, "not_found")
    assert await house.names(house.ana) == []


async def test_a_quantity_is_a_decimal_text_above_zero(house: House) -> None:
    draft = await staff_does(house, f"/v1/accounts/{house.ana}/drafts", {"currency": "BRL"})
    path = f"/v1/drafts/{draft['draft_id']}/lines"
    for quantity in ("0", "-1", "1e3", "1,5", "\u0663", "0.0", "", "1.23456", 1, None):
        line = {"description": "Work", "quantity": quantity, "unit_minor": 100}
        answer = await house.ask("POST", path, line, token=house.staff())
        assert code_of(answer) == (422, "malformed_request"), quantity
        assert [each["field"] for each in answer.json()["errors"]] == ["body.quantity"]


async def test_each_action_of_staff_has_a_permission_of_its_own(house: House) -> None:
    order = await house.order(house.ana)
    at = f"/v1/invoices/{order['invoice_id']}"
    reason = {"reason": "x"}
    may_not = house.staff(may=[BILLING_READ, BILLING_INVOICE])
    for path in ("credit-notes", "corrections", "write-off"):
        answer = await house.ask("POST", f"{at}/{path}", reason, token=may_not)
        assert code_of(answer) == (403, "forbidden"), path
    reader = house.staff(may=[BILLING_READ])
    for path in (f"{at}/cancel", f"/v1/accounts/{house.ana}/drafts"):
        assert code_of(await house.ask("POST", path, reason, token=reader)) == (403, "forbidden")
    client = await house.ask("POST", f"{at}/credit-notes", reason, token=house.client(house.ana))
    assert code_of(client) == (403, "forbidden")
    elsewhere = house.staff(brand="outra")
    for path in ("credit-notes", "cancel", "write-off"):
        answer = await house.ask("POST", f"{at}/{path}", reason, token=elsewhere)
        assert code_of(answer) == (404, "not_found"), path
    assert code_of(await house.ask("GET", at, token=elsewhere)) == (404, "not_found")
    assert (await house.do("GET", at, token=reader))["status"] == "unpaid"
    unable = house.staff(may=[BILLING_INVOICE])
    assert code_of(await house.ask("GET", at, token=unable)) == (403, "forbidden")
    rui = house.client(house.rui)
    assert code_of(await house.ask("GET", at, token=rui)) == (404, "not_found")


@pytest.mark.parametrize("separate", [False, True])
async def test_services_due_together_share_an_invoice_unless_the_brand_separates_them(
    house: House, separate: bool
) -> None:
    await house.apply_brand(rules={"separate_renewals": separate})
    orders = [await house.active_service(house.ana, domain=f"{n}.example") for n in range(2)]
    await house.play_until(await next_due(house, orders[0]))
    kinds = [[line["kind"] for line in each["lines"]] for each in await house.invoices(house.ana)]
    renewals = [["renewal"], ["renewal"]] if separate else [["renewal", "renewal"]]
    assert kinds == [["new"], ["new"], *renewals]


async def test_a_stale_view_of_an_invoice_is_not_acted_upon(house: House) -> None:
    order = await house.order(house.ana)
    await house.start_payment(house.ana, order["invoice_id"])
    answer = await house.ask(
        "POST",
        f"/v1/invoices/{order['invoice_id']}/credit-notes",
        {"reason": "x"},
        token=house.staff(),
        headers={"if-match": '"1"'},
    )
    assert code_of(answer) == (412, "stale")
