"""Why, asked over HTTP: in the account's language, back to what began it, by who may read it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.contracts import REGISTRY
from shared.ids import new_id
from tests.billing.house import House, code_of
from tests.billing.test_automation_rules import due_of, give_credit
from tests.billing.test_services import products

DAY = timedelta(days=1)


async def why(house: House, kind: str, id: str, *, token: str | None = None) -> dict[str, Any]:
    await house.catch_up()
    asked = token or house.client(house.ana)
    found: dict[str, Any] = await house.do("GET", f"/v1/why/{kind}/{id}", token=asked)
    return found


async def event_id(house: House, name: str) -> str:
    """The latest event of this name about the account."""
    found: UUID = await house.fetchval(
        """select id from log where account_id = $1 and type = $2
           order by position desc limit 1""",
        house.ana,
        name,
    )
    return str(found)


async def test_the_line_of_a_renewal_is_explained_in_the_accounts_language(house: House) -> None:
    service = await house.active_service(house.ana)
    due = await due_of(house, service)
    await house.play_until(due - 14 * DAY)
    renewal = (await house.invoices(house.ana))[-1]
    answer = await why(house, "line", f"{renewal['invoice_id']}.0")
    day = due.strftime("%d/%m/%Y")
    assert answer["language"] == "pt-BR"
    assert answer["sentence"] == (
        f"O próximo período do serviço começa em {day}; ele é faturado 14 dias antes."
    )
    assert answer["happened"] == renewal["lines"][0]["description"]
    assert answer["rule"] == "renewal.period_due"
    assert answer["policy_version"].startswith("ponto:")
    assert [link["type"] for link in answer["chain"]] == ["InvoiceIssued", "BusinessDayStarted"]
    assert answer["caused_by"] == answer["chain"][1]["event_id"]
    assert answer["is_whole"]


async def test_each_account_is_answered_in_its_own_language(house: House) -> None:
    eva = new_id()
    await house.register("Ewa Nowak", eva, language="pl")
    order = await house.order(eva, domain="ewa.example")
    answer = await why(house, "line", f"{order['invoice_id']}.0", token=house.client(eva))
    assert answer["language"] == "pl"
    assert answer["sentence"] == f"Zamówiono w zamówieniu {order['number']}."
    assert [link["actor"] for link in answer["chain"]] == ["osoba"]


async def test_a_suspension_leads_back_to_the_day_that_asked_for_it(house: House) -> None:
    service = await house.active_service(house.ana)
    due = await due_of(house, service)
    await house.play_until(due + 5 * DAY)
    assert await house.service_status(service["service_id"]) == "suspended"
    answer = await why(house, "service", service["service_id"])
    assert answer["rule"] == "suspension.overdue"
    assert answer["facts"]["days"] == "5"
    renewal = (await house.invoices(house.ana))[-1]
    assert renewal["number"] in answer["sentence"]
    assert [link["type"] for link in answer["chain"]] == [
        "ServiceSuspended",
        "ProvisioningRequested",
        "BusinessDayStarted",
    ]
    assert [link["actor"] for link in answer["chain"]] == [
        "o servidor",
        "a rotina diária",
        "o sistema",  # here the day is begun by hand
    ]
    for name, rule in (
        ("PaymentReminderDue", "notice.due"),
        ("InvoiceOverdue", "notice.overdue"),
        ("SuspensionWarned", "suspension.warning"),
    ):
        notice = await why(house, "notice", await event_id(house, name))
        assert notice["rule"] == rule
        assert "regra" not in notice["sentence"], "its facts are all there"


async def test_an_activation_leads_back_to_the_payment_that_a_person_began(house: House) -> None:
    service = await house.active_service(house.ana)
    answer = await why(house, "change", await event_id(house, "ServiceActivated"))
    assert answer["rule"] == "order.paid"
    assert service["number"]
    types = [link["type"] for link in answer["chain"]]
    assert types[:3] == ["ServiceActivated", "ProvisioningRequested", "InvoicePaid"]
    assert answer["chain"][-1]["actor"] == "uma pessoa"
    assert answer["is_whole"]


async def test_a_late_fee_and_a_use_of_credit_are_explained(house: House) -> None:
    fee = {"kind": "fixed", "amount_minor": 700, "after_days": 3}
    await house.apply_brand(rules={"late_fee": fee})
    service = await house.active_service(house.ana)
    await give_credit(house, house.ana, 1000)
    due = await due_of(house, service)
    await house.play_until(due + 3 * DAY)
    late = (await house.invoices(house.ana))[-2]
    answer = await why(house, "fee", late["invoice_id"])
    assert answer["rule"] == "late_fee.overdue"
    assert "R$\xa019,90" in answer["sentence"] and late["number"] in answer["sentence"]
    applied = next(f for n, f in await house.events(house.ana) if n == "CreditApplied")
    use = await why(house, "credit", applied["application_id"])
    assert (use["rule"], use["facts"]) == ("credit.applied", {"invoice": late["number"]})


async def test_an_order_that_nobody_pays_is_cancelled_for_a_reason(house: House) -> None:
    order = await house.order(house.ana)
    await house.play_until(await house.today() + 7 * DAY)
    for kind, id in (("invoice", order["invoice_id"]), ("service", order["service_id"])):
        answer = await why(house, kind, id)
        assert answer["rule"] == "order.unpaid"
        assert answer["sentence"] == "Um pedido que não é pago em 7 dias é cancelado."


def unexplained(events: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Events and lines that could say why and do not."""
    found = []
    for name, fields in events:
        explains = "why" in REGISTRY["billing", name].__struct_fields__
        if explains and not fields["why"]:
            found.append(name)
        lines = fields.get("lines", []) if name == "InvoiceIssued" else []
        found += [f"{name}: {line['kind']}" for line in lines if not line["why"]]
    return found


async def test_all_that_happens_to_an_account_says_why(house: House) -> None:
    fee = {"kind": "fixed", "amount_minor": 700, "after_days": 3}
    await house.apply_brand(products=products(), rules={"late_fee": fee, "termination_days": 9})
    service = await house.active_service(house.ana)
    other = await house.active_service(house.ana, domain="other.example")
    given_up = await house.order(house.ana, domain="unpaid.example")
    token, path = house.client(house.ana), f"/v1/services/{service['service_id']}"
    await house.do("POST", f"/v1/orders/{given_up['order_id']}/cancel", token=token)
    pro = {"product_id": await house.product_id("pro")}
    change = await house.do("POST", f"{path}/changes", pro, token=token)
    await house.pay_and_settle(house.ana, change["invoice_id"])
    await house.until(house.is_quiet)
    early = await house.do("POST", f"{path}/renewals", {"periods": 1}, token=token)
    await house.pay_and_settle(house.ana, early["invoice_id"])
    body = {"reason": "Sorry", "lines": [{"line": 0, "amount_minor": 1000}]}
    note = f"/v1/invoices/{early['invoice_id']}/credit-notes"
    await house.do("POST", note, body, token=house.staff())
    wish = {"at": "now", "reason": "other"}
    await house.do("POST", f"{path}/cancellation", wish, token=token)
    await house.until(house.is_quiet)
    await house.play_until(await due_of(house, other) + 16 * DAY)
    events = await house.events(house.ana)
    names = {name for name, _ in events}
    assert names >= {
        "CreditApplied",
        "CreditGiven",
        "CreditNoteIssued",
        "InvoiceCancelled",
        "InvoiceOverdue",
        "OrderCancelled",
        "PaymentReminderDue",
        "ServiceActivated",
        "ServiceCancelled",
        "ServiceChanged",
        "ServiceEnded",
        "ServiceRenewed",
        "ServiceSuspended",
        "ServiceTerminated",
        "SuspensionWarned",
    }
    assert unexplained(events) == []
    kinds = {line["kind"] for _, f in events for line in f.get("lines", []) if "kind" in line}
    assert kinds >= {"new", "renewal", "upgrade", "credit", "late_fee"}


async def test_only_who_may_read_the_account_is_told(house: House) -> None:
    order = await house.order(house.ana)
    id = f"{order['invoice_id']}.0"
    path = f"/v1/why/line/{id}"
    assert (await why(house, "line", id, token=house.staff()))["rule"] == "order.placed"
    for token, expected in (
        (house.client(house.rui), (404, "not_found")),
        (house.staff("vela"), (404, "not_found")),
        (house.staff(may=[]), (403, "forbidden")),
    ):
        assert code_of(await house.ask("GET", path, token=token)) == expected
    malformed = f"/v1/why/line/{order['invoice_id']}"
    answer = await house.ask("GET", malformed, token=house.client(house.ana))
    assert code_of(answer) == (422, "question_malformed")
    unknown = await house.ask("GET", f"/v1/why/mood/{id}", token=house.client(house.ana))
    assert unknown.status_code == 422
