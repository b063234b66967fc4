"""A service as staff sees it: lifting its suspension, and until when it then runs in debt."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from selectolax.lexbor import LexborHTMLParser

from shared.contracts import billing
from shared.ids import new_id
from tests.portal.browsing import errors_on, form_on, send
from tests.portal.house import CLIENT, STAFF, House
from tests.portal.world import PRODUCTS, TODAY, World, busy, empty

UNTIL = date(2026, 12, 24)


@pytest.fixture
async def suspended(house: House) -> tuple[UUID, World]:
    """A service that is suspended for an overdue invoice, and its account's story."""
    world = empty()
    service_id, invoice_id = world.order("exemplo.com.br", PRODUCTS[0])
    world.pay(invoice_id, 2990)
    world.activate(service_id, date(2026, 12, 21))
    world.invoice(new_id(), [world.line(service_id, 2990, "exemplo.com.br")], due_in_days=-9)
    world.suspend(service_id)
    return service_id, await house.tell(world)


def texts(page: str, selector: str) -> list[str]:
    """What stands there, a text each."""
    found = LexborHTMLParser(page).css(selector)
    return [" ".join(node.text(separator=" ").split()) for node in found]


@pytest.mark.parametrize(("typed", "asked"), [("2026-12-24", "2026-12-24"), ("", None)])
async def test_staff_lifts_a_suspension_until_a_day_or_as_the_rules_say(
    house: House, suspended: tuple[UUID, World], typed: str, asked: str | None
) -> None:
    service_id, world = suspended
    page, path = f"/ops/services/{service_id}", f"/v1/staff/services/{service_id}/suspension/end"
    house.neighbours.answer("POST", path, None, status=200)
    async with house.browser(STAFF) as browser:
        account = (await browser.get(f"/ops/accounts/{world.account_id}")).text
        assert f'href="{page}"' in account
        sent = await send(browser, page, action=f"{page}/lift", until=typed)
        led_to = await browser.get(sent.headers["location"])
    assert sent.status_code == 303 and "O painel foi acionado" in led_to.text
    told = house.neighbours.last(path)
    assert told.body == {"until": asked}
    assert told.headers["authorization"] == f"Bearer token-of-{STAFF}"


BAD_DAY = {"status": 422, "code": "malformed_request", "errors": [{"field": "body.until"}]}


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ({"status": 422, "code": "grace_end_invalid"}, "Escolha um dia depois de hoje"),
        (BAD_DAY, "Confira este campo"),
        ({"status": 409, "code": "service_not_suspended"}, "Este serviço não está suspenso"),
        ({"status": 409, "code": "panel_busy"}, "O painel ainda está trabalhando"),
        ({"status": 403, "code": "forbidden"}, "Seu perfil não permite isso"),
    ],
)
async def test_a_lift_that_is_refused_says_why_where_it_was_asked_and_keeps_the_day(
    house: House, suspended: tuple[UUID, World], refusal: dict[str, Any], words: str
) -> None:
    page = f"/ops/services/{suspended[0]}"
    path = f"/v1/staff/services/{suspended[0]}/suspension/end"
    house.neighbours.refuse("POST", path, **refusal)
    async with house.browser(STAFF) as browser:
        refused = await send(browser, page, action=f"{page}/lift", until="2026-11-21")
    assert refused.status_code == 422
    of_day = errors_on(refused.text).get("until", "")
    assert bool(of_day) == (refusal["status"] == 422)
    assert words in (of_day or " ".join(texts(refused.text, "[role=alert]")))
    assert form_on(refused.text, f"{page}/lift").values["until"] == "2026-11-21"


async def test_until_when_a_service_runs_in_debt_is_told_to_staff_and_to_its_client(
    house: House, suspended: tuple[UUID, World]
) -> None:
    service_id, world = suspended
    lifted = billing.ServiceUnsuspended(
        service_id=service_id, unsuspended_on=TODAY, grace_ends_on=UNTIL
    )
    world.happen(lifted)
    await house.feed(world.envelopes[-1:])
    async with house.browser(STAFF) as staff, house.browser(CLIENT) as client:
        page = (await staff.get(f"/ops/services/{service_id}")).text
        account = (await staff.get(f"/ops/accounts/{world.account_id}")).text
        assert "Mantido ativo com débito até 24/12/2026" in texts(page, "dl > div")
        assert "/lift" not in page and "mantido ativo com débito até 24/12/2026" in account
        own = (await client.get(f"/services/{service_id}")).text
        assert "antes de 24 de dezembro de 2026 ele não será suspenso" in own
        world.suspend(service_id)
        await house.feed(world.envelopes[-1:])
        assert "mantido ativo" not in (await staff.get(f"/ops/accounts/{world.account_id}")).text
        assert "não será suspenso" not in (await client.get(f"/services/{service_id}")).text


async def test_a_client_whose_debt_is_paid_is_told_of_no_day(house: House) -> None:
    world = await house.tell(busy())
    lifted = [e.event for e in world.envelopes if isinstance(e.event, billing.ServiceUnsuspended)]
    page = f"/services/{lifted[0].service_id}"
    issued = [e.event for e in world.envelopes if isinstance(e.event, billing.InvoiceIssued)]
    owed = [e for e in issued if e.lines[0].service_id == lifted[0].service_id][-1]
    async with house.browser(CLIENT) as client:
        assert "não será suspenso" in (await client.get(page)).text
        world.pay(owed.invoice_id, owed.total_minor)
        await house.feed(world.envelopes[-5:])
        assert "não será suspenso" not in (await client.get(page)).text


async def test_a_service_of_nobody_or_for_a_client_is_not_found_in_the_console(
    house: House, suspended: tuple[UUID, World]
) -> None:
    page = f"/ops/services/{suspended[0]}"
    async with house.browser(STAFF) as staff, house.browser(CLIENT) as client:
        form = form_on((await staff.get(page)).text, f"{page}/lift").values
        unknown = f"/ops/services/{new_id()}"
        answers = [
            await staff.get(unknown),
            await staff.post(f"{unknown}/lift", data=form),
            await client.get(page),
        ]
    assert {answer.status_code for answer in answers} == {404}
    assert not [each for each in house.neighbours.asked if "suspension" in each.path]
