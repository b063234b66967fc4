"""What the client may change of itself: contact data, password, sessions."""

from typing import Any
from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, arrive, send
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.visit import Visit
from services.portal.profile.sessions import sessions_of
from services.portal.visitors.contact_form import CONTACT_FIELDS, missing_fields
from services.portal.visitors.countries import countries
from shared.http import Rate

pages = Pages(For.CLIENTS)


@pages.get("/profile")
async def get_profile(visit: Visit) -> Response:
    """The contact data as accounts has them, and the forms around them."""
    return await _profile(visit)


async def _profile(
    visit: Visit, *, contact: Form | None = None, password: Form | None = None
) -> Response:
    return visit.show(
        "profile/profile.html",
        section="profile",
        account=visit.own_account,
        form=contact or await _stored_contact(visit),
        password_form=password or Form(),
        sessions=await sessions_of(visit),
        countries=countries(str(visit.language.locale)),
    )


async def _stored_contact(visit: Visit) -> Form:
    token = visit.session.token if visit.session else None
    answer = await visit.desk.peers.call("accounts", "GET", "/v1/account/contact", token=token)
    stored: dict[str, Any] = answer.json()
    version = answer.headers.get("etag", "").strip('W/"')
    values = {name: str(stored.get(name) or "") for name in (*CONTACT_FIELDS, "email")}
    return Form(values={**values, "version": version})


@pages.post("/profile/contact")
async def change_contact(visit: Visit, form: Form) -> Response:
    """Save the contact data, unless somebody else has changed them since the page was opened."""
    missing = missing_fields(visit, form, names=CONTACT_FIELDS)
    if missing.errors:
        return await _profile(visit, contact=missing)
    command = Command(
        form=form,
        peer="accounts",
        path="/v1/account/contact",
        method="PUT",
        body={name: form.text(name) for name in CONTACT_FIELDS},
        version=form.text("version"),
    )
    saved = await send(visit, command)
    if saved.refusal:
        return await _profile(visit, contact=saved.form)
    return await arrive(visit, saved, path="/profile?done=contact")


@pages.post("/profile/password", rate=Rate.AUTH)
async def change_password(visit: Visit, form: Form) -> Response:
    """Change the password; every other session ends."""
    body = {
        "current_password": form.values.get("current") or " ",
        "new_password": form.values.get("password") or " ",
    }
    session = visit.call.request.cookies.get(visit.desk.cookies.session, "")
    command = Command(
        form=form, peer="accounts", path="/v1/me/password", body=body, session=session
    )
    changed = await send(visit, command)
    if changed.refusal:
        return await _profile(visit, password=changed.form)
    return visit.go("/profile?done=password")


@pages.post("/profile/sessions/{session_id:uuid}/end")
async def end_session(visit: Visit, form: Form, session_id: UUID) -> Response:
    """End one of the user's sessions."""
    command = Command(
        form=form, peer="accounts", path=f"/v1/me/sessions/{session_id}", method="DELETE"
    )
    await send(visit, command)
    return visit.go("/profile?done=session_ended")
