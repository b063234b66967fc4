"""The client's saved cards: added on the gateway's page, chosen, removed, switched off."""

from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, Outcome, arrive, send
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.visit import Visit
from services.portal.payments.paying import to_gateway
from services.portal.saved_methods.views import is_autopay_on, saved_methods_of

pages = Pages(For.CLIENTS)
PAGE = "/payment-methods"


@pages.get(PAGE)
async def get_saved_methods(visit: Visit) -> Response:
    """What is saved, which of it is charged, and whether it is."""
    return await _methods_page(visit, form=Form())


async def _methods_page(visit: Visit, *, form: Form) -> Response:
    known = visit.brand.payment_methods
    return visit.show_live(
        "saved_methods/list.html",
        section="invoices",
        saved=await saved_methods_of(visit.db, visit.account_id),
        is_autopay_on=await is_autopay_on(visit.db, visit.account_id),
        addable=[method for method in known if method.kind == "hosted_page"],
        form=form,
    )


@pages.post(f"{PAGE}/add")
async def add_method(visit: Visit, form: Form) -> Response:
    """To the gateway's page, where the card is typed in."""
    body = {
        "method": form.text("method"),
        "return_url_path": f"{PAGE}?done=card",
        "is_default": bool(form.text("is_default")),
    }
    path = "/v1/saved-methods/setups"
    opened = await send(visit, Command(form=form, peer="billing", path=path, body=body))
    if opened.refusal:
        return await _methods_page(visit, form=opened.form)
    return to_gateway(visit, str(opened.answer["url"]))


@pages.post(f"{PAGE}/{{method_id:uuid}}/default")
async def choose_default(visit: Visit, form: Form, method_id: UUID) -> Response:
    """Charge this one from now on."""
    body = {"method_id": str(method_id)}
    path = "/v1/saved-methods/default"
    command = Command(form=form, peer="billing", path=path, body=body, method="PUT")
    return await _after(visit, await send(visit, command), done="default")


@pages.post(f"{PAGE}/{{method_id:uuid}}/remove")
async def remove_method(visit: Visit, form: Form, method_id: UUID) -> Response:
    """Forget it, here and at the gateway."""
    path = f"/v1/saved-methods/{method_id}"
    command = Command(form=form, peer="billing", path=path, method="DELETE")
    return await _after(visit, await send(visit, command), done="removed")


@pages.post(f"{PAGE}/autopay")
async def switch_autopay(visit: Visit, form: Form) -> Response:
    """Switch automatic charging; what is saved stays saved."""
    is_on = form.text("is_on") == "yes"
    body = {"is_on": is_on}
    command = Command(form=form, peer="billing", path="/v1/autopay", body=body, method="PUT")
    done = "autopay_on" if is_on else "autopay_off"
    return await _after(visit, await send(visit, command), done=done)


async def _after(visit: Visit, outcome: Outcome, *, done: str) -> Response:
    if outcome.refusal:
        return await _methods_page(visit, form=outcome.form)
    return await arrive(visit, outcome, path=f"{PAGE}?done={done}")
