"""Before there is a session: registering, confirming, signing in, and a forgotten password."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from services.portal.browser.commands import Command, Outcome, send
from services.portal.browser.forms import Form
from services.portal.browser.links import safe_path
from services.portal.browser.pages import For, Pages
from services.portal.browser.sessions import resolve
from services.portal.browser.visit import LANGUAGE_KEPT_S, Visit
from services.portal.catalogue.cart import cart_of, product_in_cart
from services.portal.visitors.contact_form import CONTACT_FIELDS, missing_fields
from services.portal.visitors.countries import countries
from shared.http import Rate

pages = Pages(For.ANYBODY)
REGISTRATION_FIELDS = (*CONTACT_FIELDS, "email")


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


@pages.get("/register")
async def get_registration(visit: Visit) -> Response:
    """The form that opens an account. All of it is required."""
    home = visit.language.locale.territory or ""
    values = {"language": visit.language.language, "country": home}
    return await _registration(visit, Form(values=values))


async def _registration(visit: Visit, form: Form) -> Response:
    return visit.show(
        "visitors/register.html",
        section="register",
        form=form,
        countries=countries(str(visit.language.locale)),
        **await _cart(visit),
    )


async def _cart(visit: Visit) -> Mapping[str, Any]:
    cart = cart_of(visit)
    return {"cart": cart, "cart_product": await product_in_cart(visit, cart)}


@pages.post("/register", rate=Rate.AUTH)
async def register(visit: Visit, form: Form) -> Response:
    """Send the registration; the answer is the same whether the address is known or not."""
    missing = missing_fields(visit, form, names=(*REGISTRATION_FIELDS, "password"))
    if missing.errors:
        return await _registration(visit, missing)
    body = {name: form.text(name) for name in REGISTRATION_FIELDS}
    body |= {"brand": visit.brand.slug, "password": form.values["password"]}
    sent = await send(
        visit, Command(form=form, peer="accounts", path="/v1/registrations", body=body)
    )
    return await _registration(visit, sent.form) if sent.refusal else visit.go("/check-your-mail")


def _to_accounts(form: Form, path: str, *, body: Mapping[str, str]) -> Command:
    return Command(form=form, peer="accounts", path=path, body=body)


@pages.get("/check-your-mail")
async def get_check_your_mail(visit: Visit) -> Response:
    """What happens after the registration."""
    return _message(
        visit,
        "mail",
        title=_("Check your e-mail"),
        sentences=(
            _("We have sent you a message with a link that confirms your address."),
            _("Nothing there after a few minutes? Look in the spam folder, or register again."),
        ),
    )


def _message(
    visit: Visit, symbol: str, *, title: str, sentences: tuple[str, ...], sign_in: bool = False
) -> Response:
    gettext = visit.language.gettext
    return visit.show(
        "visitors/message.html",
        symbol=symbol,
        title=gettext(title),
        sentences=[gettext(sentence) for sentence in sentences],
        href="/sign-in" if sign_in else "",
        action=gettext(_("Sign in")),
    )


@pages.get("/confirm")
async def get_confirmation(visit: Visit) -> Response:
    """Where the mailed link leads; only the button on it confirms."""
    form = Form(values={"token": visit.query("token")})
    return visit.show("visitors/confirm.html", form=form)


@pages.post("/confirm", rate=Rate.AUTH)
async def confirm(visit: Visit, form: Form) -> Response:
    """Confirm the address; sign-in is next."""
    body = {"token": form.text("token")}
    command = _to_accounts(form, "/v1/email-confirmations", body=body)
    sent = await send(visit, command)
    if sent.refusal:
        return visit.show("visitors/confirm.html", form=sent.form)
    return visit.go("/sign-in?done=confirmed")


@pages.get("/sign-in")
async def get_sign_in(visit: Visit) -> Response:
    """The sign-in form; who is signed in already goes on."""
    if visit.session:
        return visit.go(safe_path(visit.query("next")))
    return await _sign_in_page(visit, Form(values={"next": visit.query("next")}))


async def _sign_in_page(visit: Visit, form: Form) -> Response:
    status = 401 if form.alert else 200
    return visit.show(
        "visitors/sign_in.html", section="sign_in", status=status, form=form, **await _cart(visit)
    )


@pages.post("/sign-in", rate=Rate.AUTH)
async def sign_in(visit: Visit, form: Form) -> Response:
    """Begin a session under a new id, and go where the visitor was going."""
    body = {
        "brand": visit.brand.slug,
        "email": form.text("email") or " ",
        "password": form.values.get("password") or " ",
    }
    signed_in = await send(
        visit, Command(form=form, peer="accounts", path="/v1/sessions", body=body)
    )
    if signed_in.refusal:
        return await _sign_in_page(visit, signed_in.form)
    return await _begin_session(visit, signed_in, wanted=form.text("next"))


async def _begin_session(visit: Visit, signed_in: Outcome, *, wanted: str) -> Response:
    await _end_session(visit)
    session, jar = str(signed_in.answer["session"]), visit.desk.cookies
    user = await resolve(visit.desk.peers, session)
    start = "/ops" if user and user.is_staff else "/orders/review" if cart_of(visit) else "/"
    response = visit.go(safe_path(wanted, default=start) if wanted else start)
    jar.set(response, jar.session, value=session, max_age_s=None)
    jar.drop(response, jar.visitor)
    return response


async def _end_session(visit: Visit) -> None:
    """End the session of the cookie, if there is one, for good."""
    session = visit.call.request.cookies.get(visit.desk.cookies.session, "")
    if session and visit.session:
        headers = {"Faktura-Session": session}
        await visit.desk.peers.call("accounts", "DELETE", "/v1/sessions/current", headers=headers)


@pages.post("/sign-out")
async def sign_out(visit: Visit, form: Form) -> Response:
    """End the session here and in accounts."""
    await _end_session(visit)
    response = visit.go("/sign-in?done=signed_out")
    visit.desk.cookies.drop(response, visit.desk.cookies.session)
    return response


@pages.get("/forgot")
async def get_forgot(visit: Visit) -> Response:
    """Ask for a link to choose a new password."""
    return visit.show("visitors/forgot.html", form=Form())


@pages.post("/forgot", rate=Rate.AUTH)
async def forgot(visit: Visit, form: Form) -> Response:
    """Ask for the link; the answer is the same whether the address is known or not."""
    body = {"brand": visit.brand.slug, "email": form.text("email") or " "}
    sent = await send(
        visit, Command(form=form, peer="accounts", path="/v1/password-resets", body=body)
    )
    if sent.refusal:
        return visit.show("visitors/forgot.html", form=sent.form)
    return _message(
        visit,
        "mail",
        title=_("Check your e-mail"),
        sentences=(_("If the address has an account, a link is on its way. It works once."),),
        sign_in=True,
    )


@pages.get("/reset")
async def get_reset(visit: Visit) -> Response:
    """Where the mailed link leads: choose a new password."""
    return visit.show("visitors/reset.html", form=Form(values={"token": visit.query("token")}))


@pages.post("/reset", rate=Rate.AUTH)
async def reset(visit: Visit, form: Form) -> Response:
    """Set the new password; every session ends, sign-in is next."""
    body = {"token": form.text("token"), "password": form.values.get("password") or " "}
    command = _to_accounts(form, "/v1/password-resets/confirm", body=body)
    sent = await send(visit, command)
    if sent.refusal:
        return visit.show("visitors/reset.html", form=sent.form)
    return visit.go("/sign-in?done=password_changed")


@pages.post("/language")
async def choose_language(visit: Visit, form: Form) -> Response:
    """Remember the reader's choice, and back to the page."""
    response = visit.go(safe_path(form.text("back"), default="/products"))
    if form.text("language") in {tag for tag, name in visit.languages}:
        jar = visit.desk.cookies
        jar.set(response, jar.language, value=form.text("language"), max_age_s=LANGUAGE_KEPT_S)
    return response
