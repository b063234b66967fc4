"""Automatic charging: once, on its day, with what the account chose, and never beside a page."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.billing.saved_methods.collecting import NothingToCharge, begin_collection
from services.billing.saved_methods.collection import Collection
from shared.ids import new_id
from tests.billing.card_gateway import CARD, CardGateway
from tests.billing.house import House, code_of
from tests.billing.paying_by_card import CAUSE, keep_card


@pytest.fixture
def gateway(house: House) -> Iterator[CardGateway]:
    gateway = CardGateway()
    with house.behind(gateway):
        yield gateway


async def renewal(house: House, gateway: CardGateway) -> tuple[str, date]:
    """An open invoice over a renewal: its id and due day. Today is the day before that."""
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    gateway.pay(payment_id)
    await house.inquiry.ask(UUID(payment_id))
    await house.until_service_is("active", order["service_id"])
    [held] = await house.do("GET", "/v1/services", token=house.client(house.ana))
    due_on = date.fromisoformat(held["next_due_on"])
    await house.play_until(due_on - timedelta(days=1))
    [invoice] = [each for each in await house.invoices(house.ana) if each["status"] == "unpaid"]
    return invoice["invoice_id"], due_on


async def owed(house: House) -> tuple[str, date]:
    """An open invoice that staff wrote: its id and due day. Today is the day before that."""
    token, due_on = house.staff(), await house.today() + timedelta(days=1)
    path = f"/v1/accounts/{house.ana}/drafts"
    draft = await house.do("POST", path, {"currency": "BRL"}, token=token)
    own = f"/v1/drafts/{draft['draft_id']}"
    line = {"description": "Migration", "quantity": "1", "unit_minor": 2990}
    await house.do("POST", f"{own}/lines", line, token=token)
    body = {"due_on": due_on.isoformat()}
    issued = await house.do("POST", f"{own}/issue", body, token=token)
    await house.catch_up()
    return issued["invoice_id"], due_on


async def status(house: House, invoice_id: str) -> str:
    return str((await house.invoice(house.ana, invoice_id))["status"])


async def test_the_default_card_is_charged_on_the_due_day_and_not_before(
    house: House, gateway: CardGateway
) -> None:
    invoice_id, due_on = await owed(house)
    card = await keep_card(house, house.ana)
    assert gateway.charges == []
    await house.play(due_on)
    [charge] = gateway.charges
    assert (charge.token, charge.amount_minor, charge.customer) == (
        card.token,
        2990,
        str(house.ana),
    )
    assert await status(house, invoice_id) == "paid"
    await house.play(due_on + timedelta(days=1))
    assert len(gateway.charges) == 1
    assert await house.findings() == []


async def test_without_a_card_or_with_the_switch_off_nothing_is_charged(
    house: House, gateway: CardGateway
) -> None:
    invoice_id, due_on = await owed(house)
    await house.play(due_on)
    token = house.client(house.ana)
    await house.do("PUT", "/v1/autopay", {"is_on": False}, token=token)
    card = await keep_card(house, house.ana)
    await house.play(due_on + timedelta(days=1))
    assert gateway.charges == []
    assert await status(house, invoice_id) == "unpaid"
    shown = await house.do("GET", "/v1/saved-methods", token=token)
    assert (shown["is_autopay_on"], shown["default_id"]) == (False, str(card.id))


async def test_a_declined_card_is_tried_again_by_the_schedule(
    house: House, gateway: CardGateway
) -> None:
    gateway.outcomes = ["soft"] * 5
    invoice_id, due_on = await owed(house)
    await keep_card(house, house.ana)
    charged_on = []
    for days in range(10):
        before = len(gateway.charges)
        await house.play(due_on + timedelta(days=days))
        charged_on += [days] if len(gateway.charges) > before else []
    assert charged_on == [0, 1, 3, 5, 7]
    assert len({charge.reference for charge in gateway.charges}) == 5
    assert await status(house, invoice_id) == "unpaid"


async def test_f57_a_hard_decline_stops_and_a_new_card_is_charged_at_once(
    house: House, gateway: CardGateway
) -> None:
    gateway.outcomes = ["hard"]
    invoice_id, due_on = await owed(house)
    await keep_card(house, house.ana)
    for days in range(4):
        await house.play(due_on + timedelta(days=days))
    assert len(gateway.charges) == 1
    assert "PaymentMethodDeclined" in await house.names(house.ana)
    new = await keep_card(house, house.ana, token="tok_2")
    await house.until(house.is_quiet)
    assert [charge.token for charge in gateway.charges] == ["tok_1", new.token]
    assert await status(house, invoice_id) == "paid"


async def test_f57_a_card_that_expires_between_two_tries_is_told_of_once_and_dunning_goes_on(
    house: House, gateway: CardGateway
) -> None:
    gateway.outcomes = ["soft"] * 5
    invoice_id, due_on = await renewal(house, gateway)
    await keep_card(house, house.ana, expires_on=due_on + timedelta(days=2))
    for days in range(10):
        await house.play(due_on + timedelta(days=days))
    assert len(gateway.charges) == 2, "on the due day and the day after it"
    assert await status(house, invoice_id) == "unpaid"
    names = await house.names(house.ana)
    assert names.count("PaymentFailed") == 2
    assert names.count("InvoiceOverdue") == 3
    assert (names.count("SuspensionWarned"), names.count("ServiceSuspended")) == (1, 1)
    assert await house.findings() == []


async def charged_back(house: House, gateway: CardGateway, reference: str) -> None:
    """The bank of the payer takes back what was charged."""
    gateway.charge_back(reference)
    await house.inquiry.ask(UUID(reference))
    await house.until(house.is_quiet)


async def test_f56_what_was_charged_back_is_charged_to_no_card_unasked(
    house: House, gateway: CardGateway
) -> None:
    """Neither on the days of another try nor to another card; the payer says so."""
    invoice_id, due_on = await renewal(house, gateway)
    await keep_card(house, house.ana)
    await house.play(due_on)
    await charged_back(house, gateway, gateway.charges[0].reference)
    await house.play_until(due_on + timedelta(days=8))
    await keep_card(house, house.ana, token="tok_2")
    await house.until(house.is_quiet)
    assert len(gateway.charges) == 1
    assert (await house.names(house.ana)).count("AutopayDue") == 1
    assert await status(house, invoice_id) == "unpaid"
    by_hand, _ = await house.start_payment(house.ana, invoice_id)
    gateway.pay(by_hand)
    await house.inquiry.ask(UUID(by_hand))
    assert await status(house, invoice_id) == "paid"
    assert await house.findings() == []


async def test_f56_a_try_that_waits_while_the_money_is_taken_back_charges_nothing(
    house: House, gateway: CardGateway
) -> None:
    """It was handed over before; the log of the tries says why."""
    invoice_id, _ = await owed(house)
    paid, _ = await house.start_payment(house.ana, invoice_id)
    gateway.pay(paid)
    await house.inquiry.ask(UUID(paid))
    await keep_card(house, house.ana)
    await charged_back(house, gateway, paid)
    due = Collection(account_id=house.ana, brand="ponto", invoice_id=UUID(invoice_id), key="0")
    begun = await house.store.run(CAUSE, lambda tx: begin_collection(due, tx))
    assert begun == NothingToCharge(reason="charged_back")


async def test_f56_who_was_charged_back_is_told_that_no_card_is_charged_unasked(
    house: House, gateway: CardGateway
) -> None:
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    gateway.pay(payment_id)
    await house.inquiry.ask(UUID(payment_id))
    await keep_card(house, house.ana)
    await charged_back(house, gateway, payment_id)
    await house.play_until(await house.today() + timedelta(days=8))
    assert gateway.charges == []
    reopened = await house.fetchval("select id from log where type = 'InvoiceReopened'")
    why = await house.do("GET", f"/v1/why/event/{reopened}", token=house.client(house.ana))
    assert "Nenhum cartão salvo é cobrado por isso" in why["sentence"]


async def test_a_saved_card_pays_nothing_before_its_day(house: House, gateway: CardGateway) -> None:
    await owed(house)
    await keep_card(house, house.ana)
    await house.until(house.is_quiet)
    assert gateway.charges == []


async def test_f54_an_open_page_is_closed_before_the_card_is_charged(
    house: House, gateway: CardGateway
) -> None:
    invoice_id, due_on = await owed(house)
    await keep_card(house, house.ana)
    page, _ = await house.start_payment(house.ana, invoice_id)
    await house.play(due_on)
    assert gateway.attempts[page].status == "expired"
    assert [charge.reference == page for charge in gateway.charges] == [False]
    assert await status(house, invoice_id) == "paid"
    assert gateway.captured_minor == 2990


async def test_f54_who_pays_on_the_page_while_it_is_being_closed_is_charged_once(
    house: House, gateway: CardGateway
) -> None:
    invoice_id, due_on = await owed(house)
    await keep_card(house, house.ana)
    page, _ = await house.start_payment(house.ana, invoice_id)
    gateway.meanwhile = lambda: gateway.pay(page)
    await house.play(due_on)
    assert gateway.charges == []
    assert await status(house, invoice_id) == "paid"
    assert gateway.captured_minor == 2990


@pytest.mark.parametrize("outcome", ["hang_before", "hang_after"])
async def test_f46_f47_silence_of_the_gateway_charges_once_in_the_end(
    house: House, gateway: CardGateway, outcome: Any
) -> None:
    gateway.outcomes = [outcome]
    invoice_id, due_on = await owed(house)
    await keep_card(house, house.ana)
    await house.play(due_on)
    assert await status(house, invoice_id) != "paid"
    for days in range(1, 4):
        await house.play(due_on + timedelta(days=days))
    house.clock.ahead += timedelta(minutes=2)
    await house.inquiry.ask_about_due()
    await house.until(house.is_quiet)
    assert await status(house, invoice_id) == "paid"
    assert len(gateway.charges) == 1
    assert gateway.captured_minor == 2990


async def test_a_bank_that_wants_the_payer_to_confirm_is_told_of_once(
    house: House, gateway: CardGateway
) -> None:
    gateway.outcomes = ["confirm"]
    invoice_id, due_on = await owed(house)
    await keep_card(house, house.ana)
    await house.play(due_on)
    names = await house.names(house.ana)
    assert names.count("PaymentConfirmationWanted") == 1
    [charge] = gateway.charges
    path = f"/v1/payments/{charge.reference}/confirmation"
    page = await house.do("POST", path, token=house.client(house.ana))
    assert page["url"] == gateway.attempts[charge.reference].url
    stranger = await house.ask("POST", path, token=house.client(house.rui))
    assert code_of(stranger) == (404, "not_found")
    gateway.pay(charge.reference)
    await house.inquiry.ask(UUID(charge.reference))
    assert await status(house, invoice_id) == "paid"


async def test_what_is_begun_again_is_the_same_charge(house: House, gateway: CardGateway) -> None:
    """As after a kill between the gateway's answer and our record of it."""
    invoice_id, due_on = await owed(house)
    await keep_card(house, house.ana)
    await house.play(due_on)
    await house.execute(
        "update effect set state = 'pending', next_try_at = created_at where reactor = 'autopay'"
    )
    await house.until(house.is_quiet)
    assert len(gateway.charges) == 1
    assert await status(house, invoice_id) == "paid"


# ------------------------------------------------------------------------------ what is saved


async def test_a_card_is_saved_on_the_gateways_page(house: House, gateway: CardGateway) -> None:
    token = house.client(house.ana)
    body = {"method": "card", "return_url_path": "/payment-methods"}
    opened = await house.do("POST", "/v1/saved-methods/setups", body, token=token)
    path = f"/v1/saved-methods/setups/{opened['setup_id']}/inquiry"
    assert await house.do("POST", path, token=token) == {"outcome": None}
    gateway.end_setup(opened["setup_id"])
    assert await house.do("POST", path, token=token) == {"outcome": "saved"}
    assert await house.do("POST", path, token=token) == {"outcome": "saved"}
    await house.catch_up()
    [shown] = (await house.do("GET", "/v1/saved-methods", token=token))["methods"]
    assert (shown["card_brand"], shown["last_four"], shown["expires_on"]) == (
        "visa",
        "4242",
        "2031-12-31",
    )
    stranger = house.client(house.rui)
    assert code_of(await house.ask("POST", path, token=stranger)) == (404, "not_found")
    assert (await house.names(house.ana)).count("PaymentMethodSaved") == 1


async def test_a_page_that_nobody_comes_back_from_is_asked_about(
    house: House, gateway: CardGateway
) -> None:
    token = house.client(house.ana)
    body = {"method": "card", "return_url_path": "/payment-methods"}
    kept = await house.do("POST", "/v1/saved-methods/setups", body, token=token)
    left = await house.do("POST", "/v1/saved-methods/setups", body, token=token)
    gateway.end_setup(kept["setup_id"])
    house.clock.ahead += timedelta(minutes=2)
    pages = house.service.state.setup_pages
    assert await pages.ask_about_due() == 2
    assert (await house.names(house.ana)).count("PaymentMethodSaved") == 1
    house.clock.ahead += timedelta(days=2)
    assert await pages.ask_about_due() == 1
    assert await pages.ask_about_due() == 0
    path = f"/v1/saved-methods/setups/{left['setup_id']}/inquiry"
    assert await house.do("POST", path, token=token) == {"outcome": "expired"}


async def test_a_webhook_about_a_page_is_a_hint_to_ask(house: House, gateway: CardGateway) -> None:
    token = house.client(house.ana)
    body = {"method": "card", "return_url_path": "/payment-methods"}
    opened = await house.do("POST", "/v1/saved-methods/setups", body, token=token)
    gateway.end_setup(opened["setup_id"])
    pages = house.service.state.setup_pages
    for _ in range(2):
        await pages.take_notice("sandbox", f"set_{opened['setup_id']}")
    assert (await house.names(house.ana)).count("PaymentMethodSaved") == 1


async def test_what_is_removed_is_forgotten_by_the_gateway_too(
    house: House, gateway: CardGateway
) -> None:
    card, other = await keep_card(house, house.ana), await keep_card(house, house.rui)
    token = house.client(house.ana)
    path = f"/v1/saved-methods/{card.id}"
    for wrong in (f"/v1/saved-methods/{other.id}", f"/v1/saved-methods/{new_id()}"):
        answer = await house.ask("DELETE", wrong, token=token)
        assert code_of(answer) == (404, "saved_method_unknown")
    await house.do("DELETE", path, token=token)
    await house.until(house.is_quiet)
    assert gateway.forgotten == [card.token]
    assert code_of(await house.ask("DELETE", path, token=token)) == (404, "saved_method_unknown")
    await house.catch_up()
    assert (await house.do("GET", "/v1/saved-methods", token=token))["methods"] == []
    seen = await house.do("GET", f"/v1/accounts/{house.rui}/saved-methods", token=house.staff())
    assert seen["default_id"] == str(other.id)


async def test_the_default_is_the_holders_to_choose(house: House, gateway: CardGateway) -> None:
    token = house.client(house.ana)
    first = await keep_card(house, house.ana)
    second = await keep_card(house, house.ana, token="tok_2")
    assert gateway.charges == []
    for chosen in (second, second, first):
        body = {"method_id": str(chosen.id)}
        await house.do("PUT", "/v1/saved-methods/default", body, token=token)
        await house.catch_up()
        shown = await house.do("GET", "/v1/saved-methods", token=token)
        assert shown["default_id"] == str(chosen.id)
    assert (await house.names(house.ana)).count("PaymentMethodPreferred") == 2


async def test_a_card_that_is_kept_while_paying_is_saved_with_the_money(
    house: House, gateway: CardGateway
) -> None:
    order = await house.order(house.ana)
    payment_id, _ = await house.start_payment(house.ana, order["invoice_id"])
    gateway.pay(payment_id, keeps=CARD)
    for _ in range(2):
        await house.inquiry.ask(UUID(payment_id))
    await house.catch_up()
    shown = await house.do("GET", "/v1/saved-methods", token=house.client(house.ana))
    assert [each["last_four"] for each in shown["methods"]] == ["4242"]


async def test_holders_are_told_in_the_month_before_their_card_expires(
    house: House, gateway: CardGateway
) -> None:
    today = await house.today()
    next_month = (today.replace(day=1) + timedelta(days=31)).replace(day=1)
    last_day = (next_month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    expiring = await keep_card(house, house.ana, expires_on=last_day)
    await keep_card(house, house.ana, token="tok_2", expires_on=last_day + timedelta(days=31))
    await keep_card(house, house.rui, expires_on=None)
    await house.play_until(next_month)
    told = [e for name, e in await house.events(house.ana) if name == "PaymentMethodExpiring"]
    assert [each["method_id"] for each in told] == [str(expiring.id)]
    assert "PaymentMethodExpiring" not in await house.names(house.rui)
