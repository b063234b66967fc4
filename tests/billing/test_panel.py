"""Provisioning against the panel: refusals, lost answers, forged answers, a panel that is down."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.billing.outside_calls import OutcomeUnknown
from services.billing.provisioning.panel import HostingPanel
from services.billing.webhooks.signature import sign
from shared.clock import unix_now
from shared.ids import new_id
from tests.billing.house import SECRET, House, code_of
from tests.conftest import wait_until


async def paid_order(house: House, domain: str = "ana.example") -> dict[str, str]:
    """An order that is paid, and of which the panel has not heard."""
    order = await house.order(house.ana, domain=domain)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    house.sandbox.change_checkouts("status = 'succeeded'")
    await house.inquiry.ask(UUID(payment_id))
    await house.catch_up()
    return order


async def post_answer(house: House, answer: dict[str, Any]) -> Any:
    body = msgspec.json.encode(answer)
    headers = {
        "panel-signature": sign(body, SECRET, at=unix_now()),
        "content-type": "application/json",
    }
    return await house.http.post("/webhooks/panel", content=body, headers=headers)


async def test_a_refused_service_stays_pending_until_somebody_asks_again(house: House) -> None:
    order = await paid_order(house, "refuse.example")
    path = f"/internal/services/{order['service_id']}/creation"
    early = await house.ask("POST", path, token=house.internal())
    assert code_of(early) == (409, "never_requested")
    await house.turn()
    await house.until(house.is_quiet)
    events = await house.events(house.ana)
    assert events[-1][0] == "ProvisioningFailed"
    assert events[-1][1]["reason"] == "domain_taken"
    assert await house.service_status(order["service_id"]) == "pending"
    await house.do("POST", path, token=house.internal())
    assert (await house.names(house.ana))[-1] == "ProvisioningRequested"
    unknown = await house.ask(
        "POST", f"/internal/services/{new_id()}/creation", token=house.internal()
    )
    assert code_of(unknown) == (404, "not_found")


async def test_a_lost_answer_is_asked_for(house: House) -> None:
    order = await paid_order(house)
    await house.talk_to_panel()
    request_id = str(await house.fetchval("select request_id from provisioning_open"))

    async def is_done() -> bool:
        answer = await house.panel.answer(request_id)
        return answer is not None and answer.status == "done"

    await wait_until(is_done)
    assert await house.answers.ask_about_due() == 0
    house.clock.ahead = timedelta(seconds=61)
    assert await house.answers.ask_about_due() == 1
    await house.catch_up()
    assert await house.service_status(order["service_id"]) == "active"
    assert await house.answers.ask_about_due() == 0


async def test_a_request_that_the_panel_never_got_is_left_to_be_handed_over(house: House) -> None:
    await paid_order(house)
    house.clock.ahead = timedelta(seconds=61)
    assert await house.answers.ask_about_due() == 1
    assert (await house.names(house.ana))[-1] == "ProvisioningRequested"


async def test_a_silent_panel_is_asked_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    order = await paid_order(house)

    async def stay_silent(*_: object) -> None:
        raise OutcomeUnknown(what="panel", cause="ReadTimeout")

    monkeypatch.setattr(HostingPanel, "request", stay_silent)
    monkeypatch.setattr(HostingPanel, "answer", stay_silent)
    await house.talk_to_panel()
    assert await house.fetchval("select state from effect") == "pending"
    house.clock.ahead = timedelta(seconds=61)
    assert await house.answers.ask_about_due() == 1
    monkeypatch.undo()
    await house.until_service_is("active", order["service_id"])


async def test_a_request_that_the_panel_never_takes_is_a_refusal(house: House) -> None:
    await paid_order(house)
    request_id = await house.fetchval("select request_id from provisioning_open")
    house.sandbox.change_panel(
        f"insert into request (request_id, body, taken_at, result) "
        f"values ('{request_id}', '{{}}', 0, 'done')"
    )
    await house.talk_to_panel()
    events = await house.events(house.ana)
    assert (events[-1][0], events[-1][1]["reason"]) == ("ProvisioningFailed", "panel_409")


async def test_answers_to_what_was_not_asked_are_put_aside(house: House) -> None:
    order = await paid_order(house)
    for number, service_id in enumerate((order["service_id"], str(new_id()))):
        forged = {
            "event_id": f"pe_{number}",
            "request_id": str(new_id()),
            "service_id": service_id,
            "result": "done",
        }
        assert (await post_answer(house, forged)).status_code == 200
    assert (await post_answer(house, {"event_id": "pe_9"})).status_code == 200
    await house.inbox.work_off_due()
    assert await house.fetchval("select count(*) from webhook where problem is not null") == 3
    assert await house.service_status(order["service_id"]) == "pending"


async def test_the_panels_answer_needs_its_own_signature(house: House) -> None:
    body = b'{"event_id": "pe_1"}'
    answer = await house.http.post("/webhooks/panel", content=body)
    assert code_of(answer) == (401, "signature_invalid")


async def test_a_repeated_answer_activates_once(house: House) -> None:
    order = await house.active_service(house.ana)
    request_id = next(
        fields["request_id"]
        for name, fields in await house.events(house.ana)
        if name == "ProvisioningRequested"
    )
    again = {
        "event_id": "pe_again",
        "request_id": request_id,
        "service_id": order["service_id"],
        "result": "done",
    }
    await post_answer(house, again)
    await house.inbox.work_off_due()
    assert (await house.names(house.ana)).count("ServiceActivated") == 1
    assert await house.findings() == []
