"""From the first visit to the placed order: registering, signing in, and the cart between them."""

from http.cookies import SimpleCookie

import pytest

from services.portal.browser.links import safe_path
from services.portal.catalogue.domain import plain_domain
from tests.portal.browsing import errors_on, form_on, send
from tests.portal.house import CLIENT, House
from tests.portal.world import START_ID, normal

PERSON = {
    "name": "Maria Souza",
    "email": "maria@example.com",
    "phone": "+55 11 91234-5678",
    "tax_id": "529.982.247-25",
    "address": "Rua das Flores, 123",
    "city": "São Paulo",
    "state": "SP",
    "postal_code": "01310-100",
    "country": "BR",
    "password": "uma frase bem comprida",
    "language": "pt-BR",
}
SESSION = {"session": CLIENT, "expires_at": "2026-12-05T12:00:00Z"}


async def test_an_order_survives_registration_and_sign_in(house: House) -> None:
    world = await house.tell(normal())
    house.neighbours.answer("POST", "/v1/registrations", {"accepted": True}, status=202)
    house.neighbours.answer("POST", "/v1/sessions", SESSION, status=201)
    invoice = next(e for e in world.envelopes if e.type == "InvoiceIssued")
    invoice_id = str(invoice.event.invoice_id)  # type: ignore[attr-defined]
    placed = {"order_id": "o", "number": "PED-1", "service_id": "s", "invoice_id": invoice_id}
    house.neighbours.answer("POST", "/v1/orders", placed, status=201)
    order = "/order/start"
    async with house.browser() as browser:
        domain = "https://www.exemplo.com.br/"
        chosen = await send(browser, order, action=order, cycle="annual", domain=domain)
        assert chosen.headers["location"] == "/register"
        registered = await send(browser, "/register", action="/register", **PERSON)
        assert registered.headers["location"] == "/check-your-mail"
        signed_in = await send(
            browser, "/sign-in", action="/sign-in", email="maria@example.com", password="x"
        )
        assert signed_in.headers["location"] == "/orders/review"
        review = await browser.get("/orders/review")
        assert "R$\xa0299,00" in review.text
        ordered = await send(browser, "/orders/review", action="/orders/review")
        assert ordered.headers["location"] == f"/invoices/{invoice_id}?done=order"
        assert "cart" not in browser.cookies
    asked = house.neighbours.last("/v1/orders")
    assert asked.body == {
        "product_id": str(START_ID),
        "cycle": "annual",
        "domain": "www.exemplo.com.br",
    }


async def test_a_registration_goes_to_accounts_with_the_visitors_address(house: House) -> None:
    await house.tell(normal())
    house.neighbours.answer("POST", "/v1/registrations", {"accepted": True}, status=202)
    async with house.browser() as browser:
        await send(browser, "/register", action="/register", **PERSON)
    asked = house.neighbours.last("/v1/registrations")
    assert asked.body == {**PERSON, "brand": "ponto"}
    assert asked.headers["faktura-client-address"] == "127.0.0.1"


@pytest.mark.parametrize("missing", sorted(PERSON))
async def test_every_field_of_the_registration_is_required(house: House, missing: str) -> None:
    await house.tell(normal())
    async with house.browser() as browser:
        refused = await send(browser, "/register", action="/register", **{**PERSON, missing: " "})
    assert refused.status_code == 422
    assert errors_on(refused.text) == {missing: "Preencha este campo."}
    assert PERSON["password"] not in refused.text
    assert not house.neighbours.requests_to("/v1/registrations")


async def test_signing_in_begins_a_session_under_a_new_id_and_ends_the_old_one(
    house: House,
) -> None:
    world = await house.tell(normal())
    house.neighbours.sign_in("old", account_id=world.account_id)
    house.neighbours.answer("POST", "/v1/sessions", SESSION, status=201)
    house.neighbours.answer("DELETE", "/v1/sessions/current", {})
    async with house.browser("old") as browser:
        csrf = form_on((await browser.get("/")).text, "/sign-out").values["csrf"]
        answer = await browser.post(
            "/sign-in", data={"csrf": csrf, "email": "a@b.c", "password": "x"}
        )
    set_first = answer.headers.get_list("set-cookie")[0]
    cookie = SimpleCookie(set_first)["sid"]
    assert cookie.value == CLIENT
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "lax", "/")
    assert house.neighbours.last("/v1/sessions/current").headers["faktura-session"] == "old"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sign_in_refused", "O e-mail ou a senha não está correto."),
        ("email_not_confirmed", "Antes, confirme o seu e-mail"),
        ("too_many_attempts", "Muitas tentativas"),
    ],
)
async def test_a_refused_sign_in_says_why_and_keeps_the_address(
    house: House, code: str, said: str
) -> None:
    await house.tell(normal())
    house.neighbours.refuse("POST", "/v1/sessions", status=401, code=code)
    async with house.browser() as browser:
        refused = await send(
            browser, "/sign-in", action="/sign-in", email="maria@example.com", password="x"
        )
    assert refused.status_code == 401
    assert said in refused.text
    assert form_on(refused.text, "/sign-in").values["email"] == "maria@example.com"


async def test_signing_in_leads_to_the_page_that_was_wanted_and_to_no_other_site(
    house: House,
) -> None:
    await house.tell(normal())
    house.neighbours.answer("POST", "/v1/sessions", SESSION, status=201)
    led_to = []
    for wanted in ("/invoices?status=open", "https://evil.example/", "//evil.example"):
        async with house.browser() as browser:
            signed_in = await send(
                browser, "/sign-in", action="/sign-in", email="a@b.c", password="x", next=wanted
            )
            led_to.append(signed_in.headers["location"])
    assert led_to == ["/invoices?status=open", "/", "/"]


async def test_signing_out_ends_the_session_in_accounts_too(house: House) -> None:
    await house.tell(normal())
    house.neighbours.answer("DELETE", "/v1/sessions/current", {})
    async with house.browser(CLIENT) as browser:
        await send(browser, "/", action="/sign-out")
        assert "sid" not in browser.cookies
    assert house.neighbours.last("/v1/sessions/current").headers["faktura-session"] == CLIENT


async def test_a_session_of_another_brand_is_none(house: House) -> None:
    world = await house.tell(normal())
    house.neighbours.sign_in("elsewhere", account_id=world.account_id, brand="vela")
    async with house.browser("elsewhere") as browser:
        assert (await browser.get("/")).status_code == 303


async def test_a_visitors_form_works_only_in_the_browser_that_opened_it(house: House) -> None:
    await house.tell(normal())
    async with house.browser() as one, house.browser() as other:
        form = form_on((await one.get("/sign-in")).text, "/sign-in")
        await other.get("/sign-in")
        answer = await other.post("/sign-in", data=dict(form.values))
    assert answer.status_code == 403


async def test_opening_the_mailed_link_confirms_nothing_before_the_button(house: House) -> None:
    await house.tell(normal())
    house.neighbours.answer("POST", "/v1/email-confirmations", {"done": True})
    async with house.browser() as browser:
        await browser.get("/confirm?token=secret")
        assert not house.neighbours.requests_to("/v1/email-confirmations")
        sent = await send(browser, "/confirm?token=secret", action="/confirm")
    assert sent.headers["location"] == "/sign-in?done=confirmed"
    assert house.neighbours.last("/v1/email-confirmations").body == {"token": "secret"}


async def test_a_forgotten_password_is_answered_alike_and_then_set_anew(house: House) -> None:
    await house.tell(normal())
    house.neighbours.answer("POST", "/v1/password-resets", {"accepted": True}, status=202)
    house.neighbours.answer("POST", "/v1/password-resets/confirm", {"done": True})
    async with house.browser() as browser:
        asked = await send(browser, "/forgot", action="/forgot", email="maria@example.com")
        assert "Confira o seu e-mail" in asked.text
        done = await send(browser, "/reset?token=t", action="/reset", password="uma nova frase")
    assert done.headers["location"] == "/sign-in?done=password_changed"
    body = house.neighbours.last("/v1/password-resets/confirm").body
    assert body == {"token": "t", "password": "uma nova frase"}


async def test_a_weak_password_is_refused_at_its_field_and_not_shown_again(house: House) -> None:
    await house.tell(normal())
    house.neighbours.refuse("POST", "/v1/registrations", status=422, code="password_guessable")
    async with house.browser() as browser:
        refused = await send(browser, "/register", action="/register", **PERSON)
    assert list(errors_on(refused.text)) == ["password"]
    assert PERSON["password"] not in refused.text


@pytest.mark.parametrize("typed", ["", "no spaces", "localhost", "-a.com", "a..b", "x" * 300])
async def test_a_domain_that_is_none_is_refused_with_the_input_kept(
    house: House, typed: str
) -> None:
    await house.tell(normal())
    async with house.browser() as browser:
        refused = await send(browser, "/order/start", action="/order/start", domain=typed)
    assert refused.status_code == 422
    assert list(errors_on(refused.text)) == ["domain"]
    assert form_on(refused.text, "/order/start").values["domain"] == typed


def test_what_people_paste_around_a_domain_is_taken_off() -> None:
    assert plain_domain("HTTPS://www.Exemplo.com.br/inicio?x=1") == "www.exemplo.com.br"
    assert plain_domain("ações.com.br") == "xn--aes-2la4e.com.br"


@pytest.mark.parametrize(
    "path",
    ["https://evil.example", "//evil", "/\\evil", "/../x", "javascript:1", "/unknown", "", "/" * 9],
)
def test_only_pages_of_ours_are_led_to(path: str) -> None:
    assert safe_path(path) == "/"
