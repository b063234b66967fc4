"""What is parked: staff of the brand sees it, has it tried again, or skips it with a reason.

The portal parks here too, so it is asked by itself over HTTP, with the real routes and tables.
"""

import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from selectolax.lexbor import LexborHTMLParser

from shared.ids import new_id
from tests.conftest import OpenDatabase
from tests.portal.browsing import errors_on, form_on, send
from tests.portal.house import CLIENT, STAFF, House, open_house
from tests.portal.neighbours import listening
from tests.portal.world import normal
from tests.servers import free_port

LIST, VERBS = "/ops/parked", ("retry", "skip")
EVENT, BEHIND, FOREIGN, EFFECT = new_id(), new_id(), new_id(), new_id()
EVENT_PAGE = f"/ops/parked/portal/invoice_list/{EVENT}"
EFFECT_PAGE = f"/ops/parked/portal/mailer/{EFFECT}"
FOREIGN_PAGE = f"/ops/parked/portal/invoice_list/{FOREIGN}"


@pytest.fixture
async def parking(database: OpenDatabase) -> AsyncIterator[House]:
    """A portal with an event and the one behind it, an effect, and another brand's event parked."""
    port = free_port()
    opened = await database("portal")
    async with (
        open_house(opened, portal=f"http://127.0.0.1:{port}") as house,
        listening(house.app, port),
    ):
        world = await house.tell(normal())
        account_id = str(world.account_id)
        await park(house, EVENT, brand="ponto", account_id=account_id, position=7)
        await park(house, BEHIND, brand="ponto", account_id=account_id, position=8)
        await park(house, FOREIGN, brand="other", account_id=None, position=9)
        await house.pool.execute(
            """insert into effect (id, reactor, key, kind, brand, payload, cause_id,
                   correlation_id, traceparent, state, error, tries)
               values ($1, 'mailer', 'k', 'email', 'ponto', '{}', $1, $1, '', 'parked', 'no', 5)""",
            EFFECT,
        )
        yield house


async def park(
    house: House, id: UUID, *, brand: str, account_id: str | None, position: int
) -> None:
    record = {"id": str(id), "type": "InvoiceIssued", "brand": brand, "account_id": account_id}
    await house.pool.execute(
        """insert into parked (consumer, source, partition, position, frozen, record, error, tries)
           values ('invoice_list', 'billing', 3, $1, $2, $3, $4, 5)""",
        position,
        account_id or brand,
        json.dumps(record),
        "ValueError: <b>broken</b> " + "x" * 500,
    )


async def decisions(house: House) -> list[tuple[object, ...]]:
    rows = await house.pool.fetch(
        "select decision, subject_id, who, reason from parked_decision order by id"
    )
    return [tuple(row) for row in rows]


def staff_of(house: House) -> str:
    """How a decision names the member of staff who is signed in."""
    return f"user:{house.neighbours.sessions[STAFF]['user_id']}"


async def test_staff_sees_what_is_parked_of_its_brand_and_what_waits_behind_it(
    parking: House,
) -> None:
    async with parking.browser(STAFF) as browser:
        listed = LexborHTMLParser((await browser.get(LIST)).text)
        page = (await browser.get(EVENT_PAGE)).text
    assert [link.attributes["href"] for link in listed.css("a.row-link")] == [
        EVENT_PAGE,
        EFFECT_PAGE,
    ]
    first = listed.css_first("tbody tr")
    assert first is not None
    told = first.text(separator=" ")
    for part in ("InvoiceIssued", "portal", "invoice_list", "billing/3/7", "ValueError: <b>broken"):
        assert part in told
    assert [cell.text() for cell in first.css("td.num")] == ["5", "1"]
    assert "x" * 200 not in told
    assert "x" * 500 in page


@pytest.mark.parametrize(
    ("page", "id"), [(EVENT_PAGE, EVENT), (EFFECT_PAGE, EFFECT)], ids=["event", "effect"]
)
async def test_what_is_parked_is_tried_again_from_the_list(
    parking: House, page: str, id: UUID
) -> None:
    async with parking.browser(STAFF) as browser:
        sent = await send(browser, LIST, action=f"{page}/retry")
        led_to = await browser.get(sent.headers["location"])
    assert sent.status_code == 303
    assert "Está sendo tentado de novo" in led_to.text
    assert await decisions(parking) == [("retry", id, staff_of(parking), None)]
    due = """select (select next_try_at is not null from parked where record ->> 'id' = $1::text),
                    (select state = 'pending' from effect)"""
    assert tuple(await parking.pool.fetchrow(due, str(EVENT)) or ()) == (id == EVENT, id == EFFECT)


async def test_an_event_is_skipped_for_a_reason_in_the_persons_name(parking: House) -> None:
    reason = "counted by hand: ação"
    async with parking.browser(STAFF) as browser:
        sent = await send(browser, EVENT_PAGE, action=f"{EVENT_PAGE}/skip", reason=reason)
        led_to = await browser.get(sent.headers["location"])
    assert "pulado em definitivo" in led_to.text
    assert EVENT_PAGE not in led_to.text
    assert await decisions(parking) == [("skip", EVENT, staff_of(parking), reason)]


@pytest.mark.parametrize("reason", ["", "no", "  no  ", "x" * 501, "two\nlines"])
async def test_a_skip_without_a_proper_reason_is_refused_at_the_field(
    parking: House, reason: str
) -> None:
    async with parking.browser(STAFF) as browser:
        refused = await send(browser, EVENT_PAGE, action=f"{EVENT_PAGE}/skip", reason=reason)
    assert refused.status_code == 422
    assert errors_on(refused.text) == {
        "reason": "Explique o motivo em uma linha, com 3 a 500 caracteres."
    }
    kept = form_on(refused.text, f"{EVENT_PAGE}/skip").values["reason"]
    assert kept.split() == reason.split()
    assert await decisions(parking) == []


@pytest.mark.parametrize("verdict", VERBS)
async def test_what_a_colleague_has_decided_meanwhile_is_said_calmly(
    parking: House, verdict: str
) -> None:
    async with parking.browser(STAFF) as browser:
        form = form_on((await browser.get(EVENT_PAGE)).text, f"{EVENT_PAGE}/{verdict}")
        await send(browser, EVENT_PAGE, action=f"{EVENT_PAGE}/skip", reason="faster")
        late = await browser.post(form.action, data={**form.values, "reason": "slower"})
        led_to = await browser.get(late.headers["location"])
        gone = await browser.get(EVENT_PAGE)
    assert "já não está retido" in led_to.text
    assert gone.status_code == 404
    assert [reason for _, _, _, reason in await decisions(parking)] == ["faster"]


async def test_another_brands_events_are_not_shown_and_not_decided_about(parking: House) -> None:
    async with parking.browser(STAFF) as browser:
        form = form_on((await browser.get(EVENT_PAGE)).text, f"{EVENT_PAGE}/skip")
        shown = await browser.get(FOREIGN_PAGE)
        sent = {**form.values, "reason": "not ours"}
        answers = [await browser.post(f"{FOREIGN_PAGE}/{verb}", data=sent) for verb in VERBS]
    assert shown.status_code == 404
    assert {answer.headers["location"] for answer in answers} == {f"{LIST}?done=parked_settled"}
    assert await decisions(parking) == []


async def test_a_client_cannot_see_or_decide_what_is_parked(parking: House) -> None:
    async with parking.browser(CLIENT) as browser:
        pages = [await browser.get(path) for path in (LIST, EVENT_PAGE)]
        csrf = form_on((await browser.get("/tickets/new")).text, "/tickets/new").values["csrf"]
        sent = {"csrf": csrf, "reason": "let me"}
        answers = [await browser.post(f"{EVENT_PAGE}/{verb}", data=sent) for verb in VERBS]
    assert {answer.status_code for answer in (*pages, *answers)} == {404}
    assert await decisions(parking) == []


async def test_a_decision_without_the_pages_token_is_refused(parking: House) -> None:
    async with parking.browser(STAFF) as browser:
        answers = [
            await browser.post(f"{EVENT_PAGE}/{verb}", data={"csrf": "x", "reason": "forged"})
            for verb in VERBS
        ]
    assert {answer.status_code for answer in answers} == {403}
    assert await decisions(parking) == []


async def test_a_service_that_does_not_answer_is_named_beside_what_the_others_tell(
    parking: House,
) -> None:
    parking.neighbours.refuse("GET", "/internal/parked", status=503, code="unavailable")
    async with parking.browser(STAFF) as browser:
        page = (await browser.get(LIST)).text
        unknown = await browser.get(EVENT_PAGE.replace("portal", "nobody"))
        silent = await browser.get(EVENT_PAGE.replace("portal", "billing"))
    assert "billing não responde" in page
    assert EVENT_PAGE in page
    assert (unknown.status_code, silent.status_code) == (404, 503)


async def test_a_platform_with_nothing_parked_says_so(house: House) -> None:
    await house.tell(normal())
    async with house.browser(STAFF) as browser:
        assert "Nada está retido" in (await browser.get(LIST)).text
