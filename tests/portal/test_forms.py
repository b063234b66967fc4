"""Forms: only from our own pages, sent once, refused with the input kept."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.portal.browsing import errors_on, form_on, send
from tests.portal.house import CLIENT, STAFF, House
from tests.portal.pages_known import CONTACT
from tests.portal.world import World, normal

TICKET = {"department": "support", "subject": "Olá", "priority": "high", "message": "Não abre."}


def last_invoice(world: World) -> str:
    issued = [e.event for e in world.envelopes if e.type == "InvoiceIssued"]
    return f"/invoices/{issued[-1].invoice_id}"  # type: ignore[attr-defined]


async def test_a_ticket_is_sent_in_the_clients_name_and_its_thread_opens(house: House) -> None:
    world = await house.tell(normal())
    opened = next(e for e in world.envelopes if e.type == "TicketOpened")
    ticket_id = str(opened.event.ticket_id)  # type: ignore[attr-defined]
    answer = {"ticket_id": ticket_id, "number": "TKT-1", "status": "open"}
    house.neighbours.answer("POST", "/v1/tickets", answer, status=201)
    async with house.browser(CLIENT) as browser:
        sent = await send(browser, "/tickets/new", action="/tickets/new", **TICKET)
    assert sent.status_code == 303
    assert sent.headers["location"] == f"/tickets/{ticket_id}?done=ticket"
    asked = house.neighbours.last("/v1/tickets")
    assert asked.body == TICKET
    assert asked.headers["authorization"] == f"Bearer token-of-{CLIENT}"


async def test_a_form_sent_twice_asks_for_the_same_thing_under_the_same_key(house: House) -> None:
    await house.tell(normal())
    house.neighbours.refuse("POST", "/v1/tickets", status=503, code="unavailable")
    async with house.browser(CLIENT) as browser:
        form = form_on((await browser.get("/tickets/new")).text, "/tickets/new")
        for _ in range(2):
            await browser.post(form.action, data={**form.values, **TICKET})
        again = form_on((await browser.get("/tickets/new")).text, "/tickets/new")
    keys = [
        asked.headers["idempotency-key"] for asked in house.neighbours.requests_to("/v1/tickets")
    ]
    assert keys == [form.values["intent"]] * 2
    assert again.values["intent"] != form.values["intent"]


async def test_a_command_that_the_views_have_not_seen_is_said_to_be_on_its_way(
    house: House,
) -> None:
    await house.tell(normal())
    missing = "0193f000-0000-7000-8000-00000000ffff"
    answer = {"ticket_id": missing, "number": "TKT-1", "status": "open"}
    position = "tickets/5/1"
    house.neighbours.answer("POST", "/v1/tickets", answer, status=201, faktura_position=position)
    async with house.browser(CLIENT) as browser:
        sent = await send(browser, "/tickets/new", action="/tickets/new", **TICKET)
        led_to = await browser.get(sent.headers["location"])
    assert sent.headers["location"].endswith(f"?done=ticket&at={position}")
    assert led_to.status_code == 202


async def test_a_refused_form_keeps_its_input_and_says_why_at_the_field(house: House) -> None:
    await house.tell(normal())
    house.neighbours.refuse("POST", "/v1/tickets", status=422, code="service_unknown")
    async with house.browser(CLIENT) as browser:
        refused = await send(browser, "/tickets/new", action="/tickets/new", **TICKET)
    assert refused.status_code == 422
    assert errors_on(refused.text) == {"service_id": "Escolha um dos seus serviços."}
    kept = form_on(refused.text, "/tickets/new").values
    assert {name: kept[name] for name in TICKET} == TICKET


async def test_what_a_service_finds_malformed_is_marked_at_its_field(house: House) -> None:
    await house.tell(normal())
    flaws = [{"field": "body.subject", "code": "string_too_long"}]
    house.neighbours.refuse(
        "POST", "/v1/tickets", status=422, code="malformed_request", errors=flaws
    )
    async with house.browser(CLIENT) as browser:
        refused = await send(browser, "/tickets/new", action="/tickets/new", **TICKET)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (409, "invoice_already_paid", "Esta fatura já está paga"),
        (409, "payment_already_open", "Já há um pagamento desta fatura a caminho"),
        (404, "payment_method_unknown", "Escolha uma das formas de pagamento"),
        (402, "declined_by_somebody_new", "Não foi possível fazer isso"),
        (429, "too_many", "Não foi possível fazer isso"),
        (503, "unavailable", "Um dos nossos sistemas não está respondendo"),
        (500, "fault", "Um dos nossos sistemas não está respondendo"),
    ],
)
async def test_each_kind_of_refusal_is_said_in_the_clients_language(
    house: House, status: int, code: str, said: str
) -> None:
    page = last_invoice(await house.tell(normal()))
    path = f"/v1{page}/payments"
    house.neighbours.refuse("POST", path, status=status, code=code)
    async with house.browser(CLIENT) as browser:
        refused = await send(browser, page, action=f"{page}/pay", method="card")
    assert refused.status_code == 422
    assert said in refused.text


async def test_paying_leads_to_the_gateways_page(house: House) -> None:
    page = last_invoice(await house.tell(normal()))
    started = {"payment_id": "p1", "status": "created", "amount_minor": 1, "currency": "BRL"}
    url = f"{house.desk.settings.payment_origins[0]}/pay/co_1"
    house.neighbours.answer("POST", f"/v1{page}/payments", started, status=201)
    house.neighbours.answer("POST", "/v1/payments/p1/hosted-page", {"url": url})
    async with house.browser(CLIENT) as browser:
        sent = await send(browser, page, action=f"{page}/pay", method="card")
    assert (sent.status_code, sent.headers["location"]) == (303, url)
    asked = house.neighbours.last("/v1/payments/p1/hosted-page")
    assert asked.body == {"return_url_path": f"{page}?back=1"}


async def test_a_bank_transfer_shows_the_banks_data_at_once(house: House) -> None:
    page = last_invoice(await house.tell(normal()))
    async with house.browser(CLIENT) as browser:
        sent = await send(browser, page, action=f"{page}/pay", method="transfer")
        shown = LexborHTMLParser((await browser.get(sent.headers["location"])).text)
    chosen = shown.css_first(".method-bank input[checked]")
    assert chosen is not None
    data = [node.text(strip=True) for node in shown.css(".method-bank dd")]
    assert data[:5] == [
        "Banco Exemplo (999)",
        "0001",
        "12345-6",
        "Ponto Hospedagem Ltda",
        "12.345.678/0001-95",
    ]


@pytest.mark.parametrize("token", ["", "made-up", "csrf-of-another"])
async def test_a_form_without_the_token_of_its_session_is_refused(house: House, token: str) -> None:
    await house.tell(normal())
    async with house.browser(CLIENT) as browser:
        answer = await browser.post("/tickets/new", data={**TICKET, "csrf": token})
    assert answer.status_code == 403
    assert not house.neighbours.requests_to("/v1/tickets")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ],
)
async def test_a_form_from_another_site_is_refused(house: House, headers: dict[str, str]) -> None:
    await house.tell(normal())
    async with house.browser(CLIENT) as browser:
        form = form_on((await browser.get("/tickets/new")).text, "/tickets/new")
        if "Origin" in headers:
            del browser.headers["Sec-Fetch-Site"]
        answer = await browser.post(form.action, data=dict(form.values), headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"csrf": "x"}', "application/json"),
        (b"a=1&" * 50, "application/x-www-form-urlencoded"),
        (b"csrf=%00", "application/x-www-form-urlencoded"),
        (b"", "multipart/form-data; boundary=x"),
    ],
)
async def test_what_is_no_plain_form_is_refused(house: House, body: bytes, media_type: str) -> None:
    await house.tell(normal())
    async with house.browser(CLIENT) as browser:
        answer = await browser.post(
            "/tickets/new", content=body, headers={"Content-Type": media_type}
        )
    assert answer.status_code == 422


async def test_contact_data_are_saved_with_the_version_that_was_shown(house: House) -> None:
    await house.tell(normal())
    house.neighbours.answer("GET", "/v1/account/contact", CONTACT, etag='"3"')
    house.neighbours.answer("PUT", "/v1/account/contact", CONTACT)
    async with house.browser(CLIENT) as browser:
        sent = await send(browser, "/profile", action="/profile/contact", city="Campinas")
    assert sent.headers["location"] == "/profile?done=contact"
    asked = house.neighbours.last("/v1/account/contact")
    assert asked.headers["if-match"] == '"3"'
    assert asked.body["city"] == "Campinas"
    assert "email" not in asked.body


async def test_stale_contact_data_are_kept_and_explained(house: House) -> None:
    await house.tell(normal())
    house.neighbours.answer("GET", "/v1/account/contact", CONTACT, etag='"3"')
    house.neighbours.refuse("PUT", "/v1/account/contact", status=412, code="stale")
    async with house.browser(CLIENT) as browser:
        refused = await send(browser, "/profile", action="/profile/contact", city="Campinas")
    assert refused.status_code == 422
    assert "Os dados mudaram enquanto você editava" in refused.text
    assert form_on(refused.text, "/profile/contact").values["city"] == "Campinas"


async def test_staff_answers_a_ticket(house: House) -> None:
    world = await house.tell(normal())
    opened = next(e for e in world.envelopes if e.type == "TicketOpened")
    ticket_id = str(opened.event.ticket_id)  # type: ignore[attr-defined]
    path = f"/v1/tickets/{ticket_id}/replies"
    house.neighbours.answer("POST", path, {}, status=201)
    page = f"/ops/tickets/{ticket_id}"
    async with house.browser(STAFF) as browser:
        sent = await send(browser, page, action=f"{page}/replies", message="Pronto!")
    assert sent.headers["location"] == f"{page}?done=reply"
    assert house.neighbours.last(path).body == {"message": "Pronto!"}


async def test_the_language_is_the_readers_choice(house: House) -> None:
    await house.tell(normal())
    async with house.browser() as browser:
        sent = await send(browser, "/products", action="/language", language="en")
        page = await browser.get(sent.headers["location"])
    assert sent.headers["location"] == "/products"
    assert "Choose your plan" in page.text
